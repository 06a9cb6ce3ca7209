//! Checkpoints show what a chain alone does not: a tail that was cut off, and a journal that was written anew.

#![allow(clippy::expect_used, reason = "a test that cannot prepare its files has failed")]

use std::fs;
use std::path::{Path, PathBuf};

use plate_inventory::act::Channel;
use plate_inventory::codec::feed::encode;
use plate_inventory::feed::{FeedEntry, PlaneBits, Transition, Verb};
use plate_inventory::id::RequestId;
use plate_inventory::journal::{
    CHECKPOINT_BYTES, Checkpoint, EntryId, JournalError, JournalWriter, Signer, Trust, Verified, verify,
};

const POOL: &str = "person_car.02";
const KEY: [u8; 32] = [7; 32];

fn entry(revision: u64) -> Vec<u8> {
    let transition = Transition {
        revision,
        verb: Verb::Import,
        ordinal: Some(revision as u32),
        planes: PlaneBits { taken: false, issued: true, withheld: false },
        record: None,
        request: RequestId([9; 16]),
        actor: "registry".to_owned(),
        on_behalf: None,
        office: String::new(),
        channel: Channel::Registry,
        payment: None,
        note: String::new(),
        document: None,
    };
    let entry = FeedEntry {
        pool: POOL.to_owned(),
        server_ms: 1_000_000,
        first_revision: revision,
        transitions: vec![transition],
    };
    encode(&entry).expect("an entry of this size can be packed")
}

fn append(journal: &mut JournalWriter, revisions: std::ops::RangeInclusive<u64>) {
    for revision in revisions {
        let id = EntryId { revision, sequence: 0 };
        assert!(journal.append(POOL, id, &entry(revision)).expect("it follows"));
    }
    journal.sync().expect("the disk takes it");
}

fn writer(directory: &Path) -> JournalWriter {
    JournalWriter::open_signing(directory, Signer::new(&KEY)).expect("it opens")
}

/// Nine entries with a checkpoint after each third; the checkpoints.
fn written(directory: &Path) -> Vec<Checkpoint> {
    let mut journal = writer(directory);
    let mut checkpoint = |first: u64| {
        append(&mut journal, first..=first + 2);
        journal.checkpoint(first).expect("the disk takes it").expect("there is something new")
    };
    [1, 4, 7].map(&mut checkpoint).to_vec()
}

fn trusting(witnesses: &[Checkpoint]) -> Trust {
    Trust { keys: vec![Signer::new(&KEY).public()], witnesses: witnesses.to_vec() }
}

fn judged(directory: &Path, trust: &Trust) -> Result<Verified, JournalError> {
    verify(directory, trust, |_| true)
}

fn segment(directory: &Path) -> PathBuf {
    directory.join("0000000001.journal")
}

fn signed(directory: &Path) -> PathBuf {
    directory.join("checkpoints.signed")
}

/// Cuts a file to so many bytes.
fn cut(path: &Path, bytes: u64) {
    fs::OpenOptions::new().write(true).open(path).and_then(|file| file.set_len(bytes)).expect("cut");
}

/// A journal as it was written verifies, counts everything, and says how much is not signed yet.
#[test]
fn an_untouched_journal_verifies() {
    let directory = tempfile::tempdir().expect("a directory");
    let checkpoints = written(directory.path());
    append(&mut writer(directory.path()), 10..=11);
    let found = judged(directory.path(), &trusting(&checkpoints)).expect("nothing is wrong");
    assert_eq!((found.frames, found.transitions, found.frames_unsigned()), (11, 11, 2));
    assert_eq!((found.checkpoints, found.last), (3, checkpoints.last().cloned()));
    assert_eq!(found.revisions.get(POOL), Some(&11));
}

/// There is nothing to sign twice, and a writer without a key signs nothing.
#[test]
fn a_checkpoint_is_made_of_news_only() {
    let directory = tempfile::tempdir().expect("a directory");
    assert_eq!(writer(directory.path()).checkpoint(1).expect("it syncs"), None, "an empty journal");
    written(directory.path());
    assert_eq!(writer(directory.path()).checkpoint(1).expect("it syncs"), None);
    let mut unsigned = JournalWriter::open(directory.path()).expect("it opens");
    append(&mut unsigned, 10..=10);
    assert_eq!(unsigned.checkpoint(1).expect("it syncs"), None);
    drop(unsigned);
    let next = writer(directory.path()).checkpoint(1).expect("it syncs").expect("one entry is new");
    assert_eq!((next.number, next.frames), (4, 10));
}

