//! The states of a mark that has a live record, and how an allotment came about.
//!
//! A mark without a record is free, unless its pool's planes say withheld or issued. What leads from state to
//! state is in [`crate::lifecycle`].

use crate::coded::coded;

coded! {
    /// The state of a live record, in the order of a mark's life (docs/domain.md, section 4).
    pub enum State {
        /// Reserved for an applicant before payment, until its deadline.
        Held = 1 "held",
        /// A payment was begun; the mark waits for it until its deadline.
        Paying = 2 "paying",
        /// Paid: the mark belongs to the applicant. No deadline.
        Allotted = 3 "allotted",
        /// The plate is being made; nothing is refunded from here.
        InManufacture = 4 "in_manufacture",
        /// The plate is made and waits at the office. It does not lapse.
        Ready = 5 "ready",
        /// The plate was handed over and is on no vehicle yet.
        IssuedPlate = 6 "issued_plate",
        /// The plate is on a vehicle, named by its VIN.
        Assigned = 7 "assigned",
        /// The plate was given back; the metal is kept 30 days.
        Surrendered = 8 "surrendered",
        /// The combination is kept for its owner, up to six months.
        Retained = 9 "retained",
        /// Lost or stolen: nothing moves until it is unblocked.
        Blocked = 10 "blocked",
    }
}

impl State {
    /// Whether the state ends by itself at the record's deadline: a mark not yet paid for.
    #[must_use]
    pub const fn has_deadline(self) -> bool {
        matches!(self, State::Held | State::Paying)
    }

    /// Whether the mark belongs to its applicant: paid, at whatever later point of its life.
    #[must_use]
    pub const fn is_owned(self) -> bool {
        !self.has_deadline()
    }
}

coded! {
    /// How a mark is come by. The price depends on it.
    pub enum Acquired {
        /// The applicant chose this mark.
        Chosen = 1 "chosen",
        /// The applicant took the next ordinary one.
        Assigned = 2 "assigned",
    }
}

coded! {
    /// What set a hold's deadline.
    pub enum DeadlineReason {
        /// The full hold, extension or payment window.
        Ttl = 1 "ttl",
        /// The applicant's permit ends then, and a hold never outlives its permit.
        Permit = 2 "permit",
        /// A tariff or the MCI changes then, and no hold passes a change of price.
        PriceChange = 3 "price_change",
    }
}
