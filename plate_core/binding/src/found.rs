//! `Found`: what a search found. It stays the core's until somebody asks for marks, or for the page as JSON.

use std::sync::Arc;

use plate_algebra::{Date, Formats, Mark, RuleBook};
use plate_scan::{Cursor, MarkState, Planes};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::errors;
use crate::mark::PyMark;
use crate::page;

/// One page of a search, and how many marks there are on all pages together.
///
/// >>> found = replica.search(pattern="777 AAA", regions=["02"], on="2026-07-01")
/// >>> found.marks, found.count, found.next
/// ([<Mark 777 AAA 02>], 1, None)
#[pyclass(frozen, name = "Found", module = "plate_core")]
pub(crate) struct PyFound {
    pub(crate) book: Arc<RuleBook>,
    pub(crate) formats: Arc<Formats>,
    /// The day by whose law was searched, and by which the page is priced.
    pub(crate) on: Date,
    /// Each with its state.
    pub(crate) marks: Vec<(Mark, &'static str)>,
    pub(crate) next: Option<Cursor>,
    pub(crate) count: u64,
}

#[pymethods]
impl PyFound {
    /// The page's marks, in the order that was asked for.
    #[getter]
    fn marks(&self) -> Vec<PyMark> {
        self.marks.iter().map(|(mark, _)| PyMark::new(*mark, &self.formats)).collect()
    }

    /// How many there are on all pages together, exact for that moment.
    #[getter]
    fn count(&self) -> u64 {
        self.count
    }

    /// The cursor of the next page, None after the last one.
    #[getter]
    fn next<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        self.next.map(|cursor| PyBytes::new(py, &cursor.encode()))
    }

    /// The page as JSON, each mark with its state, tags and price as chosen on the day that was searched by.
    ///
    /// It is the `PageShape` of plateapi. `age_ms` is how old the picture is. Raises `PriceUnknown`.
    fn page_json<'py>(&self, py: Python<'py>, age_ms: i64) -> PyResult<Bound<'py, PyBytes>> {
        let written = page::json(self, age_ms).map_err(|error| errors::price(py, &error))?;
        Ok(PyBytes::new(py, &written))
    }

    fn __repr__(&self) -> String {
        format!("<Found {} of {}>", self.marks.len(), self.count)
    }
}

/// The state of a mark that can be held.
pub(crate) const FREE: &str = "free";

/// The state of a mark, as far as it is known here.
pub(crate) fn state(planes: &Planes, mark: Mark) -> &'static str {
    match planes.state(mark) {
        Some(MarkState::Free) => FREE,
        Some(MarkState::Taken) => "taken",
        Some(MarkState::Issued) => "issued",
        // A mark without planes is offered to nobody.
        Some(MarkState::Withheld) | None => "withheld",
    }
}
