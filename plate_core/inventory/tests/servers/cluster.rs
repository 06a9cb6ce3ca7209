//! What a cluster adds: its boot contract, redirections, functions that a primary lacks, and replicas that must have
//! what is acknowledged. One cluster of each kind goes through all of it.

use std::cell::Cell;
use std::process::Command;
use std::time::{Duration, Instant};

use plate_inventory::answer::Answer;
use plate_inventory::engine::Certainty as _;
use plate_inventory::item::HeldItem;
use plate_inventory::keys;
use plate_inventory::library::Library;
use plate_inventory::outcome::Outcome;
use plate_inventory::settings::{HOUR_MS, SettingsChange};
use plate_inventory::store::{ClusterRules, Store, StoreError, StoreOptions};

use crate::people::{ALMATY, NOON_MS, act_of, hold, open_for_sale, open_pools};
use crate::server::cluster::{Cluster, Node, PRIMARIES, ask, await_that};
use crate::server::{Home, Kind, run};

/// A pool on another primary than Almaty's.
const ASTANA: &str = "person_car.01";

/// A store that promises what one replica has.
async fn store(cluster: &Cluster) -> Store {
    store_under(cluster, ClusterRules::default()).await
}

async fn store_under(cluster: &Cluster, rules: ClusterRules) -> Store {
    let options =
        StoreOptions { cluster: rules, ..StoreOptions::of(Library::for_tests().expect("it assembles")) };
    Store::connect(&cluster.url(), options).await.expect("the store connects")
}

fn signal(node: &Node, name: &str) {
    let sent = Command::new("kill").arg(name).arg(node.pid().to_string()).status().expect("kill runs");
    assert!(sent.success());
}

/// A cluster is held to its contract, keeps what it acknowledged while slots move and primaries die, and says
/// "unknown" of what no replica has.
#[test]
fn a_cluster_keeps_what_it_acknowledged() {
    for kind in Kind::BOTH {
        let mut cluster = Cluster::start(kind);
        run(async {
            each_node_is_held_to_the_contract(&mut cluster).await;
            let store = store(&cluster).await;
            store.check_contract(None).await.expect("it may be used");
            cluster.behind().set_time(&[ALMATY, ASTANA], NOON_MS);
            open_pools(&store, &[ALMATY, ASTANA]).await;
            a_primary_that_lacks_the_functions_gets_them(&cluster, &store).await;
            what_no_replica_has_is_unknown(&mut cluster, &store).await;
            what_a_primary_refuses_costs_no_connection(&mut cluster, &store).await;
            a_full_cluster_goes_on_with_release_and_payment(&mut cluster, &store).await;
            a_pool_moves_while_its_marks_are_held(&mut cluster, &store).await;
            a_primary_dies_while_its_marks_are_held(&mut cluster, &store).await;
        });
    }
}

/// Every node is looked at, replicas too: each may be a primary tomorrow.
async fn each_node_is_held_to_the_contract(cluster: &mut Cluster) {
    let store = store(cluster).await;
    let set = |node: &Node, setting: &str, value: &str| {
        let mut command = redis::cmd("CONFIG");
        command.arg(&["SET", setting, value]).exec(&mut node.client()).expect("it is set");
    };
    set(cluster.node(1), "min-replicas-to-write", "0");
    set(cluster.node(PRIMARIES), "appendfsync", "everysec");
    let Err(StoreError::Contract(mut faults)) = store.check_contract(None).await else { panic!("refused") };
    faults.sort_by(|one, other| one.setting.cmp(&other.setting));
    let named: Vec<String> = faults.iter().map(ToString::to_string).collect();
    let expected = [
        format!(
            "appendfsync of {} is everysec, and it must be always: CONFIG SET appendfsync always",
            cluster.node(PRIMARIES).address()
        ),
        format!(
            "min-replicas-to-write of {} is 0, and it must be at least 1: CONFIG SET min-replicas-to-write 1",
            cluster.node(1).address()
        ),
    ];
    assert_eq!(named, expected);
    set(cluster.node(1), "min-replicas-to-write", "1");
    set(cluster.node(PRIMARIES), "appendfsync", "always");
    let needy = ClusterRules { replicas: 2, ..ClusterRules::default() };
    let Err(StoreError::Contract(faults)) = store_under(cluster, needy).await.check_contract(None).await
    else {
        panic!("two replicas are asked for, and there is one");
    };
    assert_eq!(faults.iter().filter(|fault| fault.setting.starts_with("replicas of")).count(), PRIMARIES);
    let url = format!("redis://{}", cluster.node(0).address());
    let single = Store::connect(&url, StoreOptions::release().expect("it assembles")).await;
    let refused = single.expect("it connects").check_contract(None).await;
    assert!(
        matches!(&refused, Err(StoreError::Contract(faults)) if faults.iter().any(|fault| fault.setting == "cluster-enabled")),
        "{refused:?}"
    );
}

