//! Until when a hold lasts, and what set it.
//!
//! Three things end a hold: its own time, the applicant's permit (a hold never outlives its permit), and the next
//! change of a price (nobody passes a change of tariff or MCI holding an old quote). The earliest counts, and
//! the answer names it.

use super::Moment;
use crate::state::DeadlineReason;

/// A hold's deadline and its reason.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Deadline {
    /// When it ends, ms since the epoch.
    pub ms: i64,
    /// What set it; of several that fall together, the first of the vocabulary.
    pub reason: DeadlineReason,
}

/// The deadline of a hold that by its own time would last until `ttl_ms`.
#[must_use]
pub fn of(ttl_ms: i64, permit_deadline_ms: i64, at: &Moment<'_>) -> Deadline {
    let mut deadline = Deadline { ms: ttl_ms, reason: DeadlineReason::Ttl };
    let cut_ms = at.pool.next_cut_ms(at.now_ms);
    for (ms, reason) in
        [(Some(permit_deadline_ms), DeadlineReason::Permit), (cut_ms, DeadlineReason::PriceChange)]
    {
        if let Some(ms) = ms.filter(|ms| *ms < deadline.ms) {
            deadline = Deadline { ms, reason };
        }
    }
    deadline
}
