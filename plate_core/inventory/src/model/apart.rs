//! What each server does by itself where shard and pools stand apart ([`Placement::Apart`]): a request is admitted at
//! one, done at the other, then its permit is settled, and any of the three messages may be lost, late or repeated.
//!
//! The model does a request in one step; the simulation takes the steps apart here, and puts the messages between.
//! Beside the model's permits stands what only messages can make necessary: how many passes of a hold's id are under
//! way ([`Passes`]; `prelude/shard.lua` keeps them in the permit).

use std::collections::BTreeMap;

use super::shard::{Claim, Need};
use super::{Model, Request, each, gives_permit_back, plain};
use crate::act::Act;
use crate::answer::Answer;
use crate::feed::Verb;
use crate::id::{ApplicantId, HoldId};
use crate::item::{ConfirmItem, HeldItem, HoldItem, RefundItem};
use crate::outcome::Outcome;

/// One item and what is asked by it.
#[derive(Copy, Clone, Debug)]
pub enum Asked<'a> {
    /// Hold a chosen mark.
    Hold(&'a HoldItem),
    /// Move a hold's deadline.
    Extend(&'a HeldItem),
    /// Give a hold back.
    Release(&'a HeldItem),
    /// Begin to pay a hold.
    BeginPayment(&'a HeldItem),
    /// Give an allotment back.
    Cancel(&'a HeldItem),
    /// Money came.
    Confirm(&'a ConfirmItem),
    /// Money was paid back.
    ConfirmRefund(&'a RefundItem),
}

impl<'a> Asked<'a> {
    /// Who asks.
    #[must_use]
    pub const fn act(&self) -> &'a Act {
        match self {
            Self::Hold(item) => &item.act,
            Self::Confirm(item) => &item.act,
            Self::ConfirmRefund(item) => &item.act,
            Self::Extend(item) | Self::Release(item) | Self::BeginPayment(item) | Self::Cancel(item) => {
                &item.act
            }
        }
    }

    /// Of which mark.
    #[must_use]
    pub const fn ordinal(&self) -> u32 {
        match self {
            Self::Hold(item) => item.ordinal,
            Self::Confirm(item) => item.ordinal,
            Self::ConfirmRefund(item) => item.ordinal,
            Self::Extend(item) | Self::Release(item) | Self::BeginPayment(item) | Self::Cancel(item) => {
                item.ordinal
            }
        }
    }

    /// As the journal names it.
    #[must_use]
    pub const fn verb(&self) -> Verb {
        match self {
            Self::Hold(_) => Verb::Hold,
            Self::Extend(_) => Verb::Extend,
            Self::Release(_) => Verb::Release,
            Self::BeginPayment(_) => Verb::BeginPayment,
            Self::Cancel(_) => Verb::Cancel,
            Self::Confirm(_) => Verb::Confirm,
            Self::ConfirmRefund(_) => Verb::ConfirmRefund,
        }
    }
}

/// How many passes of each hold's id are under way and not answered for good.
#[derive(Clone, Debug, Default)]
pub struct Passes(BTreeMap<HoldId, u32>);

/// A permit that may not be needed any more.
#[derive(Clone, Debug)]
pub enum Settlement {
    /// The hold that began then was released, expired or paid for.
    Ended {
        /// Whose.
        applicant: ApplicantId,
        /// Which hold.
        hold: HoldId,
        /// When it began, ms since the epoch.
        held_at_ms: i64,
    },
    /// The pool did not give the hold that was asked for.
    NotGiven {
        /// Who asked.
        act: Act,
        /// What he was told.
        outcome: Outcome,
    },
}

impl Settlement {
    /// What an answer of the pool makes of a permit, if anything.
    #[must_use]
    pub fn of(asked: &Asked<'_>, answer: &Answer) -> Option<Self> {
        let act = asked.act();
        match asked {
            Asked::Hold(_) if gives_permit_back(answer.outcome) => {
                Some(Self::NotGiven { act: act.clone(), outcome: answer.outcome })
            }
            Asked::Release(item) if answer.outcome == Outcome::Released => {
                let applicant = act.applicant?.id;
                Some(Self::Ended { applicant, hold: item.hold, held_at_ms: answer.server_ms })
            }
            Asked::Confirm(item) if answer.outcome == Outcome::Allotted => {
                let record = answer.record.as_ref()?;
                // Money that found the mark free had no hold.
                let had_hold = !answer.context.late || record.hold != item.hold;
                let (applicant, hold, held_at_ms) = (record.applicant.id, record.hold, record.held_at_ms);
                had_hold.then_some(Self::Ended { applicant, hold, held_at_ms })
            }
            _ => None,
        }
    }
}

impl Model {
    /// Does the items of one call in their order, as a server does that has both shard and pool.
    pub fn ask(&mut self, pool: &str, items: &[Asked<'_>], now_ms: i64) -> Vec<Answer> {
        let answers = each(items, |asked| match asked {
            Asked::Hold(item) => self.hold(pool, item, now_ms),
            Asked::Extend(item) => self.extend(pool, item, now_ms),
            Asked::Release(item) => self.release(pool, item, now_ms),
            Asked::BeginPayment(item) => self.begin_payment(pool, item, now_ms),
            Asked::Cancel(item) => self.cancel(pool, item, now_ms),
            Asked::Confirm(item) => self.confirm(pool, item, now_ms),
            Asked::ConfirmRefund(item) => self.confirm_refund(pool, item, now_ms),
        });
        self.flush(pool, now_ms);
        answers
    }

    /// The shard's part: the deadline of the permit (0 where none is needed), or the answer of a request that may not
    /// go on.
    ///
    /// # Errors
    /// That answer.
    pub fn admit_apart(
        &mut self,
        passes: &mut Passes,
        pool: &str,
        asked: &Asked<'_>,
        now_ms: i64,
    ) -> Result<i64, Box<Answer>> {
        let request = self.request(pool, asked);
        let claim = Claim { id: request.act.id, digest: request.digest, need: request.need.clone() };
        let pass = self
            .shard
            .admit(&claim, now_ms)
            .map_err(|refused| Box::new(refused.answer(Some(asked.ordinal()))))?;
        if matches!(asked, Asked::Hold(_)) {
            let open = passes.0.entry(request.act.id.into()).or_default();
            *open = if pass.fresh { 1 } else { *open + 1 };
        }
        Ok(pass.permit_deadline_ms)
    }

    /// The pool's part of the items of one call, each with the deadline of its permit.
    pub fn carry_apart(&mut self, pool: &str, items: &[(Asked<'_>, i64)], now_ms: i64) -> Vec<Answer> {
        let answers = each(items, |(asked, permit_ms)| self.carry_one(pool, asked, *permit_ms, now_ms));
        self.flush(pool, now_ms);
        answers
    }

    fn carry_one(&mut self, id: &str, asked: &Asked<'_>, permit_ms: i64, now_ms: i64) -> Answer {
        let request = self.request(id, asked);
        let ordinal = Some(asked.ordinal());
        let Some(pool) = self.pools.get_mut(id) else {
            return plain(Outcome::PoolUnknown, ordinal, 0, now_ms);
        };
        let mut answers = pool.once(&request, now_ms, |pool| vec![pool.run(asked, permit_ms, now_ms)]);
        answers.pop().unwrap_or_else(|| plain(Outcome::Unknown, ordinal, 0, now_ms))
    }

    /// The shard's part after the pool has answered.
    pub fn settle_apart(&mut self, passes: &mut Passes, settlement: &Settlement, now_ms: i64) {
        let (act, outcome) = match settlement {
            Settlement::Ended { applicant, hold, held_at_ms } => {
                return self.shard.end_permit(*applicant, *hold, *held_at_ms);
            }
            Settlement::NotGiven { act, outcome } => (act, *outcome),
        };
        let has_permit = |applicant: ApplicantId| {
            let permits = self.shard.permits.get(&applicant);
            permits.is_some_and(|permits| permits.iter().any(|permit| permit.hold == act.id.into()))
        };
        if !act.applicant.is_some_and(|applicant| has_permit(applicant.id)) {
            return;
        }
        if !outcome.is_recorded()
            && let Some(open) = passes.0.get_mut(&act.id.into())
        {
            *open = open.saturating_sub(1);
            if *open > 0 {
                // Another pass of the id is under way, and the permit is for whichever is given the hold.
                return;
            }
        }
        self.shard.refuse_permit(act, outcome, now_ms);
    }

    /// Ends what is due in a pool, and says whose permits are not needed any more.
    pub fn sweep_apart(&mut self, pool: &str, max: usize, now_ms: i64) -> (Vec<Answer>, Vec<Settlement>) {
        let swept = self.sweep_pool(pool, max, now_ms);
        self.flush(pool, now_ms);
        swept
    }

    pub(super) fn request<'a>(&self, pool: &'a str, asked: &Asked<'a>) -> Request<'a> {
        let limits = &self.shard.settings;
        let act = asked.act();
        let (digest, need) = match asked {
            Asked::Hold(item) => (item.digest(pool), Need::permit(act)),
            Asked::Extend(item) => {
                (item.digest("extend", pool), Need::longer(act, item.hold, limits.extension_permit_ms))
            }
            Asked::BeginPayment(item) => {
                (item.digest("begin_payment", pool), Need::longer(act, item.hold, limits.payment_permit_ms))
            }
            Asked::Release(item) => (item.digest("release", pool), Need::Nothing),
            Asked::Cancel(item) => (item.digest("cancel", pool), Need::Nothing),
            Asked::Confirm(item) => (item.digest(pool), Need::NeverForgotten),
            Asked::ConfirmRefund(item) => (item.digest(pool), Need::Nothing),
        };
        Request { need, ..Request::of_mark(act, pool, asked.ordinal(), digest) }
    }

    fn flush(&mut self, id: &str, now_ms: i64) {
        if let Some(pool) = self.pools.get_mut(id) {
            pool.flush(id, now_ms);
        }
    }
}

impl super::Pool {
    fn run(&mut self, asked: &Asked<'_>, permit_ms: i64, now_ms: i64) -> Answer {
        match asked {
            Asked::Hold(item) => self.hold(item, permit_ms, now_ms),
            Asked::Extend(item) => self.extend(item, permit_ms, now_ms),
            Asked::Release(item) => self.release(item, now_ms),
            Asked::BeginPayment(item) => self.begin_payment(item, permit_ms, now_ms),
            Asked::Cancel(item) => self.cancel(item, now_ms),
            Asked::Confirm(item) => self.confirm(item, now_ms),
            Asked::ConfirmRefund(item) => self.confirm_refund(item, now_ms),
        }
    }
}
