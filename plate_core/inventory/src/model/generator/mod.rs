//! A small world in which everything collides: few marks, few applicants, few request ids, and a clock that likes
//! deadlines. For tests; hidden from the documentation.
//!
//! A [`Step`] is a handful of plain bytes, so any generator of bytes drives it (proptest, Hypothesis), and a
//! failing run shrinks to few and small ones. [`World::next`] turns a step into an [`Op`] and moves the clock; it
//! looks at the model, so that most of what is asked makes sense: the right hold with the right revision, money for
//! a hold that exists or existed, a retry of something that was really sent.
//!
//! ```
//! use plate_inventory::model::generator::{Step, World};
//!
//! let (mut world, founding) = World::new();
//! for op in &founding {
//!     world.model.apply(op, world.now_ms); // and the same to a store
//! }
//! let op = world.next(&Step { clock: 3, verb: 0, items: vec![[1, 2, 0, 0]] });
//! let answers = world.model.apply(&op, world.now_ms);
//! assert_eq!(answers.len(), 1);
//! ```

mod items;
mod universe;

pub use universe::{MARKS, NO_POOL, POOLS, START_MS, settings};

use super::{Model, Op};
use crate::act::{Act, Applicant, Channel};
use crate::feed::Verb;
use crate::id::HoldId;
use crate::record::Record;
use crate::settings::{DAY_MS, HOUR_MS, MINUTE_MS, PoolSettings, SECOND_MS, SettingsChange, ShardSettings};
use universe::{amount_tiyn, mark};

/// One step, as bytes: how the clock moves, what is asked, and of what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// How far the clock moves, and where to.
    pub clock: u8,
    /// Which verb, on which pool.
    pub verb: u8,
    /// The items: which mark, which applicant, which request id, and what is odd about it. At least one.
    pub items: Vec<[u8; 4]>,
}

/// The model, the clock, and what was sent so far.
#[derive(Clone, Debug)]
pub struct World {
    /// The model. The driver applies each operation to it.
    pub model: Model,
    /// The time of the next operation, ms since the epoch. It never goes back.
    pub now_ms: i64,
    sent: Vec<Op>,
    holds: Vec<PastHold>,
    requests: u32,
    payments: u32,
}

/// A hold that was given once: where, to whom, at which price.
#[derive(Copy, Clone, Debug)]
struct PastHold {
    pool: usize,
    ordinal: u32,
    hold: HoldId,
    applicant: Applicant,
    amount_tiyn: i64,
}

impl PastHold {
    fn of(pool: usize, ordinal: u32, record: &Record) -> Self {
        let Record { hold, applicant, amount_tiyn, .. } = *record;
        Self { pool, ordinal, hold, applicant, amount_tiyn }
    }
}

impl World {
    /// A world before its founding, and the operations that found it.
    #[must_use]
    pub fn new() -> (Self, Vec<Op>) {
        let limits = ShardSettings {
            live_holds_person: 2,
            live_holds_entity: 3,
            operator_daily_cap: 4,
            clock_guard: true,
            ..ShardSettings::for_pools([&settings()])
        };
        let world = Self {
            model: Model::new(limits.clone()),
            now_ms: START_MS,
            sent: Vec::new(),
            holds: Vec::new(),
            requests: 0,
            payments: 0,
        };
        let mut founding = vec![Op::Limit { settings: limits }];
        founding.extend(POOLS.map(|pool| Op::Configure {
            pool: pool.to_owned(),
            act: Act::of("admin", &format!("found-{pool}"), Channel::Keeper),
            change: SettingsChange::to(&settings()),
        }));
        founding.push(Op::Lease { until_ms: START_MS + 40 * DAY_MS });
        (world, founding)
    }

    /// The operation of a step, after the clock has moved. The driver applies it to [`World::model`] at
    /// [`World::now_ms`] before it asks for the next.
    pub fn next(&mut self, step: &Step) -> Op {
        self.now_ms = self.later(step.clock);
        self.remember_holds();
        let op = self.op(step);
        self.sent.push(op.clone());
        op
    }

