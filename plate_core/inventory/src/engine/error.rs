//! Why the engine has no answer.

use thiserror::Error;

/// Whether an error proves that nothing was applied.
pub trait Certainty {
    /// True when the batch certainly took no effect; false when it may have.
    fn nothing_applied(&self) -> bool;
}

/// Why a request as a whole has no answers.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum EngineError<E> {
    /// The engine was closed before the request was sent; nothing took effect.
    #[error("the inventory is closed")]
    Closed,
    /// The process forked after the engine was opened: its thread lives only in the parent.
    #[error("the inventory was opened before this process forked; open one in the child")]
    Forked,
    /// A queue is full; nothing took effect.
    #[error("the inventory has too many requests waiting; try again in {retry_after_ms} ms")]
    Overloaded {
        /// When the present backlog should be worked off, in milliseconds.
        retry_after_ms: u32,
    },
    /// One list holds more items than the engine takes at all; nothing took effect.
    #[error("a list of {items} items is longer than the {most} the inventory takes")]
    ListTooLong {
        /// Items in the list.
        items: usize,
        /// The most a list may hold.
        most: usize,
    },
    /// The request was under way when the engine ended or failed; it may have taken effect.
    #[error("the inventory ended while the request was under way")]
    Lost,
    /// What the backend said.
    #[error("{0}")]
    Backend(E),
}

impl<E: Certainty> Certainty for EngineError<E> {
    fn nothing_applied(&self) -> bool {
        match self {
            Self::Closed | Self::Forked | Self::Overloaded { .. } | Self::ListTooLong { .. } => true,
            Self::Lost => false,
            Self::Backend(error) => error.nothing_applied(),
        }
    }
}
