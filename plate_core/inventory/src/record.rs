//! The live record of a mark: who has it, until when, at which price.
//!
//! The same bytes stand in the pool's `live` hash, in the feed and in the journal, so that rebuilding is
//! copying. How they are packed is written beside the pack and unpack functions.

use std::collections::BTreeMap;

use crate::act::{Act, Applicant, Channel};
use crate::id::{HoldId, PaymentId, TariffId};
use crate::state::{Acquired, State};

/// What a mark's applicant has, as the store holds it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// Where the mark is in its life.
    pub state: State,
    /// The pool's revision at the transition that last changed this record.
    pub revision: u64,
    /// When the state ends by itself, ms since the epoch; 0 where it does not ([`State::has_deadline`]).
    pub deadline_ms: i64,
    /// The hold that began it. It stays the record's name for life.
    pub hold: HoldId,
    /// Whose it is.
    pub applicant: Applicant,
    /// By which tariff revision it was priced.
    pub tariff: TariffId,
    /// The quoted price, in tiyn: what the applicant pays, whatever the tariff says later (invariant 3).
    pub amount_tiyn: i64,
    /// Chosen, or the next ordinary one.
    pub acquired: Acquired,
    /// When the hold began, ms since the epoch.
    pub held_at_ms: i64,
    /// How often the hold was extended.
    pub extensions: u8,
    /// When the applicant's permit for this hold ends, ms since the epoch; 0 where none is needed any more.
    pub permit_deadline_ms: i64,
    /// Who held it: the caller of the hold.
    pub actor: String,
    /// In which office.
    pub office: String,
    /// Over which channel.
    pub channel: Channel,
    /// The payment that settled it; `None` before allotment.
    pub payment: Option<PaymentId>,
    /// Facts of later states by their number ([`later`]), opaque to verbs that do not know them.
    pub extra: BTreeMap<u8, Vec<u8>>,
}

/// The numbers of the facts that later verbs keep in [`Record::extra`].
pub mod later {
    /// The VIN or body number, UTF-8.
    pub const VIN: u8 = 1;
    /// The state that was blocked: one byte, [`crate::state::State::code`].
    pub const BLOCKED_FROM: u8 = 2;
    /// When the plate was surrendered: i64, big-endian ms since the epoch.
    pub const SURRENDERED_AT_MS: u8 = 3;
    /// Until when the combination is retained: i64, big-endian ms since the epoch.
    pub const RETAINED_UNTIL_MS: u8 = 4;
    /// When the metal was destroyed: i64, big-endian ms since the epoch.
    pub const METAL_DESTROYED_AT_MS: u8 = 5;
}

impl Record {
    /// Whether the record's own deadline has passed: `now ≥ deadline` is expired, swept or not.
    #[must_use]
    pub const fn is_past(&self, now_ms: i64) -> bool {
        self.state.has_deadline() && now_ms >= self.deadline_ms
    }

    /// Whether the act is done for the record's applicant.
    #[must_use]
    pub fn belongs_to(&self, act: &Act) -> bool {
        act.applicant.is_some_and(|applicant| applicant.id == self.applicant.id)
    }
}
