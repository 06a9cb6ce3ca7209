//! Whole columns across the border: bytes in Arrow's layout both ways, and no GIL in between.

use plate_algebra::classify::NO_MARK;
use plate_algebra::column::{self, ColumnError, PlaceColumn, TextColumn, TierReader};
use plate_algebra::{Acquired, Date, Formats, RuleBook, TagSet};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString};

use crate::errors;

/// (pool index u16 little-endian, ordinal u32 little-endian, [(row, reason)]).
pub(super) type Places<'py> = (Bound<'py, PyBytes>, Bound<'py, PyBytes>, Vec<(usize, &'static str)>);

pub(super) fn parse<'py>(
    py: Python<'py>,
    formats: &Formats,
    offsets: &[u8],
    data: &[u8],
) -> PyResult<Places<'py>> {
    let parsed = py.detach(|| TextColumn::new(offsets, data).map(|column| formats.parse_column(column)));
    let PlaceColumn { pools, ordinals, faults } = parsed.map_err(|error| layout(py, error))?;
    let pools = bytes(py, pools.iter().map(|pool| pool.to_le_bytes()));
    let ordinals = bytes(py, ordinals.iter().map(|ordinal| ordinal.to_le_bytes()));
    Ok((pools, ordinals, faults))
}

pub(super) fn classify<'py>(
    py: Python<'py>,
    book: &RuleBook,
    offsets: &[u8],
    data: &[u8],
    acquired: Acquired,
    on: Date,
) -> PyResult<Bound<'py, PyDict>> {
    let classified = py.detach(|| {
        let column = TextColumn::new(offsets, data)?;
        let classes = book.classify_texts(column, acquired, on);
        Ok(classes.map(|classes| (tag_lists(&classes.tags), classes)))
    });
    let classified = classified.map_err(|error| layout(py, error))?;
    let ((tag_offsets, tag_codes), classes) = classified.map_err(|error| errors::price(py, &error))?;
    let classifier = book.classifier(acquired, on).map_err(|error| errors::price(py, &error))?;
    let tiers = classifier.tariff().tiers.iter().map(|tier| tier.id.as_str());
    let tags = book.tags().iter().map(|tag| tag.id.as_str());
    let columns = PyDict::new(py);
    columns.set_item("tier", PyBytes::new(py, &classes.tiers))?;
    columns.set_item("has_tier", PyBytes::new(py, &column::validity(&classes.tiers)))?;
    columns.set_item("tiers", tiers.collect::<Vec<_>>())?;
    columns.set_item("tag_offsets", bytes(py, tag_offsets.iter().map(|offset| offset.to_le_bytes())))?;
    columns.set_item("tag_codes", PyBytes::new(py, &tag_codes))?;
    columns.set_item("tag_ids", tags.collect::<Vec<_>>())?;
    columns
        .set_item("amount_tiyn", bytes(py, classes.amounts_tiyn.iter().map(|amount| amount.to_le_bytes())))?;
    columns.set_item("withheld", PyBytes::new(py, &classes.withheld))?;
    Ok(columns)
}

/// (u8 codes, a bit each where there is a tier, the tiers they number).
pub(super) type Tiers<'py> = (Bound<'py, PyBytes>, Bound<'py, PyBytes>, Vec<String>);

pub(super) fn tiers<'py>(
    py: Python<'py>,
    book: &RuleBook,
    offsets: &[u8],
    data: &[u8],
    acquired: Acquired,
    on: Date,
) -> PyResult<Tiers<'py>> {
    let reader = book.tier_reader(acquired, on).map_err(|error| errors::price(py, &error))?;
    let read = py.detach(|| {
        let codes = reader.codes(TextColumn::new(offsets, data)?);
        Ok((column::validity(&codes), codes))
    });
    let (validity, codes) = read.map_err(|error| layout(py, error))?;
    Ok((PyBytes::new(py, &codes), PyBytes::new(py, &validity), tier_ids(book, on)))
}

/// The tier of each text: the same string for the same tier, None where there is no tier.
pub(super) fn tiers_of_texts<'py>(
    texts: &Bound<'py, PyList>,
    book: &RuleBook,
    acquired: Acquired,
    on: Date,
) -> PyResult<Bound<'py, PyList>> {
    let py = texts.py();
    let reader = book.tier_reader(acquired, on).map_err(|error| errors::price(py, &error))?;
    let ids = tier_ids(book, on);
    // By code, None included: the same string for the same tier, and nothing to decide for each text.
    let tiers: [Bound<'_, PyAny>; 256] = std::array::from_fn(|code| match ids.get(code) {
        Some(id) => PyString::new(py, id).into_any(),
        None => py.None().into_bound(py),
    });
    let codes = codes_of_texts(texts, &reader)?;
    PyList::new(py, codes.iter().map(|code| &tiers[usize::from(*code)]))
}

/// Texts that are looked at in one go: as a tuple they are lent, where a list would count a reference to each. So many
/// stay in the processor's cache between the two.
const TEXTS_AT_ONCE: usize = 4_096;

fn codes_of_texts(texts: &Bound<'_, PyList>, reader: &TierReader<'_>) -> PyResult<Vec<u8>> {
    let mut codes = Vec::with_capacity(texts.len());
    for start in (0..texts.len()).step_by(TEXTS_AT_ONCE) {
        let some = texts.get_slice(start, start + TEXTS_AT_ONCE).to_tuple();
        for text in some.iter_borrowed() {
            // What has no UTF-8 form, a lone surrogate, is no mark. The exact type is a comparison; asking for a subclass is a call.
            let text = text.cast_exact::<PyString>().or_else(|_| text.cast::<PyString>())?;
            codes.push(text.to_str().map_or(NO_MARK, |text| reader.code(text.as_bytes())));
        }
    }
    Ok(codes)
}

fn tier_ids(book: &RuleBook, on: Date) -> Vec<String> {
    let tariff = book.tariff_in_force(on);
    tariff.map_or_else(Vec::new, |tariff| tariff.tiers.iter().map(|tier| tier.id.clone()).collect())
}

/// The tags of every row as a list column: rows + 1 offsets into the codes.
fn tag_lists(rows: &[TagSet]) -> (Vec<i32>, Vec<u8>) {
    let mut offsets = Vec::with_capacity(rows.len() + 1);
    let mut codes = Vec::new();
    offsets.push(0);
    for tags in rows {
        codes.extend(tags.iter().map(|tag| tag.0));
        // A column has at most 2^31 bytes of marks, so at most 2^28 rows of at most a handful of tags.
        offsets.push(i32::try_from(codes.len()).unwrap_or(i32::MAX));
    }
    (offsets, codes)
}

fn layout(py: Python<'_>, error: ColumnError) -> PyErr {
    let argument = match error {
        ColumnError::Offsets(_) => "offsets",
        ColumnError::Outside(_) => "data",
    };
    errors::argument(py, "column_invalid", argument, "in Arrow's layout of texts")
}

/// Numbers as little-endian bytes.
fn bytes<'py, const N: usize>(
    py: Python<'py>,
    numbers: impl Iterator<Item = [u8; N]>,
) -> Bound<'py, PyBytes> {
    PyBytes::new(py, &numbers.flatten().collect::<Vec<u8>>())
}
