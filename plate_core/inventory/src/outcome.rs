//! Every answer the inventory can give, in one closed table, in the order in which they are judged.
//!
//! The order of the table is the documented precedence: of all that could be said of an item, the topmost
//! is said. The reference page `docs/reference/outcomes.md` is written from this table, and the Lua functions
//! are held to it. A slug is for ever; the number is what stored answers carry.
//!
//! Deliberately not here: HTTP statuses and languages. They belong to the layers that speak to people.

use crate::coded::coded;

/// What kind of answer an outcome is.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum Class {
    /// The item took effect.
    Done,
    /// The item took no effect, and asking again under the same request id gives the same answer.
    Refused,
    /// The item took no effect for a reason of the moment, which lies in the pool, the law or the server and not
    /// in the item. It is not recorded: the same request id may be tried again.
    NotNow,
    /// Sent, and no answer came: it may or may not have taken effect. The same request id tells which.
    Unknown,
}

/// What the reference says of an outcome.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Facts {
    /// What kind of answer it is.
    pub class: Class,
    /// What it means, in one sentence.
    pub sentence: &'static str,
    /// What an applicant or the program of a caller does next.
    pub user: &'static str,
    /// What an operator at a desk does next.
    pub operator: &'static str,
    /// What support looks at when somebody complains.
    pub support: &'static str,
}

