//! Packing of settings, as a pool's or a shard's `conf` hash has them in its field `terms`.
//!
//! One field and one `struct.unpack`, not a field a setting: every call to a pool reads all of them, and
//! twenty small fields cost two microseconds of server time where this costs one third of one.
//!
//! ```text
//! pool                                            shard
//!  0 paused                u8                      0 frozen                 u8
//!  1 holds_stopped         u8                      1 clock_guard            u8
//!  2 frozen                u8                      2 live_holds_person      u16
//!  3 read_only             u8                      4 live_holds_entity      u16
//!  4 clock_guard           u8                      6 operator_daily_cap     u16
//!  5 opens_at_ms           u48                     8 hold_permit_ms         u48
//! 11 hold_ttl_ms           u48                    14 extension_permit_ms    u48
//! 17 extension_ms          u48                    20 payment_permit_ms      u48
//! 23 payment_window_ms     u48                    26 id_retention_ms        u48
//! 29 cooldown_ms           u48
//! 35 request_retention_ms  u48
//! 41 max_extensions        u8
//! 42 same_mark_daily_cap   u16
//! 44 feed_backlog_max      u48
//! 50 rows                  u32
//! 54 digit_values          u16
//! 56 count of tariffs      u8
//! 57 count of cuts         u8
//! 58 tariffs               (tariff 8, from_ms u48)*
//!    cuts_ms               u48*
//! ```

use super::{Malformed, Reader, TooLong, Writer};
use crate::id::TariffId;
use crate::settings::{PoolSettings, PoolShape, ShardSettings, TariffFrom};

/// The packed settings of a pool.
///
/// # Errors
/// [`TooLong`] when there are more than 255 tariffs or cuts.
pub fn pack_pool(settings: &PoolSettings) -> Result<Vec<u8>, TooLong> {
    let mut to = Writer::default();
    to.u8(settings.paused.into())
        .u8(settings.holds_stopped.into())
        .u8(settings.frozen.into())
        .u8(settings.read_only.into())
        .u8(settings.clock_guard.into())
        .ms(settings.opens_at_ms)
        .ms(settings.hold_ttl_ms)
        .ms(settings.extension_ms)
        .ms(settings.payment_window_ms)
        .ms(settings.cooldown_ms)
        .ms(settings.request_retention_ms)
        .u8(settings.max_extensions)
        .u16(settings.same_mark_daily_cap)
        .u48(settings.feed_backlog_max)
        .u32(settings.shape.rows)
        .u16(settings.shape.digit_values)
        .u8(count("tariffs of a pool", settings.tariffs.len())?)
        .u8(count("cuts of a pool", settings.cuts_ms.len())?);
    for entry in &settings.tariffs {
        to.bytes(&entry.tariff.0).ms(entry.from_ms);
    }
    for cut_ms in &settings.cuts_ms {
        to.ms(*cut_ms);
    }
    Ok(to.0)
}

fn count(what: &'static str, found: usize) -> Result<u8, TooLong> {
    u8::try_from(found).map_err(|_| TooLong { what, found, limit: 255 })
}

