//! The planes as readers see them: pools, their rows, their summaries and their stamps.
//!
//! A [`Planes`] is a cheap handle on memory that a [`PlanesWriter`](crate::writer::PlanesWriter)
//! keeps, in this process or in another. What it says is advisory and milliseconds old; each word is
//! right for some recent moment, not all words for the same one.
//! Not here: how planes are changed (`crate::writer`), how a file of them is made and opened
//! (`crate::planes_file`), and how they are searched (`crate::query`).

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use plate_algebra::{FormatId, Mark, Pool};

use crate::kernels::{BLOCK_ROWS, Block, Kernel, ROW_BITS, ROW_WORDS, RowBits};
use crate::layout::{PoolLayout, entry, entry_start, header};
use crate::memory::Memory;

/// What the replica knows of a mark, the reason that holds longest first.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum MarkState {
    /// Nobody's, and may be offered.
    Free,
    /// It has a live record: held, being paid, allotted or later.
    Taken,
    /// The registry says it is on the road already.
    Issued,
    /// Never offered, by rule.
    Withheld,
}

/// The three planes of one mark, as the store has them.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct PlaneBits {
    /// It has a live record.
    pub taken: bool,
    /// It was imported from the registry.
    pub issued: bool,
    /// It is withheld by rule.
    pub withheld: bool,
}

impl PlaneBits {
    /// Free is none of the three.
    #[must_use]
    pub fn is_free(self) -> bool {
        !(self.taken || self.issued || self.withheld)
    }
}

/// A pool to make planes for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PoolSpec {
    /// Which pool.
    pub pool: Pool,
    /// Its name in the store and in the file's directory: `person_car.02`.
    pub id: String,
    /// How many series it has.
    pub rows: u32,
}

/// How far the planes of a pool have followed the store.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Stamp {
    /// The last revision whose bits are in.
    pub revision: u64,
    /// The id of the last feed entry that is in: milliseconds part and sequence part.
    pub feed: (u64, u64),
    /// The store's time when that was so.
    pub updated_at_ms: i64,
}

/// One pool of the directory, already found in the memory.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub spec: PoolSpec,
    pub index: usize,
    pub data: usize,
    pub layout: PoolLayout,
}

/// All pools of one file, or of one test: a handle that is cloned freely.
#[derive(Clone)]
pub struct Planes {
    pub(crate) memory: Arc<Memory>,
    /// Sorted by pool, which is the order in which marks are numbered.
    pub(crate) pools: Arc<[Placed]>,
    kernel: &'static Kernel,
}

impl Planes {
    pub(crate) fn over(memory: Memory, mut pools: Vec<Placed>) -> Planes {
        pools.sort_by_key(|placed| placed.spec.pool);
        Planes { memory: Arc::new(memory), pools: pools.into(), kernel: Kernel::detected() }
    }

    /// The same planes, read by another set of kernels: for tests and for measuring.
    #[must_use]
    pub fn with_kernel(&self, kernel: &'static Kernel) -> Planes {
        Planes { kernel, ..self.clone() }
    }

    /// The kernels that read these planes.
    #[must_use]
    pub fn kernel(&self) -> &'static Kernel {
        self.kernel
    }

    /// Every pool, in the order of marks: format, then region.
    pub fn pools(&self) -> impl ExactSizeIterator<Item = PoolPlanes<'_>> {
        self.pools.iter().map(|placed| PoolPlanes { planes: self, placed })
    }

    /// The pools of one format, regions ascending.
    pub fn of_format(&self, format: FormatId) -> impl ExactSizeIterator<Item = PoolPlanes<'_>> {
        let start = self.pools.partition_point(|placed| placed.spec.pool.format < format);
        let end = self.pools.partition_point(|placed| placed.spec.pool.format <= format);
        self.pools[start..end].iter().map(|placed| PoolPlanes { planes: self, placed })
    }

    /// One pool, if there are planes for it.
    #[must_use]
    pub fn pool(&self, pool: Pool) -> Option<PoolPlanes<'_>> {
        let found = self.pools.binary_search_by_key(&pool, |placed| placed.spec.pool).ok()?;
        Some(PoolPlanes { planes: self, placed: &self.pools[found] })
    }

    /// What is known of a mark; `None` for a mark without planes.
    #[must_use]
    pub fn state(&self, mark: Mark) -> Option<MarkState> {
        self.pool(mark.pool())?.state(mark.series, mark.digits)
    }

    /// The store's time, in milliseconds, when the writer last knew that it had seen everything.
    #[must_use]
    pub fn updated_at_ms(&self) -> i64 {
        self.memory.words()[header::UPDATED_AT_MS].load(Ordering::Relaxed).cast_signed()
    }

    pub(crate) fn words(&self, range: Range<usize>) -> &[AtomicU64] {
        &self.memory.words()[range]
    }
}

