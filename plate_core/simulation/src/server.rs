//! The store: the model, which is what the Lua is held against, behind messages.
//!
//! It does not lose what it has done: with `appendfsync always` nothing is answered that is not on disk.

use std::rc::Rc;

use plate_inventory::answer::Answer;
use plate_inventory::feed::{FeedEntry, encode};
use plate_inventory::model::generator::POOLS;
use plate_inventory::model::{Asked, Model, Op, Passes, Settlement};
use plate_inventory::placement::Placement;

use crate::network::{Call, Entry, KeeperCall, KeeperReply, Reply};
use crate::people::Item;
use crate::sabotage::Sabotage;
use crate::trimming::Heads;
use crate::universe::{KEEPER_LEASE_MS, POOL_COUNT, amount_tiyn, founded, pool_name};
use crate::worker::Waiting;

/// Entries of a pool's feed in one reading.
const ENTRIES_A_READ: usize = 64;
/// Holds a sweep looks at.
const MARKS_A_SWEEP: usize = 128;

/// The store.
pub struct Server {
    /// What it holds.
    pub model: Model,
    passes: Passes,
    lease: Option<(usize, i64)>,
    sabotage: Option<Sabotage>,
}

impl Server {
    /// A founded store.
    #[must_use]
    pub fn new(placement: Placement, sabotage: Option<Sabotage>) -> Self {
        Self { model: founded(placement), passes: Passes::default(), lease: None, sabotage }
    }

    fn errs(&self, sabotage: Sabotage) -> bool {
        self.sabotage == Some(sabotage)
    }

    /// Whether shard and pools are on one server.
    #[must_use]
    pub fn is_together(&self) -> bool {
        self.model.placement == Placement::Together
    }

    /// Carries out a worker's call.
    pub fn call(&mut self, pool: usize, items: &[Waiting], call: &Call, now_ms: i64) -> Reply {
        match call {
            Call::Whole => {
                let items: Vec<&Item> = items.iter().map(|waiting| &waiting.item).collect();
                Reply::Answers(self.whole(pool, &items, now_ms))
            }
            Call::Admit(places) => Reply::Admissions(
                places.iter().map(|at| self.admit(pool, &items[*at].item, now_ms)).collect(),
            ),
            Call::Carry(passed) => {
                let passed: Vec<(&Item, i64)> =
                    passed.iter().map(|(at, ms)| (&items[*at].item, *ms)).collect();
                Reply::Answers(self.carry(pool, &passed, now_ms))
            }
            Call::Settle(settlements) => {
                self.settle(settlements, now_ms);
                Reply::Settled
            }
        }
    }

    fn whole(&mut self, pool: usize, items: &[&Item], now_ms: i64) -> Vec<Answer> {
        if self.sabotage.is_some() {
            return self.whole_mistaken(pool, items, now_ms);
        }
        let asked: Vec<Asked<'_>> = items.iter().map(|item| item.asked()).collect();
        self.model.ask(pool_name(pool), &asked, now_ms)
    }

    fn admit(&mut self, pool: usize, item: &Item, now_ms: i64) -> Result<i64, Box<Answer>> {
        let asked = item.asked();
        if self.errs(Sabotage::ExtendBeforeThePermit)
            && matches!(item, Item::Extend(_) | Item::BeginPayment(_))
        {
            return Ok(now_ms + self.model.shard.settings.payment_permit_ms);
        }
        let admitted = self.model.admit_apart(&mut self.passes, pool_name(pool), &asked, now_ms);
        if self.errs(Sabotage::TakeNoPermit) {
            self.lose_permit(&asked);
        }
        admitted
    }

