//! Row kernels: the three questions asked of a block of rows, answered 128 bytes at a time.
//!
//! A *row* is 1,024 bits, one a digit value; a *block* is at most 64 consecutive rows, so that a
//! choice of rows in it, and the answer "which of them", are each one `u64`.
//! The same kernels read the marks themselves and the summaries above them (`crate::layout`).
//!
//! Chosen at run time: AVX-512, AVX2, or plain integer code where neither is there.
//! The memory is shared with a process that writes to it, so nothing here makes a `&[u64]` of it:
//! plain code loads words as relaxed atomics, and the vector code loads by an `asm!` line, which
//! the language treats as code it cannot see through, here a run of relaxed 8-byte loads.
//! An aligned 8-byte lane is never torn on x86-64, and no answer needs two words of one moment.
//!
//! Not here: what a row or a mask means, and in which order rows are visited (`crate::query`).

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod scalar;

use std::sync::OnceLock;
use std::sync::atomic::AtomicU64;

/// Words of 64 bits in a row.
pub const ROW_WORDS: usize = 16;
/// Bits in a row: digit values 0 to 999, then padding.
pub const ROW_BITS: usize = ROW_WORDS * 64;
/// Digit values in a row; the bits behind them are padding and belong to no mark.
pub const DIGIT_VALUES: usize = 1000;
/// Rows in a block: as many as one `u64` can choose from.
pub const BLOCK_ROWS: usize = 64;

/// One row's worth of bits that does not change under the reader.
pub type RowBits = [u64; ROW_WORDS];

/// Which instructions a kernel uses.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Level {
    /// Plain 64-bit integer code, on every machine.
    Scalar,
    /// 256-bit vectors.
    Avx2,
    /// 512-bit vectors with a population count.
    Avx512,
}

type Hits = fn(Block<'_>, u64, &RowBits) -> u64;
type Count = fn(Block<'_>, u64, &RowBits) -> u64;
type Union = fn(Block<'_>) -> RowBits;

/// At most 64 rows of shared words: a length that is a whole number of rows, checked once.
#[derive(Copy, Clone)]
pub struct Block<'a> {
    words: &'a [AtomicU64],
}

impl<'a> Block<'a> {
    /// Takes the rows of `words` from `first_row` on, at most 64, as many as there are.
    ///
    /// Rows beyond the end give an empty block, which has no hit and counts nothing.
    #[must_use]
    pub fn at(words: &'a [AtomicU64], first_row: usize) -> Block<'a> {
        let rows = words.len() / ROW_WORDS;
        let start = first_row.min(rows);
        let end = (start + BLOCK_ROWS).min(rows);
        Block { words: &words[start * ROW_WORDS..end * ROW_WORDS] }
    }

    /// How many rows, 0 to 64.
    #[must_use]
    pub fn rows(self) -> usize {
        self.words.len() / ROW_WORDS
    }

    /// A bit for each row that exists.
    #[must_use]
    pub fn every_row(self) -> u64 {
        u64::MAX.checked_shr(64 - self.rows() as u32).unwrap_or(0)
    }

    /// The words of the block, 16 a row.
    #[must_use]
    pub fn words(self) -> &'a [AtomicU64] {
        self.words
    }
}

/// One set of kernels. All sets give the same answers; a property of this module's tests says so.
pub struct Kernel {
    level: Level,
    hits: Hits,
    count: Count,
    union: Union,
}

static SCALAR: Kernel =
    Kernel { level: Level::Scalar, hits: scalar::hits, count: scalar::count, union: scalar::union };

impl Kernel {
    /// The fastest set this machine can run, looked up once a process.
    #[must_use]
    pub fn detected() -> &'static Kernel {
        static FOUND: OnceLock<&'static Kernel> = OnceLock::new();
        FOUND.get_or_init(|| [Level::Avx512, Level::Avx2].into_iter().find_map(Kernel::of).unwrap_or(&SCALAR))
    }

    /// The set of one level, or `None` where this machine lacks the instructions.
    #[must_use]
    pub fn of(level: Level) -> Option<&'static Kernel> {
        match level {
            Level::Scalar => Some(&SCALAR),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => avx2::kernel(),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => avx512::kernel(),
            #[cfg(not(target_arch = "x86_64"))]
            Level::Avx2 | Level::Avx512 => None,
        }
    }

    /// Which instructions this set uses.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }

    /// The chosen rows that have any bit of `mask`: bit `i` of the answer is row `i` of the block.
    #[must_use]
    pub fn hits(&self, block: Block<'_>, select: u64, mask: &RowBits) -> u64 {
        (self.hits)(block, select & block.every_row(), mask)
    }

    /// How many bits of `mask` are set in the chosen rows, together.
    #[must_use]
    pub fn count(&self, block: Block<'_>, select: u64, mask: &RowBits) -> u64 {
        (self.count)(block, select & block.every_row(), mask)
    }

    /// The union of all rows of the block: the row of the summary above it.
    #[must_use]
    pub fn union(&self, block: Block<'_>) -> RowBits {
        (self.union)(block)
    }
}

impl std::fmt::Debug for Kernel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Kernel({:?})", self.level)
    }
}

/// The positions of the set bits of `bits`, lowest first.
pub(crate) fn positions(mut bits: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let position = bits.trailing_zeros();
        bits &= bits.wrapping_sub(1);
        (position < 64).then_some(position)
    })
}

#[cfg(test)]
mod tests;
