//! The world of a seed: who is in it, and how it takes a step.

mod batches;
mod lists;
mod trouble;

use plate_inventory::act::{Act, Channel};
use plate_inventory::feed::Verb;
use plate_inventory::model::Op;
use plate_inventory::model::generator::{POOLS, START_MS, settings, verbs_in};
use plate_inventory::placement::Placement;
use plate_inventory::settings::{PoolSettings, SettingsChange};

use crate::chance::Chance;
use crate::disk::Disk;
use crate::keeper::Keeper;
use crate::ledger::{Asked, Broken, Ledger, Now};
use crate::network::Network;
use crate::people::People;
use crate::sabotage::Sabotage;
use crate::server::Server;
use crate::trace::Trace;
use crate::universe::POOL_COUNT;
use crate::worker::{Batch, Worker};

const WORKERS: usize = 3;
const KEEPERS: usize = 2;

/// One sending of a list.
#[derive(Debug)]
struct Attempt {
    requests: Vec<u32>,
    /// Something of it took effect for the first time.
    took_effect: bool,
    /// Its people were told that nothing did.
    failed: bool,
}

/// Everything there is.
pub struct World {
    chance: Chance,
    true_ms: i64,
    skew_ms: i64,
    server: Server,
    network: Network,
    workers: [Worker; WORKERS],
    keepers: [Keeper; KEEPERS],
    disk: Disk,
    people: People,
    attempts: Vec<Attempt>,
    untold: Vec<u32>,
    batches: Vec<Batch>,
    open_batches: Vec<u32>,
    ledger: Ledger,
    sabotage: Option<Sabotage>,
    configured: u32,
    /// What happened.
    pub trace: Trace,
}

impl World {
    /// The world of a seed, at its beginning.
    #[must_use]
    pub fn of(seed: u64, sabotage: Option<Sabotage>, traced: bool) -> Self {
        let mut chance = Chance::of(seed);
        let placement = if chance.once_in(2) { Placement::Together } else { Placement::Apart };
        let disk = Disk::new(sabotage == Some(Sabotage::BothKeepersWrite));
        Self {
            chance,
            true_ms: START_MS,
            skew_ms: 0,
            server: Server::new(placement, sabotage),
            network: Network::default(),
            workers: std::array::from_fn(|_| Worker::started(0)),
            keepers: std::array::from_fn(|number| Keeper::started(number, [0; 2], &disk, sabotage)),
            disk,
            people: People::default(),
            attempts: Vec::new(),
            untold: Vec::new(),
            batches: Vec::new(),
            open_batches: Vec::new(),
            ledger: Ledger::new(),
            sabotage,
            configured: 0,
            trace: Trace::new(traced),
        }
    }

    fn errs(&self, sabotage: Sabotage) -> bool {
        self.sabotage == Some(sabotage)
    }

    /// The store's time.
    fn now_ms(&self) -> i64 {
        self.true_ms + self.skew_ms
    }

    /// Takes one step, and looks at everything that must hold.
    ///
    /// # Errors
    /// What does not.
    pub fn step(&mut self) -> Result<(), Broken> {
        self.trace.step += 1;
        self.true_ms += self.chance.below(400) as i64;
        match self.chance.below(128) {
            0..=75 => self.deliver()?,
            76..=85 => self.ask(),
            86..=89 => self.ask_again(),
            90..=97 => self.launch_one()?,
            98..=117 => self.keep(),
            118..=122 => self.move_clock(),
            123 | 124 => self.trouble_the_network()?,
            125 | 126 => self.crash(),
            _ => self.configure(),
        }
        let now = Now { server_ms: self.now_ms(), true_ms: self.true_ms };
        let asked = Asked { requests: &self.people.requests };
        self.ledger.look(&self.server.model, &self.disk, &asked, now)?;
        self.nobody_is_forgotten()
    }

    /// Every item that a worker took in waits, is under way, or was ended.
    fn nobody_is_forgotten(&self) -> Result<(), Broken> {
        let forgotten = self.workers.iter().any(|worker| worker.open_items != worker.owed_items);
        if !forgotten {
            return Ok(());
        }
        Err(Broken { mark: None, sentence: "a worker owes an answer that nobody is working on".to_owned() })
    }

    fn keep(&mut self) {
        let (number, watch) = (self.chance.below(KEEPERS), self.chance.once_in(3));
        let keeper = &mut self.keepers[number];
        if keeper.waits(watch) {
            // Its patience ends long after an answer should have come.
            if self.chance.once_in(24) {
                keeper.give_up(watch, &mut self.disk);
            }
            return;
        }
        let call = keeper.turn(watch, &mut self.disk, self.true_ms);
        self.send_kept(call);
    }

    fn configure(&mut self) {
        let (pool, switch) = (POOLS[self.chance.below(POOL_COUNT)], self.chance.below(6));
        let change = match switch {
            0 => SettingsChange::of(&PoolSettings { paused: true, ..settings() }, |name| name == "paused"),
            1 => SettingsChange::of(&PoolSettings { frozen: true, ..settings() }, |name| name == "frozen"),
            2 => SettingsChange::of(&PoolSettings { read_only: true, ..settings() }, |name| {
                name == "read_only"
            }),
            _ => SettingsChange::to(&settings()),
        };
        self.configured += 1;
        let act = Act::of("admin", &self.configured.to_string(), Channel::Keeper);
        let now_ms = self.now_ms();
        self.trace.note(None, &[6, switch as u64], || format!("{pool} was configured ({switch})"));
        self.server.model.apply(&Op::Configure { pool: pool.to_owned(), act, change }, now_ms);
    }

    /// Which verbs have had an effect, for tests that must not pass by doing nothing.
    #[must_use]
    pub fn verbs(&self) -> Vec<Verb> {
        verbs_in(&self.server.model)
    }

    /// How many entries of the journal are on disk.
    #[must_use]
    pub fn journalled(&self) -> usize {
        self.disk.durable().len()
    }

    /// Looks at everything once more, from the beginning: what a run ends with.
    ///
    /// # Errors
    /// What does not hold.
    pub fn end(&self) -> Result<(), Broken> {
        self.server.model.check_pools().map_err(|sentence| Broken { mark: None, sentence })
    }
}
