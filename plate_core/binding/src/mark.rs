//! `Mark`: the character string that is allocated, as an immutable Python value.

use std::cmp::Ordering;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use plate_algebra::{Formats, Mark, Ordinal, Pool};
use pyo3::basic::CompareOp;
use pyo3::prelude::*;

use crate::errors;

/// One mark: the character string that is allocated.
///
/// Immutable, hashable, ordered by pool and then by ordinal. Marks come from a rule book
/// (`RuleBook.parse`, `RuleBook.mark_at`, a search), never from thin air, so each one exists.
///
/// >>> mark = book.parse("kz 777-ааа-02")
/// >>> mark.text, mark.display, mark.pool
/// ('777AAA02', '777 AAA 02', 'person_car.02')
#[pyclass(frozen, name = "Mark", module = "plate_core")]
pub(crate) struct PyMark {
    pub(crate) mark: Mark,
    pub(crate) formats: Arc<Formats>,
}

impl PyMark {
    pub(crate) fn new(mark: Mark, formats: &Arc<Formats>) -> Self {
        Self { mark, formats: Arc::clone(formats) }
    }

    /// The mark in the numbers of these formats; a mark of another rule book is known by its pool's name.
    pub(crate) fn within(&self, py: Python<'_>, formats: &Arc<Formats>) -> PyResult<Mark> {
        if Arc::ptr_eq(&self.formats, formats) {
            return Ok(self.mark);
        }
        Ok(at(py, formats, &self.pool(), self.ordinal())?.mark)
    }

    pub(crate) fn in_pool_of(&self, other: &Self) -> bool {
        self.same_format(other) && self.mark.region == other.mark.region
    }

    /// Marks of two rule books are compared by the names of their formats: the numbers may differ.
    fn same_format(&self, other: &Self) -> bool {
        if Arc::ptr_eq(&self.formats, &other.formats) {
            return self.mark.format == other.mark.format;
        }
        self.format_id() == other.format_id()
    }

    fn format_id(&self) -> &str {
        &self.formats.get(self.mark.format).id
    }

    fn order(&self, other: &Self) -> Ordering {
        let formats = match self.same_format(other) {
            true => Ordering::Equal,
            false => {
                self.mark.format.cmp(&other.mark.format).then_with(|| self.format_id().cmp(other.format_id()))
            }
        };
        let place = |mark: &Mark| (mark.region, mark.series, mark.digits);
        formats.then_with(|| place(&self.mark).cmp(&place(&other.mark)))
    }
}

#[pymethods]
impl PyMark {
    /// The format's id: `person_car`.
    #[getter]
    fn format(&self) -> &str {
        self.format_id()
    }

    /// The region's two digits: `02`.
    #[getter]
    fn region(&self) -> String {
        self.mark.region.to_string()
    }

    /// The digits: `777`.
    #[getter]
    fn digits(&self) -> String {
        self.formats.get(self.mark.format).digits_text(self.mark.digits)
    }

    /// The letters: `AAA`.
    #[getter]
    fn series(&self) -> String {
        self.formats.get(self.mark.format).series_text(self.mark.series)
    }

    /// The mark as it is written in files and addresses: `777AAA02`.
    #[getter]
    fn text(&self) -> String {
        self.formats.text(self.mark)
    }

    /// The mark as people read it: `777 AAA 02`.
    #[getter]
    fn display(&self) -> String {
        self.formats.display(self.mark)
    }

    /// The pool's id: `person_car.02`.
    #[getter]
    fn pool(&self) -> String {
        self.formats.pool_id(self.mark.pool())
    }

    /// The mark's place in its pool: series row × 1,024 + digits.
    #[getter]
    fn ordinal(&self) -> u32 {
        self.mark.ordinal().get()
    }

    fn __str__(&self) -> String {
        self.text()
    }

    fn __repr__(&self) -> String {
        format!("<Mark {}>", self.display())
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        // Without the format: its number may differ between rule books, and equal marks must hash alike.
        (self.mark.region, self.mark.series, self.mark.digits).hash(&mut hasher);
        hasher.finish()
    }

    fn __richcmp__(&self, other: &Self, operator: CompareOp) -> bool {
        operator.matches(self.order(other))
    }
}

/// The mark at an ordinal of a pool given by its id.
pub(crate) fn at(py: Python<'_>, formats: &Arc<Formats>, pool: &str, ordinal: u32) -> PyResult<PyMark> {
    let pool = pool_of(py, formats, pool)?;
    let outside = || errors::argument(py, "row_beyond_series", "ordinal", "inside the pool");
    let ordinal = Ordinal::from_u32(ordinal).ok_or_else(outside)?;
    let mark = Mark::at(pool, ordinal, formats).map_err(|error| errors::ordinal(py, &error))?;
    Ok(PyMark::new(mark, formats))
}

/// The pool with this id.
pub(crate) fn pool_of(py: Python<'_>, formats: &Formats, pool: &str) -> PyResult<Pool> {
    let unknown = || errors::argument(py, "pool_unknown", "pool", "one of RuleBook.pools()");
    formats.pool(pool).ok_or_else(unknown)
}
