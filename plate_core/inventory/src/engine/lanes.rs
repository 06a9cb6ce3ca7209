//! The rule of gathering: at most two batches of a lane under way; what comes meanwhile is its next batch.
//!
//! Why two and not one: while the store works on the first, the second already waits in its socket, so that it is
//! never idle for a round trip. Why not more: every further one would only make batches smaller and waiting longer.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Bounds of one lane.
#[derive(Clone, Copy, Debug)]
pub struct LaneBounds {
    /// Items in one batch, at most; 128 is what the store's functions take.
    pub batch_max: usize,
    /// Batches of one lane under way at a time.
    pub in_flight_max: usize,
}

impl Default for LaneBounds {
    fn default() -> Self {
        Self { batch_max: 128, in_flight_max: 2 }
    }
}

struct Lane<W> {
    waiting: VecDeque<W>,
    in_flight: usize,
}

/// All lanes, by key. Pure: it sends nothing and knows no clock.
pub struct Lanes<L, W> {
    lanes: HashMap<L, Lane<W>>,
    bounds: LaneBounds,
}

impl<L: Copy + Eq + Hash, W> Lanes<L, W> {
    /// No lane has anything yet.
    #[must_use]
    pub fn new(bounds: LaneBounds) -> Self {
        Self { lanes: HashMap::new(), bounds }
    }

    /// Queue one item; items of a lane keep their order.
    pub fn push(&mut self, key: L, item: W) {
        let lane = self.lanes.entry(key).or_insert_with(|| Lane { waiting: VecDeque::new(), in_flight: 0 });
        lane.waiting.push_back(item);
    }

    /// The next batch of a lane, if it may be sent now; it then counts as under way.
    pub fn take(&mut self, key: L) -> Option<Vec<W>> {
        let lane = self.lanes.get_mut(&key)?;
        if lane.waiting.is_empty() || lane.in_flight >= self.bounds.in_flight_max {
            return None;
        }
        lane.in_flight += 1;
        let size = lane.waiting.len().min(self.bounds.batch_max);
        Some(lane.waiting.drain(..size).collect())
    }

    /// A batch of this lane ended.
    pub fn landed(&mut self, key: L) {
        if let Some(lane) = self.lanes.get_mut(&key) {
            lane.in_flight = lane.in_flight.saturating_sub(1);
        }
    }

    /// Every lane that has something waiting.
    #[must_use]
    pub fn busy(&self) -> Vec<L> {
        self.lanes.iter().filter(|(_, lane)| !lane.waiting.is_empty()).map(|(key, _)| *key).collect()
    }

    /// Everything that waits and will not be sent.
    pub fn drain(&mut self) -> Vec<W> {
        self.lanes.values_mut().flat_map(|lane| lane.waiting.drain(..)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lanes() -> Lanes<u8, u32> {
        Lanes::new(LaneBounds { batch_max: 3, in_flight_max: 2 })
    }

    /// An idle lane sends the first item at once.
    #[test]
    fn idle_sends_at_once() {
        let mut lanes = lanes();
        lanes.push(1, 10);
        assert_eq!(lanes.take(1), Some(vec![10]));
        assert_eq!(lanes.take(1), None);
    }

    /// With two batches under way a lane gathers, and then sends what came, in order and no more than a batch holds.
    #[test]
    fn busy_gathers() {
        let mut lanes = lanes();
        for item in 0..2 {
            lanes.push(1, item);
            assert_eq!(lanes.take(1), Some(vec![item]));
        }
        (2..6).for_each(|item| lanes.push(1, item));
        assert_eq!(lanes.take(1), None);
        lanes.landed(1);
        assert_eq!(lanes.take(1), Some(vec![2, 3, 4]));
        assert_eq!(lanes.take(1), None);
        lanes.landed(1);
        assert_eq!(lanes.take(1), Some(vec![5]));
    }

    /// A busy lane does not hold up another.
    #[test]
    fn lanes_are_independent() {
        let mut lanes = lanes();
        for _ in 0..2 {
            lanes.push(1, 0);
            assert!(lanes.take(1).is_some());
        }
        lanes.push(1, 1);
        lanes.push(2, 7);
        assert_eq!(lanes.take(2), Some(vec![7]));
        assert_eq!(lanes.busy(), vec![1]);
        assert_eq!(lanes.drain(), vec![1]);
    }
}
