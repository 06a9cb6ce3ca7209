//! What there is in the world: the model's small, colliding universe, and the times of its keepers.

use plate_inventory::act::{Act, Applicant, ApplicantKind, Channel};
use plate_inventory::id::{ApplicantId, RequestId, TariffId};
use plate_inventory::model::generator::{MARKS, POOLS, START_MS, settings};
use plate_inventory::model::{Model, Op};
use plate_inventory::placement::Placement;
use plate_inventory::settings::{MINUTE_MS, SECOND_MS, SettingsChange, ShardSettings};

use crate::trace::Place;

/// How many pools there are.
pub const POOL_COUNT: usize = 2;
/// How many marks of each can be had.
pub const MARK_COUNT: usize = 5;
/// How many applicants ask for them.
pub const APPLICANT_COUNT: usize = 4;
/// How long the right to expire is leased: longer than in the service, because a step takes seconds here.
pub const EXPIRY_LEASE_MS: i64 = 60 * SECOND_MS;
/// How long a keeper is the active one without renewing.
pub const KEEPER_LEASE_MS: i64 = 60 * SECOND_MS;
/// How far the store's clock may step before nothing expires.
pub const CLOCK_TOLERANCE_MS: i64 = 500;
/// The furthest ahead that a deadline is given: a payment's.
pub const DEADLINE_MAX_MS: i64 = 30 * MINUTE_MS;
/// How long what is on disk stays in the feed.
pub const TRIM_TURN_MS: i64 = SECOND_MS;

/// An inventory as it is founded.
#[must_use]
pub fn founded(placement: Placement) -> Model {
    let limits = ShardSettings {
        live_holds_person: 2,
        live_holds_entity: 3,
        operator_daily_cap: 40,
        clock_guard: true,
        ..ShardSettings::for_pools([&settings()])
    };
    let mut model = Model { placement, ..Model::new(limits) };
    for pool in POOLS {
        let act = Act::of("admin", &format!("found-{pool}"), Channel::Keeper);
        let change = SettingsChange::to(&settings());
        model.apply(&Op::Configure { pool: pool.to_owned(), act, change }, START_MS);
    }
    model
}

/// The name of a pool by its number.
#[must_use]
pub fn pool_name(pool: usize) -> &'static str {
    POOLS[pool]
}

/// Where a mark stands among those of its pool.
#[must_use]
pub fn mark_index(ordinal: u32) -> Option<usize> {
    MARKS[..MARK_COUNT].iter().position(|mark| *mark == ordinal)
}

/// A mark as a person would name it in a trace.
#[must_use]
pub fn mark_name((pool, ordinal): Place) -> String {
    format!("{}/{ordinal}", pool_name(pool))
}

/// The applicant of a number: three persons and a company.
#[must_use]
pub fn applicant(number: usize) -> Applicant {
    let kind = if number == 3 { ApplicantKind::Entity } else { ApplicantKind::Person };
    Applicant { id: applicant_id(number), kind, key_id: 1, representative: None }
}

/// The pseudonym of an applicant.
#[must_use]
pub const fn applicant_id(number: usize) -> ApplicantId {
    ApplicantId([0xa0 + number as u8; 16])
}

/// The number of an applicant.
#[must_use]
pub fn applicant_number(id: ApplicantId) -> usize {
    usize::from(id.0[0].saturating_sub(0xa0)) % APPLICANT_COUNT
}

/// The request id of a number.
#[must_use]
pub fn request_id(number: u32) -> RequestId {
    let mut id = [0x11; 16];
    id[..4].copy_from_slice(&number.to_be_bytes());
    RequestId(id)
}

/// What a mark costs by a tariff: three of them differ from one tariff to the other, two do not.
#[must_use]
pub fn amount_tiyn(tariff: TariffId, ordinal: u32) -> i64 {
    let dearer = tariff == settings_tariffs()[1] && ordinal % 4 == 1;
    100_000 + i64::from(ordinal) + i64::from(dearer) * 5_000
}

/// The two tariffs of the universe.
#[must_use]
pub const fn settings_tariffs() -> [TariffId; 2] {
    [TariffId([0x25; 8]), TariffId([0x26; 8])]
}
