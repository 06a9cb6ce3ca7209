//! A payment: a record of its own, kept whatever becomes of the mark.
//!
//! Money that was reported is always somewhere: `received` while it is judged, then `settled` (it bought an
//! allotment) or `refund_due` (it goes back, with a reason), and at last `refunded`. Nothing leaves this line.
//! Only a notification of the payment side writes one (invariant 4).

use crate::coded::coded;
use crate::id::{ApplicantId, HoldId, PaymentId};

coded! {
    /// Where the money is.
    pub enum PaymentState {
        /// Written down, not yet judged: money whose hold could not be read.
        Received = 1 "received",
        /// It bought the allotment.
        Settled = 2 "settled",
        /// It is to be paid back.
        RefundDue = 3 "refund_due",
        /// It was paid back.
        Refunded = 4 "refunded",
    }
}

impl PaymentState {
    /// Whether a payment may go from this state to another: the whole rule of conservation.
    #[must_use]
    pub const fn may_become(self, after: PaymentState) -> bool {
        matches!(
            (self, after),
            (PaymentState::Received, PaymentState::Settled | PaymentState::RefundDue)
                | (PaymentState::Settled, PaymentState::RefundDue)
                | (PaymentState::RefundDue, PaymentState::Refunded)
        )
    }
}

coded! {
    /// Why money goes back.
    pub enum RefundReason {
        /// Not the amount that was quoted; the hold stays as it was.
        WrongAmount = 1 "wrong_amount",
        /// The mark was paid for before by this applicant.
        AlreadyPaid = 2 "already_paid",
        /// It came late, and the mark is no longer free.
        LateMarkGone = 3 "late_mark_gone",
        /// It came late, and the mark costs something else now.
        LatePriceChanged = 4 "late_price_changed",
        /// It names a hold that nobody can place.
        UnknownHold = 5 "unknown_hold",
        /// The applicant gave the allotment back before manufacture.
        Cancelled = 6 "cancelled",
    }
}

/// One payment, as the store holds it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Payment {
    /// Provider and transaction, hashed.
    pub id: PaymentId,
    /// The provider's name.
    pub provider: String,
    /// The provider's own id of the transaction.
    pub transaction: String,
    /// The mark it was paid for, as an ordinal of its pool.
    pub ordinal: u32,
    /// The hold it was paid for.
    pub hold: HoldId,
    /// Who is to have the mark, as the signed payment reference says.
    pub applicant: Option<ApplicantId>,
    /// How much came, in tiyn.
    pub amount_tiyn: i64,
    /// When the provider took the money, ms since the epoch, by the provider's clock: a statement, never compared.
    pub paid_at_ms: i64,
    /// When the store heard of it, ms since the epoch.
    pub received_at_ms: i64,
    /// Where the money is.
    pub state: PaymentState,
    /// Why it goes back; `None` unless it does or did.
    pub reason: Option<RefundReason>,
    /// When it was paid back, ms since the epoch; 0 before.
    pub refunded_at_ms: i64,
}

/// A payment after a transition, and where the money was before it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PaymentChange {
    /// Where the money was; `None` when the payment is new.
    pub before: Option<PaymentState>,
    /// The whole payment after the transition: an absolute value, so that replaying needs nothing else.
    pub after: Payment,
}
