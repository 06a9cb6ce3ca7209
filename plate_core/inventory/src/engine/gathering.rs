//! One caller's list on its way: its items may travel in several batches, and it is finished as a whole.

use std::cell::{Cell, RefCell};

use super::backlog::Room;
use super::error::{Certainty, EngineError};
use super::port::Ticket;
use super::{Backend, Completion};

/// How one item ended.
enum End<R, E> {
    Answered(R),
    /// It was sent and no answer came.
    Unknown,
    /// It certainly took no effect.
    NotApplied(EngineError<E>),
}

/// The ends of a list's items so far, in the list's order.
type Ends<B> = Vec<Option<End<<B as Backend>::Reply, <B as Backend>::Error>>>;

/// Collects the ends of a list's items and finishes the request with the last of them.
pub(super) struct Gathering<B: Backend, T: Completion<B>> {
    ends: RefCell<Ends<B>>,
    left: Cell<usize>,
    ticket: Cell<Option<(Ticket<T>, Room)>>,
}

impl<B: Backend, T: Completion<B>> Gathering<B, T> {
    pub(super) fn new(items: usize, ticket: Ticket<T>, room: Room) -> Self {
        let ends = (0..items).map(|_| None).collect();
        Self { ends: RefCell::new(ends), left: Cell::new(items), ticket: Cell::new(Some((ticket, room))) }
    }

    /// The store answered this item.
    pub(super) fn answer(&self, index: usize, reply: B::Reply) {
        self.end(index, End::Answered(reply));
    }

    /// The batch this item was in failed.
    pub(super) fn fail(&self, index: usize, error: EngineError<B::Error>) {
        self.end(index, if error.nothing_applied() { End::NotApplied(error) } else { End::Unknown });
    }

    fn end(&self, index: usize, end: End<B::Reply, B::Error>) {
        if let Some(place @ None) = self.ends.borrow_mut().get_mut(index) {
            *place = Some(end);
            self.left.set(self.left.get() - 1);
        }
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
        let ends = self.ends.take();
        let (mut refused, mut reason) = (0, None);
        let mut replies = Vec::with_capacity(ends.len());
        for end in ends {
            replies.push(match end {
                Some(End::Answered(reply)) => Some(reply),
                Some(End::NotApplied(error)) => {
                    refused += 1;
                    reason.get_or_insert(error);
                    None
                }
                Some(End::Unknown) | None => None,
            });
        }
        match reason {
            Some(error) if refused == replies.len() => ticket.finish(T::failed(error)),
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
