//! What there is in the small world: pools, marks, applicants, callers, two tariffs.

use crate::act::{Applicant, ApplicantKind, Channel};
use crate::id::{ApplicantId, TariffId};
use crate::settings::{DAY_MS, LOCAL_OFFSET_MS, MINUTE_MS, PoolSettings, PoolShape, SECOND_MS, TariffFrom};

/// The pools of the small world.
pub const POOLS: [&str; 2] = ["person_car.02", "entity_car.17"];
/// A pool that is in no store.
pub const NO_POOL: &str = "person_car.99";
/// Its marks: five that can be had, on both sides of a row's end, then digits 000 and padding.
pub const MARKS: [u32; 7] = [1, 7, 777, 999, 1_025, 0, 1_000];
/// Half an hour before midnight in Almaty, between 31 December 2025 and 1 January 2026.
pub const START_MS: i64 = 20_454 * DAY_MS - LOCAL_OFFSET_MS - 30 * MINUTE_MS;

pub(super) const TARIFFS: [TariffId; 2] = [TariffId([0x25; 8]), TariffId([0x26; 8])];
pub(super) const CALLERS: [(&str, Channel); 4] = [
    ("app", Channel::EgovMobile),
    ("desk-1", Channel::Desk),
    ("desk-2", Channel::Desk),
    ("kiosk", Channel::Kiosk),
];

/// The settings of every pool of the world: two tariffs, a change at midnight, and small caps.
#[must_use]
pub fn settings() -> PoolSettings {
    PoolSettings {
        shape: PoolShape { rows: 2, digit_values: 1_000 },
        opens_at_ms: START_MS + SECOND_MS,
        clock_guard: true,
        tariffs: vec![
            TariffFrom { tariff: TARIFFS[0], from_ms: START_MS - DAY_MS },
            TariffFrom { tariff: TARIFFS[1], from_ms: midnight_ms() },
        ],
        cuts_ms: vec![midnight_ms()],
        same_mark_daily_cap: 2,
        feed_backlog_max: 60,
        ..PoolSettings::default()
    }
}

/// Midnight in Almaty, when the price changes.
pub(super) const fn midnight_ms() -> i64 {
    START_MS + 30 * MINUTE_MS
}

/// What a mark costs by a tariff: three of them differ from one tariff to the other, two do not.
pub(super) fn amount_tiyn(tariff: TariffId, ordinal: u32) -> i64 {
    let dearer = tariff == TARIFFS[1] && ordinal % 4 == 1;
    100_000 + i64::from(ordinal) + i64::from(dearer) * 5_000
}

/// One of the marks: four times in five one that can be had.
pub(super) fn mark(item: &[u8; 4]) -> u32 {
    match item[0] {
        0..=239 => MARKS[usize::from(item[0]) % 5],
        _ => MARKS[usize::from(item[0]) % MARKS.len()],
    }
}

/// One of four applicants: three persons and a company.
pub(super) fn applicant(byte: u8) -> Applicant {
    let number = byte % 4;
    let company = number == 3;
    Applicant {
        id: ApplicantId([0xa0 + number; 16]),
        kind: if company { ApplicantKind::Entity } else { ApplicantKind::Person },
        key_id: 1,
        representative: company.then(|| representative(byte)),
    }
}

/// One of the two who act for the company.
pub(super) fn representative(byte: u8) -> ApplicantId {
    ApplicantId([0xae + byte / 4 % 2; 16])
}
