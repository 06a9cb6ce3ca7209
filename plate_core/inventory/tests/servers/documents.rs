//! Documents and refused notifications: written once, told to the feed in the same step, rebuilt from the journal.

use plate_inventory::act::{Act, Channel};
use plate_inventory::codec::feed::decode;
use plate_inventory::feed::{DOCUMENTS_POOL, FeedEntry, REFUSALS_POOL, Verb};
use plate_inventory::journal::{EntryId, JournalError, JournalWriter, Replay, read_frames};
use plate_inventory::library::DATA_VERSION;
use plate_inventory::store::{
    DOCUMENT_MAX_BYTES, DOCUMENTS_BACKLOG_MAX, Document, REFUSALS_BACKLOG_MAX, Store, StoreError,
};

use crate::people::NOON_MS;
use crate::server::{Kind, Server, run, set_time};

fn admin(request: &str) -> Act {
    Act { office: "pricing".to_owned(), ..Act::of("pricing_admin-dana", request, Channel::Portal) }
}

/// A server whose clock is set, and a store over it.
async fn started(kind: Kind) -> (Server, Store) {
    let server = Server::start(kind);
    set_time(&mut server.client(), &[], NOON_MS);
    let store = server.store().await;
    (server, store)
}

async fn entries(store: &Store, pool: &str) -> Vec<FeedEntry> {
    let raw = store.feed(pool, 0, 1_000).await.expect("the feed");
    raw.iter().map(|entry| decode(&entry.bytes).expect("an entry")).collect()
}

/// Writes what waits in a feed into a journal, as a keeper does, but for the entry of `without`.
async fn journal(
    store: &Store,
    pool: &str,
    journal: &mut JournalWriter,
    without: Option<u64>,
) -> Result<(), JournalError> {
    for entry in store.feed(pool, 0, 1_000).await.expect("the feed") {
        if Some(entry.revision) != without {
            journal.append(pool, EntryId { revision: entry.revision, sequence: 0 }, &entry.bytes)?;
        }
    }
    journal.sync()
}

/// A document is written only by who has read what stands; names are listed with their versions.
#[test]
fn a_document_is_compared_and_set() {
    for kind in Kind::BOTH {
        run(async {
            let (_server, store) = started(kind).await;
            let put = async |name: &str, content: &[u8], expected| {
                store.put_document(&admin("a"), name, content, expected).await
            };
            assert_eq!(store.get_document("tariffs/kz-2027").await, Ok(None));
            assert_eq!(put("tariffs/kz-2027", b"one", 0).await, Ok(1));
            let conflict = StoreError::DocumentConflict { expected: 0, found: 1 };
            assert_eq!(put("tariffs/kz-2027", b"other", 0).await, Err(conflict));
            assert_eq!(put("tariffs/kz-2027", b"two", 1).await, Ok(2));
            let stands = Document { version: 2, content: b"two".to_vec() };
            assert_eq!(store.get_document("tariffs/kz-2027").await, Ok(Some(stands)));
            put("drafts/x", &[0, 255], 0).await.expect("written");
            let listed = store.list_documents("tariffs/").await;
            assert_eq!(listed, Ok(vec![("tariffs/kz-2027".to_owned(), 2)]));
            assert_eq!(store.list_documents("").await.expect("listed").len(), 2);
        });
    }
}

/// Each writing is one entry, in order, with its author and the whole content; what was refused is none.
#[test]
fn every_writing_is_one_entry_of_the_feed() {
    for kind in Kind::BOTH {
        run(async {
            let (_server, store) = started(kind).await;
            // Longer than a part's two bytes of length can say.
            let long = vec![b'x'; 100_000];
            store.put_document(&admin("one"), "draft/a", &long, 0).await.expect("written");
            store.put_document(&admin("two"), "draft/b", b"", 0).await.expect("written");
            store.put_document(&admin("no"), "draft/a", b"lost", 0).await.expect_err("another version");
            store.put_document(&admin("three"), "draft/a", b"short", 1).await.expect("written");
            let told = entries(&store, DOCUMENTS_POOL).await;
            let steps: Vec<_> = told.iter().flat_map(|entry| &entry.transitions).collect();
            assert_eq!(steps.iter().map(|step| step.revision).collect::<Vec<_>>(), [1, 2, 3], "{kind:?}");
            let documents: Vec<_> = steps.iter().map(|step| step.document.as_ref().expect("one")).collect();
            let brief: Vec<_> = documents
                .iter()
                .map(|document| (document.name.as_str(), document.version, document.content.as_slice()))
                .collect();
            assert_eq!(
                brief,
                [("draft/a", 1, long.as_slice()), ("draft/b", 1, b""), ("draft/a", 2, b"short")]
            );
            for (step, request) in steps.iter().zip(["one", "two", "three"]) {
                assert_eq!(
                    (step.verb, step.ordinal, step.request),
                    (Verb::PutDocument, None, admin(request).id)
                );
                assert_eq!((step.actor.as_str(), step.office.as_str()), ("pricing_admin-dana", "pricing"));
            }
            assert!(told.iter().all(|entry| entry.server_ms == NOON_MS && entry.pool == DOCUMENTS_POOL));
        });
    }
}

