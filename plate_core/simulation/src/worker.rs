//! A worker of the API: it gathers what people ask into batches, sends them, and tells everybody his answer.
//!
//! Which items share a batch is [`Lanes`]'s decision and what a list is told [`Collected`]'s: the engine's own. What
//! a batch goes through at the store is written after `store/hold.rs` and `store/carry.rs`: in one call where shard and
//! pools are on one server, else admitted, done, and its permits settled.
//!
//! Nothing here survives a crash.

use plate_inventory::answer::Answer;
use plate_inventory::engine::{Certainty, Collected, Ending, EngineError, LaneBounds, Lanes};
use plate_inventory::feed::Verb;
use plate_inventory::model::Settlement;
use plate_inventory::outcome::Outcome;

use crate::network::{Call, Reply};
use crate::people::Item;

/// Why a batch has no answers.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Failure {
    /// It was certainly not carried out.
    Unavailable,
    /// No answer came.
    Unknown,
}

impl Certainty for Failure {
    fn nothing_applied(&self) -> bool {
        *self == Failure::Unavailable
    }
}

/// How a list ended.
pub type End = Ending<Answer, Failure>;

/// A verb and a pool.
pub type Lane = (u8, usize);

/// One item on its way.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The item as it was priced.
    pub item: Item,
    /// Of which attempt.
    pub attempt: u32,
    /// Where in the attempt's list.
    pub index: usize,
}

/// A batch that was sent, and how far it is.
#[derive(Debug)]
pub struct Batch {
    /// Which worker sent it.
    pub worker: usize,
    /// In which of its lives.
    pub life: u32,
    /// By which lane.
    pub lane: Lane,
    /// Its items.
    pub items: Vec<Waiting>,
    /// The number of the call that is answered next.
    pub number: u32,
    /// One an item, as they come.
    pub answers: Vec<Option<Answer>>,
    /// The items of the pass that is under way, with their permits.
    passed: Vec<(usize, i64)>,
    /// An earlier pass has ended: what fails now is not known to have had no effect.
    others_done: bool,
    /// It has ended.
    pub landed: bool,
    /// A letter of it came twice.
    pub repeated: bool,
}

/// What a batch does next.
#[derive(Debug)]
pub enum Next {
    /// It calls the store.
    Send(Call),
    /// It is answered.
    Land,
}

impl Batch {
    /// A batch before its first call.
    #[must_use]
    pub fn new(worker: usize, life: u32, lane: Lane, items: Vec<Waiting>) -> Self {
        let answers = items.iter().map(|_| None).collect();
        Self {
            worker,
            life,
            lane,
            items,
            number: 0,
            answers,
            passed: Vec::new(),
            others_done: false,
            landed: false,
            repeated: false,
        }
    }

    /// Its first call.
    #[must_use]
    pub fn begin(&self, together: bool) -> Call {
        if together { Call::Whole } else { Call::Admit(self.rest()) }
    }

    /// The items to be admitted next: all that are left, up to one whose admission depends on another's fate.
    fn rest(&self) -> Vec<usize> {
        let mut rest: Vec<usize> = Vec::new();
        for place in (0..self.items.len()).filter(|place| self.answers[*place].is_none()) {
            let same = |other: &usize| {
                let (one, two) = (self.items[*other].item.asked(), self.items[place].item.asked());
                let (one, two) = (one.act(), two.act());
                one.id == two.id || one.applicant == two.applicant || one.operator().is_some()
            };
            if rest.iter().any(same) {
                break;
            }
            rest.push(place);
        }
        rest
    }

    /// What follows from a reply.
    pub fn hear(&mut self, reply: &Reply, call_rest: bool) -> Next {
        match reply {
            Reply::Answers(answers) if call_rest => self.hear_carried(answers),
            Reply::Answers(answers) => {
                self.answers = answers.iter().cloned().map(Some).collect();
                Next::Land
            }
            Reply::Admissions(admissions) => self.hear_admitted(admissions),
            Reply::Settled => self.go_on(),
        }
    }

