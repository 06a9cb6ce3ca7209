//! `ReplicaWriter`: builds the machine's bitmaps and keeps them by the change feed, on a thread of its own.

use std::path::PathBuf;

use plate_inventory::replica::{ReplicaWriter, Times};
use plate_inventory::store::StoreOptions;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::errors;
use crate::rulebook::PyRuleBook;

/// Keeps the shared bitmaps of one machine; its keeper has one.
///
/// >>> writer = ReplicaWriter.start("unix:///run/plates/valkey.sock", "var/planes", book)
/// >>> writer.health()["ready"]
/// True
#[pyclass(frozen, name = "ReplicaWriter", module = "plate_core")]
pub(crate) struct PyReplicaWriter(ReplicaWriter);

#[pymethods]
impl PyReplicaWriter {
    /// Make the file beside `path` and begin to fill it; readers find it there once all pools are in.
    ///
    /// No server need be there yet. Raises `ReplicaUnavailable`, with the slug `another_writer` where a process of
    /// this machine keeps the file already, and `InputInvalid` for a URL that cannot be used.
    #[staticmethod]
    fn start(py: Python<'_>, url: &str, path: PathBuf, book: &PyRuleBook) -> PyResult<Self> {
        let options = StoreOptions::release().map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
        let started =
            py.detach(|| ReplicaWriter::start(url, options, &path, &book.formats, Times::default()));
        started.map(Self).map_err(|error| errors::replica_start(py, &error))
    }

    /// How it is doing: {ready, pools, pools_missing, pools_absent, lag_revisions, updated_at_ms, snapshots, transitions,
    /// error}.
    ///
    /// `error` is None or what is wrong now, in words; `pools_missing` are pools of the rule book that the store lacks,
    /// and `pools_absent` names those whose primary in a cluster does not answer.
    fn health<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let health = self.0.health();
        let one = PyDict::new(py);
        one.set_item("ready", health.ready)?;
        one.set_item("pools", health.pools)?;
        one.set_item("pools_missing", health.pools_missing)?;
        one.set_item("pools_absent", health.pools_absent)?;
        one.set_item("lag_revisions", health.lag_revisions)?;
        one.set_item("updated_at_ms", health.updated_at_ms)?;
        one.set_item("snapshots", health.snapshots)?;
        one.set_item("transitions", health.transitions)?;
        one.set_item("error", health.error)?;
        Ok(one)
    }

    /// Stop and let go of the file; readers keep what they have. Stopping twice is stopping once.
    fn stop(&self, py: Python<'_>) {
        py.detach(|| self.0.stop());
    }
}
