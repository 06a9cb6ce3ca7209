//! How far the reading of a whole journal is, told now and then to somebody who may end it.

use std::time::{Duration, Instant};

use super::error::JournalError;

/// Not after so many frames: one may be an import of thousands of marks, and Ctrl-C waits for the next word.
const WORD_EVERY: Duration = Duration::from_millis(100);

/// Whoever hears how many frames were read, and ends it by `false`.
pub(super) struct Heed<F> {
    hear: F,
    frames: u64,
    last: Option<Instant>,
}

impl<F: FnMut(u64) -> bool> Heed<F> {
    pub(super) fn new(hear: F) -> Self {
        Self { hear, frames: 0, last: None }
    }

    /// After each frame. The first is told of at once.
    pub(super) fn frame_read(&mut self) -> Result<(), JournalError> {
        self.frames += 1;
        let now = Instant::now();
        if self.last.is_some_and(|last| now.duration_since(last) < WORD_EVERY) {
            return Ok(());
        }
        self.last = Some(now);
        if (self.hear)(self.frames) { Ok(()) } else { Err(JournalError::Interrupted) }
    }
}
