//! Every state against every event: the state that follows, or the refusal that the state alone gives.
//!
//! The whole life of a mark stands here (docs/domain.md, section 4), also what is not served yet. Whatever else a verb
//! looks at (who asks, the hold's name, the hour, the price) can refuse more, and never allows more. The page
//! `docs/reference/lifecycle.md` is written from this table.

use super::MarkState::{self, Free, Issued, Live, Withheld};
use crate::feed::Verb;
use crate::outcome::Outcome;
use crate::state::State::{
    Allotted, Assigned, Blocked, Held, InManufacture, IssuedPlate, Paying, Ready, Retained, Surrendered,
};

/// What an event does to a mark in a state.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum Cell {
    /// The mark goes to this state (which may be the one it was in).
    To(MarkState),
    /// The mark stays what it is, and something else is done: a payment is written down, an owner changes.
    Stays(Outcome),
    /// The mark goes back to the state that was blocked.
    Back,
    /// Nothing is done, for this reason.
    Refused(Outcome),
}

use Cell::{Back, Refused, Stays, To};

/// The events of a mark's life, in its order. `configure` is of the pool, `confirm_refund` of a payment,
/// `import_conflict` is what `import` leaves in the journal where it is refused, and documents and refused
/// notifications are of no mark.
pub const EVENTS: [Verb; 22] = [
    Verb::Hold,
    Verb::AssignNext,
    Verb::Extend,
    Verb::Release,
    Verb::BeginPayment,
    Verb::Confirm,
    Verb::Expire,
    Verb::Cancel,
    Verb::Withhold,
    Verb::Readmit,
    Verb::Import,
    Verb::StartManufacture,
    Verb::MakeReady,
    Verb::Issue,
    Verb::AssignToVin,
    Verb::Surrender,
    Verb::Retain,
    Verb::Return,
    Verb::Gift,
    Verb::Block,
    Verb::Unblock,
    Verb::DestroyMetal,
];

/// What `event` does to a mark in `state`.
///
/// ```
/// use plate_inventory::feed::Verb;
/// use plate_inventory::lifecycle::{MarkState, table::{Cell, next}};
/// use plate_inventory::outcome::Outcome;
/// use plate_inventory::state::State;
///
/// assert_eq!(next(MarkState::Free, Verb::Hold), Cell::To(MarkState::Live(State::Held)));
/// assert_eq!(next(MarkState::Issued, Verb::Hold), Cell::Refused(Outcome::MarkIssued));
/// ```
#[must_use]
pub const fn next(state: MarkState, event: Verb) -> Cell {
    match event {
        Verb::Hold | Verb::AssignNext | Verb::Extend | Verb::Release | Verb::BeginPayment | Verb::Expire => {
            before_payment(state, event)
        }
        Verb::Confirm | Verb::Cancel | Verb::ConfirmRefund => with_money(state, event),
        Verb::Withhold | Verb::Readmit | Verb::Import | Verb::ImportConflict | Verb::Configure => {
            by_rule_or_registry(state, event)
        }
        // They are of no mark, so there is nothing that they could do to one.
        Verb::PutDocument | Verb::RefuseNotification => Refused(Outcome::Conflict),
        Verb::StartManufacture
        | Verb::MakeReady
        | Verb::Issue
        | Verb::AssignToVin
        | Verb::Surrender
        | Verb::Retain
        | Verb::Return => along_the_plate(state, event),
        Verb::Gift | Verb::Block | Verb::Unblock | Verb::DestroyMetal => beside_the_plate(state, event),
    }
}

/// The events of a hold. Every state from allotted on refuses them alike: the mark is somebody's.
const fn before_payment(state: MarkState, event: Verb) -> Cell {
    match (event, state) {
        (Verb::Hold | Verb::AssignNext, Free) => To(Live(Held)),
        // The next ordinary mark is looked for, so a mark that is not to be had is passed over.
        (Verb::AssignNext, _) => Refused(Outcome::NoneLeft),
        (Verb::Hold, Withheld) => Refused(Outcome::MarkWithheld),
        (Verb::Hold, Issued) => Refused(Outcome::MarkIssued),
        (Verb::Hold, Live(Held | Paying)) => Refused(Outcome::HeldByAnother),

        (Verb::Extend, Live(Held)) => To(Live(Held)),
        (Verb::BeginPayment, Live(Held)) => To(Live(Paying)),
        (Verb::Extend | Verb::BeginPayment, Live(Paying)) => Refused(Outcome::PaymentAlreadyBegun),
        (Verb::Release | Verb::Expire, Live(Held | Paying)) => To(Free),

        (_, Free | Withheld | Issued) => Refused(Outcome::NotHeld),
        (_, Live(_)) => Refused(Outcome::MarkAllotted),
    }
}

