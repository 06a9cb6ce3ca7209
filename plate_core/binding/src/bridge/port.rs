//! One event loop's side of the bridge.

use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use plate_inventory::engine::{EngineError, Port};
use pyo3::exceptions::PyOSError;
use pyo3::intern;
use pyo3::prelude::*;

use super::slots::{Slots, Waiting};
use super::{Failure, Finished, StoreEngine};
use crate::errors;

/// So many requests of one turn are not kept from the engine until the turn ends: a turn that serves many people takes
/// milliseconds, and the store would stand idle meanwhile, as the loop would afterwards.
const UNKICKED_MAX: usize = 8;

/// What the loop calls: itself to kick the engine, [`LoopPort::drain`] when the eventfd is readable.
#[pyclass(frozen, module = "plate_core._plate_core")]
pub(crate) struct LoopPort {
    engine: Arc<StoreEngine>,
    door: Arc<Port<Finished>>,
    event_loop: Py<PyAny>,
    create_future: Py<PyAny>,
    call_soon: Py<PyAny>,
    is_running: Py<PyAny>,
    slots: Mutex<Slots>,
    /// A kick is due at the end of this turn of the loop.
    kick_due: AtomicBool,
    /// Requests of this turn that the engine has not been kicked for.
    unkicked: AtomicUsize,
}

impl LoopPort {
    /// Give a loop its port. Called in the loop's own thread.
    pub(super) fn attach(
        engine: Arc<StoreEngine>,
        event_loop: Bound<'_, PyAny>,
        capacity: usize,
    ) -> PyResult<Bound<'_, Self>> {
        let py = event_loop.py();
        let door = Port::new(capacity).map_err(|error| PyOSError::new_err(error.to_string()))?;
        let descriptor = door.event().as_raw_fd();
        let port = Bound::new(
            py,
            Self {
                engine,
                door,
                create_future: event_loop.getattr(intern!(py, "create_future"))?.unbind(),
                call_soon: event_loop.getattr(intern!(py, "call_soon"))?.unbind(),
                is_running: event_loop.getattr(intern!(py, "is_running"))?.unbind(),
                event_loop: event_loop.clone().unbind(),
                slots: Mutex::new(Slots::default()),
                kick_due: AtomicBool::new(false),
                unkicked: AtomicUsize::new(0),
            },
        )?;
        let drain = port.getattr(intern!(py, "drain"))?;
        event_loop.call_method1(intern!(py, "add_reader"), (descriptor, drain))?;
        Ok(port)
    }

    pub(super) fn serves(&self, event_loop: &Bound<'_, PyAny>) -> bool {
        self.event_loop.as_ptr() == event_loop.as_ptr()
    }

    /// Whether the turn in which the loop was last asked for goes on. A kick that is due says so, unless the loop was
    /// stopped before its next turn.
    pub(super) fn is_in_turn(&self, py: Python<'_>) -> bool {
        self.kick_due.load(Ordering::Acquire) && self.is_running(py)
    }

    fn is_running(&self, py: Python<'_>) -> bool {
        self.is_running.bind(py).call0().and_then(|running| running.is_truthy()).unwrap_or(false)
    }

    pub(super) fn is_closed(&self, py: Python<'_>) -> bool {
        let closed = self.event_loop.call_method0(py, intern!(py, "is_closed"));
        closed.and_then(|closed| closed.is_truthy(py)).unwrap_or(true)
    }

    /// The engine is closed: give every future its end and leave the loop.
    pub(super) fn retire(port: &Bound<'_, Self>) {
        let py = port.py();
        let this = port.get();
        if this.is_closed(py) {
            return;
        }
        let ours = super::running_loop(py).is_ok_and(|running| this.serves(&running));
        let elsewhere = !ours && this.is_running(py);
        let left = if elsewhere {
            // Futures may be touched in their own loop's thread only.
            port.getattr(intern!(py, "leave"))
                .and_then(|leave| {
                    this.event_loop.call_method1(py, intern!(py, "call_soon_threadsafe"), (leave,))
                })
                .map(drop)
        } else {
            this.leave(py)
        };
        if let Err(error) = left
            && !this.is_closed(py)
        {
            error.write_unraisable(py, Some(port.as_any()));
        }
    }

    fn slots(&self) -> std::sync::MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kick(&self) {
        self.unkicked.store(0, Ordering::Relaxed);
        self.engine.kick();
    }

    /// Make a future, submit under its token, and see to it that the engine is kicked at the end of the turn, or when the
    /// turn has made enough for a batch.
    pub(super) fn begin<'py>(
        slf: &Bound<'py, Self>,
        waiting: Waiting,
        submit: impl FnOnce(u64, &Arc<Port<Finished>>) -> Result<(), Failure>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let this = slf.get();
        let future = this.create_future.bind(py).call0()?;
        let token = this.slots().put(future.clone().unbind(), waiting);
        if let Err(error) = submit(token, &this.door) {
            drop(this.slots().take(token));
            return Err(errors::engine(py, error));
        }
        if !this.kick_due.swap(true, Ordering::AcqRel) {
            this.call_soon.bind(py).call1((slf,))?;
        }
        if this.unkicked.fetch_add(1, Ordering::Relaxed) + 1 == UNKICKED_MAX {
            this.kick();
        }
        Ok(future)
    }
}

#[pymethods]
impl LoopPort {
    /// Wake the engine once for everything this turn of the loop submitted.
    fn __call__(&self) {
        self.kick_due.store(false, Ordering::Release);
        self.kick();
    }

    /// Give every finished request's result to its future.
    fn drain(&self, py: Python<'_>) {
        // In a forked child the eventfd is the parent's; reading it would take the parent's wake-up.
        if matches!(self.engine.check(), Err(EngineError::Forked)) {
            return;
        }
        self.door.drain(|token, finished| {
            // Not in the `if let`: the lock must not be held while Python runs.
            let slot = self.slots().take(token);
            if let Some((future, waiting)) = slot {
                settle(future.bind(py), value(py, waiting, finished));
            }
        });
    }

    /// Drain for the last time and take the eventfd out of the loop.
    fn leave(&self, py: Python<'_>) -> PyResult<()> {
        self.drain(py);
        self.event_loop.call_method1(py, intern!(py, "remove_reader"), (self.door.event().as_raw_fd(),))?;
        Ok(())
    }
}

fn value(py: Python<'_>, waiting: Waiting, finished: Finished) -> PyResult<Py<PyAny>> {
    match (waiting, finished) {
        (Waiting::List(conclude), Finished::Answered(replies)) => conclude(py, replies),
        (_, Finished::Called(conclude)) => conclude(py),
        (_, Finished::Failed(error)) => Err(errors::engine(py, error)),
        // A call is never answered as a list; were it so, its fate would not be known.
        (Waiting::Call, Finished::Answered(_)) => Err(errors::engine(py, EngineError::Lost)),
    }
}

/// A future that was cancelled takes no result, and its neighbours must get theirs nevertheless.
fn settle(future: &Bound<'_, PyAny>, result: PyResult<Py<PyAny>>) {
    let py = future.py();
    let told = match result {
        Ok(value) => future.call_method1(intern!(py, "set_result"), (value,)),
        Err(error) => future.call_method1(intern!(py, "set_exception"), (error.into_value(py),)),
    };
    let Err(error) = told else { return };
    let done = future.call_method0(intern!(py, "done")).and_then(|done| done.is_truthy());
    if !done.unwrap_or(false) {
        error.write_unraisable(py, Some(future));
    }
}