/// Sixty writings of five documents, some refused: the journal rebuilds exactly what the store has.
///
/// The control: with one entry left out, the journal refuses the next one, and a replay of frames does too.
#[test]
fn replay_equals_the_store() {
    for kind in Kind::BOTH {
        run(async {
            let (_server, store) = started(kind).await;
            for number in 0..60_u64 {
                let (name, content) =
                    (format!("draft/{}", number * 7 % 5), vec![number as u8; number as usize * 40]);
                let expected = number * 11 % 4;
                let _refused_or_not = store.put_document(&admin("many"), &name, &content, expected).await;
            }
            let directory = tempfile::tempdir().expect("a directory");
            let mut whole = JournalWriter::open(directory.path()).expect("it opens");
            journal(&store, DOCUMENTS_POOL, &mut whole, None).await.expect("it follows");
            let replay = Replay::of(directory.path()).expect("it replays");
            let rebuilt = &replay.pools()[DOCUMENTS_POOL].documents;
            let listed = store.list_documents("").await.expect("listed");
            assert_eq!(
                rebuilt.keys().collect::<Vec<_>>(),
                listed.iter().map(|(name, _)| name).collect::<Vec<_>>()
            );
            for (name, document) in rebuilt {
                assert_eq!(store.get_document(name).await, Ok(Some(document.clone())), "{kind:?} {name}");
            }
            assert!(listed.iter().any(|(_, version)| *version > 1) && listed.len() > 1, "{listed:?}");

            let other = tempfile::tempdir().expect("a directory");
            let mut cut = JournalWriter::open(other.path()).expect("it opens");
            let gap = journal(&store, DOCUMENTS_POOL, &mut cut, Some(2)).await;
            assert!(matches!(gap, Err(JournalError::Gap { expected: 2, found: 3, .. })), "{gap:?}");
            let frames =
                read_frames(directory.path()).expect("it lists").map(|frame| frame.expect("a frame"));
            let dropped: Result<Vec<()>, _> = {
                let mut replay = Replay::default();
                frames.filter(|frame| frame.id.revision != 2).map(|frame| replay.apply(&frame)).collect()
            };
            assert!(matches!(dropped, Err(JournalError::Gap { expected: 2, found: 3, .. })), "{dropped:?}");
        });
    }
}

/// What the journal has is trimmed, and no more; whoever reads on from an older place sees the gap.
#[test]
fn the_feed_is_trimmed_like_that_of_marks() {
    for kind in Kind::BOTH {
        run(async {
            let (_server, store) = started(kind).await;
            assert_eq!(store.trim_feed(DOCUMENTS_POOL, 9).await, Ok(0), "there is nothing yet");
            for version in 0..3 {
                store.put_document(&admin("a"), "draft/a", b"x", version).await.expect("written");
            }
            assert_eq!(store.trim_feed(DOCUMENTS_POOL, 2).await, Ok(2));
            assert_eq!(store.trim_feed(DOCUMENTS_POOL, 2).await, Ok(0));
            assert_eq!(entries(&store, DOCUMENTS_POOL).await[0].first_revision, 3, "{kind:?}");
            assert_eq!(store.get_document("draft/a").await.expect("read").expect("one").version, 3);
        });
    }
}

/// With as many writings waiting as may, the next is refused and nothing is written; trimming makes room.
#[test]
fn a_backlog_stops_writing() {
    for kind in Kind::BOTH {
        run(async {
            let (_server, store) = started(kind).await;
            for version in 0..DOCUMENTS_BACKLOG_MAX {
                store.put_document(&admin("a"), "draft/a", b"x", version).await.expect("written");
            }
            let full = StoreError::FeedBacklogged { pool: DOCUMENTS_POOL };
            assert_eq!(store.put_document(&admin("b"), "draft/b", b"x", 0).await, Err(full), "{kind:?}");
            assert_eq!(store.get_document("draft/b").await, Ok(None));
            store.trim_feed(DOCUMENTS_POOL, 1).await.expect("trimmed");
            assert_eq!(store.put_document(&admin("b"), "draft/b", b"x", 0).await, Ok(1));
        });
    }
}

