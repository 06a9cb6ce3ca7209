//! What a caller is told when the server does not answer, is gone, is full, or has lost its functions.

use std::process::Command;
use std::time::Duration;

use plate_inventory::engine::Certainty as _;
use plate_inventory::item::HeldItem;
use plate_inventory::library::Library;
use plate_inventory::outcome::Outcome;
use plate_inventory::settings::HOUR_MS;
use plate_inventory::store::{HoldClaim, Store, StoreError, StoreOptions, Timeouts};

use crate::people::{ALMATY, NOON_MS, act_of, hold, open_pools};
use crate::server::{Kind, Server, run, set_time};

/// A store that waits half a second for an answer.
fn impatient(server: &Server) -> Store {
    let timeouts = Timeouts { response: Duration::from_millis(500), ..Timeouts::default() };
    let options =
        StoreOptions { timeouts, ..StoreOptions::of(Library::for_tests().expect("the library assembles")) };
    Store::new(&server.url(), options).expect("a URL")
}

fn signal(server: &Server, name: &str) {
    let sent = Command::new("kill").arg(name).arg(server.pid().to_string()).status().expect("kill runs");
    assert!(sent.success());
}

/// A hold that was sent and not answered is unknown. It was carried out when the server woke up, and the same
/// request tells so: one effect, one answer.
#[test]
fn what_was_sent_and_not_answered_is_unknown_and_resolves() {
    for kind in Kind::BOTH {
        run(async {
            let server = Server::start(kind);
            let mut client = server.client();
            set_time(&mut client, &[ALMATY], NOON_MS);
            let patient = server.store().await;
            open_pools(&patient, &[ALMATY]).await;
            let store = impatient(&server);
            store.read(ALMATY, &[777]).await.expect("it is connected");
            let item = hold(1, "first", 777);
            let permit = NOON_MS + HOUR_MS;
            signal(&server, "-STOP");
            let unanswered = store.hold_passed(ALMATY, &[(&item, permit)]).await;
            assert!(matches!(unanswered, Err(StoreError::Unknown { .. })), "{kind:?} {unanswered:?}");
            assert!(unanswered.is_err_and(|error| !error.nothing_applied()));
            signal(&server, "-CONT");
            let answers = patient.hold_passed(ALMATY, &[(&item, permit)]).await.expect("answered");
            assert_eq!(answers[0].outcome, Outcome::Held);
            assert_eq!(patient.hold_passed(ALMATY, &[(&item, permit)]).await, Ok(answers));
            // The founding of the pool and one hold.
            assert_eq!(patient.feed(ALMATY, 0, 10).await.expect("the feed").len(), 2, "{kind:?}: one effect");
        });
    }
}

/// A server that is gone: nothing was applied, and the caller is told so; back again, the same store goes on.
#[test]
fn a_server_that_is_gone_is_unavailable() {
    run(async {
        let mut server = Server::start(Kind::Valkey);
        set_time(&mut server.client(), &[ALMATY], NOON_MS);
        let store = server.store().await;
        open_pools(&store, &[ALMATY]).await;
        server.kill();
        // The first call may go into a connection that nobody has seen end yet; that is unknown, as it should be.
        let first = store.hold(ALMATY, &[hold(1, "a", 1)]).await;
        assert!(
            matches!(first, Err(StoreError::Unknown { .. } | StoreError::Unavailable { .. })),
            "{first:?}"
        );
        let second = store.hold(ALMATY, &[hold(1, "a", 1)]).await;
        assert!(matches!(second, Err(StoreError::Unavailable { .. })), "{second:?}");
        assert!(second.is_err_and(|error| error.nothing_applied()));
        server.start_again();
        let again = loop {
            // For a moment after a failure no new attempt is made.
            match store.hold(ALMATY, &[hold(1, "a", 1)]).await {
                Err(StoreError::Unavailable { .. }) => tokio::task::yield_now().await,
                answered => break answered.expect("answered"),
            }
        };
        assert_eq!(
            again[0].outcome,
            Outcome::Held,
            "what was acknowledged is still there: the pool is founded"
        );
    });
}

/// Sets how much memory the server may use; "1mb" is less than it has in use.
fn limit_memory(client: &mut redis::Connection, limit: &str) {
    redis::cmd("CONFIG").arg(&["SET", "maxmemory", limit]).exec(client).expect("the limit is set");
}

