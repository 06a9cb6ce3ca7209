//! One file of planes a machine: a writer, readers in other mappings, and every way a file can be wrong.

#![allow(clippy::expect_used, reason = "a test may fail")]

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use plate_algebra::{Formats, Mark, Pool, fixtures};
use plate_scan::{
    Change, CreateError, MarkState, PlaneBits, PlanesFile, PoolImage, Replica, ReplicaError, Stamp,
    pool_specs,
};

/// Word numbers of the header and of the first directory entry, as the layout documents them.
const VERSION: u64 = 1;
const TOTAL_WORDS: u64 = 2;
const POOLS: u64 = 3;
const READY: u64 = 4;
const FIRST_ID: u64 = 512;
const FIRST_ROWS: u64 = 512 + 6;
const FIRST_DATA: u64 = 512 + 7;

fn country() -> Formats {
    fixtures::kazakhstan().expect("the fixture is a rule book")
}

fn mark(formats: &Formats, text: &str) -> Mark {
    fixtures::mark(formats, text).expect("a mark of the fixture")
}

fn stamp(revision: u64) -> Stamp {
    Stamp { revision, feed: (revision, 0), updated_at_ms: 1_700_000_000_000 }
}

fn make(path: &Path, formats: &Formats) -> PlanesFile {
    PlanesFile::create(path, &pool_specs(formats)).expect("a directory of the test")
}

fn load_empty(file: &mut PlanesFile, pool: Pool, revision: u64) {
    let nothing = PoolImage { taken: &[], issued: &[], withheld: &[] };
    file.writer().load(pool, nothing, stamp(revision)).expect("a pool of the file");
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("planes");
    (directory, path)
}

/// A reader's mapping follows the writer's changes without being opened again.
#[test]
fn a_reader_sees_what_the_writer_applies() {
    let (formats, (_directory, path)) = (country(), place());
    let wanted = mark(&formats, "777AAA02");
    let mut file = make(&path, &formats);
    load_empty(&mut file, wanted.pool(), 7);
    file.publish().expect("the path is free");
    let reader = Replica::open(&path, &formats).expect("a whole file");
    assert_eq!(reader.planes().state(wanted), Some(MarkState::Free));

    let table = [
        (PlaneBits { taken: true, ..PlaneBits::default() }, MarkState::Taken),
        (PlaneBits { issued: true, ..PlaneBits::default() }, MarkState::Issued),
        (PlaneBits { withheld: true, issued: true, ..PlaneBits::default() }, MarkState::Withheld),
        (PlaneBits::default(), MarkState::Free),
    ];
    for (revision, (bits, state)) in (8..).zip(table) {
        let change = Change { ordinal: wanted.ordinal().get(), bits };
        file.writer().apply(wanted.pool(), &[change], stamp(revision)).expect("a mark of the pool");
        assert_eq!(reader.planes().state(wanted), Some(state));
        let seen = reader.planes().pool(wanted.pool()).map(|pool| pool.stamp());
        assert_eq!(seen, Some(stamp(revision)));
    }
    file.writer().set_updated_at_ms(5_000);
    assert_eq!((reader.age_ms(5_250), reader.age_ms(4_000)), (250, 0));
}

/// Before it is published there is nothing to open; a second writer is refused; the next one's file
/// is noticed, while the old mapping still answers.
#[test]
fn a_new_writer_puts_a_new_file_in_place_and_readers_notice() {
    let (formats, (_directory, path)) = (country(), place());
    let wanted = mark(&formats, "001QQ16");
    let mut first = make(&path, &formats);
    assert!(matches!(Replica::open(&path, &formats), Err(ReplicaError::Missing(_))));
    load_empty(&mut first, wanted.pool(), 1);
    first.publish().expect("the path is free");
    let old = Replica::open(&path, &formats).expect("a whole file");
    assert!(old.refreshed(&formats).expect("the file is there").is_none());
    let second = PlanesFile::create(&path, &pool_specs(&formats));
    assert!(matches!(second, Err(CreateError::AnotherWriter(_))));
    drop(first);

    let mut second = make(&path, &formats);
    assert!(old.refreshed(&formats).expect("the old file is there").is_none(), "not published yet");
    second.publish().expect("the path is the old file's");
    let new = old.refreshed(&formats).expect("a whole file").expect("another file");
    assert_eq!((old.generation(), new.generation()), (1, 2));
    assert_eq!(old.planes().state(wanted), Some(MarkState::Free));
    assert_eq!(new.planes().state(wanted), Some(MarkState::Taken), "not loaded: nothing is offered");
}