/// A tail cut at a frame's edge is seen, by who verifies and by who would write on; the control is the bare chain,
/// which is whole without it.
#[test]
fn a_cut_tail_is_seen() {
    let directory = tempfile::tempdir().expect("a directory");
    let [_, second, _] = <[_; 3]>::try_from(written(directory.path())).expect("three");
    cut(&segment(directory.path()), second.offset);
    let seen = judged(directory.path(), &trusting(&[]));
    assert!(matches!(seen, Err(JournalError::Cut { number: 3, signed: 9, found: 6 })), "{seen:?}");
    let opened = JournalWriter::open(directory.path()).err();
    assert!(matches!(opened, Some(JournalError::Cut { .. })), "{opened:?}");
    fs::remove_file(signed(directory.path())).expect("the checkpoints are gone");
    assert!(judged(directory.path(), &trusting(&[])).is_ok(), "a bare chain misses it");
}

/// A tail cut from both, journal and checkpoints, is seen against a checkpoint that was kept elsewhere, and by nothing
/// in the directory.
#[test]
fn a_tail_cut_from_both_is_seen_by_a_witness() {
    let directory = tempfile::tempdir().expect("a directory");
    let [_, second, third] = <[_; 3]>::try_from(written(directory.path())).expect("three");
    cut(&segment(directory.path()), second.offset);
    cut(&signed(directory.path()), 2 * CHECKPOINT_BYTES as u64);
    assert!(
        judged(directory.path(), &trusting(std::slice::from_ref(&second))).is_ok(),
        "it is whole by itself"
    );
    let seen = judged(directory.path(), &trusting(&[third]));
    assert!(matches!(seen, Err(JournalError::CheckpointsCut { number: 3, found: 2 })), "{seen:?}");
}

/// A journal that was written anew as a whole is seen: with a stranger's key by the key, with ours by a witness.
#[test]
fn a_journal_written_anew_is_seen() {
    let directory = tempfile::tempdir().expect("a directory");
    let witness = written(directory.path()).pop().expect("three");
    for (key, slug) in [([8; 32], "checkpoint_key_unknown"), (KEY, "journal_rewritten")] {
        let anew = tempfile::tempdir().expect("a directory");
        let mut forger = JournalWriter::open_signing(anew.path(), Signer::new(&key)).expect("it opens");
        for revision in 1..=9 {
            append(&mut forger, revision..=revision);
            forger.checkpoint(5).expect("the disk takes it");
        }
        drop(forger);
        let seen = judged(anew.path(), &trusting(std::slice::from_ref(&witness)));
        assert_eq!(seen.err().map(|error| error.slug()), Some(slug));
    }
}

/// One flipped bit anywhere in the checkpoints is seen; so is one in a witness.
#[test]
fn every_flipped_byte_of_a_checkpoint_is_seen() {
    let directory = tempfile::tempdir().expect("a directory");
    let last = written(directory.path()).pop().expect("three");
    let whole = fs::read(signed(directory.path())).expect("the checkpoints");
    for place in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x10;
        fs::write(signed(directory.path()), &bytes).expect("flipped");
        assert!(judged(directory.path(), &trusting(&[])).is_err(), "a flip at {place} went unseen");
    }
    fs::write(signed(directory.path()), &whole).expect("put back");
    let mut bytes = last.to_bytes();
    bytes[10] ^= 1;
    let forged = Checkpoint::from_bytes(&bytes).expect("its length is right");
    let seen = judged(directory.path(), &trusting(&[forged]));
    assert!(matches!(seen, Err(JournalError::WitnessRefused { .. })), "{seen:?}");
}

/// A crash in the middle of writing a checkpoint costs that checkpoint and nothing else.
#[test]
fn a_torn_checkpoint_is_written_again() {
    let directory = tempfile::tempdir().expect("a directory");
    written(directory.path());
    cut(&signed(directory.path()), 2 * CHECKPOINT_BYTES as u64 + 17);
    assert_eq!(judged(directory.path(), &trusting(&[])).expect("it is whole").checkpoints, 2);
    let again = writer(directory.path()).checkpoint(9).expect("it syncs").expect("it is due");
    assert_eq!((again.number, again.frames), (3, 9));
    assert_eq!(judged(directory.path(), &trusting(&[again])).expect("it is whole").checkpoints, 3);
}

