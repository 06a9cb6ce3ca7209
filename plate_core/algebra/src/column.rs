//! Whole columns of marks, as analysts and the registry's import hold them: Arrow's layout of texts in,
//! plain columns of numbers out.
//!
//! A column of texts is rows + 1 offsets (little-endian i32) into bytes. A row that stands exactly as marks are
//! written (`777AAA02`) is read by a table a place; anything else is read as people type it, and the long way
//! ([`crate::parse`]) says why a row holds no mark. A column means the same as its rows one by one, which a
//! property holds.
//! Not here: Arrow itself and its null bitmaps, which belong to whoever has Arrow.

mod row;
mod typed;
mod written;

use crate::beauty::TagSet;
use crate::certificate::PriceError;
use crate::classify::{NO_MARK, NOT_OFFERED, TierTable};
use crate::date::Date;
use crate::format::{Format, FormatId, Formats};
use crate::mark::Mark;
use crate::region::Region;
use crate::rulebook::RuleBook;
use crate::tier::{Acquired, TierId};
use row::Row;
use written::{Numbers, WrittenFormats};

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
    fn rows(&self) -> impl ExactSizeIterator<Item = Row<'a>> {
        let data = self.data;
        let mut ends = numbers(self.offsets).map(|offset| offset as u32 as usize);
        let mut start = ends.next().unwrap_or(0);
        ends.map(move |end| Row::within(data, std::mem::replace(&mut start, end), end))
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
fn numbers(bytes: &[u8]) -> impl ExactSizeIterator<Item = i32> + use<'_> {
    bytes.as_chunks::<4>().0.iter().map(|bytes| i32::from_le_bytes(*bytes))
}

/// Reads rows, with what is to be known of a mark's format; made once for a column.
struct Reader<'a, A> {
    formats: &'a Formats,
    written: WrittenFormats<A>,
}

impl<'a, A> Reader<'a, A> {
    fn new(formats: &'a Formats, about: impl Fn(FormatId, &Format) -> A) -> Self {
        Self { formats, written: WrittenFormats::new(formats, about) }
    }

    /// What becomes of the numbers that a row holds; `None` where it has the form of no mark.
    #[inline]
    fn find<T>(&self, row: Row<'_>, then: impl Fn(&A, Numbers) -> T) -> Option<T> {
        let found = match row.bytes() {
            Some(bytes) => self.written.read(bytes, row.len()),
            None => self.written.read(&row.padded(), row.len()),
        };
        match found {
            Some((about, numbers)) => Some(then(about, numbers)),
            None => self.find_otherwise(row).map(|(about, numbers)| then(about, numbers)),
        }
    }

    /// A row in a format that is not the first of its length, or as people type it.
    #[inline(never)]
    fn find_otherwise(&self, row: Row<'_>) -> Option<(&A, Numbers)> {
        let (bytes, length) = typed::written(row.text(), self.formats)?;
        self.written.read_any(&bytes, length)
    }
}

/// Reads the marks that are issued.
struct MarkReader<'a>(Reader<'a, Issued>);

/// A format, and the lowest digits that it issues.
struct Issued {
    format: FormatId,
    digits_from: u16,
}

impl<'a> MarkReader<'a> {
    fn new(formats: &'a Formats) -> Self {
        let issued = |format, shape: &Format| Issued { format, digits_from: shape.digits_from };
        Self(Reader::new(formats, issued))
    }

    /// The mark of a row, or why it holds none.
    fn read(&self, row: Row<'_>) -> Result<Mark, &'static str> {
        self.find(row).map_or_else(|| self.refusal(row.text()), Ok)
    }

    /// The mark of a row, without a reason where there is none.
    fn find(&self, row: Row<'_>) -> Option<Mark> {
        let regions = self.0.formats.region_mask();
        let mark = |issued: &Issued, numbers: Numbers| {
            let Numbers { digits, series, region } = numbers;
            let region = Region::new(region).ok().filter(|region| regions.contains(*region))?;
            (digits >= issued.digits_from).then_some(Mark { format: issued.format, region, series, digits })
        };
        self.0.find(row, mark).flatten()
    }

    #[cold]
    fn refusal(&self, row: &[u8]) -> Result<Mark, &'static str> {
        let text = std::str::from_utf8(row).map_err(|_| NOT_UTF8)?;
        self.0.formats.parse(text).map_err(|error| error.slug())
    }
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
        let reader = MarkReader::new(self);
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
        let reader = MarkReader::new(self.formats());
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
    /// `None` for a format without prices.
    reader: Reader<'a, Option<TierTable<'a>>>,
    /// By code: 0 where there is such a region, else [`NO_MARK`].
    regions: [u8; 256],
}

impl TierReader<'_> {
    /// A [`TierId`]'s number, [`NOT_OFFERED`], or [`NO_MARK`].
    #[inline]
    pub fn code(&self, text: &[u8]) -> u8 {
        self.code_of(Row::of(text))
    }

    /// The codes of a whole column.
    pub fn codes(&self, column: TextColumn<'_>) -> Vec<u8> {
        column.rows().map(|row| self.code_of(row)).collect()
    }

    #[inline]
    fn code_of(&self, row: Row<'_>) -> u8 {
        let code = |table: &Option<TierTable<'_>>, Numbers { digits, series, region }| {
            let code = table.as_ref().map_or(NO_MARK, |table| table.code(series, digits));
            // Every bit of a code is set in NO_MARK, so a region that there is not makes it that.
            code | self.regions[usize::from(region)]
        };
        self.reader.find(row, code).unwrap_or(NO_MARK)
    }
}

