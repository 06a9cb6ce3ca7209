//! A keeper, transcribed from `plateapi/keeper`: a watch (election, clock guard) and rounds (journal, trimming, sweep).
//!
//! One call to [`Keeper::turn`] is one thing it does by itself, and a crash may come before the next. What is decided
//! here and there alike stands in `clock_guard.rs` and `trimming.rs`; the order of a round is held to `journaling.py` by
//! `tables/keeper.txt`.
//!
//! Not here: whether the feeds are the journal's own history (`history.py`): this store is never emptied.

use std::rc::Rc;

use plate_inventory::model::Settlement;

use crate::clock_guard::{ClockGuard, Reading};
use crate::disk::{Disk, Writer};
use crate::network::{Entry, KeeperCall, KeeperReply, Thread};
use crate::sabotage::Sabotage;
use crate::trimming::{Heads, Trimming};
use crate::universe::{CLOCK_TOLERANCE_MS, DEADLINE_MAX_MS, EXPIRY_LEASE_MS, POOL_COUNT, TRIM_TURN_MS};

#[derive(Clone, Copy, Debug)]
enum Watch {
    Idle,
    Looking { asked_at_ms: i64 },
    Standing { agreed_ms: Option<i64> },
    Vouching,
}

#[derive(Clone, Debug)]
enum Round {
    Idle,
    Reading,
    Appending(Rc<[Vec<Entry>; POOL_COUNT]>),
    Writing(Heads),
    Syncing(Heads),
    Trimming(Heads),
    Forgetting,
    Sweeping(usize),
    Settling(usize),
}

/// One keeper.
#[derive(Debug)]
pub struct Keeper {
    number: usize,
    active: bool,
    guard: ClockGuard,
    writing: Option<(Writer, Trimming)>,
    watch: Watch,
    round: Round,
    asked: [u32; 2],
    sabotage: Option<Sabotage>,
}

impl Keeper {
    /// A keeper that has just started; `asked` is more than any question of its earlier lives had.
    #[must_use]
    pub fn started(number: usize, asked: [u32; 2], disk: &Disk, sabotage: Option<Sabotage>) -> Self {
        Self {
            number,
            active: false,
            guard: ClockGuard::new(CLOCK_TOLERANCE_MS, DEADLINE_MAX_MS, disk.memory),
            writing: None,
            watch: Watch::Idle,
            round: Round::Idle,
            asked,
            sabotage,
        }
    }

    /// A keeper that has been elected.
    #[must_use]
    pub fn active(disk: &Disk) -> Self {
        Self { active: true, ..Self::started(0, [0; 2], disk, None) }
    }

    /// How far its journal is, as far as it is open.
    #[must_use]
    pub fn heads(&self) -> [u64; POOL_COUNT] {
        self.writing.as_ref().map_or([0; POOL_COUNT], |(writer, _)| writer.heads)
    }

    /// How often each of its loops has asked, for its next life.
    #[must_use]
    pub const fn asked(&self) -> [u32; 2] {
        self.asked
    }

    fn ask(&mut self, watch: bool, call: KeeperCall) -> Option<(Thread, KeeperCall)> {
        self.asked[watch as usize] += 1;
        Some((self.thread(watch), call))
    }

    /// Each loop waits for the last question it asked, and for no other.
    #[must_use]
    pub const fn thread(&self, watch: bool) -> Thread {
        Thread { keeper: self.number, watch, number: self.asked[watch as usize] }
    }

    /// Does the next thing of one of its loops, unless that waits for the store.
    pub fn turn(&mut self, watch: bool, disk: &mut Disk, now_ms: i64) -> Option<(Thread, KeeperCall)> {
        if !watch {
            return self.turn_round(disk, now_ms);
        }
        if !matches!(self.watch, Watch::Idle) {
            return None;
        }
        self.watch = Watch::Looking { asked_at_ms: now_ms };
        self.ask(true, KeeperCall::Time)
    }

    /// Its question was not answered in time: the loop begins anew, and a journal that was open is closed.
    pub fn give_up(&mut self, watch: bool, disk: &mut Disk) {
        if watch {
            self.watch = Watch::Idle;
        } else {
            self.close(disk);
        }
    }

    fn close(&mut self, disk: &mut Disk) {
        if self.writing.take().is_some() {
            disk.close(self.number);
        }
        self.round = Round::Idle;
    }

    /// Whether one of its loops waits for the store.
    #[must_use]
    pub const fn waits(&self, watch: bool) -> bool {
        match watch {
            true => !matches!(self.watch, Watch::Idle),
            false => matches!(
                self.round,
                Round::Reading | Round::Forgetting | Round::Sweeping(_) | Round::Settling(_)
            ),
        }
    }