/// A power loss may leave zeros where the file had grown already: that is no checkpoint, and the journal opens. Zeros
/// with a checkpoint behind them are damage.
#[test]
fn zeros_after_the_last_checkpoint_are_passed_over() {
    let directory = tempfile::tempdir().expect("a directory");
    written(directory.path());
    let whole = fs::read(signed(directory.path())).expect("the checkpoints");
    for (kept, zeros) in [(3, 200), (3, 417), (2, 200), (0, 200)] {
        let left = [&whole[..kept * CHECKPOINT_BYTES], &vec![0; zeros]].concat();
        fs::write(signed(directory.path()), left).expect("written");
        assert_eq!(judged(directory.path(), &trusting(&[])).expect("it is whole").checkpoints, kept as u64);
        let again = writer(directory.path()).checkpoint(9).expect("it syncs");
        assert_eq!(again.is_some(), kept < 3);
        let length = fs::metadata(signed(directory.path())).expect("the checkpoints").len();
        assert_eq!(length, ((kept + 1).min(3) * CHECKPOINT_BYTES) as u64, "the zeros are gone");
    }
    let mut bytes = whole;
    bytes[CHECKPOINT_BYTES..2 * CHECKPOINT_BYTES].fill(0);
    fs::write(signed(directory.path()), bytes).expect("damaged");
    let seen = judged(directory.path(), &trusting(&[]));
    assert!(matches!(seen, Err(JournalError::CheckpointBroken { number: 2, .. })), "{seen:?}");
}

/// A key may be changed: the last checkpoint of each key is signed, and both keys have to be trusted.
#[test]
fn a_changed_key_is_trusted_by_name() {
    let directory = tempfile::tempdir().expect("a directory");
    written(directory.path());
    let new = Signer::new(&[9; 32]);
    let both = [trusting(&[]).keys, vec![new.public()]].concat();
    let mut journal = JournalWriter::open_signing(directory.path(), new).expect("it opens");
    append(&mut journal, 10..=10);
    journal.checkpoint(9).expect("it syncs").expect("it is due");
    assert!(judged(directory.path(), &Trust { keys: both, witnesses: Vec::new() }).is_ok());
    let seen = judged(directory.path(), &trusting(&[]));
    assert!(matches!(seen, Err(JournalError::KeyUnknown { number: 4, .. })), "{seen:?}");
}

/// A writer that slept while another took the journal over writes nothing: somebody had removed the lock's file, or put
/// another directory in the place of this one.
#[test]
fn a_writer_that_was_replaced_writes_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let journal = directory.path().join("journal");
    let take_over: [fn(&Path); 2] = [
        |journal| fs::remove_file(journal.join("journal.lock")).expect("removed"),
        |journal| {
            let aside = journal.with_extension("aside");
            fs::rename(journal, &aside).expect("moved");
            fs::create_dir(journal).expect("made");
            fs::copy(segment(&aside), segment(journal)).expect("copied");
        },
    ];
    for make_way in take_over {
        let mut asleep = writer(&journal);
        append(&mut asleep, 1..=1);
        asleep.append(POOL, EntryId { revision: 2, sequence: 0 }, &entry(2)).expect("it follows");
        make_way(&journal);
        let mut other = writer(&journal);
        append(&mut other, 2..=3);
        let refused = asleep.sync();
        assert!(matches!(refused, Err(JournalError::Taken { .. })), "{refused:?}");
        assert_eq!(judged(&journal, &trusting(&[])).expect("it is whole").frames, 3);
        drop((asleep, other));
        fs::remove_dir_all(&journal).expect("cleared");
    }
}

/// Nor does it sign anything: its checkpoint would stand beside the other's of the same number. It makes no difference
/// whether the other has written entries, or a checkpoint only.
#[test]
fn a_writer_that_was_replaced_signs_nothing() {
    let new_entries = |other: &mut JournalWriter| append(other, 2..=3);
    let nothing_new = |_: &mut JournalWriter| ();
    for write in [&new_entries as &dyn Fn(&mut JournalWriter), &nothing_new] {
        let directory = tempfile::tempdir().expect("a directory");
        let mut asleep = writer(directory.path());
        append(&mut asleep, 1..=1);
        fs::remove_file(directory.path().join("journal.lock")).expect("removed");
        let mut other = writer(directory.path());
        write(&mut other);
        other.checkpoint(2).expect("the disk takes it").expect("there is something new");
        let refused = asleep.checkpoint(1);
        assert!(matches!(refused, Err(JournalError::Taken { .. })), "{refused:?}");
        assert_eq!(judged(directory.path(), &trusting(&[])).expect("it is whole").checkpoints, 1);
    }
}

/// Checkpoints that grew under a writer are another's too, where its lock and its segment look untouched.
#[test]
fn a_writer_whose_checkpoints_grew_signs_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut asleep = writer(directory.path());
    append(&mut asleep, 1..=1);
    let copy = tempfile::tempdir().expect("a directory");
    fs::copy(segment(directory.path()), segment(copy.path())).expect("copied");
    writer(copy.path()).checkpoint(2).expect("the disk takes it").expect("there is something new");
    fs::copy(signed(copy.path()), signed(directory.path())).expect("put in its place");
    let refused = asleep.checkpoint(1);
    assert!(matches!(refused, Err(JournalError::Taken { .. })), "{refused:?}");
    assert_eq!(judged(directory.path(), &trusting(&[])).expect("it is whole").checkpoints, 1);
}
