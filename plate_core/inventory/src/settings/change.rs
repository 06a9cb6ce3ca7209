//! A change of a pool's settings: some of them by their names; the others stay as they stand in the store.
//!
//! It is data and not a finished set of settings, because whoever changes one setting has read the others a moment
//! ago, and another may have changed them since. The store applies a change only to what its writer has read.

use super::{PoolSettings, PoolShape, SettingInvalid};

/// The longest reason, bytes: a sentence or two in Cyrillic.
const REASON_MAX_BYTES: usize = 500;

/// How the last line of a note begins that says why.
const REASON: &str = "reason=";

/// Settings that are to be changed, and why.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SettingsChange {
    /// The shape of a pool that this change founds. One that there is already keeps its own.
    pub shape: PoolShape,
    /// New values as text, by name, in the order of the fields.
    fields: Vec<(&'static str, String)>,
    /// Why, for the journal; empty where nobody said it.
    pub reason: String,
}

impl SettingsChange {
    /// The change that gives a pool these values of the settings that are named.
    #[must_use]
    pub fn of(settings: &PoolSettings, named: impl Fn(&str) -> bool) -> Self {
        let shapes = |name: &str| matches!(name, "rows" | "digit_values");
        let fields = settings.fields().into_iter().filter(|(name, _)| !shapes(name) && named(name));
        Self { shape: settings.shape, fields: fields.collect(), reason: String::new() }
    }

    /// The change that gives a pool all of these settings, whatever it had.
    #[must_use]
    pub fn to(settings: &PoolSettings) -> Self {
        Self::of(settings, |_| true)
    }

    /// The change that founds a pool of this shape, with every setting as by default.
    #[must_use]
    pub fn founding(shape: PoolShape) -> Self {
        Self { shape, ..Self::default() }
    }

    /// What stands after the change; `present` is what stood, `None` where it founds the pool.
    ///
    /// Answers are kept at least as long as the holds need them that the settings allow, whoever changed which.
    #[must_use]
    pub fn applied_to(&self, present: Option<&PoolSettings>) -> PoolSettings {
        let founding = || PoolSettings { shape: self.shape, ..PoolSettings::default() };
        let mut settings = present.cloned().unwrap_or_else(founding);
        for (name, value) in &self.fields {
            // The values were written by the settings themselves, so each can be read again.
            let _ = settings.set(name, value);
        }
        let least_ms = settings.least_request_retention_ms();
        settings.request_retention_ms = settings.request_retention_ms.max(least_ms);
        settings
    }

    /// The change as text, a line a setting: what tells one request from another.
    #[must_use]
    pub fn text(&self) -> String {
        let fields: String = self.fields.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        fields + &self.reason_line()
    }

    /// What the journal keeps of the change: all settings as they stand after it, and why it was made.
    #[must_use]
    pub fn note(&self, after: &PoolSettings) -> String {
        after.text() + &self.reason_line()
    }

    fn reason_line(&self) -> String {
        if self.reason.is_empty() { String::new() } else { format!("{REASON}{}\n", self.reason) }
    }

    /// Whether the reason fits a line of the journal. The settings are judged when they stand together.
    ///
    /// # Errors
    /// The fault.
    pub fn check(&self) -> Result<(), Vec<SettingInvalid>> {
        let found = self.reason.len();
        if found <= REASON_MAX_BYTES && !self.reason.contains(char::is_control) {
            return Ok(());
        }
        let needed = format!("one line of at most {REASON_MAX_BYTES} bytes");
        Err(vec![SettingInvalid { setting: "reason", found: format!("{found} bytes"), needed }])
    }
}

/// The settings in a note of the journal, without the reason.
#[must_use]
pub fn settings_in(note: &str) -> &str {
    let reason = note.rfind(&format!("\n{REASON}"));
    reason.map_or(note, |at| &note[..=at])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paused() -> PoolSettings {
        PoolSettings { paused: true, hold_ttl_ms: 7_000, ..PoolSettings::default() }
    }

    /// Only what is named changes, and never the shape of a pool that there is.
    #[test]
    fn what_is_not_named_stays() {
        let present = PoolSettings { read_only: true, ..PoolSettings::default() };
        let mut change = SettingsChange::of(&paused(), |name| name == "paused");
        change.shape.rows = 1;
        assert_eq!(change.text(), "paused=1\n");
        assert_eq!(change.applied_to(Some(&present)), PoolSettings { paused: true, ..present });
        assert_eq!(change.applied_to(None).shape.rows, 1);
        assert_eq!(SettingsChange::to(&paused()).applied_to(None), paused());
    }

    /// Two changes of different settings come to the same in either order.
    #[test]
    fn changes_of_different_settings_commute() {
        let first = SettingsChange::of(&paused(), |name| name == "paused");
        let second = SettingsChange::of(&paused(), |name| name == "hold_ttl_ms");
        let both = |one: &SettingsChange, other: &SettingsChange| {
            other.applied_to(Some(&one.applied_to(Some(&PoolSettings::default()))))
        };
        assert_eq!(both(&first, &second), both(&second, &first));
        assert!(both(&first, &second).paused);
    }

    /// Answers outlast the longest hold, whichever change made it longer.
    #[test]
    fn answers_are_kept_as_long_as_holds_need_them() {
        let longer = PoolSettings { hold_ttl_ms: 9_000_000, ..PoolSettings::default() };
        let after = SettingsChange::of(&longer, |name| name == "hold_ttl_ms").applied_to(None);
        assert_eq!(after.request_retention_ms, after.least_request_retention_ms());
    }

    /// The reason is the last line of the note; what the settings are is read without it.
    #[test]
    fn a_note_keeps_settings_and_reason_apart() {
        let change = SettingsChange { reason: "queue at the desks".to_owned(), ..SettingsChange::default() };
        let note = change.note(&paused());
        assert_eq!(note, paused().text() + "reason=queue at the desks\n");
        assert_eq!(PoolSettings::from_text(settings_in(&note)), Ok(paused()));
        assert_eq!(settings_in(&paused().text()), paused().text());
    }

    /// A reason of two lines could be taken for a setting; one without an end fills the journal.
    #[test]
    fn a_reason_is_one_short_line() {
        let with = |reason: &str| SettingsChange { reason: reason.to_owned(), ..SettingsChange::default() };
        assert_eq!(with("спрос выше ожидаемого").check(), Ok(()));
        assert!(with("one\npaused=0").check().is_err());
        assert!(with(&"x".repeat(501)).check().is_err());
    }
}
