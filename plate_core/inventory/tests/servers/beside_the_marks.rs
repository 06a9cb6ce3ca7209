//! What a store keeps beside marks: leases, who has what, snapshots, and ids across pools.

use plate_inventory::act::{Act, Channel};
use plate_inventory::item::{ConfirmItem, HeldItem, HoldItem};
use plate_inventory::library::Library;
use plate_inventory::outcome::Outcome;
use plate_inventory::placement::Placement;
use plate_inventory::record::Record;
use plate_inventory::settings::{DAY_MS, MINUTE_MS, PoolShape};
use plate_inventory::state::{Acquired, State};
use plate_inventory::store::{HoldClaim, Settlement, Snapshot, Store};

use crate::people::{ALMATY, NOON_MS, TARIFF, act_of, driver, hold, open_pools};
use crate::server::{Home, Kind, Server, run, set_time};

const ASTANA: &str = "person_car.01";

/// One keeper at a time: a lease is refused to others until it is given back or ends by the store's time.
#[test]
fn a_lease_has_one_holder() {
    for kind in Kind::BOTH {
        run(async {
            let server = Server::start(kind);
            let (mut client, store) = (server.client(), server.store().await);
            set_time(&mut client, &[], NOON_MS);
            assert_eq!(store.take_lease("keeper", "a", MINUTE_MS).await, Ok(true));
            assert_eq!(store.take_lease("keeper", "b", MINUTE_MS).await, Ok(false));
            assert_eq!(store.take_lease("keeper", "a", MINUTE_MS).await, Ok(true), "one's own is renewed");
            assert_eq!(store.give_lease("keeper", "b").await, Ok(false));
            set_time(&mut client, &[], NOON_MS + MINUTE_MS - 1);
            assert_eq!(store.take_lease("keeper", "b", MINUTE_MS).await, Ok(false));
            set_time(&mut client, &[], NOON_MS + MINUTE_MS);
            assert_eq!(store.take_lease("keeper", "b", MINUTE_MS).await, Ok(true), "it ended by itself");
            assert_eq!(store.give_lease("keeper", "b").await, Ok(true));
            assert_eq!(store.take_lease("keeper", "a", MINUTE_MS).await, Ok(true));
        });
    }
}

/// An applicant's holds and allotments are found in all pools, and nobody else's are.
#[test]
fn an_applicant_finds_what_he_has() {
    for kind in Kind::BOTH {
        run(async {
            let server = Server::start(kind);
            set_time(&mut server.client(), &[ALMATY, ASTANA], NOON_MS);
            let store = server.store().await;
            open_pools(&store, &[ALMATY, ASTANA]).await;
            let held = store.hold(ALMATY, &[hold(1, "a", 777), hold(2, "b", 778)]).await.expect("held");
            store.hold(ASTANA, &[hold(1, "c", 5), hold(1, "d", 6)]).await.expect("held");
            let record = held[0].record.clone().expect("a record");
            let payment = payment_for(&record, 777, "t-1");
            let bought = store.confirm(ALMATY, std::slice::from_ref(&payment)).await.expect("answered");
            assert_eq!(bought[0].outcome, Outcome::Allotted);
            let released = HeldItem { act: act_of(1, "e"), ordinal: 6, ..released_of(&store).await };
            assert_eq!(
                store.release(ASTANA, &[released]).await.expect("answered")[0].outcome,
                Outcome::Released
            );
            let pools = [ALMATY.to_owned(), ASTANA.to_owned()];
            let found = store.read_applicant(&pools, driver(1).id).await.expect("read");
            let brief: Vec<_> =
                found.iter().map(|(pool, ordinal, record)| (pool.as_str(), *ordinal, record.state)).collect();
            assert_eq!(brief, [(ASTANA, 5, State::Held), (ALMATY, 777, State::Allotted)], "{kind:?}");
            let payment_found =
                store.payment(ALMATY, payment.payment()).await.expect("read").expect("a payment");
            assert_eq!(payment_found.amount_tiyn, record.amount_tiyn);
            assert_eq!(store.read_applicant(&pools, driver(3).id).await, Ok(Vec::new()));
        });
    }
}

/// The right money of driver 1 for a hold of his.
fn payment_for(record: &Record, ordinal: u32, transaction: &str) -> ConfirmItem {
    let mut payment = ConfirmItem {
        act: Act { applicant: Some(driver(1)), ..Act::of("payments", "", Channel::Payment) },
        ordinal,
        provider: "kaspi".to_owned(),
        transaction: transaction.to_owned(),
        hold: record.hold,
        amount_tiyn: record.amount_tiyn,
        paid_at_ms: NOON_MS,
        acquired: Acquired::Chosen,
        current_tariff: TARIFF,
        current_amount_tiyn: record.amount_tiyn,
    };
    payment.act.id = payment.payment().into();
    payment
}

