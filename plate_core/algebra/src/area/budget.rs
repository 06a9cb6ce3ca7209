//! How much an area may become, and how much work it may be to make it.
//!
//! Work is counted in words of masks that are touched and never in time: the same pattern is refused on a
//! slow machine and on a fast one, today and tomorrow. The numbers stand in [`crate::bounds`].

use crate::fault::Trust;
use crate::{bounds, mask::DIGIT_WORDS};
use thiserror::Error;

/// What is left to spend. A pattern has one budget for all its parts and formats.
#[derive(Clone, Debug)]
pub struct Budget {
    /// Rectangles that one area may have.
    pub rectangles: u64,
    /// Words of masks that may still be touched.
    pub words: u64,
}

/// What a budget did not allow.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Error)]
pub enum Excess {
    /// An area became more rectangles than it may.
    #[error("more rectangles than one area may have")]
    Rectangles,
    /// Making it touched more words than it may.
    #[error("more work than one pattern may be")]
    Work,
}

impl Budget {
    /// No limit: for areas whose parts were within limits already.
    pub const UNLIMITED: Budget = Budget { rectangles: u64::MAX, words: u64::MAX };

    /// What a pattern may cost, by who wrote it.
    pub const fn of(trust: Trust) -> Budget {
        let (rectangles, words) = match trust {
            Trust::Public => (bounds::RECTANGLES_PUBLIC, bounds::PATTERN_WORK_PUBLIC),
            Trust::Reviewed => (bounds::RECTANGLES_REVIEWED, bounds::PATTERN_WORK_REVIEWED),
        };
        Budget { rectangles: rectangles.max, words: words.max }
    }

    /// Takes words from what is left, before they are touched.
    pub fn spend(&mut self, words: u64) -> Result<(), Excess> {
        match self.words.checked_sub(words) {
            Some(left) => self.words = left,
            None => {
                self.words = 0;
                return Err(Excess::Work);
            }
        }
        Ok(())
    }

    /// Takes as many digit masks.
    pub(super) fn spend_digit_masks(&mut self, masks: usize) -> Result<(), Excess> {
        self.spend((masks as u64).saturating_mul(DIGIT_WORDS as u64))
    }
}
