//! Where finished requests wait for their caller: a ring, and one eventfd that wakes him once for all of them.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crossbeam_queue::ArrayQueue;
use rustix::event::{EventfdFlags, eventfd};

/// One finished request: the caller's own token, and how it ended.
pub struct Finished<T> {
    /// What the caller gave when he took the ticket.
    pub token: u64,
    /// How the request ended.
    pub result: T,
}

/// One caller's door, normally one event loop's.
pub struct Port<T> {
    ring: ArrayQueue<Finished<T>>,
    event: OwnedFd,
    /// True while a wake-up is on its way: later results ride on it instead of writing the eventfd again.
    signalled: AtomicBool,
    /// Tickets out plus results not yet read. Never above the ring's capacity, so that a push cannot fail.
    outstanding: AtomicUsize,
}

impl<T> Port<T> {
    /// A door through which at most `capacity` requests can be under way.
    ///
    /// # Errors
    /// The system's, when it has no more file descriptors.
    pub fn new(capacity: usize) -> io::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            ring: ArrayQueue::new(capacity.max(1)),
            event: eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?,
            signalled: AtomicBool::new(false),
            outstanding: AtomicUsize::new(0),
        }))
    }

    /// The descriptor that becomes readable when something is finished.
    #[must_use]
    pub fn event(&self) -> BorrowedFd<'_> {
        self.event.as_fd()
    }

    /// The right, and the duty, to finish one request; none when the ring could overflow.
    pub fn ticket(self: &Arc<Self>, token: u64) -> Option<Ticket<T>> {
        let taken = self.outstanding.fetch_add(1, Ordering::AcqRel);
        if taken >= self.ring.capacity() {
            self.outstanding.fetch_sub(1, Ordering::AcqRel);
            return None;
        }
        Some(Ticket { port: Arc::clone(self), token })
    }

    /// Hand over everything that is finished. The caller calls this when the descriptor is readable.
    pub fn drain(&self, mut each: impl FnMut(u64, T)) {
        let mut count = [0_u8; 8];
        // Nothing to read is no fault: close() drains without having been woken.
        let _ = rustix::io::read(self.event.as_fd(), &mut count);
        // Before the first pop: a result pushed after the last pop must find this false and wake us again.
        self.signalled.swap(false, Ordering::AcqRel);
        while let Some(Finished { token, result }) = self.ring.pop() {
            self.outstanding.fetch_sub(1, Ordering::AcqRel);
            each(token, result);
        }
    }

    fn push(&self, finished: Finished<T>) {
        let pushed = self.ring.push(finished).is_ok();
        debug_assert!(pushed, "more tickets than the ring has room for");
        if !self.signalled.swap(true, Ordering::AcqRel) {
            // Fails only when the counter would pass 2^64 - 2: then it is readable anyway.
            let _ = rustix::io::write(self.event.as_fd(), &1_u64.to_ne_bytes());
        }
    }
}

/// The right to finish one request, exactly once.
pub struct Ticket<T> {
    port: Arc<Port<T>>,
    token: u64,
}

impl<T> Ticket<T> {
    /// Finish the request.
    pub fn finish(self, result: T) {
        self.port.push(Finished { token: self.token, result });
    }
}
