//! One caller's list on its way: its items may travel in several batches, and it is finished as a whole.

use std::cell::{Cell, RefCell};

use super::backlog::Room;
use super::collected::{Collected, Ending};
use super::error::EngineError;
use super::port::Ticket;
use super::{Backend, Completion};

/// Finishes the request with the last reply to its list; what it is told is [`Collected`]'s decision.
pub(super) struct Gathering<B: Backend, T: Completion<B>> {
    collected: RefCell<Collected<B::Reply, B::Error>>,
    ticket: Cell<Option<(Ticket<T>, Room)>>,
}

impl<B: Backend, T: Completion<B>> Gathering<B, T> {
    pub(super) fn new(items: usize, ticket: Ticket<T>, room: Room) -> Self {
        Self { collected: RefCell::new(Collected::new(items)), ticket: Cell::new(Some((ticket, room))) }
    }

    /// The store answered this item.
    pub(super) fn answer(&self, index: usize, reply: B::Reply) {
        let ending = self.collected.borrow_mut().answer(index, reply);
        ending.into_iter().for_each(|ending| self.finish(ending));
    }

    /// The batch an item was in failed.
    pub(super) fn fail(&self, error: EngineError<B::Error>) {
        let ending = self.collected.borrow_mut().fail(error);
        ending.into_iter().for_each(|ending| self.finish(ending));
    }

    fn finish(&self, ending: Ending<B::Reply, B::Error>) {
        let Some((ticket, room)) = self.ticket.take() else {
            return;
        };
        // Before the caller learns of it: he may submit the next list at once and must find this one's room.
        drop(room);
        match ending {
            Ending::Failed(error) => ticket.finish(T::failed(error)),
            Ending::Answered(replies) => ticket.finish(T::answered(replies)),
        }
    }
}

/// A list that is dropped on its way (a panic, a closed runtime) is finished too: what has no end is unknown.
impl<B: Backend, T: Completion<B>> Drop for Gathering<B, T> {
    fn drop(&mut self) {
        let ending = self.collected.get_mut().ending();
        self.finish(ending);
    }
}
