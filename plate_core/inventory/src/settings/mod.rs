//! Everything that can be set about a pool and about the limits of applicants, in one place, units in the names.
//!
//! The service's rules name none of these figures (docs/domain.md, section 4: not found), so each is a setting with
//! a sensible default and bounds that keep it sensible. A pool carries its own settings in the store, and
//! every verb reads them there, so that a change holds from the next call on, on every machine.

mod bounds;
mod change;
mod text;

pub use bounds::SettingInvalid;
pub use change::{SettingsChange, settings_in};
pub use text::SettingsUnreadable;

use crate::act::ApplicantKind;
use crate::id::TariffId;

/// One second in ms.
pub const SECOND_MS: i64 = 1_000;
/// One minute in ms.
pub const MINUTE_MS: i64 = 60 * SECOND_MS;
/// One hour in ms.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// One day in ms.
pub const DAY_MS: i64 = 24 * HOUR_MS;
/// Almaty and Astana are five hours ahead of UTC all year (one time zone since 1 March 2024).
pub const LOCAL_OFFSET_MS: i64 = 5 * HOUR_MS;

/// The number of the local day at a moment: what a daily cap counts by.
#[must_use]
pub const fn local_day(now_ms: i64) -> i64 {
    (now_ms + LOCAL_OFFSET_MS).div_euclid(DAY_MS)
}

/// The next local midnight after a moment, ms since the epoch.
#[must_use]
pub const fn next_local_midnight_ms(now_ms: i64) -> i64 {
    (local_day(now_ms) + 1) * DAY_MS - LOCAL_OFFSET_MS
}

/// The size of a pool: its rows are series, its columns digits, each row padded to 1,024.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct PoolShape {
    /// How many series the format has: 26³ for three letters. 0 in a pool that only keeps unplaced money.
    pub rows: u32,
    /// How many values its digits have, 0 included: 1,000 for three digits.
    pub digit_values: u16,
}

/// Ordinals a row takes, whatever the digits: one bit each, 128 bytes a row.
pub const ROW_ORDINALS: u32 = 1_024;

impl PoolShape {
    /// Whether no mark has this ordinal: digits 000, the padding of a row, or a row past the last.
    #[must_use]
    pub const fn never_issued(self, ordinal: u32) -> bool {
        let digits = ordinal % ROW_ORDINALS;
        digits == 0 || digits >= self.digit_values as u32 || ordinal / ROW_ORDINALS >= self.rows
    }
}

impl Default for PoolShape {
    /// Three digits, three letters.
    fn default() -> Self {
        Self { rows: 26 * 26 * 26, digit_values: 1_000 }
    }
}

/// One tariff revision and the moment from which it is in force in a pool.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct TariffFrom {
    /// The revision.
    pub tariff: TariffId,
    /// From when, ms since the epoch.
    pub from_ms: i64,
}

/// What a pool obeys. Each verb reads it in the store, on the store's time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PoolSettings {
    /// The pool's size. It never changes.
    pub shape: PoolShape,
    /// When sales open, ms since the epoch.
    pub opens_at_ms: i64,
    /// No new holds, and the pool is shown as paused.
    pub paused: bool,
    /// No new holds; what is held can be extended, paid for and released.
    pub holds_stopped: bool,
    /// Nothing expires: deadlines do not pass while it stands.
    pub frozen: bool,
    /// Nothing changes at all.
    pub read_only: bool,
    /// Whether somebody has to vouch for the store's clock before anything expires. He does so by a lease that he
    /// renews every few seconds; after it the pool is as if frozen, so a clock that jumps ahead takes no hold
    /// away. Off only in tests and tools.
    pub clock_guard: bool,
    /// Tariff revisions by the moment from which each is in force, earliest first.
    pub tariffs: Vec<TariffFrom>,
    /// The moments at which a price changes, ms since the epoch, earliest first: deadlines are cut there.
    pub cuts_ms: Vec<i64>,
    /// How long a hold lasts.
    pub hold_ttl_ms: i64,
    /// How far an extension moves the deadline from now.
    pub extension_ms: i64,
    /// How often a hold can be extended.
    pub max_extensions: u8,
    /// How long a begun payment may take.
    pub payment_window_ms: i64,
    /// How long an applicant waits before he can hold a mark again that he let go.
    pub cooldown_ms: i64,
    /// How often on one local day an applicant can hold the same mark.
    pub same_mark_daily_cap: u16,
    /// How long the answer of a request id is kept.
    pub request_retention_ms: i64,
    /// How many transitions may wait for the journal before new holds stop.
    pub feed_backlog_max: u64,
}

impl Default for PoolSettings {
    fn default() -> Self {
        let mut settings = Self {
            shape: PoolShape::default(),
            opens_at_ms: 0,
            paused: false,
            holds_stopped: false,
            frozen: false,
            read_only: false,
            clock_guard: false,
            tariffs: Vec::new(),
            cuts_ms: Vec::new(),
            hold_ttl_ms: 15 * MINUTE_MS,
            extension_ms: 10 * MINUTE_MS,
            max_extensions: 1,
            payment_window_ms: 30 * MINUTE_MS,
            cooldown_ms: 10 * MINUTE_MS,
            same_mark_daily_cap: 3,
            request_retention_ms: 0,
            // A transition takes about 200 bytes in the feed: 200 MB of a store's memory at most.
            feed_backlog_max: 1_000_000,
        };
        settings.request_retention_ms = settings.least_request_retention_ms();
        settings
    }
}