    fn carry(&mut self, pool: usize, passed: &[(&Item, i64)], now_ms: i64) -> Vec<Answer> {
        if self.sabotage.is_some() {
            return self.carry_mistaken(pool, passed, now_ms);
        }
        let asked: Vec<(Asked<'_>, i64)> = passed.iter().map(|(item, ms)| (item.asked(), *ms)).collect();
        self.model.carry_apart(pool_name(pool), &asked, now_ms)
    }

    fn settle(&mut self, settlements: &[Settlement], now_ms: i64) {
        for settlement in settlements {
            if self.errs(Sabotage::GivePermitBackTooEarly) {
                self.passes = Passes::default();
            }
            self.model.settle_apart(&mut self.passes, settlement, now_ms);
        }
    }

    /// Carries out a keeper's call.
    pub fn keep(&mut self, keeper: usize, call: &KeeperCall, now_ms: i64) -> KeeperReply {
        match call {
            KeeperCall::Time => KeeperReply::Time(now_ms),
            KeeperCall::TakeLease => KeeperReply::Lease(self.take_lease(keeper, now_ms)),
            KeeperCall::LeaseExpiry(until_ms) => {
                self.model.apply(&Op::Lease { until_ms: *until_ms }, now_ms);
                KeeperReply::Done
            }
            KeeperCall::Feeds(after) => KeeperReply::Entries(Rc::new(self.entries(after))),
            KeeperCall::Trim(heads) => {
                self.trim(heads, now_ms);
                KeeperReply::Done
            }
            KeeperCall::Sweep(pool) => KeeperReply::Swept(Rc::new(self.sweep(*pool, now_ms))),
            KeeperCall::Settle(settlements) => {
                self.settle(settlements, now_ms);
                KeeperReply::Done
            }
        }
    }

    fn take_lease(&mut self, keeper: usize, now_ms: i64) -> bool {
        match self.lease {
            Some((holder, ends_ms)) if ends_ms > now_ms && holder != keeper => false,
            _ => {
                self.lease = Some((keeper, now_ms + KEEPER_LEASE_MS));
                true
            }
        }
    }

    /// The entries of each feed after a revision, but for those that were trimmed.
    fn entries(&self, after: &[u64; POOL_COUNT]) -> [Vec<Entry>; POOL_COUNT] {
        std::array::from_fn(|pool| {
            let Some(state) = self.model.pools.get(POOLS[pool]) else { return Vec::new() };
            let from = after[pool].max(state.feed_trimmed);
            let first = state.feed.partition_point(|entry| entry.last_revision() <= from);
            let entries = state.feed[first..].iter().take(ENTRIES_A_READ);
            let packed = |entry: &FeedEntry| {
                let (first_revision, last_revision) = (entry.first_revision, entry.last_revision());
                Some(Entry { first_revision, last_revision, bytes: encode(entry).ok()? })
            };
            entries.filter_map(packed).collect()
        })
    }

    fn trim(&mut self, heads: &Heads, now_ms: i64) {
        for (pool, head) in heads.iter().enumerate() {
            if let Some(through) = head {
                let pool = pool_name(pool).to_owned();
                self.model.apply(&Op::TrimFeed { pool, through: *through }, now_ms);
            }
        }
    }

    fn sweep(&mut self, pool: usize, now_ms: i64) -> Vec<Settlement> {
        let name = pool_name(pool);
        if self.errs(Sabotage::SweepWithoutLookingAgain) {
            return self.model.sweep_without_looking_again(name, MARKS_A_SWEEP, now_ms).1;
        }
        if self.errs(Sabotage::ExpireWithoutLease)
            && let Some(pool) = self.model.pools.get_mut(name)
        {
            pool.lease_until_ms = i64::MAX;
        }
        self.model.sweep_apart(name, MARKS_A_SWEEP, now_ms).1
    }
}

/// The mistakes that a store can make.
impl Server {
    fn whole_mistaken(&mut self, pool: usize, items: &[&Item], now_ms: i64) -> Vec<Answer> {
        let changed: Vec<Item> = items.iter().map(|item| self.mistaken(pool, (*item).clone())).collect();
        let asked: Vec<Asked<'_>> = changed.iter().map(Item::asked).collect();
        let skips = self.errs(Sabotage::ExtendBeforeThePermit) || self.errs(Sabotage::HoldAfterThePermit);
        let answers = match skips {
            true => self.without_the_shard(pool, &asked, now_ms),
            false => self.model.ask(pool_name(pool), &asked, now_ms),
        };
        self.err_after(pool, &asked);
        answers
    }