/// A primary that came without our functions, by resharding or failover, gets them, and the call is carried out.
async fn a_primary_that_lacks_the_functions_gets_them(cluster: &Cluster, store: &Store) {
    let mut behind = cluster.behind();
    redis::cmd("FUNCTION").arg("FLUSH").exec(behind.of(&format!("{{{ALMATY}}}"))).expect("flushed");
    let held = store.hold(ALMATY, &[hold(1, "functions", 1)]).await.expect("answered");
    assert_eq!(held[0].outcome, Outcome::Held);
}

/// A hold that no replica has is unknown, and so is its repetition, also one over a connection that has written
/// nothing: it waits for what the first has written. With the replica back it is held, once.
async fn what_no_replica_has_is_unknown(cluster: &mut Cluster, store: &Store) {
    let hurried = ClusterRules { replicated_within: Duration::from_millis(200), ..ClusterRules::default() };
    let elsewhere = store_under(cluster, hurried.clone()).await;
    let again = store_under(cluster, hurried).await;
    let hasty = store_under(cluster, ClusterRules { replicas: 0, ..ClusterRules::default() }).await;
    let permit = NOON_MS + HOUR_MS;
    let item = hold(2, "replicas", 2);
    let replica = PRIMARIES + Cluster::index_of(ALMATY);
    signal(cluster.node(replica), "-STOP");
    for store in [&elsewhere, &elsewhere, &again] {
        let unanswered = store.hold_passed(ALMATY, &[(&item, permit)]).await;
        assert!(matches!(unanswered, Err(StoreError::Unknown { .. })), "{unanswered:?}");
        assert!(unanswered.is_err_and(|error| !error.nothing_applied()));
    }
    // The journal goes on with the feeds of the other primaries.
    let places = [ALMATY, ASTANA].map(|pool| (pool.to_owned(), 0, 10));
    let feeds = elsewhere.feeds(&places).await.expect("one of them can be read");
    assert_eq!(feeds.iter().map(Vec::is_empty).collect::<Vec<_>>(), [true, false]);
    assert!(elsewhere.feed(ALMATY, 0, 10).await.is_err(), "and alone it is no feed without news");
    // The control: who asks no replica is told "held", and would lose it with the primary.
    let told = hasty.hold_passed(ALMATY, &[(&item, permit)]).await.expect("answered");
    assert_eq!(told[0].outcome, Outcome::Held);
    signal(cluster.node(replica), "-CONT");
    await_that("the replica is back", || cluster.is_whole());
    let answers = elsewhere.hold_passed(ALMATY, &[(&item, permit)]).await.expect("answered");
    assert_eq!(answers, told);
    let entries = store.feed(ALMATY, 0, 10).await.expect("the feed");
    assert_eq!(entries.len(), 3, "the founding and two holds: one effect");
}

/// A primary that has too few replicas refuses the mark, so nobody may rely on its feed; the connection to it is whole.
async fn what_a_primary_refuses_costs_no_connection(cluster: &mut Cluster, store: &Store) {
    let mut client = cluster.node(Cluster::index_of(ALMATY)).client();
    let mut need = |replicas: &str| {
        let mut set = redis::cmd("CONFIG");
        set.arg(&["SET", "min-replicas-to-write", replicas]).exec(&mut client).expect("it is set");
    };
    store.feed(ALMATY, 0, 10).await.expect("the feed");
    let connection = store.connection_number();
    need("2");
    let refused = store.feed(ALMATY, 0, 10).await;
    assert!(matches!(refused, Err(StoreError::Unknown { .. })), "{refused:?}");
    need("1");
    store.feed(ALMATY, 0, 10).await.expect("the feed");
    assert_eq!(store.connection_number(), connection);
}

