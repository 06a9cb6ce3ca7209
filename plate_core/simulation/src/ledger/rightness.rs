//! Whether a transition is right beyond the lifecycle's table: the price, the person, the revision, the hour.

use plate_inventory::feed::{Transition, Verb};

use super::{Asked, Broken, Now, Told, broken};
use crate::people::Item;
use crate::trace::Place;
use crate::universe::{CLOCK_TOLERANCE_MS, EXPIRY_LEASE_MS};

/// What is wrong with a transition of a mark, if anything.
pub(super) fn is_right(
    place: Place,
    before: &Told,
    transition: &Transition,
    asked: &Asked<'_>,
    now: Now,
    lease_until_ms: i64,
) -> Result<(), Broken> {
    let mark = Some(place);
    match transition.verb {
        Verb::Expire => return expires_rightly(place, before, now, lease_until_ms),
        Verb::Confirm => return settles_rightly(place, before, transition),
        Verb::Hold => {
            let lasts = transition.record.as_ref().is_some_and(|record| record.deadline_ms > now.server_ms);
            return if lasts { Ok(()) } else { broken(mark, "a hold began that was over") };
        }
        _ => {}
    }
    let Some(record) = &before.record else { return Ok(()) };
    let reads = |item: &Item| match item {
        Item::Extend(item) | Item::Release(item) | Item::BeginPayment(item) | Item::Cancel(item) => {
            item.revision == record.revision && item.hold == record.hold
        }
        _ => true,
    };
    let mut items = asked.of(transition.request, place).peekable();
    if items.peek().is_some() && !items.any(reads) {
        return broken(
            mark,
            format!("{} was done by somebody who had read another revision", transition.verb),
        );
    }
    let moved = transition.record.as_ref().is_some_and(|after| {
        after.amount_tiyn != record.amount_tiyn
            || after.applicant != record.applicant
            || after.hold != record.hold
    });
    if moved { broken(mark, "a hold changed its price or its owner") } else { Ok(()) }
}

/// Nothing expires before its deadline, nor while nobody vouches for the clock, nor, by true time, more than the grace
/// too early: a lease that was given may be used to its end, whatever the clock does meanwhile.
fn expires_rightly(place: Place, before: &Told, now: Now, lease_until_ms: i64) -> Result<(), Broken> {
    let Some(record) = &before.record else { return broken(Some(place), "nothing expired") };
    if now.server_ms < record.deadline_ms {
        return broken(Some(place), "a hold expired before its deadline");
    }
    if now.server_ms > lease_until_ms {
        return broken(Some(place), "a hold expired while nobody vouched for the clock");
    }
    let grace_ms = EXPIRY_LEASE_MS + 2 * CLOCK_TOLERANCE_MS + (now.true_ms - before.since_ms) / 1_000;
    let clock_was_right = before.skew_ms.abs() <= CLOCK_TOLERANCE_MS;
    if clock_was_right && now.true_ms + grace_ms < record.deadline_ms - before.skew_ms {
        return broken(Some(place), "a clock that was set took a hold away");
    }
    Ok(())
}

/// A person pays what was quoted at the hold, and for himself.
fn settles_rightly(place: Place, before: &Told, transition: &Transition) -> Result<(), Broken> {
    let (Some(change), Some(after)) = (&transition.payment, &transition.record) else { return Ok(()) };
    let mark = Some(place);
    if change.after.amount_tiyn != after.amount_tiyn {
        return broken(mark, "the price that was paid is not the one that was quoted");
    }
    if let Some(record) = &before.record {
        if record.amount_tiyn != after.amount_tiyn || record.tariff != after.tariff {
            return broken(mark, "the price was read again when it was paid");
        }
        if record.applicant.id != after.applicant.id {
            return broken(mark, "a payment changed the owner");
        }
        let names = record.hold == change.after.hold || change.after.applicant == Some(record.applicant.id);
        if !names {
            return broken(mark, "a payment settled the hold of somebody else");
        }
    }
    Ok(())
}
