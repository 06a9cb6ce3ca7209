//! `JournalState`: what a journal tells, replayed, to compare a store with or to rebuild one from.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use plate_inventory::journal::{Replay, Restoration};
use plate_inventory::store::Comparison;
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::errors;

/// Every plane, record, payment, setting and document, as a journal tells them.
///
/// >>> state = JournalState.of("var/journal")
/// >>> found = await inventory.compare(state)
/// >>> found["differences"]
/// []
#[pyclass(frozen, name = "JournalState", module = "plate_core")]
pub(crate) struct PyJournalState(Arc<Mutex<Option<Restoration>>>);

/// The state, for as long as a call works on it; then it goes back.
pub(crate) struct Held {
    place: Arc<Mutex<Option<Restoration>>>,
    state: Restoration,
}

impl Held {
    pub(crate) fn restoration(&mut self) -> &mut Restoration {
        &mut self.state
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let state = std::mem::take(&mut self.state);
        *self.place.lock().unwrap_or_else(PoisonError::into_inner) = Some(state);
    }
}

impl PyJournalState {
    /// Takes the state for one call; another call at the same time is refused.
    pub(crate) fn take(&self, py: Python<'_>) -> PyResult<Held> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let busy = || errors::argument(py, "state_busy", "state", "one that no other call works on");
        Ok(Held { place: Arc::clone(&self.0), state: state.ok_or_else(busy)? })
    }
}

#[pymethods]
impl PyJournalState {
    /// Replay a journal. `for_restoring` also works out what the verbs remember beside the state: answers of request
    /// ids, cool-downs, what operators did today. Raises `JournalBroken`.
    #[staticmethod]
    #[pyo3(signature = (directory, *, for_restoring=false))]
    fn of(py: Python<'_>, directory: PathBuf, for_restoring: bool) -> PyResult<Self> {
        let read = py.detach(|| {
            if for_restoring {
                return Restoration::of(&directory);
            }
            Replay::of(&directory).map(Restoration::without_memory)
        });
        let state = read.map_err(|error| errors::journal(py, &error))?;
        Ok(Self(Arc::new(Mutex::new(Some(state)))))
    }

    /// How far each pool is: {pool: revision}.
    fn revisions<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let mut held = self.take(py)?;
        let revisions = PyDict::new(py);
        for (pool, state) in held.restoration().replay.pools() {
            revisions.set_item(pool, state.revision)?;
        }
        Ok(revisions)
    }
}

/// {pools, records, payments, differences: [{pool, slug, ordinal, detail}]}.
pub(crate) fn comparison(py: Python<'_>, found: &Comparison) -> PyResult<Py<PyAny>> {
    let differences = PyList::empty(py);
    for (pool, difference) in &found.differences {
        let one = PyDict::new(py);
        one.set_item("pool", pool)?;
        one.set_item("slug", difference.slug())?;
        one.set_item("ordinal", difference.ordinal())?;
        one.set_item("detail", difference.to_string())?;
        differences.append(one)?;
    }
    let all = PyDict::new(py);
    all.set_item("pools", found.pools)?;
    all.set_item("records", found.records)?;
    all.set_item("payments", found.payments)?;
    all.set_item("differences", differences)?;
    all.into_py_any(py)
}
