//! `RuleBook`: the law, compiled. What is asked is answered by `plate-algebra`; here it becomes Python values.
//!
//! `facts` makes dictionaries of tariffs, tiers and tags, `certificate` of an explanation, `column` crosses with
//! whole columns in Arrow's layout, `preview` with what another tariff would move.

mod certificate;
mod column;
pub(crate) mod facts;
mod preview;
mod withheld;

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use plate_algebra::{Acquired, Date, Formats, RuleBook, TagId};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyDict, PyList};

use crate::errors;
use crate::mark::{self, PyMark};
use crate::pattern::{self, PyPattern};
use crate::replica::PyReplica;

/// The law, compiled: formats, regions, the MCI, tariffs, withheld series, patterns of beauty.
///
/// Immutable and shared between threads. Days are texts `YYYY-MM-DD` in the country's one time zone (UTC+5),
/// money is in tiyn, a number of MCI is a decimal text.
///
/// >>> book = load_rule_book("patterns/kz")
/// >>> book.quote(book.parse("777AAA02"), at_ms=1_767_600_000_000)["amount_tiyn"]
/// 123262500
#[pyclass(frozen, name = "RuleBook", module = "plate_core")]
pub(crate) struct PyRuleBook {
    pub(crate) book: RuleBook,
    /// The formats once more, for marks to share: a mark outlives the book it came from.
    pub(crate) formats: Arc<Formats>,
}

impl PyRuleBook {
    fn new(book: RuleBook) -> Self {
        Self { formats: Arc::new(book.formats().clone()), book }
    }
}

#[pymethods]
impl PyRuleBook {
    /// Compile the files of a country: (path relative to its directory, content), in any order.
    ///
    /// Raises `RuleBookInvalid` with every fault of every file.
    #[staticmethod]
    fn compile(py: Python<'_>, files: Vec<(String, Vec<u8>)>) -> PyResult<Self> {
        let compiled = py.detach(|| RuleBook::compile(&files));
        compiled.map(Self::new).map_err(|faults| errors::rule_book(py, &faults))
    }

    /// SHA-256 over the canonical content of all files, 64 hex digits.
    #[getter]
    fn revision(&self) -> &str {
        self.book.revision()
    }

