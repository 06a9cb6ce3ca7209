//! One caller's list on its way: its items may travel in several batches, and it is finished as a whole.

use std::cell::{Cell, RefCell};

use super::backlog::Room;
use super::error::{Certainty, EngineError};
use super::port::Ticket;
use super::{Backend, Completion};

/// Collects the replies to a list's items and finishes the request with the last of them.
pub(super) struct Gathering<B: Backend, T: Completion<B>> {
    /// In the list's order; `None` where there is no reply, or none yet.
    replies: RefCell<Vec<Option<B::Reply>>>,
    /// How many items certainly took no effect, and why the first of them did not.
    refused: Cell<usize>,
    reason: Cell<Option<EngineError<B::Error>>>,
    left: Cell<usize>,
    ticket: Cell<Option<(Ticket<T>, Room)>>,
}

impl<B: Backend, T: Completion<B>> Gathering<B, T> {
    pub(super) fn new(items: usize, ticket: Ticket<T>, room: Room) -> Self {
        Self {
            replies: RefCell::new((0..items).map(|_| None).collect()),
            refused: Cell::new(0),
            reason: Cell::new(None),
            left: Cell::new(items),
            ticket: Cell::new(Some((ticket, room))),
        }
    }

    /// The store answered this item. Each item ends once: by its answer, or by the failure of its batch.
    pub(super) fn answer(&self, index: usize, reply: B::Reply) {
        if let Some(place) = self.replies.borrow_mut().get_mut(index) {
            *place = Some(reply);
        }
        self.ended();
    }

    /// The batch an item was in failed.
    pub(super) fn fail(&self, error: EngineError<B::Error>) {
        if error.nothing_applied() {
            self.refused.set(self.refused.get() + 1);
            let first = self.reason.take().unwrap_or(error);
            self.reason.set(Some(first));
        }
        self.ended();
    }

    fn ended(&self) {
        self.left.set(self.left.get().saturating_sub(1));
        if self.left.get() == 0 {
            self.finish();
        }
    }

    /// Report. A list of which nothing took effect fails with its first reason; any other list is answered, and an
    /// item that was not applied beside others that were is reported as unknown: that is never wrong, and the
    /// caller's way out, sending the same request id again, is the same.
    fn finish(&self) {
        let Some((ticket, room)) = self.ticket.take() else {
            return;
        };
        // Before the caller learns of it: he may submit the next list at once and must find this one's room.
        drop(room);
        let replies = self.replies.take();
        match self.reason.take() {
            Some(error) if self.refused.get() == replies.len() => ticket.finish(T::failed(error)),
            _ => ticket.finish(T::answered(replies)),
        }
    }
}

/// A list that is dropped on its way (a panic, a closed runtime) is finished too: what has no end is unknown.
impl<B: Backend, T: Completion<B>> Drop for Gathering<B, T> {
    fn drop(&mut self) {
        self.finish();
    }
}
