//! A pool's settings as text: one line a setting, in the order of the fields.
//!
//! This is what the journal keeps of a change of settings, and what tells one change from another.

use super::{PoolSettings, PoolShape, TariffFrom};
use crate::id::TariffId;

/// A line of a settings text that says nothing known.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line} of the settings is not readable: {text}")]
pub struct SettingsUnreadable {
    /// Which line, from 1.
    pub line: usize,
    /// What it says.
    pub text: String,
}

impl PoolSettings {
    /// Every setting by its name, as text.
    #[must_use]
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let flag = |on: bool| u8::from(on).to_string();
        let tariffs = self.tariffs.iter().map(|entry| format!("{}@{}", entry.tariff, entry.from_ms));
        let cuts = self.cuts_ms.iter().map(i64::to_string);
        vec![
            ("rows", self.shape.rows.to_string()),
            ("digit_values", self.shape.digit_values.to_string()),
            ("opens_at_ms", self.opens_at_ms.to_string()),
            ("paused", flag(self.paused)),
            ("holds_stopped", flag(self.holds_stopped)),
            ("frozen", flag(self.frozen)),
            ("read_only", flag(self.read_only)),
            ("clock_guard", flag(self.clock_guard)),
            ("tariffs", tariffs.collect::<Vec<_>>().join(",")),
            ("cuts_ms", cuts.collect::<Vec<_>>().join(",")),
            ("hold_ttl_ms", self.hold_ttl_ms.to_string()),
            ("extension_ms", self.extension_ms.to_string()),
            ("max_extensions", self.max_extensions.to_string()),
            ("payment_window_ms", self.payment_window_ms.to_string()),
            ("cooldown_ms", self.cooldown_ms.to_string()),
            ("same_mark_daily_cap", self.same_mark_daily_cap.to_string()),
            ("request_retention_ms", self.request_retention_ms.to_string()),
            ("feed_backlog_max", self.feed_backlog_max.to_string()),
        ]
    }

    /// Every setting as text, a line each.
    #[must_use]
    pub fn text(&self) -> String {
        self.fields().iter().map(|(name, value)| format!("{name}={value}\n")).collect()
    }

    /// The settings that a text gives; what it does not name is as by default.
    ///
    /// # Errors
    /// The first line that names no setting or gives none of its values.
    pub fn from_text(text: &str) -> Result<Self, SettingsUnreadable> {
        let mut settings = Self::default();
        for (index, line) in text.lines().enumerate() {
            line.split_once('=')
                .and_then(|(name, value)| settings.set(name, value))
                .ok_or_else(|| SettingsUnreadable { line: index + 1, text: line.to_owned() })?;
        }
        Ok(settings)
    }

    /// Sets one setting from its text; `None` if there is no such setting or no such value.
    pub fn set(&mut self, name: &str, value: &str) -> Option<()> {
        let PoolShape { rows, digit_values } = &mut self.shape;
        match name {
            "rows" => *rows = value.parse().ok()?,
            "digit_values" => *digit_values = value.parse().ok()?,
            "opens_at_ms" => self.opens_at_ms = value.parse().ok()?,
            "paused" => self.paused = flag(value)?,
            "holds_stopped" => self.holds_stopped = flag(value)?,
            "frozen" => self.frozen = flag(value)?,
            "read_only" => self.read_only = flag(value)?,
            "clock_guard" => self.clock_guard = flag(value)?,
            "tariffs" => self.tariffs = list(value, tariff)?,
            "cuts_ms" => self.cuts_ms = list(value, |cut| cut.parse().ok())?,
            "hold_ttl_ms" => self.hold_ttl_ms = value.parse().ok()?,
            "extension_ms" => self.extension_ms = value.parse().ok()?,
            "max_extensions" => self.max_extensions = value.parse().ok()?,
            "payment_window_ms" => self.payment_window_ms = value.parse().ok()?,
            "cooldown_ms" => self.cooldown_ms = value.parse().ok()?,
            "same_mark_daily_cap" => self.same_mark_daily_cap = value.parse().ok()?,
            "request_retention_ms" => self.request_retention_ms = value.parse().ok()?,
            "feed_backlog_max" => self.feed_backlog_max = value.parse().ok()?,
            _ => return None,
        }
        Some(())
    }
}

/// A switch: 0 or 1.
fn flag(value: &str) -> Option<bool> {
    match value {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    }
}

/// A list with commas between; empty text is an empty list.
fn list<T>(value: &str, one: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    if value.is_empty() {
        return Some(Vec::new());
    }
    value.split(',').map(one).collect()
}

/// A tariff revision and from when: `0011223344556677@1767225600000`.
fn tariff(value: &str) -> Option<TariffFrom> {
    let (tariff, from_ms) = value.split_once('@')?;
    Some(TariffFrom { tariff: TariffId::from_hex(tariff)?, from_ms: from_ms.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is written is read again, whatever the settings are.
    #[test]
    fn settings_survive_their_text() {
        let settings = PoolSettings {
            paused: true,
            tariffs: vec![
                TariffFrom { tariff: TariffId([1; 8]), from_ms: 5 },
                TariffFrom { tariff: TariffId([2; 8]), from_ms: 1_767_225_600_000 },
            ],
            cuts_ms: vec![7, 9],
            max_extensions: 3,
            ..PoolSettings::default()
        };
        assert_eq!(PoolSettings::from_text(&settings.text()), Ok(settings));
    }

    /// A line that cannot be read is named by its number.
    #[test]
    fn an_unreadable_line_is_named() {
        for (text, line) in
            [("paused=2", 1), ("paused=1\nspeed=9", 2), ("rows", 1), ("tariffs=zz@1", 1), ("cuts_ms=1,,2", 1)]
        {
            assert_eq!(PoolSettings::from_text(text).map_err(|fault| fault.line), Err(line), "{text}");
        }
    }

    /// Every field has a bound or is a switch or a list: a default passes, and each number out of range is named.
    #[test]
    fn each_number_has_bounds() {
        assert_eq!(PoolSettings::default().check(), Ok(()));
        for name in [
            "rows",
            "digit_values",
            "opens_at_ms",
            "hold_ttl_ms",
            "extension_ms",
            "max_extensions",
            "payment_window_ms",
            "cooldown_ms",
            "same_mark_daily_cap",
            "request_retention_ms",
            "feed_backlog_max",
        ] {
            let far = ["9223372036854775807", "4294967295", "65535", "255"];
            let mut settings = PoolSettings::default();
            assert!(far.iter().any(|value| settings.set(name, value).is_some()), "{name} is set");
            let faults = settings.check().err().unwrap_or_default();
            assert!(faults.iter().any(|fault| fault.setting == name), "{name} has a bound");
        }
    }
}
