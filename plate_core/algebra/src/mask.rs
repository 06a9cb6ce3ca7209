//! Sets of digit values, of series and of regions, each as one bit a value.
//!
//! A set of marks is a product of the three (see [`crate::area`]), so these are all that is ever stored of
//! a pattern: 128 bytes, 2,200 bytes (17,576 bits in whole words), and 16 bytes.
//! Masks are values: no operation changes one that somebody else sees.

use crate::{bounds, region::Region};
use std::{fmt, sync::Arc};

/// Words of a digit mask: 16 × 64 = 1,024 bits, as wide as a row of a plane.
pub const DIGIT_WORDS: usize = 16;

/// Digit values, 0 to 999; the bits from 1,000 on are padding and never set.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DigitMask(pub [u64; DIGIT_WORDS]);

impl DigitMask {
    /// No value.
    pub const EMPTY: DigitMask = DigitMask([0; DIGIT_WORDS]);

    /// The values for which `wanted` holds, of 0 to 999.
    pub fn from_fn(mut wanted: impl FnMut(u16) -> bool) -> DigitMask {
        let mut mask = DigitMask::EMPTY;
        for value in 0..1000 {
            if wanted(value) {
                mask.set(value);
            }
        }
        mask
    }

    /// The values `from..=to`; those beyond 999 are left out.
    pub fn from_range(from: u16, to: u16) -> DigitMask {
        let mut mask = DigitMask::EMPTY;
        let past = u32::from(to.saturating_add(1).min(1000));
        let below = |bound: u32, first: u32| match bound.saturating_sub(first) {
            bits @ 0..64 => (1_u64 << bits) - 1,
            _ => u64::MAX,
        };
        for (first, word) in (0_u32..).step_by(64).zip(&mut mask.0) {
            *word = below(past, first) & !below(from.into(), first);
        }
        mask
    }

    /// Adds a value; one beyond 999 is padding and is left out.
    pub fn set(&mut self, value: u16) {
        if value < 1000
            && let Some(word) = self.0.get_mut(usize::from(value / 64))
        {
            *word |= 1 << (value % 64);
        }
    }

    /// Whether the value is in the set.
    pub fn contains(&self, value: u16) -> bool {
        self.0.get(usize::from(value / 64)).is_some_and(|word| word >> (value % 64) & 1 == 1)
    }

    /// How many values.
    pub fn count(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// Values in both.
    #[must_use]
    pub fn and(&self, other: &DigitMask) -> DigitMask {
        self.zip(other, |a, b| a & b)
    }

    /// Values in either.
    #[must_use]
    pub fn or(&self, other: &DigitMask) -> DigitMask {
        self.zip(other, |a, b| a | b)
    }

    /// Values in `self` and not in `other`. A complement is `whole.minus(set)`, since only the format
    /// knows what the whole is.
    #[must_use]
    pub fn minus(&self, other: &DigitMask) -> DigitMask {
        self.zip(other, |a, b| a & !b)
    }

    /// The values, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        bits(&self.0).map(|bit| bit as u16)
    }

    fn zip(&self, other: &DigitMask, combine: impl Fn(u64, u64) -> u64) -> DigitMask {
        let mut words = self.0;
        for (word, theirs) in words.iter_mut().zip(other.0) {
            *word = combine(*word, theirs);
        }
        DigitMask(words)
    }
}

impl fmt::Debug for DigitMask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_runs(f, self.iter())
    }
}

/// Series (rows) of one format. Shared, so that a clone costs a counter and not 2 KB.
///
/// Sets of formats with different numbers of rows are never combined; where somebody does so, the rows
/// that only one of them has count as absent from the other.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeriesMask {
    rows: u32,
    words: Arc<[u64]>,
}

impl SeriesMask {
    /// No series of a format with this many rows.
    pub fn empty(rows: u32) -> SeriesMask {
        SeriesMask { rows, words: vec![0; word_count(rows)].into() }
    }

    /// Every series of a format with this many rows.
    pub fn whole(rows: u32) -> SeriesMask {
        let mut words = vec![u64::MAX; word_count(rows)];
        if let Some(last) = words.last_mut()
            && !rows.is_multiple_of(64)
        {
            *last = (1 << (rows % 64)) - 1;
        }
        SeriesMask { rows, words: words.into() }
    }

    /// The given series; those beyond the last row are left out.
    pub fn from_series(rows: u32, series: impl IntoIterator<Item = u16>) -> SeriesMask {
        let mut words = vec![0; word_count(rows)];
        for value in series {
            if u32::from(value) < rows
                && let Some(word) = words.get_mut(usize::from(value / 64))
            {
                *word |= 1_u64 << (value % 64);
            }
        }
        SeriesMask { rows, words: words.into() }
    }

    /// The series for which `wanted` holds.
    pub fn from_fn(rows: u32, mut wanted: impl FnMut(u16) -> bool) -> SeriesMask {
        let last = u16::try_from(rows).unwrap_or(u16::MAX);
        SeriesMask::from_series(rows, (0..last).filter(|value| wanted(*value)))
    }

    /// How many rows the format has, in the set or not.
    pub fn rows(&self) -> u32 {
        self.rows
    }

