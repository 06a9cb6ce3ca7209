//! Whether the store holds what the journal tells: every plane, record, payment, setting and document.
//!
//! The store may be in use meanwhile. What it has beyond the journal's end its own feed tells, and that is applied on
//! top of the replay; what changed while it was looked at is not judged. A pool is read piece by piece, so that no
//! command keeps the server from anybody for longer than a batch of holds does.
//!
//! Which pools there are the store is asked as well: one changed byte in the name of a key leaves its record with a pool
//! that nobody opened, and on the day when somebody does, that mark would have an owner whom no journal knows.
//!
//! Not here: what no transition tells (permits, cool-downs, request ids), and what to do about a difference.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, Ordering};

use redis::Value;

use super::call::unexpected;
use super::{Document, Store, StoreError};
use crate::codec::Malformed;
use crate::codec::settings::pack_pool;
use crate::codec::steps::Step;
use crate::feed::{DOCUMENTS_POOL, REFUSALS_POOL, Verb};
use crate::id::PaymentId;
use crate::journal::{EntryId, Frame, JournalError, PoolState, Replay};
use crate::keys::{PoolKey, split_name};

/// Differences that are said of one pool; more help nobody.
const DIFFERENCES_MAX: usize = 20;
/// Entries of a feed that are read at a time.
const ENTRIES_A_READ: usize = 64;
/// Fields of a hash that are asked for at a time: some 150 KB of records.
const FIELDS_A_SCAN: usize = 1_000;
/// Bytes of a plane that are read at a time.
const BYTES_A_READ: usize = 1 << 20;

/// One thing that the store does not hold as the journal tells it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Difference {
    /// The journal tells of a pool that the store does not have.
    #[error("the store has no such pool, and the journal ends at revision {journal}")]
    PoolMissing {
        /// The journal's last revision.
        journal: u64,
    },
    /// The journal has come further: the store has lost transitions.
    #[error("the store has come to revision {store}, and the journal to {journal}: {} are lost", journal - store)]
    Behind {
        /// The store's revision.
        store: u64,
        /// The journal's last revision.
        journal: u64,
    },
    /// Transitions that are neither in the journal nor in the feed any more.
    #[error("the journal ends at revision {journal}, and the store's feed goes on from a later one")]
    Unjournalled {
        /// The journal's last revision.
        journal: u64,
    },
    /// An entry of the feed that cannot be read.
    #[error("the store's feed cannot be read after revision {after}")]
    FeedUnreadable {
        /// The last revision that could.
        after: u64,
    },
    /// What is said of a mark: on the road, never offered.
    #[error("mark {ordinal}: the planes of the store and of the journal differ")]
    Planes {
        /// The mark.
        ordinal: u32,
    },
    /// A live record: another one, one too many, or one that is missing.
    #[error("mark {ordinal}: {how}")]
    Record {
        /// The mark.
        ordinal: u32,
        /// What about it.
        how: How,
    },
    /// A payment.
    #[error("payment {id}: {how}")]
    Payment {
        /// Which.
        id: PaymentId,
        /// What about it.
        how: How,
    },
    /// A document.
    #[error("document {name}: {how}")]
    Document {
        /// Its name.
        name: String,
        /// What about it.
        how: How,
    },
    /// The settings of the pool.
    #[error("the pool's settings differ")]
    Settings,
    /// A key of a pool that there is not: what it holds would be found there on the day when somebody opens the pool.
    #[error("the store has a key {key}, which belongs to no pool that was ever opened")]
    KeyUnknown {
        /// Its name, bytes that cannot be read escaped.
        key: String,
    },
}

impl Difference {
    /// A stable word for the difference's kind.
    #[must_use]
    pub const fn slug(&self) -> &'static str {
        match self {
            Self::PoolMissing { .. } => "pool_missing",
            Self::Behind { .. } => "store_behind",
            Self::Unjournalled { .. } => "journal_gap",
            Self::FeedUnreadable { .. } => "feed_unreadable",
            Self::Planes { .. } => "planes_differ",
            Self::Record { .. } => "record_differs",
            Self::Payment { .. } => "payment_differs",
            Self::Document { .. } => "document_differs",
            Self::Settings => "settings_differ",
            Self::KeyUnknown { .. } => "key_unknown",
        }
    }

    /// The mark that differs, where it is one.
    #[must_use]
    pub const fn ordinal(&self) -> Option<u32> {
        match self {
            Self::Planes { ordinal } | Self::Record { ordinal, .. } => Some(*ordinal),
            _ => None,
        }
    }
}

/// What is wrong with something that both should have.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum How {
    /// The journal tells of it, and the store does not have it.
    Missing,
    /// The store has it, and the journal does not tell of it.
    Unknown,
    /// Both have it, and it is not the same.
    Changed,
}

