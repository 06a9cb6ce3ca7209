//! What must hold, looked at after each step: written from the promises, not from the code that keeps them.
//!
//! The ledger sees every transition once, in the order of the feeds, and keeps of each mark what they told last; it
//! sees every answer that somebody is told; and it holds both against the store and the disk. Whether a transition is
//! lawful is the lifecycle's own table.

mod rightness;

use std::collections::HashMap;

use plate_inventory::answer::Answer;
use plate_inventory::codec;
use plate_inventory::feed::{FeedEntry, Transition, Verb};
use plate_inventory::id::{PaymentId, RequestId};
use plate_inventory::journal::Replay;
use plate_inventory::lifecycle::MarkState;
use plate_inventory::model::generator::{MARKS, POOLS};
use plate_inventory::model::invariants::{is_lawful, state_after};
use plate_inventory::model::{Model, Pool};
use plate_inventory::outcome::Outcome;
use plate_inventory::payment::{Payment, PaymentState};
use plate_inventory::record::Record;

use crate::disk::Disk;
use crate::people::{Item, Request};
use crate::trace::Place;
use crate::universe::{APPLICANT_COUNT, MARK_COUNT, POOL_COUNT, applicant_number, mark_index};
use rightness::is_right;

/// What does not hold, and of which mark.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Broken {
    /// The mark, if it is of one.
    pub mark: Option<Place>,
    /// What.
    pub sentence: String,
}

fn broken(mark: Option<Place>, sentence: impl Into<String>) -> Result<(), Broken> {
    Err(Broken { mark, sentence: sentence.into() })
}

/// A mark as its last transition left it.
#[derive(Clone, Debug)]
struct Told {
    state: MarkState,
    record: Option<Record>,
    /// By how much the store's clock was wrong when the record was written, and the true time then.
    skew_ms: i64,
    since_ms: i64,
    /// Its deadline, or its permit's, had passed by the store's clock while somebody vouched for that.
    was_over: bool,
    /// The payment of an allotment that somebody was told of.
    acknowledged: Option<PaymentId>,
}

/// One transition as answers are held against it.
#[derive(Copy, Clone, Debug)]
struct Step {
    request: RequestId,
    verb: Verb,
    ordinal: Option<u32>,
}

#[derive(Debug)]
struct PoolTold {
    entries: usize,
    log: Vec<Step>,
    marks: [Told; MARK_COUNT],
    money: HashMap<PaymentId, PaymentState>,
}

/// The time of a step: the store's, and the true one.
#[derive(Copy, Clone, Debug)]
pub struct Now {
    /// By the store's clock, ms since the epoch.
    pub server_ms: i64,
    /// By nobody's clock.
    pub true_ms: i64,
}

/// Everything that was told.
#[derive(Debug)]
pub struct Ledger {
    pools: [PoolTold; POOL_COUNT],
    /// Who vouches for the clock until when: what the last lease said, whatever the store made of it.
    pub lease_until_ms: i64,
    /// The latest that the store's clock has stood at while somebody vouched for it.
    vouched_ms: i64,
    effects: HashMap<RequestId, (usize, u64)>,
    answers: HashMap<RequestId, Answer>,
    replayed: usize,
    replay: Replay,
    durable: [u64; POOL_COUNT],
}

impl Ledger {
    /// Nothing told yet.
    #[must_use]
    pub fn new() -> Self {
        let told = Told {
            state: MarkState::Free,
            record: None,
            skew_ms: 0,
            since_ms: 0,
            was_over: false,
            acknowledged: None,
        };
        Self {
            pools: std::array::from_fn(|_| PoolTold {
                entries: 0,
                log: Vec::new(),
                marks: std::array::from_fn(|_| told.clone()),
                money: HashMap::new(),
            }),
            lease_until_ms: 0,
            vouched_ms: 0,
            effects: HashMap::new(),
            answers: HashMap::new(),
            replayed: 0,
            replay: Replay::default(),
            durable: [0; POOL_COUNT],
        }
    }

