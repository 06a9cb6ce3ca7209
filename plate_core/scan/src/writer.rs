//! How planes change: a whole pool from a snapshot, single marks from the change feed.
//!
//! One writer a memory (`&mut self`), any number of readers. A change stores the mark's bits, moves
//! the counts by one and sets summary bits at once; a summary bit is cleared only after the batch,
//! by uniting the 64 rows anew. So a summary may for a moment promise a free mark that has gone,
//! and never hides one that is there.
//! Bits are absolute ("taken, not issued, not withheld"), so a change applied twice is applied once.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use plate_algebra::Pool;
use thiserror::Error;

use crate::kernels::{BLOCK_ROWS, DIGIT_VALUES, Kernel, ROW_BITS, ROW_WORDS, RowBits};
use crate::layout::{PoolLayout, entry, entry_start, header, place_pools};
use crate::memory::Memory;
use crate::planes::{Placed, PlaneBits, Planes, PoolSpec, Stamp, counter};

/// Why planes could not be changed. Nothing was changed then.
#[derive(Clone, PartialEq, Eq, Error, Debug)]
pub enum WriteError {
    /// There are no planes for this pool.
    #[error("there are no planes for format {} region {}", .0.format.0, .0.region)]
    PoolMissing(Pool),
    /// The ordinal lies behind the pool's last row.
    #[error("ordinal {ordinal} lies behind the last row of {id}")]
    OrdinalBeyond {
        /// The pool's name.
        id: String,
        /// What was asked for.
        ordinal: u32,
    },
    /// A plane of a snapshot has more words than the pool.
    #[error("a plane of {id} has {words} words, its rows hold {most}")]
    PlaneTooLong {
        /// The pool's name.
        id: String,
        /// What was given.
        words: usize,
        /// What fits.
        most: usize,
    },
}

/// One mark's planes after a transition.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// Which mark of the pool: series × 1,024 + digits.
    pub ordinal: u32,
    /// Its planes from now on.
    pub bits: PlaneBits,
}

/// The three planes of a pool, row by row, bit `d` of a row's 1,024 being digit value `d`.
/// A slice that is too short is zero from its end on.
#[derive(Copy, Clone, Debug)]
pub struct PoolImage<'a> {
    /// Marks with a live record.
    pub taken: &'a [u64],
    /// Marks imported from the registry.
    pub issued: &'a [u64],
    /// Marks withheld by rule, with 000 and the padding.
    pub withheld: &'a [u64],
}

/// The bits of a row that can be digit values: 0 to 999. What the padding behind them holds in a
/// snapshot is nobody's mark, so it is never free, whatever a store says.
const DIGIT_WORDS: RowBits = {
    let mut words = [u64::MAX; ROW_WORDS];
    words[ROW_WORDS - 1] = (1 << (DIGIT_VALUES - (ROW_WORDS - 1) * 64)) - 1;
    words
};

/// The one that changes planes.
pub struct PlanesWriter {
    planes: Planes,
}

impl PlanesWriter {
    /// Planes in the memory of this process, every mark *not* free until its pool is loaded.
    ///
    /// # Errors
    /// The system's, when it has no memory to give.
    pub fn in_memory(specs: &[PoolSpec]) -> io::Result<PlanesWriter> {
        let rows: Vec<usize> = specs.iter().map(|spec| spec.rows as usize).collect();
        let (starts, words) = place_pools(&rows);
        Ok(PlanesWriter::over(Memory::anonymous(words)?, specs, &starts))
    }

    /// A writer over memory that was laid out by `place_pools` for the same pools.
    pub(crate) fn over(memory: Memory, specs: &[PoolSpec], starts: &[usize]) -> PlanesWriter {
        debug_assert!(memory.is_writable(), "a writer needs memory mapped for writing");
        let placed = specs.iter().zip(starts).enumerate().map(|(index, (spec, &data))| Placed {
            spec: spec.clone(),
            index,
            data,
            layout: PoolLayout { rows: spec.rows as usize },
        });
        PlanesWriter { planes: Planes::over(memory, placed.collect()) }
    }

    /// A handle for readers of this process.
    #[must_use]
    pub fn planes(&self) -> Planes {
        self.planes.clone()
    }

    /// Replaces a whole pool by a snapshot.
    ///
    /// Readers that look meanwhile see some rows of before and some of after, and counts that belong
    /// to neither, for the few milliseconds that it takes.
    ///
    /// # Errors
    /// [`WriteError::PoolMissing`], [`WriteError::PlaneTooLong`].
    pub fn load(&mut self, pool: Pool, image: PoolImage<'_>, stamp: Stamp) -> Result<(), WriteError> {
        let target = self.target(pool)?;
        let most = target.layout.plane_words();
        for plane in [image.taken, image.issued, image.withheld] {
            if plane.len() > most {
                return Err(WriteError::PlaneTooLong { id: target.id.to_owned(), words: plane.len(), most });
            }
        }
        target.load(image, self.planes.kernel());
        self.set_stamp(pool, stamp)
    }

