//! Whole columns of marks, as analysts and the registry's import hold them: Arrow's layout of texts in,
//! plain columns of numbers out.
//!
//! A column of texts is rows + 1 offsets (little-endian i32) into bytes. A row that stands exactly as marks are
//! written (`777AAA02`) is read by a table a place; anything else is read as people type it, and the long way
//! ([`crate::parse`]) says why a row holds no mark. A column means the same as its rows one by one, which a
//! property holds.
//! Not here: Arrow itself and its null bitmaps, which belong to whoever has Arrow.

use crate::alphabet::{self, Sign};
use crate::beauty::TagSet;
use crate::bounds;
use crate::certificate::PriceError;
use crate::classify::{NO_MARK, NOT_OFFERED, TierTable};
use crate::date::Date;
use crate::format::{Format, FormatId, Formats, Place};
use crate::mark::Mark;
use crate::region::Region;
use crate::rulebook::RuleBook;
use crate::tier::{Acquired, TierId};

/// The pool index of a row that holds no mark.
pub const NO_POOL: u16 = u16::MAX;
/// Why a row that is not text holds no mark.
const NOT_UTF8: &str = "not_utf8";

/// Bytes that are no column of texts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ColumnError {
    /// Offsets are four bytes each, and one more than rows.
    #[error("offsets are one or more little-endian 32-bit integers, found {0} bytes")]
    Offsets(usize),
    /// An offset lies before the one before it, or behind the data.
    #[error("the offset of row {0} points outside the data")]
    Outside(usize),
}

/// A column of texts, checked: every row lies inside the data.
#[derive(Clone, Copy, Debug)]
pub struct TextColumn<'a> {
    offsets: &'a [u8],
    data: &'a [u8],
}

impl<'a> TextColumn<'a> {
    /// A column over two buffers in Arrow's layout.
    pub fn new(offsets: &'a [u8], data: &'a [u8]) -> Result<TextColumn<'a>, ColumnError> {
        if offsets.is_empty() || !offsets.len().is_multiple_of(4) {
            return Err(ColumnError::Offsets(offsets.len()));
        }
        let column = TextColumn { offsets, data };
        // Offsets that never fall lie inside if the last one does: one pass without a branch a row.
        let (mut before, mut falls) = (0, false);
        for offset in numbers(offsets) {
            falls |= offset < before;
            before = offset;
        }
        if falls || usize::try_from(before).is_ok_and(|last| last > data.len()) {
            return Err(ColumnError::Outside(column.first_outside()));
        }
        Ok(column)
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.offsets.len() / 4 - 1
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rows, in order.
    pub fn rows(&self) -> impl Iterator<Item = &'a [u8]> {
        let data = self.data;
        let mut ends = numbers(self.offsets).map(|offset| offset as usize);
        let mut start = ends.next().unwrap_or(0);
        ends.map(move |end| data.get(std::mem::replace(&mut start, end)..end).unwrap_or_default())
    }

    /// The first row whose offset lies before the one before it, or behind the data.
    fn first_outside(&self) -> usize {
        let mut before = 0;
        let mut outside = numbers(self.offsets).map(|offset| {
            let falls = offset < before;
            before = offset;
            falls || usize::try_from(offset).is_ok_and(|offset| offset > self.data.len())
        });
        outside.position(|outside| outside).unwrap_or_default()
    }
}

/// Little-endian 32-bit integers.
fn numbers(bytes: &[u8]) -> impl Iterator<Item = i32> + use<'_> {
    bytes.as_chunks::<4>().0.iter().map(|bytes| i32::from_le_bytes(*bytes))
}

/// Reads rows; made once for a column.
struct Reader<'a> {
    formats: &'a Formats,
    /// Each enabled format as its marks are written.
    written: Vec<Written>,
}

impl<'a> Reader<'a> {
    fn new(formats: &'a Formats) -> Self {
        let written = formats.enabled().map(|(id, format)| Written::new(id, format));
        Self { formats, written: written.collect() }
    }

