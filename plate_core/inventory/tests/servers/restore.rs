//! A store that is compared with its journal, and one that is rebuilt from it.

use plate_inventory::journal::{Replay, Restoration};
use plate_inventory::library::Library;
use plate_inventory::model::Op;
use plate_inventory::model::generator::{POOLS, Step, World, settings};
use plate_inventory::outcome::Class;
use plate_inventory::placement::Placement;
use plate_inventory::store::{Comparison, Difference, StoreError};

use crate::differential::{difference, for_all_runs, server};
use crate::driver::{Driver, State};
use crate::people::{ALMATY, NOON_MS, hold, open_pools};
use crate::server::cluster::Cluster;
use crate::server::{Home, Kind, Server, run, set_time};

/// A store rebuilt from its journal holds what the lost one held, and repeats the answer of everything it ever did.
#[test]
fn a_restored_store_goes_on_where_the_journal_ends() {
    for (kind, placement, cases) in [
        (Kind::Valkey, Placement::Together, 60),
        (Kind::Redis, Placement::Together, 20),
        (Kind::Valkey, Placement::Apart, 20),
    ] {
        let server = server(kind);
        let library = Library::for_tests().expect("the library assembles");
        for_all_runs(cases, |steps| run(restore_run(&server, &library, placement, steps))).unwrap();
    }
}

/// The same of a cluster: pools, shard and documents go to their own primaries, and are there on all of them.
#[test]
fn a_restored_cluster_goes_on_where_the_journal_ends() {
    for kind in Kind::BOTH {
        let cluster = Cluster::start(kind);
        cluster.set_everywhere("appendfsync", "no");
        let library = Library::for_tests().expect("the library assembles");
        for_all_runs(6, |steps| run(restore_run(&cluster, &library, Placement::Apart, steps))).unwrap();
    }
}

/// One run in the model and in a store; then the store is lost, rebuilt from its journal, and asked everything again.
async fn restore_run(
    server: &impl Home,
    library: &Library,
    placement: Placement,
    steps: &[Step],
) -> Result<(), String> {
    let mut driver = Driver::new(server, library.clone(), placement).await;
    let (mut world, founding) = World::new();
    world.model.placement = placement;
    let mut done: Vec<Op> = Vec::new();
    for op in &founding {
        world.model.apply(op, world.now_ms);
        driver.apply(op, world.now_ms).await.map_err(|error| error.to_string())?;
    }
    for step in steps {
        let op = world.next(step);
        world.model.apply(&op, world.now_ms);
        let answers = driver.apply(&op, world.now_ms).await.map_err(|error| error.to_string())?;
        let singly = op.singly().into_iter().filter(is_repeated).zip(answers);
        done.extend(singly.filter(|(_, a)| a.outcome.facts().class == Class::Done).map(|(single, _)| single));
    }
    let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
    driver.journal(directory.path()).await.map_err(|error| error.to_string())?;
    compare(&driver, &mut Replay::of(directory.path()).expect("it replays"), 0).await?;

    server.behind().empty();
    let restoration = Restoration::of(directory.path()).expect("it reads");
    server.set_everywhere("appendfsync", "always");
    let restored = driver.store().restore(&restoration).await;
    server.set_everywhere("appendfsync", "no");
    restored.map_err(|error| error.to_string())?;
    compare(&driver, &mut restoration.replay.clone(), 0).await?;
    for op in founding.iter().filter(|op| matches!(op, Op::Limit { .. } | Op::Lease { .. })) {
        driver.apply(op, world.now_ms).await.map_err(|error| error.to_string())?;
    }
    let expected = State::of_model(&world.model, world.now_ms).restored(world.now_ms, placement);
    let state = driver
        .state(world.now_ms)
        .await
        .map_err(|error| error.to_string())?
        .restored(world.now_ms, placement);
    if state != expected {
        return Err(difference(&format!("{expected:#?}"), &format!("{state:#?}")));
    }
    repeat(&mut world, &mut driver, &done).await
}

/// A store that has anything of ours is not restored into, nor one that can lose marks; nothing is written to either.
#[test]
fn only_an_empty_store_that_keeps_marks_is_restored() {
    for kind in Kind::BOTH {
        run(async {
            let server = Server::start(kind);
            let store = server.store().await;
            set_time(&mut server.client(), &[ALMATY], NOON_MS);
            open_pools(&store, &[ALMATY]).await;
            let refused = store.restore(&Restoration::default()).await;
            assert!(matches!(refused, Err(StoreError::NotEmpty { .. })), "{kind:?} {refused:?}");
            redis::cmd("FLUSHALL").exec(&mut server.client()).unwrap();
            store.restore(&Restoration::default()).await.expect("an empty one is founded");
            let unsafe_one = Server::start_with(kind, &[("appendfsync", "everysec")]);
            let refused = unsafe_one.store().await.restore(&Restoration::default()).await;
            assert!(matches!(refused, Err(StoreError::Contract(_))), "{kind:?} {refused:?}");
            let keys: u64 = redis::cmd("DBSIZE").query(&mut unsafe_one.client()).unwrap();
            assert_eq!(keys, 0, "{kind:?}");
        });
    }
}