    /// Applies transitions of one pool in their order, then moves its stamp.
    ///
    /// # Errors
    /// [`WriteError::PoolMissing`], [`WriteError::OrdinalBeyond`]; then none of them is applied.
    pub fn apply(&mut self, pool: Pool, changes: &[Change], stamp: Stamp) -> Result<(), WriteError> {
        let target = self.target(pool)?;
        let end = (target.layout.rows * ROW_BITS) as u64;
        if let Some(beyond) = changes.iter().find(|change| u64::from(change.ordinal) >= end) {
            return Err(WriteError::OrdinalBeyond { id: target.id.to_owned(), ordinal: beyond.ordinal });
        }
        let mut emptied: Vec<usize> = changes.iter().filter_map(|&change| target.change(change)).collect();
        emptied.sort_unstable();
        emptied.dedup();
        for block in emptied {
            target.unite(block, self.planes.kernel());
        }
        self.set_stamp(pool, stamp)
    }

    /// Offers nothing of a pool any more: the store does not have it.
    ///
    /// # Errors
    /// [`WriteError::PoolMissing`].
    pub fn clear(&mut self, pool: Pool) -> Result<(), WriteError> {
        let target = self.target(pool)?;
        let all = vec![u64::MAX; target.layout.plane_words()];
        target.load(PoolImage { taken: &all, issued: &[], withheld: &[] }, self.planes.kernel());
        self.set_stamp(pool, Stamp::default())
    }

    /// Moves a pool's stamp alone: its feed was read to the end and held nothing new.
    ///
    /// # Errors
    /// [`WriteError::PoolMissing`].
    pub fn set_stamp(&mut self, pool: Pool, stamp: Stamp) -> Result<(), WriteError> {
        let target = self.target(pool)?;
        target.set_entry(entry::FEED_MS, stamp.feed.0);
        target.set_entry(entry::FEED_SEQUENCE, stamp.feed.1);
        target.set_entry(entry::UPDATED_AT_MS, stamp.updated_at_ms.cast_unsigned());
        // Release: whoever sees this revision also sees the bits stored before it.
        target.all[target.entry + entry::REVISION].store(stamp.revision, Ordering::Release);
        Ok(())
    }

    /// Notes that all pools had been followed to their ends at this moment of the store's clock.
    pub fn set_updated_at_ms(&mut self, at_ms: i64) {
        self.planes.memory.words()[header::UPDATED_AT_MS].store(at_ms.cast_unsigned(), Ordering::Relaxed);
    }

    fn target(&self, pool: Pool) -> Result<Target<'_>, WriteError> {
        let pools = &self.planes.pools;
        let found = pools.binary_search_by_key(&pool, |placed| placed.spec.pool);
        let placed = &pools[found.map_err(|_| WriteError::PoolMissing(pool))?];
        let all = self.planes.memory.words();
        Ok(Target {
            id: &placed.spec.id,
            layout: placed.layout,
            all,
            data: &all[placed.data..placed.data + placed.layout.words()],
            entry: entry_start(placed.index),
        })
    }
}

/// One pool's words, to be stored to.
struct Target<'a> {
    id: &'a str,
    layout: PoolLayout,
    all: &'a [AtomicU64],
    data: &'a [AtomicU64],
    entry: usize,
}

