//! The follower against a store that is played: one that trims, fails, forgets and restores when a test says so.
//! Against real servers it is tested in `tests/replica`.

#![allow(clippy::expect_used, reason = "a test may fail")]

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use plate_algebra::{Format, Formats, Mark, Names, Origin, Region, RegionInfo};
use plate_scan::{MarkState, PlanesFile, Replica, pool_specs};
use proptest::prelude::*;

use super::bits;
use super::follower::{Follower, Times};
use super::health::Shared;
use super::source::{Heads, Source};
use crate::act::Channel;
use crate::codec::feed::encode;
use crate::feed::{FeedEntry, PlaneBits, Transition, Verb};
use crate::id::RequestId;
use crate::store::{Each, Head, RawEntry, Snapshot, StoreError};

/// One letter, so that a pool has 26 rows and a test looks at every mark.
const ORDINALS: u32 = 26 * 1024;
const TIME_MS: i64 = 1_795_000_000_000;

fn country() -> Formats {
    let origin = Origin::file("test", 1, 1);
    let names = || Names::new("a", "b", "c");
    let format = Format::new("one", "NNN L RR", true, 1, names(), &origin).expect("a format");
    let region = |code| RegionInfo {
        region: Region::new(code).expect("a region"),
        names: names(),
        origin: origin.clone(),
    };
    Formats::new(vec![format], Vec::new(), vec![region(1), region(2)]).expect("a small country")
}

/// A pool of the played store.
#[derive(Clone, Default)]
struct PlayedPool {
    founded_us: u64,
    revision: u64,
    planes: BTreeMap<u32, PlaneBits>,
    feed: Vec<RawEntry>,
}

/// A store that does what a test says.
#[derive(Clone, Default)]
struct Played {
    pools: BTreeMap<String, PlayedPool>,
    /// How many calls from now on succeed before one fails.
    fails_after: Option<usize>,
    snapshots: u64,
    connections: u64,
    /// A clock that moves with every founding, and never goes back.
    foundings: u64,
    /// Pools whose primary does not answer.
    absent: BTreeSet<String>,
    /// How much later than [`TIME_MS`] it is.
    later_ms: i64,
}

impl Played {
    /// The pool of this name, founded if there is none.
    fn pool(&mut self, id: &str) -> &mut PlayedPool {
        let foundings = &mut self.foundings;
        self.pools.entry(id.to_owned()).or_insert_with(|| {
            *foundings += 1;
            PlayedPool { founded_us: *foundings, ..PlayedPool::default() }
        })
    }

    fn change(&mut self, pool: &str, marks: &[(u32, PlaneBits)]) {
        let played = self.pool(pool);
        let first_revision = played.revision + 1;
        let transition = |(revision, &(ordinal, planes)): (u64, &(u32, PlaneBits))| Transition {
            revision,
            verb: Verb::Withhold,
            ordinal: Some(ordinal),
            planes,
            record: None,
            request: RequestId([0; 16]),
            actor: "keeper".to_owned(),
            on_behalf: None,
            office: String::new(),
            channel: Channel::Keeper,
            payment: None,
            note: String::new(),
            document: None,
        };
        let transitions: Vec<Transition> = (first_revision..).zip(marks).map(transition).collect();
        if transitions.is_empty() {
            return;
        }
        let entry = FeedEntry { pool: pool.to_owned(), server_ms: TIME_MS, first_revision, transitions };
        played.revision = entry.last_revision();
        played.feed.push(RawEntry { revision: played.revision, bytes: encode(&entry).expect("short texts") });
        played.planes.extend(marks.iter().copied());
    }

    /// Whether the primary of a pool answers.
    fn reach(&self, pool: &str) -> Result<(), StoreError> {
        if self.absent.contains(pool) { Err(away()) } else { Ok(()) }
    }

    fn read(&mut self, after: &[(String, u64)], count: usize) -> Result<Each<Vec<RawEntry>>, StoreError> {
        self.call()?;
        let entries = |(pool, revision): &(String, u64)| {
            self.reach(pool)?;
            let feed = self.pools.get(pool).map_or(&[][..], |pool| &pool.feed);
            Ok(feed.iter().filter(|entry| entry.revision > *revision).take(count).cloned().collect())
        };
        Ok(after.iter().map(entries).collect())
    }