/// One pool's planes.
#[derive(Copy, Clone)]
pub struct PoolPlanes<'a> {
    planes: &'a Planes,
    placed: &'a Placed,
}

impl<'a> PoolPlanes<'a> {
    /// Which pool.
    #[must_use]
    pub fn pool(self) -> Pool {
        self.placed.spec.pool
    }

    /// Its name: `person_car.02`.
    #[must_use]
    pub fn id(self) -> &'a str {
        &self.placed.spec.id
    }

    /// How many series.
    #[must_use]
    pub fn rows(self) -> usize {
        self.placed.layout.rows
    }

    /// How many blocks of 64 rows, the last one perhaps shorter.
    #[must_use]
    pub fn blocks(self) -> usize {
        self.placed.layout.blocks()
    }

    /// How far these planes have followed the store.
    #[must_use]
    pub fn stamp(self) -> Stamp {
        // Acquire: whoever sees a revision also sees the bits stored before it.
        let revision = self.entry_word(entry::REVISION, Ordering::Acquire);
        Stamp {
            revision,
            feed: (
                self.entry_word(entry::FEED_MS, Ordering::Relaxed),
                self.entry_word(entry::FEED_SEQUENCE, Ordering::Relaxed),
            ),
            updated_at_ms: self.entry_word(entry::UPDATED_AT_MS, Ordering::Relaxed).cast_signed(),
        }
    }

    /// How many marks are free.
    #[must_use]
    pub fn free(self) -> u64 {
        self.entry_word(entry::FREE, Ordering::Relaxed)
    }

    /// What is known of one mark; `None` behind the last row or bit.
    #[must_use]
    pub fn state(self, series: u16, digits: u16) -> Option<MarkState> {
        let bits = self.bits(series, digits)?;
        Some(match bits {
            PlaneBits { withheld: true, .. } => MarkState::Withheld,
            PlaneBits { issued: true, .. } => MarkState::Issued,
            PlaneBits { taken: true, .. } => MarkState::Taken,
            _ => MarkState::Free,
        })
    }

    /// The planes of one mark. Of an issued or withheld mark `taken` is not known and reads false.
    #[must_use]
    pub fn bits(self, series: u16, digits: u16) -> Option<PlaneBits> {
        let (series, digits) = (usize::from(series), usize::from(digits));
        if series >= self.rows() || digits >= ROW_BITS {
            return None;
        }
        let at = series * ROW_WORDS + digits / 64;
        let set = |start: usize| {
            self.part(start, self.placed.layout.plane_words())[at].load(Ordering::Relaxed) >> (digits % 64)
                & 1
                == 1
        };
        let layout = self.placed.layout;
        let (issued, withheld) = (set(layout.issued()), set(layout.withheld()));
        let taken = !(set(layout.free()) || issued || withheld);
        Some(PlaneBits { taken, issued, withheld })
    }

    /// Whether a mark is free; behind the last row or bit nothing is.
    #[must_use]
    pub fn is_free(self, series: u16, digits: u16) -> bool {
        let (series, digits) = (usize::from(series), usize::from(digits));
        series < self.rows()
            && digits < ROW_BITS
            && self.free_plane()[series * ROW_WORDS + digits / 64].load(Ordering::Relaxed) >> (digits % 64)
                & 1
                == 1
    }

    /// The free marks of one row.
    #[must_use]
    pub fn free_row(self, row: usize) -> RowBits {
        row_bits(self.free_plane(), row)
    }

    /// Up to 64 rows of free marks.
    #[must_use]
    pub fn free_block(self, block: usize) -> Block<'a> {
        Block::at(self.free_plane(), block * BLOCK_ROWS)
    }

    /// Up to 64 rows of the summary: row `i` is the union of the free rows of block `first + i`.
    #[must_use]
    pub fn union_block(self, first: usize) -> Block<'a> {
        let layout = self.placed.layout;
        Block::at(self.part(layout.block_unions(), layout.blocks() * ROW_WORDS), first)
    }

    /// Whether any row of a block has a free mark with these digits.
    #[must_use]
    pub fn block_has(self, block: usize, digits: u16) -> bool {
        let layout = self.placed.layout;
        let unions = self.part(layout.block_unions(), layout.blocks() * ROW_WORDS);
        let word = unions.get(block * ROW_WORDS + usize::from(digits) / 64);
        usize::from(digits) < ROW_BITS
            && word.is_some_and(|word| word.load(Ordering::Relaxed) >> (digits % 64) & 1 == 1)
    }

    /// The union of the free rows of one block.
    #[must_use]
    pub fn block_union(self, block: usize) -> RowBits {
        let layout = self.placed.layout;
        row_bits(self.part(layout.block_unions(), layout.blocks() * ROW_WORDS), block)
    }

    /// The union of all free rows: the digits of which anything is left.
    #[must_use]
    pub fn union(self) -> RowBits {
        row_bits(self.part(self.placed.layout.pool_union(), ROW_WORDS), 0)
    }

    /// How many marks of one row are free.
    #[must_use]
    pub fn free_in_row(self, row: usize) -> u64 {
        counter(self.row_counts(), row)
    }

    /// How many marks with these digits are free, over all series.
    #[must_use]
    pub fn free_with_digits(self, digits: u16) -> u64 {
        let layout = self.placed.layout;
        counter(self.part(layout.digit_counts(), layout.digit_count_words()), digits.into())
    }

    /// Free marks of the chosen rows of one block, by the counts of the rows.
    #[must_use]
    pub(crate) fn free_in_rows(self, block: usize, select: u64) -> u64 {
        let counts = self.row_counts();
        crate::kernels::positions(select).map(|row| counter(counts, block * BLOCK_ROWS + row as usize)).sum()
    }

    fn row_counts(self) -> &'a [AtomicU64] {
        self.part(self.placed.layout.row_counts(), self.placed.layout.row_count_words())
    }

    fn free_plane(self) -> &'a [AtomicU64] {
        self.part(self.placed.layout.free(), self.placed.layout.plane_words())
    }

    fn part(self, start: usize, words: usize) -> &'a [AtomicU64] {
        let start = self.placed.data + start;
        self.planes.words(start..start + words)
    }

    fn entry_word(self, word: usize, order: Ordering) -> u64 {
        self.planes.memory.words()[entry_start(self.placed.index) + word].load(order)
    }
}

/// Counter number `index` of counters packed four to a word; behind the end there is nothing to count.
pub(crate) fn counter(counters: &[AtomicU64], index: usize) -> u64 {
    let word = counters.get(index / 4).map_or(0, |word| word.load(Ordering::Relaxed));
    word >> (index % 4 * 16) & 0xFFFF
}

fn row_bits(words: &[AtomicU64], row: usize) -> RowBits {
    let mut bits = [0; ROW_WORDS];
    if let Some(row) = words.get(row * ROW_WORDS..(row + 1) * ROW_WORDS) {
        for (bits, word) in bits.iter_mut().zip(row) {
            *bits = word.load(Ordering::Relaxed);
        }
    }
    bits
}
