//! What is admitted: one meaning a request id, and no more live holds than an applicant may have.
//!
//! A permit is (hold, deadline), never a counter: whatever gets lost on the way heals at the deadline, so a limit
//! can be under-used for a while and never over-used.

use std::collections::BTreeMap;

use crate::act::{Act, Applicant};
use crate::answer::{Answer, Context};
use crate::id::{ApplicantId, Digest, HoldId, RequestId};
use crate::outcome::Outcome;
use crate::settings::{ShardSettings, local_day, next_local_midnight_ms};

/// The right to have one live hold until a deadline.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Permit {
    /// Whose hold.
    pub hold: HoldId,
    /// Until when, ms since the epoch.
    pub deadline_ms: i64,
}

/// What a request needs besides its id's admission.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Need {
    Nothing,
    /// A new hold that names no applicant: it gets no permit, and the pool refuses it.
    Nobodys,
    /// Never to be forgotten: a transaction buys one mark, however late it is named again.
    NeverForgotten,
    /// A permit for a new hold, and room in the operator's day if an operator asks.
    Permit {
        applicant: Applicant,
        operator: Option<String>,
    },
    /// The permit of this hold to last this much longer from now.
    LongerPermit {
        applicant: ApplicantId,
        hold: HoldId,
        lasts_ms: i64,
    },
}

impl Need {
    /// A permit for whom the act names, if it names anybody.
    pub(super) fn permit(act: &Act) -> Self {
        act.applicant.map_or(Need::Nobodys, |applicant| Need::Permit {
            applicant,
            operator: act.operator().map(str::to_owned),
        })
    }

    /// A longer permit for whom the act names.
    pub(super) fn longer(act: &Act, hold: HoldId, lasts_ms: i64) -> Self {
        act.applicant.map_or(Need::Nothing, |applicant| Need::LongerPermit {
            applicant: applicant.id,
            hold,
            lasts_ms,
        })
    }
}

/// A request that asks to be admitted.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    pub(super) id: RequestId,
    pub(super) digest: Digest,
    pub(super) need: Need,
}

/// A request that was admitted.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) struct Pass {
    /// When its permit ends, ms since the epoch; 0 if it has none.
    pub(super) permit_deadline_ms: i64,
    /// It is admitted for the first time. A repeated one changes nothing in the shard.
    pub(super) fresh: bool,
}

impl Pass {
    /// What a request has that was not admitted.
    pub(super) const NONE: Pass = Pass { permit_deadline_ms: 0, fresh: false };
}

/// A request that was refused, as it is repeated.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
    outcome: Outcome,
    retry_at_ms: Option<i64>,
    server_ms: i64,
}

impl Refused {
    /// The answer to the item. The pool has not heard of it, so no revision is known.
    pub(super) fn answer(&self, ordinal: Option<u32>) -> Answer {
        let context = Context { retry_at_ms: self.retry_at_ms, ..Context::default() };
        Answer { context, ..super::plain(self.outcome, ordinal, 0, self.server_ms) }
    }
}

/// What became of a request id.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Verdict {
    Passed {
        permit_deadline_ms: i64,
    },
    Refused(Refused),
    /// Its hold was answered for good in the step that admitted it.
    Answered(Box<Answer>),
    /// Its hold was told "not now" and its permit went back: the id keeps its meaning, and the next attempt is
    /// judged afresh.
    Claimed,
}

/// A request id and what it means.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Known {
    digest: Digest,
    verdict: Verdict,
    server_ms: i64,
    for_ever: bool,
}

/// Request ids, permits and operators' days.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Shard {
    /// The limits.
    pub settings: ShardSettings,
    /// Until when somebody vouches for the store's clock, ms since the epoch.
    pub lease_until_ms: i64,
    /// The permits of each applicant, healed ones among them.
    pub permits: BTreeMap<ApplicantId, Vec<Permit>>,
    /// How many holds each operator made on each local day.
    pub operator_days: BTreeMap<(String, i64), u16>,
    ids: BTreeMap<RequestId, Known>,
}

impl Shard {
    /// Nothing admitted yet, under these limits.
    #[must_use]
    pub fn new(settings: ShardSettings) -> Self {
        Self { settings, ..Self::default() }
    }

