//! What an applicant has by an answer, as the JSON of `HoldingShape` (plateapi/shapes.py): a batch writes a hundred.
//!
//! Python's objects would be made of each value only to be written and thrown away: 4 us a holding, and here 0.4. A
//! test holds the two ways of writing to the same text.

use plate_algebra::{Formats, Mark};
use plate_inventory::answer::Answer;
use serde::Serialize;

#[derive(Serialize)]
struct Holding<'a> {
    mark: String,
    display: String,
    state: &'static str,
    hold_id: String,
    revision: u64,
    deadline_ms: Option<i64>,
    deadline_reason: Option<&'static str>,
    amount_tiyn: i64,
    currency: &'static str,
    tariff: String,
    acquired: &'static str,
    extensions: u8,
    held_at_ms: i64,
    office: &'a str,
    channel: &'static str,
    server_time_ms: i64,
}

/// The JSON of the mark's live record; `None` where the answer came without one.
pub(crate) fn json(answer: &Answer, mark: Mark, formats: &Formats) -> Option<Vec<u8>> {
    let live = answer.record.as_ref()?;
    let holding = Holding {
        mark: formats.text(mark),
        display: formats.display(mark),
        state: live.state.slug(),
        hold_id: hex(&live.hold.0),
        revision: live.revision,
        deadline_ms: Some(live.deadline_ms).filter(|deadline_ms| *deadline_ms != 0),
        deadline_reason: answer.context.deadline_reason.map(|reason| reason.slug()),
        amount_tiyn: live.amount_tiyn,
        currency: "KZT",
        tariff: hex(&live.tariff.0),
        acquired: live.acquired.slug(),
        extensions: live.extensions,
        held_at_ms: live.held_at_ms,
        office: &live.office,
        channel: live.channel.slug(),
        server_time_ms: answer.server_ms,
    };
    serde_json::to_vec(&holding).ok()
}

/// As the ids write themselves, without a formatter a byte: twenty-four of them were half of all the writing.
fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
