//! Where everything lies in the shared memory: arithmetic only, in words of 64 bits.
//!
//! ```text
//! header      512 words   magic, layout version, sizes, ready, generation, times
//! directory   64 words a pool: its id, its rows, where its data starts, its stamps
//! pool data   each pool from a page boundary on:
//!   free      16 words a row      bit = digits, row = series
//!   issued    16 words a row      imported from the registry
//!   withheld  16 words a row      by rule, 000 and the padding among them
//!   blocks    16 words a block    union of 64 rows of `free`
//!   all       16 words            union of all rows of `free`
//!   rows      u16 a row           free marks of the row
//!   digits    u16 a digit value   free marks with these digits
//! ```
//!
//! **Why `free` and not `taken`.** Free is "none of taken, issued, withheld", and every search asks
//! only for free. Kept as three source planes a search reads three cache lines a row and the country
//! is 135 MB to walk; kept as `free` it reads one and walks 45 MB. A fourth plane beside the three
//! would need 185 MB a machine. `taken` is what is left: not free, not issued, not withheld. What is
//! given up: of a mark that is issued or withheld the replica does not know whether it also has a
//! live record. It refuses such a mark either way, and only the store decides. The alternatives stand
//! in `docs/decisions/` (the replica keeps free, not taken).
//!
//! **Why the summaries.** A popular pattern sells out first, and then its scan finds nothing: `777 *`
//! would read a cache line for each of 351,520 rows to show its last mark. The unions say in 16
//! words that 64 rows, or a whole pool, have nothing left. The counts make the exact number of free
//! marks of most patterns a sum of at most 1,000 numbers a pool instead of a walk over its rows.
//! They cost 1 % of the planes: 71 KB beside 6.7 MB for a pool of persons' cars.

use crate::kernels::{BLOCK_ROWS, ROW_BITS, ROW_WORDS};

/// The first word of a file of planes.
pub(crate) const MAGIC: u64 = u64::from_le_bytes(*b"KZPLANES");
/// Raised with every change to this page; a file of another version is refused by name.
pub(crate) const LAYOUT_VERSION: u64 = 1;
/// Most pools of a file: a rule book has at most 32 formats and 99 regions, 3,168 pools.
pub(crate) const POOLS_MAX: usize = 32 * 99;
/// Most rows of a pool: three letters (26³ = 17,576) fit, and a series is a `u16`.
pub(crate) const ROWS_MAX: usize = 1 << 16;

pub(crate) const HEADER_WORDS: usize = 512;
pub(crate) const ENTRY_WORDS: usize = 64;
/// Pools start at a page, so that a row is never split between cache lines or pages.
const PAGE_WORDS: usize = 512;
/// A counter is 16 bits: no pool has more rows, no row more digits than that.
const COUNTERS_A_WORD: usize = 4;

/// Words of the header.
pub(crate) mod header {
    pub(crate) const MAGIC: usize = 0;
    pub(crate) const VERSION: usize = 1;
    pub(crate) const TOTAL_WORDS: usize = 2;
    pub(crate) const POOLS: usize = 3;
    /// 0 while the writer fills the planes, 1 from then on.
    pub(crate) const READY: usize = 4;
    /// When the file was made, and so which of two files is the newer one.
    pub(crate) const GENERATION: usize = 5;
    /// The store's time when the writer last knew that it had seen everything.
    pub(crate) const UPDATED_AT_MS: usize = 6;
}

/// Words of a directory entry.
pub(crate) mod entry {
    pub(crate) const ID: usize = 0;
    /// 32 bytes of a format's identifier, a dot, two digits: at most 35 bytes.
    pub(crate) const ID_WORDS: usize = 6;
    pub(crate) const ROWS: usize = 6;
    pub(crate) const DATA: usize = 7;
    pub(crate) const REVISION: usize = 8;
    pub(crate) const FEED_MS: usize = 9;
    pub(crate) const FEED_SEQUENCE: usize = 10;
    pub(crate) const UPDATED_AT_MS: usize = 11;
    pub(crate) const FREE: usize = 12;
}

/// The parts of one pool's data, as offsets from its first word.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct PoolLayout {
    pub rows: usize,
}

impl PoolLayout {
    pub const fn blocks(self) -> usize {
        self.rows.div_ceil(BLOCK_ROWS)
    }

    pub const fn plane_words(self) -> usize {
        self.rows * ROW_WORDS
    }

    pub const fn free(self) -> usize {
        0
    }

    pub const fn issued(self) -> usize {
        self.plane_words()
    }

    pub const fn withheld(self) -> usize {
        2 * self.plane_words()
    }

    pub const fn block_unions(self) -> usize {
        3 * self.plane_words()
    }

    pub const fn pool_union(self) -> usize {
        self.block_unions() + self.blocks() * ROW_WORDS
    }

    pub const fn row_counts(self) -> usize {
        self.pool_union() + ROW_WORDS
    }

    pub const fn row_count_words(self) -> usize {
        self.rows.div_ceil(COUNTERS_A_WORD)
    }

    pub const fn digit_counts(self) -> usize {
        self.row_counts() + self.row_count_words()
    }

    pub const fn digit_count_words(self) -> usize {
        ROW_BITS / COUNTERS_A_WORD
    }

    pub const fn words(self) -> usize {
        (self.digit_counts() + self.digit_count_words()).next_multiple_of(PAGE_WORDS)
    }
}

/// Where the data of each pool starts, and how many words the whole takes.
pub(crate) fn place_pools(rows: &[usize]) -> (Vec<usize>, usize) {
    let mut next = (HEADER_WORDS + rows.len() * ENTRY_WORDS).next_multiple_of(PAGE_WORDS);
    let mut starts = Vec::with_capacity(rows.len());
    for &rows in rows {
        starts.push(next);
        next += PoolLayout { rows }.words();
    }
    (starts, next)
}

/// The first word of the directory entry of pool number `index`.
pub(crate) const fn entry_start(index: usize) -> usize {
    HEADER_WORDS + index * ENTRY_WORDS
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Twenty regions of both formats stay under the 150 MB a machine may spend on its replica.
    #[test]
    fn the_country_with_all_planes_takes_less_than_150_megabytes() {
        let rows: Vec<usize> = [[26 * 26 * 26; 20], [26 * 26; 20]].concat();
        let (_, words) = place_pools(&rows);
        assert!(words * 8 < 150_000_000, "{} bytes", words * 8);
    }

    /// Pools and their parts lie one behind the other, without overlap, at whole pages.
    #[test]
    fn pools_start_at_pages_and_do_not_overlap() {
        let rows = [26, 676, 17_576, 1];
        let (starts, total) = place_pools(&rows);
        let mut end = entry_start(rows.len());
        for (start, rows) in starts.into_iter().zip(rows) {
            let layout = PoolLayout { rows };
            assert!(start >= end && start % PAGE_WORDS == 0);
            assert_eq!(layout.issued() - layout.free(), rows * ROW_WORDS);
            assert!(layout.digit_counts() + layout.digit_count_words() <= layout.words());
            end = start + layout.words();
        }
        assert_eq!(end, total);
    }
}