    /// Looks at everything that a step can have changed.
    ///
    /// # Errors
    /// What does not hold.
    pub fn look(&mut self, model: &Model, disk: &Disk, asked: &Asked<'_>, now: Now) -> Result<(), Broken> {
        for (number, id) in POOLS.iter().enumerate() {
            let Some(pool) = model.pools.get(*id) else { continue };
            while let Some(entry) = pool.feed.get(self.pools[number].entries) {
                self.pools[number].entries += 1;
                self.hear_entry(number, entry, asked, now)?;
            }
            self.stands_as_told(number, pool)?;
        }
        self.journal_is_whole(model, disk)?;
        self.owners_have_permits_and_keep_limits(model, now.server_ms)
    }

    fn hear_entry(
        &mut self,
        pool: usize,
        entry: &FeedEntry,
        asked: &Asked<'_>,
        now: Now,
    ) -> Result<(), Broken> {
        for transition in &entry.transitions {
            let told = &mut self.pools[pool];
            if transition.revision != told.log.len() as u64 + 1 {
                let found = transition.revision;
                return broken(
                    None,
                    format!("revision {found} follows {} in {}", told.log.len(), POOLS[pool]),
                );
            }
            let Transition { request, verb, ordinal, .. } = *transition;
            told.log.push(Step { request, verb, ordinal });
            let Some(ordinal) = ordinal else { continue };
            let place = (pool, ordinal);
            self.is_the_only_effect(place, transition)?;
            if let Some(mark) = mark_index(ordinal) {
                self.hear_transition(place, mark, transition, asked, now)?;
            }
        }
        Ok(())
    }

    /// A request id has one effect. An expiry is the effect of no request.
    fn is_the_only_effect(&mut self, place: Place, transition: &Transition) -> Result<(), Broken> {
        if transition.verb == Verb::Expire {
            return Ok(());
        }
        match self.effects.insert(transition.request, (place.0, transition.revision)) {
            None => Ok(()),
            Some(_) => broken(Some(place), format!("request {} has a second effect", transition.request)),
        }
    }

    fn hear_transition(
        &mut self,
        place: Place,
        mark: usize,
        transition: &Transition,
        asked: &Asked<'_>,
        now: Now,
    ) -> Result<(), Broken> {
        let told = &mut self.pools[place.0];
        let before = &told.marks[mark];
        let after = state_after(transition, before.state);
        if !is_lawful(transition.verb, before.state, after) {
            let (verb, from, to) = (transition.verb, before.state.slug(), after.slug());
            return broken(Some(place), format!("{verb} took the mark from {from} to {to}"));
        }
        is_right(place, before, transition, asked, now, self.lease_until_ms)?;
        if let Some(change) = &transition.payment {
            let known = told.money.insert(change.after.id, change.after.state);
            let follows = known.is_none_or(|known| known.may_become(change.after.state));
            if known != change.before || !follows {
                return broken(Some(place), format!("payment {} left its line", change.after.id));
            }
        }
        let keeps = transition.record.is_none() && transition.planes.taken;
        let mark = &mut told.marks[mark];
        mark.state = after;
        if !keeps {
            let hold = |record: &Option<Record>| record.as_ref().map(|record| record.hold);
            mark.was_over &= hold(&mark.record) == hold(&transition.record);
            let permit_ms = transition.record.as_ref().map_or(i64::MAX, |record| record.permit_deadline_ms);
            mark.was_over |= permit_ms <= self.vouched_ms;
            mark.record.clone_from(&transition.record);
            (mark.skew_ms, mark.since_ms) = (now.server_ms - now.true_ms, now.true_ms);
        }
        if transition.verb == Verb::Cancel {
            mark.acknowledged = None;
        }
        Ok(())
    }

    /// The store's marks are as the feed told them, and nothing that somebody was told he has is gone.
    fn stands_as_told(&self, number: usize, pool: &Pool) -> Result<(), Broken> {
        let told = &self.pools[number];
        if pool.revision != told.log.len() as u64 {
            let sentence =
                format!("{} is at revision {}, its feed at {}", POOLS[number], pool.revision, told.log.len());
            return broken(None, sentence);
        }
        for (mark, ordinal) in told.marks.iter().zip(MARKS) {
            let place = Some((number, ordinal));
            let record = pool.live.get(&ordinal);
            if !same(record, mark.record.as_ref()) {
                return broken(place, "the store has another record than the feed told");
            }
            if mark.acknowledged.is_some() && record.map(|record| record.payment) != Some(mark.acknowledged) {
                return broken(place, "an allotment that somebody was told of is lost");
            }
        }
        Ok(())
    }