/// Asks for everything again that was once done: the same answers, and nothing changes.
async fn repeat(world: &mut World, driver: &mut Driver, done: &[Op]) -> Result<(), String> {
    for op in done {
        let before = revisions(world);
        let mut oracle = world.model.clone();
        let expected = oracle.apply(op, world.now_ms);
        // What is over may be forgotten: then the model judges it anew, and so may the store. A pool that is frozen
        // forgets nothing; a restoration does.
        let is_over = world.now_ms - expected[0].server_ms >= settings().request_retention_ms;
        if revisions_of(&oracle) != before || expected[0].outcome.facts().class != Class::Done || is_over {
            continue;
        }
        let answers =
            driver.apply(op, world.now_ms).await.map_err(|error| format!("{error} after {op:?}"))?;
        if answers != expected {
            let differs = difference(&format!("{expected:#?}"), &format!("{answers:#?}"));
            return Err(format!("{differs}\nafter {op:?}"));
        }
    }
    Ok(())
}

fn revisions(world: &World) -> Vec<u64> {
    revisions_of(&world.model)
}

fn revisions_of(model: &plate_inventory::model::Model) -> Vec<u64> {
    model.pools.values().map(|pool| pool.revision).collect()
}

/// Verbs whose answers a journal suffices to repeat.
fn is_repeated(op: &Op) -> bool {
    matches!(
        op,
        Op::Hold { .. }
            | Op::AssignNext { .. }
            | Op::Extend { .. }
            | Op::Release { .. }
            | Op::BeginPayment { .. }
            | Op::Confirm { .. }
            | Op::Cancel { .. }
            | Op::ConfirmRefund { .. }
    )
}

/// The store and its journal say the same, or differ in so many things.
async fn compare(driver: &Driver, replay: &mut Replay, differences: usize) -> Result<Comparison, String> {
    let pools = POOLS.map(str::to_owned);
    let found = driver.store().compare(&pools, replay).await.map_err(|error| error.to_string())?;
    if found.differences.len() == differences { Ok(found) } else { Err(format!("{found:?}")) }
}

/// Every damage behind the store's back is seen and named: a record changed, taken away, or planted; a plane's bit, a
/// setting, a lost pool, a lost tail. The control is the same store before the damage.
#[test]
fn every_difference_is_named() {
    for kind in Kind::BOTH {
        run(async {
            let server = Server::start(kind);
            let store = server.store().await;
            set_time(&mut server.client(), &[ALMATY], NOON_MS);
            open_pools(&store, &[ALMATY]).await;
            let held = store.hold(ALMATY, &[hold(1, "request-1", 7), hold(2, "request-2", 9)]).await.unwrap();
            assert!(held.iter().all(|answer| answer.outcome.is_done()), "{held:?}");
            let (live, planes, conf) =
                (format!("{{{ALMATY}}}:live"), format!("{{{ALMATY}}}:planes"), format!("{{{ALMATY}}}:conf"));
            let seven = 7_u32.to_le_bytes();
            let found = store.compare(&[ALMATY.to_owned()], &mut Replay::default()).await.unwrap();
            assert_eq!((found.differences.len(), found.records), (0, 2), "{found:?}");
            let whole: Vec<u8> =
                redis::cmd("HGET").arg(&live).arg(&seven).query(&mut server.client()).unwrap();
            let mut changed = whole.clone();
            changed[45] ^= 1;
            let mut set_record = redis::cmd("HSET");
            set_record.arg(&live).arg(&seven);
            let damages: Vec<(redis::Cmd, redis::Cmd, &str)> = vec![
                (set_record.clone().arg(&changed).clone(), set_record.clone().arg(&whole).clone(), "Changed"),
                (
                    redis::cmd("HDEL").arg(&live).arg(&seven).clone(),
                    set_record.arg(&whole).clone(),
                    "Missing",
                ),
                (
                    redis::cmd("HSET").arg(&live).arg(&8_u32.to_le_bytes()).arg(&whole).clone(),
                    redis::cmd("HDEL").arg(&live).arg(&8_u32.to_le_bytes()).clone(),
                    "Unknown",
                ),
                (
                    redis::cmd("SETBIT").arg(&planes).arg(2 * 11 + 1).arg(1).clone(),
                    redis::cmd("SETBIT").arg(&planes).arg(2 * 11 + 1).arg(0).clone(),
                    "Planes { ordinal: 11 }",
                ),
                (
                    redis::cmd("HSET").arg(&conf).arg("revision").arg(4).clone(),
                    redis::cmd("HSET").arg(&conf).arg("revision").arg(3).clone(),
                    "Unjournalled { journal: 3 }",
                ),
            ];
            for (damage, mend, named) in damages {
                damage.exec(&mut server.client()).unwrap();
                let seen = store.compare(&[ALMATY.to_owned()], &mut Replay::default()).await.unwrap();
                assert_eq!(seen.differences.len(), 1, "{kind:?} {named}: {seen:?}");
                assert!(format!("{:?}", seen.differences[0].1).contains(named), "{kind:?} {named}: {seen:?}");
                mend.exec(&mut server.client()).unwrap();
            }
            let mut ahead = Replay::default();
            store.compare(&[ALMATY.to_owned()], &mut ahead).await.unwrap();
            redis::cmd("HSET").arg(&conf).arg("revision").arg(1).exec(&mut server.client()).unwrap();
            let lost = store.compare(&[ALMATY.to_owned()], &mut ahead).await.unwrap();
            assert_eq!(lost.differences, [(ALMATY.to_owned(), Difference::Behind { store: 1, journal: 3 })]);
            redis::cmd("FLUSHALL").exec(&mut server.client()).unwrap();
            let gone = store.compare(&[ALMATY.to_owned()], &mut ahead).await.unwrap();
            assert_eq!(gone.differences, [(ALMATY.to_owned(), Difference::PoolMissing { journal: 3 })]);
        });
    }
}

