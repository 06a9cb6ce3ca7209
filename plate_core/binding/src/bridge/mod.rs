//! The bridge between event loops and the engine.
//!
//! A verb called from Python does not await: it makes the loop's own future, pushes the request and asks the loop
//! for one kick at the end of its turn, however many requests the turn makes. What is finished comes back through
//! the port's eventfd, which wakes the loop once for everything, and is given to its futures in one go.
//!
//! Awaitables belong to the loop that called. One inventory serves any number of loops, each through a port.
//! Where to look next: `port` is one loop's side, `plate_inventory::engine` the other end.

mod port;
mod slots;

use std::future::Future;
use std::io;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, ThreadId};

use plate_inventory::engine::{Backend, Completion, Engine, EngineError, Options};
use plate_inventory::pipeline::{Item, Lane, Pipeline};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::errors;
pub(crate) use port::LoopPort;
use slots::Waiting;

/// The engine as this border uses it.
pub(crate) type StoreEngine = Engine<Pipeline, Finished>;
type Reply = <Pipeline as Backend>::Reply;
type Failure = EngineError<<Pipeline as Backend>::Error>;

/// Makes the Python value of what a request gave. Runs in the loop's thread.
pub(crate) type Conclude<R> = Box<dyn FnOnce(Python<'_>, R) -> PyResult<Py<PyAny>> + Send>;

/// A result that has only to be made Python's.
type Concluded = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;

/// How a request ended, on its way from the engine's thread to the loop's.
pub(crate) enum Finished {
    /// A list of items; `None` is an item whose fate is unknown.
    Answered(Vec<Option<Reply>>),
    /// A call; what it gave is made into a Python value by the closure.
    Called(Concluded),
    /// Nothing took effect, or it is not known.
    Failed(Failure),
}

impl Completion<Pipeline> for Finished {
    fn answered(replies: Vec<Option<Reply>>) -> Self {
        Self::Answered(replies)
    }

    fn failed(error: Failure) -> Self {
        Self::Failed(error)
    }
}

/// One engine and the ports of the loops that use it.
pub(crate) struct Bridge {
    engine: Arc<StoreEngine>,
    ports: Mutex<Vec<Py<LoopPort>>>,
    /// The port that was looked up last, and the thread whose running loop it serves.
    recent: Mutex<Option<(ThreadId, Py<LoopPort>)>>,
    port_capacity: usize,
}

impl Bridge {
    /// Start the engine; `make` builds its backend on the engine's thread.
    pub(crate) fn open(
        make: impl FnOnce() -> Pipeline + Send + 'static,
        options: Options,
    ) -> io::Result<Self> {
        Ok(Self {
            engine: Arc::new(Engine::open(make, options)?),
            ports: Mutex::new(Vec::new()),
            recent: Mutex::new(None),
            port_capacity: options.backlog_max,
        })
    }

    /// Submit a list; the future gives what `conclude` makes of its replies.
    pub(crate) fn submit<'py>(
        &self,
        py: Python<'py>,
        items: Vec<(Lane, Item)>,
        conclude: Conclude<Vec<Option<Reply>>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let port = self.port_of_running_loop(py)?;
        LoopPort::begin(&port, Waiting::List(conclude), |token, door| self.engine.submit(door, token, items))
    }

    /// Run a call on the engine's thread; the future gives what `conclude` makes of its result.
    pub(crate) fn call<'py, F, R>(
        &self,
        py: Python<'py>,
        run: impl FnOnce(Rc<Pipeline>) -> F + Send + 'static,
        conclude: impl FnOnce(Python<'_>, R) -> PyResult<Py<PyAny>> + Send + 'static,
    ) -> PyResult<Bound<'py, PyAny>>
    where
        F: Future<Output = Result<R, <Pipeline as Backend>::Error>> + 'static,
        R: Send + 'static,
    {
        let port = self.port_of_running_loop(py)?;
        LoopPort::begin(&port, Waiting::Call, |token, door| {
            self.engine.call(door, token, run, |result| match result {
                Ok(value) => Finished::Called(Box::new(move |py| conclude(py, value))),
                Err(error) => Finished::Failed(error),
            })
        })
    }

    /// End the engine and tell every future how its request ended.
    pub(crate) fn close(&self, py: Python<'_>) {
        py.detach(|| self.engine.close());
        drop(self.recent.lock().unwrap_or_else(PoisonError::into_inner).take());
        let ports = std::mem::take(&mut *self.ports.lock().unwrap_or_else(PoisonError::into_inner));
        for port in ports {
            LoopPort::retire(port.bind(py));
        }
    }

    /// Items taken in and not finished.
    pub(crate) fn backlog(&self) -> usize {
        self.engine.backlog()
    }

    fn port_of_running_loop<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, LoopPort>> {
        if let Some(port) = self.port_of_this_turn(py) {
            return Ok(port);
        }
        let event_loop = running_loop(py)?;
        let port = self.known(py, &event_loop).map_or_else(|| self.attach(py, event_loop), Ok)?;
        let looked_up = (thread::current().id(), port.clone().unbind());
        *self.recent.lock().unwrap_or_else(PoisonError::into_inner) = Some(looked_up);
        Ok(port)
    }

    /// The port of the running loop where this turn of the loop has asked before: up to Python 3.11 asyncio makes a
    /// system call each time it says which loop runs, and a turn may hold hundreds of requests.
    fn port_of_this_turn<'py>(&self, py: Python<'py>) -> Option<Bound<'py, LoopPort>> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let (thread, port) = recent.as_ref()?;
        let port = port.bind(py).clone();
        let ours = *thread == thread::current().id();
        drop(recent);
        (ours && port.get().is_in_turn(py)).then_some(port)
    }

    fn attach<'py>(&self, py: Python<'py>, event_loop: Bound<'py, PyAny>) -> PyResult<Bound<'py, LoopPort>> {
        self.engine.check().map_err(|error| errors::engine(py, error))?;
        let port = LoopPort::attach(Arc::clone(&self.engine), event_loop, self.port_capacity)?;
        let mut ports = self.ports.lock().unwrap_or_else(PoisonError::into_inner);
        // A loop that was closed takes its port with it; nobody else would ever notice.
        ports.retain(|port| !port.get().is_closed(py));
        ports.push(port.clone().unbind());
        Ok(port)
    }

    fn known<'py>(&self, py: Python<'py>, event_loop: &Bound<'py, PyAny>) -> Option<Bound<'py, LoopPort>> {
        let ports = self.ports.lock().unwrap_or_else(PoisonError::into_inner);
        ports.iter().find(|port| port.get().serves(event_loop)).map(|port| port.bind(py).clone())
    }
}

/// An inventory that nobody closed: the thread is asked to end, and nobody waits for it.
impl Drop for Bridge {
    fn drop(&mut self) {
        self.engine.request_close();
    }
}

fn running_loop(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    static GET_RUNNING_LOOP: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    GET_RUNNING_LOOP.import(py, "asyncio", "get_running_loop")?.call0()
}