    /// The permits of an applicant that have not healed.
    #[must_use]
    pub fn live_permits(&self, applicant: ApplicantId, now_ms: i64) -> Vec<Permit> {
        let frozen = self.settings.is_frozen(now_ms, self.lease_until_ms);
        let permits = self.permits.get(&applicant).map_or(&[][..], Vec::as_slice);
        permits.iter().copied().filter(|permit| frozen || now_ms < permit.deadline_ms).collect()
    }

    /// Admits a request, or says why not.
    pub(super) fn admit(&mut self, claim: &Claim, now_ms: i64) -> Result<Pass, Refused> {
        if let Some(known) = self.known(claim.id, now_ms) {
            if known.digest != claim.digest {
                return Err(Refused {
                    outcome: Outcome::RequestIdReused,
                    retry_at_ms: None,
                    server_ms: now_ms,
                });
            }
            match &known.verdict {
                Verdict::Refused(refused) => return Err(refused.clone()),
                // The shard takes no permit for it, so nothing there tells of its first pass: each claims the id anew.
                Verdict::Passed { .. } if claim.need == Need::Nobodys => {}
                Verdict::Passed { permit_deadline_ms } => {
                    let pass = Pass { permit_deadline_ms: *permit_deadline_ms, fresh: false };
                    if let Need::Permit { applicant, .. } = &claim.need {
                        self.drop_healed(applicant.id, now_ms);
                    }
                    return Ok(pass);
                }
                Verdict::Claimed | Verdict::Answered(_) => {}
            }
        }
        let judged = self.judge(claim, now_ms);
        let verdict = match &judged {
            Ok(permit_deadline_ms) => Verdict::Passed { permit_deadline_ms: *permit_deadline_ms },
            Err(refused) => Verdict::Refused(refused.clone()),
        };
        let for_ever = claim.need == Need::NeverForgotten;
        let known = Known { digest: claim.digest, verdict, server_ms: now_ms, for_ever };
        self.ids.insert(claim.id, known);
        judged.map(|permit_deadline_ms| Pass { permit_deadline_ms, fresh: true })
    }

    /// What the same request for a hold was answered before. Its applicant's permits are looked through, as whenever they
    /// may change.
    pub(super) fn answered(&mut self, act: &Act, digest: Digest, now_ms: i64) -> Option<Answer> {
        let known = self.known(act.id, now_ms).filter(|known| known.digest == digest)?;
        let Verdict::Answered(answer) = &known.verdict else { return None };
        let answer = Answer::clone(answer);
        if let Some(applicant) = act.applicant {
            self.drop_healed(applicant.id, now_ms);
        }
        Some(answer)
    }

    /// Keeps the answer to a hold with its id.
    pub(super) fn keep(&mut self, id: RequestId, answer: &Answer) {
        if let Some(known) = self.ids.get_mut(&id) {
            known.verdict = Verdict::Answered(Box::new(answer.clone()));
        }
    }

    /// Forgets what one request id means.
    #[cfg(any(test, feature = "sabotage"))]
    pub(super) fn forget(&mut self, id: RequestId) {
        self.ids.remove(&id);
    }

    /// What is known of a request id, unless it is old enough to be forgotten.
    fn known(&self, id: RequestId, now_ms: i64) -> Option<&Known> {
        let frozen = self.settings.is_frozen(now_ms, self.lease_until_ms);
        let retention_ms = self.settings.id_retention_ms;
        let kept = |known: &&Known| known.for_ever || frozen || now_ms < known.server_ms + retention_ms;
        self.ids.get(&id).filter(kept)
    }

    /// The deadline of the permit that a new request gets; 0 where it needs none or has none.
    fn judge(&mut self, claim: &Claim, now_ms: i64) -> Result<i64, Refused> {
        match &claim.need {
            Need::Nothing | Need::Nobodys | Need::NeverForgotten => Ok(0),
            Need::Permit { applicant, operator } => {
                self.has_room(applicant, operator.as_deref(), now_ms)?;
                Ok(self.take_permit(claim.id.into(), applicant.id, operator.as_deref(), now_ms))
            }
            Need::LongerPermit { applicant, hold, lasts_ms } => {
                Ok(self.lengthen_permit(*applicant, *hold, now_ms + lasts_ms, now_ms))
            }
        }
    }