/// A key that no pool has which was ever opened is named, whatever it holds: a byte changed in the name of a key of ours, a
/// pool of the law before its opening, the shard's tag. What is there before a pool is opened is not, nor what somebody
/// else keeps on the server, nor a pool that another worker opened and whose feed is whole.
#[test]
fn a_key_without_a_pool_is_named() {
    let law = [ALMATY.to_owned(), UNOPENED.to_owned()];
    for kind in Kind::BOTH {
        run(async {
            let server = Server::start(kind);
            let store = server.store().await;
            set_time(&mut server.client(), &[ALMATY, UNOPENED, OF_ANOTHER_LAW], NOON_MS);
            open_pools(&store, &[ALMATY, OF_ANOTHER_LAW]).await;
            store.hold(ALMATY, &[hold(1, "request-1", 7)]).await.unwrap();
            let all_found = async || store.compare(&law, &mut Replay::default()).await.unwrap().differences;
            for harmless in ["{person_car.04}:conf", "{parson_car.02}:conf", "{cart}:items", "live"] {
                redis::cmd("HSET").arg(harmless).arg("a").arg("b").exec(&mut server.client()).unwrap();
            }
            assert_eq!(all_found().await, []);
            for (tag, name, said) in STRAYS {
                redis::cmd("HSET").arg(name).arg("rules").arg("x").exec(&mut server.client()).unwrap();
                let expected = Difference::KeyUnknown { key: (*said).to_owned() };
                assert_eq!(all_found().await, [((*tag).to_owned(), expected)], "{kind:?}");
                redis::cmd("DEL").arg(name).exec(&mut server.client()).unwrap();
            }
            let conf = "{parson_car.02}:conf";
            redis::cmd("HSET").arg(conf).arg("revision").arg(3).exec(&mut server.client()).unwrap();
            let unjournalled = Difference::Unjournalled { journal: 0 };
            assert_eq!(all_found().await, [("parson_car.02".to_owned(), unjournalled)]);
            redis::cmd("DEL").arg(conf).exec(&mut server.client()).unwrap();
            assert_eq!(all_found().await, []);
        });
    }
}

/// A pool of the law that nobody opened.
const UNOPENED: &str = "person_car.03";
/// One that this law does not have, and the store does.
const OF_ANOTHER_LAW: &str = "person_car.21";
/// Keys that nothing of ours has: the pool that is named, the key, and how it is called.
const STRAYS: &[(&str, &[u8], &str)] = &[
    ("parson_car.02", b"{parson_car.02}:live", "{parson_car.02}:live"),
    ("parson_car.02", b"{parson_car.02}:conf", "{parson_car.02}:conf"),
    ("pers\\xefn_car.02", b"{pers\xefn_car.02}:planes", "{pers\\xefn_car.02}:planes"),
    (UNOPENED, b"{person_car.03}:conf", "{person_car.03}:conf"),
    (UNOPENED, b"{person_car.03}:payments", "{person_car.03}:payments"),
    (UNOPENED, b"{person_car.03}:requests", "{person_car.03}:requests"),
    (ALMATY, b"{person_car.02}:lhve", "{person_car.02}:lhve"),
    ("s0", b"{s0}:permitr", "{s0}:permitr"),
    ("s1", b"{s1}:permits", "{s1}:permits"),
];
