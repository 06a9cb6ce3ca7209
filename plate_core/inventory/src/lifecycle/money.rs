//! What does this payment buy? And may this allotment be given back?
//!
//! Money is never refused: it settles, or it is to be refunded, with a reason. What comes late settles only if
//! the mark is free at the same price, or held anew by the same applicant at the same price: never two
//! owners, never money without a record.

use super::held::stale;
use super::{Mark, Moment, Refusal};
use crate::item::{ConfirmItem, HeldItem};
use crate::outcome::Outcome;
use crate::payment::RefundReason;
use crate::record::Record;
use crate::state::State;

/// What a payment does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect {
    /// It buys the mark: the record after it, and whether the money came after its own hold had ended.
    Settles {
        /// The record in `allotted`. Boxed, because the other effect is one byte.
        record: Box<Record>,
        /// Its own hold had ended.
        late: bool,
    },
    /// It goes back.
    Refund(RefundReason),
}

/// What the payment does to the mark. A record that has lapsed must have been ended before.
#[must_use]
pub fn confirm(mark: &Mark, item: &ConfirmItem, at: &Moment<'_>) -> Effect {
    if at.pool.shape.never_issued(item.ordinal) {
        return Effect::Refund(RefundReason::UnknownHold);
    }
    match &mark.record {
        Some(record) if record.state.is_owned() => Effect::Refund(after_allotment(record, item)),
        Some(record) => during_hold(record, item),
        None => late(mark, item, at),
    }
}

/// Whether the payment is for this very hold, and its reference does not name another applicant.
fn names_hold(record: &Record, item: &ConfirmItem) -> bool {
    record.hold == item.hold && (item.act.applicant.is_none() || record.belongs_to(&item.act))
}

/// The mark is sold: paid twice, or by somebody who came too late.
fn after_allotment(record: &Record, item: &ConfirmItem) -> RefundReason {
    if names_hold(record, item) || record.belongs_to(&item.act) {
        RefundReason::AlreadyPaid
    } else if item.act.applicant.is_none() {
        RefundReason::UnknownHold
    } else {
        RefundReason::LateMarkGone
    }
}

/// The mark is held: by this hold, by the same applicant anew, or by another.
fn during_hold(record: &Record, item: &ConfirmItem) -> Effect {
    let same_price = record.amount_tiyn == item.amount_tiyn;
    if names_hold(record, item) {
        return match same_price {
            true => settle(record.clone(), item, false),
            false => Effect::Refund(RefundReason::WrongAmount),
        };
    }
    if record.belongs_to(&item.act) {
        return match same_price {
            true => settle(record.clone(), item, true),
            false => Effect::Refund(RefundReason::LatePriceChanged),
        };
    }
    Effect::Refund(match item.act.applicant {
        Some(_) => RefundReason::LateMarkGone,
        None => RefundReason::UnknownHold,
    })
}

/// Nobody has the mark: it is sold after all if it is still offered and costs what was paid.
fn late(mark: &Mark, item: &ConfirmItem, at: &Moment<'_>) -> Effect {
    let Some(applicant) = item.act.applicant else {
        return Effect::Refund(RefundReason::UnknownHold);
    };
    if mark.withheld || mark.issued {
        return Effect::Refund(RefundReason::LateMarkGone);
    }
    let in_force = at.pool.tariff_in_force(at.now_ms) == Some(item.current_tariff);
    if !in_force || item.amount_tiyn != item.current_amount_tiyn {
        return Effect::Refund(RefundReason::LatePriceChanged);
    }
    let record = Record {
        state: State::Held,
        revision: 0,
        deadline_ms: 0,
        hold: item.hold,
        applicant,
        tariff: item.current_tariff,
        amount_tiyn: item.amount_tiyn,
        acquired: item.acquired,
        held_at_ms: at.now_ms,
        extensions: 0,
        permit_deadline_ms: 0,
        actor: item.act.caller.clone(),
        office: item.act.office.clone(),
        channel: item.act.channel,
        payment: None,
        extra: std::collections::BTreeMap::new(),
    };
    settle(record, item, true)
}

/// The record, allotted by this payment: no deadline any more, and no permit.
fn settle(record: Record, item: &ConfirmItem, late: bool) -> Effect {
    let record = Record {
        state: State::Allotted,
        deadline_ms: 0,
        permit_deadline_ms: 0,
        payment: Some(item.payment()),
        ..record
    };
    Effect::Settles { record: Box::new(record), late }
}

/// The allotment that may be given back: the applicant's own, before manufacture, as it was read.
///
/// # Errors
/// The first that applies of `not_allotted`, `manufacture_begun`, `revision_stale`.
pub fn cancel<'a>(mark: &'a Mark, item: &HeldItem) -> Result<&'a Record, Refusal> {
    let own = |record: &&Record| {
        record.belongs_to(&item.act) && record.hold == item.hold && record.state.is_owned()
    };
    let Some(record) = mark.record.as_ref().filter(own) else {
        return Err(Refusal::plain(Outcome::NotAllotted));
    };
    if record.state != State::Allotted {
        return Err(Refusal::showing(Outcome::ManufactureBegun));
    }
    if record.revision != item.revision {
        return Err(stale(record));
    }
    Ok(record)
}
