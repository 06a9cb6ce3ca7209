//! `Pseudonymiser`: from the numbers of people and entities to what stands for them.

use plate_algebra::applicant::{NumberFault, NumberKind, Pseudonyms, check};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString};

use crate::errors;

/// Makes the pseudonyms of people and entities with one key: 16 bytes of HMAC-SHA256(key, kind, 0, number).
///
/// No number is kept, and none comes back.
///
/// >>> maker = Pseudonymiser(bytes(range(32)))
/// >>> maker.of("iin", ["900101300017", "900101300018"])[1]
/// 'check_digit_wrong'
#[pyclass(frozen, name = "Pseudonymiser", module = "plate_core")]
pub(crate) struct PyPseudonymiser(Pseudonyms);

#[pymethods]
impl PyPseudonymiser {
    #[new]
    fn new(py: Python<'_>, key: &[u8]) -> PyResult<Self> {
        let missing = || errors::argument(py, "key_missing", "key", "one byte or more");
        Pseudonyms::new(key).map(Self).ok_or_else(missing)
    }

    /// Of each number of a kind, `iin` or `bin`, in order: its pseudonym, or the slug of why it is none
    /// (not_twelve_digits, not_an_entity, check_digit_wrong). Raises `InputInvalid` for another kind.
    fn of<'py>(
        &self,
        py: Python<'py>,
        kind: &str,
        numbers: Vec<Bound<'py, PyString>>,
    ) -> PyResult<Bound<'py, PyList>> {
        let kind = number_kind(py, kind)?;
        let one = |number: Bound<'py, PyString>| match self.0.of(kind, text(&number)) {
            Ok(pseudonym) => PyBytes::new(py, &pseudonym).into_any(),
            Err(fault) => PyString::intern(py, fault.slug()).into_any(),
        };
        PyList::new(py, numbers.into_iter().map(one))
    }

    /// The pseudonym of any other text, kept apart from others by its kind.
    fn other<'py>(&self, py: Python<'py>, kind: &str, value: &str) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.keyed_hash(kind, value))
    }
}

/// Why a text is no IIN or BIN: a slug as of `Pseudonymiser.of`, None where it is one.
#[pyfunction]
pub(crate) fn number_fault<'py>(
    py: Python<'py>,
    kind: &str,
    number: &Bound<'py, PyString>,
) -> PyResult<Option<&'static str>> {
    Ok(check(number_kind(py, kind)?, text(number)).err().map(NumberFault::slug))
}

/// A text with half a surrogate pair is no UTF-8, and as little a number as the empty one.
fn text<'a>(number: &'a Bound<'_, PyString>) -> &'a str {
    number.to_str().unwrap_or_default()
}

fn number_kind(py: Python<'_>, word: &str) -> PyResult<NumberKind> {
    let unknown = || errors::argument(py, "number_kind_unknown", "kind", "iin or bin");
    NumberKind::from_word(word).ok_or_else(unknown)
}
