//! What people were told, in the checker's words (`loadtests/history/records.py`), one JSON object a line.
//!
//! Kept in memory while the run lasts, which is bounded, and written at its end: a generator that waits for a disk
//! is not a load.

use serde::{Deserialize, Serialize};

/// A holding as the service answers it; what else it says is passed over.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Holding {
    pub(crate) mark: String,
    pub(crate) revision: u64,
    pub(crate) hold_id: String,
    pub(crate) server_time_ms: u64,
    pub(crate) deadline_ms: Option<u64>,
    pub(crate) amount_tiyn: u64,
}

#[derive(Serialize)]
struct Line<'a> {
    person: &'a str,
    request: &'a str,
    mark: &'a str,
    outcome: &'a str,
    revision: u64,
    hold: &'a str,
    server_ms: u64,
    deadline_ms: u64,
    amount_tiyn: u64,
}

/// Everything that was told.
#[derive(Debug, Default)]
pub(crate) struct Told(Vec<u8>);

impl Told {
    /// An effect on a mark, with the holding as it was answered.
    pub(crate) fn holding(&mut self, person: &str, request: &str, outcome: &str, holding: &Holding) {
        self.write(&Line {
            person,
            request,
            mark: &holding.mark,
            outcome,
            revision: holding.revision,
            hold: &holding.hold_id,
            server_ms: holding.server_time_ms,
            deadline_ms: holding.deadline_ms.unwrap_or(0),
            amount_tiyn: holding.amount_tiyn,
        });
    }

    /// A refusal, or an effect that came without a holding.
    pub(crate) fn plain(&mut self, person: &str, request: &str, mark: &str, outcome: &str) {
        self.write(&Line {
            person,
            request,
            mark,
            outcome,
            revision: 0,
            hold: "",
            server_ms: 0,
            deadline_ms: 0,
            amount_tiyn: 0,
        });
    }

    fn write(&mut self, line: &Line<'_>) {
        // Texts and numbers always become JSON, and memory takes all of it.
        let _ = serde_json::to_writer(&mut self.0, line);
        self.0.push(b'\n');
    }

    /// Writes all of it to a file.
    pub(crate) fn save(&self, path: &str) -> Result<(), String> {
        std::fs::write(path, &self.0).map_err(|error| format!("{path}: {error}"))
    }
}
