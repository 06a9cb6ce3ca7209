//! One pool: its marks, its payments, the answers it gave, and its feed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{Model, Request, plain};
use crate::act::{Act, Channel, OnBehalf};
use crate::answer::Answer;
use crate::feed::{FeedEntry, PlaneBits, Transition, Verb};
use crate::id::{ApplicantId, Digest, HoldId, PaymentId, RequestId};
use crate::item::configure_digest;
use crate::lifecycle::hold::Endings;
use crate::lifecycle::{Mark, Moment, Refusal};
use crate::outcome::Outcome;
use crate::payment::{Payment, PaymentChange};
use crate::record::Record;
use crate::settings::{PoolSettings, SettingsChange};

/// An entry of a list of deadlines: checked again against the record before anything ends.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) struct Due {
    pub(super) deadline_ms: i64,
    pub(super) ordinal: u32,
    pub(super) hold: HoldId,
    pub(super) revision: u64,
}

/// Which list of deadlines: one for each constant duration, so that each is in order by itself.
#[derive(Copy, Clone)]
pub(super) enum DueList {
    Holds,
    Extensions,
    Payments,
}

/// What was answered to a request id.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Kept {
    digest: Digest,
    answers: Vec<Answer>,
    server_ms: i64,
    /// The answer about a payment is kept as long as the payment: for ever.
    for_ever: bool,
}

/// One pool.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Pool {
    /// What it obeys.
    pub settings: PoolSettings,
    /// Until when somebody vouches for the store's clock, ms since the epoch.
    pub lease_until_ms: i64,
    /// The number of its last transition.
    pub revision: u64,
    /// The journal has the feed up to this revision.
    pub feed_trimmed: u64,
    /// Marks on the road, by the registry.
    pub issued: BTreeSet<u32>,
    /// Marks withheld by an act; digits 000 and padding are withheld without one.
    pub withheld: BTreeSet<u32>,
    /// Live records.
    pub live: BTreeMap<u32, Record>,
    /// How earlier holds of a mark by an applicant ended.
    pub endings: BTreeMap<(u32, ApplicantId), Endings>,
    /// Every payment there ever was.
    pub payments: BTreeMap<PaymentId, Payment>,
    /// The whole feed, trimmed or not.
    pub feed: Vec<FeedEntry>,
    pub(super) due: [VecDeque<Due>; 3],
    requests: BTreeMap<RequestId, Kept>,
    pending: Vec<Transition>,
}

/// Who made a transition.
#[derive(Clone)]
pub(super) struct Who {
    request: RequestId,
    actor: String,
    on_behalf: Option<OnBehalf>,
    office: String,
    channel: Channel,
}

impl Who {
    /// Whoever acts.
    pub(super) fn of(act: &Act) -> Self {
        Self {
            request: act.id,
            actor: act.caller.clone(),
            on_behalf: act.applicant.map(OnBehalf::from),
            office: act.office.clone(),
            channel: act.channel,
        }
    }

    /// Nobody: the hold's own deadline.
    fn deadline_of(record: &Record) -> Self {
        Self {
            request: record.hold.into(),
            actor: String::new(),
            on_behalf: Some(OnBehalf { applicant: record.applicant.id, representative: None }),
            office: String::new(),
            channel: Channel::Keeper,
        }
    }
}

/// What a transition leaves of the mark's record.
pub(super) enum After {
    /// This record, under the transition's revision.
    Record(Box<Record>),
    /// None.
    Nothing,
    /// Whatever there was, with its own older revision; it is not repeated in the feed.
    Untouched,
}