/// The hold on ordinal 6 of Astana, as an item to release.
async fn released_of(store: &Store) -> HeldItem {
    let read = store.read(ASTANA, &[6]).await.expect("read");
    let record = read[0].record.clone().expect("a record");
    HeldItem { act: act_of(1, "e"), ordinal: 6, hold: record.hold, revision: record.revision }
}

/// A snapshot shows each plane at one revision, with digits 000 and padding withheld from the beginning.
#[test]
fn a_snapshot_shows_planes_and_revision_together() {
    for kind in Kind::BOTH {
        run(async {
            let server = Server::start(kind);
            set_time(&mut server.client(), &[ALMATY], NOON_MS);
            let store = server.store().await;
            assert_eq!(store.snapshot(ALMATY).await, Ok(None), "there is no such pool yet");
            open_pools(&store, &[ALMATY]).await;
            let act = |id: &str| Act::of("admin", id, Channel::Portal);
            store.hold(ALMATY, &[hold(1, "a", 777)]).await.expect("held");
            store.import(ALMATY, &act("i"), &[1_024 + 5, 9]).await.expect("imported");
            store.withhold(ALMATY, &act("w"), &[9, 10], "a word").await.expect("withheld");
            let snapshot = store.snapshot(ALMATY).await.expect("read").expect("a pool");
            assert_eq!(snapshot.revision, 6);
            let shape = PoolShape::default();
            for ordinal in (0..4_096).chain([17_575 * 1_024, 17_575 * 1_024 + 999, 17_575 * 1_024 + 1_023]) {
                let bits = (
                    Snapshot::bit(&snapshot.taken, ordinal),
                    Snapshot::bit(&snapshot.issued, ordinal),
                    Snapshot::bit(&snapshot.withheld, ordinal),
                );
                let expected = (
                    ordinal == 777,
                    ordinal == 9 || ordinal == 1_029,
                    ordinal == 9 || ordinal == 10 || shape.never_issued(ordinal),
                );
                assert_eq!(bits, expected, "{kind:?} {ordinal}");
            }
            assert_eq!(snapshot.withheld.len(), 17_576 * 128);
        });
    }
}

/// Marks far apart in a plane are read and written like neighbours, which take a shorter way.
#[test]
fn marks_far_apart_are_like_neighbours() {
    for kind in Kind::BOTH {
        run(async {
            let server = Server::start(kind);
            set_time(&mut server.client(), &[ALMATY], NOON_MS);
            let store = server.store().await;
            open_pools(&store, &[ALMATY]).await;
            let act = |id: &str| Act::of("admin", id, Channel::Portal);
            let (near, far) = ([7, 8, 9, 1_030], [1, 900 * 1_024 + 2, 17_575 * 1_024 + 999, 3]);
            for (name, marks) in [("near", near), ("far", far)] {
                let [a, b, c, d] = marks;
                let imported = store
                    .import(ALMATY, &act(&format!("{name}-import")), &[a, b, a])
                    .await
                    .expect("answered");
                let counts = imported.context.import.expect("counts");
                assert_eq!((counts.imported, counts.already_imported), (2, 1), "{kind:?} {name}");
                let withheld = store.withhold(ALMATY, &act(&format!("{name}-w")), &[a, c, d], "x").await;
                assert!(withheld.expect("answered").iter().all(|answer| answer.outcome == Outcome::Withheld));
                let readmitted =
                    store.readmit(ALMATY, &act(&format!("{name}-r")), &[c, b]).await.expect("answered");
                let outcomes: Vec<_> = readmitted.iter().map(|answer| answer.outcome).collect();
                assert_eq!(outcomes, [Outcome::Readmitted, Outcome::NotWithheld], "{kind:?} {name}");
                let held = store.hold(ALMATY, &[hold(1, name, c), hold(2, name, d), hold(3, name, b)]).await;
                let outcomes: Vec<_> = held.expect("answered").iter().map(|answer| answer.outcome).collect();
                assert_eq!(
                    outcomes,
                    [Outcome::Held, Outcome::MarkWithheld, Outcome::MarkIssued],
                    "{kind:?} {name}"
                );
                let planes = store.read(ALMATY, &marks).await.expect("read");
                let bits: Vec<u8> =
                    planes.iter().map(|answer| answer.context.planes.expect("planes").bits()).collect();
                assert_eq!(bits, [2 + 4, 2, 1, 4], "{kind:?} {name}");
            }
        });
    }
}

