//! What one entry of a pool's change feed says: absolute values, revisions without gaps.
//!
//! The feed is the source of the journal: replaying it from empty rebuilds every mark, every payment and every
//! document (invariant 10). An entry is what one call did to one pool; a refused item leaves no transition and no
//! revision. Documents and refused notifications have feeds of their own ([`DOCUMENTS_POOL`], [`REFUSALS_POOL`]),
//! in pools without marks.

use crate::act::{Channel, OnBehalf};
pub use crate::codec::feed::{decode, encode};
use crate::coded::coded;
use crate::id::RequestId;
use crate::payment::PaymentChange;
use crate::record::Record;

/// The pool without marks whose feed tells of documents.
pub const DOCUMENTS_POOL: &str = "documents";

/// The pool without marks whose feed tells of refused notifications of the payment side.
pub const REFUSALS_POOL: &str = "refused_notifications";

coded! {
    /// Which verb made a transition. The later verbs of a mark's life have their numbers already.
    pub enum Verb {
        /// A mark was held.
        Hold = 1 "hold",
        /// The next ordinary mark was held.
        AssignNext = 2 "assign_next",
        /// A hold's deadline was moved.
        Extend = 3 "extend",
        /// A hold was given back.
        Release = 4 "release",
        /// A payment was begun.
        BeginPayment = 5 "begin_payment",
        /// A payment was reported: settled, or to be refunded.
        Confirm = 6 "confirm",
        /// A hold's deadline passed.
        Expire = 7 "expire",
        /// An allotment was given back before manufacture.
        Cancel = 8 "cancel",
        /// A refund was reported as paid.
        ConfirmRefund = 9 "confirm_refund",
        /// A mark was taken off sale by rule.
        Withhold = 10 "withhold",
        /// A withheld mark was put back on sale.
        Readmit = 11 "readmit",
        /// The registry says that the mark is on the road.
        Import = 12 "import",
        /// The registry says so of a mark that has a live record: nothing changes, and somebody must look.
        ImportConflict = 13 "import_conflict",
        /// The pool's settings changed.
        Configure = 14 "configure",
        /// Manufacture of the plate began.
        StartManufacture = 15 "start_manufacture",
        /// The plate is made.
        MakeReady = 16 "make_ready",
        /// The plate was handed over.
        Issue = 17 "issue",
        /// The mark was bound to a vehicle.
        AssignToVin = 18 "assign_to_vin",
        /// The plate was given back.
        Surrender = 19 "surrender",
        /// The combination is kept for its owner.
        Retain = 20 "retain",
        /// The combination is free again.
        Return = 21 "return",
        /// The mark went to a close relative.
        Gift = 22 "gift",
        /// Lost or stolen.
        Block = 23 "block",
        /// Found again.
        Unblock = 24 "unblock",
        /// The metal was destroyed; the mark's state is what it was.
        DestroyMetal = 25 "destroy_metal",
        /// A document was written. It is of no mark.
        PutDocument = 26 "put_document",
        /// A notification of the payment side was refused. It is of no mark.
        RefuseNotification = 27 "refuse_notification",
    }
}

/// A mark's bit in each of its pool's planes, after a transition. Free is none of them.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct PlaneBits {
    /// Has a live record.
    pub taken: bool,
    /// On the road already, by the registry.
    pub issued: bool,
    /// Never offered, by rule.
    pub withheld: bool,
}

impl PlaneBits {
    /// The three bits as one number: taken 1, issued 2, withheld 4.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.taken as u8 | (self.issued as u8) << 1 | (self.withheld as u8) << 2
    }

    /// The planes of such a number; higher bits mean nothing.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self { taken: bits & 1 != 0, issued: bits & 2 != 0, withheld: bits & 4 != 0 }
    }

    /// Whether nobody has it and no rule keeps it.
    #[must_use]
    pub const fn is_free(self) -> bool {
        self.bits() == 0
    }
}

/// A document after it was written, whole: a draft or a published tariff, or what the law withholds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DocumentChange {
    /// Its name.
    pub name: String,
    /// Its version, from 1, one more with each writing.
    pub version: u64,
    /// Its content.
    pub content: Vec<u8>,
}

/// One step of a pool: one revision.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Transition {
    /// The pool's revision after it.
    pub revision: u64,
    /// What was done.
    pub verb: Verb,
    /// Which mark, as an ordinal of the pool; `None` where the pool itself is meant ([`Verb::Configure`]), a
    /// document, or a refused notification.
    pub ordinal: Option<u32>,
    /// The mark's planes after it.
    pub planes: PlaneBits,
    /// The mark's record after it. `None` where it has none ([`PlaneBits::taken`] is clear), and where it has one
    /// that this step left untouched (`taken` is set): it is not repeated.
    pub record: Option<Record>,
    /// The request that asked for it. An expiry names the request of the hold that ended, whoever found it.
    pub request: RequestId,
    /// Who did it; empty for an expiry.
    pub actor: String,
    /// On whose behalf. An expiry names the applicant whose hold ended and no representative: nobody acted for him.
    pub on_behalf: Option<OnBehalf>,
    /// In which office.
    pub office: String,
    /// Over which channel.
    pub channel: Channel,
    /// The payment that it wrote or changed.
    pub payment: Option<PaymentChange>,
    /// Whatever else an auditor needs, as text: the reason of a withholding, the settings of a pool.
    pub note: String,
    /// The document that it wrote ([`Verb::PutDocument`]).
    pub document: Option<DocumentChange>,
}

/// What one call did to one pool.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FeedEntry {
    /// The pool's id, such as `person_car.02`.
    pub pool: String,
    /// The store's time at the call, ms since the epoch.
    pub server_ms: i64,
    /// The revision of the first transition; the others follow without a gap.
    pub first_revision: u64,
    /// What was done, in order. Never empty.
    pub transitions: Vec<Transition>,
}

impl FeedEntry {
    /// The revision of the last transition: the entry's stream id is `<this>-0`.
    #[must_use]
    pub fn last_revision(&self) -> u64 {
        self.transitions.last().map_or(self.first_revision, |last| last.revision)
    }
}
