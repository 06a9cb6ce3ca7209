//! Refused notifications of the payment side: lines of the journal that change nothing else.
//!
//! Anybody can send one, so what may wait for the journal is bounded here, and how many a second come here at all
//! is bounded above (`plateapi/services/note_refused_notification.py`).

use redis::Value;

use super::call::{Place, unexpected};
use super::{Store, StoreError, held};
use crate::act::Act;
use crate::codec::Writer;
use crate::feed::REFUSALS_POOL;
use crate::item::BATCH_MAX;
use crate::keys;

/// How many lines may wait for the journal. A line has some 300 bytes, so this is 30 MB of the store, and at the
/// 13 lines a second that a flood makes a worker write, two hours of it on one worker while no keeper runs.
pub const REFUSALS_BACKLOG_MAX: u64 = 100_000;

impl Store {
    /// Writes down refused notifications, each with who sent it and a note that says why.
    ///
    /// # Errors
    /// [`StoreError::FeedBacklogged`] when too many lines wait for the journal; else as any call.
    pub async fn note_refusals(&self, refusals: &[(Act, String)]) -> Result<(), StoreError> {
        if refusals.is_empty() || refusals.len() > BATCH_MAX {
            return Err(StoreError::BatchSize { found: refusals.len(), most: BATCH_MAX });
        }
        let mut arguments = vec![REFUSALS_BACKLOG_MAX.to_string().into_bytes()];
        for (act, note) in refusals {
            let mut line = Writer::default();
            line.part(&held::act(act)?, "act")?.part(note.as_bytes(), "note")?;
            arguments.push(line.0);
        }
        match self.call_value(keys::NOTE_REFUSALS, Place::Pool(REFUSALS_POOL), &arguments).await? {
            Value::Int(0) => Err(StoreError::FeedBacklogged { pool: REFUSALS_POOL }),
            Value::Int(_) => Ok(()),
            other => Err(unexpected(&other)),
        }
    }
}