/// The settings of a pool from their packed bytes.
///
/// # Errors
/// [`Malformed`] names the first part that is not what the table says.
pub fn unpack_pool(bytes: &[u8]) -> Result<PoolSettings, Malformed> {
    let mut from = Reader::new(bytes);
    let paused = from.u8("paused")? != 0;
    let holds_stopped = from.u8("holds_stopped")? != 0;
    let frozen = from.u8("frozen")? != 0;
    let read_only = from.u8("read_only")? != 0;
    let clock_guard = from.u8("clock_guard")? != 0;
    let opens_at_ms = from.ms("opens_at_ms")?;
    let hold_ttl_ms = from.ms("hold_ttl_ms")?;
    let extension_ms = from.ms("extension_ms")?;
    let payment_window_ms = from.ms("payment_window_ms")?;
    let cooldown_ms = from.ms("cooldown_ms")?;
    let request_retention_ms = from.ms("request_retention_ms")?;
    let max_extensions = from.u8("max_extensions")?;
    let same_mark_daily_cap = from.u16("same_mark_daily_cap")?;
    let feed_backlog_max = from.u48("feed_backlog_max")?;
    let shape = PoolShape { rows: from.u32("rows")?, digit_values: from.u16("digit_values")? };
    let tariffs = from.u8("count of tariffs")?;
    let cuts = from.u8("count of cuts")?;
    let tariff = |_| Ok(TariffFrom { tariff: TariffId(from.array("tariff")?), from_ms: from.ms("from_ms")? });
    let tariffs = (0..tariffs).map(tariff).collect::<Result<_, Malformed>>()?;
    let cuts_ms = (0..cuts).map(|_| from.ms("cut")).collect::<Result<_, Malformed>>()?;
    from.end("settings")?;
    Ok(PoolSettings {
        shape,
        opens_at_ms,
        paused,
        holds_stopped,
        frozen,
        read_only,
        clock_guard,
        tariffs,
        cuts_ms,
        hold_ttl_ms,
        extension_ms,
        max_extensions,
        payment_window_ms,
        cooldown_ms,
        same_mark_daily_cap,
        request_retention_ms,
        feed_backlog_max,
    })
}

/// The packed limits of a shard.
#[must_use]
pub fn pack_shard(settings: &ShardSettings) -> Vec<u8> {
    let mut to = Writer::default();
    to.u8(settings.frozen.into())
        .u8(settings.clock_guard.into())
        .u16(settings.live_holds_person)
        .u16(settings.live_holds_entity)
        .u16(settings.operator_daily_cap)
        .ms(settings.hold_permit_ms)
        .ms(settings.extension_permit_ms)
        .ms(settings.payment_permit_ms)
        .ms(settings.id_retention_ms);
    to.0
}

/// The limits of a shard from their packed bytes.
///
/// # Errors
/// [`Malformed`] names the first part that is not what the table says.
pub fn unpack_shard(bytes: &[u8]) -> Result<ShardSettings, Malformed> {
    let mut from = Reader::new(bytes);
    let settings = ShardSettings {
        frozen: from.u8("frozen")? != 0,
        clock_guard: from.u8("clock_guard")? != 0,
        live_holds_person: from.u16("live_holds_person")?,
        live_holds_entity: from.u16("live_holds_entity")?,
        operator_daily_cap: from.u16("operator_daily_cap")?,
        hold_permit_ms: from.ms("hold_permit_ms")?,
        extension_permit_ms: from.ms("extension_permit_ms")?,
        payment_permit_ms: from.ms("payment_permit_ms")?,
        id_retention_ms: from.ms("id_retention_ms")?,
    };
    from.end("limits")?;
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is packed is unpacked again, lists and switches included.
    #[test]
    fn settings_survive_packing() {
        let settings = PoolSettings {
            paused: true,
            clock_guard: true,
            tariffs: vec![
                TariffFrom { tariff: TariffId([1; 8]), from_ms: 5 },
                TariffFrom { tariff: TariffId([2; 8]), from_ms: 1_767_225_600_000 },
            ],
            cuts_ms: vec![7, 1_767_225_600_000],
            ..PoolSettings::default()
        };
        assert_eq!(pack_pool(&settings).map(|bytes| unpack_pool(&bytes)), Ok(Ok(settings)));
        let limits = ShardSettings { frozen: true, operator_daily_cap: 7, ..ShardSettings::default() };
        assert_eq!(unpack_shard(&pack_shard(&limits)), Ok(limits));
    }

    /// A cut or lengthened text of settings is refused, never half understood.
    #[test]
    fn damaged_settings_are_refused() {
        let bytes = pack_pool(&PoolSettings::default()).unwrap_or_default();
        assert!(unpack_pool(&bytes[..bytes.len() - 1]).is_err());
        assert!(unpack_pool(&[bytes.as_slice(), &[0]].concat()).is_err());
    }
}
