//! The state that a pool's feed tells, rebuilt from nothing else.
//!
//! Replaying is assignment: entries carry absolute values, and no rule of the lifecycle is asked. Comparing it
//! with the pool it came from shows that the feed suffices (invariant 10).

use std::collections::{BTreeMap, BTreeSet};

use super::Pool;
use crate::feed::{FeedEntry, Transition};
use crate::id::PaymentId;
use crate::payment::Payment;
use crate::record::Record;
use crate::settings::{PoolSettings, settings_in};

/// What a feed tells of its pool.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Rebuilt {
    /// The number of the last transition.
    pub revision: u64,
    /// Marks on the road.
    pub issued: BTreeSet<u32>,
    /// Marks withheld by an act.
    pub withheld: BTreeSet<u32>,
    /// Live records.
    pub live: BTreeMap<u32, Record>,
    /// Payments.
    pub payments: BTreeMap<PaymentId, Payment>,
    /// The settings as text; empty before the first.
    pub settings: String,
}

impl Rebuilt {
    /// Replays a feed from the beginning.
    ///
    /// # Errors
    /// The revision that was expected where another came: the feed has a gap.
    pub fn of(feed: &[FeedEntry]) -> Result<Self, u64> {
        let mut rebuilt = Self::default();
        for entry in feed {
            let first = entry.transitions.first().map(|transition| transition.revision);
            if first != Some(entry.first_revision) {
                return Err(rebuilt.revision + 1);
            }
            for transition in &entry.transitions {
                rebuilt.take(transition)?;
            }
        }
        // Digits 000 and padding are withheld without an act; a payment for one shows it so.
        let shape = PoolSettings::from_text(&rebuilt.settings).map(|settings| settings.shape);
        let shape = shape.unwrap_or_default();
        rebuilt.withheld.retain(|ordinal| !shape.never_issued(*ordinal));
        Ok(rebuilt)
    }

    /// What the feed of this pool must tell.
    #[must_use]
    pub fn expected(pool: &Pool) -> Self {
        Self {
            revision: pool.revision,
            issued: pool.issued.clone(),
            withheld: pool.withheld.clone(),
            live: pool.live.clone(),
            payments: pool.payments.clone(),
            settings: if pool.revision == 0 { String::new() } else { pool.settings.text() },
        }
    }

    fn take(&mut self, transition: &Transition) -> Result<(), u64> {
        let next = self.revision + 1;
        if transition.revision != next {
            return Err(next);
        }
        self.revision = next;
        if let Some(change) = &transition.payment {
            self.payments.insert(change.after.id, change.after.clone());
        }
        let Some(ordinal) = transition.ordinal else {
            settings_in(&transition.note).clone_into(&mut self.settings);
            return Ok(());
        };
        put(&mut self.issued, ordinal, transition.planes.issued);
        put(&mut self.withheld, ordinal, transition.planes.withheld);
        match &transition.record {
            Some(record) => drop(self.live.insert(ordinal, record.clone())),
            // A taken mark without a record in the entry: the record is untouched.
            None if transition.planes.taken => {}
            None => drop(self.live.remove(&ordinal)),
        }
        Ok(())
    }
}

fn put(plane: &mut BTreeSet<u32>, ordinal: u32, on: bool) {
    if on {
        plane.insert(ordinal);
    } else {
        plane.remove(&ordinal);
    }
}