impl std::fmt::Display for How {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Missing => "the journal tells of it, and the store does not have it",
            Self::Unknown => "the store has it, and the journal does not tell of it",
            Self::Changed => "the store has another than the journal tells of",
        })
    }
}

/// What was compared, and what was found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Comparison {
    /// Pools that one of them has.
    pub pools: u64,
    /// Records of the store.
    pub records: u64,
    /// Payments of the store.
    pub payments: u64,
    /// Everything that differs, by pool, at most so many a pool that a person may read them.
    pub differences: Vec<(String, Difference)>,
}

impl Store {
    /// Compares these pools, those without marks, and whatever else the store has the keys of, with what a journal tells
    /// of them. The replay is brought to where the store is.
    ///
    /// # Errors
    /// As any call; see [`StoreError`].
    pub async fn compare(&self, pools: &[String], replay: &mut Replay) -> Result<Comparison, StoreError> {
        self.compare_until(pools, replay, &AtomicBool::new(false)).await
    }

    /// Compares until somebody says that it is to end: it looks before each piece that it reads.
    ///
    /// # Errors
    /// As [`Store::compare`]; `Interrupted`.
    pub async fn compare_until(
        &self,
        pools: &[String],
        replay: &mut Replay,
        halted: &AtomicBool,
    ) -> Result<Comparison, StoreError> {
        let mut comparison = Comparison::default();
        let beside = [DOCUMENTS_POOL, REFUSALS_POOL].map(str::to_owned);
        let known: BTreeSet<String> =
            pools.iter().chain(&beside).chain(replay.pools().keys()).cloned().collect();
        let there = self.keyspace(&known, || go_on(halted)).await?;
        for key in &there.strays {
            let tag = split_name(key).map_or(key.as_slice(), |(tag, _)| tag);
            comparison.differences.push((tag.escape_ascii().to_string(), key_unknown(key)));
        }
        for pool in known.iter().chain(there.pools.keys()).collect::<BTreeSet<_>>() {
            let mut look = Look {
                store: self,
                pool,
                keys: there.pools.get(pool),
                halted,
                found: Vec::new(),
                comparison: &mut comparison,
            };
            look.compare(replay).await?;
            let found = std::mem::take(&mut look.found);
            comparison.differences.extend(found.into_iter().map(|found| (pool.clone(), found)));
        }
        Ok(comparison)
    }
}

/// The look at one pool.
struct Look<'a> {
    store: &'a Store,
    pool: &'a str,
    /// The pool's keys that the store has.
    keys: Option<&'a BTreeSet<PoolKey>>,
    halted: &'a AtomicBool,
    found: Vec<Difference>,
    comparison: &'a mut Comparison,
}

/// What changed in a pool while it was looked at: of that nothing is said.
#[derive(Default)]
struct Moved {
    ordinals: HashSet<u32>,
    payments: HashSet<PaymentId>,
    documents: HashSet<String>,
    settings: bool,
}

