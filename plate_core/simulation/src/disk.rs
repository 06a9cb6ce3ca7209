//! The machine's disk: the journal's frames, written and then durable, its lock, and the clock guard's memory.
//!
//! The rules of appending are those of `inventory/src/journal/writer.rs`; only the file is not there. A process that
//! dies leaves what it has written, a power loss only what was synced, and opening a journal syncs what it finds.

use plate_inventory::journal::{EntryId, Frame};

use crate::clock_guard::Memory;
use crate::network::Entry;
use crate::universe::{POOL_COUNT, pool_name};

/// The memory of a guard that has seen both clocks agree, as they do when the world begins.
const AGREED: Memory = Memory { baseline_ms: Some(0.0), rests_until_ms: 0.0 };

/// What is on the disk.
#[derive(Debug, Default)]
pub struct Disk {
    frames: Vec<(usize, Frame)>,
    durable: usize,
    locked_by: Option<usize>,
    /// What the clock guards of this boot know.
    pub memory: Memory,
    /// The journal can be opened twice: a mistake.
    has_no_lock: bool,
}

/// A journal that is open for writing.
#[derive(Clone, Debug)]
pub struct Writer {
    /// The last revision of each pool, appended or written.
    pub heads: [u64; POOL_COUNT],
    buffer: Vec<(usize, Frame)>,
}

impl Disk {
    /// A disk on which the keepers have noted that both clocks agree, before the world begins.
    #[must_use]
    pub fn new(has_no_lock: bool) -> Self {
        Self { memory: AGREED, has_no_lock, ..Self::default() }
    }

    /// Opens the journal, unless another has it; what is found is synced.
    pub fn open(&mut self, keeper: usize) -> Option<Writer> {
        if self.locked_by.is_some_and(|other| other != keeper) && !self.has_no_lock {
            return None;
        }
        self.locked_by = Some(keeper);
        self.durable = self.frames.len();
        let mut heads = [0; POOL_COUNT];
        for (pool, frame) in &self.frames {
            heads[*pool] = frame.id.revision;
        }
        Some(Writer { heads, buffer: Vec::new() })
    }

    /// The writer is gone, however.
    pub fn close(&mut self, keeper: usize) {
        if self.locked_by == Some(keeper) {
            self.locked_by = None;
        }
    }

    /// Writes what was appended.
    pub fn write(&mut self, writer: &mut Writer) {
        self.frames.append(&mut writer.buffer);
    }

    /// Makes what was written durable.
    pub fn sync(&mut self) {
        self.durable = self.frames.len();
    }

    /// The power fails: only what was synced is left, and a guard's memory is of one boot.
    pub fn lose_power(&mut self) {
        self.frames.truncate(self.durable);
        self.locked_by = None;
        // The keepers look at both clocks as soon as the machine is up again.
        self.memory = AGREED;
    }

    /// The frames that are durable.
    #[must_use]
    pub fn durable(&self) -> &[(usize, Frame)] {
        &self.frames[..self.durable]
    }
}

impl Writer {
    /// Appends an entry; one that is on disk already changes nothing, and one that does not follow is refused.
    pub fn append(&mut self, pool: usize, entry: &Entry) -> bool {
        if entry.last_revision <= self.heads[pool] {
            return true;
        }
        if entry.first_revision != self.heads[pool] + 1 {
            return false;
        }
        let id = EntryId { revision: entry.last_revision, sequence: 0 };
        let frame = Frame { pool: pool_name(pool).to_owned(), id, entry: entry.bytes.clone() };
        self.buffer.push((pool, frame));
        self.heads[pool] = entry.last_revision;
        true
    }
}
