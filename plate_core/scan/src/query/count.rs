//! How many marks of an area are free: exact, and mostly without looking at a row.
//!
//! For one rectangle in one pool, D the digits of which anything is left, S the series:
//!
//! - every such digit wanted: the sum of the counts of the rows in S;
//! - every series wanted: the sum of the counts of the digits in D;
//! - otherwise the rows in S are counted, or, where S is more than half of all rows, those *not* in
//!   S are counted and taken from the sum over D. "Letters not all identical" is 17,550 rows, its
//!   complement 26.

use plate_algebra::{Area, Rectangle};

use super::selection::both;
use crate::kernels::{RowBits, positions};
use crate::planes::{Planes, PoolPlanes};

impl Planes {
    /// How many marks of the area are free, exact. Pools without planes hold none.
    ///
    /// While the planes change, marks that come or go meanwhile may or may not be counted.
    #[must_use]
    pub fn count_free(&self, area: &Area) -> u64 {
        let mut sum = 0;
        for rectangle in area.rectangles() {
            let series = Series::of(rectangle);
            let pools = self.of_format(area.format);
            for pool in pools.filter(|pool| rectangle.regions.contains(pool.pool().region)) {
                sum += self.count_in_pool(pool, &rectangle.digits.0, &series);
            }
        }
        sum
    }

    /// How many marks the area has in pools with planes, in whatever state.
    #[must_use]
    pub(super) fn count_all(&self, area: &Area) -> u64 {
        let pools = |rectangle: &Rectangle| {
            let there = |pool: &PoolPlanes<'_>| rectangle.regions.contains(pool.pool().region);
            self.of_format(area.format).filter(there).count() as u64
        };
        let marks =
            |rectangle: &Rectangle| u64::from(rectangle.digits.count()) * u64::from(rectangle.series.count());
        area.rectangles().iter().map(|rectangle| pools(rectangle) * marks(rectangle)).sum()
    }

    fn count_in_pool(&self, pool: PoolPlanes<'_>, digits: &RowBits, series: &Series<'_>) -> u64 {
        let left = pool.union();
        let wanted = both(digits, &left);
        let rows = pool.rows();
        if wanted.iter().all(|&word| word == 0) {
            0
        } else if wanted == left && series.count == rows {
            pool.free()
        } else if wanted == left {
            let blocks = 0..pool.blocks();
            blocks.map(|block| pool.free_in_rows(block, series.rows(block))).sum()
        } else if series.count == rows {
            free_with_any(pool, &wanted)
        } else if series.count * 2 <= rows {
            self.count_rows(pool, &wanted, |block| series.rows(block))
        } else {
            let others = self.count_rows(pool, &wanted, |block| !series.rows(block));
            // The counts and the rows may be of different moments: never below nothing.
            free_with_any(pool, &wanted).saturating_sub(others)
        }
    }

    /// Counts row by row, in those blocks that have any of the digits.
    fn count_rows(&self, pool: PoolPlanes<'_>, digits: &RowBits, rows: impl Fn(usize) -> u64) -> u64 {
        let mut sum = 0;
        for group in (0..pool.blocks()).step_by(64) {
            let live = self.kernel().hits(pool.union_block(group), u64::MAX, digits);
            for block in positions(live).map(|block| group + block as usize) {
                let chosen = rows(block);
                if chosen != 0 {
                    sum += self.kernel().count(pool.free_block(block), chosen, digits);
                }
            }
        }
        sum
    }
}

/// The series of a rectangle with their number, which is asked for in every region.
struct Series<'a> {
    words: &'a [u64],
    count: usize,
}

impl<'a> Series<'a> {
    fn of(rectangle: &'a Rectangle) -> Series<'a> {
        Series { words: rectangle.series.words(), count: rectangle.series.count() as usize }
    }

    fn rows(&self, block: usize) -> u64 {
        self.words.get(block).copied().unwrap_or(0)
    }
}

fn free_with_any(pool: PoolPlanes<'_>, digits: &RowBits) -> u64 {
    let words = digits.iter().enumerate();
    let values =
        words.flat_map(|(index, &word)| positions(word).map(move |bit| index as u16 * 64 + bit as u16));
    values.map(|digits| pool.free_with_digits(digits)).sum()
}