    fn call(&mut self) -> Result<(), StoreError> {
        match self.fails_after.as_mut() {
            Some(0) => {
                self.fails_after = None;
                Err(away())
            }
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

fn away() -> StoreError {
    StoreError::Unavailable { detail: "played".to_owned() }
}

impl Source for Rc<RefCell<Played>> {
    fn connection_number(&self) -> u64 {
        self.borrow().connections
    }

    async fn heads(&self, pools: &[String], _within: Duration) -> Result<Heads, StoreError> {
        let mut played = self.borrow_mut();
        played.call()?;
        let head = |pool: &String| {
            played.reach(pool)?;
            let found = played.pools.get(pool);
            Ok(found.map(|pool| Head { revision: pool.revision, founded_us: Some(pool.founded_us) }))
        };
        let pools = pools.iter().map(head).collect();
        Ok(Heads { server_ms: TIME_MS + played.later_ms, pools })
    }

    async fn snapshot(&self, pool: &str) -> Result<Option<Snapshot>, StoreError> {
        let mut played = self.borrow_mut();
        played.call()?;
        played.reach(pool)?;
        played.snapshots += 1;
        Ok(played.pools.get(pool).map(|pool| {
            let bitmap = |has: fn(&PlaneBits) -> bool| {
                let mut bytes = vec![0; ORDINALS as usize / 8];
                for (&ordinal, _) in pool.planes.iter().filter(|(_, planes)| has(planes)) {
                    bytes[ordinal as usize / 8] |= 128 >> (ordinal % 8);
                }
                // As a server does: nothing behind the last bit that was ever set.
                bytes.truncate(bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1));
                bytes
            };
            Snapshot {
                revision: pool.revision,
                founded_us: Some(pool.founded_us),
                taken: bitmap(|planes| planes.taken),
                issued: bitmap(|planes| planes.issued),
                withheld: bitmap(|planes| planes.withheld),
            }
        }))
    }

    async fn follow(
        &self,
        after: &[(String, u64)],
        count: usize,
        wait_ms: Option<u64>,
    ) -> Result<Each<Vec<RawEntry>>, StoreError> {
        let found = self.borrow_mut().read(after, count)?;
        if wait_ms.is_some() && found.iter().all(|read| read.as_ref().is_ok_and(Vec::is_empty)) {
            // As a server does, and short: whoever listens beside it gets his turn.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(found)
    }
}

/// A follower of a played store, and a reader of what it keeps.
struct World {
    formats: Formats,
    store: Rc<RefCell<Played>>,
    follower: Follower<Rc<RefCell<Played>>>,
    health: Shared,
    directory: tempfile::TempDir,
}

impl World {
    fn new() -> World {
        Self::keeping_absent_pools(Times::default().absent_most)
    }

    /// One that offers the planes of an absent pool for so long.
    fn keeping_absent_pools(absent_most: Duration) -> World {
        let times = Times { absent_most, look_every: Duration::from_millis(20), ..Times::default() };
        let formats = country();
        let directory = tempfile::tempdir().expect("a temporary directory");
        let specs = pool_specs(&formats);
        let file = PlanesFile::create(&directory.path().join("planes"), &specs).expect("a file of planes");
        let (store, health) = (Rc::new(RefCell::new(Played::default())), Shared::default());
        let follower = Follower::new(Rc::clone(&store), file, specs, health.clone(), times);
        World { formats, store, follower, health, directory }
    }

    fn replica(&self) -> Replica {
        Replica::open(&self.directory.path().join("planes"), &self.formats).expect("published planes")
    }

    /// Looks until it succeeds: a played failure happens once.
    fn look(&mut self) {
        while let Err(error) = run(self.follower.look()) {
            assert_eq!(error.to_string(), "the store cannot be followed: the store is not available: played");
            self.follower.begin_anew(&error);
        }
    }

    fn listen(&mut self) -> bool {
        run(self.follower.listen_once(Duration::from_millis(1))).expect("the store answers")
    }

    /// What the replica says of a mark of one of the pools.
    fn state(&self, pool: usize, digits: u16) -> Option<MarkState> {
        let pool = self.formats.pools().get(pool).copied()?;
        let mark = Mark { format: pool.format, region: pool.region, series: 0, digits };
        self.replica().planes().state(mark)
    }

    /// Every mark of both pools is what the played store says.
    fn check(&self) {
        let replica = self.replica();
        for pool in self.formats.pools() {
            let id = self.formats.pool_id(pool);
            let played = self.store.borrow();
            let planes = played.pools.get(&id).map(|pool| &pool.planes);
            for ordinal in (0..ORDINALS).filter(|ordinal| ordinal % 1024 < 1000) {
                let bits = planes.map(|planes| planes.get(&ordinal).copied().unwrap_or_default());
                let expected = match bits {
                    None => MarkState::Taken,
                    Some(PlaneBits { withheld: true, .. }) => MarkState::Withheld,
                    Some(PlaneBits { issued: true, .. }) => MarkState::Issued,
                    Some(PlaneBits { taken: true, .. }) => MarkState::Taken,
                    Some(_) => MarkState::Free,
                };
                let (series, digits) = ((ordinal / 1024) as u16, (ordinal % 1024) as u16);
                let mark = Mark { format: pool.format, region: pool.region, series, digits };
                assert_eq!(replica.planes().state(mark), Some(expected), "{id} {ordinal}");
            }
            let stamp = replica.planes().pool(pool).map(|pool| pool.stamp().revision);
            assert_eq!(stamp, Some(played.pools.get(&id).map_or(0, |pool| pool.revision)));
        }
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(future)
}

const TAKEN: PlaneBits = PlaneBits { taken: true, issued: false, withheld: false };
const FREE: PlaneBits = PlaneBits { taken: false, issued: false, withheld: false };

/// Something that happens to the store, or that the follower does.
#[derive(Clone, Debug)]
enum Event {
    Change(usize, Vec<(u32, PlaneBits)>),
    /// The journal has everything on disk: the feed is forgotten.
    Trim(usize),
    /// The store fails at the n-th call from now on.
    Fail(usize),
    /// The store as it is now is kept, to come back later.
    Keep,
    /// The store is what was kept, revisions and all.
    Restore,
    /// The store forgets a pool.
    Lose(usize),
    /// An entry cannot be read.
    Damage(usize),
    Look,
}

const POOLS: [&str; 2] = ["one.01", "one.02"];

fn event() -> impl Strategy<Value = Event> {
    let pool = 0usize..2;
    // Few ordinals, so that a mark changes again and again.
    let mark = (prop::sample::select(vec![1u32, 2, 63, 64, 1025, 25 * 1024 + 999]), 0u8..8)
        .prop_map(|(ordinal, bits)| (ordinal, PlaneBits::from_bits(bits)));
    let change = (pool.clone(), prop::collection::vec(mark, 1..20))
        .prop_map(|(pool, marks)| Event::Change(pool, marks));
    prop_oneof![
        6 => change,
        2 => Just(Event::Look),
        1 => pool.clone().prop_map(Event::Trim),
        1 => (0usize..6).prop_map(Event::Fail),
        1 => Just(Event::Keep),
        1 => Just(Event::Restore),
        1 => pool.clone().prop_map(Event::Lose),
        1 => pool.prop_map(Event::Damage),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever the store did meanwhile (changed, trimmed its feed, failed, was restored to an earlier state, lost
    /// a pool), after a look the replica is what the store is, mark by mark.
    #[test]
    fn after_a_look_the_replica_is_what_the_store_is(events in prop::collection::vec(event(), 1..30)) {
        let mut world = World::new();
        let mut kept = Played::default();
        for event in events {
            let mut store = world.store.borrow_mut();
            match event {
                Event::Change(pool, marks) => store.change(POOLS[pool], &marks),
                Event::Trim(pool) => store.pool(POOLS[pool]).feed.clear(),
                Event::Fail(calls) => store.fails_after = Some(calls),
                Event::Keep => kept = store.clone(),
                // Whoever restores a store restarts it; nobody need have been in the middle of a call.
                Event::Restore => {
                    let Played { snapshots, connections, foundings, .. } = *store;
                    let connections = connections + 1;
                    *store = Played { snapshots, connections, foundings, ..kept.clone() };
                }
                // As FLUSHALL does it: the connection stands, and what is founded next may pass our revision.
                Event::Lose(pool) => { store.pools.remove(POOLS[pool]); }
                Event::Damage(pool) => {
                    if let Some(last) = store.pools.get_mut(POOLS[pool]).and_then(|pool| pool.feed.last_mut()) {
                        last.bytes.truncate(9);
                    }
                }
                Event::Look => {
                    drop(store);
                    world.look();
                    world.check();
                }
            }
        }
        world.look();
        world.check();
    }

    /// A bitmap's bits come out where the plane has them.
    #[test]
    fn a_bitmap_becomes_the_words_of_a_plane(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        let words = bits::words(&bytes);
        for ordinal in 0..words.len() as u32 * 64 {
            let set = words[ordinal as usize / 64] >> (ordinal % 64) & 1 == 1;
            prop_assert_eq!(set, Snapshot::bit(&bytes, ordinal));
        }
    }
}

/// A pool whose primary does not answer is named, and holds up no other: what changes there is seen. The file does not
/// claim to be newer than the absent pool's planes, and when they are too old they offer nothing and the file is new again.
/// Once the primary answers, all is as the store has it, and nothing was begun anew.
#[test]
fn an_absent_pool_holds_up_no_other() {
    for is_kept in [true, false] {
        let kept_for = if is_kept { Duration::from_secs(3_600) } else { Duration::ZERO };
        run(an_absent_pool(World::keeping_absent_pools(kept_for), is_kept));
    }
}

async fn an_absent_pool(mut world: World, is_kept: bool) {
    POOLS.iter().for_each(|pool| world.store.borrow_mut().change(pool, &[(7, TAKEN)]));
    world.follower.look().await.expect("both primaries answer");
    world.check();
    world.store.borrow_mut().absent.insert(POOLS[1].to_owned());
    world.store.borrow_mut().later_ms = 250;
    world.store.borrow_mut().change(POOLS[0], &[(8, TAKEN)]);
    world.follower.listen().await.expect("one answers");
    assert_eq!(world.state(0, 8), Some(MarkState::Taken));
    let health = world.health.read();
    assert_eq!((health.pools, &health.pools_absent[..]), (1, &[POOLS[1].to_owned()][..]));
    assert!(health.error.is_some_and(|error| error.contains(POOLS[1]) && error.contains("played")));
    world.store.borrow_mut().change(POOLS[0], &[(9, TAKEN)]);
    world.follower.look().await.expect("one answers");
    world.follower.listen().await.expect("it goes on answering");
    assert_eq!(world.state(0, 9), Some(MarkState::Taken));
    assert_eq!(world.state(1, 8), Some(if is_kept { MarkState::Free } else { MarkState::Taken }));
    assert_eq!(world.replica().planes().updated_at_ms(), TIME_MS + if is_kept { 0 } else { 250 });

    world.store.borrow_mut().change(POOLS[1], &[(10, TAKEN)]);
    world.store.borrow_mut().absent.clear();
    while !world.health.read().pools_absent.is_empty() {
        world.follower.listen().await.expect("both answer");
        world.follower.look().await.expect("both answer");
    }
    world.check();
    assert_eq!(world.health.read().error, None);
    assert_eq!(world.replica().planes().updated_at_ms(), TIME_MS + 250);
    assert_eq!(world.store.borrow().snapshots, if is_kept { 2 } else { 3 });
}

/// Where no primary answers, all are asked again at the next look.
#[test]
fn where_all_pools_are_absent_all_are_asked_again() {
    let mut world = World::new();
    POOLS.iter().for_each(|pool| world.store.borrow_mut().change(pool, &[(7, TAKEN)]));
    world.look();
    world.store.borrow_mut().absent.extend(POOLS.map(str::to_owned));
    run(world.follower.look()).expect("each is missed by itself");
    assert_eq!(world.health.read().pools_absent, POOLS);
    world.store.borrow_mut().absent.clear();
    world.look();
    world.check();
    assert_eq!(world.health.read().pools_absent, Vec::<String>::new());
}

/// What the feed brings needs no snapshot; a feed that was trimmed past the reader does, and so does one whose
/// entries cannot be read.
#[test]
fn only_a_gap_takes_a_new_snapshot() {
    let mut world = World::new();
    POOLS.iter().for_each(|pool| world.store.borrow_mut().change(pool, &[(7, TAKEN)]));
    world.look();
    assert_eq!(world.store.borrow().snapshots, 2, "one a pool, at the start");

    world.store.borrow_mut().change(POOLS[0], &[(7, FREE), (8, TAKEN)]);
    assert!(world.listen());
    world.check();
    world.store.borrow_mut().change(POOLS[1], &[(9, TAKEN)]);
    world.look();
    world.check();
    assert_eq!(world.store.borrow().snapshots, 2, "the feed was enough");
    assert_eq!(world.health.read().transitions, 3);

    // Trimmed, and nothing new after it: only the look can know.
    world.store.borrow_mut().change(POOLS[0], &[(10, TAKEN)]);
    world.store.borrow_mut().pools.get_mut(POOLS[0]).expect("a pool").feed.clear();
    assert!(!world.listen());
    world.look();
    world.check();
    assert_eq!(world.store.borrow().snapshots, 3);

    // Trimmed, and something new after it: listening finds the gap.
    world.store.borrow_mut().change(POOLS[0], &[(11, TAKEN)]);
    world.store.borrow_mut().pools.get_mut(POOLS[0]).expect("a pool").feed.clear();
    world.store.borrow_mut().change(POOLS[0], &[(12, TAKEN)]);
    assert!(world.listen());
    world.check();
    assert_eq!(world.store.borrow().snapshots, 4);

    // An entry of a later version.
    world.store.borrow_mut().change(POOLS[1], &[(13, TAKEN)]);
    world
        .store
        .borrow_mut()
        .pools
        .get_mut(POOLS[1])
        .and_then(|pool| pool.feed.last_mut())
        .expect("an entry")
        .bytes[0] = 9;
    assert!(world.listen());
    world.check();
    assert_eq!(world.store.borrow().snapshots, 5);
}

/// A reader far behind copies instead of reading all he missed.
#[test]
fn a_reader_far_behind_takes_a_snapshot() {
    let mut world = World::new();
    world.store.borrow_mut().change(POOLS[0], &[(7, TAKEN)]);
    world.look();
    let before = world.store.borrow().snapshots;
    let batch: Vec<(u32, PlaneBits)> = (1..=999).map(|ordinal| (ordinal, TAKEN)).collect();
    for _ in 0..21 {
        world.store.borrow_mut().change(POOLS[0], &batch);
    }
    world.look();
    world.check();
    assert_eq!(world.store.borrow().snapshots, before + 1);
    assert_eq!(world.health.read().transitions, 0);
}

/// Health tells what is there, what is missing and what is wrong; an error goes when it is over.
#[test]
fn health_says_what_is_missing_and_what_is_wrong() {
    let mut world = World::new();
    assert!(!world.health.read().ready);
    world.store.borrow_mut().fails_after = Some(0);
    let error = run(world.follower.look()).expect_err("the store fails");
    world.follower.begin_anew(&error);
    let health = world.health.read();
    assert!(!health.ready && health.error.is_some_and(|error| error.contains("played")));

    world.look();
    let health = world.health.read();
    assert_eq!((health.ready, health.pools, health.pools_missing, health.error), (true, 0, 2, None));
    world.store.borrow_mut().change(POOLS[1], &[(7, TAKEN)]);
    world.look();
    let health = world.health.read();
    assert_eq!((health.pools, health.pools_missing, health.updated_at_ms), (1, 1, TIME_MS));
    assert_eq!(world.replica().age_ms(TIME_MS + 40), 40);
}

/// A connection that was made anew between two calls fails nothing, and is noticed all the same: the store behind it
/// may have the same revisions with other marks.
#[test]
fn a_connection_made_anew_between_calls_is_noticed() {
    let mut world = World::new();
    world.store.borrow_mut().change(POOLS[0], &[(7, TAKEN)]);
    world.look();
    let kept = world.store.borrow().clone();
    world.store.borrow_mut().change(POOLS[0], &[(8, TAKEN)]);
    world.look();

    // Restored to before, then another mark at the same revision: nothing in the numbers shows it.
    *world.store.borrow_mut() = Played { connections: 1, ..kept };
    world.store.borrow_mut().change(POOLS[0], &[(9, TAKEN)]);
    let refused = run(world.follower.listen_once(Duration::from_millis(1)));
    assert_eq!(
        refused.expect_err("noticed").to_string(),
        "the connection to the store was lost and made anew"
    );
    world.look();
    world.check();
}

/// A pool that was lost behind a standing connection and founded again is another pool, whether it stands before,
/// at or past the revision that the follower knows.
#[test]
fn a_pool_founded_again_behind_one_connection_is_noticed() {
    for marks in [&[3][..], &[3, 4], &[3, 4, 5]] {
        let mut world = World::new();
        world.store.borrow_mut().change(POOLS[0], &[(1, TAKEN), (2, TAKEN)]);
        world.look();
        let snapshots = world.store.borrow().snapshots;

        let again: Vec<(u32, PlaneBits)> = marks.iter().map(|&ordinal| (ordinal, TAKEN)).collect();
        world.store.borrow_mut().pools.remove(POOLS[0]);
        world.store.borrow_mut().change(POOLS[0], &again);
        world.look();
        world.check();
        assert_eq!(world.store.borrow().snapshots, snapshots + 1, "{marks:?}");
    }
}
