//! The inventory in memory: the oracle that the store is held against.
//!
//! Every verb, one item after the other, on the pure [`crate::lifecycle`]; time is an argument. It is plain on
//! purpose: a batch *is* its items in order here, so the store's vectorised functions can be asked to give the
//! same answers, the same feed and the same state. It also says what the law of a request is: one id, one
//! effect, one answer.
//!
//! An item goes three steps, as in the store: the shard admits it ([`shard`]: request id, limits, permit), the pool
//! does it ([`pool`], and a file a group of verbs), and permits that are not needed any more go back. Where shard and
//! pools stand together ([`Placement`]), the answer to a new hold is kept with its id; else each pool keeps its own.
//!
//! Not here: anything about bytes, batches or lost answers. Nothing gets lost in memory.

pub mod apart;
mod held;
mod hold;
pub mod invariants;
#[cfg(any(test, feature = "sabotage"))]
mod mistakes;
mod money;
pub mod op;
mod planes;
pub mod pool;
pub mod replay;
pub mod shard;
mod sweep;

#[doc(hidden)]
pub mod generator;

use std::collections::BTreeMap;

pub use apart::{Asked, Passes, Settlement};
pub use op::Op;
pub use pool::Pool;
pub use shard::Shard;

use crate::act::Act;
use crate::answer::{Answer, Context};
use crate::id::Digest;
use crate::outcome::{Class, Outcome};
use crate::placement::Placement;
use crate::settings::ShardSettings;
use shard::{Claim, Need, Pass};

/// The whole inventory: pools, and the limits across them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Model {
    /// The pools by their ids.
    pub pools: BTreeMap<String, Pool>,
    /// Request ids, permits and operators' days.
    pub shard: Shard,
    /// Where the shard stands.
    pub placement: Placement,
}

/// What is asked by one request: who, of which pool, of which marks, and the digest of it all.
struct Request<'a> {
    act: &'a Act,
    pool: &'a str,
    /// The marks it names, where each has an answer of its own; one `None` where the request has one answer.
    ordinals: Vec<Option<u32>>,
    digest: Digest,
    need: Need,
}

impl<'a> Request<'a> {
    /// A request about one mark that needs nothing of the shard but its id's admission.
    fn of_mark(act: &'a Act, pool: &'a str, ordinal: u32, digest: Digest) -> Self {
        Self { act, pool, ordinals: vec![Some(ordinal)], digest, need: Need::Nothing }
    }

    /// The same outcome for every mark it names.
    fn answer_each(&self, answer: impl Fn(Option<u32>) -> Answer) -> Vec<Answer> {
        self.ordinals.iter().map(|ordinal| answer(*ordinal)).collect()
    }
}

impl Model {
    /// An inventory without pools, under these limits.
    #[must_use]
    pub fn new(limits: ShardSettings) -> Self {
        Self { pools: BTreeMap::new(), shard: Shard::new(limits), placement: Placement::default() }
    }

    /// Does one operation at a moment, ms since the epoch, and answers each of its items in order.
    ///
    /// Operations without items ([`Op::Lease`], [`Op::TrimFeed`], [`Op::Limit`]) answer nothing.
    pub fn apply(&mut self, op: &Op, now_ms: i64) -> Vec<Answer> {
        let answers = self.dispatch(op, now_ms);
        for (id, pool) in &mut self.pools {
            pool.flush(id, now_ms);
        }
        answers
    }

