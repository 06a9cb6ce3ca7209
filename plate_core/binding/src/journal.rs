//! `Journal` and `JournalReader`: the segments on disk. Everything that touches the disk runs without the GIL.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use plate_inventory::codec::feed;
use plate_inventory::feed::{DocumentChange, Transition};
use plate_inventory::journal::{EntryId, Frames, JournalError, JournalWriter, read_frames, read_history};
use plate_inventory::payment::PaymentChange;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::answer::PyLive;
use crate::checkpoint;
use crate::errors;
use crate::mark::PyMark;

/// The journal, open for writing: one writer a directory, held by a file lock.
///
/// >>> journal = Journal.open("var/journal")
/// >>> journal.append("person_car.02", entries)
/// 12
/// >>> journal.sync()  # durable when it returns; only then is the feed trimmed
#[pyclass(frozen, name = "Journal", module = "plate_core")]
pub(crate) struct PyJournal {
    directory: PathBuf,
    writer: Mutex<Option<JournalWriter>>,
}

impl PyJournal {
    fn with<R: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut JournalWriter) -> Result<R, JournalError> + Send,
    ) -> PyResult<R> {
        let done = py.detach(|| self.writer().as_mut().map(work));
        let done = done.ok_or_else(|| errors::journal_closed(py))?;
        done.map_err(|error| errors::journal(py, &error))
    }

    fn writer(&self) -> MutexGuard<'_, Option<JournalWriter>> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl PyJournal {
    /// Open a directory's journal, check every link of it and its last checkpoint, and cut off a torn tail.
    ///
    /// With a `signing_key`, the 32 bytes of an Ed25519 private key, it signs checkpoints when asked to. Raises
    /// `JournalBroken`, with the slug `journal_locked` where another process writes it.
    #[staticmethod]
    #[pyo3(signature = (directory, *, signing_key=None))]
    fn open(py: Python<'_>, directory: PathBuf, signing_key: Option<&[u8]>) -> PyResult<Self> {
        let signer = signing_key.map(|key| checkpoint::signer(py, key)).transpose()?;
        let opened = py.detach(|| match signer {
            Some(signer) => JournalWriter::open_signing(&directory, signer),
            None => JournalWriter::open(&directory),
        });
        let writer = opened.map_err(|error| errors::journal(py, &error))?;
        Ok(Self { directory, writer: Mutex::new(Some(writer)) })
    }

    /// Append entries of a pool's feed, (entry id, bytes) each; how many were new. Not durable before `sync`.
    ///
    /// What is on disk already is passed over. Raises `JournalBroken`: a gap is never bridged.
    fn append(&self, py: Python<'_>, pool: &str, entries: Vec<(String, Vec<u8>)>) -> PyResult<u64> {
        self.with(py, |writer| {
            let mut new = 0;
            for (id, entry) in &entries {
                let id = EntryId::parse(id).ok_or_else(|| JournalError::Entry {
                    pool: pool.to_owned(),
                    revision: 0,
                    reason: "its id is not <revision>-<sequence>".to_owned(),
                })?;
                new += u64::from(writer.append(pool, id, entry)?);
            }
            Ok(new)
        })
    }

    /// Make everything appended so far durable (fsync). Raises `JournalBroken`.
    fn sync(&self, py: Python<'_>) -> PyResult<()> {
        self.with(py, JournalWriter::sync)
    }

    /// Make durable what was appended, and sign it: the checkpoint's bytes, or None where nothing is new or nothing is
    /// signed here. `now_ms` is the machine's time, a statement. Raises `JournalBroken`.
    fn checkpoint<'py>(&self, py: Python<'py>, now_ms: u64) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let made = self.with(py, |writer| writer.checkpoint(now_ms))?;
        Ok(made.map(|made| PyBytes::new(py, &made.to_bytes())))
    }

    /// The id of a pool's last entry; `0-0` when there is none.
    fn head(&self, py: Python<'_>, pool: &str) -> PyResult<String> {
        self.with(py, |writer| Ok(writer.head(pool).to_string()))
    }

    /// Give the directory back to other keepers. What was not synced is not durable.
    fn close(&self, py: Python<'_>) {
        py.detach(|| drop(self.writer().take()));
    }

    /// As `JournalReader.history`.
    fn history<'py>(&self, py: Python<'py>, mark: &PyMark) -> PyResult<Vec<Bound<'py, PyDict>>> {
        history(py, &self.directory, mark)
    }

    /// As `JournalReader.transitions`.
    #[pyo3(signature = (pool=None))]
    fn transitions(&self, py: Python<'_>, pool: Option<String>) -> PyResult<Transitions> {
        Transitions::of(py, &self.directory, pool)
    }
}

/// Reads a journal that another process may be writing. It never repairs and takes no lock.
#[pyclass(frozen, name = "JournalReader", module = "plate_core")]
pub(crate) struct PyJournalReader {
    directory: PathBuf,
}

