//! May this applicant extend, release or begin to pay this hold now?
//!
//! Each names the hold and the revision it read, so that nobody acts on what is no longer so. A hold past its
//! deadline is over for its holder even while nothing expires: the freeze keeps others from the mark, and
//! gives nobody more time.

use super::deadline::{self, Deadline};
use super::{Mark, Moment, Refusal};
use crate::answer::Context;
use crate::item::HeldItem;
use crate::outcome::Outcome;
use crate::record::Record;
use crate::state::State;

/// The applicant's own hold that the item names, as it was read, and not past its deadline.
///
/// # Errors
/// The first that applies of `mark_allotted`, `held_by_another`, `not_held`, `revision_stale`, `hold_expired`.
fn own_hold<'a>(mark: &'a Mark, item: &HeldItem, at: &Moment<'_>) -> Result<&'a Record, Refusal> {
    let Some(record) = &mark.record else {
        return Err(Refusal::plain(Outcome::NotHeld));
    };
    let own = record.belongs_to(&item.act);
    if record.state.is_owned() {
        return Err(Refusal { shows_record: own, ..Refusal::plain(Outcome::MarkAllotted) });
    }
    if !own {
        return Err(Refusal::plain(Outcome::HeldByAnother));
    }
    if record.hold != item.hold {
        return Err(Refusal::plain(Outcome::NotHeld));
    }
    if record.revision != item.revision {
        return Err(stale(record));
    }
    if record.is_past(at.now_ms) {
        return Err(Refusal::plain(Outcome::HoldExpired));
    }
    Ok(record)
}

/// The refusal of an item that read another revision than the present one.
pub(super) fn stale(record: &Record) -> Refusal {
    let context = Context { current_revision: Some(record.revision), ..Context::default() };
    Refusal { context, ..Refusal::showing(Outcome::RevisionStale) }
}

/// The record after an extension. The deadline never moves back, except to a permit or a change of price.
///
/// # Errors
/// Those of any hold, then `payment_already_begun` and `extensions_used_up`.
pub fn extend(
    mark: &Mark,
    item: &HeldItem,
    permit_deadline_ms: i64,
    at: &Moment<'_>,
) -> Result<(Record, Deadline), Refusal> {
    let record = own_hold(mark, item, at)?;
    let ttl_ms = record.deadline_ms.max(at.now_ms + at.pool.extension_ms);
    let deadline = lasting(deadline::of(ttl_ms, permit_deadline_ms, at), at)?;
    if record.state == State::Paying {
        return Err(Refusal::showing(Outcome::PaymentAlreadyBegun));
    }
    if record.extensions >= at.pool.max_extensions {
        return Err(Refusal::showing(Outcome::ExtensionsUsedUp));
    }
    let extended = Record {
        deadline_ms: deadline.ms,
        permit_deadline_ms,
        extensions: record.extensions + 1,
        ..record.clone()
    };
    Ok((extended, deadline))
}

/// The hold that may be given back.
///
/// # Errors
/// Those of any hold.
pub fn release<'a>(mark: &'a Mark, item: &HeldItem, at: &Moment<'_>) -> Result<&'a Record, Refusal> {
    own_hold(mark, item, at)
}

/// The record after the payment has begun. The quote stands: the tariff is not looked at again (invariant 3).
///
/// # Errors
/// Those of any hold, then `payment_already_begun`.
pub fn begin_payment(
    mark: &Mark,
    item: &HeldItem,
    permit_deadline_ms: i64,
    at: &Moment<'_>,
) -> Result<(Record, Deadline), Refusal> {
    let record = own_hold(mark, item, at)?;
    let ttl_ms = at.now_ms + at.pool.payment_window_ms;
    let deadline = lasting(deadline::of(ttl_ms, permit_deadline_ms, at), at)?;
    if record.state == State::Paying {
        return Err(Refusal::showing(Outcome::PaymentAlreadyBegun));
    }
    let paying =
        Record { state: State::Paying, deadline_ms: deadline.ms, permit_deadline_ms, ..record.clone() };
    Ok((paying, deadline))
}

/// A deadline that lies ahead. Without a permit there is none: a hold never outlives its permit.
fn lasting(deadline: Deadline, at: &Moment<'_>) -> Result<Deadline, Refusal> {
    if deadline.ms <= at.now_ms {
        return Err(Refusal::plain(Outcome::HoldExpired));
    }
    Ok(deadline)
}