    fn dispatch(&mut self, op: &Op, now_ms: i64) -> Vec<Answer> {
        match op {
            Op::Limit { settings } => self.shard.settings = settings.clone(),
            Op::Lease { until_ms } => self.lease(*until_ms),
            Op::TrimFeed { pool, through } => self.trim_feed(pool, *through),
            Op::Configure { pool, act, change } => return self.configure(pool, act, change, now_ms),
            Op::Hold { pool, items } => return each(items, |item| self.hold(pool, item, now_ms)),
            Op::AssignNext { pool, items } => {
                return each(items, |item| self.assign_next(pool, item, now_ms));
            }
            Op::Extend { pool, items } => return each(items, |item| self.extend(pool, item, now_ms)),
            Op::Release { pool, items } => return each(items, |item| self.release(pool, item, now_ms)),
            Op::BeginPayment { pool, items } => {
                return each(items, |item| self.begin_payment(pool, item, now_ms));
            }
            Op::Confirm { pool, items } => return each(items, |item| self.confirm(pool, item, now_ms)),
            Op::Cancel { pool, items } => return each(items, |item| self.cancel(pool, item, now_ms)),
            Op::ConfirmRefund { pool, items } => {
                return each(items, |item| self.confirm_refund(pool, item, now_ms));
            }
            Op::Sweep { pool, max } => return self.sweep(pool, *max, now_ms),
            Op::Withhold { pool, act, ordinals, reason } => {
                return self.withhold(pool, act, ordinals, reason, now_ms);
            }
            Op::Readmit { pool, act, ordinals } => return self.readmit(pool, act, ordinals, now_ms),
            Op::Import { pool, act, ordinals } => return self.import(pool, act, ordinals, now_ms),
            Op::Read { pool, ordinals } => return self.read(pool, ordinals, now_ms),
        }
        Vec::new()
    }

    /// Somebody vouches for the store's clock until then.
    fn lease(&mut self, until_ms: i64) {
        self.shard.lease_until_ms = until_ms;
        for pool in self.pools.values_mut() {
            pool.lease_until_ms = until_ms;
        }
    }

    /// The journal has the pool's feed up to this revision.
    fn trim_feed(&mut self, pool: &str, through: u64) {
        if let Some(pool) = self.pools.get_mut(pool) {
            pool.feed_trimmed = pool.feed_trimmed.max(through.min(pool.revision));
        }
    }

    /// Admits a request, or answers it.
    fn admit(&mut self, request: &Request<'_>, now_ms: i64) -> Result<Pass, Vec<Answer>> {
        let claim = Claim { id: request.act.id, digest: request.digest, need: request.need.clone() };
        self.shard
            .admit(&claim, now_ms)
            .map_err(|refused| request.answer_each(|ordinal| refused.answer(ordinal)))
    }

    /// Admits a request, does it in its pool under its id, and says what the shard had passed.
    ///
    /// `run` is called only if the request is new to the pool and the pool takes changes.
    fn once(
        &mut self,
        request: &Request<'_>,
        now_ms: i64,
        run: impl FnOnce(&mut Pool, &Pass) -> Vec<Answer>,
    ) -> (Vec<Answer>, Pass) {
        let pass = match self.admit(request, now_ms) {
            Ok(pass) => pass,
            Err(answers) => return (answers, Pass::NONE),
        };
        let answers = match self.pools.get_mut(request.pool) {
            None => request.answer_each(|ordinal| plain(Outcome::PoolUnknown, ordinal, 0, now_ms)),
            Some(pool) => pool.once(request, now_ms, |pool| run(pool, &pass)),
        };
        (answers, pass)
    }

    /// As [`Model::once`], for a request about one mark.
    fn once_one(
        &mut self,
        request: &Request<'_>,
        now_ms: i64,
        run: impl FnOnce(&mut Pool, &Pass) -> Answer,
    ) -> (Answer, Pass) {
        let (mut answers, pass) = self.once(request, now_ms, |pool, pass| vec![run(pool, pass)]);
        // One mark is asked about, so there is one answer.
        let answer = answers.pop().unwrap_or_else(|| plain(Outcome::Unknown, None, 0, now_ms));
        (answer, pass)
    }
}

/// Each item in order.
fn each<T>(items: &[T], answer: impl FnMut(&T) -> Answer) -> Vec<Answer> {
    items.iter().map(answer).collect()
}

/// An answer that says its outcome and nothing else.
fn plain(outcome: Outcome, ordinal: Option<u32>, revision: u64, now_ms: i64) -> Answer {
    Answer { outcome, ordinal, revision, server_ms: now_ms, record: None, context: Context::default() }
}

/// Whether a hold with this outcome lets its permit go: refused for good, or for now.
fn gives_permit_back(outcome: Outcome) -> bool {
    matches!(outcome.facts().class, Class::Refused | Class::NotNow)
}
