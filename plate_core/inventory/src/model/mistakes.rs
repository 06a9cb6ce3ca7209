//! Mistakes that somebody could make in the store, for the simulation, which must find each. Not in a release.

use super::{Model, Settlement};
use crate::answer::Answer;
use crate::id::RequestId;

impl Model {
    /// The answer to a request is not kept: what its id has done is forgotten.
    pub fn forget_answer(&mut self, pool: &str, id: RequestId) {
        self.shard.forget(id);
        if let Some(pool) = self.pools.get_mut(pool) {
            pool.forget_request(id);
        }
    }

    /// A sweep that ends whatever holds a mark whose deadline was once on the list.
    pub fn sweep_without_looking_again(
        &mut self,
        id: &str,
        max: usize,
        now_ms: i64,
    ) -> (Vec<Answer>, Vec<Settlement>) {
        if let Some(pool) = self.pools.get_mut(id)
            && !pool.at(now_ms).is_frozen()
        {
            for due in pool.take_due(max, now_ms) {
                pool.expire(due.ordinal);
            }
            pool.flush(id, now_ms);
        }
        (Vec::new(), Vec::new())
    }

    /// The last entry of a pool's feed is not written.
    pub fn lose_last_entry(&mut self, pool: &str) {
        if let Some(pool) = self.pools.get_mut(pool) {
            pool.feed.pop();
        }
    }
}
