//! Settings that several writers change: none of them loses what another has set.

use std::cell::{Cell, RefCell};

use plate_inventory::act::{Act, Channel};
use plate_inventory::codec;
use plate_inventory::outcome::Outcome;
use plate_inventory::settings::{PoolSettings, SettingsChange, ShardSettings};
use plate_inventory::store::{SETTING_TRIES_MAX, Store, StoreError};

use crate::people::{ALMATY, NOON_MS, hold, open_pools};
use crate::server::{Kind, Server, run, set_time};

fn operator(request: &str) -> Act {
    Act::of("operations", request, Channel::Desk)
}

fn paused(on: bool) -> SettingsChange {
    let settings = PoolSettings { paused: on, ..PoolSettings::default() };
    SettingsChange::of(&settings, |name| name == "paused")
}

fn longer() -> SettingsChange {
    let settings = PoolSettings { hold_ttl_ms: 3_600_000, ..PoolSettings::default() };
    SettingsChange::of(&settings, |name| name == "hold_ttl_ms")
}

async fn open(server: &Server) -> Store {
    set_time(&mut server.client(), &[ALMATY], NOON_MS);
    let store = server.store().await;
    open_pools(&store, &[ALMATY]).await;
    store
}

async fn standing(store: &Store) -> PoolSettings {
    store.pool_settings(ALMATY).await.expect("read").expect("a pool")
}

async fn revision(store: &Store) -> u64 {
    store.read(ALMATY, &[1]).await.expect("read")[0].revision
}

/// A pause that was set between a keeper's reading and his writing stays: he writes nothing, and is told to read
/// again; on what he then reads his change stands beside the pause.
#[test]
fn a_pause_is_not_overwritten_by_who_read_before_it() {
    for kind in Kind::BOTH {
        run(async {
            let server = Server::start(kind);
            let store = open(&server).await;
            let read = standing(&store).await;
            let pause = store.configure(ALMATY, &operator("pause-1"), &paused(true), Some(&read)).await;
            assert!(matches!(pause, Ok(Some(answer)) if answer.outcome == Outcome::Configured), "{kind:?}");
            let before = (standing(&store).await, revision(&store).await);
            let late = store.configure(ALMATY, &operator("longer-1"), &longer(), Some(&read)).await;
            assert_eq!(late, Ok(None), "{kind:?}");
            let unfounded = store.configure(ALMATY, &operator("longer-1"), &longer(), None).await;
            assert_eq!(unfounded, Ok(None), "{kind:?}: nor is a pool founded twice");
            assert_eq!((standing(&store).await, revision(&store).await), before, "{kind:?}");
            let again = store.configure(ALMATY, &operator("longer-1"), &longer(), Some(&before.0)).await;
            assert!(matches!(again, Ok(Some(_))), "{kind:?}: {again:?}");
            let after = standing(&store).await;
            assert_eq!((after.paused, after.hold_ttl_ms), (true, 3_600_000), "{kind:?}");
            let held = store.hold(ALMATY, &[hold(1, "hold-1", 1_025)]).await.expect("an answer");
            assert_eq!(held[0].outcome, Outcome::PoolPaused, "{kind:?}");
        });
    }
}

/// The same request sent again answers as it did, whatever stands by then: a lost answer is no second pause.
#[test]
fn a_change_sent_again_is_not_made_again() {
    for kind in Kind::BOTH {
        run(async {
            let server = Server::start(kind);
            let store = open(&server).await;
            let read = standing(&store).await;
            let first = store.configure(ALMATY, &operator("pause-1"), &paused(true), Some(&read)).await;
            let resumed = standing(&store).await;
            store
                .configure(ALMATY, &operator("resume-1"), &paused(false), Some(&resumed))
                .await
                .expect("done");
            let again = store.configure(ALMATY, &operator("pause-1"), &paused(true), Some(&read)).await;
            assert_eq!(again, first, "{kind:?}");
            assert!(!standing(&store).await.paused, "{kind:?}");
        });
    }
}

/// Somebody else changes the limits, at this very moment.
fn set_person_limit(client: &mut redis::Connection, most: u16) {
    let limits = ShardSettings { live_holds_person: most, ..ShardSettings::default() };
    let terms = codec::settings::pack_shard(&limits);
    redis::cmd("HSET").arg("{s0}:conf").arg("terms").arg(terms).exec(client).expect("set");
}

/// Freezes the limits, and is overtaken by somebody else so many times.
async fn freeze_overtaken(server: &Server, store: &Store, times: u32) -> (u32, Result<(), StoreError>) {
    let (tries, client) = (Cell::new(0), RefCell::new(server.client()));
    let frozen = |read: Option<&ShardSettings>| {
        tries.set(tries.get() + 1);
        if tries.get() <= times {
            let most = 10 + u16::try_from(tries.get()).expect("a few");
            set_person_limit(&mut client.borrow_mut(), most);
        }
        Ok(ShardSettings { frozen: true, ..read.cloned().expect("there are limits") })
    };
    let done = store.configure_shard(frozen).await;
    (tries.get(), done)
}

/// Limits are changed on top of what stands, what another set while this change was thought out included. Who is
/// overtaken every time is told so, and has changed nothing.
#[test]
fn limits_keep_what_another_has_set() {
    for kind in Kind::BOTH {
        run(async {
            let server = Server::start(kind);
            let store = open(&server).await;
            assert_eq!(freeze_overtaken(&server, &store, 1).await, (2, Ok(())), "{kind:?}");
            let limits = store.shard_settings().await.expect("read").expect("limits");
            assert_eq!((limits.frozen, limits.live_holds_person), (true, 11), "{kind:?}");
            set_person_limit(&mut server.client(), 5);
            let (tries, done) = freeze_overtaken(&server, &store, u32::MAX).await;
            assert_eq!(tries, SETTING_TRIES_MAX, "{kind:?}");
            assert!(matches!(done, Err(StoreError::Unavailable { .. })), "{kind:?}: {done:?}");
            assert!(!store.shard_settings().await.expect("read").expect("limits").frozen, "{kind:?}");
        });
    }
}