/// The limits that hold across pools: what a shard obeys.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ShardSettings {
    /// How many live holds a person may have.
    pub live_holds_person: u16,
    /// How many live holds a legal entity may have.
    pub live_holds_entity: u16,
    /// How many holds an operator may make on one local day.
    pub operator_daily_cap: u16,
    /// How long a permit lasts that a new hold takes.
    pub hold_permit_ms: i64,
    /// How long a permit lasts from an extension on.
    pub extension_permit_ms: i64,
    /// How long a permit lasts from the beginning of a payment on.
    pub payment_permit_ms: i64,
    /// How long a request id is known across pools.
    pub id_retention_ms: i64,
    /// As in a pool: permits do not heal while it stands.
    pub frozen: bool,
    /// As in a pool: whether somebody has to vouch for the store's clock.
    pub clock_guard: bool,
}

/// How much longer than its hold a permit lasts: admission comes first, and the way to the mark takes time. Short,
/// because a permit whose hold expired may stand until it heals, and its applicant has one hold less till then.
pub const PERMIT_MARGIN_MS: i64 = 5 * SECOND_MS;

impl ShardSettings {
    /// The limits by default, and permits and ids that last long enough for these pools' settings.
    #[must_use]
    pub fn for_pools<'a>(pools: impl IntoIterator<Item = &'a PoolSettings>) -> Self {
        let mut settings = Self {
            live_holds_person: 3,
            live_holds_entity: 50,
            operator_daily_cap: 400,
            hold_permit_ms: 0,
            extension_permit_ms: 0,
            payment_permit_ms: 0,
            id_retention_ms: 0,
            frozen: false,
            clock_guard: false,
        };
        for pool in pools {
            settings.hold_permit_ms = settings.hold_permit_ms.max(pool.hold_ttl_ms + PERMIT_MARGIN_MS);
            settings.extension_permit_ms =
                settings.extension_permit_ms.max(pool.extension_ms + PERMIT_MARGIN_MS);
            settings.payment_permit_ms =
                settings.payment_permit_ms.max(pool.payment_window_ms + PERMIT_MARGIN_MS);
            // An hour more than any pool: an id that a pool has forgotten is still refused for another body.
            settings.id_retention_ms = settings.id_retention_ms.max(pool.request_retention_ms + HOUR_MS);
        }
        settings
    }
}

impl Default for ShardSettings {
    fn default() -> Self {
        Self::for_pools([&PoolSettings::default()])
    }
}

impl PoolSettings {
    /// The longest a hold of this pool can live: held, extended as often as may be, then paid at the last moment.
    #[must_use]
    pub const fn longest_hold_ms(&self) -> i64 {
        let extended_ms = self.extension_ms.saturating_mul(self.max_extensions as i64);
        self.hold_ttl_ms.saturating_add(extended_ms).saturating_add(self.payment_window_ms)
    }

    /// The least time an answer must be kept: 24 hours beyond its hold's end (ARCHITECTURE.md, invariant 7).
    #[must_use]
    pub const fn least_request_retention_ms(&self) -> i64 {
        self.longest_hold_ms().saturating_add(DAY_MS)
    }

    /// Whether nothing expires at this moment: frozen, or nobody vouches for the clock. `lease_until_ms` is the
    /// last moment for which somebody does.
    #[must_use]
    pub const fn is_frozen(&self, now_ms: i64, lease_until_ms: i64) -> bool {
        self.frozen || (self.clock_guard && now_ms > lease_until_ms)
    }

    /// The tariff revision in force at a moment.
    #[must_use]
    pub fn tariff_in_force(&self, now_ms: i64) -> Option<TariffId> {
        self.tariffs.iter().rev().find(|entry| entry.from_ms <= now_ms).map(|entry| entry.tariff)
    }

    /// The next moment after this one at which a price changes.
    #[must_use]
    pub fn next_cut_ms(&self, now_ms: i64) -> Option<i64> {
        self.cuts_ms.iter().copied().find(|cut_ms| *cut_ms > now_ms)
    }
}

impl ShardSettings {
    /// Whether permits do not heal and ids are not forgotten at this moment: as in a pool.
    #[must_use]
    pub const fn is_frozen(&self, now_ms: i64, lease_until_ms: i64) -> bool {
        self.frozen || (self.clock_guard && now_ms > lease_until_ms)
    }

    /// How many live holds an applicant may have.
    #[must_use]
    pub const fn live_holds(&self, kind: ApplicantKind) -> u16 {
        match kind {
            ApplicantKind::Person => self.live_holds_person,
            ApplicantKind::Entity => self.live_holds_entity,
        }
    }
}
