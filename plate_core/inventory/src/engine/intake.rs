//! The bounded way in: a lock-free queue of jobs and a bell.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crossbeam_queue::ArrayQueue;
use tokio::sync::Notify;

use super::backlog::{Backlog, Room};
use super::error::EngineError;
use super::port::Ticket;
use super::{Backend, Completion};

/// Grows by one in every child after a fork. An engine remembers the count it was opened under.
static FORKS: AtomicU64 = AtomicU64::new(0);

/// To be called in the child after a fork: every engine opened before refuses from now on.
///
/// A count, and not a look at the process id in each request, because that would be a system call each.
pub fn mark_forked() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}

/// What a call does on the engine's thread: given the backend it runs, given an error it reports that.
pub(super) type Call<B> = Box<
    dyn FnOnce(Result<Rc<B>, EngineError<<B as Backend>::Error>>) -> Pin<Box<dyn Future<Output = ()>>> + Send,
>;

/// What travels from a caller to the engine's thread.
pub(super) enum Job<B: Backend, T: Completion<B>> {
    /// Items to be sorted into lanes.
    List { items: Vec<(B::Lane, B::Item)>, ticket: Ticket<T>, room: Room },
    /// A call that runs by itself.
    Call(Call<B>),
}

impl<B: Backend, T: Completion<B>> Job<B, T> {
    /// Finish it without having begun it.
    fn refuse(self, error: EngineError<B::Error>) {
        match self {
            Self::List { ticket, .. } => ticket.finish(T::failed(error)),
            // Given an error, a call reports it before it returns; the future that comes back is empty.
            Self::Call(run) => drop(run(Err(error))),
        }
    }
}

/// What callers and the engine's thread share.
pub(super) struct Intake<B: Backend, T: Completion<B>> {
    queue: ArrayQueue<Job<B, T>>,
    pub(super) backlog: Arc<Backlog>,
    closed: AtomicBool,
    opened_under: u64,
    pub(super) bell: Notify,
}

impl<B: Backend, T: Completion<B>> Intake<B, T> {
    pub(super) fn new(items_max: usize) -> Self {
        Self {
            // A job takes room for one item at least, so that the backlog is full before this queue is.
            queue: ArrayQueue::new(items_max.max(1)),
            backlog: Arc::new(Backlog::new(items_max)),
            closed: AtomicBool::new(false),
            opened_under: FORKS.load(Ordering::Relaxed),
            bell: Notify::new(),
        }
    }

    /// Whether the engine would take anything at all.
    pub(super) fn check(&self) -> Result<(), EngineError<B::Error>> {
        if self.forked() {
            return Err(EngineError::Forked);
        }
        if self.closed() { Err(EngineError::Closed) } else { Ok(()) }
    }

    pub(super) fn forked(&self) -> bool {
        FORKS.load(Ordering::Relaxed) != self.opened_under
    }

    pub(super) fn closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// Put in a job for which room was made.
    pub(super) fn push(&self, job: Job<B, T>) {
        if let Err(job) = self.queue.push(job) {
            job.refuse(self.backlog.overloaded());
        }
        // The thread may have looked for the last time between the caller's check and this push.
        if self.closed() {
            self.refuse_all();
        }
    }

    pub(super) fn pop(&self) -> Option<Job<B, T>> {
        self.queue.pop()
    }

    /// From now on everything is refused.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.bell.notify_one();
    }

    /// Refuse what waits in the queue, as closed.
    pub(super) fn refuse_all(&self) {
        while let Some(job) = self.queue.pop() {
            job.refuse(EngineError::Closed);
        }
    }
}