/// The bitmap that Arrow keeps beside codes: a bit a row, the lowest first, set where there is a tier.
pub fn validity(codes: &[u8]) -> Vec<u8> {
    let (words, rest) = codes.as_chunks();
    let mut last = [NO_MARK; 8];
    for (place, code) in last.iter_mut().zip(rest) {
        *place = *code;
    }
    let last = (!rest.is_empty()).then(|| tier_bits(last));
    words.iter().map(|codes| tier_bits(*codes)).chain(last).collect()
}

/// Eight codes at once: there is no tier where the seven high bits are set, as in [`NOT_OFFERED`] and [`NO_MARK`].
fn tier_bits(codes: [u8; 8]) -> u8 {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let codes = u64::from_le_bytes(codes);
    // Six bits that are all set carry into the highest one of their byte.
    let carried = (codes & 0x7E7E_7E7E_7E7E_7E7E) + 0x0202_0202_0202_0202;
    let tiers = !(carried & codes) & HIGH;
    // The product has the lowest bits of the eight bytes side by side in its highest byte.
    ((tiers >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u8
}

impl RuleBook {
    /// What says the tier of any number of texts.
    pub fn tier_reader(&self, acquired: Acquired, on: Date) -> Result<TierReader<'_>, PriceError> {
        let classifier = self.classifier(acquired, on)?;
        let reader = Reader::new(self.formats(), |format, _| classifier.tier_table(format));
        let mut regions = [NO_MARK; 256];
        for region in self.formats().region_mask().iter() {
            regions[usize::from(region.code())] = 0;
        }
        Ok(TierReader { reader, regions })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Origin;
    use crate::fixtures;
    use crate::names::Names;
    use crate::region::RegionInfo;
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

    /// A bit is set exactly where its code is a tier's, whatever stands beside it.
    #[test]
    fn validity_says_where_there_is_a_tier() {
        let codes: Vec<u8> = (0..=255).chain([7, 255, 254, 253]).collect();
        for shift in 0..9 {
            let codes = &codes[shift..];
            let bits = validity(codes);
            assert_eq!(bits.len(), codes.len().div_ceil(8));
            for at in 0..bits.len() * 8 {
                let expected = codes.get(at).is_some_and(|code| *code < NOT_OFFERED);
                assert_eq!(bits[at / 8] >> (at % 8) & 1 == 1, expected, "code {:?}", codes.get(at));
            }
        }
        assert!(validity(&[]).is_empty());
    }

    /// Formats of which several have the same length, and whose places stand in other orders.
    fn mixed() -> Formats {
        let origin = Origin::file("mixed", 1, 1);
        let names = || Names::new("x", "x", "x");
        let format = |(id, template, digits_from): (&str, &str, u16)| {
            Format::new(id, template, true, digits_from, names(), &origin).unwrap()
        };
        let formats = [
            ("entity", "NNN LL RR", 1),
            ("trailer", "NN LLL RR", 1),
            ("reversed", "RR LL NNN", 0),
            ("letter_first", "L NNN LL RR", 5),
            ("person", "NNN LLL RR", 1),
            ("short", "N L RR", 1),
            ("prefixed", "LL NN RR", 1),
        ];
        let region = |code| Region::new(code).unwrap();
        let regions = [1, 2, 20, 77, 99].map(|code| RegionInfo {
            region: region(code),
            names: names(),
            origin: origin.clone(),
        });
        Formats::new(formats.map(format).into(), Vec::new(), regions.into()).unwrap()
    }

    /// Rows of every kind: marks, marks with a wrong byte, marks as people type them, other texts, no texts.
    fn rows() -> impl Strategy<Value = Vec<Vec<u8>>> {
        let mark =
            "([A-Z]?[0-9]{2,3}[A-Z]{2,3}(0[0-9]|1[0-9]|2[01]|77|99)|[0-9]{2}[A-Z]{2}[0-9]{2,3}|KZ[0-9]{4})";
        let broken = (mark, any::<prop::sample::Index>(), any::<u8>()).prop_map(|(text, at, byte)| {
            let mut bytes = text.into_bytes();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            bytes
        });
        let text = prop_oneof![
            4 => mark,
            1 => " {0,66}(KZ|kz)?777[aA]{2,3}02[ -]{0,3}",
            2 => "(KZ|кz)?[ -]?[0-9]{2,4}[ -]?[A-ZАВЕKazкмсхүҚЪ]{2,3}[ -–]?[0-9]{2}",
            1 => "\\PC{0,12}",
        ];
        let bytes = prop::collection::vec(any::<u8>(), 0..10);
        let row = prop_oneof![4 => text.prop_map(String::into_bytes), 2 => broken, 1 => bytes];
        prop::collection::vec(row, 0..40)
    }

    proptest! {
        /// A column gives for each row what the row gives by itself, whatever the formats.
        #[test]
        fn a_column_is_its_rows(rows in rows()) {
            for formats in [fixtures::kazakhstan().unwrap(), mixed()] {
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
                    let alone = MarkReader::new(&formats).find(Row::of(row));
                    prop_assert_eq!(alone, single.as_ref().ok().copied());
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
}