    /// The mark of a row, or why it holds none.
    #[inline]
    fn read(&self, row: &[u8]) -> Result<Mark, &'static str> {
        self.find(row).map_or_else(|| self.refusal(row), Ok)
    }

    /// The mark of a row, without a reason where there is none.
    #[inline]
    fn find(&self, row: &[u8]) -> Option<Mark> {
        self.find_written(row).or_else(|| self.find_typed(row))
    }

    #[inline]
    fn find_written(&self, row: &[u8]) -> Option<Mark> {
        let mut written = self.written.iter().filter(|written| written.places.len() == row.len());
        written.find_map(|written| written.read(row, self.formats))
    }

    /// What people type, without memory from the system: a column can hold a million of them.
    #[inline(never)]
    fn find_typed(&self, row: &[u8]) -> Option<Mark> {
        let mut typed = [0; TYPED_CHARS];
        let typed = read_characters(std::str::from_utf8(row).ok()?, &mut typed)?;
        match typed.strip_prefix(b"KZ") {
            // KZ is dropped only where the text cannot be read with it.
            Some(rest) if !self.formats.has_shape_of_any(typed) => self.find_written(rest),
            _ => self.find_written(typed),
        }
    }

    #[cold]
    fn refusal(&self, row: &[u8]) -> Result<Mark, &'static str> {
        let text = std::str::from_utf8(row).map_err(|_| NOT_UTF8)?;
        self.formats.parse(text).map_err(|error| error.slug())
    }
}

/// Characters that count in a text: KZ, and then at most three digits, three letters and the region.
const TYPED_CHARS: usize = 10;

/// The characters that count, as they are written; `None` where one stands in no mark, or there are too many.
fn read_characters<'a>(text: &str, typed: &'a mut [u8; TYPED_CHARS]) -> Option<&'a [u8]> {
    let mut length = 0;
    for (position, character) in (1..).zip(text.chars()) {
        let written = match alphabet::read(character) {
            Sign::Digit(value) => b'0' + value,
            Sign::Letter { letter, .. } => letter,
            Sign::Blank | Sign::Dash if position <= bounds::MARK_CHARS.max => continue,
            Sign::Blank | Sign::Dash | Sign::Other(_) => return None,
        };
        *typed.get_mut(length).filter(|_| position <= bounds::MARK_CHARS.max)? = written;
        length += 1;
    }
    typed.get(..length)
}

/// A format as its marks are written: what each byte adds at each place.
///
/// A sum over the places is digits, series and region side by side, so that a row is read without a branch
/// a place; a byte that may not stand at its place adds [`Written::REFUSED`], which no sum of others reaches.
struct Written {
    format: FormatId,
    digits_from: u16,
    places: Vec<[u64; 256]>,
}

impl Written {
    const SERIES: u32 = 16;
    const REGION: u32 = 32;
    const REFUSED: u64 = 1 << 48;

    fn new(id: FormatId, format: &Format) -> Written {
        let places = format.places();
        let count = |wanted: fn(&Place) -> bool| places.iter().filter(|place| wanted(place)).count();
        let digits = count(|place| matches!(place, Place::Digit(_)));
        let letters = count(|place| matches!(place, Place::Letter(_)));
        let adds = |place: &Place| match place {
            Place::Digit(index) => adds(b'0', 10, weight(10, digits, *index)),
            Place::Letter(index) => adds(b'A', 26, weight(26, letters, *index) << Written::SERIES),
            Place::Region(index) => adds(b'0', 10, weight(10, 2, *index) << Written::REGION),
        };
        Written { format: id, digits_from: format.digits_from, places: places.iter().map(adds).collect() }
    }

    /// The sum where there are exactly `N` places: a loop whose length is known needs no branch.
    #[inline]
    fn sum<const N: usize>(&self, row: &[u8]) -> Option<u64> {
        let places: &[[u64; 256]; N] = self.places.as_slice().try_into().ok()?;
        let row: &[u8; N] = row.try_into().ok()?;
        Some(sum(places, row))
    }

    /// A row of the right length exactly as marks are written; `None` where it is anything else, or not issued.
    #[inline]
    fn read(&self, row: &[u8], formats: &Formats) -> Option<Mark> {
        let sum = self.sum::<8>(row).or_else(|| self.sum::<7>(row)).unwrap_or_else(|| sum(&self.places, row));
        if sum >= Written::REFUSED {
            return None;
        }
        let (digits, series) = (sum as u16, (sum >> Written::SERIES) as u16);
        let region = Region::new((sum >> Written::REGION) as u8).ok()?;
        let issued = digits >= self.digits_from && formats.region_mask().contains(region);
        issued.then_some(Mark { format: self.format, region, series, digits })
    }
}

/// Of as many places as bytes.
#[inline]
fn sum(places: &[[u64; 256]], row: &[u8]) -> u64 {
    places.iter().zip(row).map(|(adds, byte)| adds[usize::from(*byte)]).sum()
}