/// The longest document goes through feed and journal; one byte more is refused before it is sent.
#[test]
fn the_longest_document_fits() {
    for kind in Kind::BOTH {
        run(async {
            let (_server, store) = started(kind).await;
            let longest = vec![b'x'; DOCUMENT_MAX_BYTES];
            let name = "n".repeat(255);
            assert_eq!(store.put_document(&admin("a"), &name, &longest, 0).await, Ok(1));
            let directory = tempfile::tempdir().expect("a directory");
            let mut writer = JournalWriter::open(directory.path()).expect("it opens");
            journal(&store, DOCUMENTS_POOL, &mut writer, None).await.expect("it fits a frame");
            let replay = Replay::of(directory.path()).expect("it replays");
            assert_eq!(replay.pools()[DOCUMENTS_POOL].documents[&name].content, longest, "{kind:?}");
            let longer = [longest.as_slice(), b"x"].concat();
            let refused = store.put_document(&admin("a"), &name, &longer, 1).await;
            assert!(matches!(refused, Err(StoreError::TooLong(_))), "{refused:?}");
        });
    }
}

/// Refused notifications are lines in their order, in one entry a call, and change nothing; too many are refused.
#[test]
fn a_refused_notification_is_a_line() {
    for kind in Kind::BOTH {
        run(async {
            let (server, store) = started(kind).await;
            let line = |number: u32| {
                (
                    Act::of("payment-unverified", &format!("n-{number}"), Channel::Payment),
                    format!("why {number}"),
                )
            };
            store.note_refusals(&[line(1), line(2)]).await.expect("written");
            store.note_refusals(&[line(3)]).await.expect("written");
            let told = entries(&store, REFUSALS_POOL).await;
            assert_eq!(told.len(), 2, "{kind:?}");
            let steps: Vec<_> = told.iter().flat_map(|entry| &entry.transitions).collect();
            let notes: Vec<_> =
                steps.iter().map(|step| (step.revision, step.verb, step.note.as_str())).collect();
            let verb = Verb::RefuseNotification;
            assert_eq!(notes, [(1, verb, "why 1"), (2, verb, "why 2"), (3, verb, "why 3")]);
            assert!(steps.iter().all(|step| step.actor == "payment-unverified" && step.ordinal.is_none()));
            redis::cmd("HSET")
                .arg("{refused_notifications}:conf")
                .arg("trimmed")
                .arg(4 - i64::try_from(REFUSALS_BACKLOG_MAX).expect("a number"))
                .exec(&mut server.client())
                .expect("as if that many waited");
            let full = StoreError::FeedBacklogged { pool: REFUSALS_POOL };
            assert_eq!(store.note_refusals(&[line(4), line(5)]).await, Err(full));
            assert_eq!(store.note_refusals(&[line(4)]).await, Ok(()), "one has room");
        });
    }
}

/// Documents of data version 1 had no feed: a store that has some is raised once, and they are in the feed then.
#[test]
fn documents_of_an_earlier_version_are_carried() {
    for kind in Kind::BOTH {
        run(async {
            let (server, store) = started(kind).await;
            store.check_contract(None).await.expect("it is founded");
            let mut pipeline = redis::pipe();
            for (name, value) in [("draft/a", b"\x03\0\0\0\0\0a"), ("draft/b", b"\x03\0\0\0\0\0b")] {
                pipeline.cmd("HSET").arg("{s0}:documents").arg(name).arg(value);
            }
            pipeline.cmd("HSET").arg("{s0}:genesis").arg("data_version").arg(1);
            pipeline.exec(&mut server.client()).expect("a store of version 1");
            store.put_document(&admin("new"), "draft/b", b"newer", 0).await.expect("written");
            for _ in 0..2 {
                let genesis = store.check_contract(None).await.expect("it is raised");
                assert_eq!(genesis.data_version, DATA_VERSION, "{kind:?}");
                assert_eq!(store.genesis().await, Ok(Some(genesis)));
            }
            let carried = Document { version: 1, content: b"a".to_vec() };
            assert_eq!(store.get_document("draft/a").await, Ok(Some(carried)));
            assert_eq!(store.get_document("draft/b").await.expect("read").expect("one").content, b"newer");
            assert_eq!(entries(&store, DOCUMENTS_POOL).await.len(), 2);
        });
    }
}
