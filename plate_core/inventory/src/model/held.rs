//! `extend`, `release` and `begin_payment`: what an applicant does with a hold he has.

use super::pool::{After, DueList, Who};
use super::{Asked, Model, Pool, plain};
use crate::answer::{Answer, Context};
use crate::feed::Verb;
use crate::item::HeldItem;
use crate::lifecycle::deadline::Deadline;
use crate::lifecycle::{Refusal, held};
use crate::outcome::Outcome;
use crate::record::Record;

impl Model {
    /// Moves a hold's deadline, after its permit.
    pub(super) fn extend(&mut self, pool: &str, item: &HeldItem, now_ms: i64) -> Answer {
        let request = self.request(pool, &Asked::Extend(item));
        let (answer, _) =
            self.once_one(&request, now_ms, |pool, pass| pool.extend(item, pass.permit_deadline_ms, now_ms));
        answer
    }

    /// Lets the applicant pay, after his permit was lengthened.
    pub(super) fn begin_payment(&mut self, pool: &str, item: &HeldItem, now_ms: i64) -> Answer {
        let request = self.request(pool, &Asked::BeginPayment(item));
        let (answer, _) = self.once_one(&request, now_ms, |pool, pass| {
            pool.begin_payment(item, pass.permit_deadline_ms, now_ms)
        });
        answer
    }

    /// Gives a hold back: first the mark, then the permit.
    pub(super) fn release(&mut self, pool: &str, item: &HeldItem, now_ms: i64) -> Answer {
        let request = self.request(pool, &Asked::Release(item));
        let answer = self.once_one(&request, now_ms, |pool, _| pool.release(item, now_ms)).0;
        if answer.outcome == Outcome::Released
            && let Some(applicant) = item.act.applicant
        {
            self.shard.end_permit(applicant.id, item.hold, answer.server_ms);
        }
        answer
    }
}

impl Pool {
    pub(super) fn extend(&mut self, item: &HeldItem, permit_ms: i64, now_ms: i64) -> Answer {
        if self.settings.read_only {
            return self.refuse(Refusal::plain(Outcome::ReadOnly), Some(item.ordinal), now_ms);
        }
        let mark = self.mark(item.ordinal);
        match held::extend(&mark, item, permit_ms, &self.at(now_ms)) {
            Ok(to) => self.prolong(Verb::Extend, Outcome::Extended, DueList::Extensions, item, to, now_ms),
            Err(refusal) => self.refuse(refusal, Some(item.ordinal), now_ms),
        }
    }

    pub(super) fn begin_payment(&mut self, item: &HeldItem, permit_ms: i64, now_ms: i64) -> Answer {
        if self.settings.read_only {
            return self.refuse(Refusal::plain(Outcome::ReadOnly), Some(item.ordinal), now_ms);
        }
        let mark = self.mark(item.ordinal);
        match held::begin_payment(&mark, item, permit_ms, &self.at(now_ms)) {
            Ok(to) => {
                self.prolong(Verb::BeginPayment, Outcome::PaymentBegun, DueList::Payments, item, to, now_ms)
            }
            Err(refusal) => self.refuse(refusal, Some(item.ordinal), now_ms),
        }
    }

    /// Writes a record with a new deadline.
    fn prolong(
        &mut self,
        verb: Verb,
        outcome: Outcome,
        list: DueList,
        item: &HeldItem,
        (record, deadline): (Record, Deadline),
        now_ms: i64,
    ) -> Answer {
        let after = After::Record(Box::new(record));
        let record = self.step(verb, item.ordinal, after, None, "", Who::of(&item.act));
        if let Some(record) = &record {
            self.remember_deadline(list, item.ordinal, record);
        }
        let context = Context { deadline_reason: Some(deadline.reason), ..Context::default() };
        Answer { record, context, ..plain(outcome, Some(item.ordinal), self.revision, now_ms) }
    }

    pub(super) fn release(&mut self, item: &HeldItem, now_ms: i64) -> Answer {
        if self.settings.read_only {
            return self.refuse(Refusal::plain(Outcome::ReadOnly), Some(item.ordinal), now_ms);
        }
        let mark = self.mark(item.ordinal);
        match held::release(&mark, item, &self.at(now_ms)) {
            Err(refusal) => self.refuse(refusal, Some(item.ordinal), now_ms),
            Ok(record) => {
                self.step(Verb::Release, item.ordinal, After::Nothing, None, "", Who::of(&item.act));
                self.note_ending(item.ordinal, record, now_ms);
                plain(Outcome::Released, Some(item.ordinal), self.revision, now_ms)
            }
        }
    }
}
