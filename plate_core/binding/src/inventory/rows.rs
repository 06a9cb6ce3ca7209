//! Rows that Python gives as items of the inventory, and replies as Python's answers.

use std::sync::Arc;

use plate_algebra::{Formats, Mark, Ordinal, Pool};
use plate_inventory::answer::Answer;
use plate_inventory::id::HoldId;
use plate_inventory::item::{AssignItem, CANDIDATES_MAX, HeldItem, HoldItem};
use plate_inventory::pipeline::Item;
use plate_inventory::state::Acquired;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PyList, PyMapping};

use crate::act::PyAct;
use crate::answer::PyAnswer;
use crate::errors;
use crate::mark::PyMark;
use crate::payment;
use crate::settings::revision;

/// (act, mark, tariff revision, amount in tiyn).
pub(crate) type HoldRow<'py> = (Bound<'py, PyAct>, Bound<'py, PyMark>, PyBackedStr, i64);
/// (act, candidates, tariff revision, amount in tiyn).
pub(crate) type AssignRow<'py> = (Bound<'py, PyAct>, Vec<Bound<'py, PyMark>>, PyBackedStr, i64);
/// (act, mark, hold id, revision).
pub(crate) type HeldRow<'py> = (Bound<'py, PyAct>, Bound<'py, PyMark>, PyBackedStr, u64);
/// (act, mark, payment).
pub(crate) type PaymentRow<'py> = (Bound<'py, PyAct>, Bound<'py, PyMark>, Bound<'py, PyMapping>);

/// A mark whose pool the item goes to, and the item.
type Made<'py> = PyResult<(Bound<'py, PyMark>, Item)>;

pub(crate) fn hold<'py>(py: Python<'py>, row: HoldRow<'py>) -> Made<'py> {
    let (act, mark, tariff, amount_tiyn) = row;
    let item = HoldItem {
        act: on_behalf(py, &act)?,
        ordinal: ordinal(&mark),
        tariff: revision(py, &tariff)?,
        amount_tiyn,
        acquired: Acquired::Chosen,
    };
    Ok((mark, Item::Hold(item)))
}

pub(crate) fn assign<'py>(py: Python<'py>, row: AssignRow<'py>) -> Made<'py> {
    let (act, candidates, tariff, amount_tiyn) = row;
    let first = candidates.first().cloned();
    let in_one_pool =
        |one: &Bound<'py, PyMark>| candidates.iter().all(|mark| mark.get().in_pool_of(one.get()));
    let first = first.filter(|first| candidates.len() <= CANDIDATES_MAX && in_one_pool(first));
    let expected = format!("1 to {CANDIDATES_MAX} marks of one pool");
    let first = first.ok_or_else(|| errors::argument(py, "candidates_invalid", "candidates", &expected))?;
    let item = AssignItem {
        act: on_behalf(py, &act)?,
        candidates: candidates.iter().map(ordinal).collect(),
        tariff: revision(py, &tariff)?,
        amount_tiyn,
    };
    Ok((first, Item::AssignNext(item)))
}

/// A row of extend, release, begin_payment or cancel; `make` is the verb's item.
pub(crate) fn held<'py>(make: fn(HeldItem) -> Item) -> impl Fn(Python<'py>, HeldRow<'py>) -> Made<'py> {
    move |py, (act, mark, hold, revision)| {
        let invalid = || errors::argument(py, "hold_id_invalid", "hold_id", "32 hex digits");
        let hold = HoldId::from_hex(&hold).ok_or_else(invalid)?;
        let item = HeldItem { act: on_behalf(py, &act)?, ordinal: ordinal(&mark), hold, revision };
        Ok((mark, make(item)))
    }
}

pub(crate) fn confirm<'py>(_: Python<'py>, row: PaymentRow<'py>) -> Made<'py> {
    let (act, mark, given) = row;
    let item = payment::confirm_item(&act.get().0, ordinal(&mark), &given)?;
    Ok((mark, Item::Confirm(item)))
}

pub(crate) fn confirm_refund<'py>(_: Python<'py>, row: PaymentRow<'py>) -> Made<'py> {
    let (act, mark, given) = row;
    let item = payment::refund_item(&act.get().0, ordinal(&mark), &given)?;
    Ok((mark, Item::ConfirmRefund(item)))
}

pub(crate) fn read<'py>(_: Python<'py>, mark: Bound<'py, PyMark>) -> Made<'py> {
    let ordinal = ordinal(&mark);
    Ok((mark, Item::Read(ordinal)))
}

fn ordinal(mark: &Bound<'_, PyMark>) -> u32 {
    mark.get().mark.ordinal().get()
}

/// The act of a verb that is done for somebody.
fn on_behalf(py: Python<'_>, act: &Bound<'_, PyAct>) -> PyResult<plate_inventory::act::Act> {
    let act = &act.get().0;
    let missing = || errors::argument(py, "applicant_missing", "act", "an act that names an applicant");
    act.applicant.is_some().then(|| act.clone()).ok_or_else(missing)
}

/// A list of `Answer`, one a mark, in order; a reply that did not come is the outcome `unknown`.
///
/// An answer that names another mark of the pool (assign_next found that one) carries it.
pub(crate) fn answers(
    py: Python<'_>,
    replies: Vec<Option<Option<Answer>>>,
    marks: Vec<Py<PyMark>>,
) -> PyResult<Py<PyAny>> {
    let rows = replies.into_iter().zip(marks);
    let answers = rows.map(|(reply, mark)| {
        let reply = reply.flatten();
        let named = reply.as_ref().and_then(|answer| answer.ordinal);
        let mark = match named.filter(|named| *named != mark.get().mark.ordinal().get()) {
            None => mark,
            Some(named) => Py::new(
                py,
                at(mark.get().mark.pool(), named, &mark.get().formats)
                    .unwrap_or_else(|| PyMark::new(mark.get().mark, &mark.get().formats)),
            )?,
        };
        Py::new(py, PyAnswer::new(reply, mark))
    });
    Ok(PyList::new(py, answers.collect::<PyResult<Vec<_>>>()?)?.into_any().unbind())
}

/// The mark at a place; `None` where the store names one that the rule book does not have.
pub(crate) fn at(pool: Pool, ordinal: u32, formats: &Arc<Formats>) -> Option<PyMark> {
    let mark = Mark::at(pool, Ordinal::from_u32(ordinal)?, formats).ok()?;
    Some(PyMark::new(mark, formats))
}
