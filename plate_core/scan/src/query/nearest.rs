//! The free marks likest to one that is gone: what a refusal offers instead.
//!
//! Likeness is about what people choose a mark for. One thing may change: the letters with the
//! digits kept, or the digits with the letters kept. Candidates come in this order, each step
//! deciding only what the ones before left open:
//!
//! 1. marks of the same region before those of any other;
//! 2. fewer changed characters before more (in another region, none changed comes first);
//! 3. kept digits before kept letters: of `777 AAA`, `777 AAB` is liker than `778 AAA`;
//! 4. the smaller distance between the numbers (of the series AAA = 0, AAB = 1, …; or of the digits);
//! 5. the lower region, then the lower ordinal.
//!
//! Marks with both changed are not alike and are never offered. The answer is the same on every
//! machine that has the same planes.

use plate_algebra::Mark;

use super::{LIMIT_MAX, QueryError};
use crate::kernels::BLOCK_ROWS;
use crate::planes::{Planes, PoolPlanes};

const LETTERS: u32 = 26;
const DIGITS: u32 = 10;
/// Digits of a mark; a format with fewer has zeros before them, and no free mark without.
const DIGIT_PLACES: u32 = 3;

/// What decides among candidates with equally many changed characters: kept letters or digits, the
/// distance, the region, the ordinal.
type Likeness = (bool, u16, Mark);

impl Planes {
    /// Up to `limit` free marks, the likest to `mark` first; never `mark` itself.
    ///
    /// # Errors
    /// [`QueryError::LimitOutOfRange`].
    pub fn nearest(&self, mark: Mark, limit: usize) -> Result<Vec<Mark>, QueryError> {
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(QueryError::LimitOutOfRange(limit));
        }
        let pools = || self.of_format(mark.format);
        let here = |pool: &PoolPlanes<'_>| pool.pool().region == mark.region;
        let most = pools().map(letters_of).max().unwrap_or(0).max(DIGIT_PLACES);
        let mut nearest = Vec::new();
        for changed in 1..=most {
            collect(pools().filter(here), mark, changed, limit, &mut nearest);
        }
        for changed in 0..=most {
            collect(pools().filter(|pool| !here(pool)), mark, changed, limit, &mut nearest);
        }
        Ok(nearest)
    }
}

/// Adds the free marks of the pools with so many changed characters, until there are enough.
fn collect<'a>(
    pools: impl Iterator<Item = PoolPlanes<'a>>,
    mark: Mark,
    changed: u32,
    limit: usize,
    nearest: &mut Vec<Mark>,
) {
    if nearest.len() >= limit {
        return;
    }
    let mut found: Vec<Likeness> = Vec::new();
    for pool in pools {
        let mut offer = |series: u16, digits: u16, letters_kept: bool| {
            if is_free(pool, series, digits) {
                let distance = series.abs_diff(mark.series) + digits.abs_diff(mark.digits);
                let plate_algebra::Pool { format, region } = pool.pool();
                found.push((letters_kept, distance, Mark { format, region, series, digits }));
            }
        };
        let of_series = Variants { value: mark.series.into(), base: LETTERS, places: letters_of(pool) };
        of_series.each(changed, &mut |series| offer(series, mark.digits, false));
        if changed > 0 {
            let of_digits = Variants { value: mark.digits.into(), base: DIGITS, places: DIGIT_PLACES };
            of_digits.each(changed, &mut |digits| offer(mark.series, digits, true));
        }
    }
    found.sort_unstable();
    nearest.extend(found.into_iter().map(|(_, _, mark)| mark).take(limit - nearest.len()));
}

/// Asks the summary of 64 rows first: it stays in the cache, the rows do not.
fn is_free(pool: PoolPlanes<'_>, series: u16, digits: u16) -> bool {
    pool.block_has(usize::from(series) / BLOCK_ROWS, digits) && pool.is_free(series, digits)
}

/// How many letters a series of this pool has.
fn letters_of(pool: PoolPlanes<'_>) -> u32 {
    pool.rows().checked_ilog(LETTERS as usize).unwrap_or(0)
}

/// A number as places of a base, and the numbers that differ from it in so many places.
struct Variants {
    value: u32,
    base: u32,
    places: u32,
}

impl Variants {
    /// Calls `found` with each of them, ascending.
    fn each(&self, changed: u32, found: &mut impl FnMut(u16)) {
        self.extend(0, self.places, changed, found);
    }

    fn extend(&self, prefix: u32, places_left: u32, changes_left: u32, found: &mut impl FnMut(u16)) {
        if changes_left > places_left {
            return;
        }
        let Some(lower_places) = places_left.checked_sub(1) else {
            found(prefix as u16);
            return;
        };
        let kept = self.value / self.base.pow(lower_places) % self.base;
        for place in 0..self.base {
            let next = prefix * self.base + place;
            if place == kept {
                self.extend(next, lower_places, changes_left, found);
            } else if changes_left > 0 {
                self.extend(next, lower_places, changes_left - 1, found);
            }
        }
    }
}
