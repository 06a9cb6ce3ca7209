//! A store on sale, and what is wanted from it.

use plate_inventory::act::{Act, Applicant, ApplicantKind, Channel};
use plate_inventory::id::{ApplicantId, PaymentId, TariffId};
use plate_inventory::item::{ConfirmItem, HeldItem, HoldItem};
use plate_inventory::keys::PoolKey;
use plate_inventory::settings::{PoolSettings, SettingsChange, ShardSettings, TariffFrom};
use plate_inventory::state::Acquired;
use plate_inventory::store::{Store, StoreOptions, planes};

use crate::Fault;

/// The tariff that prices every mark of a bench.
pub(crate) const TARIFF: TariffId = TariffId([7; 8]);

/// Of so many marks one stays free where a pool is filled: 1,755 of a region, and 99.99 % are taken.
pub(crate) const STRIDE: u32 = 10_000;

/// Bytes of a plane of a persons' region: 17,576 series, 128 bytes each.
const PLANE_BYTES: usize = 17_576 * 128;

/// The pools of a sale: regions of persons' marks.
pub(crate) fn pools(count: u32) -> Vec<String> {
    (1..=count).map(|region| format!("person_car.{region:02}")).collect()
}

/// Empties the server and puts pools on sale.
pub(crate) async fn open(url: &str, pools: &[String]) -> Result<Store, Fault> {
    // At once: what is freed in the background would be counted as CPU of the holds, and as memory that they gave back.
    redis::cmd("FLUSHALL").arg("SYNC").exec(&mut redis::Client::open(url)?.get_connection()?)?;
    let store = Store::connect(url, StoreOptions::release()?).await?;
    let limits = ShardSettings { live_holds_person: 1_000, ..ShardSettings::default() };
    store.configure_shard(|_| Ok(limits.clone())).await?;
    let settings = PoolSettings {
        tariffs: vec![TariffFrom { tariff: TARIFF, from_ms: 0 }],
        feed_backlog_max: 100_000_000,
        ..PoolSettings::default()
    };
    for pool in pools {
        let act = Act::of("admin", &format!("open-{pool}"), Channel::Portal);
        store.configure(pool, &act, &SettingsChange::to(&settings), None).await?;
    }
    Ok(store)
}

/// The n-th mark of a pool, 000 and the padding of rows left out.
pub(crate) fn mark(number: u32) -> u32 {
    number / 999 * 1_024 + number % 999 + 1
}

/// Somebody's wish for a mark: each number is another applicant with another request.
pub(crate) fn wish(number: u32, ordinal: u32) -> HoldItem {
    let mut id = [0; 16];
    id[..4].copy_from_slice(&number.to_le_bytes());
    let applicant =
        Applicant { id: ApplicantId(id), kind: ApplicantKind::Person, key_id: 1, representative: None };
    let mut act =
        Act::on_behalf("0123456789abcdef", &format!("request-{number}"), Channel::EgovMobile, applicant);
    act.office = "almaty-3".to_owned();
    HoldItem { act, ordinal, tariff: TARIFF, amount_tiyn: 4_325_000, acquired: Acquired::Chosen }
}

/// That the applicant of a hold wants to pay for it.
pub(crate) fn payment_of(held: &HoldItem, revision: u64) -> HeldItem {
    let mut act = held.act.clone();
    act.id.0[15] ^= 0xFF;
    HeldItem { act, ordinal: held.ordinal, hold: held.act.id.into(), revision }
}

/// The payment side's message that what a hold costs has come.
pub(crate) fn money_for(held: &HoldItem) -> ConfirmItem {
    let transaction = format!("transaction-{}", held.ordinal);
    let id = PaymentId::of("kaspi", &transaction).into();
    ConfirmItem {
        act: Act { id, applicant: held.act.applicant, ..Act::of("payments", "", Channel::Payment) },
        ordinal: held.ordinal,
        provider: "kaspi".to_owned(),
        transaction,
        hold: held.act.id.into(),
        amount_tiyn: held.amount_tiyn,
        paid_at_ms: 1_764_000_000_000,
        acquired: Acquired::Chosen,
        current_tariff: held.tariff,
        current_amount_tiyn: held.amount_tiyn,
    }
}

/// Takes a share of a pool, as a registry of issued marks leaves it: those that a bench will ask for stay free.
pub(crate) fn fill(url: &str, pool: &str, share: f64) -> Result<(), Fault> {
    let mut issued = vec![0_u8; PLANE_BYTES];
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a plane")]
    let taken = (share * PLANE_BYTES as f64) as usize;
    issued.iter_mut().take(taken).for_each(|byte| *byte = 0xFF);
    for number in (0..17_576 * 999).step_by(STRIDE as usize) {
        let ordinal = mark(number);
        if let Some(byte) = issued.get_mut(ordinal as usize / 8) {
            *byte &= !(0x80 >> (ordinal % 8));
        }
    }
    let mut client = redis::Client::open(url)?.get_connection()?;
    redis::cmd("SET").arg(PoolKey::Planes.of(pool)).arg(planes::together(&issued, &[])).exec(&mut client)?;
    Ok(())
}