impl Pool {
    /// The moment, as this pool sees it.
    pub(super) fn at(&self, now_ms: i64) -> Moment<'_> {
        Moment { now_ms, lease_until_ms: self.lease_until_ms, pool: &self.settings }
    }

    /// A mark as it stands.
    #[must_use]
    pub fn mark(&self, ordinal: u32) -> Mark {
        Mark {
            issued: self.issued.contains(&ordinal),
            withheld: self.withheld.contains(&ordinal) || self.settings.shape.never_issued(ordinal),
            record: self.live.get(&ordinal).cloned(),
        }
    }

    /// A mark's bit in each plane.
    #[must_use]
    pub fn planes(&self, ordinal: u32) -> PlaneBits {
        self.mark(ordinal).planes()
    }

    /// How many transitions wait for the journal.
    #[must_use]
    pub fn backlog(&self) -> u64 {
        self.revision - self.feed_trimmed
    }

    /// Does a request under its id: a known one is answered as before, a new one is done and its answer kept.
    pub(super) fn once(
        &mut self,
        request: &Request<'_>,
        now_ms: i64,
        run: impl FnOnce(&mut Self) -> Vec<Answer>,
    ) -> Vec<Answer> {
        if let Some(kept) = self.kept(request.act.id, now_ms) {
            if kept.digest != request.digest {
                return request.answer_each(|ordinal| plain(Outcome::RequestIdReused, ordinal, 0, now_ms));
            }
            return kept.answers.clone();
        }
        let answers = run(self);
        if answers.iter().all(|answer| answer.outcome.is_recorded()) {
            let kept = Kept {
                digest: request.digest,
                answers: answers.clone(),
                server_ms: now_ms,
                for_ever: self.payments.contains_key(&PaymentId(request.act.id.0)),
            };
            self.requests.insert(request.act.id, kept);
        }
        answers
    }

    /// What was answered to a request id, unless it is old enough to be forgotten.
    fn kept(&self, id: RequestId, now_ms: i64) -> Option<&Kept> {
        let frozen = self.at(now_ms).is_frozen();
        let retention_ms = self.settings.request_retention_ms;
        self.requests
            .get(&id)
            .filter(|kept| kept.for_ever || frozen || now_ms < kept.server_ms + retention_ms)
    }

    /// Forgets the answers whose time is over, so that a doubt about the clock later does not bring them back.
    pub(super) fn forget(&mut self, now_ms: i64) {
        let retention_ms = self.settings.request_retention_ms;
        self.requests.retain(|_, kept| kept.for_ever || now_ms < kept.server_ms + retention_ms);
    }

    /// Forgets what one request was answered.
    #[cfg(any(test, feature = "sabotage"))]
    pub(super) fn forget_request(&mut self, id: RequestId) {
        self.requests.remove(&id);
    }

    /// Refuses every mark of a request if the pool takes no change at present.
    pub(super) fn unless_read_only(
        &mut self,
        request: &Request<'_>,
        now_ms: i64,
        run: impl FnOnce(&mut Self) -> Vec<Answer>,
    ) -> Vec<Answer> {
        if self.settings.read_only {
            return request.answer_each(|ordinal| plain(Outcome::ReadOnly, ordinal, self.revision, now_ms));
        }
        run(self)
    }

    /// The answer of a refusal: the pool's revision as it stands, and the record only if it may be shown.
    pub(super) fn refuse(&self, refusal: Refusal, ordinal: Option<u32>, now_ms: i64) -> Answer {
        let standing = ordinal.and_then(|ordinal| self.live.get(&ordinal));
        Answer {
            record: standing.filter(|_| refusal.shows_record).cloned(),
            context: refusal.context,
            ..plain(refusal.outcome, ordinal, self.revision, now_ms)
        }
    }

    /// Makes one transition of a mark, and says what its record is after it.
    pub(super) fn step(
        &mut self,
        verb: Verb,
        ordinal: u32,
        after: After,
        payment: Option<PaymentChange>,
        note: &str,
        who: Who,
    ) -> Option<Record> {
        self.revision += 1;
        let record = match after {
            After::Record(record) => {
                let record = Record { revision: self.revision, ..*record };
                self.live.insert(ordinal, record.clone());
                Some(record)
            }
            After::Nothing => {
                self.live.remove(&ordinal);
                None
            }
            After::Untouched => None,
        };
        if let Some(change) = &payment {
            self.payments.insert(change.after.id, change.after.clone());
        }
        let planes = self.planes(ordinal);
        let transition = self.transition(verb, Some(ordinal), planes, who, note);
        self.pending.push(Transition { record: record.clone(), payment, ..transition });
        record
    }

    /// A transition with the present revision.
    fn transition(
        &self,
        verb: Verb,
        ordinal: Option<u32>,
        planes: PlaneBits,
        who: Who,
        note: &str,
    ) -> Transition {
        Transition {
            revision: self.revision,
            verb,
            ordinal,
            planes,
            record: None,
            request: who.request,
            actor: who.actor,
            on_behalf: who.on_behalf,
            office: who.office,
            channel: who.channel,
            payment: None,
            note: note.to_owned(),
            document: None,
        }
    }

    /// Puts a hold's deadline on its list.
    pub(super) fn remember_deadline(&mut self, list: DueList, ordinal: u32, record: &Record) {
        self.due[list as usize].push_back(Due {
            deadline_ms: record.deadline_ms,
            ordinal,
            hold: record.hold,
            revision: record.revision,
        });
    }

    /// Notes that a hold ended without a sale.
    pub(super) fn note_ending(&mut self, ordinal: u32, record: &Record, ended_at_ms: i64) {
        let key = (ordinal, record.applicant.id);
        let before = self.endings.get(&key).copied();
        self.endings.insert(key, Endings::and(before, record.held_at_ms, ended_at_ms));
    }

    /// Ends the hold of a mark at its deadline. It ended *then*, whoever finds it now: what follows must not depend
    /// on when the sweeper comes.
    pub(super) fn expire(&mut self, ordinal: u32) -> Option<Record> {
        let record = self.live.get(&ordinal).cloned()?;
        let who = Who::deadline_of(&record);
        self.step(Verb::Expire, ordinal, After::Nothing, None, "", who);
        self.note_ending(ordinal, &record, record.deadline_ms);
        Some(record)
    }

    /// Ends the hold of a mark if it has lapsed, because a verb came by.
    pub(super) fn expire_in_passing(&mut self, ordinal: u32, now_ms: i64) {
        if self.mark(ordinal).has_lapsed(&self.at(now_ms)) {
            self.expire(ordinal);
        }
    }

    /// Changes the settings that are named.
    fn configure(&mut self, change: &SettingsChange, act: &Act) {
        self.settings = change.applied_to(Some(&self.settings));
        self.revision += 1;
        let note = change.note(&self.settings);
        let transition = self.transition(Verb::Configure, None, PlaneBits::default(), Who::of(act), &note);
        self.pending.push(transition);
    }

    /// Writes what was done in one call as one entry of the feed.
    pub(super) fn flush(&mut self, id: &str, now_ms: i64) {
        let transitions = std::mem::take(&mut self.pending);
        if let Some(first) = transitions.first() {
            self.feed.push(FeedEntry {
                pool: id.to_owned(),
                server_ms: now_ms,
                first_revision: first.revision,
                transitions,
            });
        }
    }
}

