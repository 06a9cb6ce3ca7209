//! The futures that wait, by the token their request travels under.

use pyo3::prelude::*;

use super::{Conclude, Reply};

/// What a future waits for.
pub(crate) enum Waiting {
    /// Replies to a list, and how they become a Python value.
    List(Conclude<Vec<Option<Reply>>>),
    /// A call, which brings its own way of becoming a Python value.
    Call,
}

/// A slab: tokens are places, and places are used again.
#[derive(Default)]
pub(super) struct Slots {
    places: Vec<Option<(Py<PyAny>, Waiting)>>,
    free: Vec<usize>,
}

impl Slots {
    pub(super) fn put(&mut self, future: Py<PyAny>, waiting: Waiting) -> u64 {
        let index = self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() - 1
        });
        if let Some(place) = self.places.get_mut(index) {
            *place = Some((future, waiting));
        }
        index as u64
    }

    pub(super) fn take(&mut self, token: u64) -> Option<(Py<PyAny>, Waiting)> {
        let index = usize::try_from(token).ok()?;
        let taken = self.places.get_mut(index)?.take();
        if taken.is_some() {
            self.free.push(index);
        }
        taken
    }
}
