//! What a store must be given so that it goes on where the journal ends: the state, and what the verbs remember beside it.
//!
//! Beside the state stand the answers of request ids (invariant 7), cool-downs, and what operators did today. They are
//! worked out from the transitions. What left no transition cannot be: a request that was refused, or that changed
//! nothing, is judged anew when it comes again; an act of many marks (withhold, readmit, import, settings) is carried out
//! anew, and changes nothing a second time. A digest covers what a caller said beside the verb's own arguments (a price
//! that he named), and no transition repeats that: such a request is `request_id_reused` when it comes again, which has
//! no second effect.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::Path;

use super::error::JournalError;
use super::heed::Heed;
use super::reader::read_frames;
use super::replay::{PoolState, Replay};
use crate::act::{Act, Applicant, ApplicantKind, Channel, OnBehalf};
use crate::codec::feed::Who;
use crate::codec::steps::{Head, Step};
use crate::codec::{Malformed, NO_ORDINAL, Reader, Writer, payment, record};
use crate::feed::Verb;
use crate::id::{ApplicantId, Digest, HoldId, PaymentId, RequestId, TariffId};
use crate::item::{AssignItem, ConfirmItem, HeldItem, HoldItem, RefundItem};
use crate::outcome::Outcome;
use crate::payment::{Payment, PaymentState, RefundReason};
use crate::record::Record;
use crate::settings::{DAY_MS, HOUR_MS, ShardSettings, local_day};
use crate::state::{Acquired, DeadlineReason};

/// How many cool-downs are kept before those that are over are looked for.
const COOLDOWNS_A_LOOK: usize = 1 << 18;

/// An answered request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// When it was answered, ms since the epoch.
    pub at_ms: i64,
    /// In which pool.
    pub pool: String,
    /// The request.
    pub id: RequestId,
    /// What was asked.
    pub digest: Digest,
    /// What was answered, packed.
    pub answer: Vec<u8>,
    /// The deadline of its permit, 0 where it has none.
    pub permit_ms: i64,
    /// Whether it asked for a new hold.
    pub is_hold: bool,
}

/// Why an applicant waits for a mark.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Cooldown {
    /// When he last let go of it.
    pub ended_ms: i64,
    /// On which local day.
    pub day: i64,
    /// How often on that day.
    pub count: u16,
}

/// The state that a journal tells, and what the verbs remember beside it.
#[derive(Clone, Debug, Default)]
pub struct Restoration {
    /// Every plane, record, payment, setting and document.
    pub replay: Replay,
    /// Requests whose answers must still be known, in the order of their answers.
    pub answered: VecDeque<Answered>,
    /// What was said and answered of each payment: never forgotten.
    pub payments: HashMap<(String, PaymentId), Answered>,
    /// Cool-downs by pool, mark and applicant.
    pub cooldowns: HashMap<(String, u32, ApplicantId), Cooldown>,
    /// How many holds each operator made on which local day.
    pub operator_days: BTreeMap<String, (i64, u16)>,
    kinds: HashMap<ApplicantId, Applicant>,
    last_ms: i64,
    retention_ms: i64,
}

impl Restoration {
    /// Reads a whole journal.
    ///
    /// # Errors
    /// As [`Replay::of`].
    pub fn of(directory: &Path) -> Result<Self, JournalError> {
        Self::heeding(directory, |_| true)
    }

    /// Reads a whole journal; `heed` hears the number of frames now and then, and ends it by `false`.
    ///
    /// # Errors
    /// As [`Replay::heeding`].
    pub fn heeding(directory: &Path, heed: impl FnMut(u64) -> bool) -> Result<Self, JournalError> {
        let (mut restoration, mut heed) = (Self::default(), Heed::new(heed));
        let mut replay = Replay::default();
        for frame in read_frames(directory)? {
            replay.apply_watched(&frame?, |before, head, step| restoration.note(before, head, step))?;
            heed.frame_read()?;
        }
        let settings = replay.pools().values().filter_map(|pool| pool.settings.as_ref());
        restoration.retention_ms = ShardSettings::for_pools(settings).id_retention_ms;
        restoration.replay = replay;
        restoration.forget();
        restoration.forget_cooldowns();
        // The keeper writes pool by pool, so two pools' entries may stand in another order than they happened.
        restoration.answered.make_contiguous().sort_by_key(|one| one.at_ms);
        Ok(restoration)
    }

    /// A state without what the verbs remember: enough to compare a store with.
    #[must_use]
    pub fn without_memory(replay: Replay) -> Self {
        Self { replay, ..Self::default() }
    }

