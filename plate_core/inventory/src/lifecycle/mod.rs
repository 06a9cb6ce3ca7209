//! What is right: which event may follow which state, and who may do what to a mark at a moment.
//!
//! Pure: a mark, what is asked, a pool's settings and a moment go in; the record that follows or a refusal comes
//! out. Nothing is changed here, nothing is looked up, and no clock is read. The in-memory model runs on these
//! functions, and the Lua functions of the store are held against the model, event by event.
//!
//! - [`table`]: every state against every event, of the whole life of a mark: what the state alone decides.
//! - [`deadline`]: until when a hold lasts, and what set it.
//! - [`hold`], [`held`], [`money`]: the judgement of each verb, with everything besides the state: who asks,
//!   under which hold, at which price, when. They are served now; the later verbs stand in the table and will
//!   be judged by the same shape.
//!
//! Not here: request ids and their answers, permits, revisions, and the order of a batch. They belong to the
//! model and the store, because they are about requests and not about marks.

pub mod deadline;
pub mod held;
pub mod hold;
pub mod money;
pub mod table;

use crate::answer::Context;
use crate::feed::PlaneBits;
use crate::outcome::Outcome;
use crate::record::Record;
use crate::settings::PoolSettings;
use crate::state::State;

/// Where a mark is, with or without a live record.
///
/// A mark that is both on the road and withheld counts as withheld: that refusal is judged first.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum MarkState {
    /// Nobody has it and no rule keeps it.
    Free,
    /// Never offered, by rule.
    Withheld,
    /// On the road, by the registry's import.
    Issued,
    /// It has a live record in this state.
    Live(State),
}

impl MarkState {
    /// Every state, in the order of a mark's life.
    pub const ALL: [MarkState; 13] = [
        MarkState::Free,
        MarkState::Withheld,
        MarkState::Issued,
        MarkState::Live(State::Held),
        MarkState::Live(State::Paying),
        MarkState::Live(State::Allotted),
        MarkState::Live(State::InManufacture),
        MarkState::Live(State::Ready),
        MarkState::Live(State::IssuedPlate),
        MarkState::Live(State::Assigned),
        MarkState::Live(State::Surrendered),
        MarkState::Live(State::Retained),
        MarkState::Live(State::Blocked),
    ];

    /// Its name in documents.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            MarkState::Free => "free",
            MarkState::Withheld => "withheld",
            MarkState::Issued => "issued",
            MarkState::Live(state) => state.slug(),
        }
    }

    /// The state of a mark with these planes and this record.
    #[must_use]
    pub fn of(planes: PlaneBits, record: Option<&Record>) -> Self {
        match record {
            Some(record) => MarkState::Live(record.state),
            None if planes.withheld => MarkState::Withheld,
            None if planes.issued => MarkState::Issued,
            None => MarkState::Free,
        }
    }
}

/// A mark as it stands when something is asked of it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Mark {
    /// On the road, by the registry.
    pub issued: bool,
    /// Never offered, by rule; also digits 000 and padding.
    pub withheld: bool,
    /// Its live record, lapsed or not.
    pub record: Option<Record>,
}

impl Mark {
    /// Its bit in each plane.
    #[must_use]
    pub const fn planes(&self) -> PlaneBits {
        PlaneBits { taken: self.record.is_some(), issued: self.issued, withheld: self.withheld }
    }

    /// Whether its record has ended by itself, so that the mark is free for the next: past its deadline, and the
    /// clock that says so is vouched for.
    #[must_use]
    pub fn has_lapsed(&self, at: &Moment<'_>) -> bool {
        let past = |record: &Record| record.is_past(at.now_ms);
        !at.is_frozen() && self.record.as_ref().is_some_and(past)
    }
}

/// When something is asked, and what the pool obeys then.
#[derive(Copy, Clone, Debug)]
pub struct Moment<'a> {
    /// The store's time, ms since the epoch.
    pub now_ms: i64,
    /// Until when somebody vouches for that time, ms since the epoch.
    pub lease_until_ms: i64,
    /// The pool's settings.
    pub pool: &'a PoolSettings,
}

impl Moment<'_> {
    /// Whether nothing expires now.
    #[must_use]
    pub const fn is_frozen(&self) -> bool {
        self.pool.is_frozen(self.now_ms, self.lease_until_ms)
    }
}

/// Why nothing was done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// The named reason. Never one that is done.
    pub outcome: Outcome,
    /// The facts that go with it.
    pub context: Context,
    /// The standing record may be shown: it is the applicant's own.
    pub shows_record: bool,
}

impl Refusal {
    /// A refusal with nothing to add.
    #[must_use]
    pub fn plain(outcome: Outcome) -> Self {
        Self { outcome, context: Context::default(), shows_record: false }
    }

    /// A refusal that says when asking again may help.
    #[must_use]
    pub fn until(outcome: Outcome, retry_at_ms: i64) -> Self {
        let context = Context { retry_at_ms: Some(retry_at_ms), ..Context::default() };
        Self { context, ..Self::plain(outcome) }
    }

    /// A refusal that shows the applicant's own record.
    #[must_use]
    pub fn showing(outcome: Outcome) -> Self {
        Self { shows_record: true, ..Self::plain(outcome) }
    }
}
