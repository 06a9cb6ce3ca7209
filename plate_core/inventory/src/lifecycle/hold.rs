//! May this applicant hold this mark now, at this price?
//!
//! Judged in the order of the outcomes' precedence: first what lies in the pool, then the permit, then the mark
//! and who has it, then how often he had it, and last the price.

use super::deadline::{self, Deadline};
use super::{Mark, Moment, Refusal};
use crate::act::{Act, Applicant};
use crate::answer::Context;
use crate::id::TariffId;
use crate::outcome::Outcome;
use crate::record::Record;
use crate::settings::{local_day, next_local_midnight_ms};
use crate::state::{Acquired, State};

/// How an applicant's earlier holds of a mark ended: without a sale.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Endings {
    /// When the last one ended, ms since the epoch: released, or at its deadline.
    pub ended_at_ms: i64,
    /// The local day on which the last one began.
    pub day: i64,
    /// How many of that day have ended.
    pub count: u16,
}

impl Endings {
    /// The endings after another hold has ended.
    #[must_use]
    pub const fn and(before: Option<Endings>, held_at_ms: i64, ended_at_ms: i64) -> Self {
        let day = local_day(held_at_ms);
        let count = match before {
            Some(before) if before.day == day => before.count.saturating_add(1),
            _ => 1,
        };
        Self { ended_at_ms, day, count }
    }
}

/// What lies in the pool and stops every new hold. `backlog` is how many transitions wait for the journal.
///
/// # Errors
/// The first thing that stops it.
pub fn pool_sells(at: &Moment<'_>, backlog: u64) -> Result<(), Refusal> {
    let pool = at.pool;
    if pool.paused {
        return Err(Refusal::plain(Outcome::PoolPaused));
    }
    if pool.holds_stopped {
        return Err(Refusal::plain(Outcome::HoldsStopped));
    }
    if at.now_ms < pool.opens_at_ms {
        return Err(Refusal::until(Outcome::NotOpen, pool.opens_at_ms));
    }
    if backlog >= pool.feed_backlog_max {
        return Err(Refusal::plain(Outcome::FeedBacklogged));
    }
    Ok(())
}

/// Whether the applicant's permit still lives: `now ≥ deadline` is over, and none at all is 0.
///
/// # Errors
/// `permit_expired`.
pub fn permit_lives(at: &Moment<'_>, permit_deadline_ms: i64) -> Result<(), Refusal> {
    if permit_deadline_ms <= at.now_ms {
        return Err(Refusal::plain(Outcome::PermitExpired));
    }
    Ok(())
}

/// Whether no rule and no registry keeps the mark: judged before anybody looks at who has it.
///
/// # Errors
/// `mark_withheld` or `mark_issued`.
pub fn mark_is_offered(mark: &Mark) -> Result<(), Refusal> {
    if mark.withheld {
        return Err(Refusal::plain(Outcome::MarkWithheld));
    }
    if mark.issued {
        return Err(Refusal::plain(Outcome::MarkIssued));
    }
    Ok(())
}

/// Whether nobody has the mark. A record that has lapsed must have been ended before.
///
/// # Errors
/// `mark_allotted`, `held_by_you` or `held_by_another`.
pub fn nobody_has_it(mark: &Mark, act: &Act, at: &Moment<'_>) -> Result<(), Refusal> {
    let Some(record) = &mark.record else {
        return Ok(());
    };
    let own = record.belongs_to(act);
    if record.state.is_owned() {
        return Err(Refusal { shows_record: own, ..Refusal::plain(Outcome::MarkAllotted) });
    }
    if own {
        return Err(Refusal::showing(Outcome::HeldByYou));
    }
    // Past its deadline and not lapsed, because nothing expires now: it may be free at any moment.
    let retry_at_ms = record.deadline_ms.max(at.now_ms);
    Err(Refusal::until(Outcome::HeldByAnother, retry_at_ms))
}

/// Whether the applicant had this mark neither a moment ago nor too often today.
///
/// # Errors
/// `cooling_down` or `same_mark_cap_reached`.
pub fn may_hold_again(endings: Option<&Endings>, at: &Moment<'_>) -> Result<(), Refusal> {
    let Some(endings) = endings else {
        return Ok(());
    };
    let cool_at_ms = endings.ended_at_ms + at.pool.cooldown_ms;
    if at.now_ms < cool_at_ms {
        return Err(Refusal::until(Outcome::CoolingDown, cool_at_ms));
    }
    if endings.day == local_day(at.now_ms) && endings.count >= at.pool.same_mark_daily_cap {
        let retry_at_ms = next_local_midnight_ms(at.now_ms);
        return Err(Refusal::until(Outcome::SameMarkCapReached, retry_at_ms));
    }
    Ok(())
}

/// Whether the mark was priced by the tariff that is in force now.
///
/// # Errors
/// `tariff_changed`, with the tariff in force.
pub fn price_stands(tariff: TariffId, at: &Moment<'_>) -> Result<(), Refusal> {
    let current_tariff = at.pool.tariff_in_force(at.now_ms);
    if current_tariff == Some(tariff) {
        return Ok(());
    }
    let context = Context { current_tariff, ..Context::default() };
    Err(Refusal { context, ..Refusal::plain(Outcome::TariffChanged) })
}

/// At which price a hold is given.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Quote {
    /// The tariff revision.
    pub tariff: TariffId,
    /// The amount, in tiyn.
    pub amount_tiyn: i64,
    /// How the mark is come by.
    pub acquired: Acquired,
}

/// The record of a hold that begins now. Its revision is given by whoever writes it.
#[must_use]
pub fn begin(
    act: &Act,
    applicant: Applicant,
    quote: Quote,
    permit_deadline_ms: i64,
    at: &Moment<'_>,
) -> (Record, Deadline) {
    let deadline = deadline::of(at.now_ms + at.pool.hold_ttl_ms, permit_deadline_ms, at);
    let record = Record {
        state: State::Held,
        revision: 0,
        deadline_ms: deadline.ms,
        hold: act.id.into(),
        applicant,
        tariff: quote.tariff,
        amount_tiyn: quote.amount_tiyn,
        acquired: quote.acquired,
        held_at_ms: at.now_ms,
        extensions: 0,
        permit_deadline_ms,
        actor: act.caller.clone(),
        office: act.office.clone(),
        channel: act.channel,
        payment: None,
        extra: std::collections::BTreeMap::new(),
    };
    (record, deadline)
}
