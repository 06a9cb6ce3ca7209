//! `JournalState`: what a journal tells, replayed, to compare a store with or to rebuild one from.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use plate_inventory::journal::{Replay, Restoration};
use plate_inventory::store::Comparison;
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::checkpoint::heeding;
use crate::errors;

/// Every plane, record, payment, setting and document, as a journal tells them.
///
/// >>> state = JournalState.of("var/journal")
/// >>> found = await inventory.compare(state)
/// >>> found["differences"]
/// []
#[pyclass(frozen, name = "JournalState", module = "plate_core")]
pub(crate) struct PyJournalState {
    place: Arc<Mutex<Option<Restoration>>>,
    halted: Arc<AtomicBool>,
}

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
    /// Whether somebody halted it.
    pub(crate) fn halted(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.halted)
    }

    /// Takes the state for one call; another call at the same time is refused.
    pub(crate) fn take(&self, py: Python<'_>) -> PyResult<Held> {
        let state = self.place.lock().unwrap_or_else(PoisonError::into_inner).take();
        let busy = || errors::argument(py, "state_busy", "state", "one that no other call works on");
        Ok(Held { place: Arc::clone(&self.place), state: state.ok_or_else(busy)? })
    }
}

#[pymethods]
impl PyJournalState {
    /// Replay a journal. `for_restoring` also works out what the verbs remember beside the state: answers of request
    /// ids, cool-downs, what operators did today. `heed` is called with the number of entries now and then; what it
    /// raises ends the replay. Raises `JournalBroken`.
    #[staticmethod]
    #[pyo3(signature = (directory, *, for_restoring=false, heed=None))]
    fn of(
        py: Python<'_>,
        directory: PathBuf,
        for_restoring: bool,
        heed: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let state = heeding(py, heed, |hear| {
            if for_restoring {
                return Restoration::heeding(&directory, hear);
            }
            Replay::heeding(&directory, hear).map(Restoration::without_memory)
        })?;
        Ok(Self { place: Arc::new(Mutex::new(Some(state))), halted: Arc::default() })
    }

    /// End a comparison with this state soon, and any later one at once: it raises `InventoryError` (`interrupted`).
    /// For whoever does not wait any longer; may be called from any thread.
    fn halt(&self) {
        self.halted.store(true, Ordering::Relaxed);
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