    /// The moment of the last entry, ms since the epoch by the store's clock.
    #[must_use]
    pub fn last_ms(&self) -> i64 {
        self.last_ms
    }

    fn note(&mut self, before: &PoolState, head: &Head<'_>, step: &Step<'_>) -> Result<(), Malformed> {
        self.last_ms = self.last_ms.max(head.server_ms);
        if let Some(settings) = before.settings.as_ref() {
            self.retention_ms = self.retention_ms.max(settings.request_retention_ms + HOUR_MS);
        }
        self.forget();
        let ordinal = step.ordinal.unwrap_or(NO_ORDINAL);
        match step.verb {
            Verb::Hold | Verb::AssignNext => self.held(before, head, step, ordinal),
            Verb::Extend => self.prolonged("extend", Outcome::Extended, before, head, step, ordinal),
            Verb::BeginPayment => {
                self.prolonged("begin_payment", Outcome::PaymentBegun, before, head, step, ordinal)
            }
            Verb::Release => self.released(before, head, step, ordinal),
            Verb::Expire => self.expired(before, head, ordinal),
            Verb::Confirm => self.confirmed(before, head, step, ordinal),
            Verb::Cancel => self.cancelled(before, head, step, ordinal),
            Verb::ConfirmRefund => self.refunded(head, step, ordinal),
            _ => Ok(()),
        }
    }

    /// Forgets answers whose time is over.
    fn forget(&mut self) {
        let until = self.last_ms - self.retention_ms;
        while self.answered.front().is_some_and(|first| self.retention_ms > 0 && first.at_ms < until) {
            self.answered.pop_front();
        }
    }

    /// Forgets cool-downs that keep nobody from anything any more. A pool's own rest is at most a day.
    fn forget_cooldowns(&mut self) {
        let (today, rested) = (local_day(self.last_ms), self.last_ms - DAY_MS);
        self.cooldowns.retain(|_, note| note.day >= today || note.ended_ms > rested);
    }

    fn held(
        &mut self,
        before: &PoolState,
        head: &Head<'_>,
        step: &Step<'_>,
        ordinal: u32,
    ) -> Result<(), Malformed> {
        let packed = step.record.ok_or(MISSING)?;
        let record = record::unpack(packed)?;
        self.kinds.insert(record.applicant.id, record.applicant);
        let act = act_of(record.hold.into(), &record.actor, Some(record.applicant));
        let (tariff, amount_tiyn) = (record.tariff, record.amount_tiyn);
        let digest = if step.verb == Verb::AssignNext {
            AssignItem { act, candidates: Vec::new(), tariff, amount_tiyn }.digest(head.pool)
        } else {
            HoldItem { act, ordinal, tariff, amount_tiyn, acquired: record.acquired }.digest(head.pool)
        };
        let mut to = answer(Outcome::Held, 32, ordinal, step.revision, head.server_ms);
        let wanted_ms = head.server_ms + before.settings.as_ref().map_or(0, |settings| settings.hold_ttl_ms);
        to.ms(record.deadline_ms).ms(record.permit_deadline_ms).u8(reason(&record, wanted_ms).code());
        to.bytes(quote(packed)?);
        if record.channel == Channel::Desk {
            self.count_for(&record.actor, local_day(head.server_ms));
        }
        let permit_ms = record.permit_deadline_ms;
        self.remember(head, record.hold.into(), digest, to, permit_ms, true);
        Ok(())
    }

    fn prolonged(
        &mut self,
        verb: &str,
        outcome: Outcome,
        before: &PoolState,
        head: &Head<'_>,
        step: &Step<'_>,
        ordinal: u32,
    ) -> Result<(), Malformed> {
        let packed = step.record.ok_or(MISSING)?;
        let record = record::unpack(packed)?;
        let (who, digest) = self.of_hold(verb, before, head, step, ordinal)?;
        let mut to = answer(outcome, 5, ordinal, step.revision, head.server_ms);
        let settings = before.settings.as_ref().ok_or(MISSING)?;
        let wanted_ms = if step.verb == Verb::Extend {
            let before_ms = before.record(ordinal)?.ok_or(MISSING)?.deadline_ms;
            before_ms.max(head.server_ms + settings.extension_ms)
        } else {
            head.server_ms + settings.payment_window_ms
        };
        to.part(packed, "record").map_err(|_| MISSING)?.u8(reason(&record, wanted_ms).code());
        self.remember(head, who.request, digest, to, record.permit_deadline_ms, false);
        Ok(())
    }