/// A writer that goes before publishing leaves nothing that a reader could open.
#[test]
fn an_unpublished_file_is_taken_away() {
    let (formats, (directory, path)) = (country(), place());
    drop(make(&path, &formats));
    assert!(matches!(Replica::open(&path, &formats), Err(ReplicaError::Missing(_))));
    let left: Vec<_> = fs::read_dir(directory.path()).expect("it is there").flatten().collect();
    assert_eq!(left.len(), 1, "only the lock stays: {left:?}");
}

/// Every way in which a file can be wrong has its own name.
#[test]
fn a_file_that_cannot_be_used_is_refused_by_name() {
    let formats = country();
    let patched = |word: u64, value: u64| {
        let (directory, path) = place();
        let mut file = make(&path, &formats);
        file.publish().expect("the path is free");
        let patch = OpenOptions::new().write(true).open(&path).expect("it is there");
        patch.write_all_at(&value.to_le_bytes(), word * 8).expect("a word of the file");
        let found = Replica::open(&path, &formats).err().map(|error| error.slug());
        drop(directory);
        found
    };
    let table = [
        (0, u64::from_le_bytes(*b"SOMETHIN"), Some("not_planes")),
        (VERSION, 2, Some("other_layout")),
        (READY, 0, Some("planes_not_ready")),
        (TOTAL_WORDS, 4096, Some("planes_damaged")),
        (POOLS, u64::MAX, Some("planes_damaged")),
        (POOLS, 0, Some("pool_missing")),
        (FIRST_ID, u64::from_le_bytes(*b"tractor."), Some("pool_missing")),
        (FIRST_ROWS, 676, Some("rows_differ")),
        (FIRST_DATA, u64::MAX - 4, Some("planes_damaged")),
        (VERSION, 1, None),
    ];
    for (word, value, slug) in table {
        assert_eq!(patched(word, value), slug, "word {word} as {value}");
    }
}

/// Files that are no files of planes at all.
#[test]
fn a_short_or_foreign_file_is_refused_by_name() {
    let (formats, (directory, path)) = (country(), place());
    fs::write(&path, b"mark,region\n").expect("a directory of the test");
    assert!(matches!(Replica::open(&path, &formats), Err(ReplicaError::NotPlanes)));
    fs::write(&path, vec![0; 8192]).expect("a directory of the test");
    assert!(matches!(Replica::open(&path, &formats), Err(ReplicaError::NotPlanes)));
    assert!(matches!(Replica::open(directory.path(), &formats), Err(ReplicaError::Io(_))));
}

/// Pools that no layout could hold are refused before a file is made.
#[test]
fn pools_that_do_not_fit_are_refused_by_name() {
    let (formats, (_directory, path)) = (country(), place());
    let good = pool_specs(&formats);
    let mut named_twice = good.clone();
    named_twice.push(good[0].clone());
    let mut too_long = good.clone();
    too_long[3].id = "x".repeat(49);
    let mut too_many_rows = good;
    too_many_rows[0].rows = 65_537;
    for specs in [named_twice, too_long, too_many_rows] {
        assert!(matches!(PlanesFile::create(&path, &specs), Err(CreateError::PoolUnfit { .. })));
    }
}