/// What the place number `index` of `places` weighs in a number of this base.
fn weight(base: u64, places: usize, index: u8) -> u64 {
    let behind = places.saturating_sub(usize::from(index) + 1);
    (0..behind).fold(1, |weight, _| weight * base)
}

/// What each byte adds: `count` of them from `first` on stand for 0, 1, 2 ..., the others are refused.
fn adds(first: u8, count: u8, weight: u64) -> [u64; 256] {
    let mut adds = [Written::REFUSED; 256];
    for (value, entry) in (0..u64::from(count)).zip(adds.iter_mut().skip(usize::from(first))) {
        *entry = value * weight;
    }
    adds
}

/// A column of places.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PlaceColumn {
    /// Which of [`Formats::pools`], or [`NO_POOL`].
    pub pools: Vec<u16>,
    /// Which mark of the pool; 0 where there is none.
    pub ordinals: Vec<u32>,
    /// The rows that hold no mark, with the slug of the reason.
    pub faults: Vec<(usize, &'static str)>,
}

impl Formats {
    /// Reads a column of marks.
    pub fn parse_column(&self, column: TextColumn<'_>) -> PlaceColumn {
        let reader = Reader::new(self);
        let pools = self.pools();
        let index_of =
            |mark: &Mark| pools.binary_search(&mark.pool()).ok().and_then(|at| u16::try_from(at).ok());
        // `pools` is by format and region, which is also their order.
        debug_assert!(pools.is_sorted());
        let mut places = PlaceColumn {
            pools: Vec::with_capacity(column.len()),
            ordinals: Vec::with_capacity(column.len()),
            faults: Vec::new(),
        };
        for (row, text) in column.rows().enumerate() {
            let (pool, ordinal) = match reader.read(text) {
                Ok(mark) => (index_of(&mark).unwrap_or(NO_POOL), mark.ordinal().get()),
                Err(reason) => {
                    places.faults.push((row, reason));
                    (NO_POOL, 0)
                }
            };
            places.pools.push(pool);
            places.ordinals.push(ordinal);
        }
        places
    }
}

/// A column of classifications, field by field.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ClassColumn {
    /// A [`TierId`]'s number, [`NOT_OFFERED`], or [`NO_MARK`].
    pub tiers: Vec<u8>,
    /// The tags of each mark.
    pub tags: Vec<TagSet>,
    /// The price in tiyn; 0 where there is none.
    pub amounts_tiyn: Vec<i64>,
    /// 1 where the rule book withholds the mark.
    pub withheld: Vec<u8>,
}

impl RuleBook {
    /// Tier, tags, price and withholding of every row.
    pub fn classify_texts(
        &self,
        column: TextColumn<'_>,
        acquired: Acquired,
        on: Date,
    ) -> Result<ClassColumn, PriceError> {
        let classifier = self.classifier(acquired, on)?;
        let tiers = (0..).map(TierId).take(classifier.tariff().tiers.len());
        let amounts = tiers.map(|tier| self.tier_amount(tier, on).map(|amount| amount.0));
        let amounts = amounts.collect::<Result<Vec<i64>, _>>()?;
        let reader = Reader::new(self.formats());
        let rows = column.len();
        let mut classes = ClassColumn {
            tiers: Vec::with_capacity(rows),
            tags: Vec::with_capacity(rows),
            amounts_tiyn: Vec::with_capacity(rows),
            withheld: Vec::with_capacity(rows),
        };
        for text in column.rows() {
            let found = reader.find(text).and_then(|mark| classifier.classify(mark));
            let tier = found.map_or(NO_MARK, |found| found.tier.map_or(NOT_OFFERED, |tier| tier.0));
            classes.tiers.push(tier);
            classes.tags.push(found.map_or(TagSet::default(), |found| found.tags));
            classes.amounts_tiyn.push(amounts.get(usize::from(tier)).copied().unwrap_or(0));
            classes.withheld.push(found.is_some_and(|found| found.withheld).into());
        }
        Ok(classes)
    }
}

/// Says the tier of texts and nothing else: for whoever wants no tags, no price and no reason.
pub struct TierReader<'a> {
    reader: Reader<'a>,
    /// By format; `None` where it has no prices.
    tables: Vec<Option<TierTable<'a>>>,
}