    /// The bits, least significant first; the bits behind the last row are never set.
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// Where its words lie: a clone lies at the same place, so equal places mean equal sets.
    pub(crate) fn place(&self) -> usize {
        self.words.as_ptr().addr()
    }

    /// Whether the series is in the set.
    pub fn contains(&self, series: u16) -> bool {
        self.words.get(usize::from(series / 64)).is_some_and(|word| word >> (series % 64) & 1 == 1)
    }

    /// How many series.
    pub fn count(&self) -> u32 {
        self.words.iter().map(|word| word.count_ones()).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Series in both.
    #[must_use]
    pub fn and(&self, other: &SeriesMask) -> SeriesMask {
        self.zip(other, |a, b| a & b)
    }

    /// Series in either.
    #[must_use]
    pub fn or(&self, other: &SeriesMask) -> SeriesMask {
        self.zip(other, |a, b| a | b)
    }

    /// Series in `self` and not in `other`.
    #[must_use]
    pub fn minus(&self, other: &SeriesMask) -> SeriesMask {
        self.zip(other, |a, b| a & !b)
    }

    /// Every series of the format that is not in the set.
    #[must_use]
    pub fn complement(&self) -> SeriesMask {
        SeriesMask::whole(self.rows).minus(self)
    }

    /// The series, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        bits(&self.words).map(|bit| bit as u16)
    }

    fn zip(&self, other: &SeriesMask, combine: impl Fn(u64, u64) -> u64) -> SeriesMask {
        let ours = self.words.iter();
        // Of one format both are equally long, and the plain loop is the one that a compiler makes wide.
        let words = if self.words.len() == other.words.len() {
            ours.zip(other.words.iter()).map(|(a, b)| combine(*a, *b)).collect()
        } else {
            let theirs = other.words.iter().copied().chain(std::iter::repeat(0));
            ours.zip(theirs).map(|(a, b)| combine(*a, b)).collect()
        };
        SeriesMask { rows: self.rows, words }
    }
}

impl fmt::Debug for SeriesMask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} series", self.count(), self.rows)
    }
}

/// Regions, one bit a code: bit 2 is region 02. Bit 0 and the bits from 100 on are never set.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RegionMask(pub u128);

impl RegionMask {
    /// No region.
    pub const EMPTY: RegionMask = RegionMask(0);

    /// Just this region.
    pub const fn of(region: Region) -> RegionMask {
        RegionMask(1 << region.code())
    }

    /// Whether the region is in the set.
    pub const fn contains(self, region: Region) -> bool {
        self.0 >> region.code() & 1 == 1
    }

    /// How many regions.
    pub const fn count(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Regions in both.
    #[must_use]
    pub const fn and(self, other: RegionMask) -> RegionMask {
        RegionMask(self.0 & other.0)
    }

    /// Regions in either.
    #[must_use]
    pub const fn or(self, other: RegionMask) -> RegionMask {
        RegionMask(self.0 | other.0)
    }

    /// Regions in `self` and not in `other`.
    #[must_use]
    pub const fn minus(self, other: RegionMask) -> RegionMask {
        RegionMask(self.0 & !other.0)
    }

    /// The regions, ascending.
    pub fn iter(self) -> impl Iterator<Item = Region> {
        let (first, last) = (bounds::REGION_CODE.min as u8, bounds::REGION_CODE.max as u8);
        (first..=last).filter_map(|code| Region::new(code).ok()).filter(move |region| self.contains(*region))
    }
}

impl FromIterator<Region> for RegionMask {
    fn from_iter<I: IntoIterator<Item = Region>>(regions: I) -> RegionMask {
        regions.into_iter().fold(RegionMask::EMPTY, |mask, region| mask.or(RegionMask::of(region)))
    }
}

impl fmt::Debug for RegionMask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_runs(f, self.iter().map(|region| region.code().into()))
    }
}

/// Writes ascending values as runs, `{1-9, 777}`: a whole mask is then one run and not a page.
fn write_runs(f: &mut fmt::Formatter<'_>, values: impl Iterator<Item = u16>) -> fmt::Result {
    let values: Vec<u16> = values.collect();
    let runs = values.chunk_by(|a, b| a + 1 == *b);
    let runs = runs.filter_map(|run| match (run.first(), run.last()) {
        (Some(first), Some(last)) if first == last => Some(first.to_string()),
        (Some(first), Some(last)) => Some(format!("{first}-{last}")),
        _ => None,
    });
    write!(f, "{{{}}}", runs.collect::<Vec<_>>().join(", "))
}

fn word_count(rows: u32) -> usize {
    rows.div_ceil(64) as usize
}

/// Positions of the set bits, ascending, by clearing the lowest one again and again.
fn bits(words: &[u64]) -> impl Iterator<Item = u32> + '_ {
    (0_u32..).zip(words).flat_map(|(index, word)| {
        let mut rest = *word;
        std::iter::from_fn(move || {
            let bit = rest.trailing_zeros();
            if bit == 64 {
                return None;
            }
            rest &= rest - 1;
            Some(index * 64 + bit)
        })
    })
}
