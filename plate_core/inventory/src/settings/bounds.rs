//! The bounds of every setting: wide enough for any policy, narrow enough to catch a mistake of units.

use super::{DAY_MS, PoolSettings, SECOND_MS, ShardSettings};

/// A setting outside its bounds.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{setting} is {found}, and it must be {needed}")]
pub struct SettingInvalid {
    /// The setting's name.
    pub setting: &'static str,
    /// What was given.
    pub found: String,
    /// What is allowed.
    pub needed: String,
}

/// A number's bounds, both included.
fn bounded(faults: &mut Vec<SettingInvalid>, setting: &'static str, found: i64, least: i64, most: i64) {
    if !(least..=most).contains(&found) {
        faults.push(SettingInvalid {
            setting,
            found: found.to_string(),
            needed: format!("from {least} to {most}"),
        });
    }
}

impl PoolSettings {
    /// Every setting outside its bounds, all at once.
    ///
    /// # Errors
    /// The faults, in the order of the fields.
    pub fn check(&self) -> Result<(), Vec<SettingInvalid>> {
        let mut faults = Vec::new();
        let put = &mut faults;
        bounded(put, "rows", i64::from(self.shape.rows), 0, 26 * 26 * 26);
        bounded(put, "digit_values", i64::from(self.shape.digit_values), 10, 1_000);
        bounded(put, "opens_at_ms", self.opens_at_ms, 0, FAR_MS);
        bounded(put, "hold_ttl_ms", self.hold_ttl_ms, SECOND_MS, DAY_MS);
        bounded(put, "extension_ms", self.extension_ms, SECOND_MS, DAY_MS);
        bounded(put, "max_extensions", i64::from(self.max_extensions), 0, 10);
        bounded(put, "payment_window_ms", self.payment_window_ms, SECOND_MS, DAY_MS);
        bounded(put, "cooldown_ms", self.cooldown_ms, 0, DAY_MS);
        bounded(put, "same_mark_daily_cap", i64::from(self.same_mark_daily_cap), 1, 1_000);
        let least = self.least_request_retention_ms();
        bounded(put, "request_retention_ms", self.request_retention_ms, least, 30 * DAY_MS);
        // 2^53: the greatest integer that Lua's numbers count to without a gap.
        bounded(
            put,
            "feed_backlog_max",
            i64::try_from(self.feed_backlog_max).unwrap_or(i64::MAX),
            1,
            1 << 53,
        );
        if !self.tariffs.is_sorted_by(|a, b| a.from_ms < b.from_ms) {
            put.push(out_of_order("tariffs"));
        }
        if !self.cuts_ms.is_sorted_by(|a, b| a < b) {
            put.push(out_of_order("cuts_ms"));
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

impl ShardSettings {
    /// Every setting outside its bounds, all at once.
    ///
    /// # Errors
    /// The faults, in the order of the fields.
    pub fn check(&self) -> Result<(), Vec<SettingInvalid>> {
        let mut faults = Vec::new();
        let put = &mut faults;
        // A person's permits travel in one packed value; a thousand of them are 24 kB.
        bounded(put, "live_holds_person", i64::from(self.live_holds_person), 1, 1_000);
        bounded(put, "live_holds_entity", i64::from(self.live_holds_entity), 1, 1_000);
        bounded(put, "operator_daily_cap", i64::from(self.operator_daily_cap), 1, 10_000);
        bounded(put, "hold_permit_ms", self.hold_permit_ms, SECOND_MS, 2 * DAY_MS);
        bounded(put, "extension_permit_ms", self.extension_permit_ms, SECOND_MS, 2 * DAY_MS);
        bounded(put, "payment_permit_ms", self.payment_permit_ms, SECOND_MS, 2 * DAY_MS);
        bounded(put, "id_retention_ms", self.id_retention_ms, DAY_MS, 60 * DAY_MS);
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

/// The year 2200: a moment past it is a mistake of units.
const FAR_MS: i64 = 7_258_118_400_000;

/// The fault of a list that does not rise.
fn out_of_order(setting: &'static str) -> SettingInvalid {
    SettingInvalid {
        setting,
        found: "out of order".to_owned(),
        needed: "earliest first, each moment once".to_owned(),
    }
}
