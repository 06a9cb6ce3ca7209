//! Verifying a journal: the chain, the checkpoints, the revisions of every pool, and what witnesses say.
//!
//! It reads only, takes no lock, and may run while a keeper writes: what is appended meanwhile is not looked at twice.

use std::collections::BTreeMap;
use std::path::Path;

use super::checkpoint::{Checkpoint, PublicKey, read_checkpoints};
use super::error::JournalError;
use super::frame::{Frame, Link};
use super::heed::Heed;
use super::reader::read_frames;
use crate::codec::steps;

/// By what a journal is judged besides itself.
#[derive(Clone, Default, Debug)]
pub struct Trust {
    /// Public keys whose checkpoints are believed; with none, those of any key are, which shows accidents only.
    pub keys: Vec<PublicKey>,
    /// Checkpoints that were kept elsewhere: each must be among those of the journal.
    pub witnesses: Vec<Checkpoint>,
}

/// What a journal was found to be.
#[derive(Clone, Debug, Default)]
pub struct Verified {
    /// Its frames: an entry of a pool's feed each.
    pub frames: u64,
    /// Its transitions.
    pub transitions: u64,
    /// The last link.
    pub head: Link,
    /// The last revision of each pool.
    pub revisions: BTreeMap<String, u64>,
    /// How many checkpoints it has.
    pub checkpoints: u64,
    /// The last of them.
    pub last: Option<Checkpoint>,
}

impl Verified {
    /// How many frames follow the last checkpoint: nothing but the store says that there were no more.
    #[must_use]
    pub fn frames_unsigned(&self) -> u64 {
        self.frames - self.last.as_ref().map_or(0, |last| last.frames)
    }
}

/// Checks everything that can be checked about a journal; `heed` hears the number of frames now and then, and ends it
/// by `false`.
///
/// # Errors
/// The first thing that is wrong, with its place.
pub fn verify(
    directory: &Path,
    trust: &Trust,
    heed: impl FnMut(u64) -> bool,
) -> Result<Verified, JournalError> {
    let checkpoints = read_checkpoints(directory)?;
    trust.judge(&checkpoints)?;
    let mut due = checkpoints.iter().peekable();
    let (mut found, mut heed) = (Verified::default(), Heed::new(heed));
    let mut frames = read_frames(directory)?;
    while let Some(frame) = frames.next().transpose()? {
        found.count(&frame)?;
        while let Some(checkpoint) = due.next_if(|next| next.frames <= found.frames) {
            checkpoint.agree(found.frames, frames.head(), frames.place())?;
        }
        heed.frame_read()?;
    }
    if let Some(checkpoint) = due.next() {
        return Err(JournalError::Cut {
            number: checkpoint.number,
            signed: checkpoint.frames,
            found: found.frames,
        });
    }
    found.head = *frames.head();
    found.checkpoints = checkpoints.len() as u64;
    found.last = checkpoints.into_iter().next_back();
    Ok(found)
}

impl Trust {
    /// Whether these checkpoints are signed by whom we trust, and hold what witnesses saw.
    fn judge(&self, checkpoints: &[Checkpoint]) -> Result<(), JournalError> {
        let stranger = |one: &&Checkpoint| !self.keys.is_empty() && !self.keys.contains(&one.key);
        if let Some(unknown) = checkpoints.iter().find(stranger) {
            return Err(JournalError::KeyUnknown { number: unknown.number, key: hex(&unknown.key) });
        }
        for witness in &self.witnesses {
            if !witness.is_signed() || stranger(&witness) {
                return Err(JournalError::WitnessRefused { number: witness.number });
            }
            let at = usize::try_from(witness.number.saturating_sub(1)).unwrap_or(usize::MAX);
            match checkpoints.get(at) {
                Some(found) if found == witness => {}
                Some(_) => return Err(JournalError::Rewritten { number: witness.number }),
                None => {
                    return Err(JournalError::CheckpointsCut {
                        number: witness.number,
                        found: checkpoints.len() as u64,
                    });
                }
            }
        }
        Ok(())
    }
}

impl Checkpoint {
    /// Whether the journal was at these frames what was signed.
    pub(super) fn agree(&self, frames: u64, head: &Link, end: (u64, u64)) -> Result<(), JournalError> {
        if frames == self.frames && *head == self.head && end == (self.segment, self.offset) {
            return Ok(());
        }
        Err(JournalError::Rewritten { number: self.number })
    }
}

impl Verified {
    fn count(&mut self, frame: &Frame) -> Result<(), JournalError> {
        let head = steps::walk(&frame.entry, |_, _| Ok(())).map_err(|error| frame.refused(&error))?;
        self.frames += 1;
        self.transitions += u64::from(head.count);
        let revision = match self.revisions.get_mut(&frame.pool) {
            Some(revision) => revision,
            None => self.revisions.entry(frame.pool.clone()).or_default(),
        };
        if head.first_revision != *revision + 1 {
            let (expected, found) = (*revision + 1, head.first_revision);
            return Err(JournalError::Gap { pool: frame.pool.clone(), expected, found });
        }
        *revision = head.first_revision + u64::from(head.count) - 1;
        Ok(())
    }
}

/// Bytes as lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