/// The same request id with another body is refused wherever it lands: in another pool, for another verb.
#[test]
fn a_request_id_has_one_meaning_across_pools() {
    for kind in Kind::BOTH {
        run(async {
            let server = Server::start(kind);
            set_time(&mut server.client(), &[ALMATY, ASTANA], NOON_MS);
            let store = server.store().await;
            open_pools(&store, &[ALMATY, ASTANA]).await;
            let first = store.hold(ALMATY, &[hold(1, "same", 777)]).await.expect("answered");
            assert_eq!(first[0].outcome, Outcome::Held);
            let elsewhere = store.hold(ASTANA, &[hold(1, "same", 777)]).await.expect("answered");
            assert_eq!(elsewhere[0].outcome, Outcome::RequestIdReused, "{kind:?}");
            let other_verb = store.withhold(ALMATY, &act_of(1, "same"), &[1], "x").await.expect("answered");
            assert_eq!(other_verb[0].outcome, Outcome::RequestIdReused, "{kind:?}");
            assert_eq!(
                store.hold(ALMATY, &[hold(1, "same", 777)]).await,
                Ok(first),
                "and its own answer is repeated"
            );
        });
    }
}

/// A transaction buys one mark, however late the provider names it again with another reference: a year later, when
/// every other claim of that day is forgotten, it is refused, and its first answer is repeated.
#[test]
fn a_transaction_never_buys_a_second_mark() {
    for kind in Kind::BOTH {
        run(async {
            let server = Server::start(kind);
            let mut client = server.client();
            set_time(&mut client, &[ALMATY, ASTANA], NOON_MS);
            let store = server.store().await;
            open_pools(&store, &[ALMATY, ASTANA]).await;
            let first = held(&store, ALMATY, hold(1, "a", 777)).await;
            let payment = payment_for(&first, 777, "t-1");
            let bought = store.confirm(ALMATY, std::slice::from_ref(&payment)).await.expect("answered");
            assert_eq!(bought[0].outcome, Outcome::Allotted);

            let year_later_ms = NOON_MS + 365 * DAY_MS;
            set_time(&mut client, &[ALMATY, ASTANA], year_later_ms);
            store.sweep_ids(0).await.expect("swept");
            let kept: u64 = redis::cmd("HLEN").arg("{s0}:ids").query(&mut client).expect("a number");
            assert_eq!(kept, 1, "{kind:?}: the transaction's claim, of all that there were");

            let second = held(&store, ASTANA, hold(1, "a", 5)).await;
            let again = payment_for(&second, 5, "t-1");
            let refused = store.confirm(ASTANA, std::slice::from_ref(&again)).await.expect("answered");
            assert_eq!(refused[0].outcome, Outcome::RequestIdReused, "{kind:?}");
            assert_eq!(store.payment(ASTANA, again.payment()).await, Ok(None));
            assert_eq!(store.confirm(ALMATY, &[payment]).await, Ok(bought), "the first answer is repeated");

            // The control: the request id of the first hold was forgotten and held anew, and other money buys the mark.
            let other = store.confirm(ASTANA, &[payment_for(&second, 5, "t-2")]).await.expect("answered");
            assert_eq!(other[0].outcome, Outcome::Allotted, "{kind:?}");
        });
    }
}

/// What many single calls left behind is forgotten by one sweep, not a few calls' worth at a time: the memory of old
/// ids must not grow faster than it is given back.
#[test]
fn one_sweep_forgets_what_many_calls_left() {
    for kind in Kind::BOTH {
        run(async {
            let server = Server::start(kind);
            let mut client = server.client();
            set_time(&mut client, &[ALMATY], NOON_MS);
            let store = server.store().await;
            open_pools(&store, &[ALMATY]).await;
            for number in 0..60 {
                held(&store, ALMATY, hold(number, "a", u32::from(number) + 1)).await;
            }
            let mut left = || -> [u64; 2] {
                let mut count = |key: &str| redis::cmd("HLEN").arg(key).query(&mut client).expect("a number");
                [count("{s0}:ids"), count("{person_car.02}:requests")]
            };
            assert_eq!(left(), [61, 1], "{kind:?}: each hold with its answer, and the pool's opening");

            set_time(&mut server.client(), &[ALMATY], NOON_MS + 30 * DAY_MS);
            store.sweep(ALMATY, 128).await.expect("swept");
            store.sweep_ids(0).await.expect("swept");
            assert_eq!(left(), [0, 0], "{kind:?}");
        });
    }
}