    /// What left the feed is on disk, and what is on disk tells the state.
    fn journal_is_whole(&mut self, model: &Model, disk: &Disk) -> Result<(), Broken> {
        let durable = disk.durable();
        let grown = self.replayed < durable.len();
        for (pool, frame) in durable.iter().skip(self.replayed) {
            if let Err(error) = self.replay.apply(frame) {
                return broken(None, format!("the journal cannot be replayed: {error}"));
            }
            self.durable[*pool] = frame.id.revision;
        }
        self.replayed = durable.len();
        for (number, id) in POOLS.iter().enumerate() {
            let Some(pool) = model.pools.get(*id) else { continue };
            if pool.feed_trimmed > self.durable[number] {
                let (trimmed, durable) = (pool.feed_trimmed, self.durable[number]);
                return broken(None, format!("{id} was trimmed to {trimmed}, and {durable} is on disk"));
            }
            if grown && pool.revision == self.durable[number] {
                self.replay_is_the_state(id, pool)?;
            }
        }
        Ok(())
    }

    fn replay_is_the_state(&self, id: &str, pool: &Pool) -> Result<(), Broken> {
        let Some(replayed) = self.replay.pools().get(id) else { return Ok(()) };
        let planes = |ordinal: u32| {
            let planes = pool.planes(ordinal);
            let taken = replayed.records.contains_key(&ordinal);
            planes.taken == taken && planes.issued == replayed.planes.of(ordinal).issued
        };
        let record =
            |(ordinal, live): (&u32, &Record)| replayed.record(*ordinal).as_ref() == Ok(&Some(live.clone()));
        let payment = |(id, kept): (&PaymentId, &Payment)| {
            let told = replayed.payments.get(id).map(|bytes| codec::payment::unpack(bytes));
            told.as_ref() == Some(&Ok(kept.clone()))
        };
        let same = replayed.revision == pool.revision
            && replayed.records.len() == pool.live.len()
            && pool.live.iter().all(record)
            && replayed.payments.len() == pool.payments.len()
            && pool.payments.iter().all(payment)
            && replayed.settings.as_ref() == Some(&pool.settings)
            && MARKS[..MARK_COUNT].iter().all(|ordinal| planes(*ordinal));
        if same { Ok(()) } else { broken(None, format!("the journal tells another state of {id}")) }
    }

    /// A hold never outlives its permit, and nobody has more live holds than he may have.
    ///
    /// A hold that was over comes back to life when the store's clock is set back, and its permit may have healed: such
    /// a one is not counted (`docs/decisions/0018`).
    fn owners_have_permits_and_keep_limits(&mut self, model: &Model, now_ms: i64) -> Result<(), Broken> {
        let mut counts = [0_usize; APPLICANT_COUNT];
        let in_doubt = model.shard.settings.is_frozen(now_ms, model.shard.lease_until_ms);
        if !in_doubt {
            self.vouched_ms = self.vouched_ms.max(now_ms);
        }
        for (number, pool) in self.pools.iter_mut().enumerate() {
            for (mark, ordinal) in pool.marks.iter_mut().zip(MARKS) {
                let live = mark.record.as_ref().filter(|record| record.state.has_deadline());
                let Some(record) = live else { continue };
                mark.was_over |= record.is_past(now_ms) && !in_doubt;
                if mark.was_over || record.is_past(now_ms) {
                    continue;
                }
                let place = Some((number, ordinal));
                if !has_permit(model, record) {
                    return broken(place, "a hold has no permit until its deadline");
                }
                let count = &mut counts[applicant_number(record.applicant.id)];
                *count += 1;
                if *count > usize::from(model.shard.settings.live_holds(record.applicant.kind)) {
                    return broken(place, format!("an applicant has {count} live holds"));
                }
            }
        }
        Ok(())
    }