/// With the memory full, holds and imports are refused whole, and what frees marks or brings money goes on.
#[test]
fn a_full_server_goes_on_with_release_payment_and_expiry() {
    for kind in Kind::BOTH {
        run(async {
            let server = Server::start(kind);
            let mut client = server.client();
            set_time(&mut client, &[ALMATY], NOON_MS);
            let store = server.store().await;
            open_pools(&store, &[ALMATY]).await;
            let items: Vec<_> = (1..=3).map(|n| hold(n, &format!("hold-{n}"), u32::from(n))).collect();
            let held = store.hold(ALMATY, &items).await.expect("held");
            limit_memory(&mut client, "1mb");
            let refused = store.hold(ALMATY, &[hold(9, "late", 9)]).await;
            assert!(matches!(refused, Err(StoreError::Full { .. })), "{kind:?} {refused:?}");
            assert!(refused.is_err_and(|error| error.nothing_applied()));
            let registry =
                plate_inventory::act::Act::of("registry", "i", plate_inventory::act::Channel::Registry);
            let import = store.import(ALMATY, &registry, &[50]).await;
            assert!(matches!(import, Err(StoreError::Full { .. })), "{kind:?} {import:?}");
            let of = |n: u16, verb: &str| {
                let record = held[usize::from(n) - 1].record.as_ref().expect("a record");
                HeldItem {
                    act: act_of(n, &format!("{verb}-{n}")),
                    ordinal: u32::from(n),
                    hold: record.hold,
                    revision: record.revision,
                }
            };
            let paying = store.begin_payment(ALMATY, &[of(1, "pay")]).await.expect("answered");
            assert_eq!(paying[0].outcome, Outcome::PaymentBegun);
            let released = store.release(ALMATY, &[of(2, "release")]).await.expect("answered");
            assert_eq!(released[0].outcome, Outcome::Released);
            limit_memory(&mut client, "1gb");
            set_time(&mut client, &[ALMATY], NOON_MS + HOUR_MS);
            limit_memory(&mut client, "1mb");
            let vouched = store.lease_expiry(&[ALMATY.to_owned()], NOON_MS + 2 * HOUR_MS).await;
            vouched.expect("the right to expire is renewed");
            let expired = store.sweep(ALMATY, 128).await.expect("answered").answers;
            assert_eq!(expired.len(), 2, "{kind:?} {expired:?}");
        });
    }
}

/// A server that was given no functions, or lost them, gets them, and the call is carried out.
#[test]
fn lost_functions_are_loaded_again() {
    for kind in Kind::BOTH {
        run(async {
            let server = Server::start(kind);
            set_time(&mut server.client(), &[ALMATY], NOON_MS);
            let store = server.store().await;
            open_pools(&store, &[ALMATY]).await;
            redis::cmd("FUNCTION").arg("FLUSH").exec(&mut server.client()).expect("flushed");
            let held = store.hold(ALMATY, &[hold(1, "a", 1)]).await.expect("answered");
            assert_eq!(held[0].outcome, Outcome::Held, "{kind:?}");
        });
    }
}

/// Another text under our library's name is refused, not called: the name carries the hash of its text.
#[test]
fn another_text_under_our_name_is_refused() {
    run(async {
        let server = Server::start(Kind::Valkey);
        let library = Library::for_tests().expect("the library assembles");
        let forged = format!(
            "#!lua name={}\nredis.register_function('{0}_hold', function() return 1 end)",
            library.name()
        );
        redis::cmd("FUNCTION").arg("LOAD").arg(forged).exec(&mut server.client()).expect("loaded");
        let options = StoreOptions::of(library);
        let refused = Store::connect(&server.url(), options).await.err();
        assert!(matches!(refused, Some(StoreError::Faulty { .. })), "{refused:?}");
    });
}

/// The libraries of two versions live side by side, so old workers go on during an upgrade.
#[test]
fn two_versions_live_side_by_side() {
    run(async {
        let server = Server::start(Kind::Valkey);
        set_time(&mut server.client(), &[ALMATY], NOON_MS);
        let old = server.store().await;
        open_pools(&old, &[ALMATY]).await;
        let new = server.store_of(Library::release().expect("the library assembles")).await;
        assert_ne!(old.library().name(), new.library().name());
        let held = old.hold(ALMATY, &[hold(1, "a", 1)]).await.expect("answered");
        assert_eq!(held[0].outcome, Outcome::Held);
        let read = new.read(ALMATY, &[1]).await.expect("answered");
        assert_eq!(read[0].record, held[0].record);
    });
}

/// A batch is bounded, and what is too long to be written down is refused before anything is sent.
#[test]
fn what_does_not_fit_is_not_sent() {
    run(async {
        let server = Server::start(Kind::Valkey);
        set_time(&mut server.client(), &[ALMATY], NOON_MS);
        let store = server.store().await;
        open_pools(&store, &[ALMATY]).await;
        let item = hold(1, "a", 1);
        let claim = HoldClaim { act: &item.act, digest: item.digest(ALMATY), acquired: item.acquired };
        let many = vec![claim; 129];
        assert_eq!(store.admit(&many).await, Err(StoreError::BatchSize { found: 129, most: 128 }));
        let mut verbose = hold(2, "b", 2);
        verbose.act.office = "x".repeat(256);
        let refused = store.hold_passed(ALMATY, &[(&verbose, NOON_MS + HOUR_MS)]).await;
        assert!(matches!(refused, Err(StoreError::TooLong(_))), "{refused:?}");
        assert_eq!(store.feed(ALMATY, 1, 10).await, Ok(Vec::new()), "nothing was done");
    });
}
