//! Bytes that an inventory really wrote: a model does a few hundred things, always the same ones.

use plate_inventory::codec::{payment, record, settings};
use plate_inventory::feed::{FeedEntry, encode};
use plate_inventory::model::generator::{Step, World};

/// Ids of entries, as the store makes them.
const IDS: [&str; 3] = ["0-0", "1767225600000-0", "18446744073709551615-7"];

/// What an inventory wrote in a few hundred steps.
pub(crate) struct Written {
    pub(crate) ids: Vec<Vec<u8>>,
    pub(crate) entries: Vec<Vec<u8>>,
    pub(crate) records: Vec<Vec<u8>>,
    pub(crate) payments: Vec<Vec<u8>>,
    pub(crate) pools: Vec<Vec<u8>>,
    pub(crate) texts: Vec<Vec<u8>>,
}

impl Written {
    pub(crate) fn by_a_model() -> Self {
        let mut bytes = (0_u32..).map(|number| (number.wrapping_mul(0x9e37_79b1) >> 24) as u8);
        let (mut world, founding) = World::new();
        for op in &founding {
            world.model.apply(op, world.now_ms);
        }
        for _ in 0..400 {
            let mut byte = || bytes.next().unwrap_or_default();
            let step = Step { clock: byte(), verb: byte(), items: vec![[byte(), byte(), byte(), byte()]] };
            let op = world.next(&step);
            world.model.apply(&op, world.now_ms);
        }
        let pools = || world.model.pools.values();
        let entries: Vec<&FeedEntry> = pools().flat_map(|pool| &pool.feed).collect();
        let transitions = || entries.iter().flat_map(|entry| &entry.transitions);
        let records = transitions().filter_map(|transition| record::pack(transition.record.as_ref()?).ok());
        let payments = pools().flat_map(|pool| pool.payments.values());
        Self {
            ids: IDS.iter().map(|text| text.as_bytes().to_vec()).collect(),
            entries: entries.iter().filter_map(|entry| encode(entry).ok()).collect(),
            records: records.collect(),
            payments: payments.filter_map(|payment| payment::pack(payment).ok()).collect(),
            pools: pools().filter_map(|pool| settings::pack_pool(&pool.settings).ok()).collect(),
            texts: pools().map(|pool| pool.settings.text().into_bytes()).collect(),
        }
    }
}