    fn turn_round(&mut self, disk: &mut Disk, now_ms: i64) -> Option<(Thread, KeeperCall)> {
        match self.round.clone() {
            Round::Idle => return self.begin(disk),
            Round::Appending(entries) => self.append(&entries, disk),
            Round::Writing(heads) => {
                if let Some((writer, _)) = &mut self.writing {
                    disk.write(writer);
                }
                self.round = Round::Syncing(heads);
            }
            Round::Syncing(heads) => {
                disk.sync();
                self.round = Round::Trimming(heads);
            }
            Round::Trimming(heads) => return self.trim(heads, now_ms),
            Round::Reading | Round::Forgetting | Round::Sweeping(_) | Round::Settling(_) => {}
        }
        if let (Some(Sabotage::TrimBeforeSync), Round::Writing(heads)) = (self.sabotage, &self.round) {
            return Some((Thread { number: 0, ..self.thread(false) }, KeeperCall::Trim(*heads)));
        }
        None
    }

    fn begin(&mut self, disk: &mut Disk) -> Option<(Thread, KeeperCall)> {
        if !self.active {
            self.close(disk);
            return None;
        }
        if self.writing.is_none() {
            let writer = disk.open(self.number)?;
            let trimming = Trimming::new(writer.heads, TRIM_TURN_MS);
            self.writing = Some((writer, trimming));
        }
        self.round = Round::Reading;
        self.ask(false, KeeperCall::Feeds(self.heads()))
    }

    fn append(&mut self, entries: &[Vec<Entry>; POOL_COUNT], disk: &mut Disk) {
        let Some((writer, _)) = &mut self.writing else { return };
        let mut heads = [None; POOL_COUNT];
        for (pool, entries) in entries.iter().enumerate() {
            if !entries.iter().all(|entry| writer.append(pool, entry)) {
                // A gap is never bridged.
                return self.close(disk);
            }
            heads[pool] = (!entries.is_empty()).then(|| writer.heads[pool]);
        }
        let nothing = heads.iter().all(Option::is_none);
        self.round = if nothing { Round::Trimming(heads) } else { Round::Writing(heads) };
    }

    fn trim(&mut self, durable: Heads, now_ms: i64) -> Option<(Thread, KeeperCall)> {
        let due =
            self.writing.as_mut().map_or([None; POOL_COUNT], |(_, trimming)| trimming.trim(durable, now_ms));
        if due.iter().any(Option::is_some) {
            self.round = Round::Forgetting;
            return self.ask(false, KeeperCall::Trim(due));
        }
        self.sweep(0)
    }

    fn sweep(&mut self, pool: usize) -> Option<(Thread, KeeperCall)> {
        if pool == POOL_COUNT {
            self.round = Round::Idle;
            return None;
        }
        self.round = Round::Sweeping(pool);
        self.ask(false, KeeperCall::Sweep(pool))
    }

    /// Hears the store's reply to its last question of a loop.
    pub fn hear(
        &mut self,
        thread: Thread,
        reply: &KeeperReply,
        disk: &mut Disk,
        now_ms: i64,
    ) -> Option<(Thread, KeeperCall)> {
        match thread.watch {
            true => self.hear_watch(reply, disk, now_ms),
            false => self.hear_round(reply),
        }
    }

    fn hear_watch(
        &mut self,
        reply: &KeeperReply,
        disk: &mut Disk,
        now_ms: i64,
    ) -> Option<(Thread, KeeperCall)> {
        match (self.watch, reply) {
            (Watch::Looking { asked_at_ms }, KeeperReply::Time(server_ms)) => {
                let reading = Reading {
                    server_ms: *server_ms,
                    asked_at_ms: asked_at_ms as f64,
                    answered_at_ms: now_ms as f64,
                };
                let agrees = self.guard.judge(&reading) || self.sabotage == Some(Sabotage::VouchForAnyClock);
                self.watch = Watch::Standing { agreed_ms: agrees.then_some(*server_ms) };
                self.ask(true, KeeperCall::TakeLease)
            }
            (Watch::Standing { agreed_ms }, KeeperReply::Lease(active)) => {
                self.active = *active;
                if !self.active {
                    self.watch = Watch::Idle;
                    return None;
                }
                disk.memory = self.guard.memory;
                self.watch = Watch::Vouching;
                // Where the clocks have parted, the right to expire is taken back.
                let until_ms = agreed_ms.map_or(0, |server_ms| server_ms + EXPIRY_LEASE_MS);
                self.ask(true, KeeperCall::LeaseExpiry(until_ms))
            }
            _ => {
                self.watch = Watch::Idle;
                None
            }
        }
    }

    fn hear_round(&mut self, reply: &KeeperReply) -> Option<(Thread, KeeperCall)> {
        match (self.round.clone(), reply) {
            (Round::Reading, KeeperReply::Entries(entries)) => {
                self.round = Round::Appending(Rc::clone(entries));
                None
            }
            (Round::Forgetting, _) => self.sweep(0),
            (Round::Sweeping(pool), KeeperReply::Swept(settlements)) => self.settle(pool, settlements),
            (Round::Settling(pool), _) => self.sweep(pool + 1),
            _ => None,
        }
    }

    fn settle(&mut self, pool: usize, settlements: &Rc<Vec<Settlement>>) -> Option<(Thread, KeeperCall)> {
        if settlements.is_empty() {
            return self.sweep(pool + 1);
        }
        self.round = Round::Settling(pool);
        self.ask(false, KeeperCall::Settle(Rc::clone(settlements)))
    }
}
