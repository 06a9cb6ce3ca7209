//! `sweep`: ends the holds whose deadline has passed, so that their marks are seen as free.
//!
//! It is a courtesy and never a condition: every verb treats a hold past its deadline as over by itself.

use super::pool::Due;
use super::{Model, Passes, Pool, Settlement, plain};
use crate::answer::Answer;
use crate::lifecycle::Refusal;
use crate::outcome::Outcome;
use crate::record::Record;

impl Model {
    /// Looks at the first `max` entries of each list of deadlines, and ends what is over.
    pub(super) fn sweep(&mut self, id: &str, max: usize, now_ms: i64) -> Vec<Answer> {
        let (answers, settlements) = self.sweep_pool(id, max, now_ms);
        for settlement in &settlements {
            self.settle_apart(&mut Passes::default(), settlement, now_ms);
        }
        answers
    }

    /// The pool's part of a sweep: what ended, and whose permits are not needed any more.
    pub(super) fn sweep_pool(&mut self, id: &str, max: usize, now_ms: i64) -> (Vec<Answer>, Vec<Settlement>) {
        let Some(pool) = self.pools.get_mut(id) else {
            return (vec![plain(Outcome::PoolUnknown, None, 0, now_ms)], Vec::new());
        };
        if pool.settings.read_only {
            return (vec![pool.refuse(Refusal::plain(Outcome::ReadOnly), None, now_ms)], Vec::new());
        }
        if pool.at(now_ms).is_frozen() {
            return (vec![pool.refuse(Refusal::plain(Outcome::Frozen), None, now_ms)], Vec::new());
        }
        let (mut answers, mut settlements) = (Vec::new(), Vec::new());
        for due in pool.take_due(max, now_ms) {
            if let Some(Record { applicant, hold, held_at_ms, .. }) = pool.end(due, now_ms) {
                answers.push(plain(Outcome::Expired, Some(due.ordinal), pool.revision, now_ms));
                settlements.push(Settlement::Ended { applicant: applicant.id, hold, held_at_ms });
            }
        }
        pool.forget(now_ms);
        (answers, settlements)
    }
}

impl Pool {
    /// Takes what is due from the head of each list. A list stops at its first entry that lies ahead: a later one
    /// that is due already (cut short by a permit or a price change) waits, which only delays the courtesy.
    pub(super) fn take_due(&mut self, max: usize, now_ms: i64) -> Vec<Due> {
        let mut due = Vec::new();
        for list in &mut self.due {
            let is_due = |entry: &&Due| entry.deadline_ms <= now_ms;
            let count = list.iter().take(max).take_while(is_due).count();
            due.extend(list.drain(..count));
        }
        due
    }

    /// Ends the hold that a list entry is about, if it is still that hold and was not changed since.
    fn end(&mut self, due: Due, now_ms: i64) -> Option<Record> {
        let record = self.live.get(&due.ordinal)?;
        let same = record.hold == due.hold && record.revision == due.revision;
        if !same || !record.is_past(now_ms) {
            return None;
        }
        self.expire(due.ordinal)
    }
}
