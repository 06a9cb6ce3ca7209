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
