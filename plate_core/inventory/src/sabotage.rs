//! Planted faults, for tests that must see a check fail. Not in a release: the `sabotage` feature brings it.
//!
//! Each is a change of one place in one file of the function library. A place that is not there exactly once
//! fails the assembly, so a sabotage cannot quietly become harmless when the code around it changes.

use crate::library::LibraryFault;

/// One planted fault.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Sabotage {
    /// Its name.
    pub name: &'static str,
    /// The file that it changes.
    pub file: &'static str,
    /// What stands there.
    pub find: &'static str,
    /// What it puts there.
    pub replace: &'static str,
}

impl Sabotage {
    /// The fault of this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        ALL.iter().copied().find(|sabotage| sabotage.name == name)
    }

    /// The text of a file with the fault in it, if it is the file that it changes.
    ///
    /// # Errors
    /// [`LibraryFault::PatchMisses`] when its text does not stand there exactly once.
    pub fn apply(&self, file: &'static str, text: &str) -> Result<String, LibraryFault> {
        if file != self.file {
            return Ok(text.to_owned());
        }
        match text.matches(self.find).count() {
            1 => Ok(text.replace(self.find, self.replace)),
            found => Err(LibraryFault::PatchMisses { name: self.name, file, found }),
        }
    }
}

/// Declares a planted fault: name, what it stands for, file, what is found, what replaces it.
macro_rules! sabotage {
    ($( $(#[$meta:meta])* $name:literal in $file:literal: $find:literal => $replace:literal )+) => {
        /// Every planted fault, each with a mistake that somebody could make.
        pub const ALL: &[Sabotage] = &[$(
            Sabotage { name: $name, file: $file, find: $find, replace: $replace },
        )+];
    };
}

sabotage! {
    // Settings.
    "overwrite_what_another_has_set" in "configure": "or '') ~= read then" => "or '') == false then"
    // Time.
    "skip_expiry_test" in "prelude/pool": "b.now >= deadline and not b.frozen" => "false"
    "expire_a_moment_late" in "prelude/pool": "b.now >= deadline and not b.frozen" => "b.now > deadline and not b.frozen"
    "expire_while_the_clock_is_in_doubt" in "prelude/pool": "b.now >= deadline and not b.frozen" => "b.now >= deadline"
    "sweep_without_looking_again" in "sweep":
        "if record and sub(record, 3, 8) == sub(due[i], 5, 10) and has_lapsed(b, record) then" => "if record then"
    "ignore_the_permits_end" in "hold": "if permit <= b.now then" => "if false then"
    "pass_a_change_of_price" in "prelude/offer": "if b.cut and b.cut < deadline then" => "if false then"
    // Switches.
    "hold_while_holds_are_stopped" in "prelude/pool": "or (holds_stopped == 1 and OUTCOME.holds_stopped)" => ""
    "change_while_only_reading" in "prelude/pool": "read_only == 1 and OUTCOME.read_only or nil" => "nil"
    // Requests and batches.
    "forget_idempotency_write" in "prelude/pool": "if ids ~= '' then" => "if false then"
    "forget_repeated_requests" in "prelude/pool": "b.answers[id] or read" => "read"
    "forget_repeated_marks" in "prelude/pool": "local record = b.records[field]\n  if record == nil then" => "do"
    "forget_what_a_hold_asked" in "prelude/admission": "if sub(known, 1, 8) ~= request.digest then" => "if false then"
    "forget_what_a_request_asked" in "prelude/pool": "if sub(recorded, 1, 8) ~= digest then" => "if false then"
    "hold_a_mark_twice_in_a_batch" in "hold": "taken[field], out[i] = record, answer" => "out[i] = answer"
    "look_past_a_known_request" in "hold": "if known[i] or records[i]" => "if records[i]"
    "look_past_other_holds" in "hold": "or permits[i] or notes[i]" => "or notes[i]"
    "look_past_a_cool_down" in "hold": "or permits[i] or notes[i]" => "or permits[i]"
    "look_past_the_planes" in "hold": "or planes[i] ~= 0 then" => "then"
    // Who may.
    "double_hold" in "prelude/offer": "if not has_lapsed(b, record) then" => "if false then"
    "act_without_revision" in "prelude/held": "if revision ~= item.revision then" => "if false then"
    "release_anybodys_hold" in "prelude/held": "if not own then" => "if false then"
    "one_hold_over_the_limit" in "prelude/admission": "if count >= limit then" => "if count > limit then"
    "hold_again_at_once" in "prelude/offer": "if b.now < ended_at + b.cooldown then" => "if false then"
    "sell_at_an_old_tariff" in "hold": "at_price = tariff == b.tariff," => "at_price = true,"
    // Money.
    "read_the_price_again_at_confirmation" in "confirm":
        "if sub(record, 71, 78) ~= item.amount then" => "if item.current_amount ~= item.amount then"
    "sell_a_sold_mark" in "confirm": "if state > STATE.paying then" => "if false then"
    "lose_a_payment" in "prelude/money": "write_changes(money.payments_key, money.payments)" => ""
    "late_money_at_any_price" in "confirm":
        "if item.current_tariff ~= b.tariff or item.amount ~= item.current_amount then" => "if false then"
    "forget_a_transaction" in "prelude/shard":
        "if not claim or byte(claim, 9) == VERDICT_CLAIMED_FOR_EVER then" => "if not claim then"
    // What is written.
    "sell_an_issued_mark" in "prelude/offer": "if is_issued(planes) then" => "if false then"
    "forget_a_permit" in "prelude/admission":
        "alive .. request.id .. pack('<I6B', s.permit_deadline, 1)" => "alive"
    "forget_the_answer_to_a_hold" in "prelude/admission": "if code == VERDICT_ANSWERED then" => "if false then"
    "write_before_validating" in "release":
        "local answer = hold_answer(b, item, record)" => "redis.call('HDEL', b.keys[5], item.field)\n  local answer = hold_answer(b, item, record)"
    "forget_the_journal" in "prelude/pool":
        "redis.call('XADD', keys[4], revision, 'e', concat(feed))" => "local _ = feed"
}

/// Faults outside the function library, each asked for where it is made.
pub const SWITCHES: &[&str] = &[JOURNAL_WITHOUT_FSYNC, IGNORE_THE_WAIT_COUNT, LOOK_PAST_STRAY_KEYS];

/// The journal says that it is durable, and has only written.
pub const JOURNAL_WITHOUT_FSYNC: &str = "journal_without_fsync";

/// A cluster's answer is believed once `WAIT` is over, however few replicas had it.
pub const IGNORE_THE_WAIT_COUNT: &str = "ignore_the_wait_count";

/// A store is compared pool by pool, and nobody asks which other keys it has.
pub const LOOK_PAST_STRAY_KEYS: &str = "look_past_stray_keys";

/// Whether this process was started with a switch on: `PLATES_SABOTAGE` names it.
#[must_use]
pub fn is_on(switch: &str) -> bool {
    std::env::var("PLATES_SABOTAGE").is_ok_and(|name| name == switch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::{Clock, Library};

    /// Every planted fault still fits the text it was written for, and changes the library.
    #[test]
    fn each_sabotage_fits_the_library() {
        let whole = Library::for_tests().unwrap();
        for sabotage in ALL {
            let library = Library::sabotaged(*sabotage, Clock::Stored);
            assert!(library.as_ref().is_ok_and(|library| library.name() != whole.name()), "{library:?}");
        }
    }

    /// Another version has other names and no other functions, so the two can stand side by side.
    #[test]
    fn another_version_differs_in_its_names_alone() {
        let [one, next] = [1, 2].map(|version| Library::of_version(version).unwrap());
        assert_ne!(one.name(), next.name());
        let told = |library: &Library, version| {
            library.code().replace(library.name(), "").replace(&format!("local _ = {version}"), "")
        };
        assert_eq!(told(&one, 1), told(&next, 2));
    }

    /// A fault whose text is gone is refused, and so is one whose text stands twice.
    #[test]
    fn a_sabotage_that_misses_is_refused() {
        for (find, found) in [("no such text", 0), ("end", 2)] {
            let sabotage = Sabotage { name: "test", file: "file", find, replace: "" };
            let applied = sabotage.apply("file", "end of one, end of two");
            assert_eq!(applied, Err(LibraryFault::PatchMisses { name: "test", file: "file", found }));
        }
    }
}
