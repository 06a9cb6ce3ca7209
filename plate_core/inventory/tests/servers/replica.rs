//! The follower against real servers: what it keeps is what the store has, whatever happens in between.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use plate_algebra::{Formats, Mark, Ordinal, fixtures};
use plate_inventory::act::{Act, Channel};
use plate_inventory::item::HeldItem;
use plate_inventory::library::Library;
use plate_inventory::outcome::Outcome;
use plate_inventory::replica::{ReplicaWriter, StartError, Times};
use plate_inventory::store::{Snapshot, Store, StoreOptions};
use plate_scan::{CreateError, MarkState, Replica};
use tempfile::TempDir;

use crate::people::{ALMATY, NOON_MS, act_of, hold, open_pools};
use crate::server::{Kind, Server, run, set_time};

const ASTANA: &str = "person_car.01";
/// A pool with fewer rows than the others.
const ENTITIES: &str = "entity_car.02";

/// A running follower of a server, and a reader of what it keeps.
struct Following {
    formats: Formats,
    directory: TempDir,
    writer: ReplicaWriter,
}

impl Following {
    fn of(server: &Server) -> Following {
        Following::looking_every(server, Times::default().look_every)
    }

    fn looking_every(server: &Server, look_every: Duration) -> Following {
        let formats = fixtures::kazakhstan().expect("the fixture is a rule book");
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("planes");
        let writer = start(server, &path, &formats, look_every).expect("it starts");
        Following { formats, directory, writer }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("planes")
    }

    fn replica(&self) -> Replica {
        Replica::open(&self.path(), &self.formats).expect("published planes")
    }

    fn mark(&self, pool: &str, ordinal: u32) -> Mark {
        let pool = self.formats.pool(pool).expect("a pool of the rule book");
        Mark::at(pool, Ordinal::from_u32(ordinal).expect("an ordinal"), &self.formats).expect("a mark")
    }

