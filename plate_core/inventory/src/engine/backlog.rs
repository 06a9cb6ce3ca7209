//! How much is taken in and not finished, its bound, and what a refusal says about when to come again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::error::EngineError;

/// A refusal never asks for less than this, or the refused would only add to the load.
const RETRY_MIN_MS: u32 = 20;
/// Nor for more: whether an engine that stands still runs again is found out by asking again.
const RETRY_MAX_MS: u32 = 5_000;
/// Long enough to average over batches, short enough to follow a store that slows down.
const PACE_WINDOW: Duration = Duration::from_millis(100);

/// The count of items, shared by callers and the engine's thread.
pub(super) struct Backlog {
    items: AtomicUsize,
    items_max: usize,
    items_per_second: AtomicU32,
}

impl Backlog {
    pub(super) fn new(items_max: usize) -> Self {
        Self { items: AtomicUsize::new(0), items_max, items_per_second: AtomicU32::new(0) }
    }

    /// Make room for so many items; it is given back when the [`Room`] is dropped.
    pub(super) fn reserve<E>(self: &Arc<Self>, items: usize) -> Result<Room, EngineError<E>> {
        if items > self.items_max {
            return Err(EngineError::ListTooLong { items, most: self.items_max });
        }
        let before = self.items.fetch_add(items, Ordering::AcqRel);
        let room = Room { backlog: Arc::clone(self), items };
        if before + items > self.items_max { Err(self.overloaded()) } else { Ok(room) }
    }

    pub(super) fn items(&self) -> usize {
        self.items.load(Ordering::Acquire)
    }

    /// The refusal, with when the present backlog should be worked off.
    pub(super) fn overloaded<E>(&self) -> EngineError<E> {
        let pace = u64::from(self.items_per_second.load(Ordering::Relaxed).max(1));
        let wait_ms = (self.items() as u64).saturating_mul(1_000) / pace;
        let retry_after_ms = u32::try_from(wait_ms).unwrap_or(RETRY_MAX_MS);
        EngineError::Overloaded { retry_after_ms: retry_after_ms.clamp(RETRY_MIN_MS, RETRY_MAX_MS) }
    }
}

/// Room for a number of items; dropping it gives the room back.
pub(super) struct Room {
    backlog: Arc<Backlog>,
    items: usize,
}

impl Drop for Room {
    fn drop(&mut self) {
        self.backlog.items.fetch_sub(self.items, Ordering::AcqRel);
    }
}

/// Counts what lands on the engine's thread and tells the backlog how fast that is.
pub(super) struct Pacemaker {
    since: Instant,
    items: u32,
}

impl Pacemaker {
    pub(super) fn new() -> Self {
        Self { since: Instant::now(), items: 0 }
    }

    pub(super) fn landed(&mut self, items: usize, backlog: &Backlog) {
        self.items = self.items.saturating_add(u32::try_from(items).unwrap_or(u32::MAX));
        let elapsed = self.since.elapsed();
        if elapsed < PACE_WINDOW {
            return;
        }
        let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
        let now = u32::try_from(u64::from(self.items) * 1_000 / elapsed_ms).unwrap_or(u32::MAX);
        let before = backlog.items_per_second.load(Ordering::Relaxed);
        // Half of the new, half of the old: one slow batch is not a trend.
        backlog.items_per_second.store((now / 2 + before / 2).max(1), Ordering::Relaxed);
        *self = Self::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hint is backlog over pace, within its bounds.
    #[test]
    fn retry_after_is_backlog_over_pace() {
        for (pace, items, expected) in [
            (0, 0, RETRY_MIN_MS),
            (0, 10_000, RETRY_MAX_MS),
            (100_000, 16_000, 160),
            (100_000, 10, RETRY_MIN_MS),
            (10, 100_000, RETRY_MAX_MS),
        ] {
            let backlog = Backlog::new(1_000_000);
            backlog.items.store(items, Ordering::Relaxed);
            backlog.items_per_second.store(pace, Ordering::Relaxed);
            let refusal: EngineError<()> = backlog.overloaded();
            assert_eq!(
                refusal,
                EngineError::Overloaded { retry_after_ms: expected },
                "pace {pace}, items {items}"
            );
        }
    }

    /// Room that was not granted, or is given back, is free again; a list beyond the bound could never be granted.
    #[test]
    fn room_is_given_back() {
        let backlog = Arc::new(Backlog::new(10));
        let six = backlog.reserve::<()>(6).ok();
        assert!(matches!(backlog.reserve::<()>(5), Err(EngineError::Overloaded { .. })));
        assert!(backlog.reserve::<()>(4).is_ok());
        drop(six);
        assert!(backlog.reserve::<()>(10).is_ok());
        assert_eq!(backlog.items(), 0);
        assert!(matches!(backlog.reserve::<()>(11), Err(EngineError::ListTooLong { items: 11, most: 10 })));
    }
}
