//! Whole columns of marks, as analysts and the registry's import hold them: Arrow's layout of texts in,
//! plain columns of numbers out.
//!
//! A column of texts is rows + 1 offsets (little-endian i32) into bytes. A row that stands exactly as marks are
//! written (`777AAA02`) is read place by place; anything else goes the long way of what people type
//! ([`crate::parse`]), so that a column means the same as its rows one by one, which a property holds.
//! Not here: Arrow itself and its null bitmaps, which belong to whoever has Arrow.

use crate::beauty::TagSet;
use crate::certificate::PriceError;
use crate::classify::{NO_MARK, NOT_OFFERED};
use crate::date::Date;
use crate::format::{FormatId, Formats, Place};
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
        let mut before = 0;
        for row in 0..=column.len() {
            let offset = column.offset(row);
            if offset < before || offset > data.len() {
                return Err(ColumnError::Outside(row));
            }
            before = offset;
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
        let (column, data) = (*self, self.data);
        (0..column.len())
            .map(move |row| data.get(column.offset(row)..column.offset(row + 1)).unwrap_or_default())
    }

    /// A negative offset becomes one behind any data, which the check refuses.
    fn offset(&self, row: usize) -> usize {
        let bytes = self.offsets.get(row * 4..row * 4 + 4).and_then(|bytes| bytes.first_chunk::<4>());
        bytes.and_then(|bytes| usize::try_from(i32::from_le_bytes(*bytes)).ok()).unwrap_or(usize::MAX)
    }
}

/// Reads rows; made once for a column.
struct Reader<'a> {
    formats: &'a Formats,
    /// Each enabled format with the number of characters of its marks.
    shapes: Vec<(FormatId, &'a [Place])>,
}

impl<'a> Reader<'a> {
    fn new(formats: &'a Formats) -> Self {
        let shapes = formats.enabled().map(|(id, format)| (id, format.places()));
        Self { formats, shapes: shapes.collect() }
    }

    fn read(&self, row: &[u8]) -> Result<Mark, &'static str> {
        let written = self.shapes.iter().find_map(|(id, places)| self.read_written(*id, places, row));
        written.map_or_else(|| self.read_typed(row), Ok)
    }

    /// A row exactly as marks are written; `None` where it is anything else, or not issued.
    #[inline]
    fn read_written(&self, format: FormatId, places: &[Place], row: &[u8]) -> Option<Mark> {
        if row.len() != places.len() {
            return None;
        }
        let (mut digits, mut series, mut code) = (0_u16, 0_u16, 0_u8);
        for (place, byte) in places.iter().zip(row) {
            match place {
                Place::Digit(_) => digits = digits * 10 + u16::from(value(*byte, b'0', 10)?),
                Place::Letter(_) => series = series * 26 + u16::from(value(*byte, b'A', 26)?),
                Place::Region(_) => code = code * 10 + value(*byte, b'0', 10)?,
            }
        }
        let region = Region::new(code).ok().filter(|region| self.formats.region_mask().contains(*region))?;
        let issued = digits >= self.formats.get(format).digits_from;
        issued.then_some(Mark { format, region, series, digits })
    }

    fn read_typed(&self, row: &[u8]) -> Result<Mark, &'static str> {
        let text = std::str::from_utf8(row).map_err(|_| NOT_UTF8)?;
        self.formats.parse(text).map_err(|error| error.slug())
    }
}

/// How far a byte lies behind the first of its kind.
#[inline]
fn value(byte: u8, first: u8, count: u8) -> Option<u8> {
    let value = byte.wrapping_sub(first);
    (value < count).then_some(value)
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
            let found = reader.read(text).ok().and_then(|mark| classifier.classify(mark));
            let tier = found.map_or(NO_MARK, |found| found.tier.map_or(NOT_OFFERED, |tier| tier.0));
            classes.tiers.push(tier);
            classes.tags.push(found.map_or(TagSet::default(), |found| found.tags));
            classes.amounts_tiyn.push(amounts.get(usize::from(tier)).copied().unwrap_or(0));
            classes.withheld.push(found.is_some_and(|found| found.withheld).into());
        }
        Ok(classes)
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
