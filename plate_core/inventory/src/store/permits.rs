//! Admission: one meaning a request id across all pools, and no more live holds than an applicant may have.
//!
//! It comes before the pool hears of an item. What it takes is given back when the pool refuses; a giving
//! back that is lost heals at the permit's deadline.

use super::call::{SHARD, read_all};
use super::{Store, StoreError};
use crate::act::Act;
use crate::answer::{Answer, Context};
use crate::codec::answer::{self, Asker};
use crate::codec::{Malformed, Reader, Writer};
use crate::engine::Certainty;
use crate::id::{ApplicantId, Digest, HoldId, RequestId};
use crate::item::BATCH_MAX;
use crate::keys;
use crate::outcome::{Class, Outcome};
use crate::placement::Placement;
use crate::state::Acquired;

/// The verdicts that are not outcomes; the functions have the same numbers (`prelude/shard.lua`).
const CLAIMED: u8 = 0;
const ADMITTED: u8 = 250;
const AGAIN: u8 = 251;
const CLAIMED_FOR_EVER: u8 = 252;
const ANSWERED: u8 = 253;

/// A request that is to be admitted for a new hold.
#[derive(Clone, Debug)]
pub struct HoldClaim<'a> {
    /// Who asks; without an applicant it is admitted without a permit, and the pool refuses it.
    pub act: &'a Act,
    /// What is asked.
    pub digest: Digest,
    /// How the mark is come by.
    pub acquired: Acquired,
}

/// A request that is to be admitted for anything else.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Its id.
    pub id: RequestId,
    /// What is asked.
    pub digest: Digest,
    /// What it needs besides.
    pub need: Need,
}

impl Claim {
    /// Its bytes; the layout stands in `prelude/carry.lua`.
    pub(super) fn pack(&self) -> Vec<u8> {
        let (need, hold, applicant) = match self.need {
            Need::Nothing => (0, HoldId::default(), ApplicantId::default()),
            Need::NeverForgotten => (1, HoldId::default(), ApplicantId::default()),
            Need::LongerPermit(Lengthen::Extension, hold, applicant) => (2, hold, applicant),
            Need::LongerPermit(Lengthen::Payment, hold, applicant) => (3, hold, applicant),
        };
        let mut to = Writer::default();
        to.bytes(&self.id.0).bytes(&self.digest.0).u8(need).bytes(&hold.0).bytes(&applicant.0);
        to.0
    }
}

/// What a claim needs besides its id's admission.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Need {
    /// Nothing.
    Nothing,
    /// Never to be forgotten: a transaction buys one mark, however late it is named again.
    NeverForgotten,
    /// The permit of an applicant's hold to last longer.
    LongerPermit(Lengthen, HoldId, ApplicantId),
}

/// For what a permit is to last longer.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Lengthen {
    /// For an extension.
    Extension,
    /// For a payment.
    Payment,
}

/// What the shard says of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Admission {
    /// It may go on to its pool. The deadline of its permit is 0 where it has none.
    Passed {
        /// When the permit ends, ms since the epoch.
        permit_deadline_ms: i64,
    },
    /// It may not.
    Refused {
        /// Why.
        outcome: Outcome,
        /// When asking again may help, ms since the epoch.
        retry_at_ms: Option<i64>,
        /// When that was first said, ms since the epoch.
        server_ms: i64,
    },
    /// It was answered before, in the step that admitted it.
    Answered(Box<Answer>),
    /// It was not judged: that depends on what becomes of earlier items of the same call.
    Again,
}

impl Admission {
    /// The answer to an item that need not go on. Of one that was refused here the pool has not heard, so no revision is
    /// known.
    #[must_use]
    pub fn answer(&self, ordinal: Option<u32>) -> Option<Answer> {
        match self {
            Self::Refused { outcome, retry_at_ms, server_ms } => {
                let context = Context { retry_at_ms: *retry_at_ms, ..Context::default() };
                let (outcome, server_ms) = (*outcome, *server_ms);
                Some(Answer { outcome, ordinal, revision: 0, server_ms, record: None, context })
            }
            Self::Answered(answer) => Some(Answer::clone(answer)),
            Self::Passed { .. } | Self::Again => None,
        }
    }
}

/// A permit that may not be needed any more.
#[derive(Clone, Debug)]
pub struct Settlement<'a> {
    /// Whose.
    pub applicant: ApplicantId,
    /// For which hold.
    pub hold: HoldId,
    /// Why.
    pub how: Settled,
    /// When the hold began, ms since the epoch: a permit taken later is of another hold under the same id. Only
    /// [`Settled::Ended`] looks at it.
    pub held_at_ms: i64,
    /// The operator who asked for the hold, where his day's count goes back too.
    pub operator: Option<&'a str>,
}

/// Why a permit is not needed any more.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Settled {
    /// The hold was released, expired or paid for.
    Ended = 1,
    /// The hold was refused for good.
    Refused = 2,
    /// The hold was refused for now, and may be tried again under the same id.
    NotNow = 3,
}

impl<'a> Settlement<'a> {
    /// What becomes of the permit of a hold that was answered so; `None` where it stays.
    #[must_use]
    pub fn of_hold(act: &'a Act, answer: &Answer) -> Option<Self> {
        let how = match answer.outcome.facts().class {
            Class::Refused => Settled::Refused,
            Class::NotNow => Settled::NotNow,
            Class::Done | Class::Unknown => return None,
        };
        let applicant = act.applicant?.id;
        let (hold, held_at_ms) = (act.id.into(), answer.server_ms);
        Some(Self { applicant, hold, how, held_at_ms, operator: act.operator() })
    }

