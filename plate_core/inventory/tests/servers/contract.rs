//! The boot contract: a server that can lose marks is refused, and what the refusal says mends it.

use plate_inventory::act::{Act, Channel};
use plate_inventory::library::DATA_VERSION;
use plate_inventory::outcome::Outcome;
use plate_inventory::store::contract::ContractFault;
use plate_inventory::store::{Store, StoreError};

use crate::people::{ALMATY, NOON_MS, hold, open_pools};
use crate::server::{Kind, Server, run, set_time};

/// The faults of a server; none if it may be used.
async fn faults(store: &Store) -> Vec<ContractFault> {
    match store.check_contract(None).await {
        Ok(_) => Vec::new(),
        Err(StoreError::Contract(faults)) => faults,
        Err(other) => panic!("{other}"),
    }
}

/// Each setting that can lose marks is refused by name, and the command that the refusal gives mends it.
#[test]
fn a_setting_that_can_lose_marks_is_refused_and_mended() {
    let table = [
        ("appendonly", "no", "no"),
        ("appendfsync", "everysec", "everysec"),
        ("appendfsync", "no", "no"),
        ("no-appendfsync-on-rewrite", "yes", "yes"),
        ("aof-load-truncated", "yes", "yes"),
        ("maxmemory-policy", "allkeys-lru", "allkeys-lru"),
        ("maxmemory", "0", "0"),
    ];
    for kind in Kind::BOTH {
        for (setting, value, found) in table {
            run(async {
                let server = Server::start_with(kind, &[(setting, value)]);
                let store = server.store().await;
                let faults_found = faults(&store).await;
                let [fault] = faults_found.as_slice() else { panic!("{kind:?} {setting}: {faults_found:?}") };
                assert_eq!((fault.setting.as_str(), fault.found.as_str()), (setting, found), "{kind:?}");
                let mut mend = fault.mend.split(' ');
                let mut command = redis::cmd(mend.next().expect("a command"));
                mend.for_each(|word| {
                    command.arg(word);
                });
                command.exec(&mut server.client()).expect("the server takes what mends it");
                assert_eq!(faults(&store).await, Vec::new(), "{kind:?} {setting}");
            });
        }
    }
}

/// All faults are said at once, each with what was found and what is needed.
#[test]
fn all_faults_are_said_at_once() {
    run(async {
        let settings = [("appendonly", "no"), ("appendfsync", "everysec"), ("maxmemory", "0")];
        let server = Server::start_with(Kind::Valkey, &settings);
        let found = faults(&server.store().await).await;
        let names: Vec<&str> = found.iter().map(|fault| fault.setting.as_str()).collect();
        assert_eq!(names, ["appendonly", "appendfsync", "maxmemory"]);
        assert_eq!(
            found[1].to_string(),
            "appendfsync is everysec, and it must be always: CONFIG SET appendfsync always"
        );
    });
}

/// A server that does not show its settings is refused: what cannot be seen is not taken for good.
#[test]
fn a_setting_that_cannot_be_read_is_a_fault() {
    for kind in Kind::BOTH {
        run(async {
            let server = Server::start(kind);
            let store = server.store().await;
            let user = ["SETUSER", "default", "-config"];
            redis::cmd("ACL").arg(&user).exec(&mut server.client()).expect("a right is taken away");
            let found = faults(&store).await;
            assert!(
                found.len() >= 7 && found.iter().all(|fault| fault.found == "unreadable"),
                "{kind:?} {found:?}"
            );
        });
    }
}

/// A store that was emptied, or is another one, is not taken for the one whose journal we have; a new one is
/// founded once.
#[test]
fn an_emptied_store_is_not_taken_for_the_known_one() {
    for kind in Kind::BOTH {
        run(async {
            let server = Server::start(kind);
            let store = server.store().await;
            let genesis = store.check_contract(None).await.expect("a new store is founded");
            assert_eq!(store.check_contract(Some(&genesis.id)).await, Ok(genesis.clone()));
            assert_eq!(store.check_contract(None).await, Ok(genesis.clone()), "founded once");
            let setting = |error| match error {
                Err(StoreError::Contract(faults)) => {
                    faults.into_iter().map(|fault| (fault.setting, fault.found)).collect()
                }
                other => panic!("{other:?}"),
            };
            let wrong: Vec<_> = setting(store.check_contract(Some("0011223344556677")).await);
            assert_eq!(wrong, [("genesis".to_owned(), genesis.id.clone())]);
            redis::cmd("FLUSHALL").exec(&mut server.client()).expect("emptied");
            let emptied: Vec<_> = setting(store.check_contract(Some(&genesis.id)).await);
            assert_eq!(emptied, [("genesis".to_owned(), "nothing".to_owned())]);
        });
    }
}

