//! What another tariff would move, as a dictionary.

use plate_algebra::preview::{Move, Preview};
use plate_algebra::{Acquired, Area, Date};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::PyRuleBook;
use super::facts::{report, tariff_head};
use crate::errors;
use crate::mark::PyMark;
use crate::replica::PyReplica;

/// {present, candidate, mci_value_tenge, moves, unmoved_marks, shadowed, report}.
///
/// A move: {from, to (tier ids, None: not offered), marks, free_marks (None without a replica), difference_tiyn (a
/// mark), amount_tiyn (all of them; Python's integers have no end), samples: [Mark]}.
pub(super) fn facts<'py>(
    py: Python<'py>,
    present: &PyRuleBook,
    candidate: &PyRuleBook,
    acquired: Acquired,
    on: Date,
    replica: Option<&PyReplica>,
) -> PyResult<Bound<'py, PyDict>> {
    let planes = replica.map(PyReplica::planes);
    let made = py.detach(|| match &planes {
        Some(planes) => {
            let count_free = |area: &Area| planes.count_free(area);
            present.book.preview(&candidate.book, on, acquired, Some(&count_free))
        }
        None => present.book.preview(&candidate.book, on, acquired, None),
    });
    let Preview { present: before, candidate: after, mci_value_tenge, moves, unmoved_marks, shadowed } =
        made.map_err(|error| errors::price(py, &error))?;
    let one = PyDict::new(py);
    one.set_item("present", tariff_head(py, before)?)?;
    one.set_item("candidate", tariff_head(py, after)?)?;
    one.set_item("mci_value_tenge", mci_value_tenge)?;
    let moves = moves.iter().map(|moved| a_move(py, present, moved));
    one.set_item("moves", moves.collect::<PyResult<Vec<_>>>()?)?;
    one.set_item("unmoved_marks", unmoved_marks)?;
    one.set_item("shadowed", shadowed)?;
    one.set_item("report", report(py, &candidate.formats, after, &after.report)?)?;
    Ok(one)
}

fn a_move<'py>(py: Python<'py>, book: &PyRuleBook, moved: &Move<'_>) -> PyResult<Bound<'py, PyDict>> {
    let samples = moved.samples.iter().map(|mark| PyMark::new(*mark, &book.formats));
    let one = PyDict::new(py);
    one.set_item("from", moved.from.map(|tier| tier.id.as_str()))?;
    one.set_item("to", moved.to.map(|tier| tier.id.as_str()))?;
    one.set_item("marks", moved.marks)?;
    one.set_item("free_marks", moved.free_marks)?;
    one.set_item("difference_tiyn", moved.difference_tiyn)?;
    one.set_item("amount_tiyn", moved.amount_tiyn)?;
    one.set_item("samples", samples.map(|mark| Py::new(py, mark)).collect::<PyResult<Vec<_>>>()?)?;
    Ok(one)
}
