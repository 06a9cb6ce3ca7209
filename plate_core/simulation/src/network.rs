//! What is on its way: it arrives in any order, late, twice, or never.

use std::rc::Rc;

use plate_inventory::answer::Answer;
use plate_inventory::model::Settlement;

use crate::chance::Chance;
use crate::trimming::Heads;
use crate::universe::POOL_COUNT;
use crate::worker::End;

/// What a worker asks the store about a batch.
#[derive(Debug)]
pub enum Call {
    /// All of it in one step, where shard and pools are on one server.
    Whole,
    /// Admit the items of these places.
    Admit(Vec<usize>),
    /// Do the items of these places, each with the deadline of its permit.
    Carry(Vec<(usize, i64)>),
    /// Settle permits.
    Settle(Vec<Settlement>),
}

/// What the store says to a worker.
#[derive(Debug)]
pub enum Reply {
    /// One an item.
    Answers(Vec<Answer>),
    /// One an item: the deadline of its permit, or why it may not go on.
    Admissions(Vec<Result<i64, Box<Answer>>>),
    /// Permits were settled.
    Settled,
}

/// What a keeper asks the store.
#[derive(Clone, Debug)]
pub enum KeeperCall {
    /// Its time.
    Time,
    /// The keeper's lease.
    TakeLease,
    /// The right to expire until then.
    LeaseExpiry(i64),
    /// The entries after these revisions.
    Feeds([u64; POOL_COUNT]),
    /// Forget what is on disk.
    Trim(Heads),
    /// End what is due in a pool.
    Sweep(usize),
    /// Give back the permits of holds that were swept.
    Settle(Rc<Vec<Settlement>>),
}

/// One entry of a feed, as a keeper reads it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The revision of its first transition.
    pub first_revision: u64,
    /// And of its last.
    pub last_revision: u64,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What the store says to a keeper.
#[derive(Clone, Debug)]
pub enum KeeperReply {
    /// Its time, ms since the epoch.
    Time(i64),
    /// Whether the lease is the keeper's.
    Lease(bool),
    /// Entries of each pool.
    Entries(Rc<[Vec<Entry>; POOL_COUNT]>),
    /// What was swept, and the permits to settle.
    Swept(Rc<Vec<Settlement>>),
    /// It is done.
    Done,
}

/// Which of a keeper's two loops asks, and for the how-manieth time.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Thread {
    /// Which keeper.
    pub keeper: usize,
    /// Whether its watch asks, or its rounds.
    pub watch: bool,
    /// The number of the question; an answer to an older one is not listened to.
    pub number: u32,
}

/// One message.
#[derive(Clone, Debug)]
pub enum Letter {
    /// People's list, to a worker.
    Ask {
        /// The worker.
        worker: usize,
        /// The attempt.
        attempt: u32,
    },
    /// How a list ended, to the people.
    Tell {
        /// The attempt.
        attempt: u32,
        /// How it ended.
        end: Rc<End>,
    },
    /// A worker's call, to the store.
    Call {
        /// Of which batch.
        batch: u32,
        /// The number of the call in the batch.
        number: u32,
        /// What.
        call: Rc<Call>,
    },
    /// The store's reply, to a worker.
    Reply {
        /// Of which batch.
        batch: u32,
        /// The number of the call in the batch.
        number: u32,
        /// What.
        reply: Rc<Reply>,
    },
    /// A keeper's call, to the store.
    Keep(Thread, KeeperCall),
    /// The store's reply, to a keeper.
    Kept(Thread, KeeperReply),
}

/// The letters on their way.
#[derive(Debug, Default)]
pub struct Network {
    letters: Vec<Letter>,
}

impl Network {
    /// Sends a letter.
    pub fn send(&mut self, letter: Letter) {
        self.letters.push(letter);
    }

    /// Whether nothing is on its way.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.letters.is_empty()
    }

    /// Whichever arrives next: mostly one of those sent first.
    pub fn arrive(&mut self, chance: &mut Chance) -> Option<Letter> {
        let place = self.pick(chance)?;
        Some(self.letters.swap_remove(place))
    }

    /// One that is on its way, and stays so.
    pub fn look(&self, chance: &mut Chance) -> Option<&Letter> {
        self.pick(chance).map(|place| &self.letters[place])
    }

    fn pick(&self, chance: &mut Chance) -> Option<usize> {
        (!self.letters.is_empty()).then(|| chance.below(self.letters.len()))
    }
}
