//! The marks of a pool that the law withholds, entry by entry: what is loaded into a store before it opens.

use plate_algebra::mask::RegionMask;
use plate_algebra::{Area, Pool, Withholding};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::PyRuleBook;
use super::facts::names;
use crate::mark::PyMark;

/// [{id, kk, ru, en, sure, note, marks: [Mark]}]; a mark that two entries name stands with the first.
pub(super) fn facts<'py>(
    py: Python<'py>,
    book: &PyRuleBook,
    pool: Pool,
) -> PyResult<Vec<Bound<'py, PyDict>>> {
    let format = book.formats.get(pool.format);
    let mut before = Area::empty(pool.format, format.rows());
    let mut found = Vec::new();
    for entry in book.book.withheld_table().entries().iter().filter(|entry| entry.area.format == pool.format)
    {
        let area = entry.area.within(RegionMask::of(pool.region)).subtract(&before);
        if !area.is_empty() {
            found.push(one(py, book, entry, &area)?);
            before = before.union(&area);
        }
    }
    Ok(found)
}

fn one<'py>(
    py: Python<'py>,
    book: &PyRuleBook,
    entry: &Withholding,
    area: &Area,
) -> PyResult<Bound<'py, PyDict>> {
    let one = names(py, &entry.reason)?;
    one.set_item("id", &entry.id)?;
    one.set_item("sure", entry.sure.letters())?;
    one.set_item("note", &entry.note)?;
    let marks = area.iter().map(|mark| Py::new(py, PyMark::new(mark, &book.formats)));
    one.set_item("marks", marks.collect::<PyResult<Vec<_>>>()?)?;
    Ok(one)
}