    /// Moves the clock: mostly little, often to the very edge of a deadline, seldom past a day.
    fn later(&self, clock: u8) -> i64 {
        let now_ms = self.now_ms;
        let edge_ms = self.next_edge_ms().unwrap_or(now_ms);
        let to_ms = match clock {
            0..=79 => now_ms,
            80..=109 => now_ms + i64::from(clock - 79),
            110..=139 => now_ms + SECOND_MS * i64::from(clock - 109),
            140..=179 => now_ms + MINUTE_MS * i64::from((clock - 140) / 4 + 1),
            180..=199 => edge_ms - 1,
            200..=224 => edge_ms,
            225..=234 => edge_ms + 1,
            235..=244 => now_ms + 17 * MINUTE_MS,
            245..=251 => now_ms + HOUR_MS * i64::from(clock - 244),
            _ => now_ms + DAY_MS + HOUR_MS * i64::from(clock - 251) / 2,
        };
        to_ms.max(now_ms)
    }

    /// The next moment at which something ends: a hold, a permit, a cool-down, a price.
    fn next_edge_ms(&self) -> Option<i64> {
        let pools = self.model.pools.values();
        let holds = pools.clone().flat_map(|pool| pool.live.values().map(|record| record.deadline_ms));
        let endings = pools.clone().flat_map(|pool| {
            let cooldown_ms = pool.settings.cooldown_ms;
            pool.endings.values().map(move |endings| endings.ended_at_ms + cooldown_ms)
        });
        let settings =
            pools.flat_map(|pool| pool.settings.cuts_ms.iter().copied().chain([pool.settings.opens_at_ms]));
        let permits = self.model.shard.permits.values().flatten().map(|permit| permit.deadline_ms);
        let edges = holds.chain(endings).chain(settings).chain(permits);
        edges.filter(|edge_ms| *edge_ms > self.now_ms).min()
    }

    /// Keeps every hold there was, so that money can come for one that is gone.
    fn remember_holds(&mut self) {
        for (index, pool) in POOLS.iter().enumerate() {
            let Some(pool) = self.model.pools.get(*pool) else {
                continue;
            };
            for (ordinal, record) in &pool.live {
                if !self.holds.iter().any(|known| known.hold == record.hold) {
                    let known = PastHold::of(index, *ordinal, record);
                    self.holds.push(known);
                }
            }
        }
    }

    fn op(&mut self, step: &Step) -> Op {
        let index = usize::from(step.verb % 8 > 4);
        let pool = if step.verb == 255 { NO_POOL } else { POOLS[index] };
        let items = &step.items;
        match step.verb {
            0..=59 | 255 => Op::Hold {
                pool: pool.to_owned(),
                items: self.each(items, |world, item| world.hold_item(item)),
            },
            60..=74 => Op::AssignNext {
                pool: pool.to_owned(),
                items: self.each(items, |world, item| world.assign_item(item)),
            },
            75..=94 => Op::Extend { pool: pool.to_owned(), items: self.held_items(index, items) },
            95..=114 => Op::Release { pool: pool.to_owned(), items: self.held_items(index, items) },
            115..=138 => Op::BeginPayment { pool: pool.to_owned(), items: self.held_items(index, items) },
            139..=170 => Op::Confirm {
                pool: pool.to_owned(),
                items: self.each(items, |world, item| world.confirm_item(index, item)),
            },
            171..=178 => Op::Cancel { pool: pool.to_owned(), items: self.held_items(index, items) },
            179..=186 => Op::ConfirmRefund {
                pool: pool.to_owned(),
                items: self.each(items, |world, item| world.refund_item(index, item)),
            },
            187..=204 => Op::Sweep { pool: pool.to_owned(), max: [1, 2, 128][usize::from(step.verb) % 3] },
            205..=218 => self.of_marks(step, pool),
            219..=222 => Op::Read { pool: pool.to_owned(), ordinals: items.iter().map(mark).collect() },
            223..=230 => self.configure(pool, items),
            231..=234 => Op::Lease { until_ms: self.lease_until_ms(items) },
            235..=238 => Op::TrimFeed { pool: pool.to_owned(), through: self.trim_through(pool, items) },
            _ => self.retry(items, pool),
        }
    }