    /// The regions, ascending: {code, kk, ru, en}.
    fn regions<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        self.formats.regions().iter().map(|info| facts::region(py, info)).collect()
    }

    /// Every format: {id, template, enabled, applicant, names: {kk, ru, en}}.
    fn formats<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        self.formats.iter().map(|(id, format)| facts::format(py, &self.book, id, format)).collect()
    }

    /// Every pool's id: the enabled formats in their order, each with the regions ascending.
    fn pools(&self) -> Vec<String> {
        self.formats.pools().into_iter().map(|pool| self.formats.pool_id(pool)).collect()
    }

    /// Every tag: {id, names, words, beauty, marks}; `marks` counts the whole country.
    fn tags<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        self.book.tags().iter().map(|tag| facts::tag(py, tag)).collect()
    }

    /// The tiers of a day: {id, names, mci, amount_tiyn, marks}; `marks` counts the whole country, however
    /// acquired. Raises `PriceUnknown`.
    fn tiers<'py>(&self, py: Python<'py>, on: &str) -> PyResult<Vec<Bound<'py, PyDict>>> {
        facts::tiers(py, &self.book, day(py, on)?)
    }

    /// Every tariff by the day it begins: {id, names, revision, in_force_from, in_force_from_ms, report}.
    ///
    /// The report holds what the compiler saw: `tiers`, `not_offered`, `never_win`, `overlaps`, `empty_tiers`.
    fn tariffs<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        self.book.tariffs().iter().map(|tariff| facts::tariff(py, &self.formats, tariff)).collect()
    }

    /// The tariff in force at a moment: {id, revision, in_force_from, in_force_from_ms}; None when there is none.
    fn tariff_in_force<'py>(&self, py: Python<'py>, at_ms: i64) -> PyResult<Option<Bound<'py, PyDict>>> {
        let tariff = Date::at_ms(at_ms).and_then(|on| self.book.tariff_in_force(on));
        tariff.map(|tariff| facts::tariff_head(py, tariff)).transpose()
    }

    /// The moments at which a tariff or the MCI changes, ms since the epoch, ascending: deadlines are cut there.
    fn price_changes_ms(&self) -> Vec<i64> {
        self.book.price_changes().into_iter().map(Date::begins_ms).collect()
    }

    /// The mark that a person typed: look-alikes, case, blanks, dashes and a leading KZ are taken for what was
    /// meant. Raises `MarkUnparseable`.
    fn parse(&self, py: Python<'_>, text: &str) -> PyResult<PyMark> {
        let parsed = self.formats.parse(text);
        parsed.map(|mark| PyMark::new(mark, &self.formats)).map_err(|error| errors::parse(py, &error))
    }

    /// The mark at an ordinal of a pool, the inverse of `mark.pool` with `mark.ordinal`. Raises `InputInvalid`.
    fn mark_at(&self, py: Python<'_>, pool: &str, ordinal: u32) -> PyResult<PyMark> {
        mark::at(py, &self.formats, pool, ordinal)
    }

    /// Compile a pattern of the language of patterns/README.md. Raises `PatternInvalid` with every fault.
    fn pattern(&self, py: Python<'_>, text: &str) -> PyResult<PyPattern> {
        let compiled = pattern::compile(py, text, &self.book)?;
        Ok(PyPattern::new(compiled, &self.formats))
    }

    /// The certificate of a price: every rule that was asked, the one that won, and all that follows.
    ///
    /// Keys: mark, display, pool, format, region, digits, series, acquired, on, tier, tier_names, tags, withheld,
    /// withheld_reason, tariff, mci, rules (each id, order, matched, won, offer, digits, series, clause, sure,
    /// note), price ({mci, mci_value_tenge, amount_tiyn, currency}, None where the mark is not offered).
    /// Without `on` it is today's price. Raises `PriceUnknown`.
    #[pyo3(signature = (mark, *, acquired="chosen", on=None))]
    fn explain<'py>(
        &self,
        py: Python<'py>,
        mark: &PyMark,
        acquired: &str,
        on: Option<&str>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let on = on.map_or_else(|| today(py), |text| day(py, text))?;
        let certificate = self.book.explain(mark.within(py, &self.formats)?, way(py, acquired)?, on);
        certificate::facts(py, &self.formats, &certificate.map_err(|error| errors::price(py, &error))?)
    }

    /// What a mark costs at a moment: {tier, mci, mci_value_tenge, amount_tiyn, tariff}.
    ///
    /// `tariff` is the revision, 64 hex digits. A withheld mark has a price too. Raises `PriceUnknown`.
    #[pyo3(signature = (mark, *, acquired="chosen", at_ms))]
    fn quote<'py>(
        &self,
        py: Python<'py>,
        mark: &PyMark,
        acquired: &str,
        at_ms: i64,
    ) -> PyResult<Bound<'py, PyDict>> {
        let on =
            Date::at_ms(at_ms).ok_or_else(|| errors::argument(py, "at_ms_invalid", "at_ms", "a moment"))?;
        let quote = self.book.quote(mark.within(py, &self.formats)?, way(py, acquired)?, on);
        facts::quote(py, &quote.map_err(|error| errors::price(py, &error))?)
    }

    /// What a hold records of each chosen mark's price at a moment, in order: (tariff, amount_tiyn), or None where
    /// `quote` would refuse it and say why.
    fn prices<'py>(
        &self,
        py: Python<'py>,
        marks: Vec<PyRef<'py, PyMark>>,
        at_ms: i64,
    ) -> PyResult<Vec<Option<facts::Price<'py>>>> {
        let Some(on) = Date::at_ms(at_ms) else { return Ok(marks.iter().map(|_| None).collect()) };
        let mut tariff = None;
        let one = |mark: PyRef<'_, PyMark>| {
            let quote = self.book.quote(mark.within(py, &self.formats)?, Acquired::Chosen, on).ok();
            Ok(quote.map(|quote| facts::price(py, &quote, &mut tariff)))
        };
        marks.into_iter().map(one).collect()
    }

    /// Tier and tags of each mark, in order: (tier, tags), tier None where it is not offered in this way.
    ///
    /// Raises `PriceUnknown` for a day without a tariff.
    #[pyo3(signature = (marks, *, acquired="chosen", on))]
    fn classify(
        &self,
        py: Python<'_>,
        marks: Vec<PyRef<'_, PyMark>>,
        acquired: &str,
        on: &str,
    ) -> PyResult<Vec<(Option<String>, Vec<String>)>> {
        let classifier = self.book.classifier(way(py, acquired)?, day(py, on)?);
        let classifier = classifier.map_err(|error| errors::price(py, &error))?;
        let name = |tag: TagId| self.book.beauty().tag(tag).map(|tag| tag.id.clone());
        let one = |mark: PyRef<'_, PyMark>| {
            let Some(found) = classifier.classify(mark.within(py, &self.formats)?) else {
                return Ok((None, Vec::new()));
            };
            let tier = found.tier.and_then(|tier| classifier.tariff().tier(tier));
            Ok((tier.map(|tier| tier.id.clone()), found.tags.iter().filter_map(name).collect()))
        };
        marks.into_iter().map(one).collect()
    }

    /// A whole column of marks in Arrow's layout: `plate_core.arrow.classify` wraps it.
    ///
    /// `offsets` are rows + 1 little-endian int32, `data` is UTF-8. Back come, row by row: `tier` (u8 codes into
    /// `tiers`, 254 where the mark is not offered in this way, 255 where there is no mark), `has_tier` (a bitmap as
    /// Arrow keeps it), `tag_offsets` (rows + 1 int32) into `tag_codes` (u8 into `tag_ids`), `amount_tiyn` (i64, 0
    /// where there is no price) and `withheld` (u8, 0 or 1); numbers are little-endian.
    #[pyo3(signature = (offsets, data, *, acquired="chosen", on))]
    fn classify_column<'py>(
        &self,
        py: Python<'py>,
        offsets: PyBackedBytes,
        data: PyBackedBytes,
        acquired: &str,
        on: &str,
    ) -> PyResult<Bound<'py, PyDict>> {
        column::classify(py, &self.book, &offsets, &data, way(py, acquired)?, day(py, on)?)
    }

    /// The tier of each text, typed in any way that `parse` understands: the tier's id, None where the text is no
    /// mark or its mark is not offered in this way. For who wants nothing else; raises `PriceUnknown`.
    ///
    /// >>> book.tiers_of(["777AAA02", "?"], on="2026-07-01")
    /// ['top_identical', None]
    #[pyo3(signature = (texts, *, acquired="chosen", on))]
    fn tiers_of<'py>(
        &self,
        py: Python<'py>,
        texts: &Bound<'py, PyList>,
        acquired: &str,
        on: &str,
    ) -> PyResult<Bound<'py, PyList>> {
        column::tiers_of_texts(texts, &self.book, way(py, acquired)?, day(py, on)?)
    }

    /// The same of a column in Arrow's layout: `plate_core.arrow.tiers_of` wraps it.
    ///
    /// Back come u8 codes, a row each, the bitmap of the rows that have a tier, and the ids that the codes number;
    /// 254 where the mark is not offered in this way, 255 where there is no mark.
    #[pyo3(signature = (offsets, data, *, acquired="chosen", on))]
    fn tiers_of_column<'py>(
        &self,
        py: Python<'py>,
        offsets: PyBackedBytes,
        data: PyBackedBytes,
        acquired: &str,
        on: &str,
    ) -> PyResult<column::Tiers<'py>> {
        column::tiers(py, &self.book, &offsets, &data, way(py, acquired)?, day(py, on)?)
    }

    /// A whole column of marks as places: (pool index u16 little-endian, ordinal u32 little-endian, bad rows).
    ///
    /// A pool index follows `pools()`; a bad row has the index 0xFFFF and is listed with its reason's slug.
    fn parse_column<'py>(
        &self,
        py: Python<'py>,
        offsets: PyBackedBytes,
        data: PyBackedBytes,
    ) -> PyResult<column::Places<'py>> {
        column::parse(py, &self.formats, &offsets, &data)
    }

    /// The same law with one tariff more, or with another content for the tariff of that file name.
    ///
    /// Raises `RuleBookInvalid` with every fault of the draft.
    fn with_tariff(&self, py: Python<'_>, name: &str, content: Vec<u8>) -> PyResult<Self> {
        let made = py.detach(|| self.book.with_tariff(name, &content));
        let book = made.map_err(|faults| errors::rule_book(py, &faults))?;
        // The formats are the law's and stay; shared, marks of both books are compared by their numbers.
        Ok(Self { book, formats: Arc::clone(&self.formats) })
    }

    /// The marks of a pool that the law withholds: [{id, kk, ru, en, sure, note, marks: [Mark]}], entry by entry;
    /// a mark that two entries name stands with the first. Raises `InputInvalid`.
    fn withheld<'py>(&self, py: Python<'py>, pool: &str) -> PyResult<Vec<Bound<'py, PyDict>>> {
        withheld::facts(py, self, mark::pool_of(py, &self.formats, pool)?)
    }

    /// What would move if `candidate` were the law on a day, exact over the whole country.
    ///
    /// Raises `PriceUnknown` where either law has no tariff on that day.
    #[pyo3(signature = (candidate, *, on, acquired="chosen", replica=None))]
    fn preview<'py>(
        &self,
        py: Python<'py>,
        candidate: &PyRuleBook,
        on: &str,
        acquired: &str,
        replica: Option<&PyReplica>,
    ) -> PyResult<Bound<'py, PyDict>> {
        preview::facts(py, self, candidate, way(py, acquired)?, day(py, on)?, replica)
    }

    fn __repr__(&self) -> String {
        format!("<RuleBook {}>", self.book.revision().get(..12).unwrap_or_default())
    }
}

/// A day as people write it.
pub(crate) fn day(py: Python<'_>, text: &str) -> PyResult<Date> {
    text.parse().map_err(|_| errors::argument(py, "date_invalid", "on", "a day, YYYY-MM-DD"))
}

/// A way of acquiring.
pub(crate) fn way(py: Python<'_>, word: &str) -> PyResult<Acquired> {
    let invalid = || errors::argument(py, "acquired_unknown", "acquired", "chosen or assigned");
    Acquired::from_word(word).ok_or_else(invalid)
}

/// The day it is now. Only a default for people: whatever matters is asked with a day or a moment.
fn today(py: Python<'_>) -> PyResult<Date> {
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    let day = i64::try_from(now_ms).ok().and_then(Date::at_ms);
    day.ok_or_else(|| errors::argument(py, "date_invalid", "on", "given: the machine's clock names no day"))
}
