//! What the store says about one item: outcome, revision, server time, and the facts that go with the outcome.
//!
//! An answer is recorded under its request id and repeated verbatim when the request comes again, so
//! everything in it is a value of the moment it was first given.

use crate::feed::PlaneBits;
use crate::id::TariffId;
use crate::outcome::Outcome;
use crate::payment::{PaymentState, RefundReason};
use crate::record::Record;
use crate::state::DeadlineReason;

/// What the store said about one item.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// What happened, or why nothing did.
    pub outcome: Outcome,
    /// Which mark; `None` only where none was found (`assign_next`) or meant (`import`, `configure`, a frozen sweep).
    pub ordinal: Option<u32>,
    /// The pool's revision: of the transition if there was one, else as it stood.
    pub revision: u64,
    /// The store's time, ms since the epoch.
    pub server_ms: i64,
    /// The mark's live record after the transition. With a refusal it is there only if it is the applicant's own:
    /// nobody learns here who has a mark.
    pub record: Option<Record>,
    /// Facts that go with the outcome.
    pub context: Context,
}

impl Answer {
    /// What of the promises this answer cannot keep, if anything. It costs a few comparisons, so it is asked of every
    /// answer to a hold, an extension, a payment, in service as well: better no answer than a wrong one.
    #[must_use]
    pub fn broken_promise(&self, asked: u32) -> Option<&'static str> {
        if self.ordinal != Some(asked) {
            return Some("the answer is of another mark");
        }
        if self.outcome.is_done() && self.revision == 0 {
            return Some("something was done and has no revision");
        }
        let record = self.record.as_ref();
        let lasts = record.is_none_or(|record| record.deadline_ms > self.server_ms);
        match self.outcome {
            Outcome::Held | Outcome::Extended | Outcome::PaymentBegun if !lasts => {
                Some("a hold was given that is over")
            }
            Outcome::Allotted if !record.is_some_and(|record| record.state.is_owned()) => {
                Some("a mark was allotted to nobody")
            }
            _ => None,
        }
    }
}

/// The facts that go with an outcome. Each is there only where the reference of outcomes says so.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Context {
    /// When asking again may help, ms since the epoch.
    pub retry_at_ms: Option<i64>,
    /// What set the hold's deadline.
    pub deadline_reason: Option<DeadlineReason>,
    /// The tariff in force now (`tariff_changed`); `None` there means that none is.
    pub current_tariff: Option<TariffId>,
    /// The record's revision (`revision_stale`).
    pub current_revision: Option<u64>,
    /// Where the money is (`allotted`, `refund_due`, `cancelled`, `refunded`, `not_refundable`).
    pub payment: Option<PaymentState>,
    /// Why it goes back.
    pub refund_reason: Option<RefundReason>,
    /// The money came after the hold had ended, and the mark was still to be had (`allotted`).
    pub late: bool,
    /// The mark's planes (`read`).
    pub planes: Option<PlaneBits>,
    /// What became of the marks of one import.
    pub import: Option<ImportCounts>,
}

/// What became of the marks of one import. One request, one answer, however many marks it names.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ImportCounts {
    /// Newly on the road.
    pub imported: u32,
    /// On the road before.
    pub already_imported: u32,
    /// Ordinals with a live record: nothing was changed, and each was journalled.
    pub conflicts: Vec<u32>,
    /// Ordinals that no mark has: digits 000 and padding.
    pub never_issued: Vec<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::act::{Act, Applicant, ApplicantKind, Channel};
    use crate::id::ApplicantId;
    use crate::lifecycle::Moment;
    use crate::lifecycle::hold::{Quote, begin};
    use crate::settings::PoolSettings;
    use crate::state::Acquired;

    fn answered(outcome: Outcome, ordinal: Option<u32>, revision: u64) -> Answer {
        Answer { outcome, ordinal, revision, server_ms: 1_000, record: None, context: Context::default() }
    }

    /// A hold until then, answered at 1,000 ms.
    fn held(deadline_ms: i64) -> Answer {
        let act = Act::of("app", "1", Channel::Portal);
        let applicant = Applicant {
            id: ApplicantId::default(),
            kind: ApplicantKind::Person,
            key_id: 1,
            representative: None,
        };
        let quote = Quote { tariff: TariffId::default(), amount_tiyn: 1, acquired: Acquired::Chosen };
        let pool = PoolSettings::default();
        let at = Moment { now_ms: 0, lease_until_ms: 0, pool: &pool };
        let (record, _) = begin(&act, applicant, quote, deadline_ms, &at);
        Answer { record: Some(record), ..answered(Outcome::Held, Some(7), 3) }
    }

    /// What can be seen to be wrong from an answer alone, and what is well.
    #[test]
    fn an_answer_that_cannot_be_true_is_seen() {
        for (answer, promise) in [
            (answered(Outcome::Held, Some(7), 3), None),
            (answered(Outcome::HeldByAnother, Some(7), 0), None),
            (answered(Outcome::Held, Some(8), 3), Some("the answer is of another mark")),
            (answered(Outcome::HeldByAnother, None, 3), Some("the answer is of another mark")),
            (answered(Outcome::Released, Some(7), 0), Some("something was done and has no revision")),
            (answered(Outcome::Allotted, Some(7), 3), Some("a mark was allotted to nobody")),
            (held(1_001), None),
            (held(1_000), Some("a hold was given that is over")),
        ] {
            assert_eq!(answer.broken_promise(7), promise, "{answer:?}");
        }
    }
}
