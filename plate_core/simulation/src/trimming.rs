//! When what is on disk leaves the feeds, transcribed from `plateapi/keeper/trimming.py` and held to it by
//! `tables/keeper.txt`.

use crate::universe::POOL_COUNT;

/// A revision a pool, where there is one.
pub type Heads = [Option<u64>; POOL_COUNT];

/// Turn by turn: what was on disk at the turn before leaves the feeds.
#[derive(Clone, Debug)]
pub struct Trimming {
    turn_ms: i64,
    turned_at_ms: Option<i64>,
    due: Heads,
    waiting: Heads,
}

impl Trimming {
    /// What is on disk already: an earlier keeper may have ended before it trimmed.
    #[must_use]
    pub fn new(heads: [u64; POOL_COUNT], turn_ms: i64) -> Self {
        let waiting = heads.map(|head| (head != 0).then_some(head));
        Self { turn_ms, turned_at_ms: None, due: [None; POOL_COUNT], waiting }
    }

    /// Notes what is on disk by now, and says what is to be trimmed.
    pub fn trim(&mut self, durable: Heads, now_ms: i64) -> Heads {
        for (waiting, durable) in self.waiting.iter_mut().zip(durable) {
            *waiting = durable.or(*waiting);
        }
        if self.turned_at_ms.is_some_and(|turned_at_ms| now_ms - turned_at_ms < self.turn_ms) {
            return [None; POOL_COUNT];
        }
        self.turned_at_ms = Some(now_ms);
        std::mem::replace(&mut self.due, std::mem::take(&mut self.waiting))
    }
}