    /// Waits until something holds; a test that waits in vain says what for and how the follower is.
    fn wait(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !holds() {
            assert!(Instant::now() < deadline, "{what}, after 20 s: {:?}", self.writer.health());
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn wait_for_pools(&self, pools: usize) {
        self.wait(&format!("{pools} pools are followed"), || {
            let health = self.writer.health();
            health.ready && health.pools == pools && health.error.is_none()
        });
    }

    fn wait_for(&self, pool: &str, ordinal: u32, state: MarkState) {
        let (mark, replica) = (self.mark(pool, ordinal), self.replica());
        self.wait(&format!("{ordinal} of {pool} is {state:?}"), || {
            replica.planes().state(mark) == Some(state)
        });
    }

    /// Waits until the replica stands where the store does, then compares every mark of the pool.
    async fn assert_equal(&self, store: &Store, pool: &str) {
        let Snapshot { revision, taken, issued, withheld, .. } =
            store.snapshot(pool).await.expect("a snapshot").expect("the pool is there");
        let replica = self.replica();
        let planes = replica.planes().pool(self.mark(pool, 1).pool()).expect("planes of the pool");
        self.wait(&format!("revision {revision} of {pool}"), || planes.stamp().revision == revision);
        for series in 0..planes.rows() as u16 {
            for digits in 0..1000 {
                let ordinal = u32::from(series) * 1024 + u32::from(digits);
                let expected = match [&withheld, &issued, &taken].map(|plane| Snapshot::bit(plane, ordinal)) {
                    [true, _, _] => MarkState::Withheld,
                    [_, true, _] => MarkState::Issued,
                    [_, _, true] => MarkState::Taken,
                    _ => MarkState::Free,
                };
                assert_eq!(planes.state(series, digits), Some(expected), "{ordinal} of {pool}");
            }
        }
    }
}

fn start(
    server: &Server,
    path: &std::path::Path,
    formats: &Formats,
    look_every: Duration,
) -> Result<ReplicaWriter, StartError> {
    let library = Library::for_tests().expect("the library assembles");
    let options = StoreOptions::of(library);
    let times = Times { look_every, retry: Duration::from_millis(5), ..Times::default() };
    ReplicaWriter::start(&server.url(), options, path, formats, times)
}

/// A server with three pools on sale.
async fn open(kind: Kind) -> (Server, redis::Connection, Store) {
    let server = Server::start(kind);
    let mut client = server.client();
    set_time(&mut client, &[ALMATY, ASTANA, ENTITIES], NOON_MS);
    let store = server.store().await;
    open_pools(&store, &[ALMATY, ASTANA, ENTITIES]).await;
    (server, client, store)
}

fn keeper(request: &str) -> Act {
    Act::of("keeper", request, Channel::Keeper)
}

/// Each verb that changes a plane is seen by a reader in another mapping; what a pool was before the follower
/// started is there from the first page on, 000 and the padding never.
#[test]
fn every_change_of_a_plane_reaches_the_readers() {
    for kind in Kind::BOTH {
        run(async {
            let (server, _client, store) = open(kind).await;
            let before = store.hold(ALMATY, &[hold(1, "before", 1025)]).await.expect("held");
            let following = Following::of(&server);
            following.wait_for_pools(3);
            let replica = following.replica();
            let planes = replica.planes().pool(following.mark(ALMATY, 1).pool()).expect("planes");
            assert_eq!(planes.free(), 26 * 26 * 26 * 999 - 1, "{kind:?}: all issued digits but the one held");
            assert_eq!(planes.state(0, 0), Some(MarkState::Withheld));
            following.wait_for(ALMATY, 1025, MarkState::Taken);

            let record = before[0].record.clone().expect("a held mark has a record");
            let item = HeldItem {
                act: act_of(1, "give-back"),
                ordinal: 1025,
                hold: record.hold,
                revision: record.revision,
            };
            let released = store.release(ALMATY, &[item]).await.expect("released");
            assert_eq!(released[0].outcome, Outcome::Released);
            following.wait_for(ALMATY, 1025, MarkState::Free);

            store.withhold(ALMATY, &keeper("w"), &[2049], "a test").await.expect("withheld");
            following.wait_for(ALMATY, 2049, MarkState::Withheld);
            store.readmit(ALMATY, &keeper("r"), &[2049]).await.expect("readmitted");
            following.wait_for(ALMATY, 2049, MarkState::Free);
            store.import(ASTANA, &keeper("i"), &[7, 8, 1031]).await.expect("imported");
            following.wait_for(ASTANA, 1031, MarkState::Issued);
            following.assert_equal(&store, ALMATY).await;
            following.assert_equal(&store, ASTANA).await;
            store.import(ENTITIES, &keeper("e"), &[675 * 1024 + 999]).await.expect("imported");
            following.wait_for(ENTITIES, 675 * 1024 + 999, MarkState::Issued);
            following.assert_equal(&store, ENTITIES).await;
        });
    }
}

/// The connection is cut again and again, and the feed is trimmed to nothing, while marks are held: in the end the
/// replica is the store, mark by mark.
#[test]
fn a_cut_connection_and_a_trimmed_feed_lose_nothing() {
    for kind in Kind::BOTH {
        run(async {
            let (server, mut client, store) = open(kind).await;
            let following = Following::of(&server);
            following.wait_for_pools(3);
            for round in 0..12_u16 {
                let items: Vec<_> = (0..64)
                    .map(|n| {
                        hold(round * 64 + n, &format!("{round}-{n}"), u32::from(round * 64 + n) * 1024 + 5)
                    })
                    .collect();
                let answers = store.hold(ALMATY, &items).await.expect("held");
                assert!(answers.iter().all(|answer| answer.outcome == Outcome::Held), "{answers:?}");
                if round % 3 == 0 {
                    let head = answers.iter().map(|answer| answer.revision).max().unwrap_or(0);
                    store.trim_feed(ALMATY, head).await.expect("trimmed");
                }
                if round % 4 == 1 {
                    cut_the_follower(&mut client, &following);
                }
            }
            following.assert_equal(&store, ALMATY).await;
            let health = following.writer.health();
            assert!(
                health.snapshots >= 6,
                "{kind:?}: three at the start, three more after a cut: {health:?}"
            );
        });
    }
}

/// Ends the connection that waits for entries, as a failing network does; only the follower has such a one.
fn cut_the_follower(client: &mut redis::Connection, following: &Following) {
    following.wait("the follower listens", || {
        let list: String = redis::cmd("CLIENT").arg("LIST").query(client).expect("a list of connections");
        let listens = list.lines().find(|line| line.contains(" cmd=xread "));
        let Some(id) = listens.and_then(|line| line.strip_prefix("id=")?.split(' ').next()) else {
            return false;
        };
        let mut kill = redis::cmd("CLIENT");
        kill.arg("KILL").arg("ID").arg(id);
        kill.query::<u64>(client).is_ok_and(|ended| ended == 1)
    });
}

/// An emptied store offers nothing; pools that appear later are taken up by themselves.
#[test]
fn pools_that_go_and_come_are_noticed() {
    for kind in Kind::BOTH {
        run(async {
            let server = Server::start(kind);
            let mut client = server.client();
            let following = Following::of(&server);
            following.wait_for_pools(0);
            assert_eq!(following.replica().planes().state(following.mark(ALMATY, 7)), Some(MarkState::Taken));

            set_time(&mut client, &[ALMATY, ASTANA, ENTITIES], NOON_MS);
            let store = server.store().await;
            open_pools(&store, &[ALMATY, ASTANA, ENTITIES]).await;
            following.wait_for_pools(3);
            following.wait_for(ALMATY, 7, MarkState::Free);

            redis::cmd("FLUSHALL").exec(&mut client).expect("flushed");
            following.wait_for_pools(0);
            following.wait_for(ALMATY, 7, MarkState::Taken);
        });
    }
}

/// A store that is emptied behind a standing connection, and founded and sold from again past the revision that the
/// follower knew, all between two of its looks: what is taken now is not shown as free, and what was is not as taken.
#[test]
fn pools_founded_anew_behind_one_connection_are_noticed() {
    for kind in Kind::BOTH {
        run(async {
            let (server, mut client, store) = open(kind).await;
            let sold: Vec<_> = (1..=8).map(|n| hold(n, "before", u32::from(n))).collect();
            store.hold(ALMATY, &sold).await.expect("held");
            // Below the time that a waiting read may take, and far above what comes until the next look.
            let following = Following::looking_every(&server, Duration::from_secs(2));
            following.wait_for_pools(3);
            following.wait_for(ALMATY, 8, MarkState::Taken);

            redis::cmd("FLUSHALL").exec(&mut client).expect("flushed");
            set_time(&mut client, &[ALMATY, ASTANA, ENTITIES], NOON_MS);
            let store = server.store().await;
            open_pools(&store, &[ALMATY, ASTANA, ENTITIES]).await;
            let sold: Vec<_> = (1..=64).map(|n| hold(n, "after", 1024 + u32::from(n))).collect();
            let answers = store.hold(ALMATY, &sold).await.expect("held");
            assert!(answers.iter().all(|answer| answer.outcome == Outcome::Held), "{answers:?}");

            following.wait_for(ALMATY, 1024 + 1, MarkState::Taken);
            following.wait_for(ALMATY, 8, MarkState::Free);
            following.assert_equal(&store, ALMATY).await;
        });
    }
}

/// Two writers of one file are refused by name; one that was stopped makes room for the next, and a reader of the
/// old file finds the new one.
#[test]
fn one_writer_a_file() {
    run(async {
        let (server, _client, _store) = open(Kind::Valkey).await;
        let following = Following::of(&server);
        following.wait_for_pools(3);
        let look_every = Times::default().look_every;
        let second = start(&server, &following.path(), &following.formats, look_every);
        assert!(matches!(second, Err(StartError::File(CreateError::AnotherWriter(_)))));
        let old = following.replica();

        following.writer.stop();
        following.writer.stop();
        assert_eq!(following.writer.health().error.as_deref(), Some("the follower has stopped"));
        let next =
            start(&server, &following.path(), &following.formats, look_every).expect("the first has let go");
        following.wait("the next one publishes", || next.health().ready);
        let new = old.refreshed(&following.formats).expect("a whole file").expect("another file");
        assert_eq!(new.planes().state(following.mark(ALMATY, 7)), Some(MarkState::Free));
    });
}

/// A server that is not there is said so, and costs nothing but waiting.
#[test]
fn a_store_that_is_not_there_is_named_in_health() {
    let formats = fixtures::kazakhstan().expect("the fixture is a rule book");
    let directory = tempfile::tempdir().expect("a temporary directory");
    let library = Library::for_tests().expect("the library assembles");
    let options = StoreOptions::of(library);
    let url = format!("unix://{}", directory.path().join("nobody.sock").display());
    let path = directory.path().join("planes");
    let writer = ReplicaWriter::start(&url, options, &path, &formats, Times::default()).expect("it starts");
    let deadline = Instant::now() + Duration::from_secs(20);
    while writer.health().error.is_none() {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(!writer.health().ready);
    assert!(!path.exists(), "nothing is published that was never filled");
}