    fn released(
        &mut self,
        before: &PoolState,
        head: &Head<'_>,
        step: &Step<'_>,
        ordinal: u32,
    ) -> Result<(), Malformed> {
        let (who, digest) = self.of_hold("release", before, head, step, ordinal)?;
        let to = answer(Outcome::Released, 0, ordinal, step.revision, head.server_ms);
        self.remember(head, who.request, digest, to, 0, false);
        self.cool(before, head, ordinal, head.server_ms)
    }

    fn expired(&mut self, before: &PoolState, head: &Head<'_>, ordinal: u32) -> Result<(), Malformed> {
        let deadline_ms = before.record(ordinal)?.ok_or(MISSING)?.deadline_ms;
        self.cool(before, head, ordinal, deadline_ms)
    }

    fn cancelled(
        &mut self,
        before: &PoolState,
        head: &Head<'_>,
        step: &Step<'_>,
        ordinal: u32,
    ) -> Result<(), Malformed> {
        let (who, digest) = self.of_hold("cancel", before, head, step, ordinal)?;
        let mut to = answer(Outcome::Cancelled, 16, ordinal, step.revision, head.server_ms);
        to.u8(PaymentState::RefundDue.code()).u8(RefundReason::Cancelled.code()).u8(0);
        self.remember(head, who.request, digest, to, 0, false);
        Ok(())
    }

    fn confirmed(
        &mut self,
        before: &PoolState,
        head: &Head<'_>,
        step: &Step<'_>,
        ordinal: u32,
    ) -> Result<(), Malformed> {
        let paid = payment_of(step)?;
        let record = step.record.map(record::unpack).transpose()?;
        if let Some(record) = &record {
            self.kinds.insert(record.applicant.id, record.applicant);
        }
        let who = who_of(step)?;
        let item = ConfirmItem {
            act: act_of(who.request, &who.actor, self.applicant(who.on_behalf)),
            ordinal,
            provider: paid.provider.clone(),
            transaction: paid.transaction.clone(),
            hold: paid.hold,
            amount_tiyn: paid.amount_tiyn,
            paid_at_ms: paid.paid_at_ms,
            acquired: Acquired::Chosen,
            current_tariff: TariffId::default(),
            current_amount_tiyn: 0,
        };
        let (outcome, parts) = match record {
            Some(_) => (Outcome::Allotted, 17),
            None => (Outcome::RefundDue, 16),
        };
        let mut to = answer(outcome, parts, ordinal, step.revision, head.server_ms);
        if let Some(packed) = step.record {
            let in_time = before.record(ordinal)?.is_some_and(|held| held.hold == paid.hold);
            to.part(packed, "record").map_err(|_| MISSING)?;
            to.u8(PaymentState::Settled.code()).u8(0).u8(u8::from(!in_time));
        } else {
            let reason = paid.reason.map_or(0, RefundReason::code);
            to.u8(PaymentState::RefundDue.code()).u8(reason).u8(0);
        }
        let answered = Answered {
            at_ms: head.server_ms,
            pool: head.pool.to_owned(),
            id: item.payment().into(),
            digest: item.digest(head.pool),
            answer: to.0,
            permit_ms: 0,
            is_hold: false,
        };
        self.payments.insert((head.pool.to_owned(), paid.id), answered);
        Ok(())
    }

    fn refunded(&mut self, head: &Head<'_>, step: &Step<'_>, ordinal: u32) -> Result<(), Malformed> {
        let paid = payment_of(step)?;
        let who = who_of(step)?;
        let act = act_of(who.request, &who.actor, self.applicant(who.on_behalf));
        let digest = RefundItem { act, ordinal, payment: paid.id }.digest(head.pool);
        let mut to = answer(Outcome::Refunded, 16, ordinal, step.revision, head.server_ms);
        let reason = paid.reason.map_or(0, RefundReason::code);
        to.u8(PaymentState::Refunded.code()).u8(reason).u8(0);
        self.remember(head, who.request, digest, to, 0, false);
        Ok(())
    }

    /// Who asked for a verb on a hold, and the digest of what he asked.
    fn of_hold(
        &self,
        verb: &str,
        before: &PoolState,
        head: &Head<'_>,
        step: &Step<'_>,
        ordinal: u32,
    ) -> Result<(Who, Digest), Malformed> {
        let who = who_of(step)?;
        let held = before.record(ordinal)?.ok_or(MISSING)?;
        let act = act_of(who.request, &who.actor, self.applicant(who.on_behalf));
        let item = HeldItem { act, ordinal, hold: held.hold, revision: held.revision };
        Ok((who, item.digest(verb, head.pool)))
    }