    fn carry_mistaken(&mut self, pool: usize, passed: &[(&Item, i64)], now_ms: i64) -> Vec<Answer> {
        let late_ms = if self.errs(Sabotage::HoldAfterThePermit) { 3_600_000 } else { 0 };
        let changed: Vec<Item> =
            passed.iter().map(|(item, _)| self.mistaken(pool, (*item).clone())).collect();
        let asked: Vec<(Asked<'_>, i64)> =
            changed.iter().zip(passed).map(|(item, (_, ms))| (item.asked(), ms + late_ms)).collect();
        let answers = self.model.carry_apart(pool_name(pool), &asked, now_ms);
        let asked: Vec<Asked<'_>> = changed.iter().map(Item::asked).collect();
        self.err_after(pool, &asked);
        answers
    }

    /// An item as a mistaken store takes it.
    fn mistaken(&mut self, pool: usize, mut item: Item) -> Item {
        let Some(sabotage) = self.sabotage else { return item };
        let ordinal = item.asked().ordinal();
        let Some(state) = self.model.pools.get_mut(pool_name(pool)) else { return item };
        let live = state.live.get(&ordinal);
        match (sabotage, &mut item, live) {
            (
                Sabotage::IgnoreTheRevision,
                Item::Extend(item) | Item::Release(item) | Item::BeginPayment(item) | Item::Cancel(item),
                Some(record),
            ) => item.revision = record.revision,
            (Sabotage::ConfirmAnyHold, Item::Confirm(item), Some(record)) => {
                item.hold = record.hold;
                item.act.applicant = Some(record.applicant);
            }
            (Sabotage::PriceAgainAtConfirm, Item::Confirm(item), Some(_)) => {
                if let Some(record) = state.live.get_mut(&ordinal) {
                    record.amount_tiyn = amount_tiyn(item.current_tariff, ordinal);
                }
            }
            (Sabotage::HoldAHeldMark, Item::Hold(_), Some(_)) => {
                state.live.remove(&ordinal);
            }
            _ => {}
        }
        item
    }

    /// Deadlines are given without asking the shard: as much as a payment may take, or far too much.
    fn without_the_shard(&mut self, pool: usize, asked: &[Asked<'_>], now_ms: i64) -> Vec<Answer> {
        let errs_in_holds = self.errs(Sabotage::HoldAfterThePermit);
        let mut answers = Vec::new();
        for asked in asked {
            let is_hold = matches!(asked, Asked::Hold(_));
            let moves = matches!(asked, Asked::Extend(_) | Asked::BeginPayment(_));
            answers.extend(match (is_hold && errs_in_holds) || (moves && !errs_in_holds) {
                true => {
                    let permit_ms = now_ms + self.model.shard.settings.payment_permit_ms;
                    self.model.carry_apart(pool_name(pool), &[(*asked, permit_ms)], now_ms)
                }
                false => self.model.ask(pool_name(pool), &[*asked], now_ms),
            });
        }
        answers
    }

    /// What is forgotten after a call.
    fn err_after(&mut self, pool: usize, asked: &[Asked<'_>]) {
        match self.sabotage {
            Some(Sabotage::ForgetTheAnswer) => {
                asked.iter().for_each(|asked| self.model.forget_answer(pool_name(pool), asked.act().id));
            }
            Some(Sabotage::TakeNoPermit) => asked.iter().for_each(|asked| self.lose_permit(asked)),
            Some(Sabotage::LoseAFeedEntry) => {
                let holds = asked.iter().any(|asked| matches!(asked, Asked::Cancel(_)));
                if holds {
                    self.model.lose_last_entry(pool_name(pool));
                }
            }
            _ => {}
        }
    }

    fn lose_permit(&mut self, asked: &Asked<'_>) {
        if let (Asked::Hold(item), Some(applicant)) = (asked, asked.act().applicant)
            && let Some(permits) = self.model.shard.permits.get_mut(&applicant.id)
        {
            permits.retain(|permit| permit.hold != item.act.id.into());
        }
    }
}
