//! The follower's work, one look and one listening after the other.
//!
//! *Look*: where does the store stand? Pools without a snapshot get one, and so do those that were founded anew
//! since (the store was emptied), stand behind us (it was restored) or far before us. The others are read up to
//! where the store stood; a pool that stands further on and has no entry for us was trimmed past us. After a look
//! the planes are complete as of its time.
//! *Listen*: wait for entries of any pool and apply them, until it is time to look again. Entries do not say which
//! pool of their name they are of, so for as long as one listens, those of a pool founded anew may go into the
//! planes of the one before; the next look puts that right.

use std::time::Duration;

use plate_algebra::Pool;
use plate_scan::kernels::ROW_WORDS;
use plate_scan::{Change, CreateError, PlanesFile, PoolImage, PoolSpec, Stamp, WriteError};
use thiserror::Error;
use tokio::time::{Instant, sleep};

use super::bits;
use super::health::Shared;
use super::source::{Heads, Source};
use crate::codec::feed::decode;
use crate::store::{Head, RawEntry, StoreError};

/// How long the follower waits for what.
#[derive(Clone, Debug)]
pub struct Times {
    /// How long it listens before it looks again: the age of a replica of an idle store is at most this.
    pub look_every: Duration,
    /// How long it lets entries gather after some came: under load 200 reads a second, each of 40 feeds.
    pub gather: Duration,
    /// How long after a failure it tries again; doubled with each further one, up to `retry_most`.
    pub retry: Duration,
    /// The longest wait between two tries.
    pub retry_most: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            look_every: Duration::from_millis(250),
            gather: Duration::from_millis(5),
            retry: Duration::from_millis(100),
            retry_most: Duration::from_secs(5),
        }
    }
}

/// Entries a pool and read: 64 batches of 128 are 8,192 transitions, some 8 ms of work.
const ENTRIES_MAX: usize = 64;
/// Revisions behind which a snapshot is cheaper than the feed: decoding takes about 1 µs a transition, copying
/// the three planes of a pool about 20 ms.
const LAG_MAX: u64 = 20_000;