impl Model {
    /// Changes what a pool obeys; founds it if there is none. It works in a read-only pool too, or no pool could be
    /// made writable again.
    pub(super) fn configure(
        &mut self,
        pool: &str,
        act: &Act,
        change: &SettingsChange,
        now_ms: i64,
    ) -> Vec<Answer> {
        let digest = configure_digest(act, pool, change);
        let request = Request { ordinals: vec![None], ..Request::of_mark(act, pool, 0, digest) };
        if let Err(answers) = self.admit(&request, now_ms) {
            return answers;
        }
        let founding = || Pool {
            settings: PoolSettings { shape: change.shape, ..PoolSettings::default() },
            ..Pool::default()
        };
        let pool = self.pools.entry(pool.to_owned()).or_insert_with(founding);
        pool.once(&request, now_ms, |pool| {
            pool.configure(change, act);
            vec![plain(Outcome::Configured, None, pool.revision, now_ms)]
        })
    }

    /// How marks stand. Reading has no request id and is never refused by a pool that exists.
    pub(super) fn read(&self, pool: &str, ordinals: &[u32], now_ms: i64) -> Vec<Answer> {
        let stands = |ordinal: &u32| match self.pools.get(pool) {
            None => plain(Outcome::PoolUnknown, Some(*ordinal), 0, now_ms),
            Some(pool) => {
                let mut answer = plain(Outcome::Read, Some(*ordinal), pool.revision, now_ms);
                answer.record = pool.live.get(ordinal).cloned();
                answer.context.planes = Some(pool.planes(*ordinal));
                answer
            }
        };
        ordinals.iter().map(stands).collect()
    }
}
