//! Translation for calls that are not a list of items: sweeps, imports, settings, documents, feeds.

use std::sync::Arc;

use plate_algebra::{Formats, Pool};
use plate_inventory::answer::Answer;
use plate_inventory::journal::EntryId;
use plate_inventory::pipeline::UNPLACED_POOL;
use plate_inventory::record::Record;
use plate_inventory::settings::{PoolShape, SettingsChange};
use plate_inventory::store::contract::Genesis;
use plate_inventory::store::{Head, RawEntry, Swept};
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyMapping};

use super::rows::{answers, at};
use crate::answer::{PyAnswer, PyLive};
use crate::errors;
use crate::mark::{PyMark, pool_of};
use crate::settings;

/// An answer without a mark: {outcome, done, revision, server_time_ms}.
pub(crate) fn plain(py: Python<'_>, answer: &Answer) -> PyResult<Py<PyAny>> {
    let one = PyDict::new(py);
    one.set_item("outcome", answer.outcome.slug())?;
    one.set_item("done", answer.outcome.is_done())?;
    one.set_item("revision", answer.revision)?;
    one.set_item("server_time_ms", answer.server_ms)?;
    one.into_py_any(py)
}

/// {id, born_ms, data_version}.
pub(crate) fn genesis(py: Python<'_>, genesis: &Genesis) -> PyResult<Py<PyAny>> {
    let one = PyDict::new(py);
    one.set_item("id", &genesis.id)?;
    one.set_item("born_ms", genesis.born_ms)?;
    one.set_item("data_version", genesis.data_version)?;
    one.into_py_any(py)
}

/// {revision, founded_us}.
pub(crate) fn head(py: Python<'_>, head: Head) -> PyResult<Py<PyAny>> {
    let one = PyDict::new(py);
    one.set_item("revision", head.revision)?;
    one.set_item("founded_us", head.founded_us)?;
    one.into_py_any(py)
}

/// The holds that ended, and whether more may be due.
pub(crate) fn swept(py: Python<'_>, found: Swept, pool: Pool, formats: &Arc<Formats>) -> PyResult<Py<PyAny>> {
    (ended(py, found.answers, pool, formats)?, found.more).into_py_any(py)
}

/// The holds that ended, an `Answer` each; that nothing may expire now is no hold that ended.
pub(crate) fn ended(
    py: Python<'_>,
    found: Vec<Answer>,
    pool: Pool,
    formats: &Arc<Formats>,
) -> PyResult<Py<PyAny>> {
    let with_mark =
        found.into_iter().filter_map(|answer| Some((at(pool, answer.ordinal?, formats)?, answer)));
    let ended = with_mark.map(|(mark, answer)| Py::new(py, PyAnswer::new(Some(answer), Py::new(py, mark)?)));
    ended.collect::<PyResult<Vec<_>>>()?.into_py_any(py)
}

/// An answer a mark, in the order of the marks.
pub(crate) fn answers_of(
    marks: Vec<Bound<'_, PyMark>>,
) -> impl FnOnce(Python<'_>, Vec<Answer>) -> PyResult<Py<PyAny>> + Send + 'static {
    let marks: Vec<Py<PyMark>> = marks.into_iter().map(Bound::unbind).collect();
    move |py, found| answers(py, found.into_iter().map(|answer| Some(Some(answer))).collect(), marks)
}

/// Little-endian u32 each.
pub(crate) fn ordinals(py: Python<'_>, bytes: &[u8]) -> PyResult<Vec<u32>> {
    let (whole, rest) = bytes.as_chunks::<4>();
    if rest.is_empty() && !whole.is_empty() {
        return Ok(whole.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect());
    }
    Err(errors::argument(py, "ordinals_invalid", "ordinals", "one or more little-endian 32-bit integers"))
}

/// {imported, already_imported, conflicts, never_issued}.
pub(crate) fn import_counts(py: Python<'_>, answer: Answer) -> PyResult<Py<PyAny>> {
    let Some(counts) = &answer.context.import else { return Err(errors::refused(py, &answer)) };
    let one = PyDict::new(py);
    one.set_item("imported", counts.imported)?;
    one.set_item("already_imported", counts.already_imported)?;
    one.set_item("conflicts", &counts.conflicts)?;
    one.set_item("never_issued", &counts.never_issued)?;
    one.into_py_any(py)
}

/// [(mark, live)]; a place that the rule book does not have is left out.
pub(crate) fn holdings(
    py: Python<'_>,
    found: Vec<(String, u32, Record)>,
    formats: &Arc<Formats>,
) -> PyResult<Py<PyAny>> {
    let known = found.into_iter().filter_map(|(pool, ordinal, record)| {
        Some((at(formats.pool(&pool)?, ordinal, formats)?, PyLive::new(record)))
    });
    let pairs = known.map(|(mark, live)| Ok((Py::new(py, mark)?, Py::new(py, live)?)));
    pairs.collect::<PyResult<Vec<_>>>()?.into_py_any(py)
}

/// Changes by pool, all for one reason, each with the shape that the rule book gives a new one.
pub(crate) fn changes(
    settings: &Bound<'_, PyMapping>,
    reason: &str,
    formats: &Formats,
) -> PyResult<Vec<(String, SettingsChange)>> {
    let mut changes = Vec::new();
    for pair in settings.items()?.iter() {
        let (pool, fields): (String, Bound<'_, PyMapping>) = pair.extract()?;
        let shape = if pool == UNPLACED_POOL {
            PoolShape { rows: 0, ..PoolShape::default() }
        } else {
            let format = formats.get(pool_of(settings.py(), formats, &pool)?.format);
            PoolShape { rows: format.rows(), digit_values: format.digit_values() }
        };
        changes.push((pool, settings::change(&fields, shape, reason)?));
    }
    Ok(changes)
}

/// Nothing, or the first refusal.
pub(crate) fn all_done(py: Python<'_>, answers: Vec<Answer>) -> PyResult<Py<PyAny>> {
    match answers.iter().find(|answer| !answer.outcome.is_done()) {
        Some(refused) => Err(errors::refused(py, refused)),
        None => Ok(py.None()),
    }
}

/// [(entry id, bytes)], as a feed has them.
pub(crate) fn entries<'py>(py: Python<'py>, found: &[RawEntry]) -> Vec<(String, Bound<'py, PyBytes>)> {
    found.iter().map(|entry| (format!("{}-0", entry.revision), PyBytes::new(py, &entry.bytes))).collect()
}

/// The revision of a feed entry's id, `<revision>-0`.
pub(crate) fn entry(py: Python<'_>, argument: &str, id: &str) -> PyResult<u64> {
    let invalid = || errors::argument(py, "entry_id_invalid", argument, "an entry's id, <revision>-0");
    EntryId::parse(id).map(|id| id.revision).ok_or_else(invalid)
}
