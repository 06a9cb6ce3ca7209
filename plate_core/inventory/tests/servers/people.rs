//! Who acts in these tests, and on which pool.

use plate_inventory::act::{Act, Applicant, ApplicantKind, Channel};
use plate_inventory::id::{ApplicantId, TariffId};
use plate_inventory::item::HoldItem;
use plate_inventory::settings::{PoolSettings, SettingsChange, ShardSettings, TariffFrom};
use plate_inventory::state::Acquired;
use plate_inventory::store::Store;

/// A pool of persons' cars.
pub const ALMATY: &str = "person_car.02";
/// The tariff in force.
pub const TARIFF: TariffId = TariffId([7; 8]);
/// A moment in November 2026.
pub const NOON_MS: i64 = 1_795_000_000_000;

/// A driver by his number.
pub fn driver(number: u16) -> Applicant {
    let mut id = [0; 16];
    id[..2].copy_from_slice(&number.to_le_bytes());
    Applicant { id: ApplicantId(id), kind: ApplicantKind::Person, key_id: 1, representative: None }
}

/// An act of a driver for himself.
pub fn act_of(number: u16, request: &str) -> Act {
    Act::on_behalf(&format!("driver-{number}"), request, Channel::EgovMobile, driver(number))
}

/// A driver asks for a mark.
pub fn hold(number: u16, request: &str, ordinal: u32) -> HoldItem {
    HoldItem {
        act: act_of(number, request),
        ordinal,
        tariff: TARIFF,
        amount_tiyn: 4_325_000,
        acquired: Acquired::Chosen,
    }
}

/// Settings under which marks are sold.
pub fn open_for_sale() -> PoolSettings {
    PoolSettings { tariffs: vec![TariffFrom { tariff: TARIFF, from_ms: 0 }], ..PoolSettings::default() }
}

/// Opens pools for sale, under the usual limits.
pub async fn open_pools(store: &Store, pools: &[&str]) {
    store.configure_shard(|_| Ok(ShardSettings::default())).await.expect("the limits are set");
    for pool in pools {
        let act = Act::of("admin", &format!("open-{pool}"), Channel::Portal);
        let answer = store.configure(pool, &act, &SettingsChange::to(&open_for_sale()), None).await;
        let answer = answer.expect("the pool is opened").expect("there was none");
        assert!(answer.outcome.is_done(), "{answer:?}");
    }
}