    /// The applicant of a step. Its kind is that of his holds: a pseudonym is of a person or of an entity, never both. Of
    /// one who never held anything it is told by who acts: nobody represents a person.
    fn applicant(&self, on_behalf: Option<OnBehalf>) -> Option<Applicant> {
        let OnBehalf { applicant: id, representative } = on_behalf?;
        let known = self.kinds.get(&id);
        let unheld = if representative.is_some() { ApplicantKind::Entity } else { ApplicantKind::Person };
        let kind = known.map_or(unheld, |known| known.kind);
        Some(Applicant { id, kind, key_id: 0, representative })
    }

    /// Notes that a hold ended without a sale, as the functions do (`prelude/pool.lua`).
    fn cool(
        &mut self,
        before: &PoolState,
        head: &Head<'_>,
        ordinal: u32,
        ended_ms: i64,
    ) -> Result<(), Malformed> {
        let held = before.record(ordinal)?.ok_or(MISSING)?;
        let day = local_day(held.held_at_ms);
        let key = (head.pool.to_owned(), ordinal, held.applicant.id);
        let earlier = self.cooldowns.get(&key).filter(|note| note.day == day);
        let count = earlier.map_or(1, |note| note.count.saturating_add(1));
        self.cooldowns.insert(key, Cooldown { ended_ms, day, count });
        if self.cooldowns.len().is_multiple_of(COOLDOWNS_A_LOOK) {
            self.forget_cooldowns();
        }
        Ok(())
    }

    /// Counts a hold of an operator. Of two pools the earlier hold may stand later in the journal.
    fn count_for(&mut self, operator: &str, day: i64) {
        let (last, count) = self.operator_days.entry(operator.to_owned()).or_insert((day, 0));
        if day > *last {
            (*last, *count) = (day, 0);
        }
        if day == *last {
            *count = count.saturating_add(1);
        }
    }

    fn remember(
        &mut self,
        head: &Head<'_>,
        id: RequestId,
        digest: Digest,
        answer: Writer,
        permit_ms: i64,
        is_hold: bool,
    ) {
        let (at_ms, pool, answer) = (head.server_ms, head.pool.to_owned(), answer.0);
        self.answered.push_back(Answered { at_ms, pool, id, digest, answer, permit_ms, is_hold });
    }
}

const MISSING: Malformed = Malformed { what: "what a step must say", offset: 0 };

/// The head of a packed answer.
fn answer(outcome: Outcome, parts: u8, ordinal: u32, revision: u64, server_ms: i64) -> Writer {
    let mut to = Writer::default();
    to.u8(outcome.code()).u8(parts).u32(ordinal).u48(revision).ms(server_ms);
    to
}

/// What set a deadline that was asked to be `wanted_ms`. The functions cut it at the permit's end first, and then at a
/// change of price.
fn reason(record: &Record, wanted_ms: i64) -> DeadlineReason {
    if record.deadline_ms == wanted_ms {
        DeadlineReason::Ttl
    } else if record.deadline_ms == record.permit_deadline_ms {
        DeadlineReason::Permit
    } else {
        DeadlineReason::PriceChange
    }
}

/// The quote in a packed record: from the key id to the end of the office, whose length is a byte.
fn quote(packed: &[u8]) -> Result<&[u8], Malformed> {
    let office = usize::from(*packed.get(78).ok_or(MISSING)?);
    packed.get(60..79 + office).ok_or(MISSING)
}

fn who_of(step: &Step<'_>) -> Result<Who, Malformed> {
    Who::read(&mut Reader::new(step.act.ok_or(MISSING)?))
}

/// The payment of a step, behind the state that it was in.
fn payment_of(step: &Step<'_>) -> Result<Payment, Malformed> {
    payment::unpack(step.payment.and_then(|change| change.get(1..)).ok_or(MISSING)?)
}

/// An act as far as a digest covers it.
fn act_of(id: RequestId, caller: &str, applicant: Option<Applicant>) -> Act {
    let act = Act::of(caller, "", Channel::Keeper);
    Act { id, applicant, ..act }
}

/// The permits of the holds that live, each (applicant, hold, deadline), oldest first.
pub(crate) fn permits(
    pools: &BTreeMap<String, PoolState>,
) -> Result<Vec<(ApplicantId, HoldId, i64)>, Malformed> {
    let mut found = Vec::new();
    for packed in pools.values().flat_map(|pool| pool.records.values()) {
        let record = record::unpack(packed)?;
        if record.state.has_deadline() {
            found.push((record.held_at_ms, record.applicant.id, record.hold, record.permit_deadline_ms));
        }
    }
    found.sort_unstable();
    Ok(found.into_iter().map(|(_, applicant, hold, deadline)| (applicant, hold, deadline)).collect())
}