/// With the memory full, new holds are refused, and what frees marks or brings money is believed as ever: so are the
/// keeper's election, the kill switch, the lease of the clock and what the journal reads. The control writes what
/// nothing may write then, as the mark before `WAIT` once was.
async fn a_full_cluster_goes_on_with_release_and_payment(cluster: &mut Cluster, store: &Store) {
    let items: Vec<_> = (50..52).map(|n| hold(n, "before it is full", n.into())).collect();
    let held = store.hold(ALMATY, &items).await.expect("held");
    limit_memory(cluster, "1mb");
    let mut client = cluster.node(Cluster::index_of(ALMATY)).client();
    let mut plain = redis::cmd("HSET");
    plain.arg(keys::replication_mark(ALMATY)).arg(keys::REPLICATION_MARK).arg(1);
    assert_eq!(plain.exec(&mut client).expect_err("it is full").code(), Some("OOM"));
    let late = store.hold(ALMATY, &[hold(60, "late", 60)]).await;
    assert!(matches!(late, Err(StoreError::Full { .. })), "{late:?}");
    let of = |answer: &Answer, verb: &str| {
        let record = answer.record.as_ref().expect("a record");
        let number = u16::try_from(answer.ordinal.expect("a mark")).expect("a small one");
        HeldItem {
            act: act_of(number, verb),
            ordinal: number.into(),
            hold: record.hold,
            revision: record.revision,
        }
    };
    let connection = store.connection_number();
    let paying = store.begin_payment(ALMATY, &[of(&held[0], "pay")]).await.expect("answered");
    assert_eq!(paying[0].outcome, Outcome::PaymentBegun);
    let released = store.release(ALMATY, &[of(&held[1], "release")]).await.expect("answered");
    assert_eq!(released[0].outcome, Outcome::Released);
    assert!(store.take_lease("keeper", "one", 1_000).await.expect("answered"), "it is elected");
    let read = store.pool_settings(ALMATY).await.expect("answered");
    let (switch, change) = (act_of(52, "kill switch"), SettingsChange::to(&open_for_sale()));
    let switched = store.configure(ALMATY, &switch, &change, read.as_ref()).await.expect("answered");
    assert!(switched.expect("nobody else changed it").outcome.is_done());
    store.lease_expiry(&[ALMATY.to_owned()], NOON_MS + HOUR_MS).await.expect("vouched for");
    assert!(!store.feed(ALMATY, 0, 100).await.expect("the journal reads on").is_empty());
    assert_eq!(store.connection_number(), connection, "no connection was given up");
    limit_memory(cluster, "1gb");
}

fn limit_memory(cluster: &mut Cluster, limit: &str) {
    for index in 0..2 * PRIMARIES {
        let mut set = redis::cmd("CONFIG");
        set.arg(&["SET", "maxmemory", limit]);
        set.exec(&mut cluster.node(index).client()).expect("the limit is set");
    }
}

/// A pool goes to another primary, key by key, while its marks are held: each hold is answered, by either of the two, and
/// all are there afterwards. The control follows no redirection, and is refused.
async fn a_pool_moves_while_its_marks_are_held(cluster: &mut Cluster, store: &Store) {
    let still = ClusterRules { sends_again: false, ..ClusterRules::default() };
    let still = store_under(cluster, still).await;
    still.read(ALMATY, &[1]).await.expect("it knows where the pool is");
    let (from, to) = (Cluster::index_of(ALMATY), Cluster::index_of(ASTANA));
    assert_ne!(from, to);
    let moved = Cell::new(false);
    let moving = async {
        move_pool(cluster, from, to).await;
        moved.set(true);
    };
    let holding = async {
        let (mut number, mut refused, mut unknown) = (100, 0, 0);
        while !moved.get() || number < 110 {
            let item = [hold(number, "moving", number.into())];
            let held = match store.hold(ALMATY, &item).await {
                Err(StoreError::Unknown { .. }) => {
                    unknown += 1;
                    store.hold(ALMATY, &item).await.expect("asked again, it is answered")
                }
                answered => answered.expect("answered"),
            };
            assert_eq!(held[0].outcome, Outcome::Held);
            let other =
                still.hold(ALMATY, &[hold(number + 10_000, "still", u32::from(number) + 10_000)]).await;
            refused += u16::from(other.is_err_and(|error| error.nothing_applied()));
            number += 1;
        }
        (number, refused, unknown)
    };
    let ((), (next, refused, unknown)) = tokio::join!(moving, holding);
    let held: Vec<u32> = (100..u32::from(next)).collect();
    for ordinals in held.chunks(100) {
        let answers = store.read(ALMATY, ordinals).await.expect("answered");
        assert!(answers.iter().all(|answer| answer.record.is_some()));
    }
    assert!(unknown <= 1, "only the one between whose answer and mark the very key moved may be unknown");
    assert!(refused > 0, "the control was never refused, so nothing was on the move");
}

