//! The state that the journal tells: every plane, record, payment, setting and document, rebuilt from nothing else.
//!
//! Entries carry absolute values, so replay is assignment: no rule of the lifecycle is needed, and a rule
//! that was wrong when it ran is replayed as it ran. Records and payments stay packed as the store packed them, so that
//! whoever has a store compares bytes ([`crate::store::compare`]).

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::error::JournalError;
use super::frame::Frame;
use super::heed::Heed;
use super::planes::Planes;
use super::reader::read_frames;
use crate::codec::steps::{self, Head, Step};
use crate::codec::{Malformed, record};
use crate::feed::Verb;
use crate::id::PaymentId;
use crate::record::Record;
use crate::settings::{PoolSettings, settings_in};
use crate::store::Document;

/// What is known of one pool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PoolState {
    /// The revision of the last transition.
    pub revision: u64,
    /// What is on the road and what is never offered.
    pub planes: Planes,
    /// The live records by ordinal, packed.
    pub records: HashMap<u32, Box<[u8]>>,
    /// Every payment ever recorded, packed.
    pub payments: HashMap<PaymentId, Box<[u8]>>,
    /// The pool's settings as they were last written; `None` in a pool that nobody founds.
    pub settings: Option<PoolSettings>,
    /// The documents by name, in the pool that has them.
    pub documents: BTreeMap<String, Document>,
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
        Self::heeding(directory, |_| true)
    }

    /// Replays a whole journal; `heed` hears the number of frames now and then, and ends it by `false`.
    ///
    /// # Errors
    /// As [`Replay::of`]; `Interrupted`.
    pub fn heeding(directory: &Path, heed: impl FnMut(u64) -> bool) -> Result<Self, JournalError> {
        let (mut replay, mut heed) = (Self::default(), Heed::new(heed));
        for frame in read_frames(directory)? {
            replay.apply(&frame?)?;
            heed.frame_read()?;
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
        self.apply_watched(frame, |_, _, _| Ok(()))
    }

    /// Applies one frame; `watch` sees each step before it is applied, with the pool as it was.
    pub(crate) fn apply_watched(
        &mut self,
        frame: &Frame,
        mut watch: impl FnMut(&PoolState, &Head<'_>, &Step<'_>) -> Result<(), Malformed>,
    ) -> Result<(), JournalError> {
        let state = match self.pools.get_mut(&frame.pool) {
            Some(state) => state,
            None => self.pools.entry(frame.pool.clone()).or_default(),
        };
        let mut gap = None;
        let walked = steps::walk(&frame.entry, |head, step| {
            if step.revision != state.revision + 1 {
                gap = gap.or(Some((state.revision + 1, step.revision)));
                return Ok(());
            }
            watch(state, head, &step)?;
            state.apply(step)
        });
        walked.map_err(|error| frame.refused(&error))?;
        match gap {
            None => Ok(()),
            Some((expected, found)) => Err(JournalError::Gap { pool: frame.pool.clone(), expected, found }),
        }
    }
}

impl PoolState {
    /// The live record of a mark.
    ///
    /// # Errors
    /// [`Malformed`] where its bytes cannot be read.
    pub fn record(&self, ordinal: u32) -> Result<Option<Record>, Malformed> {
        self.records.get(&ordinal).map(|bytes| record::unpack(bytes)).transpose()
    }

    fn apply(&mut self, step: Step<'_>) -> Result<(), Malformed> {
        self.revision = step.revision;
        if let Some(written) = step.document {
            let document = Document { version: written.version, content: written.content.to_vec() };
            self.documents.insert(text(written.name, "name of a document")?.to_owned(), document);
        }
        if let Some(change) = step.payment {
            self.pay(change)?;
        }
        let Some(ordinal) = step.ordinal else {
            return if step.verb == Verb::Configure { self.configure(step.note) } else { Ok(()) };
        };
        self.planes.set(ordinal, step.planes);
        match step.record {
            Some(record) => {
                self.records.insert(ordinal, record.into());
            }
            // Taken and not repeated: a fact beside the record (a conflict of the registry, money that goes back).
            None if step.planes.taken => {}
            None => {
                self.records.remove(&ordinal);
            }
        }
        Ok(())
    }

    /// A payment after a change: the state before, then the payment, whose id stands 14 bytes into it.
    fn pay(&mut self, change: &[u8]) -> Result<(), Malformed> {
        let unreadable = Malformed { what: "payment", offset: 0 };
        let (_, payment) = change.split_first().ok_or_else(|| unreadable.clone())?;
        let id = payment.get(14..30).and_then(PaymentId::from_slice).ok_or(unreadable)?;
        self.payments.insert(id, payment.into());
        Ok(())
    }

    /// Settings as they stand now; the first founds the pool.
    fn configure(&mut self, note: &[u8]) -> Result<(), Malformed> {
        let unreadable = |_| Malformed { what: "settings", offset: 0 };
        let settings = PoolSettings::from_text(settings_in(text(note, "note")?)).map_err(unreadable)?;
        if self.settings.is_none() {
            self.planes = Planes::founded(settings.shape);
        }
        self.settings = Some(settings);
        Ok(())
    }
}

fn text<'a>(bytes: &'a [u8], what: &'static str) -> Result<&'a str, Malformed> {
    std::str::from_utf8(bytes).map_err(|_| Malformed { what, offset: 0 })
}
