//! `hold` and `assign_next`: a new hold of a chosen mark, or of the first ordinary one that is to be had.

use super::pool::{After, DueList, Who};
use super::shard::{Need, Pass};
use super::{Asked, Model, Pool, Request, gives_permit_back, plain};
use crate::act::Act;
use crate::answer::{Answer, Context};
use crate::feed::Verb;
use crate::id::TariffId;
use crate::item::{AssignItem, HoldItem};
use crate::lifecycle::Refusal;
use crate::lifecycle::hold::{
    Quote, begin, mark_is_offered, may_hold_again, nobody_has_it, permit_lives, pool_sells, price_stands,
};
use crate::outcome::Outcome;
use crate::placement::Placement;
use crate::state::Acquired;

impl Model {
    /// Holds a chosen mark.
    pub(super) fn hold(&mut self, pool: &str, item: &HoldItem, now_ms: i64) -> Answer {
        let request = self.request(pool, &Asked::Hold(item));
        self.held(&request, now_ms, |pool, permit_ms| pool.hold(item, permit_ms, now_ms))
    }

    /// Holds the first ordinary mark that is to be had.
    pub(super) fn assign_next(&mut self, pool: &str, item: &AssignItem, now_ms: i64) -> Answer {
        let request = Request {
            ordinals: vec![None],
            need: Need::permit(&item.act),
            ..Request::of_mark(&item.act, pool, 0, item.digest(pool))
        };
        self.held(&request, now_ms, |pool, permit_ms| pool.assign_next(item, permit_ms, now_ms))
    }

    /// Runs a request for a new hold, and returns the permit of one that was not given.
    fn held(
        &mut self,
        request: &Request<'_>,
        now_ms: i64,
        run: impl FnOnce(&mut Pool, i64) -> Answer,
    ) -> Answer {
        let (answer, pass) = match self.placement {
            Placement::Together => match self.held_together(request, now_ms, run) {
                Ok(held) => held,
                Err(known) => return *known,
            },
            Placement::Apart => {
                self.once_one(request, now_ms, |pool, pass: &Pass| run(pool, pass.permit_deadline_ms))
            }
        };
        if pass.fresh && gives_permit_back(answer.outcome) {
            self.shard.refuse_permit(request.act, answer.outcome, now_ms);
        }
        if pass.fresh && self.placement == Placement::Together && answer.outcome.is_recorded() {
            self.shard.keep(request.act.id, &answer);
        }
        answer
    }

    /// Runs a request for a new hold whose answer is kept with its id; the error is what that was answered before.
    fn held_together(
        &mut self,
        request: &Request<'_>,
        now_ms: i64,
        run: impl FnOnce(&mut Pool, i64) -> Answer,
    ) -> Result<(Answer, Pass), Box<Answer>> {
        if let Some(answer) = self.shard.answered(request.act, request.digest, now_ms) {
            return Err(Box::new(answer));
        }
        let ordinal = request.ordinals.first().copied().flatten();
        let pass = self.admit(request, now_ms).map_err(|mut refused| {
            Box::new(refused.pop().unwrap_or_else(|| plain(Outcome::Unknown, ordinal, 0, now_ms)))
        })?;
        let answer = match self.pools.get_mut(request.pool) {
            None => plain(Outcome::PoolUnknown, ordinal, 0, now_ms),
            Some(pool) => run(pool, pass.permit_deadline_ms),
        };
        Ok((answer, pass))
    }
}

impl Pool {
    pub(super) fn hold(&mut self, item: &HoldItem, permit_ms: i64, now_ms: i64) -> Answer {
        let quote = Quote { tariff: item.tariff, amount_tiyn: item.amount_tiyn, acquired: item.acquired };
        self.sells(permit_ms, now_ms)
            .and_then(|()| self.is_to_be_had(&item.act, item.ordinal, now_ms))
            .and_then(|()| price_stands(item.tariff, &self.at(now_ms)))
            .and_then(|()| self.give(Verb::Hold, &item.act, item.ordinal, quote, permit_ms, now_ms))
            .unwrap_or_else(|refusal| self.refuse(refusal, Some(item.ordinal), now_ms))
    }

    /// The price is judged before the marks: it is the same for all of them.
    fn assign_next(&mut self, item: &AssignItem, permit_ms: i64, now_ms: i64) -> Answer {
        let quote =
            Quote { tariff: item.tariff, amount_tiyn: item.amount_tiyn, acquired: Acquired::Assigned };
        self.sells(permit_ms, now_ms)
            .and_then(|()| self.tariff_stands(item.tariff, now_ms))
            .and_then(|()| self.first_to_be_had(item, now_ms))
            .and_then(|ordinal| self.give(Verb::AssignNext, &item.act, ordinal, quote, permit_ms, now_ms))
            .unwrap_or_else(|refusal| self.refuse(refusal, None, now_ms))
    }

    /// Whether the pool gives new holds, and the permit lives.
    fn sells(&self, permit_ms: i64, now_ms: i64) -> Result<(), Refusal> {
        let at = self.at(now_ms);
        if self.settings.read_only {
            return Err(Refusal::plain(Outcome::ReadOnly));
        }
        pool_sells(&at, self.backlog())?;
        permit_lives(&at, permit_ms)
    }

    fn tariff_stands(&self, tariff: TariffId, now_ms: i64) -> Result<(), Refusal> {
        price_stands(tariff, &self.at(now_ms))
    }

    /// Whether the applicant can have the mark, whatever it costs. A hold that has lapsed is ended here.
    fn is_to_be_had(&mut self, act: &Act, ordinal: u32, now_ms: i64) -> Result<(), Refusal> {
        mark_is_offered(&self.mark(ordinal))?;
        self.expire_in_passing(ordinal, now_ms);
        let at = self.at(now_ms);
        nobody_has_it(&self.mark(ordinal), act, &at)?;
        let applicant = act.applicant.map(|applicant| applicant.id);
        let endings = applicant.and_then(|applicant| self.endings.get(&(ordinal, applicant)));
        may_hold_again(endings, &at)
    }

    /// The first candidate that the applicant can have.
    fn first_to_be_had(&mut self, item: &AssignItem, now_ms: i64) -> Result<u32, Refusal> {
        item.candidates
            .iter()
            .copied()
            .find(|ordinal| self.is_to_be_had(&item.act, *ordinal, now_ms).is_ok())
            .ok_or_else(|| Refusal::plain(Outcome::NoneLeft))
    }

    /// Gives the hold.
    fn give(
        &mut self,
        verb: Verb,
        act: &Act,
        ordinal: u32,
        quote: Quote,
        permit_ms: i64,
        now_ms: i64,
    ) -> Result<Answer, Refusal> {
        // Without an applicant no permit was taken, and that was refused already.
        let applicant = act.applicant.ok_or_else(|| Refusal::plain(Outcome::PermitExpired))?;
        let (record, deadline) = begin(act, applicant, quote, permit_ms, &self.at(now_ms));
        let after = After::Record(Box::new(record));
        let record = self.step(verb, ordinal, after, None, "", Who::of(act));
        if let Some(record) = &record {
            self.remember_deadline(DueList::Holds, ordinal, record);
        }
        let context = Context { deadline_reason: Some(deadline.reason), ..Context::default() };
        Ok(Answer { record, context, ..plain(Outcome::Held, Some(ordinal), self.revision, now_ms) })
    }
}
