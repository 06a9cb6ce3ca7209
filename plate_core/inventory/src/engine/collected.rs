//! What a caller's list is told when its items have travelled in several batches: the decision alone.
//!
//! Pure, and shared with the simulation: a reply or a failure goes in for each item, and with the last of them the
//! list's end comes out. Not here: tickets and room ([`super::gathering`]), and how batches are cut ([`super::lanes`]).

use super::error::{Certainty, EngineError};

/// How a list ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ending<R, E> {
    /// In the list's order; `None` is an item whose fate is unknown.
    Answered(Vec<Option<R>>),
    /// No item took effect, for this reason.
    Failed(EngineError<E>),
}

/// The replies to a list's items so far.
#[derive(Debug)]
pub struct Collected<R, E> {
    replies: Vec<Option<R>>,
    /// How many items certainly took no effect, and why the first of them did not.
    refused: usize,
    reason: Option<EngineError<E>>,
    left: usize,
}

impl<R, E: Certainty> Collected<R, E> {
    /// Nothing yet, of a list of so many items.
    #[must_use]
    pub fn new(items: usize) -> Self {
        Self { replies: (0..items).map(|_| None).collect(), refused: 0, reason: None, left: items }
    }

    /// The store answered this item. Each item ends once: by its answer, or by the failure of its batch.
    pub fn answer(&mut self, index: usize, reply: R) -> Option<Ending<R, E>> {
        if let Some(place) = self.replies.get_mut(index) {
            *place = Some(reply);
        }
        self.ended()
    }

    /// The batch an item was in failed.
    pub fn fail(&mut self, error: EngineError<E>) -> Option<Ending<R, E>> {
        if error.nothing_applied() {
            self.refused += 1;
            self.reason.get_or_insert(error);
        }
        self.ended()
    }

    fn ended(&mut self) -> Option<Ending<R, E>> {
        self.left = self.left.saturating_sub(1);
        (self.left == 0).then(|| self.ending())
    }

    /// What is told. A list of which nothing took effect fails with its first reason; any other list is answered, and
    /// an item that was not applied beside others that were is reported as unknown: that is never wrong, and the
    /// caller's way out, sending the same request id again, is the same.
    pub fn ending(&mut self) -> Ending<R, E> {
        let replies = std::mem::take(&mut self.replies);
        match self.reason.take() {
            Some(error) if self.refused == replies.len() => Ending::Failed(error),
            _ => Ending::Answered(replies),
        }
    }
}
