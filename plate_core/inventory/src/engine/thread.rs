//! The engine's thread: a `current_thread` runtime of its own, which measured three times the commands a core of
//! the multi-threaded one (redis-rs, batches of 64), and needs no locks around the lanes.

use std::future::Future;
use std::io;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::task::LocalSet;

use super::backlog::Room;
use super::call::Promise;
use super::dispatch::Dispatch;
use super::error::EngineError;
use super::intake::{Intake, Job};
use super::lanes::LaneBounds;
use super::port::{Port, Ticket};
use super::{Backend, Completion};

/// Bounds and times of an engine.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Items taken in and not finished, at most. 16,384 are about 160 ms of work at 100,000 a second: more would
    /// only be waited for by people who have given up.
    pub backlog_max: usize,
    /// How batches are cut.
    pub lanes: LaneBounds,
    /// How long closing waits for what is under way, before it is reported as unknown.
    pub close_grace: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { backlog_max: 16_384, lanes: LaneBounds::default(), close_grace: Duration::from_secs(2) }
    }
}

/// A running engine. Dropping it asks the thread to end and does not wait; [`Engine::close`] does.
pub struct Engine<B: Backend, T: Completion<B>> {
    intake: Arc<Intake<B, T>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl<B: Backend, T: Completion<B>> Engine<B, T> {
    /// Start the thread; `make` builds the backend on it.
    ///
    /// # Errors
    /// The system's, when it gives no thread or no runtime.
    pub fn open(make: impl FnOnce() -> B + Send + 'static, options: Options) -> io::Result<Self> {
        let intake = Arc::new(Intake::new(options.backlog_max));
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let theirs = Arc::clone(&intake);
        let thread = std::thread::Builder::new().name("plates-engine".to_owned()).spawn(move || {
            // Whatever ends this thread, a panic too: from then on everything is refused.
            let _ending = Ending(Arc::clone(&theirs));
            let local = LocalSet::new();
            local.block_on(&runtime, async move { Dispatch::new(make(), theirs, options).serve().await });
        })?;
        Ok(Self { intake, thread: Mutex::new(Some(thread)) })
    }

    /// Push a list; the port's ring gets one completion for it. Nothing is sent before [`Engine::kick`].
    ///
    /// # Errors
    /// Refusals that are known at once: closed, forked, overloaded, list too long.
    pub fn submit(
        &self,
        port: &Arc<Port<T>>,
        token: u64,
        items: Vec<(B::Lane, B::Item)>,
    ) -> Result<(), EngineError<B::Error>> {
        let (ticket, room) = self.admit(port, token, items.len())?;
        if items.is_empty() {
            ticket.finish(T::answered(Vec::new()));
        } else {
            self.intake.push(Job::List { items, ticket, room });
        }
        Ok(())
    }

    /// Push a call that runs by itself beside the batches. Nothing is sent before [`Engine::kick`].
    ///
    /// # Errors
    /// Refusals that are known at once: closed, forked, overloaded.
    pub fn call<F, R>(
        &self,
        port: &Arc<Port<T>>,
        token: u64,
        run: impl FnOnce(Rc<B>) -> F + Send + 'static,
        conclude: impl FnOnce(Result<R, EngineError<B::Error>>) -> T + Send + 'static,
    ) -> Result<(), EngineError<B::Error>>
    where
        F: Future<Output = Result<R, B::Error>> + 'static,
        R: 'static,
    {
        let (ticket, room) = self.admit(port, token, 1)?;
        let promise = Promise::new(ticket, Box::new(conclude));
        self.intake.push(Job::Call(Box::new(move |backend| match backend {
            Ok(backend) => {
                let running = run(backend);
                Box::pin(async move {
                    let result = running.await;
                    drop(room);
                    promise.keep(result.map_err(EngineError::Backend));
                })
            }
            Err(error) => {
                promise.keep(Err(error));
                Box::pin(async {})
            }
        })));
        Ok(())
    }

    fn admit(
        &self,
        port: &Arc<Port<T>>,
        token: u64,
        items: usize,
    ) -> Result<(Ticket<T>, Room), EngineError<B::Error>> {
        self.intake.check()?;
        let room = self.intake.backlog.reserve(items)?;
        let ticket = port.ticket(token).ok_or_else(|| self.intake.backlog.overloaded())?;
        Ok((ticket, room))
    }

    /// Wake the thread once for all that was pushed.
    pub fn kick(&self) {
        // A forked child must not ring: the bell's descriptor is the parent's.
        if !self.intake.forked() {
            self.intake.bell.notify_one();
        }
    }

    /// Items taken in and not finished.
    #[must_use]
    pub fn backlog(&self) -> usize {
        self.intake.backlog.items()
    }

    /// Whether requests are still taken.
    ///
    /// # Errors
    /// Closed or forked.
    pub fn check(&self) -> Result<(), EngineError<B::Error>> {
        self.intake.check()
    }

    /// Ask the engine to end, as [`Engine::close`], and do not wait for it.
    pub fn request_close(&self) {
        if !self.intake.forked() {
            self.intake.close();
        }
    }

    /// End the engine and wait for its thread: what waits is refused as closed, what is under way gets
    /// [`Options::close_grace`] to end and is unknown after that. Closing twice is closing once.
    pub fn close(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if self.intake.forked() {
            // The thread lives in the parent only; there is nothing to join.
            std::mem::forget(thread);
            return;
        }
        self.intake.close();
        if let Some(thread) = thread {
            // A thread that panicked has ended too, and its tickets were reported by their drop.
            let _ = thread.join();
        }
    }
}

impl<B: Backend, T: Completion<B>> Drop for Engine<B, T> {
    fn drop(&mut self) {
        if self.intake.forked() {
            std::mem::forget(self.thread.get_mut().unwrap_or_else(PoisonError::into_inner).take());
        }
        self.request_close();
    }
}

/// Closes the intake when the thread ends, however it ends.
struct Ending<B: Backend, T: Completion<B>>(Arc<Intake<B, T>>);

impl<B: Backend, T: Completion<B>> Drop for Ending<B, T> {
    fn drop(&mut self) {
        self.0.close();
        self.0.refuse_all();
    }
}
