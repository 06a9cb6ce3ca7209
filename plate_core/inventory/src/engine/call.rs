//! A promise to finish one call: kept by its result, or by its drop.

use super::error::EngineError;
use super::port::Ticket;

/// How a result becomes what the port's ring carries.
pub(super) type Conclude<R, E, T> = Box<dyn FnOnce(Result<R, EngineError<E>>) -> T + Send>;

/// Finishes its ticket exactly once; dropped on the way it reports [`EngineError::Lost`].
pub(super) struct Promise<R, E, T> {
    pending: Option<(Ticket<T>, Conclude<R, E, T>)>,
}

impl<R, E, T> Promise<R, E, T> {
    pub(super) fn new(ticket: Ticket<T>, conclude: Conclude<R, E, T>) -> Self {
        Self { pending: Some((ticket, conclude)) }
    }

    pub(super) fn keep(mut self, result: Result<R, EngineError<E>>) {
        self.finish(result);
    }

    fn finish(&mut self, result: Result<R, EngineError<E>>) {
        if let Some((ticket, conclude)) = self.pending.take() {
            ticket.finish(conclude(result));
        }
    }
}

impl<R, E, T> Drop for Promise<R, E, T> {
    fn drop(&mut self) {
        self.finish(Err(EngineError::Lost));
    }
}