/// The events of money. A payment is never refused: it is written down, and what it cannot buy goes back.
const fn with_money(state: MarkState, event: Verb) -> Cell {
    match (event, state) {
        (Verb::Confirm, Free | Live(Held | Paying)) => To(Live(Allotted)),
        (Verb::Confirm, _) => Stays(Outcome::RefundDue),
        (Verb::ConfirmRefund, _) => Stays(Outcome::Refunded),
        (_, Live(Allotted)) => To(Free),
        (_, Free | Withheld | Issued | Live(Held | Paying)) => Refused(Outcome::NotAllotted),
        (_, Live(_)) => Refused(Outcome::ManufactureBegun),
    }
}

/// The events of the rule book and of the registry. A live record is stronger than both.
const fn by_rule_or_registry(state: MarkState, event: Verb) -> Cell {
    match (event, state) {
        (Verb::Configure, _) => Stays(Outcome::Configured),
        (Verb::Withhold, Free | Issued) => To(Withheld),
        (Verb::Withhold, Withheld) => Refused(Outcome::AlreadyWithheld),
        // A mark that is on the road as well is issued again.
        (Verb::Readmit, Withheld) => To(Free),
        (Verb::Readmit, _) => Refused(Outcome::NotWithheld),
        (Verb::Import, Free) => To(Issued),
        (Verb::Import, Withheld) => Stays(Outcome::Imported),
        (Verb::Import, Issued) => Refused(Outcome::AlreadyImported),
        (_, _) => Refused(Outcome::Conflict),
    }
}

/// The events of the plate, one after the other, and what each misses where it does not follow.
const fn along_the_plate(state: MarkState, event: Verb) -> Cell {
    match (event, state) {
        (Verb::StartManufacture, Live(Allotted)) => To(Live(InManufacture)),
        (Verb::MakeReady, Live(InManufacture)) => To(Live(Ready)),
        (Verb::Issue, Live(Ready)) => To(Live(IssuedPlate)),
        (Verb::AssignToVin, Live(IssuedPlate | Retained)) => To(Live(Assigned)),
        (Verb::Surrender, Live(Assigned)) => To(Live(Surrendered)),
        (Verb::Retain, Live(Surrendered)) => To(Live(Retained)),
        (Verb::Return, Live(Retained)) => To(Free),

        (_, Free | Withheld | Issued | Live(Held | Paying)) => Refused(Outcome::NotAllotted),
        (_, Live(Blocked)) => Refused(Outcome::MarkBlocked),
        (Verb::StartManufacture, _) => Refused(Outcome::ManufactureBegun),
        (Verb::MakeReady, _) => Refused(Outcome::NotInManufacture),
        (Verb::Issue, _) => Refused(Outcome::NotReady),
        (Verb::AssignToVin, _) => Refused(Outcome::PlateNotIssued),
        (Verb::Surrender, _) => Refused(Outcome::NotAssigned),
        (Verb::Retain, _) => Refused(Outcome::NotSurrendered),
        (_, _) => Refused(Outcome::NotRetained),
    }
}

/// The events that come from the side: to the owner, to a lost plate, to old metal.
const fn beside_the_plate(state: MarkState, event: Verb) -> Cell {
    match (event, state) {
        (Verb::Unblock, Live(Blocked)) => Back,
        (Verb::Unblock, Free | Withheld | Issued | Live(_)) => Refused(Outcome::NotBlocked),

        (_, Free | Withheld | Issued | Live(Held | Paying)) => Refused(Outcome::NotAllotted),
        (_, Live(Blocked)) => Refused(Outcome::MarkBlocked),
        // Only a plate that is out of the office can be lost or stolen.
        (Verb::Block, Live(IssuedPlate | Assigned)) => To(Live(Blocked)),
        (Verb::Block, _) => Refused(Outcome::PlateNotIssued),
        (Verb::DestroyMetal, Live(Surrendered | Retained)) => Stays(Outcome::MetalDestroyed),
        (Verb::DestroyMetal, _) => Refused(Outcome::NotSurrendered),
        (_, Live(_)) => Stays(Outcome::Gifted),
    }
}
