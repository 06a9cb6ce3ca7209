//! What a call answers that failed after part of it took effect, and what stays of one that took none.

use plate_inventory::act::{Act, Channel};
use plate_inventory::item::{AssignItem, BATCH_MAX, HeldItem, HoldItem};
use plate_inventory::outcome::Outcome;
use plate_inventory::store::{Store, StoreError};

use crate::people::{ALMATY, NOON_MS, TARIFF, act_of, driver, hold, open_pools};
use crate::server::{Kind, Server, run, set_time};

/// An office whose name fits no record: packing it fails, before anything of its batch is sent.
fn too_long() -> String {
    "o".repeat(300)
}

/// One item more than a batch takes.
fn more_than_a_batch() -> impl Iterator<Item = u16> {
    0..=u16::try_from(BATCH_MAX).expect("a small number")
}

async fn open(server: &Server) -> Store {
    set_time(&mut server.client(), &[ALMATY], NOON_MS);
    let store = server.store().await;
    open_pools(&store, &[ALMATY]).await;
    store
}

/// The first batch is held and the second fails: the whole is unknown, and sent again it says who holds what.
#[test]
fn holds_that_failed_midway_are_unknown() {
    for kind in Kind::BOTH {
        run(async {
            let server = Server::start(kind);
            let store = open(&server).await;
            let mut items: Vec<HoldItem> = more_than_a_batch()
                .map(|number| hold(number, &format!("hold-{number}"), 1_025 + u32::from(number)))
                .collect();
            items[BATCH_MAX].act.office = too_long();
            let failed = store.hold(ALMATY, &items).await;
            assert!(matches!(failed, Err(StoreError::Unknown { .. })), "{kind:?}: {failed:?}");
            items[BATCH_MAX].act.office = String::new();
            let again = store.hold(ALMATY, &items).await.expect("answers");
            assert!(again.iter().all(|answer| answer.outcome == Outcome::Held), "{kind:?}: {again:?}");
        });
    }
}

/// What failed before anything took effect is still said to have had none.
#[test]
fn a_first_batch_that_failed_took_no_effect() {
    for kind in Kind::BOTH {
        run(async {
            let server = Server::start(kind);
            let store = open(&server).await;
            let mut item = hold(1, "hold-1", 1_025);
            item.act.office = too_long();
            let failed = store.hold(ALMATY, &[item]).await;
            assert!(matches!(failed, Err(StoreError::TooLong(_))), "{kind:?}: {failed:?}");
        });
    }
}

/// As with holds of chosen marks.
#[test]
fn assignments_that_failed_midway_are_unknown() {
    for kind in Kind::BOTH {
        run(async {
            let server = Server::start(kind);
            let store = open(&server).await;
            let mut items: Vec<AssignItem> = more_than_a_batch()
                .map(|number| AssignItem {
                    act: act_of(number, &format!("next-{number}")),
                    candidates: vec![1_025 + u32::from(number)],
                    tariff: TARIFF,
                    amount_tiyn: 4_325_000,
                })
                .collect();
            items[BATCH_MAX].act.office = too_long();
            let failed = store.assign_next(ALMATY, &items).await;
            assert!(matches!(failed, Err(StoreError::Unknown { .. })), "{kind:?}: {failed:?}");
            items[BATCH_MAX].act.office = String::new();
            let again = store.assign_next(ALMATY, &items).await.expect("answers");
            assert!(again.iter().all(|answer| answer.outcome == Outcome::Held), "{kind:?}: {again:?}");
        });
    }
}

/// As with holds: here releases, which stand for every verb that takes no new permit.
#[test]
fn releases_that_failed_midway_are_unknown() {
    for kind in Kind::BOTH {
        run(async {
            let server = Server::start(kind);
            let store = open(&server).await;
            let holds: Vec<HoldItem> = more_than_a_batch()
                .map(|number| hold(number, &format!("hold-{number}"), 1_025 + u32::from(number)))
                .collect();
            let held = store.hold(ALMATY, &holds).await.expect("held");
            let mut items: Vec<HeldItem> = more_than_a_batch()
                .zip(held.iter().zip(&holds))
                .map(|(number, (answer, item))| HeldItem {
                    act: act_of(number, &format!("release-{number}")),
                    ordinal: item.ordinal,
                    hold: item.act.id.into(),
                    revision: answer.record.as_ref().expect("a record").revision,
                })
                .collect();
            items[BATCH_MAX].act.office = too_long();
            let failed = store.release(ALMATY, &items).await;
            assert!(matches!(failed, Err(StoreError::Unknown { .. })), "{kind:?}: {failed:?}");
            items[BATCH_MAX].act.office = String::new();
            let again = store.release(ALMATY, &items).await.expect("answers");
            assert!(again.iter().all(|answer| answer.outcome == Outcome::Released), "{kind:?}: {again:?}");
        });
    }
}

/// An operator's holds that the pool could not take count for nobody: neither his day nor the citizens' permits.
#[test]
fn holds_that_came_to_nothing_cost_no_permit_and_no_count() {
    for kind in Kind::BOTH {
        run(async {
            let server = Server::start(kind);
            let store = open(&server).await;
            let act = Act::on_behalf("operator-1", "desk-1", Channel::Desk, driver(1));
            let chosen = HoldItem { act, ..hold(1, "", 1_025) };
            let act = Act::on_behalf("operator-1", "desk-2", Channel::Desk, driver(2));
            let next = AssignItem { act, candidates: vec![1_026], tariff: TARIFF, amount_tiyn: 4_325_000 };
            let mut client = server.client();
            let unfit = |act: &Act| Act { office: too_long(), ..act.clone() };
            let unfit_chosen = HoldItem { act: unfit(&chosen.act), ..chosen.clone() };
            let unfit_next = AssignItem { act: unfit(&next.act), ..next };
            assert!(store.hold(ALMATY, std::slice::from_ref(&unfit_chosen)).await.is_err(), "{kind:?}");
            assert!(store.assign_next(ALMATY, &[unfit_next]).await.is_err(), "{kind:?}");
            assert_eq!(kept(&mut client), (0, 0), "{kind:?}");
            let held = store.hold(ALMATY, &[chosen]).await.expect("held");
            assert_eq!(held[0].outcome, Outcome::Held, "{kind:?}");
            assert_eq!(kept(&mut client), (1, 1), "{kind:?}");
            // A repetition that fails takes nothing from the hold that stands.
            assert!(store.hold(ALMATY, &[unfit_chosen]).await.is_err(), "{kind:?}");
            assert_eq!(kept(&mut client), (1, 1), "{kind:?}");
        });
    }
}

/// How many applicants have permits, and how many holds the operator has made today.
fn kept(client: &mut redis::Connection) -> (usize, u16) {
    let permits: usize = redis::cmd("HLEN").arg("{s0}:permits").query(client).expect("a number");
    let day: Option<Vec<u8>> =
        redis::cmd("HGET").arg("{s0}:operator_days").arg("operator-1").query(client).expect("a day");
    let made = day.map_or(0, |day| u16::from_le_bytes([day[4], day[5]]));
    (permits, made)
}