    fn hear_admitted(&mut self, admissions: &[Result<i64, Box<Answer>>]) -> Next {
        self.passed.clear();
        for (place, admission) in self.rest().into_iter().zip(admissions) {
            match admission {
                Ok(permit_ms) => self.passed.push((place, *permit_ms)),
                Err(answer) => self.answers[place] = Some(Answer::clone(answer)),
            }
        }
        if self.passed.is_empty() { self.go_on() } else { Next::Send(Call::Carry(self.passed.clone())) }
    }

    fn hear_carried(&mut self, answers: &[Answer]) -> Next {
        let mut settlements = Vec::new();
        for ((place, _), answer) in self.passed.iter().zip(answers) {
            settlements.extend(Settlement::of(&self.items[*place].item.asked(), answer));
            self.answers[*place] = Some(answer.clone());
        }
        if settlements.is_empty() { self.go_on() } else { Next::Send(Call::Settle(settlements)) }
    }

    fn go_on(&mut self) -> Next {
        let rest = self.rest();
        self.others_done = true;
        if rest.is_empty() { Next::Land } else { Next::Send(Call::Admit(rest)) }
    }

    /// What a failure of its present call says of the whole batch.
    #[must_use]
    pub const fn midway(&self, failure: Failure) -> Failure {
        if self.others_done { Failure::Unknown } else { failure }
    }

    /// The permits of a pass that certainly did not reach its pool.
    #[must_use]
    pub fn not_taken_up(&self) -> Vec<Settlement> {
        let holds = self.passed.iter().filter(|(place, _)| matches!(self.items[*place].item, Item::Hold(_)));
        let not_now = |(place, _): &(usize, i64)| Settlement::NotGiven {
            act: self.items[*place].item.asked().act().clone(),
            outcome: Outcome::ReadOnly,
        };
        holds.map(not_now).collect()
    }
}

/// One worker.
pub struct Worker {
    /// How often it has started.
    pub life: u32,
    lanes: Lanes<Lane, Waiting>,
    lists: Vec<(u32, Collected<Answer, Failure>)>,
    /// Items that were pushed and have not ended.
    pub open_items: usize,
    /// Items that wait, and items under way.
    pub owed_items: usize,
}

impl Worker {
    /// A worker that has just started.
    #[must_use]
    pub fn started(life: u32) -> Self {
        let bounds = LaneBounds { batch_max: 4, ..LaneBounds::default() };
        Self { life, lanes: Lanes::new(bounds), lists: Vec::new(), open_items: 0, owed_items: 0 }
    }

    /// Takes a list in.
    pub fn take_in(&mut self, attempt: u32, items: impl ExactSizeIterator<Item = (Lane, Item)>) {
        self.lists.push((attempt, Collected::new(items.len())));
        for (index, (lane, item)) in items.enumerate() {
            self.open_items += 1;
            self.owed_items += 1;
            self.lanes.push(lane, Waiting { item, attempt, index });
        }
    }

    /// The next batch of a lane, if it may be sent.
    pub fn take(&mut self, lane: Lane) -> Option<Vec<Waiting>> {
        self.lanes.take(lane)
    }

    /// The lanes that have something waiting, in an order that does not depend on the run.
    #[must_use]
    pub fn busy(&self) -> Vec<Lane> {
        let mut lanes = self.lanes.busy();
        lanes.sort_unstable();
        lanes
    }

    /// A batch of so many items ended.
    pub fn landed(&mut self, lane: Lane, items: usize) {
        self.owed_items -= items;
        self.lanes.landed(lane);
    }

    /// The end of one item: its list's end, if it was the last.
    pub fn end(&mut self, waiting: &Waiting, answer: Result<Answer, Failure>) -> Option<End> {
        let place = self.lists.iter().position(|(attempt, _)| *attempt == waiting.attempt)?;
        let list = &mut self.lists[place].1;
        let end = match answer {
            Ok(answer) => list.answer(waiting.index, answer),
            Err(failure) => list.fail(EngineError::Backend(failure)),
        };
        self.open_items -= 1;
        if end.is_some() {
            self.lists.swap_remove(place);
        }
        end
    }
}

/// The lane of an item.
#[must_use]
pub const fn lane(item: &Item, pool: usize) -> Lane {
    let verb: Verb = item.asked().verb();
    (verb.code(), pool)
}
