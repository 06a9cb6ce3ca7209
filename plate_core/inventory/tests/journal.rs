//! The journal keeps what it was given, shows every damage, and suffices to rebuild the state.

#![allow(clippy::expect_used, reason = "a test that cannot prepare its files has failed")]

use std::fs;
use std::path::{Path, PathBuf};

use plate_inventory::act::{Applicant, ApplicantKind, Channel, OnBehalf};
use plate_inventory::codec::feed::encode;
use plate_inventory::feed::{FeedEntry, PlaneBits, Transition, Verb};
use plate_inventory::id::{ApplicantId, HoldId, RequestId, TariffId};
use plate_inventory::journal::{EntryId, JournalError, JournalWriter, Replay, read_frames, read_history};
use plate_inventory::record::Record;
use plate_inventory::settings::PoolSettings;
use plate_inventory::state::{Acquired, State};

const POOL: &str = "person_car.02";
const SEVENS: u32 = 777;

fn record(revision: u64) -> Record {
    Record {
        state: State::Held,
        revision,
        deadline_ms: 1_900_000,
        hold: HoldId([7; 16]),
        applicant: Applicant {
            id: ApplicantId([9; 16]),
            kind: ApplicantKind::Person,
            key_id: 1,
            representative: None,
        },
        tariff: TariffId([3; 8]),
        amount_tiyn: 98_610_000,
        acquired: Acquired::Chosen,
        held_at_ms: 1_000_000,
        extensions: 0,
        permit_deadline_ms: 3_000_000,
        actor: "driver".to_owned(),
        office: String::new(),
        channel: Channel::Portal,
        payment: None,
        extra: Default::default(),
    }
}

fn transition(revision: u64, verb: Verb, ordinal: u32, record: Option<Record>) -> Transition {
    Transition {
        revision,
        verb,
        ordinal: Some(ordinal),
        planes: PlaneBits { taken: record.is_some(), issued: verb == Verb::Import, withheld: false },
        record,
        request: RequestId([7; 16]),
        actor: "driver".to_owned(),
        on_behalf: Some(OnBehalf { applicant: ApplicantId([9; 16]), representative: None }),
        office: String::new(),
        channel: Channel::Portal,
        payment: None,
        note: String::new(),
        document: None,
    }
}

fn entry(first_revision: u64, transitions: Vec<Transition>) -> (EntryId, Vec<u8>) {
    let entry = FeedEntry { pool: POOL.to_owned(), server_ms: 1_000_000, first_revision, transitions };
    let id = EntryId { revision: entry.last_revision(), sequence: 0 };
    (id, encode(&entry).expect("an entry of this size can be packed"))
}

/// Two entries: a hold of 777 AAA, then its expiry and an import beside it.
fn two_entries() -> [(EntryId, Vec<u8>); 2] {
    let after = vec![transition(2, Verb::Expire, SEVENS, None), transition(3, Verb::Import, 5, None)];
    [entry(1, vec![transition(1, Verb::Hold, SEVENS, Some(record(1)))]), entry(2, after)]
}

/// Writes entries into a journal of their own.
fn write(directory: &Path, entries: &[(EntryId, Vec<u8>)]) {
    let mut journal = JournalWriter::open(directory).expect("a new journal opens");
    for (id, bytes) in entries {
        assert!(journal.append(POOL, *id, bytes).expect("it follows"));
    }
    journal.sync().expect("the disk takes it");
}

fn written() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    write(directory.path(), &two_entries());
    directory
}

fn segment(directory: &Path) -> PathBuf {
    directory.join("0000000001.journal")
}

/// What was appended is read back, byte for byte and in order.
#[test]
fn keeps_the_feeds_own_bytes() {
    let directory = written();
    let frames: Vec<_> = read_frames(directory.path())
        .expect("it lists")
        .map(|frame| frame.expect("every link fits"))
        .map(|frame| (frame.id, frame.entry))
        .collect();
    assert_eq!(frames, two_entries());
}

/// Opened again, the journal knows its heads; an entry that is on disk already changes nothing.
#[test]
fn an_entry_read_twice_is_written_once() {
    let directory = written();
    let mut journal = JournalWriter::open(directory.path()).expect("it opens again");
    assert_eq!(journal.head(POOL).to_string(), "3-0");
    assert_eq!(journal.head("person_car.01").to_string(), "0-0");
    let [first, _] = two_entries();
    assert!(!journal.append(POOL, first.0, &first.1).expect("it is known"));
    journal.sync().expect("nothing to write");
    assert_eq!(read_frames(directory.path()).expect("it lists").count(), 2);
}

/// An entry whose revisions do not follow is refused, and says which are missing.
#[test]
fn a_gap_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut journal = JournalWriter::open(directory.path()).expect("a new journal opens");
    let [_, second] = two_entries();
    let refusal = journal.append(POOL, second.0, &second.1);
    assert!(matches!(refusal, Err(JournalError::Gap { expected: 1, found: 2, .. })));
}