#[pymethods]
impl PyJournalReader {
    #[new]
    fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// Everything that ever happened to a mark, oldest first, a dictionary a transition.
    ///
    /// Keys: pool, revision, server_time_ms, verb, ordinal (None where the pool itself is meant), planes
    /// {taken, issued, withheld}, live (`Live` or None), request (32 hex digits), actor, on_behalf (32 hex
    /// digits or None), representative (32 hex digits, or None: who acted in this step for the entity that
    /// on_behalf names), office, channel, note, and payment: None or {id, provider, transaction, ordinal,
    /// hold_id, amount_tiyn, paid_at_ms, received_at_ms, refunded_at_ms, state, before, reason}; and document: None or
    /// {name, version, content}, of the pool `documents`.
    /// Raises `JournalBroken`.
    fn history<'py>(&self, py: Python<'py>, mark: &PyMark) -> PyResult<Vec<Bound<'py, PyDict>>> {
        history(py, &self.directory, mark)
    }

    /// Every transition in the order of the journal, of one pool or of all, one by one; shaped as in `history`.
    #[pyo3(signature = (pool=None))]
    fn transitions(&self, py: Python<'_>, pool: Option<String>) -> PyResult<Transitions> {
        Transitions::of(py, &self.directory, pool)
    }
}

fn history<'py>(
    py: Python<'py>,
    directory: &std::path::Path,
    mark: &PyMark,
) -> PyResult<Vec<Bound<'py, PyDict>>> {
    let pool = mark.formats.pool_id(mark.mark.pool());
    let ordinal = mark.mark.ordinal().get();
    let read = py.detach(|| read_history(directory, &pool, ordinal));
    let steps = read.map_err(|error| errors::journal(py, &error))?;
    steps.into_iter().map(|(server_ms, step)| transition(py, &pool, server_ms, step)).collect()
}

/// An iterator over the journal's transitions.
#[pyclass(frozen, module = "plate_core._plate_core")]
pub(crate) struct Transitions {
    pool: Option<String>,
    state: Mutex<Reading>,
}

struct Reading {
    frames: Frames,
    /// Transitions of the entry at hand.
    rest: VecDeque<(String, i64, Transition)>,
}

impl Transitions {
    fn of(py: Python<'_>, directory: &std::path::Path, pool: Option<String>) -> PyResult<Self> {
        let frames = py.detach(|| read_frames(directory)).map_err(|error| errors::journal(py, &error))?;
        Ok(Self { pool, state: Mutex::new(Reading { frames, rest: VecDeque::new() }) })
    }

    fn advance(&self) -> Result<Option<(String, i64, Transition)>, JournalError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(next) = state.rest.pop_front() {
                return Ok(Some(next));
            }
            let Some(frame) = state.frames.next().transpose()? else { return Ok(None) };
            if self.pool.as_ref().is_some_and(|pool| *pool != frame.pool) {
                continue;
            }
            let entry = feed::decode(&frame.entry).map_err(|error| JournalError::Entry {
                pool: frame.pool.clone(),
                revision: frame.id.revision,
                reason: error.to_string(),
            })?;
            let server_ms = entry.server_ms;
            let steps = entry.transitions.into_iter().map(|step| (frame.pool.clone(), server_ms, step));
            state.rest.extend(steps);
        }
    }
}

#[pymethods]
impl Transitions {
    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let next = py.detach(|| self.advance()).map_err(|error| errors::journal(py, &error))?;
        next.map(|(pool, server_ms, step)| transition(py, &pool, server_ms, step)).transpose()
    }
}

fn transition<'py>(
    py: Python<'py>,
    pool: &str,
    server_ms: i64,
    step: Transition,
) -> PyResult<Bound<'py, PyDict>> {
    let planes = PyDict::new(py);
    planes.set_item("taken", step.planes.taken)?;
    planes.set_item("issued", step.planes.issued)?;
    planes.set_item("withheld", step.planes.withheld)?;
    let one = PyDict::new(py);
    one.set_item("pool", pool)?;
    one.set_item("revision", step.revision)?;
    one.set_item("server_time_ms", server_ms)?;
    one.set_item("verb", step.verb.slug())?;
    one.set_item("ordinal", step.ordinal)?;
    one.set_item("planes", planes)?;
    one.set_item("live", step.record.map(PyLive::new))?;
    one.set_item("request", step.request.to_string())?;
    one.set_item("actor", step.actor)?;
    one.set_item("on_behalf", step.on_behalf.map(|who| who.applicant.to_string()))?;
    let representative = step.on_behalf.and_then(|who| who.representative);
    one.set_item("representative", representative.map(|id| id.to_string()))?;
    one.set_item("office", step.office)?;
    one.set_item("channel", step.channel.slug())?;
    one.set_item("payment", step.payment.map(|change| payment(py, &change)).transpose()?)?;
    one.set_item("note", step.note)?;
    one.set_item("document", step.document.as_ref().map(|change| document(py, change)).transpose()?)?;
    Ok(one)
}

fn document<'py>(py: Python<'py>, change: &DocumentChange) -> PyResult<Bound<'py, PyDict>> {
    let one = PyDict::new(py);
    one.set_item("name", &change.name)?;
    one.set_item("version", change.version)?;
    one.set_item("content", PyBytes::new(py, &change.content))?;
    Ok(one)
}

fn payment<'py>(py: Python<'py>, change: &PaymentChange) -> PyResult<Bound<'py, PyDict>> {
    let one = crate::payment::facts(py, &change.after)?;
    one.set_item("before", change.before.map(|state| state.slug()))?;
    Ok(one)
}
