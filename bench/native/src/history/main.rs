//! `history TOLD JOURNAL LIVE_HOLDS_MAX [undisturbed]`: was every promise kept, over millions of operations?
//!
//!   names     texts as small numbers
//!   records   what is read
//!   owners    the journal's own story, and ownership as clients were told it
//!   answers   what was told stands in the journal, refusals were true, counts agree
//!   money     one settled payment an allotment, of exactly the quoted amount
//!   limits    nobody had more live holds at once than he may
//!   register  each mark is one register: by revisions, and by the moments of asking and answering alone
//!
//! The same checks as `loadtests/history/check.py`, which is slower, easier to read, and explains each; a test holds
//! the two to each other. One JSON object goes to stdout. Not here: whether a finding fails a run.

mod answers;
mod limits;
mod money;
mod names;
mod owners;
mod records;
mod register;

use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

use serde::Serialize;
use serde_json::json;

use crate::names::{Name, Names};
use crate::records::{Step, Told};

/// One broken promise.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Finding {
    pub(crate) check: &'static str,
    pub(crate) mark: String,
    pub(crate) sentence: String,
}

/// Everything that was read.
#[derive(Debug)]
pub(crate) struct History {
    pub(crate) names: Names,
    pub(crate) told: Vec<Told>,
    pub(crate) steps: Vec<Step>,
}

impl History {
    /// A broken promise about a mark, or about a pool.
    pub(crate) fn finding(&self, check: &'static str, about: Name, sentence: String) -> Finding {
        Finding { check, mark: self.names.text(about).to_owned(), sentence }
    }

    /// What took effect at a revision, mark by mark, in the order of revisions; an answer given twice counts once.
    pub(crate) fn effects(&self) -> Vec<&Told> {
        let mut effects: Vec<&Told> =
            self.told.iter().filter(|one| one.revision != 0 && one.outcome.is_effect()).collect();
        let key = |one: &&Told| (one.mark, one.revision, one.hold, one.deadline_ms, one.invoked_us);
        effects.sort_unstable_by_key(key);
        effects.dedup_by(|later, first| {
            (later.mark, later.revision, later.hold, later.outcome)
                == (first.mark, first.revision, first.hold, first.outcome)
        });
        effects
    }
}

fn main() -> ExitCode {
    match check() {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            let _ = writeln!(std::io::stderr(), "history: {sentence}");
            ExitCode::FAILURE
        }
    }
}

fn check() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (told, journal, limit, undisturbed) = match arguments.as_slice() {
        [told, journal, limit] => (told, journal, limit, false),
        [told, journal, limit, word] if word == "undisturbed" => (told, journal, limit, true),
        _ => return Err("usage: history TOLD JOURNAL LIVE_HOLDS_MAX [undisturbed]".to_owned()),
    };
    let limit = limit.parse().map_err(|error| format!("{limit}: {error}"))?;
    let begun = Instant::now();
    let (names, told, steps) = records::read(told, journal)?;
    let history = History { names, told, steps };
    let read_seconds = begun.elapsed().as_secs_f64();
    let findings = findings(&history, limit, undisturbed);
    let summary = json!({
        "told": history.told.len(),
        "steps": history.steps.len(),
        "read_seconds": read_seconds,
        "seconds": begun.elapsed().as_secs_f64(),
        "findings": findings,
    });
    writeln!(std::io::stdout(), "{summary}").map_err(|error| error.to_string())
}

/// Every finding of every check, in the order of the checks.
fn findings(history: &History, live_holds_max: i64, undisturbed: bool) -> Vec<Finding> {
    let effects = history.effects();
    let mut found = owners::by_answers(history, &effects);
    found.extend(owners::by_journal(history));
    found.extend(answers::in_journal(history, &effects));
    found.extend(money::balance(history));
    found.extend(limits::kept(history, live_holds_max));
    let operations = register::operations(history);
    found.extend(register::real_time_kept(history, &operations));
    if undisturbed {
        found.extend(register::linearisable(history, &operations));
        found.extend(answers::refusals_in_journal(history));
        found.extend(answers::counts_agree(history));
    }
    found
}