    /// Somebody is told the answer to his request.
    ///
    /// # Errors
    /// What does not hold of it.
    pub fn hear_answer(&mut self, request: &Request, answer: &Answer) -> Result<(), Broken> {
        let place = request.place();
        let asked = request.item.asked();
        if answer.ordinal != Some(place.1) {
            return broken(Some(place), "the answer is of another mark");
        }
        if answer.outcome.is_done() {
            self.has_happened(place, asked.act().id, asked.verb(), answer)?;
        }
        if answer.outcome == Outcome::Allotted {
            self.acknowledge(place, answer);
        }
        let own = |record: &Record| {
            asked.act().applicant.is_none_or(|applicant| applicant.id == record.applicant.id)
        };
        if !answer.record.as_ref().is_none_or(own) {
            return broken(Some(place), "somebody was shown another's record");
        }
        self.is_the_only_answer(place, asked.act().id, answer)
    }

    /// What is reported as done was done: by this request, to this mark, in this step.
    fn has_happened(&self, place: Place, id: RequestId, verb: Verb, answer: &Answer) -> Result<(), Broken> {
        let log = &self.pools[place.0].log;
        let step = answer.revision.checked_sub(1).and_then(|index| log.get(index as usize));
        let happened =
            step.is_some_and(|step| step.request == id && step.ordinal == Some(place.1) && step.verb == verb);
        let sentence =
            || format!("{} was told of request {id}, and the store has not done it", answer.outcome);
        if happened { Ok(()) } else { broken(Some(place), sentence()) }
    }

    fn acknowledge(&mut self, place: Place, answer: &Answer) {
        let payment = answer.record.as_ref().and_then(|record| record.payment);
        let told = &mut self.pools[place.0];
        let cancelled = |step: &Step| step.verb == Verb::Cancel && step.ordinal == Some(place.1);
        let since = answer.revision as usize;
        if let Some(mark) = mark_index(place.1)
            && !told.log.iter().skip(since).any(cancelled)
        {
            told.marks[mark].acknowledged = payment;
        }
    }

    fn is_the_only_answer(&mut self, place: Place, id: RequestId, answer: &Answer) -> Result<(), Broken> {
        if !answer.outcome.is_recorded() || answer.outcome == Outcome::RequestIdReused {
            return Ok(());
        }
        match self.answers.get(&id) {
            None => drop(self.answers.insert(id, answer.clone())),
            Some(before) if before == answer => {}
            Some(before) => {
                let (before, now) = (before.outcome, answer.outcome);
                return broken(Some(place), format!("request {id} was told {before} and then {now}"));
            }
        }
        Ok(())
    }
}

impl Default for Ledger {
    fn default() -> Self {
        Self::new()
    }
}

/// What was asked under an id: the last of the requests that bear it, and whatever else does.
#[derive(Debug)]
pub struct Asked<'a> {
    /// All requests.
    pub requests: &'a [Request],
}

impl<'a> Asked<'a> {
    /// The items that bear an id and are of a mark.
    fn of(&self, id: RequestId, place: Place) -> impl Iterator<Item = &'a Item> {
        let bears = move |request: &&Request| request.place() == place && request.item.id() == id;
        self.requests.iter().rev().filter(bears).map(|request| &request.item)
    }
}

fn same(one: Option<&Record>, two: Option<&Record>) -> bool {
    match (one, two) {
        (None, None) => true,
        (Some(one), Some(two)) => {
            let of = |record: &Record| {
                (
                    record.revision,
                    record.hold,
                    record.state,
                    record.deadline_ms,
                    record.amount_tiyn,
                    record.payment,
                )
            };
            of(one) == of(two) && one.applicant.id == two.applicant.id
        }
        _ => false,
    }
}

fn has_permit(model: &Model, record: &Record) -> bool {
    let permits = model.shard.permits.get(&record.applicant.id).map_or(&[][..], Vec::as_slice);
    permits.iter().any(|permit| permit.hold == record.hold && permit.deadline_ms >= record.deadline_ms)
}
