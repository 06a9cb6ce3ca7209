//! `Pattern`: a compiled pattern of search or of the rule book.

use std::sync::Arc;

use plate_algebra::{Formats, Origin, Pattern, RuleBook};
use pyo3::prelude::*;

use crate::errors;
use crate::mark::PyMark;

/// A compiled pattern: `7*7`, `???AAA02`, `digits:aba`.
///
/// It is anchored and stands for a set of marks of the enabled formats, which is never listed in memory.
///
/// >>> pattern = book.pattern("7?7 AAA 02")
/// >>> pattern.count(), [mark.text for mark in pattern.marks(2)]
/// (10, ['707AAA02', '717AAA02'])
#[pyclass(frozen, name = "Pattern", module = "plate_core")]
pub(crate) struct PyPattern {
    pattern: Pattern,
    formats: Arc<Formats>,
}

impl PyPattern {
    pub(crate) fn new(pattern: Pattern, formats: &Arc<Formats>) -> Self {
        Self { pattern, formats: Arc::clone(formats) }
    }
}

/// Compile a pattern that somebody typed; all its faults at once.
pub(crate) fn compile(py: Python<'_>, text: &str, book: &RuleBook) -> PyResult<Pattern> {
    let compiled = py.detach(|| book.pattern(text, &Origin::input("pattern")));
    compiled.map_err(|faults| errors::pattern(py, &faults))
}

#[pymethods]
impl PyPattern {
    /// The pattern as it was given.
    #[getter]
    fn text(&self) -> &str {
        self.pattern.text()
    }

    /// How many marks fit, exactly.
    fn count(&self) -> u64 {
        self.pattern.count()
    }

    /// Whether a mark fits.
    fn contains(&self, mark: &PyMark) -> bool {
        self.pattern.contains(mark.mark)
    }

    /// The first `limit` marks that fit, by pool and ordinal within each rectangle.
    fn marks(&self, limit: usize) -> Vec<PyMark> {
        let areas = self.formats.enabled().map(|(format, _)| self.pattern.area(format));
        let marks = areas.flat_map(|area| area.iter());
        marks.take(limit).map(|mark| PyMark::new(mark, &self.formats)).collect()
    }

    fn __repr__(&self) -> String {
        format!("<Pattern {:?}>", self.pattern.text())
    }
}