/// Deadlines of holds that were given back stand in the list until they are swept, and end nothing: that is said apart
/// from that nothing is due, or what is due behind them would wait.
#[test]
fn a_sweep_says_whether_more_may_be_due() {
    for kind in Kind::BOTH {
        run(async {
            let server = Server::start(kind);
            set_time(&mut server.client(), &[ALMATY], NOON_MS);
            let store = server.store().await;
            open_pools(&store, &[ALMATY]).await;
            for number in 0..4 {
                let record = held(&store, ALMATY, hold(number, "a", u32::from(number) + 1)).await;
                let act = act_of(number, &format!("b-{number}"));
                let item = HeldItem {
                    act,
                    ordinal: u32::from(number) + 1,
                    hold: record.hold,
                    revision: record.revision,
                };
                if number < 3 {
                    let released = store.release(ALMATY, &[item]).await.expect("answered");
                    assert_eq!(released[0].outcome, Outcome::Released);
                }
            }
            let mut swept = Vec::new();
            for time_ms in [NOON_MS, NOON_MS + DAY_MS, NOON_MS + DAY_MS, NOON_MS + DAY_MS] {
                set_time(&mut server.client(), &[ALMATY], time_ms);
                let found = store.sweep(ALMATY, 2).await.expect("swept");
                swept.push((found.answers.len(), found.more));
            }
            assert_eq!(swept, [(0, false), (0, true), (1, true), (0, false)], "{kind:?}");
        });
    }
}

/// Holds a mark, and gives its record.
async fn held(store: &Store, pool: &str, item: HoldItem) -> Record {
    let answers = store.hold(pool, &[item]).await.expect("answered");
    assert_eq!(answers[0].outcome, Outcome::Held);
    answers[0].record.clone().expect("a record")
}

/// A person's limit spans pools, and a mark that was refused does not count.
#[test]
fn a_limit_spans_pools() {
    for kind in Kind::BOTH {
        run(async {
            let server = Server::start(kind);
            set_time(&mut server.client(), &[ALMATY, ASTANA], NOON_MS);
            let store = server.store().await;
            open_pools(&store, &[ALMATY, ASTANA]).await;
            let outcomes = |answers: Vec<plate_inventory::answer::Answer>| -> Vec<Outcome> {
                answers.iter().map(|answer| answer.outcome).collect()
            };
            // Three live holds a person; ordinal 0 has digits 000.
            let first = store
                .hold(ALMATY, &[hold(1, "a", 1), hold(1, "b", 0), hold(1, "c", 2)])
                .await
                .expect("answered");
            assert_eq!(outcomes(first), [Outcome::Held, Outcome::MarkWithheld, Outcome::Held]);
            let second = store
                .hold(ASTANA, &[hold(1, "d", 3), hold(1, "e", 4), hold(2, "f", 4)])
                .await
                .expect("answered");
            assert_eq!(outcomes(second), [Outcome::Held, Outcome::LimitReached, Outcome::Held], "{kind:?}");
        });
    }
}

/// A number beyond every pool is refused by itself, and its neighbours in the batch are not.
#[test]
fn a_mark_beyond_the_pool_is_refused_alone() {
    for kind in Kind::BOTH {
        run(async {
            let server = Server::start(kind);
            set_time(&mut server.client(), &[ALMATY], NOON_MS);
            let store = server.store().await;
            open_pools(&store, &[ALMATY]).await;
            let wanted = [hold(1, "a", 777), hold(2, "b", 3_000_000_000), hold(3, "c", 17_998_849)];
            let outcomes = store.hold(ALMATY, &wanted).await.expect("answered");
            let outcomes: Vec<_> = outcomes.iter().map(|answer| answer.outcome).collect();
            assert_eq!(outcomes, [Outcome::Held, Outcome::MarkWithheld, Outcome::MarkWithheld], "{kind:?}");
        });
    }
}

/// A hold that was answered in one step keeps its permit when another pass of its id, which went by way of another
/// server, says later that it came to nothing: it can still be extended, and its answer is the same.
#[test]
fn a_late_settlement_takes_no_permit_of_a_hold() {
    for kind in Kind::BOTH {
        run(async {
            let server = Server::start(kind);
            set_time(&mut server.client(), &[ALMATY], NOON_MS);
            let library = Library::for_tests().expect("the library assembles");
            let (store, apart) = (server.store().await, server.store_placed(library, Placement::Apart).await);
            open_pools(&store, &[ALMATY]).await;
            let item = hold(1, "a", 777);
            let claim = HoldClaim { act: &item.act, digest: item.digest(ALMATY), acquired: item.acquired };
            apart.admit(&[claim]).await.expect("admitted");
            let held = store.hold(ALMATY, std::slice::from_ref(&item)).await.expect("answered");
            let late = Settlement::not_taken_up(&item.act).expect("an applicant");
            apart.settle_permits(&[late]).await.expect("settled");

            assert_eq!(store.hold(ALMATY, std::slice::from_ref(&item)).await, Ok(held.clone()), "{kind:?}");
            let record = held[0].record.as_ref().expect("a record");
            let act = act_of(1, "extend");
            let longer = HeldItem { act, ordinal: 777, hold: record.hold, revision: record.revision };
            let extended = store.extend(ALMATY, &[longer]).await.expect("answered");
            assert_eq!(extended[0].outcome, Outcome::Extended, "{kind:?}");
        });
    }
}