impl TierReader<'_> {
    /// A [`TierId`]'s number, [`NOT_OFFERED`], or [`NO_MARK`].
    #[inline]
    pub fn code(&self, text: &[u8]) -> u8 {
        let Some(mark) = self.reader.find(text) else { return NO_MARK };
        let table = self.tables.get(usize::from(mark.format.0)).and_then(Option::as_ref);
        table.map_or(NO_MARK, |table| table.code(mark.series, mark.digits))
    }

    /// The codes of a whole column.
    pub fn codes(&self, column: TextColumn<'_>) -> Vec<u8> {
        column.rows().map(|text| self.code(text)).collect()
    }
}

impl RuleBook {
    /// What says the tier of any number of texts.
    pub fn tier_reader(&self, acquired: Acquired, on: Date) -> Result<TierReader<'_>, PriceError> {
        let classifier = self.classifier(acquired, on)?;
        let tables = self.formats().iter().map(|(id, _)| classifier.tier_table(id));
        Ok(TierReader { reader: Reader::new(self.formats()), tables: tables.collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use proptest::prelude::*;

    fn buffers(rows: &[&[u8]]) -> (Vec<u8>, Vec<u8>) {
        let (mut offsets, mut data) = (0_i32.to_le_bytes().to_vec(), Vec::new());
        for row in rows {
            data.extend_from_slice(row);
            offsets.extend_from_slice(&(data.len() as i32).to_le_bytes());
        }
        (offsets, data)
    }

    /// Offsets that are no offsets are refused by what is wrong with them.
    #[test]
    fn offsets_are_checked() {
        let of =
            |offsets: &[i32]| offsets.iter().flat_map(|offset| offset.to_le_bytes()).collect::<Vec<u8>>();
        for (offsets, data, expected) in [
            (Vec::new(), 0, Err(ColumnError::Offsets(0))),
            (vec![0, 0, 0], 0, Err(ColumnError::Offsets(3))),
            (of(&[0]), 0, Ok(0)),
            (of(&[0, 4, 8]), 8, Ok(2)),
            (of(&[2, 4]), 8, Ok(1)),
            (of(&[0, 9]), 8, Err(ColumnError::Outside(1))),
            (of(&[4, 0]), 8, Err(ColumnError::Outside(1))),
            (of(&[-1, 0]), 8, Err(ColumnError::Outside(0))),
        ] {
            let data = vec![b'7'; data];
            assert_eq!(TextColumn::new(&offsets, &data).map(|column| column.len()), expected, "{offsets:?}");
        }
    }

    proptest! {
        /// A column gives for each row what the row gives by itself.
        #[test]
        fn a_column_is_its_rows(
            rows in prop::collection::vec(
                prop_oneof![
                    "[0-9]{3}[A-Z]{2,3}(0[0-9]|1[0-9]|2[01])",
                    " {0,66}(KZ|kz)?777[aA]{2,3}02[ -]{0,3}",
                    "(KZ)?[ -]?[0-9]{2,4}[ -]?[A-ZАВЕKaz]{2,3}[ -]?[0-9]{2}",
                    "\\PC{0,12}",
                ].prop_map(String::into_bytes)
                .boxed()
                .prop_union(prop::collection::vec(any::<u8>(), 0..10).boxed()),
                0..40,
            )
        ) {
            let formats = fixtures::kazakhstan().unwrap();
            let pools = formats.pools();
            let rows: Vec<&[u8]> = rows.iter().map(Vec::as_slice).collect();
            let (offsets, data) = buffers(&rows);
            let places = formats.parse_column(TextColumn::new(&offsets, &data).unwrap());
            let mut faults = places.faults.iter();
            for (at, row) in rows.iter().enumerate() {
                let single = match std::str::from_utf8(row) {
                    Ok(text) => formats.parse(text).map_err(|error| error.slug()),
                    Err(_) => Err("not_utf8"),
                };
                prop_assert_eq!(Reader::new(&formats).find(row), single.as_ref().ok().copied());
                match single {
                    Ok(mark) => {
                        prop_assert_eq!(pools[usize::from(places.pools[at])], mark.pool());
                        prop_assert_eq!(places.ordinals[at], mark.ordinal().get());
                    }
                    Err(reason) => {
                        prop_assert_eq!(places.pools[at], NO_POOL);
                        prop_assert_eq!(faults.next(), Some(&(at, reason)));
                    }
                }
            }
            prop_assert_eq!(faults.next(), None);
        }
    }
}
