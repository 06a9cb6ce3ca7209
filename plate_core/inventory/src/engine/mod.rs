//! The engine: one thread between callers (an event loop in Python, a test in Rust) and a backend (the store).
//!
//! The way of a request: a caller takes a [`Ticket`] from his [`Port`], pushes a job into the bounded intake and
//! kicks once for all he pushed. The engine's thread takes everything in, sorts the items into lanes (one a verb
//! and pool) and sends. A lane sends at once while it is idle; with two batches under way it gathers, and its next
//! batch is whatever came meanwhile: group commit with no timer to tune. What is finished goes into the port's
//! ring, and one eventfd wakes the caller once for all of it.
//!
//! Nobody waits for ever: a ticket that is dropped (a panic, a closed runtime) reports [`EngineError::Lost`].
//!
//! Deliberately not here: what a verb means (`store`, `lifecycle`), Python (`binding`), any decision about time.
//! Where to look next: `thread` is the handle, `dispatch` the thread's work. Its decisions are pure, and the
//! simulation (`plate_core/simulation`) makes them too: `lanes` is the rule of gathering, `collected` what a list is told.

mod backlog;
mod call;
mod collected;
mod dispatch;
mod error;
mod gathering;
mod intake;
mod lanes;
mod port;
mod thread;

#[cfg(test)]
mod tests;

pub use collected::{Collected, Ending};
pub use error::{Certainty, EngineError};
pub use intake::mark_forked;
pub use lanes::{LaneBounds, Lanes};
pub use port::{Finished, Port, Ticket};
pub use thread::{Engine, Options};

use std::future::Future;
use std::hash::Hash;

/// What carries out batches: the store, or in a test something that answers at once.
pub trait Backend: 'static {
    /// What may share a batch, for example (verb, pool).
    type Lane: Copy + Eq + Hash + Send + 'static;
    /// One item of a batch.
    type Item: Send + 'static;
    /// The answer to one item.
    type Reply: Send + 'static;
    /// Why a whole batch got no answers.
    type Error: Clone + Certainty + Send + 'static;

    /// Carry out one batch; as many replies as items, in their order.
    fn run(
        &self,
        lane: Self::Lane,
        items: Vec<Self::Item>,
    ) -> impl Future<Output = Result<Vec<Self::Reply>, Self::Error>>;
}

/// How a caller wants to be told that a request is finished. Made on the engine's thread, read on the caller's.
pub trait Completion<B: Backend>: Send + 'static {
    /// The list was carried out; `None` is an item whose fate is unknown.
    fn answered(replies: Vec<Option<B::Reply>>) -> Self;
    /// No item took effect, or nothing at all is known (see [`EngineError`]).
    fn failed(error: EngineError<B::Error>) -> Self;
}