    /// Whether the applicant may have one hold more, and the operator may make one.
    fn has_room(&self, applicant: &Applicant, operator: Option<&str>, now_ms: i64) -> Result<(), Refused> {
        let refused = |outcome, retry_at_ms: i64| Refused {
            outcome,
            retry_at_ms: Some(retry_at_ms),
            server_ms: now_ms,
        };
        let permits = self.live_permits(applicant.id, now_ms);
        if permits.len() >= usize::from(self.settings.live_holds(applicant.kind)) {
            let earliest_ms = permits.iter().map(|permit| permit.deadline_ms).min();
            return Err(refused(Outcome::LimitReached, earliest_ms.unwrap_or(now_ms).max(now_ms)));
        }
        let made = operator.map_or(0, |operator| {
            let day = (operator.to_owned(), local_day(now_ms));
            self.operator_days.get(&day).copied().unwrap_or(0)
        });
        if made >= self.settings.operator_daily_cap {
            return Err(refused(Outcome::OperatorCapReached, next_local_midnight_ms(now_ms)));
        }
        Ok(())
    }

    /// Takes a permit for a new hold and counts it in the operator's day.
    fn take_permit(
        &mut self,
        hold: HoldId,
        applicant: ApplicantId,
        operator: Option<&str>,
        now_ms: i64,
    ) -> i64 {
        let deadline_ms = now_ms + self.settings.hold_permit_ms;
        self.drop_healed(applicant, now_ms);
        self.permits.entry(applicant).or_default().push(Permit { hold, deadline_ms });
        if let Some(operator) = operator {
            let day = (operator.to_owned(), local_day(now_ms));
            *self.operator_days.entry(day).or_default() += 1;
        }
        deadline_ms
    }

    /// Lengthens the permit of a hold. One that is gone is not taken anew: a hold never outlives its permit, so
    /// a hold without one is over. (Taking it anew would let a caller set permits free by racing an extension
    /// against its own hold.)
    fn lengthen_permit(&mut self, applicant: ApplicantId, hold: HoldId, until_ms: i64, now_ms: i64) -> i64 {
        let frozen = self.settings.is_frozen(now_ms, self.lease_until_ms);
        let permits = self.permits.get_mut(&applicant);
        let permit = permits.into_iter().flatten().find(|permit| permit.hold == hold);
        match permit {
            Some(permit) if frozen || now_ms < permit.deadline_ms => {
                permit.deadline_ms = permit.deadline_ms.max(until_ms);
                let lengthened_ms = permit.deadline_ms;
                self.drop_healed(applicant, now_ms);
                lengthened_ms
            }
            _ => 0,
        }
    }

    /// Forgets an applicant's permits that have healed. Whenever his permits change they are looked through, so
    /// that one which had healed does not come back to life when the clock is doubted later.
    fn drop_healed(&mut self, applicant: ApplicantId, now_ms: i64) {
        let live = self.live_permits(applicant, now_ms);
        if let Some(permits) = self.permits.get_mut(&applicant) {
            *permits = live;
        }
    }

    /// Returns the permit of a hold that is over. An id is kept a day and not for ever: a permit whose id was
    /// claimed after that hold began is of a later hold of the same id, and stays.
    pub(super) fn end_permit(&mut self, applicant: ApplicantId, hold: HoldId, held_at_ms: i64) {
        if self.ids.get(&hold.into()).is_some_and(|known| known.server_ms > held_at_ms) {
            return;
        }
        if let Some(permits) = self.permits.get_mut(&applicant) {
            permits.retain(|permit| permit.hold != hold);
            if permits.is_empty() {
                self.permits.remove(&applicant);
            }
        }
    }

    /// Returns the permit of a hold that was not given, and the operator's count with it. If the hold was only
    /// told "not now", its id is judged afresh when it comes again.
    pub(super) fn refuse_permit(&mut self, act: &Act, outcome: Outcome, now_ms: i64) {
        if let Some(applicant) = act.applicant {
            self.end_permit(applicant.id, act.id.into(), now_ms);
            self.give_day_back(act, now_ms);
        }
        if !outcome.is_recorded()
            && let Some(known) = self.ids.get_mut(&act.id)
        {
            known.verdict = Verdict::Claimed;
        }
    }

    /// Takes one hold off the day of the operator who asked for it.
    fn give_day_back(&mut self, act: &Act, now_ms: i64) {
        if let Some(operator) = act.operator() {
            let day = (operator.to_owned(), local_day(now_ms));
            if let Some(made) = self.operator_days.get_mut(&day) {
                *made = made.saturating_sub(1);
            }
        }
    }
}