    /// The permit of a hold that its pool was asked for and certainly did not take up.
    #[must_use]
    pub fn not_taken_up(act: &'a Act) -> Option<Self> {
        let (applicant, hold) = (act.applicant?.id, act.id.into());
        Some(Self { applicant, hold, how: Settled::NotNow, held_at_ms: 0, operator: act.operator() })
    }

    /// The permit of a hold that began then and has ended.
    #[must_use]
    pub const fn ended(applicant: ApplicantId, hold: HoldId, held_at_ms: i64) -> Self {
        Self { applicant, hold, how: Settled::Ended, held_at_ms, operator: None }
    }
}

impl Store {
    /// Admits requests for new holds, in order, and takes a permit for each.
    ///
    /// From the first [`Admission::Again`] on, all are: carry out and settle what passed, then admit the rest.
    ///
    /// # Errors
    /// As any call; see [`StoreError`].
    pub async fn admit(&self, claims: &[HoldClaim<'_>]) -> Result<Vec<Admission>, StoreError> {
        let pack = |claim: &HoldClaim<'_>| {
            let mut to = Writer::default();
            let applicant = claim.act.applicant;
            to.bytes(&claim.act.id.0)
                .bytes(&claim.digest.0)
                .bytes(&applicant.map_or_else(ApplicantId::default, |applicant| applicant.id).0)
                .u8(applicant.map_or(0, |applicant| applicant.kind.code()))
                .bytes(claim.act.operator().unwrap_or_default().as_bytes());
            to.0
        };
        let items: Vec<Vec<u8>> = claims.iter().map(pack).collect();
        let reply = self.call_batch(keys::ADMIT, SHARD, &items).await?;
        read_all(&reply, claims.len(), |index, from| {
            let asker = claims.get(index).map(|claim| Asker { act: claim.act, acquired: claim.acquired });
            read_admission(from, asker)
        })
    }

    /// Admits requests for anything but new holds.
    ///
    /// # Errors
    /// As any call; see [`StoreError`].
    pub async fn claim(&self, claims: &[Claim]) -> Result<Vec<Admission>, StoreError> {
        let items: Vec<Vec<u8>> = claims.iter().map(Claim::pack).collect();
        let reply = self.call_batch(keys::CLAIM, SHARD, &items).await?;
        read_all(&reply, claims.len(), |_, from| read_admission(from, None))
    }

    /// Settles the permits of new holds by what became of them in their pool. An error that proves that nothing
    /// was applied is a "not now" for each; after any other, permits stay until the request comes again.
    pub(super) async fn settle_holds<'a>(
        &self,
        acts: impl Iterator<Item = &'a Act>,
        carried: Result<Vec<Answer>, StoreError>,
    ) -> Result<Vec<Answer>, StoreError> {
        let settlements: Vec<Settlement<'_>> = match &carried {
            Ok(answers) => {
                acts.zip(answers).filter_map(|(act, answer)| Settlement::of_hold(act, answer)).collect()
            }
            Err(error) if error.nothing_applied() => acts.filter_map(Settlement::not_taken_up).collect(),
            Err(_) => Vec::new(),
        };
        // A settlement that is lost heals at the permit's deadline; the holds themselves are done.
        let _ = self.settle_permits(&settlements).await;
        carried
    }

    /// Gives back the permits of holds that a verb has ended, unless it did so itself.
    pub(super) async fn settle_ended(&self, settlements: &[Settlement<'_>]) {
        if self.placement == Placement::Apart {
            // A settlement that is lost heals at the permit's deadline; the marks are free or sold already.
            let _ = self.settle_permits(settlements).await;
        }
    }

    /// Gives permits back. What is lost on the way heals by itself, so the caller may ignore an error.
    ///
    /// # Errors
    /// As any call; see [`StoreError`].
    pub async fn settle_permits(&self, settlements: &[Settlement<'_>]) -> Result<(), StoreError> {
        for batch in settlements.chunks(BATCH_MAX) {
            let items: Vec<Vec<u8>> = batch.iter().map(pack_settlement).collect();
            self.call_value(keys::SETTLE_PERMITS, SHARD, &items).await?;
        }
        Ok(())
    }
}

fn pack_settlement(settlement: &Settlement<'_>) -> Vec<u8> {
    let mut to = Writer::default();
    to.bytes(&settlement.applicant.0)
        .bytes(&settlement.hold.0)
        .u8(settlement.how as u8)
        .ms(settlement.held_at_ms)
        .bytes(settlement.operator.unwrap_or_default().as_bytes());
    to.0
}

fn read_admission(from: &mut Reader<'_>, asker: Option<Asker<'_>>) -> Result<Admission, Malformed> {
    let verdict = from.u8("verdict")?;
    let server_ms = from.ms("time of the verdict")?;
    let time_ms = from.ms("time that goes with the verdict")?;
    match verdict {
        CLAIMED | CLAIMED_FOR_EVER | ADMITTED => Ok(Admission::Passed { permit_deadline_ms: time_ms }),
        AGAIN => Ok(Admission::Again),
        ANSWERED => {
            let mut told = from.part("answer of a claim")?;
            answer::read(&mut told, asker).map(|answer| Admission::Answered(Box::new(answer)))
        }
        code => {
            let outcome = Outcome::from_code(code).ok_or_else(|| from.fault("verdict"))?;
            Ok(Admission::Refused { outcome, retry_at_ms: (time_ms != 0).then_some(time_ms), server_ms })
        }
    }
}
