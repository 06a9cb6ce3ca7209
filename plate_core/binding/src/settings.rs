//! Settings of pools and limits of applicants, as dictionaries by the names of their fields.

use std::collections::BTreeSet;

use plate_inventory::id::TariffId;
use plate_inventory::settings::{PoolSettings, PoolShape, SettingsChange, ShardSettings, TariffFrom};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping};

use crate::errors;

/// What a caller changes of a pool's settings; what he does not name stays.
///
/// Reads {field: value}; `tariffs` is a list of (revision, from_ms), the rest numbers and truths.
pub(crate) fn change(
    fields: &Bound<'_, PyMapping>,
    shape: PoolShape,
    reason: &str,
) -> PyResult<SettingsChange> {
    let mut settings = PoolSettings { shape, ..PoolSettings::default() };
    let mut named = BTreeSet::new();
    for pair in fields.items()?.iter() {
        let (name, value): (String, Bound<'_, PyAny>) = pair.extract()?;
        set(&mut settings, &name, &value)?;
        named.insert(name);
    }
    let mut change = SettingsChange::of(&settings, |name| named.contains(name));
    reason.clone_into(&mut change.reason);
    Ok(change)
}

fn set(settings: &mut PoolSettings, name: &str, value: &Bound<'_, PyAny>) -> PyResult<()> {
    macro_rules! field {
        ($name:ident) => {
            settings.$name = value.extract()?
        };
    }
    match name {
        "opens_at_ms" => field!(opens_at_ms),
        "paused" => field!(paused),
        "holds_stopped" => field!(holds_stopped),
        "frozen" => field!(frozen),
        "read_only" => field!(read_only),
        "clock_guard" => field!(clock_guard),
        "cuts_ms" => field!(cuts_ms),
        "hold_ttl_ms" => field!(hold_ttl_ms),
        "extension_ms" => field!(extension_ms),
        "max_extensions" => field!(max_extensions),
        "payment_window_ms" => field!(payment_window_ms),
        "cooldown_ms" => field!(cooldown_ms),
        "same_mark_daily_cap" => field!(same_mark_daily_cap),
        "request_retention_ms" => field!(request_retention_ms),
        "feed_backlog_max" => field!(feed_backlog_max),
        "tariffs" => {
            let given: Vec<(String, i64)> = value.extract()?;
            let tariffs = given.iter().map(|(text, from_ms)| {
                Ok(TariffFrom { tariff: revision(value.py(), text)?, from_ms: *from_ms })
            });
            settings.tariffs = tariffs.collect::<PyResult<Vec<_>>>()?;
        }
        _ => return Err(errors::argument(value.py(), "setting_unknown", "settings", "known by their names")),
    }
    Ok(())
}

/// A tariff's revision: 64 hex digits, or the first 16 of them.
pub(crate) fn revision(py: Python<'_>, text: &str) -> PyResult<TariffId> {
    let invalid = || errors::argument(py, "revision_invalid", "tariff", "16 to 64 hex digits");
    TariffId::from_revision(text).ok_or_else(invalid)
}

pub(crate) fn pool<'py>(py: Python<'py>, settings: &PoolSettings) -> PyResult<Bound<'py, PyDict>> {
    let one = PyDict::new(py);
    one.set_item("opens_at_ms", settings.opens_at_ms)?;
    one.set_item("paused", settings.paused)?;
    one.set_item("holds_stopped", settings.holds_stopped)?;
    one.set_item("frozen", settings.frozen)?;
    one.set_item("read_only", settings.read_only)?;
    one.set_item("clock_guard", settings.clock_guard)?;
    let tariffs = settings.tariffs.iter().map(|entry| (entry.tariff.to_string(), entry.from_ms));
    one.set_item("tariffs", tariffs.collect::<Vec<_>>())?;
    one.set_item("cuts_ms", &settings.cuts_ms)?;
    one.set_item("hold_ttl_ms", settings.hold_ttl_ms)?;
    one.set_item("extension_ms", settings.extension_ms)?;
    one.set_item("max_extensions", settings.max_extensions)?;
    one.set_item("payment_window_ms", settings.payment_window_ms)?;
    one.set_item("cooldown_ms", settings.cooldown_ms)?;
    one.set_item("same_mark_daily_cap", settings.same_mark_daily_cap)?;
    one.set_item("request_retention_ms", settings.request_retention_ms)?;
    one.set_item("feed_backlog_max", settings.feed_backlog_max)?;
    Ok(one)
}

/// What a caller changes of the limits; what he does not name stays.
pub(crate) type LimitsChange = Box<dyn Fn(&mut ShardSettings) + Send>;

/// Reads {live_holds_person, live_holds_entity, operator_daily_cap, frozen, clock_guard}.
pub(crate) fn read_limits(fields: &Bound<'_, PyMapping>) -> PyResult<LimitsChange> {
    let mut changes: Vec<LimitsChange> = Vec::new();
    for pair in fields.items()?.iter() {
        let (name, value): (String, Bound<'_, PyAny>) = pair.extract()?;
        macro_rules! field {
            ($name:ident) => {{
                let value = value.extract()?;
                Box::new(move |limits: &mut ShardSettings| limits.$name = value)
            }};
        }
        changes.push(match name.as_str() {
            "live_holds_person" => field!(live_holds_person),
            "live_holds_entity" => field!(live_holds_entity),
            "operator_daily_cap" => field!(operator_daily_cap),
            "frozen" => field!(frozen),
            "clock_guard" => field!(clock_guard),
            _ => {
                return Err(errors::argument(
                    value.py(),
                    "setting_unknown",
                    "limits",
                    "known by their names",
                ));
            }
        });
    }
    Ok(Box::new(move |limits| changes.iter().for_each(|change| change(limits))))
}

pub(crate) fn limits<'py>(py: Python<'py>, limits: &ShardSettings) -> PyResult<Bound<'py, PyDict>> {
    let one = PyDict::new(py);
    one.set_item("live_holds_person", limits.live_holds_person)?;
    one.set_item("live_holds_entity", limits.live_holds_entity)?;
    one.set_item("operator_daily_cap", limits.operator_daily_cap)?;
    one.set_item("frozen", limits.frozen)?;
    one.set_item("clock_guard", limits.clock_guard)?;
    one.set_item("hold_permit_ms", limits.hold_permit_ms)?;
    one.set_item("extension_permit_ms", limits.extension_permit_ms)?;
    one.set_item("payment_permit_ms", limits.payment_permit_ms)?;
    one.set_item("id_retention_ms", limits.id_retention_ms)?;
    Ok(one)
}
