//! How the follower is doing, for whoever asks from another thread.

use std::sync::{Arc, Mutex, PoisonError};

/// How the follower is doing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Health {
    /// The file is published: readers find every pool in it. It stays so when the store cannot be reached.
    pub ready: bool,
    /// Pools whose planes are those of the store.
    pub pools: usize,
    /// Pools of the rule book that the store does not have: nothing in them is offered.
    pub pools_missing: usize,
    /// Pools whose primary in a cluster does not answer: they stand as they did, and after a while offer nothing.
    pub pools_absent: Vec<String>,
    /// Revisions that the store had and the planes had not, at the last look.
    pub lag_revisions: u64,
    /// The store's time when the planes were last known to be complete, ms since the epoch; 0 never.
    pub updated_at_ms: i64,
    /// Snapshots taken since the start.
    pub snapshots: u64,
    /// Transitions applied since the start.
    pub transitions: u64,
    /// What is wrong now, if anything.
    pub error: Option<String>,
}

/// The health that the follower's thread writes and others read.
#[derive(Clone, Default)]
pub(super) struct Shared(Arc<Mutex<Health>>);

impl Shared {
    pub(super) fn read(&self) -> Health {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn write(&self, change: impl FnOnce(&mut Health)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
