//! Everything that can be asked of the inventory, as data: what a driver sends to the model and to a store alike.

use crate::act::Act;
use crate::item::{AssignItem, ConfirmItem, HeldItem, HoldItem, RefundItem};
use crate::settings::{SettingsChange, ShardSettings};

/// One call: a verb, a pool, and the items of one batch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Op {
    /// Set the limits across pools. No request id and no journal: it founds a store.
    Limit {
        /// The limits.
        settings: ShardSettings,
    },
    /// Vouch for the store's clock, in the shard and in every pool.
    Lease {
        /// The last moment for which somebody does, ms since the epoch.
        until_ms: i64,
    },
    /// The journal has the feed up to here.
    TrimFeed {
        /// The pool.
        pool: String,
        /// The last revision on disk.
        through: u64,
    },
    /// Change what a pool obeys, and found it if there is none.
    Configure {
        /// The pool.
        pool: String,
        /// Who.
        act: Act,
        /// What is to change, and why.
        change: SettingsChange,
    },
    /// Hold chosen marks.
    Hold {
        /// The pool.
        pool: String,
        /// The items.
        items: Vec<HoldItem>,
    },
    /// Hold the next ordinary marks.
    AssignNext {
        /// The pool.
        pool: String,
        /// The items.
        items: Vec<AssignItem>,
    },
    /// Move the deadlines of holds.
    Extend {
        /// The pool.
        pool: String,
        /// The items.
        items: Vec<HeldItem>,
    },
    /// Give holds back.
    Release {
        /// The pool.
        pool: String,
        /// The items.
        items: Vec<HeldItem>,
    },
    /// Begin the payment of holds.
    BeginPayment {
        /// The pool.
        pool: String,
        /// The items.
        items: Vec<HeldItem>,
    },
    /// Payments that came.
    Confirm {
        /// The pool.
        pool: String,
        /// The items.
        items: Vec<ConfirmItem>,
    },
    /// Give allotments back before manufacture.
    Cancel {
        /// The pool.
        pool: String,
        /// The items.
        items: Vec<HeldItem>,
    },
    /// Payments that were paid back.
    ConfirmRefund {
        /// The pool.
        pool: String,
        /// The items.
        items: Vec<RefundItem>,
    },
    /// End the holds whose deadline has passed.
    Sweep {
        /// The pool.
        pool: String,
        /// How many entries of each due list are looked at.
        max: usize,
    },
    /// Take marks off sale. One request, an answer a mark.
    Withhold {
        /// The pool.
        pool: String,
        /// Who.
        act: Act,
        /// Which marks.
        ordinals: Vec<u32>,
        /// Why, for the journal.
        reason: String,
    },
    /// Put marks back on sale. One request, an answer a mark.
    Readmit {
        /// The pool.
        pool: String,
        /// Who.
        act: Act,
        /// Which marks.
        ordinals: Vec<u32>,
    },
    /// The registry says that these marks are on the road. One request, one answer.
    Import {
        /// The pool.
        pool: String,
        /// Who.
        act: Act,
        /// Which marks.
        ordinals: Vec<u32>,
    },
    /// How marks stand.
    Read {
        /// The pool.
        pool: String,
        /// Which marks.
        ordinals: Vec<u32>,
    },
}

impl Op {
    /// The same items, sent one by one: what a batch must equal.
    #[must_use]
    pub fn singly(&self) -> Vec<Op> {
        match self {
            Op::Hold { pool, items } => one_by_one(pool, items, |pool, items| Op::Hold { pool, items }),
            Op::AssignNext { pool, items } => {
                one_by_one(pool, items, |pool, items| Op::AssignNext { pool, items })
            }
            Op::Extend { pool, items } => one_by_one(pool, items, |pool, items| Op::Extend { pool, items }),
            Op::Release { pool, items } => one_by_one(pool, items, |pool, items| Op::Release { pool, items }),
            Op::BeginPayment { pool, items } => {
                one_by_one(pool, items, |pool, items| Op::BeginPayment { pool, items })
            }
            Op::Confirm { pool, items } => one_by_one(pool, items, |pool, items| Op::Confirm { pool, items }),
            Op::Cancel { pool, items } => one_by_one(pool, items, |pool, items| Op::Cancel { pool, items }),
            Op::ConfirmRefund { pool, items } => {
                one_by_one(pool, items, |pool, items| Op::ConfirmRefund { pool, items })
            }
            Op::Read { pool, ordinals } => {
                one_by_one(pool, ordinals, |pool, ordinals| Op::Read { pool, ordinals })
            }
            // One request, however many marks it names.
            whole => vec![whole.clone()],
        }
    }
}

/// A call for each item.
fn one_by_one<T: Clone>(pool: &str, items: &[T], op: impl Fn(String, Vec<T>) -> Op) -> Vec<Op> {
    items.iter().map(|item| op(pool.to_owned(), vec![item.clone()])).collect()
}