impl Look<'_> {
    async fn compare(&mut self, replay: &mut Replay) -> Result<(), StoreError> {
        let journal = replay.pools().get(self.pool).map_or(0, |state| state.revision);
        let Some(revision) = self.revision().await? else {
            if journal > 0 {
                self.comparison.pools += 1;
                self.tell(Difference::PoolMissing { journal });
            } else {
                self.tell_keys().await?;
            }
            return Ok(());
        };
        self.comparison.pools += 1;
        if revision < journal {
            self.tell(Difference::Behind { store: revision, journal });
            return Ok(());
        }
        self.follow(replay, revision, &mut Moved::default()).await?;
        if !self.found.is_empty() {
            return Ok(());
        }
        if let Some(state) = replay.pools().get(self.pool) {
            self.contents(state).await?;
        }
        self.forgive_what_moved(replay).await
    }

    /// Names the keys of a pool that was never opened. They were asked for before its revision was, and opening a pool
    /// writes both in one step, so none of them was written meanwhile by somebody who opened it.
    async fn tell_keys(&mut self) -> Result<(), StoreError> {
        for key in self.keys.into_iter().flatten() {
            let is_stray = match key {
                // A cluster and the guard of the clock write into it before. Verbs take a pool for open by its rules.
                PoolKey::Conf => self.store.field(key.of(self.pool), "rules").await?.is_some(),
                PoolKey::Clock => false,
                _ => true,
            };
            if is_stray {
                self.tell(key_unknown(key.of(self.pool).as_bytes()));
            }
        }
        Ok(())
    }

    fn go_on(&self) -> Result<(), StoreError> {
        go_on(self.halted)
    }

    fn tell(&mut self, difference: Difference) {
        if self.found.len() < DIFFERENCES_MAX {
            self.found.push(difference);
        }
    }

    /// The pool's revision; `None` where there is no such pool. Those without marks have no settings.
    async fn revision(&self) -> Result<Option<u64>, StoreError> {
        self.go_on()?;
        let revision = self.store.field(PoolKey::Conf.of(self.pool), "revision").await?;
        let number = |text: Vec<u8>| {
            let number = std::str::from_utf8(&text).ok().and_then(|text| text.parse().ok());
            number.ok_or_else(|| unexpected(&Value::BulkString(text)))
        };
        revision.map(number).transpose()
    }

    /// Brings the replay to a revision of the store, by what its feed has beyond the journal.
    async fn follow(&mut self, replay: &mut Replay, to: u64, moved: &mut Moved) -> Result<(), StoreError> {
        let mut at = replay.pools().get(self.pool).map_or(0, |state| state.revision);
        while at < to {
            self.go_on()?;
            let entries = self.store.feed(self.pool, at, ENTRIES_A_READ).await?;
            if entries.is_empty() {
                self.tell(Difference::Unjournalled { journal: at });
                return Ok(());
            }
            for entry in entries {
                let id = EntryId { revision: entry.revision, sequence: 0 };
                let frame = Frame { pool: self.pool.to_owned(), id, entry: entry.bytes };
                match replay.apply_watched(&frame, |_, _, step| moved.note(step)) {
                    Ok(()) => at = entry.revision,
                    Err(JournalError::Gap { .. }) => {
                        self.tell(Difference::Unjournalled { journal: at });
                        return Ok(());
                    }
                    Err(_) => {
                        self.tell(Difference::FeedUnreadable { after: at });
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    /// Looks at everything that the pool holds.
    async fn contents(&mut self, state: &PoolState) -> Result<(), StoreError> {
        self.settings(state).await?;
        self.planes(state).await?;
        let records = self.hash(PoolKey::Live, read_ordinal, &state.records, is_same, tell_record).await?;
        let payments =
            self.hash(PoolKey::Payments, PaymentId::from_slice, &state.payments, holds_payment, tell_payment);
        self.comparison.payments += payments.await?;
        self.comparison.records += records;
        if self.pool == DOCUMENTS_POOL {
            let known = state.documents.clone().into_iter().collect();
            self.hash(PoolKey::Documents, read_name, &known, holds_document, tell_document).await?;
        }
        Ok(())
    }

    async fn settings(&mut self, state: &PoolState) -> Result<(), StoreError> {
        let found = self.store.field(PoolKey::Conf.of(self.pool), "rules").await?;
        let known = state.settings.as_ref().map(pack_pool).transpose()?;
        if found != known {
            self.tell(Difference::Settings);
        }
        Ok(())
    }

    async fn planes(&mut self, state: &PoolState) -> Result<(), StoreError> {
        let known = state.planes.bytes();
        let mut from = 0;
        loop {
            self.go_on()?;
            let mut get = redis::cmd("GETRANGE");
            get.arg(PoolKey::Planes.of(self.pool)).arg(from).arg(from + BYTES_A_READ - 1);
            let Value::BulkString(found) = self.store.servers.send(self.pool, &get).await? else {
                return Err(unexpected(&Value::Nil));
            };
            let to = known.len().min(from + BYTES_A_READ);
            let piece = known.get(from..to).unwrap_or_default();
            if *found != *piece {
                self.tell_planes(from, &found, piece);
            }
            from += BYTES_A_READ;
            if found.len() < BYTES_A_READ && from >= known.len() {
                return Ok(());
            }
        }
    }

    /// Names the marks of which two pieces of planes say something else.
    fn tell_planes(&mut self, from: usize, found: &[u8], known: &[u8]) {
        for at in 0..found.len().max(known.len()) {
            let byte = |piece: &[u8]| piece.get(at).copied().unwrap_or_default();
            let differing = byte(found) ^ byte(known);
            for mark in (0..4_u32).filter(|mark| differing >> (6 - 2 * mark) & 3 != 0) {
                let ordinal = u32::try_from(4 * (from + at)).unwrap_or(u32::MAX).saturating_add(mark);
                self.tell(Difference::Planes { ordinal });
            }
        }
        if self.found.is_empty() {
            let ordinal = u32::try_from(4 * (from + found.len().min(known.len()))).unwrap_or(u32::MAX);
            self.tell(Difference::Planes { ordinal });
        }
    }

    /// Looks at every field of a hash, and at what is known and is no field of it; gives how many fields there are.
    async fn hash<K: Eq + Hash + Clone, V>(
        &mut self,
        key: PoolKey,
        read: fn(&[u8]) -> Option<K>,
        known: &HashMap<K, V>,
        is_same: fn(&[u8], &V) -> bool,
        tell: fn(K, How) -> Difference,
    ) -> Result<u64, StoreError> {
        let (mut cursor, mut seen) = (0, HashSet::new());
        loop {
            let (next, pairs) = self.scan(key, cursor).await?;
            for (field, value) in pairs {
                let id = read(&field).ok_or(Malformed { what: "field", offset: 0 })?;
                match known.get(&id) {
                    None => self.tell(tell(id.clone(), How::Unknown)),
                    Some(known) if !is_same(&value, known) => self.tell(tell(id.clone(), How::Changed)),
                    Some(_) => {}
                }
                seen.insert(id);
            }
            cursor = next;
            if cursor == 0 {
                break;
            }
        }
        for id in known.keys().filter(|id| !seen.contains(id)) {
            self.tell(tell(id.clone(), How::Missing));
        }
        Ok(seen.len() as u64)
    }

    /// A piece of a hash, and where to go on.
    async fn scan(&self, key: PoolKey, cursor: u64) -> Result<(u64, Vec<Pair>), StoreError> {
        self.go_on()?;
        let mut scan = redis::cmd("HSCAN");
        scan.arg(key.of(self.pool)).arg(cursor).arg("COUNT").arg(FIELDS_A_SCAN);
        let reply = self.store.servers.send(self.pool, &scan).await?;
        redis::from_redis_value_ref(&reply).map_err(|_| unexpected(&reply))
    }

    /// Takes back what was said of things that changed meanwhile: both were read, at different moments.
    async fn forgive_what_moved(&mut self, replay: &mut Replay) -> Result<(), StoreError> {
        let now = self.revision().await?.unwrap_or_default();
        let found = std::mem::take(&mut self.found);
        let mut moved = Moved::default();
        self.follow(replay, now, &mut moved).await?;
        self.found.extend(found.into_iter().filter(|difference| !moved.touches(difference)));
        Ok(())
    }
}

fn go_on(halted: &AtomicBool) -> Result<(), StoreError> {
    if halted.load(Ordering::Relaxed) { Err(StoreError::Interrupted) } else { Ok(()) }
}

/// A field of a hash and its value.
type Pair = (Vec<u8>, Vec<u8>);

impl Moved {
    fn note(&mut self, step: &Step<'_>) -> Result<(), Malformed> {
        self.ordinals.extend(step.ordinal);
        let id = |change: &[u8]| change.get(15..31).and_then(PaymentId::from_slice);
        self.payments.extend(step.payment.and_then(id));
        self.documents.extend(step.document.and_then(|written| read_name(written.name)));
        self.settings |= step.verb == Verb::Configure;
        Ok(())
    }

    fn touches(&self, difference: &Difference) -> bool {
        match difference {
            Difference::Planes { ordinal } | Difference::Record { ordinal, .. } => {
                self.ordinals.contains(ordinal)
            }
            Difference::Payment { id, .. } => self.payments.contains(id),
            Difference::Document { name, .. } => self.documents.contains(name),
            Difference::Settings => self.settings,
            Difference::PoolMissing { .. }
            | Difference::Behind { .. }
            | Difference::Unjournalled { .. }
            | Difference::FeedUnreadable { .. }
            | Difference::KeyUnknown { .. } => false,
        }
    }
}

fn read_ordinal(field: &[u8]) -> Option<u32> {
    field.try_into().ok().map(u32::from_le_bytes)
}

fn read_name(field: &[u8]) -> Option<String> {
    String::from_utf8(field.to_vec()).ok()
}

fn key_unknown(name: &[u8]) -> Difference {
    Difference::KeyUnknown { key: name.escape_ascii().to_string() }
}

fn tell_record(ordinal: u32, how: How) -> Difference {
    Difference::Record { ordinal, how }
}

fn tell_payment(id: PaymentId, how: How) -> Difference {
    Difference::Payment { id, how }
}

fn tell_document(name: String, how: How) -> Difference {
    Difference::Document { name, how }
}

#[expect(clippy::borrowed_box, reason = "what the replay's tables hold")]
fn is_same(found: &[u8], known: &Box<[u8]>) -> bool {
    *found == **known
}

/// The store keeps a payment with its length before it, and digest and answer behind it.
#[expect(clippy::borrowed_box, reason = "what the replay's tables hold")]
fn holds_payment(found: &[u8], known: &Box<[u8]>) -> bool {
    found.get(2..2 + known.len()) == Some(known)
}

/// The store keeps a document behind its version.
fn holds_document(found: &[u8], known: &Document) -> bool {
    let version = known.version.to_le_bytes();
    found
        .split_at_checked(6)
        .is_some_and(|(head, content)| version.starts_with(head) && content == known.content)
}