/// Bytes that are no feed entry are refused before they reach the disk.
#[test]
fn an_unreadable_entry_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut journal = JournalWriter::open(directory.path()).expect("a new journal opens");
    let id = EntryId { revision: 1, sequence: 0 };
    let refusal = journal.append(POOL, id, b"no entry");
    assert!(matches!(refusal, Err(JournalError::Entry { .. })));
}

/// Two writers in one directory would interleave two chains: the second is refused.
#[test]
fn a_second_writer_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let first = JournalWriter::open(directory.path()).expect("a new journal opens");
    let second = JournalWriter::open(directory.path());
    assert!(matches!(second, Err(JournalError::Locked { .. })));
    drop(first);
    assert!(JournalWriter::open(directory.path()).is_ok());
}

/// A crash in the middle of a write, at any byte, costs the frame that was being written and nothing else;
/// what was cut off is kept beside the segment.
#[test]
fn a_torn_tail_is_cut_and_kept() {
    let directory = written();
    let whole = fs::read(segment(directory.path())).expect("the segment");
    let alone = tempfile::tempdir().expect("a directory");
    let [first, _] = two_entries();
    write(alone.path(), &[first]);
    let first_only = fs::read(segment(alone.path())).expect("the segment").len();
    for cut in first_only + 1..whole.len() {
        fs::write(segment(directory.path()), &whole[..cut]).expect("cut");
        let journal = JournalWriter::open(directory.path()).expect("a torn tail is no damage");
        assert_eq!(journal.head(POOL).to_string(), "1-0", "cut at {cut}");
        let kept = segment(directory.path()).with_extension(format!("torn-{first_only}"));
        assert_eq!(fs::read(kept).expect("kept"), &whole[first_only..cut]);
    }
}

/// After a power loss the file may have grown without its bytes; zeros to the end are a torn tail too.
#[test]
fn a_tail_of_zeros_is_torn() {
    let directory = written();
    let mut bytes = fs::read(segment(directory.path())).expect("the segment");
    bytes.extend_from_slice(&[0; 300]);
    fs::write(segment(directory.path()), &bytes).expect("grown");
    let journal = JournalWriter::open(directory.path()).expect("zeros are no damage");
    assert_eq!(journal.head(POOL).to_string(), "3-0");
}

/// One flipped bit anywhere in a whole journal is seen.
///
/// The control is the untouched journal, which opens. A flip in a length may make the last frame look torn;
/// that is seen too, because the head is then not where the feed was trimmed to.
#[test]
fn every_flipped_byte_is_seen() {
    let directory = written();
    let whole = fs::read(segment(directory.path())).expect("the segment");
    let untouched = JournalWriter::open(directory.path()).map(|journal| journal.head(POOL).revision);
    assert!(matches!(untouched, Ok(3)));
    for place in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x40;
        fs::write(segment(directory.path()), &bytes).expect("flipped");
        let seen = JournalWriter::open(directory.path()).map(|journal| journal.head(POOL).revision);
        assert!(!matches!(seen, Ok(3)), "a flip at {place} went unseen");
    }
}

/// A mark's history is every transition of it, with the server's time, and none of others.
#[test]
fn history_is_of_one_mark() {
    let directory = written();
    let history = read_history(directory.path(), POOL, SEVENS).expect("it reads");
    let steps: Vec<_> = history.iter().map(|(server_ms, step)| (*server_ms, step.verb)).collect();
    assert_eq!(steps, [(1_000_000, Verb::Hold), (1_000_000, Verb::Expire)]);
    assert!(read_history(directory.path(), "person_car.01", SEVENS).expect("it reads").is_empty());
}

/// Replaying from empty gives planes and records as the entries say; a conflict of the registry changes no record.
#[test]
fn replay_rebuilds_the_state() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut founding = transition(1, Verb::Configure, 0, None);
    (founding.ordinal, founding.note) = (None, PoolSettings::default().text());
    let mut conflict = transition(3, Verb::ImportConflict, SEVENS, None);
    conflict.planes.taken = true;
    let hold = entry(2, vec![transition(2, Verb::Hold, SEVENS, Some(record(2)))]);
    let import = entry(3, vec![conflict, transition(4, Verb::Import, 5, None)]);
    write(directory.path(), &[entry(1, vec![founding]), hold, import]);
    let replay = Replay::of(directory.path()).expect("it replays");
    let pool = replay.pools().get(POOL).expect("the pool is named");
    assert_eq!(pool.revision, 4);
    assert_eq!(pool.record(SEVENS), Ok(Some(record(2))));
    assert_eq!(pool.records.len(), 1);
    assert!(pool.planes.of(5).issued && !pool.planes.of(6).issued);
    assert!(pool.planes.of(0).withheld && pool.planes.of(1_000).withheld && pool.planes.of(6).is_free());
    assert_eq!(pool.settings, Some(PoolSettings::default()));
}