/// Declares the outcomes with everything that is known of them.
macro_rules! outcomes {
    ($( $variant:ident = $code:literal $slug:literal $class:ident {
        $sentence:literal user: $user:literal operator: $operator:literal support: $support:literal
    } )+) => {
        coded! {
            /// What happened to an item, or why nothing did. The order of the variants is the precedence.
            pub enum Outcome {
                $( #[doc = $sentence] $variant = $code $slug, )+
            }
        }

        impl Outcome {
            /// What the reference says of it.
            #[must_use]
            pub const fn facts(self) -> Facts {
                match self {
                    $( Outcome::$variant => Facts {
                        class: Class::$class,
                        sentence: $sentence,
                        user: $user,
                        operator: $operator,
                        support: $support,
                    }, )+
                }
            }
        }
    };
}

outcomes! {
    // About the request itself.
    RequestIdReused = 1 "request_id_reused" Refused {
        "This request id was used before to ask for something else."
        user: "Make a new request id for a new request."
        operator: "Start the act again from the beginning."
        support: "A client reuses its ids; the journal has what the id was first used for."
    }
    // About the caller's limits. Judged in the shard, before the pool hears of the item.
    LimitReached = 20 "limit_reached" Refused {
        "The applicant has as many live holds as he may have."
        user: "Release a hold, pay for one, or wait until `retry_at_ms`, when the next permit ends."
        operator: "Show the citizen his holds and release what he does not want."
        support: "Permits of the applicant; one whose hold is gone heals at its deadline."
    }
    OperatorCapReached = 21 "operator_cap_reached" Refused {
        "The operator has made as many holds today as an operator may."
        user: "Go to another desk, or do it yourself."
        operator: "Hand the citizen to a colleague; it begins anew at midnight, `retry_at_ms`."
        support: "Look at the operator's day in the journal before lifting the cap."
    }
    // About the pool: not now.
    PoolUnknown = 30 "pool_unknown" NotNow {
        "There is no such pool in this store."
        user: "Check format and region."
        operator: "Report it: the pool was not opened."
        support: "The pool has no settings in the store; run the doctor."
    }
    ReadOnly = 31 "read_only" NotNow {
        "The pool takes no change at present."
        user: "Try again later with the same request id."
        operator: "Try again later; nothing was lost."
        support: "The pool's `read_only` switch is on."
    }
    PoolPaused = 32 "pool_paused" NotNow {
        "The pool is paused."
        user: "Try again later with the same request id."
        operator: "Tell the citizen that sales in this region are paused; his holds stay."
        support: "The pool's `paused` switch is on."
    }
    HoldsStopped = 33 "holds_stopped" NotNow {
        "New holds are stopped; what is held can still be paid for."
        user: "Try again later with the same request id."
        operator: "Go on with payments; take no new holds."
        support: "The pool's `holds_stopped` switch is on."
    }
    NotOpen = 34 "not_open" NotNow {
        "The pool is not open yet."
        user: "Come again at `retry_at_ms`."
        operator: "Tell the citizen the hour."
        support: "The pool's `opens_at_ms` lies ahead."
    }
    FeedBacklogged = 35 "feed_backlogged" NotNow {
        "The journal is too far behind to promise more."
        user: "Try again in a minute with the same request id."
        operator: "Try again in a minute."
        support: "Is a keeper active, and has the journal's disk room?"
    }
    Frozen = 36 "frozen" NotNow {
        "Nothing expires at present, because the store's clock is in doubt or nobody vouches for it."
        user: "Nothing: holds last longer."
        operator: "Nothing: holds last longer."
        support: "See the clock guard's alarm; is a keeper active?"
    }
    // About the mark and who has it.
    PermitExpired = 40 "permit_expired" Refused {
        "The permit to hold ended before the hold reached the mark."
        user: "Ask again with a new request id."
        operator: "Do it again."
        support: "The request was on its way longer than a permit lives; look at latencies."
    }
    NeverIssued = 41 "never_issued" Refused {
        "Digits 000 are on no plate."
        user: "Choose other digits."
        operator: "Choose other digits."
        support: "Nothing to look at."
    }
    MarkWithheld = 42 "mark_withheld" Refused {
        "The mark is never offered, by rule."
        user: "Choose another mark."
        operator: "Show the reason of the rule and choose another mark."
        support: "The rule book has the withheld series; the journal has single marks and why."
    }
    MarkIssued = 43 "mark_issued" Refused {
        "The mark is on the road already."
        user: "Choose another mark."
        operator: "Choose another mark."
        support: "The registry's import says so; the journal has the day."
    }
    MarkAllotted = 44 "mark_allotted" Refused {
        "The mark is paid for and belongs to an applicant."
        user: "Choose another mark, or look among your own."
        operator: "Choose another mark, or look among the citizen's own."
        support: "The mark's history in the journal."
    }
    HeldByYou = 45 "held_by_you" Refused {
        "The applicant holds this mark already."
        user: "Go on with the hold you have."
        operator: "Go on with the hold the citizen has."
        support: "The mark's history in the journal; the hold's own request id is in it."
    }
    HeldByAnother = 46 "held_by_another" Refused {
        "Somebody else holds this mark."
        user: "Choose another mark, or look again at `retry_at_ms`."
        operator: "Choose another mark."
        support: "The mark's history in the journal."
    }
    NotHeld = 47 "not_held" Refused {
        "There is no such hold on this mark."
        user: "Look at your holds: it ended, or it is on another mark."
        operator: "Look at the citizen's holds."
        support: "The mark's history says whether it was released or expired."
    }
    NotAllotted = 48 "not_allotted" Refused {
        "There is no such allotment of this mark."
        user: "Look at your allotments."
        operator: "Look at the citizen's allotments."
        support: "The mark's history in the journal."
    }
    ManufactureBegun = 49 "manufacture_begun" Refused {
        "The plate is being made or was made, and nothing is refunded from there."
        user: "Take the plate, or keep the combination."
        operator: "Explain the rule: refunds end where manufacture begins."
        support: "The mark's history has the hour of manufacture."
    }
    RevisionStale = 50 "revision_stale" Refused {
        "The hold has changed since it was read."
        user: "Read it again, then decide."
        operator: "Read it again, then decide."
        support: "Two clients act on one hold; `current_revision` is the present one."
    }
    HoldExpired = 51 "hold_expired" Refused {
        "The hold's deadline has passed."
        user: "Hold the mark again if it is still free."
        operator: "Hold the mark again if it is still free."
        support: "The mark's history has deadline and hour."
    }
    PaymentAlreadyBegun = 52 "payment_already_begun" Refused {
        "The payment of this hold has begun."
        user: "Finish the payment, or release the hold."
        operator: "Let the citizen finish the payment, or release the hold."
        support: "The mark's history in the journal."
    }
    ExtensionsUsedUp = 53 "extensions_used_up" Refused {
        "The hold was extended as often as a hold may be."
        user: "Pay before the deadline."
        operator: "Let the citizen pay before the deadline."
        support: "The pool's `max_extensions`."
    }
    CoolingDown = 54 "cooling_down" Refused {
        "The applicant had this mark a moment ago; others come first for a while."
        user: "Ask again at `retry_at_ms`."
        operator: "Ask again at `retry_at_ms`."
        support: "The pool's `cooldown_ms`; the mark's history has the last hold."
    }
    SameMarkCapReached = 55 "same_mark_cap_reached" Refused {
        "The applicant has held this mark as often today as anybody may."
        user: "Ask again at `retry_at_ms`, the next midnight."
        operator: "Ask again tomorrow."
        support: "The pool's `same_mark_daily_cap`."
    }
    TariffChanged = 56 "tariff_changed" NotNow {
        "The mark was priced by a tariff that is not in force now."
        user: "Look at the new price, then decide; the same request id may be tried again."
        operator: "Tell the citizen the new price."
        support: "`current_tariff` is in force; does a worker lag behind a tariff change?"
    }
    NoneLeft = 57 "none_left" Refused {
        "None of the marks that were looked at is free for this applicant."
        user: "Ask again with a new request id."
        operator: "Ask again."
        support: "Is the replica behind? Candidates come from it."
    }
    // About planes, registry and payments.
    Conflict = 60 "conflict" Refused {
        "The mark has a live record, so it was left as it is."
        user: "Not for applicants."
        operator: "Not for operators."
        support: "Somebody must look at mark and registry: the journal has both sides."
    }
    AlreadyWithheld = 61 "already_withheld" Refused {
        "The mark is withheld already."
        user: "Not for applicants."
        operator: "Not for operators."
        support: "Nothing to do."
    }
    NotWithheld = 62 "not_withheld" Refused {
        "The mark is not withheld."
        user: "Not for applicants."
        operator: "Not for operators."
        support: "Nothing to do."
    }
    AlreadyImported = 63 "already_imported" Refused {
        "The mark was known to be on the road."
        user: "Not for applicants."
        operator: "Not for operators."
        support: "Nothing to do."
    }
    PaymentUnknown = 64 "payment_unknown" Refused {
        "There is no such payment."
        user: "Not for applicants."
        operator: "Not for operators."
        support: "Check provider, transaction and mark against the provider's statement."
    }
    NotRefundable = 65 "not_refundable" Refused {
        "The payment is not one that goes back."
        user: "Not for applicants."
        operator: "Not for operators."
        support: "It is settled, or it was refunded before: see its state."
    }
    // About the later life of a mark.
    NotInManufacture = 70 "not_in_manufacture" Refused {
        "The plate is not being made."
        user: "Look at the mark's state."
        operator: "Look at the mark's state."
        support: "The mark's history in the journal."
    }
    NotReady = 71 "not_ready" Refused {
        "The plate is not ready to be handed over."
        user: "Wait for the notice."
        operator: "Look at the mark's state."
        support: "The mark's history in the journal."
    }
    PlateNotIssued = 72 "plate_not_issued" Refused {
        "No plate of this mark is in its owner's hands without a vehicle."
        user: "Look at the mark's state."
        operator: "Look at the mark's state."
        support: "The mark's history in the journal."
    }
    NotAssigned = 73 "not_assigned" Refused {
        "The mark is on no vehicle."
        user: "Look at the mark's state."
        operator: "Look at the mark's state."
        support: "The mark's history in the journal."
    }
    NotSurrendered = 74 "not_surrendered" Refused {
        "The plate was not given back."
        user: "Give the plate back first."
        operator: "Take the plate back first."
        support: "The mark's history in the journal."
    }
    NotRetained = 75 "not_retained" Refused {
        "The combination is not kept for an owner."
        user: "Look at the mark's state."
        operator: "Look at the mark's state."
        support: "The mark's history in the journal."
    }
    MarkBlocked = 76 "mark_blocked" Refused {
        "The mark is blocked as lost or stolen."
        user: "Have it unblocked first."
        operator: "Have it unblocked first."
        support: "The mark's history has who blocked it."
    }
    NotBlocked = 77 "not_blocked" Refused {
        "The mark is not blocked."
        user: "Nothing to do."
        operator: "Nothing to do."
        support: "Nothing to do."
    }
    // What was done.
    Held = 100 "held" Done {
        "The mark is held until its deadline."
        user: "Pay before the deadline."
        operator: "Let the citizen pay before the deadline."
        support: "`deadline_reason` says what set the deadline."
    }
    Extended = 101 "extended" Done {
        "The hold's deadline was moved, as far as permit and price allow."
        user: "Pay before the new deadline."
        operator: "Let the citizen pay before the new deadline."
        support: "`deadline_reason` says what set the deadline."
    }
    Released = 102 "released" Done {
        "The hold was given back and the mark is free."
        user: "Choose another mark."
        operator: "Choose another mark."
        support: "For a while the same applicant cannot hold it again."
    }
    PaymentBegun = 103 "payment_begun" Done {
        "The mark waits for its payment until the deadline."
        user: "Finish the payment."
        operator: "Let the citizen finish the payment; nobody at a desk can mark it as paid."
        support: "`deadline_reason` says what set the deadline."
    }
    Allotted = 104 "allotted" Done {
        "The payment arrived and the mark belongs to the applicant."
        user: "Wait for the plate."
        operator: "Nothing more to do."
        support: "`late` says that the money came after the hold had ended."
    }
    RefundDue = 105 "refund_due" Done {
        "The payment was written down and goes back to the payer."
        user: "Wait for the money; `refund_reason` says why."
        operator: "Tell the citizen that the money goes back, and why."
        support: "The payment's record has the reason; nothing settles it any more."
    }
    Cancelled = 106 "cancelled" Done {
        "The allotment was given back before manufacture, and its payment goes back."
        user: "Wait for the money."
        operator: "Tell the citizen that the money goes back."
        support: "The payment is `refund_due` with the reason `cancelled`."
    }
    Refunded = 107 "refunded" Done {
        "The payment was paid back."
        user: "Nothing more to do."
        operator: "Nothing more to do."
        support: "The payment's record has the hour."
    }
    Expired = 108 "expired" Done {
        "The hold's deadline passed, and the mark is free."
        user: "Hold the mark again if it is still free."
        operator: "Hold the mark again if it is still free."
        support: "The mark's history has deadline and hour."
    }
    Withheld = 109 "withheld" Done {
        "The mark was taken off sale."
        user: "Not for applicants."
        operator: "Not for operators."
        support: "The journal has the reason."
    }
    Readmitted = 110 "readmitted" Done {
        "The mark was put back on sale."
        user: "Not for applicants."
        operator: "Not for operators."
        support: "The journal has who did it."
    }
    Imported = 111 "imported" Done {
        "At least one mark was newly known to be on the road."
        user: "Not for applicants."
        operator: "Not for operators."
        support: "`import` counts the marks by what became of them."
    }
    Configured = 112 "configured" Done {
        "The pool's settings were changed."
        user: "Not for applicants."
        operator: "Not for operators."
        support: "The journal has the settings and who changed them."
    }
    Read = 113 "read" Done {
        "The mark as it stands."
        user: "Decide."
        operator: "Decide."
        support: "Nothing to look at."
    }
    ManufactureStarted = 120 "manufacture_started" Done {
        "The plate is being made."
        user: "Wait for the plate."
        operator: "Nothing more to do."
        support: "From here nothing is refunded."
    }
    MadeReady = 121 "made_ready" Done {
        "The plate is made and waits at the office."
        user: "Fetch the plate; it does not lapse."
        operator: "Hand it over when the owner comes."
        support: "Nothing to look at."
    }
    Issued = 122 "issued" Done {
        "The plate was handed over."
        user: "Have it bound to a vehicle."
        operator: "Nothing more to do."
        support: "Nothing to look at."
    }
    Assigned = 123 "assigned" Done {
        "The mark is bound to a vehicle."
        user: "Drive."
        operator: "Nothing more to do."
        support: "The record has the VIN."
    }
    Surrendered = 124 "surrendered" Done {
        "The plate was given back."
        user: "Keep the combination, or let it go."
        operator: "Ask whether the owner keeps the combination."
        support: "The metal is kept 30 days."
    }
    Retained = 125 "retained" Done {
        "The combination is kept for its owner."
        user: "Use it within six months."
        operator: "Tell the owner until when."
        support: "The record has the day."
    }
    Returned = 126 "returned" Done {
        "The combination is free again."
        user: "Nothing more to do."
        operator: "Nothing more to do."
        support: "Nothing to look at."
    }
    Gifted = 127 "gifted" Done {
        "The mark went to a close relative."
        user: "Nothing more to do."
        operator: "Nothing more to do."
        support: "The journal has giver and receiver."
    }
    Blocked = 128 "blocked" Done {
        "The mark is blocked as lost or stolen."
        user: "Have it unblocked when it is found."
        operator: "Nothing more to do."
        support: "The record has the state that was blocked."
    }
    Unblocked = 129 "unblocked" Done {
        "The mark is what it was before it was blocked."
        user: "Nothing more to do."
        operator: "Nothing more to do."
        support: "Nothing to look at."
    }
    MetalDestroyed = 130 "metal_destroyed" Done {
        "The metal was destroyed; the mark is what it was."
        user: "Nothing more to do."
        operator: "Nothing more to do."
        support: "The record has the day."
    }
    // What nobody knows yet.
    Unknown = 200 "unknown" Unknown {
        "The request was sent and no answer came: it may have taken effect."
        user: "Ask again with the same request id: it has one effect and one answer."
        operator: "Press again: the same request is sent, not a second one."
        support: "The journal has the request id if it took effect."
    }
}

impl Outcome {
    /// Whether the item took effect.
    #[must_use]
    pub const fn is_done(self) -> bool {
        matches!(self.facts().class, Class::Done)
    }

    /// Whether the answer is kept under its request id and repeated when the request comes again.
    #[must_use]
    pub const fn is_recorded(self) -> bool {
        matches!(self.facts().class, Class::Done | Class::Refused)
    }

    /// Its place in the precedence, from 1.
    #[must_use]
    pub fn precedence(self) -> usize {
        Outcome::ALL.iter().take_while(|other| **other != self).count() + 1
    }
}