    fn each<T>(&mut self, items: &[[u8; 4]], make: impl Fn(&mut Self, &[u8; 4]) -> T) -> Vec<T> {
        items.iter().map(|item| make(self, item)).collect()
    }

    fn of_marks(&mut self, step: &Step, pool: &str) -> Op {
        let first = step.items.first().copied().unwrap_or_default();
        let act = self.act(&first, None);
        let (pool, ordinals) = (pool.to_owned(), step.items.iter().map(mark).collect());
        match step.verb {
            205..=208 => Op::Import { pool, act, ordinals },
            209..=213 => Op::Readmit { pool, act, ordinals },
            _ => Op::Withhold { pool, act, ordinals, reason: "a word".to_owned() },
        }
    }

    /// Turns one switch, or all back.
    fn configure(&mut self, pool: &str, items: &[[u8; 4]]) -> Op {
        let first = items.first().copied().unwrap_or_default();
        let turned = PoolSettings {
            paused: true,
            holds_stopped: true,
            frozen: true,
            read_only: true,
            opens_at_ms: self.now_ms + MINUTE_MS,
            max_extensions: 2,
            hold_ttl_ms: 5 * MINUTE_MS,
            ..universe::settings()
        };
        let names = [
            "paused",
            "holds_stopped",
            "frozen",
            "read_only",
            "opens_at_ms",
            "max_extensions",
            "hold_ttl_ms",
        ];
        let mut change = match names.get(usize::from(first[0] % 16)) {
            Some(switch) => SettingsChange::of(&turned, |name| name == *switch),
            None => SettingsChange::to(&universe::settings()),
        };
        change.reason = if first[1] % 2 == 0 { String::new() } else { "a word".to_owned() };
        Op::Configure { pool: pool.to_owned(), act: self.act(&first, None), change }
    }

    /// Mostly a long lease, seldom one that ends at once.
    fn lease_until_ms(&self, items: &[[u8; 4]]) -> i64 {
        let first = items.first().copied().unwrap_or_default();
        match first[0] {
            0..=63 => self.now_ms - 1 + i64::from(first[1] % 2),
            64..=127 => self.now_ms + 10 * MINUTE_MS,
            _ => self.now_ms + 40 * DAY_MS,
        }
    }

    fn trim_through(&self, pool: &str, items: &[[u8; 4]]) -> u64 {
        let behind = items.first().map_or(0, |item| u64::from(item[0] % 4));
        self.model.pools.get(pool).map_or(0, |pool| pool.revision.saturating_sub(behind))
    }

    /// Something that was sent before, as a server sends it again: with prices and candidates made anew.
    fn retry(&self, items: &[[u8; 4]], pool: &str) -> Op {
        let first = items.first().copied().unwrap_or_default();
        let back = usize::from(first[0] % 16) + 1;
        let Some(op) = self.sent.len().checked_sub(back).and_then(|index| self.sent.get(index)) else {
            return Op::Read { pool: pool.to_owned(), ordinals: items.iter().map(mark).collect() };
        };
        let mut op = op.clone();
        let tariff = self.tariff(0);
        match &mut op {
            Op::Hold { items, .. } => {
                for item in items {
                    item.tariff = tariff;
                    item.amount_tiyn = amount_tiyn(tariff, item.ordinal);
                }
            }
            Op::AssignNext { items, .. } => {
                for item in items {
                    item.tariff = tariff;
                    item.candidates.reverse();
                }
            }
            Op::Confirm { items, .. } => {
                for item in items {
                    item.current_tariff = tariff;
                    item.current_amount_tiyn = amount_tiyn(tariff, item.ordinal);
                }
            }
            _ => {}
        }
        op
    }
}

/// Which verbs a run of steps has reached, for tests that must not pass by doing nothing.
#[must_use]
pub fn verbs_in(model: &Model) -> Vec<Verb> {
    let mut verbs = Vec::new();
    let transitions = model.pools.values().flat_map(|pool| &pool.feed).flat_map(|entry| &entry.transitions);
    for transition in transitions {
        if !verbs.contains(&transition.verb) {
            verbs.push(transition.verb);
        }
    }
    verbs
}
