//! The state that the journal tells: every plane, record, payment and document, rebuilt from nothing else.
//!
//! Entries carry absolute values, so replay is assignment: no rule of the lifecycle is needed, and a rule
//! that was wrong when it ran is replayed as it ran. Comparing with a store is done by whoever has one.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::JournalError;
use super::frame::Frame;
use super::reader::{decode, read_frames};
use crate::feed::{DocumentChange, Transition, Verb};
use crate::id::PaymentId;
use crate::payment::Payment;
use crate::record::Record;
use crate::settings::settings_in;
use crate::store::Document;

/// What is known of one pool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PoolState {
    /// The revision of the last transition.
    pub revision: u64,
    /// The marks with a live record.
    pub taken: Plane,
    /// The marks that are on the road by the registry.
    pub issued: Plane,
    /// The marks that are never offered.
    pub withheld: Plane,
    /// The live records by ordinal.
    pub records: BTreeMap<u32, Record>,
    /// Every payment ever recorded.
    pub payments: BTreeMap<PaymentId, Payment>,
    /// The pool's settings as they were last written.
    pub settings: String,
    /// The documents by name, in the pool that has them.
    pub documents: BTreeMap<String, Document>,
}

/// One bit a mark, by ordinal. It grows with the highest mark named: six million imported marks over the whole
/// country stay within the 45 MB that the country's marks take anyway.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plane {
    words: Vec<u64>,
}

impl Plane {
    /// Whether the mark's bit is set.
    pub fn contains(&self, ordinal: u32) -> bool {
        self.words.get(ordinal as usize / 64).is_some_and(|word| word >> (ordinal % 64) & 1 == 1)
    }

    /// How many bits are set.
    pub fn count(&self) -> u64 {
        self.words.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    fn set(&mut self, ordinal: u32, on: bool) {
        let place = ordinal as usize / 64;
        if place >= self.words.len() {
            if !on {
                return;
            }
            self.words.resize(place + 1, 0);
        }
        if let Some(word) = self.words.get_mut(place) {
            let bit = 1 << (ordinal % 64);
            *word = if on { *word | bit } else { *word & !bit };
        }
    }
}

/// The state of all pools after some part of the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replay {
    pools: BTreeMap<String, PoolState>,
}

impl Replay {
    /// Replays a whole journal.
    ///
    /// # Errors
    /// Those of reading; `Gap` when revisions of a pool are missing.
    pub fn of(directory: &Path) -> Result<Self, JournalError> {
        let mut replay = Self::default();
        for frame in read_frames(directory)? {
            replay.apply(&frame?)?;
        }
        Ok(replay)
    }

    /// The pools that the journal names, by id.
    pub fn pools(&self) -> &BTreeMap<String, PoolState> {
        &self.pools
    }

    /// Applies one frame.
    ///
    /// # Errors
    /// `Entry` for bytes that are no feed entry, `Gap` when revisions are missing.
    pub fn apply(&mut self, frame: &Frame) -> Result<(), JournalError> {
        let entry = decode(frame)?;
        let state = self.pools.entry(frame.pool.clone()).or_default();
        for transition in entry.transitions {
            if transition.revision != state.revision + 1 {
                return Err(JournalError::Gap {
                    pool: frame.pool.clone(),
                    expected: state.revision + 1,
                    found: transition.revision,
                });
            }
            state.apply(transition);
        }
        Ok(())
    }
}

impl PoolState {
    fn apply(&mut self, transition: Transition) {
        self.revision = transition.revision;
        if let Some(DocumentChange { name, version, content }) = transition.document {
            self.documents.insert(name, Document { version, content });
        }
        let Some(ordinal) = transition.ordinal else {
            if transition.verb == Verb::Configure {
                settings_in(&transition.note).clone_into(&mut self.settings);
            }
            return;
        };
        self.taken.set(ordinal, transition.planes.taken);
        self.issued.set(ordinal, transition.planes.issued);
        self.withheld.set(ordinal, transition.planes.withheld);
        match transition.record {
            Some(record) => {
                self.records.insert(ordinal, record);
            }
            // Taken and not repeated: a fact beside the record (a conflict of the registry, money that goes back).
            None if transition.planes.taken => {}
            None => {
                self.records.remove(&ordinal);
            }
        }
        if let Some(change) = transition.payment {
            self.payments.insert(change.after.id, change.after);
        }
    }
}