/// Data of a later version are not touched by this build.
#[test]
fn data_of_a_later_version_are_refused() {
    run(async {
        let server = Server::start(Kind::Valkey);
        let store = server.store().await;
        store.check_contract(None).await.expect("a new store is founded");
        let later = redis::cmd("HSET").arg("{s0}:genesis").arg("data_version").arg(99).clone();
        later.exec(&mut server.client()).expect("written");
        let found = faults(&store).await;
        assert_eq!(found.iter().map(|fault| fault.setting.as_str()).collect::<Vec<_>>(), ["data_version"]);
    });
}

/// Gives a pool the keys of data version 2 again: a bitmap a plane, and the settings under their old name.
fn give_old_keys(client: &mut redis::Connection, planes: &plate_inventory::store::Snapshot) {
    let key = |name: &str| format!("{{{ALMATY}}}:{name}");
    let rules: Vec<u8> =
        redis::cmd("HGET").arg(key("conf")).arg("rules").query(client).expect("a pool has settings");
    let mut pipeline = redis::pipe();
    pipeline.cmd("SET").arg(key("issued")).arg(&planes.issued);
    pipeline.cmd("SET").arg(key("withheld")).arg(&planes.withheld);
    pipeline.cmd("SET").arg(key("taken")).arg(&planes.taken);
    pipeline.cmd("HSET").arg(key("conf")).arg("terms").arg(rules);
    pipeline.cmd("HSET").arg("{s0}:genesis").arg("data_version").arg(2);
    pipeline.exec(client).expect("a store of version 2");
}

/// Takes from a pool the keys that data version 2 does not know.
fn take_new_keys(client: &mut redis::Connection) {
    let mut pipeline = redis::pipe();
    pipeline.cmd("DEL").arg(format!("{{{ALMATY}}}:planes"));
    pipeline.cmd("HDEL").arg(format!("{{{ALMATY}}}:conf")).arg("rules");
    pipeline.exec(client).expect("a pool of version 2");
}

/// A pool of data version 2 is raised as it stands: held, issued and withheld marks are so afterwards, and between the
/// versions nothing is held at all. Raising again changes nothing.
#[test]
fn pools_of_an_earlier_version_are_raised() {
    for kind in Kind::BOTH {
        run(async {
            let server = Server::start(kind);
            let mut client = server.client();
            set_time(&mut client, &[ALMATY], NOON_MS);
            let store = server.store().await;
            store.check_contract(None).await.expect("it is founded");
            open_pools(&store, &[ALMATY]).await;
            let act = |id: &str| Act::of("registry", id, Channel::Registry);
            let held = store.hold(ALMATY, &[hold(1, "a", 777)]).await.expect("answered");
            store.import(ALMATY, &act("import"), &[5, 2_049, 17_998_822]).await.expect("imported");
            store.withhold(ALMATY, &act("withhold"), &[6, 5], "a word").await.expect("withheld");
            let before = store.full_snapshot(ALMATY).await.expect("read").expect("a pool");

            give_old_keys(&mut client, &before.planes);
            take_new_keys(&mut client);
            let between = store.hold(ALMATY, &[hold(2, "b", 8)]).await.expect("answered");
            assert_eq!(between[0].outcome, Outcome::PoolUnknown, "{kind:?}");
            for _ in 0..2 {
                let genesis = store.check_contract(None).await.expect("it is raised");
                assert_eq!(genesis.data_version, DATA_VERSION, "{kind:?}");
                assert_eq!(store.full_snapshot(ALMATY).await, Ok(Some(before.clone())), "{kind:?}");
            }
            let again = store.hold(ALMATY, &[hold(1, "a", 777)]).await;
            assert_eq!(again, Ok(held), "the first answer is repeated");
            let wanted = [hold(2, "c", 5), hold(3, "d", 6), hold(4, "e", 8)];
            let outcomes = store.hold(ALMATY, &wanted).await.expect("answered");
            let outcomes: Vec<_> = outcomes.iter().map(|answer| answer.outcome).collect();
            assert_eq!(outcomes, [Outcome::MarkWithheld, Outcome::MarkWithheld, Outcome::Held], "{kind:?}");

            // Somebody who read the old keys before comes late with them: what was done since stands.
            store.import(ALMATY, &act("later"), &[9]).await.expect("imported");
            let since = store.full_snapshot(ALMATY).await;
            give_old_keys(&mut client, &before.planes);
            store.check_contract(None).await.expect("raised again");
            assert_eq!(store.full_snapshot(ALMATY).await, since, "{kind:?}");
        });
    }
}