/// As a resharding does it, with a rest between the keys, so that a pool is in two places for a while.
async fn move_pool(cluster: &mut Cluster, from: usize, to: usize) {
    let slot = keys::slot(ALMATY).to_string();
    let (mut source, mut target) = (cluster.node(from).client(), cluster.node(to).client());
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let [own, other]: [String; 2] = [&mut source, &mut target].map(|node| ask(node, &words(&["MYID"])));
    ask::<()>(&mut target, &words(&["SETSLOT", &slot, "IMPORTING", &own]));
    ask::<()>(&mut source, &words(&["SETSLOT", &slot, "MIGRATING", &other]));
    let (host, port) = {
        let address = cluster.node(to).address();
        let (host, port) = address.split_once(':').expect("host:port");
        (host.to_owned(), port.to_owned())
    };
    loop {
        let found: Vec<Vec<u8>> = ask(&mut source, &words(&["GETKEYSINSLOT", &slot, "1"]));
        let Some(key) = found.first() else { break };
        let mut migrate = redis::cmd("MIGRATE");
        migrate.arg(&host).arg(&port).arg("").arg(0).arg(5_000).arg("KEYS").arg(key);
        migrate.exec(&mut source).expect("the key moves");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    ask::<()>(&mut target, &words(&["SETSLOT", &slot, "NODE", &other]));
    ask::<()>(&mut source, &words(&["SETSLOT", &slot, "NODE", &other]));
}

/// A primary is killed while its marks are held, and comes back as a replica. What was acknowledged is there, what was
/// refused or unknown is resolved by asking again, and the pool is without a primary for seconds only.
async fn a_primary_dies_while_its_marks_are_held(cluster: &mut Cluster, store: &Store) {
    let index = Cluster::index_of(ASTANA);
    for number in 200..220 {
        let held = store.hold(ASTANA, &[hold(number, "before", number.into())]).await.expect("answered");
        assert_eq!(held[0].outcome, Outcome::Held);
    }
    cluster.node(index).kill();
    let began = Instant::now();
    the_others_are_vouched_for(cluster, store, index).await;
    let item = hold(220, "after", 220);
    let mut started = false;
    let held = loop {
        assert!(began.elapsed() < Duration::from_secs(20), "no other primary serves");
        // As a supervisor would, once the other has taken over.
        let replica = cluster.node(PRIMARIES + index);
        let role: String = redis::cmd("INFO").arg("replication").query(&mut replica.client()).expect("INFO");
        if !started && role.contains("role:master") {
            cluster.node(index).start_again();
            started = true;
        }
        match store.hold(ASTANA, std::slice::from_ref(&item)).await {
            Ok(held) => break held,
            Err(StoreError::Unavailable { .. } | StoreError::Unknown { .. }) => {}
            Err(other) => panic!("{other}"),
        }
    };
    assert_eq!(held[0].outcome, Outcome::Held);
    let there = store.read(ASTANA, &(200..=220).collect::<Vec<_>>()).await.expect("answered");
    assert!(there.iter().all(|answer| answer.record.is_some()), "what was acknowledged is there");
}

/// While a primary is gone, the right to expire is renewed on the others.
async fn the_others_are_vouched_for(cluster: &mut Cluster, store: &Store, gone: usize) {
    let other = (0..).map(|number| format!("other.{number}")).find(|pool| Cluster::index_of(pool) != gone);
    let other = other.expect("some pool is elsewhere");
    // It may fail for the one that is gone, or be there in time for its successor.
    let _ = store.lease_expiry(&[ASTANA.to_owned(), other.clone()], NOON_MS).await;
    let mut lease = redis::cmd("HGET");
    lease.arg(keys::PoolKey::Conf.of(&other)).arg("lease_ms");
    let until_ms: Option<i64> =
        lease.query(&mut cluster.node(Cluster::index_of(&other)).client()).expect("it answers");
    assert_eq!(until_ms, Some(NOON_MS));
}
