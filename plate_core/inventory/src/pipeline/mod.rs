//! What the engine carries to the store: items of every verb, and the lanes in which they may share a batch.
//!
//! A lane is a verb and a pool. Each mutation is admitted in its shard, carried out in its pool and settled; the
//! store's verbs do these steps for a batch ([`crate::store`]), and while one batch of a lane is at one step,
//! another may be at the next. What is no list of items (an import, a change of settings) is in `acts`.
//! Not here: gathering ([`crate::engine`]) and what a verb means.

mod acts;

use std::collections::BTreeMap;

use plate_algebra::{Formats, Pool};

pub use acts::{UNPLACED_POOL, covering, part_of};

use crate::answer::Answer;
use crate::engine::Backend;
use crate::item::{AssignItem, ConfirmItem, HeldItem, HoldItem, RefundItem};
use crate::store::{Store, StoreError};

/// Declares the verbs that travel in lanes: what an item of each holds, and which call of the store takes a batch.
macro_rules! verbs {
    ($( $(#[$meta:meta])* $verb:ident($kind:ty) = $call:ident )+) => {
        /// One item of a verb.
        #[derive(Clone, PartialEq, Eq, Debug)]
        pub enum Item {
            /// Nothing: answered by the engine itself, to measure the way there and back.
            Echo,
            $( $(#[$meta])* $verb($kind), )+
        }

        #[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
        enum LaneVerb {
            Echo,
            $( $verb, )+
        }

        impl Item {
            const fn verb(&self) -> LaneVerb {
                match self {
                    Self::Echo => LaneVerb::Echo,
                    $( Self::$verb(_) => LaneVerb::$verb, )+
                }
            }
        }

        impl Pipeline {
            /// Carries out one batch. Its items are all of the lane's verb: [`Item::at`] sees to that.
            async fn carry(&self, verb: LaneVerb, pool: &str, items: Vec<Item>) -> Result<Vec<Answer>, StoreError> {
                match verb {
                    LaneVerb::Echo => Ok(Vec::new()),
                    $( LaneVerb::$verb => {
                        let items: Vec<$kind> = items
                            .into_iter()
                            .filter_map(|item| if let Item::$verb(item) = item { Some(item) } else { None })
                            .collect();
                        self.store.$call(pool, &items).await
                    } )+
                }
            }
        }
    };
}

verbs! {
    /// Hold a chosen mark.
    Hold(HoldItem) = hold
    /// Hold the first free one of some ordinary marks.
    AssignNext(AssignItem) = assign_next
    /// Move a hold's deadline.
    Extend(HeldItem) = extend
    /// Give a hold back.
    Release(HeldItem) = release
    /// Begin to pay a hold.
    BeginPayment(HeldItem) = begin_payment
    /// Give an allotment back before manufacture.
    Cancel(HeldItem) = cancel
    /// Money came.
    Confirm(ConfirmItem) = confirm
    /// Money was paid back.
    ConfirmRefund(RefundItem) = confirm_refund
    /// How a mark stands, by its ordinal.
    Read(u32) = read
}

/// Requests of one lane may share a batch.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub struct Lane {
    verb: LaneVerb,
    pool: Pool,
}

impl Item {
    /// The item with the lane it travels in.
    #[must_use]
    pub const fn at(self, pool: Pool) -> (Lane, Item) {
        (Lane { verb: self.verb(), pool }, self)
    }
}

/// The store as the engine's backend.
pub struct Pipeline {
    store: Store,
    pools: BTreeMap<Pool, String>,
}

impl Pipeline {
    /// A store, and the names of a rule book's pools in it.
    #[must_use]
    pub fn new(store: Store, formats: &Formats) -> Self {
        let pools = formats.pools().into_iter().map(|pool| (pool, formats.pool_id(pool)));
        Self { store, pools: pools.collect() }
    }

    /// The store, for what is neither a batch nor an act.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Every pool of the rule book by name, and the one that keeps unplaced money.
    #[must_use]
    pub fn pool_names(&self) -> Vec<String> {
        self.pools.values().map(String::as_str).chain([UNPLACED_POOL]).map(str::to_owned).collect()
    }

    fn name(&self, pool: Pool) -> &str {
        self.pools.get(&pool).map_or("", String::as_str)
    }
}

impl Backend for Pipeline {
    type Lane = Lane;
    type Item = Item;
    /// `None` answers an echo.
    type Reply = Option<Answer>;
    type Error = StoreError;

    async fn run(&self, lane: Lane, items: Vec<Item>) -> Result<Vec<Option<Answer>>, StoreError> {
        if lane.verb == LaneVerb::Echo {
            return Ok(items.iter().map(|_| None).collect());
        }
        let answers = self.carry(lane.verb, self.name(lane.pool), items).await?;
        Ok(answers.into_iter().map(Some).collect())
    }
}