/// Why the follower cannot go on for now. It begins anew after a while, with snapshots.
#[derive(Error, Debug)]
pub enum FollowerError {
    /// The store did not answer.
    #[error("the store cannot be followed: {0}")]
    Store(#[from] StoreError),
    /// The connection was made anew in the middle: what answers now may be another store.
    #[error("the connection to the store was lost and made anew")]
    Reconnected,
    /// The store's planes do not fit the rule book's pools.
    #[error("the store does not fit the rule book: {0}")]
    Unfit(#[from] WriteError),
    /// The file cannot be put where readers look.
    #[error(transparent)]
    Publish(#[from] CreateError),
}

/// One pool that is followed.
struct Followed {
    pool: Pool,
    id: String,
    /// Words of one of its planes.
    plane_words: usize,
    /// The revision up to which the planes have followed; `None` when a snapshot is needed.
    at: Option<u64>,
    /// Which pool of its name the snapshot was of: one founded anew may stand at any revision.
    founded_us: Option<u64>,
    /// Its planes offer nothing: there was no snapshot yet, or the store has lost the pool.
    blank: bool,
}

impl Followed {
    /// Whether the feed leads from where the planes are to where the pool stands: it is the same pool, neither
    /// behind us nor too far before us.
    fn continues(&self, at: u64, head: Head) -> bool {
        self.founded_us == head.founded_us && at <= head.revision && head.revision - at <= LAG_MAX
    }

    /// Where the planes stand, said as a store says it.
    fn standing(&self) -> Option<Head> {
        Some(Head { revision: self.at?, founded_us: self.founded_us })
    }
}

/// Keeps one file of planes as one source has it.
pub(super) struct Follower<S: Source> {
    source: S,
    file: PlanesFile,
    pools: Vec<Followed>,
    ids: Vec<String>,
    health: Shared,
    times: Times,
    /// The connection over which the pools' snapshots were taken.
    connection: u64,
}

impl<S: Source> Follower<S> {
    pub(super) fn new(
        source: S,
        file: PlanesFile,
        specs: Vec<PoolSpec>,
        health: Shared,
        times: Times,
    ) -> Self {
        let ids = specs.iter().map(|spec| spec.id.clone()).collect();
        let followed = |spec: PoolSpec| Followed {
            pool: spec.pool,
            id: spec.id,
            plane_words: spec.rows as usize * ROW_WORDS,
            at: None,
            founded_us: None,
            blank: true,
        };
        let pools = specs.into_iter().map(followed).collect();
        Self { source, file, pools, ids, health, times, connection: 0 }
    }

    /// Follows until the future is dropped, beginning anew after every failure.
    pub(super) async fn follow(&mut self) {
        let mut pause = self.times.retry;
        loop {
            let error = match self.look().await {
                Ok(()) => {
                    pause = self.times.retry;
                    self.listen().await.err()
                }
                Err(error) => Some(error),
            };
            if let Some(error) = error {
                self.begin_anew(&error);
                sleep(pause).await;
                pause = (pause * 2).min(self.times.retry_most);
            }
        }
    }

    /// Notes what went wrong, and that nothing is known any more.
    pub(super) fn begin_anew(&mut self, error: &FollowerError) {
        self.health.write(|health| health.error = Some(error.to_string()));
        self.forget();
    }

    /// What happened while nobody listened is not known, and a store that comes back may be another one: every
    /// pool gets a new snapshot.
    fn forget(&mut self) {
        self.pools.iter_mut().for_each(|pool| pool.at = None);
    }

    /// That what was just read came over the connection of the snapshots.
    fn check_connection(&self) -> Result<(), FollowerError> {
        if self.source.connection_number() == self.connection {
            Ok(())
        } else {
            Err(FollowerError::Reconnected)
        }
    }

    /// Brings the planes to where the store stands now.
    pub(super) async fn look(&mut self) -> Result<(), FollowerError> {
        let mut heads = self.source.heads(&self.ids).await?;
        if self.check_connection().is_err() {
            self.forget();
            self.connection = self.source.connection_number();
        }
        for index in 0..self.pools.len() {
            let head = heads.pools.get(index).copied().flatten();
            self.settle(index, head).await?;
        }
        self.catch_up(&mut heads).await?;
        self.file.writer().set_updated_at_ms(heads.server_ms);
        self.file.publish()?;
        let missing = heads.pools.iter().filter(|head| head.is_none()).count();
        let followed = self.pools.len() - missing;
        self.health.write(|health| {
            health.ready = true;
            health.pools = followed;
            health.pools_missing = missing;
            health.lag_revisions = 0;
            health.updated_at_ms = heads.server_ms;
            health.error = None;
        });
        Ok(())
    }

    /// Sees to it that a pool can be followed from where it is: by a snapshot where it cannot.
    async fn settle(&mut self, index: usize, head: Option<Head>) -> Result<(), FollowerError> {
        let Some(followed) = self.pools.get(index) else { return Ok(()) };
        match (followed.at, head) {
            (Some(at), Some(head)) if followed.continues(at, head) => Ok(()),
            (_, None) if followed.blank => Ok(()),
            (_, None) => self.clear(index),
            (_, Some(_)) => self.take_snapshot(index).await,
        }
    }

    /// Reads every pool's feed up to its head.
    async fn catch_up(&mut self, heads: &mut Heads) -> Result<(), FollowerError> {
        loop {
            let behind: Vec<(usize, u64)> = self.behind(heads).collect();
            let lag = behind.iter().map(|(_, lag)| lag).sum();
            self.health.write(|health| health.lag_revisions = lag);
            if behind.is_empty() {
                return Ok(());
            }
            let indices: Vec<usize> = behind.into_iter().map(|(index, _)| index).collect();
            let entries = self.source.follow(&self.places(&indices), ENTRIES_MAX, None).await?;
            self.check_connection()?;
            for (index, entries) in indices.into_iter().zip(entries) {
                // The store stood further on before we asked: no entry means that it was trimmed.
                if entries.is_empty() || !self.apply(index, &entries)? {
                    self.take_snapshot(index).await?;
                    // Wherever it stands now is where the store is, even if that is behind the head of before:
                    // a store that is being restored must not keep us here.
                    let standing = self.pools.get(index).and_then(Followed::standing);
                    heads.pools.iter_mut().skip(index).take(1).for_each(|head| *head = standing);
                }
            }
        }
    }

    /// The pools that stand behind their heads, and by how much.
    fn behind<'a>(&'a self, heads: &'a Heads) -> impl Iterator<Item = (usize, u64)> + 'a {
        let pools = self.pools.iter().zip(&heads.pools).enumerate();
        pools.filter_map(|(index, (pool, head))| {
            let lag = head.as_ref()?.revision.checked_sub(pool.at?)?;
            (lag > 0).then_some((index, lag))
        })
    }

    /// Applies what comes, until it is time to look again.
    async fn listen(&mut self) -> Result<(), FollowerError> {
        let until = Instant::now() + self.times.look_every;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            if self.listen_once(left).await? {
                sleep(self.times.gather).await;
            }
        }
    }

    /// Waits for entries and applies them; whether any came.
    pub(super) async fn listen_once(&mut self, wait: Duration) -> Result<bool, FollowerError> {
        let indices: Vec<usize> = (0..self.pools.len()).filter(|&index| self.at(index).is_some()).collect();
        if indices.is_empty() {
            sleep(wait).await;
            return Ok(false);
        }
        // At least 1: no time at all would mean "do not wait" to nobody but us.
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1);
        let entries = self.source.follow(&self.places(&indices), ENTRIES_MAX, Some(wait_ms)).await?;
        self.check_connection()?;
        let mut some = false;
        for (index, entries) in indices.into_iter().zip(entries) {
            some |= !entries.is_empty();
            if !self.apply(index, &entries)? {
                self.take_snapshot(index).await?;
            }
        }
        Ok(some)
    }

    fn at(&self, index: usize) -> Option<u64> {
        self.pools.get(index)?.at
    }

    fn places(&self, indices: &[usize]) -> Vec<(String, u64)> {
        let pools = indices.iter().filter_map(|&index| self.pools.get(index));
        pools.map(|pool| (pool.id.clone(), pool.at.unwrap_or(0))).collect()
    }

    async fn take_snapshot(&mut self, index: usize) -> Result<(), FollowerError> {
        let Some(id) = self.ids.get(index) else { return Ok(()) };
        let snapshot = self.source.snapshot(id).await?;
        self.check_connection()?;
        let Some(snapshot) = snapshot else { return self.clear(index) };
        let Some(followed) = self.pools.get_mut(index) else { return Ok(()) };
        let (taken, issued) = (bits::words(&snapshot.taken), bits::words(&snapshot.issued));
        let mut withheld = bits::words(&snapshot.withheld);
        // A pool is founded with everything withheld that is no mark, rows behind its last series among it.
        withheld.truncate(followed.plane_words);
        let image = PoolImage { taken: &taken, issued: &issued, withheld: &withheld };
        let stamp = Stamp { revision: snapshot.revision, feed: (snapshot.revision, 0), updated_at_ms: 0 };
        self.file.writer().load(followed.pool, image, stamp)?;
        followed.at = Some(snapshot.revision);
        followed.founded_us = snapshot.founded_us;
        followed.blank = false;
        self.health.write(|health| health.snapshots += 1);
        Ok(())
    }

    /// A pool that the store does not have offers nothing.
    fn clear(&mut self, index: usize) -> Result<(), FollowerError> {
        let Some(followed) = self.pools.get_mut(index) else { return Ok(()) };
        self.file.writer().clear(followed.pool)?;
        followed.at = None;
        followed.blank = true;
        Ok(())
    }

    /// Applies a pool's entries; false when they do not continue what is there, or cannot be read, so that a
    /// snapshot is needed. Entries before the first bad one are applied.
    fn apply(&mut self, index: usize, entries: &[RawEntry]) -> Result<bool, FollowerError> {
        let Some(followed) = self.pools.get_mut(index) else { return Ok(true) };
        let mut changes: Vec<Change> = Vec::new();
        let mut stamp = None;
        let mut at = followed.at.unwrap_or(0);
        let mut whole = true;
        for raw in entries {
            let continues = decode(&raw.bytes).ok().filter(|entry| {
                entry.first_revision == at + 1
                    && entry.last_revision() == raw.revision
                    && entry.pool == followed.id
            });
            let Some(entry) = continues else {
                whole = false;
                break;
            };
            let marks = entry.transitions.iter().filter_map(|transition| {
                Some(Change { ordinal: transition.ordinal?, bits: bits::of_planes(transition.planes) })
            });
            changes.extend(marks);
            at = raw.revision;
            stamp = Some(Stamp { revision: at, feed: (at, 0), updated_at_ms: entry.server_ms });
        }
        if let Some(stamp) = stamp {
            self.file.writer().apply(followed.pool, &changes, stamp)?;
            let before = followed.at.replace(at).unwrap_or(at);
            self.health.write(|health| health.transitions += at - before);
        }
        Ok(whole)
    }
}