impl Target<'_> {
    fn set_entry(&self, word: usize, value: u64) {
        self.all[self.entry + word].store(value, Ordering::Relaxed);
    }

    fn add_free(&self, difference: i64) {
        let word = &self.all[self.entry + entry::FREE];
        word.store(word.load(Ordering::Relaxed).wrapping_add_signed(difference), Ordering::Relaxed);
    }

    /// Stores one mark's bits. Gives its block when a free mark went, whose summary is then too wide.
    fn change(&self, change: Change) -> Option<usize> {
        let (row, bit) = (change.ordinal as usize / ROW_BITS, change.ordinal as usize % ROW_BITS);
        let at = row * ROW_WORDS + bit / 64;
        set_bit(&self.data[self.layout.issued() + at], bit, change.bits.issued);
        set_bit(&self.data[self.layout.withheld() + at], bit, change.bits.withheld);
        let free = change.bits.is_free() && bit < DIGIT_VALUES;
        if set_bit(&self.data[self.layout.free() + at], bit, free) == free {
            return None;
        }
        let block = row / BLOCK_ROWS;
        if free {
            set_bit(&self.data[self.layout.block_unions() + block * ROW_WORDS + bit / 64], bit, true);
        }
        let difference = if free { 1 } else { -1 };
        add_to_counter(&self.data[self.layout.row_counts()..], row, difference);
        let left = add_to_counter(&self.data[self.layout.digit_counts()..], bit, difference);
        set_bit(&self.data[self.layout.pool_union() + bit / 64], bit, left > 0);
        self.add_free(difference);
        (!free).then_some(block)
    }

    /// Unites the rows of a block into its row of the summary.
    fn unite(&self, block: usize, kernel: &Kernel) {
        let plane = &self.data[self.layout.free()..self.layout.plane_words()];
        let union = kernel.union(crate::kernels::Block::at(plane, block * BLOCK_ROWS));
        self.store(self.layout.block_unions() + block * ROW_WORDS, &union);
    }

    fn load(&self, image: PoolImage<'_>, kernel: &Kernel) {
        let word = |plane: &[u64], at: usize| plane.get(at).copied().unwrap_or(0);
        let mut totals = [0u64; ROW_BITS];
        let mut free = 0;
        for block in 0..self.layout.blocks() {
            let mut digits = DigitCounter::default();
            for row in block * BLOCK_ROWS..((block + 1) * BLOCK_ROWS).min(self.layout.rows) {
                let mut bits: RowBits = [0; ROW_WORDS];
                for (index, bits) in bits.iter_mut().enumerate() {
                    let at = row * ROW_WORDS + index;
                    let (issued, withheld) = (word(image.issued, at), word(image.withheld, at));
                    self.data[self.layout.issued() + at].store(issued, Ordering::Relaxed);
                    self.data[self.layout.withheld() + at].store(withheld, Ordering::Relaxed);
                    *bits = !(word(image.taken, at) | issued | withheld) & DIGIT_WORDS[index];
                }
                self.store(self.layout.free() + row * ROW_WORDS, &bits);
                let in_row = bits.iter().map(|bits| u64::from(bits.count_ones())).sum();
                set_counter(&self.data[self.layout.row_counts()..], row, in_row);
                free += in_row;
                digits.add(&bits);
            }
            digits.drain_into(&mut totals);
            self.unite(block, kernel);
        }
        for (bit, &total) in totals.iter().enumerate() {
            set_counter(&self.data[self.layout.digit_counts()..], bit, total);
            set_bit(&self.data[self.layout.pool_union() + bit / 64], bit, total > 0);
        }
        self.set_entry(entry::FREE, free);
    }

    fn store(&self, at: usize, bits: &RowBits) {
        for (word, &bits) in self.data[at..at + ROW_WORDS].iter().zip(bits) {
            word.store(bits, Ordering::Relaxed);
        }
    }
}

/// Sets or clears bit `bit % 64` of a word; gives what it was. There is one writer: no exchange needed.
fn set_bit(word: &AtomicU64, bit: usize, value: bool) -> bool {
    let before = word.load(Ordering::Relaxed);
    let mask = 1 << (bit % 64);
    word.store(if value { before | mask } else { before & !mask }, Ordering::Relaxed);
    before & mask != 0
}

fn set_counter(counters: &[AtomicU64], index: usize, value: u64) {
    let (word, shift) = (&counters[index / 4], index % 4 * 16);
    let others = word.load(Ordering::Relaxed) & !(0xFFFF << shift);
    word.store(others | (value & 0xFFFF) << shift, Ordering::Relaxed);
}

/// Moves a counter by one and gives its new value.
fn add_to_counter(counters: &[AtomicU64], index: usize, difference: i64) -> u64 {
    let value = counter(counters, index).saturating_add_signed(difference);
    set_counter(counters, index, value);
    value
}

/// Counts each of 1,024 bits over up to 64 rows, all bits of a word at once.
///
/// Word `k` of `places` holds binary place `k` of 64 counters; adding a row is a ripple of
/// half-adders that mostly ends after two steps. Bit by bit the country's 351 million marks would
/// take about a second; so it takes a few hundredths.
struct DigitCounter {
    places: [[u64; PLACES]; ROW_WORDS],
}

/// 64 rows need the numbers 0 to 64, which is seven binary places.
const PLACES: usize = 7;

impl Default for DigitCounter {
    fn default() -> DigitCounter {
        DigitCounter { places: [[0; PLACES]; ROW_WORDS] }
    }
}

impl DigitCounter {
    fn add(&mut self, row: &RowBits) {
        for (places, &bits) in self.places.iter_mut().zip(row) {
            let mut carry = bits;
            for place in places {
                let next = *place & carry;
                *place ^= carry;
                carry = next;
                if carry == 0 {
                    break;
                }
            }
        }
    }

    fn drain_into(self, totals: &mut [u64; ROW_BITS]) {
        for (bit, total) in totals.iter_mut().enumerate() {
            let places = self.places[bit / 64].iter().enumerate();
            *total += places.map(|(place, word)| (word >> (bit % 64) & 1) << place).sum::<u64>();
        }
    }
}

#[cfg(test)]
mod tests;
