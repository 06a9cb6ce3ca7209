//! What people were told, in the checker's words (`loadtests/history/records.py`), one JSON object a line.
//!
//! Kept in memory while the run lasts, which is bounded, and written at its end: a generator that waits for a disk
//! is not a load.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::client::Span;

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

/// When something ended, by the store; revision 0 where the answer does not say it.
#[derive(Copy, Clone, Debug, Default, Deserialize)]
pub(crate) struct End {
    #[serde(default)]
    pub(crate) revision: u64,
    pub(crate) server_time_ms: u64,
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
    invoked_us: u64,
    returned_us: u64,
}

/// Everything that was told. Moments are microseconds of the wall's clock as it was at the beginning: several runs are
/// checked together, and each counted from a beginning of its own would overlap the others.
#[derive(Debug)]
pub(crate) struct Told {
    lines: Vec<u8>,
    begun: Instant,
    begun_since_epoch: Duration,
}

impl Told {
    /// Nothing yet.
    pub(crate) fn new(begun: Instant) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { lines: Vec::new(), begun, begun_since_epoch: now.saturating_sub(begun.elapsed()) }
    }

    /// An effect on a mark, with the holding as it was answered.
    pub(crate) fn holding(
        &mut self,
        person: &str,
        request: &str,
        outcome: &str,
        holding: &Holding,
        span: Span,
    ) {
        let plain = Line::plain(person, request, &holding.mark, outcome);
        self.line(span, plain.with(holding));
    }

    /// A refusal, or an effect that came without a holding; with the store's time where the answer says it.
    pub(crate) fn plain(
        &mut self,
        person: &str,
        request: &str,
        mark: &str,
        outcome: &str,
        server_ms: u64,
        span: Span,
    ) {
        self.line(span, Line { server_ms, ..Line::plain(person, request, mark, outcome) });
    }

    /// What ended or settled a hold that is known: its answer names the moment, and sometimes the revision.
    pub(crate) fn ended(
        &mut self,
        person: &str,
        request: &str,
        outcome: &str,
        holding: &Holding,
        end: End,
        span: Span,
    ) {
        let line = Line::plain(person, request, &holding.mark, outcome).with(holding);
        let End { revision, server_time_ms: server_ms } = end;
        self.line(span, Line { revision, server_ms, deadline_ms: 0, ..line });
    }

    fn line(&mut self, span: Span, line: Line<'_>) {
        let at = |moment: Instant| self.begun_since_epoch + (moment - self.begun);
        let at_us = |moment| u64::try_from(at(moment).as_micros()).unwrap_or(u64::MAX);
        let line = Line { invoked_us: at_us(span.invoked), returned_us: at_us(span.returned), ..line };
        // Texts and numbers always become JSON, and memory takes all of it.
        let _ = serde_json::to_writer(&mut self.lines, &line);
        self.lines.push(b'\n');
    }

    /// Writes all of it to a file.
    pub(crate) fn save(&self, path: &str) -> Result<(), String> {
        std::fs::write(path, &self.lines).map_err(|error| format!("{path}: {error}"))
    }
}

impl<'a> Line<'a> {
    const fn plain(person: &'a str, request: &'a str, mark: &'a str, outcome: &'a str) -> Self {
        Self {
            person,
            request,
            mark,
            outcome,
            revision: 0,
            hold: "",
            server_ms: 0,
            deadline_ms: 0,
            amount_tiyn: 0,
            invoked_us: 0,
            returned_us: 0,
        }
    }

    fn with(self, holding: &'a Holding) -> Self {
        Self {
            revision: holding.revision,
            hold: &holding.hold_id,
            server_ms: holding.server_time_ms,
            deadline_ms: holding.deadline_ms.unwrap_or(0),
            amount_tiyn: holding.amount_tiyn,
            ..self
        }
    }
}
