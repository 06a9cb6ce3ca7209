//! The follower's work, one look and one listening after the other.
//!
//! *Look*: where does the store stand? Pools without a snapshot get one, and so do those that were founded anew
//! since (the store was emptied), stand behind us (it was restored) or far before us. The others are read up to
//! where the store stood; a pool that stands further on and has no entry for us was trimmed past us. After a look
//! the planes are complete as of its time.
//! *Listen*: wait for entries of any pool and apply them, until it is time to look again. Entries do not say which
//! pool of their name they are of, so for as long as one listens, those of a pool founded anew may go into the
//! planes of the one before; the next look puts that right.
//!
//! A pool of a cluster is *absent* while its primary does not answer. Nobody waits for it: the others are followed, and
//! it is asked for beside them. Its planes stay as they were for a while, in which the file does not claim to be
//! newer than they are; then it offers nothing, and the file is as new as the others.

use std::pin::Pin;
use std::rc::Rc;
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
    /// How long a pool whose primary does not answer keeps its planes: less than searching takes for too old.
    pub absent_most: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            look_every: Duration::from_millis(250),
            gather: Duration::from_millis(5),
            retry: Duration::from_millis(100),
            retry_most: Duration::from_secs(5),
            absent_most: Duration::from_secs(15),
        }
    }
}

/// Entries a pool and read: 64 batches of 128 are 8,192 transitions, some 8 ms of work.
const ENTRIES_MAX: usize = 64;
/// Revisions behind which a snapshot is cheaper than the feed: decoding takes about 1 µs a transition, copying
/// the three planes of a pool about 20 ms.
const LAG_MAX: u64 = 20_000;
/// How long a primary may take to say how far its pools are before they are absent.
const HEADS_WITHIN: Duration = Duration::from_millis(500);
/// How long one that is absent may take: longer than the store tries by itself.
const ABSENT_WITHIN: Duration = Duration::from_secs(10);

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
    /// Since when its primary does not answer, and what was said instead.
    absent: Option<(Instant, String)>,
}

/// Asks for the pools that are absent: which they are, and what was answered.
type Asking = Pin<Box<dyn Future<Output = (Vec<usize>, Result<Heads, StoreError>)>>>;

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
    source: Rc<S>,
    file: PlanesFile,
    pools: Vec<Followed>,
    ids: Vec<String>,
    health: Shared,
    times: Times,
    /// The connection over which the pools' snapshots were taken.
    connection: u64,
    /// What is asked of absent pools while the others are listened to.
    asking: Option<Asking>,
}

impl<S: Source + 'static> Follower<S> {
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
            absent: None,
        };
        let pools = specs.into_iter().map(followed).collect();
        let source = Rc::new(source);
        Self { source, file, pools, ids, health, times, connection: 0, asking: None }
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
        let asked = self.present();
        let ids: Vec<String> = asked.iter().filter_map(|&index| self.ids.get(index)).cloned().collect();
        let heads = self.source.heads(&ids, HEADS_WITHIN).await?;
        if self.check_connection().is_err() {
            self.forget();
            self.connection = self.source.connection_number();
        }
        let mut standing: Vec<Option<Head>> = vec![None; self.pools.len()];
        let mut missing = 0;
        for (index, head) in asked.into_iter().zip(heads.pools) {
            match head {
                Ok(head) => {
                    missing += usize::from(head.is_none());
                    standing.iter_mut().skip(index).take(1).for_each(|at| *at = head);
                    self.settle(index, head).await?;
                }
                Err(error) => self.miss(index, &error),
            }
        }
        self.catch_up(&mut standing).await?;
        self.finish_look(heads.server_ms, missing)
    }

    /// Publishes what a look came to. The file is as new as its oldest pool that still offers something. The first time it
    /// waits for absent pools, as long as they may be absent.
    fn finish_look(&mut self, server_ms: i64, missing: usize) -> Result<(), FollowerError> {
        self.blank_the_long_absent()?;
        let is_awaited = |pool: &Followed| pool.absent.is_some() && !self.is_long_absent(pool);
        if !self.health.read().ready && self.pools.iter().any(is_awaited) {
            return Ok(());
        }
        let keeps_old_planes = self.pools.iter().any(|pool| pool.absent.is_some() && !pool.blank);
        if !keeps_old_planes {
            self.file.writer().set_updated_at_ms(server_ms);
        }
        self.file.publish()?;
        self.tell_absent();
        self.health.write(|health| {
            health.ready = true;
            health.pools_missing = missing;
            health.lag_revisions = 0;
            if !keeps_old_planes {
                health.updated_at_ms = server_ms;
            }
        });
        Ok(())
    }

    /// The pools whose primaries answer; where none does, all are asked again.
    fn present(&mut self) -> Vec<usize> {
        if self.pools.iter().all(|pool| pool.absent.is_some()) {
            self.pools.iter_mut().for_each(|pool| pool.absent = None);
        }
        let pools = self.pools.iter().enumerate();
        pools.filter(|(_, pool)| pool.absent.is_none()).map(|(index, _)| index).collect()
    }

    /// Notes that a pool's primary does not answer.
    fn miss(&mut self, index: usize, error: &StoreError) {
        if let Some(pool) = self.pools.get_mut(index) {
            pool.absent.get_or_insert_with(|| (Instant::now(), error.to_string()));
        }
        self.tell_absent();
    }

    fn is_long_absent(&self, pool: &Followed) -> bool {
        pool.absent.as_ref().is_some_and(|(since, _)| since.elapsed() >= self.times.absent_most)
    }

    /// What nobody can be asked about for so long is not offered any more.
    fn blank_the_long_absent(&mut self) -> Result<(), FollowerError> {
        let pools = self.pools.iter().enumerate();
        let absent = pools.filter(|(_, pool)| !pool.blank && self.is_long_absent(pool));
        let absent: Vec<usize> = absent.map(|(index, _)| index).collect();
        absent.into_iter().try_for_each(|index| self.clear(index))
    }

    /// Says which pools are absent, and that nothing else is wrong.
    fn tell_absent(&self) {
        let absent = self.pools.iter().filter_map(|pool| Some((&pool.id, &pool.absent.as_ref()?.1)));
        let why = absent.clone().next().map(|(_, why)| why);
        let ids: Vec<String> = absent.clone().map(|(id, _)| id.clone()).collect();
        let followed = self.pools.iter().filter(|pool| pool.absent.is_none() && pool.at.is_some()).count();
        let error = why.map(|why| format!("{} pools are absent, {}: {why}", ids.len(), ids.join(", ")));
        self.health.write(|health| {
            health.pools = followed;
            health.error = error;
            health.pools_absent = ids;
        });
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
    async fn catch_up(&mut self, heads: &mut [Option<Head>]) -> Result<(), FollowerError> {
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
                let standing = match entries {
                    Err(error) => {
                        self.miss(index, &error);
                        None
                    }
                    Ok(entries) if !entries.is_empty() && self.apply(index, &entries)? => continue,
                    // The store stood further on before we asked: no entry means that it was trimmed. Wherever the
                    // snapshot stands is where the store is, even if that is behind the head of before: a store that
                    // is being restored must not keep us here.
                    Ok(_) => {
                        self.take_snapshot(index).await?;
                        self.pools.get(index).and_then(Followed::standing)
                    }
                };
                heads.iter_mut().skip(index).take(1).for_each(|head| *head = standing);
            }
        }
    }

    /// The pools that stand behind their heads, and by how much.
    fn behind<'a>(&'a self, heads: &'a [Option<Head>]) -> impl Iterator<Item = (usize, u64)> + 'a {
        let pools = self.pools.iter().zip(heads).enumerate();
        pools.filter_map(|(index, (pool, head))| {
            let lag = head.as_ref()?.revision.checked_sub(pool.at?)?;
            (lag > 0).then_some((index, lag))
        })
    }

    /// Applies what comes, until it is time to look again.
    pub(super) async fn listen(&mut self) -> Result<(), FollowerError> {
        let until = Instant::now() + self.times.look_every;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            if self.listen_beside_asking(left).await? {
                sleep(self.times.gather).await;
            }
        }
    }

    /// Listens once, and hears meanwhile which absent pools have a primary again: the next look asks for them too.
    async fn listen_beside_asking(&mut self, wait: Duration) -> Result<bool, FollowerError> {
        let Some(mut asking) = self.asking.take().or_else(|| self.ask_for_the_absent()) else {
            return self.listen_once(wait).await;
        };
        let (asked, answer) = tokio::select! {
            // What was read and not applied is read again.
            answered = &mut asking => answered,
            some = self.listen_once(wait) => {
                self.asking = Some(asking);
                return some;
            }
        };
        for (index, head) in asked.into_iter().zip(answer.map(|heads| heads.pools).unwrap_or_default()) {
            if let (Some(pool), Ok(_)) = (self.pools.get_mut(index), head) {
                pool.absent = None;
            }
        }
        Ok(false)
    }

    /// Asks for the pools that are absent, if there are any.
    fn ask_for_the_absent(&self) -> Option<Asking> {
        let absent = self.pools.iter().enumerate().filter(|(_, pool)| pool.absent.is_some());
        let (asked, ids): (Vec<usize>, Vec<String>) =
            absent.map(|(index, pool)| (index, pool.id.clone())).unzip();
        let (source, pause) = (Rc::clone(&self.source), self.times.look_every);
        (!asked.is_empty()).then(|| {
            let asking = async move {
                sleep(pause).await;
                (asked, source.heads(&ids, ABSENT_WITHIN).await)
            };
            Box::pin(asking) as Asking
        })
    }

    /// Waits for entries and applies them; whether any came.
    pub(super) async fn listen_once(&mut self, wait: Duration) -> Result<bool, FollowerError> {
        let present = |pool: &Followed| pool.at.is_some() && pool.absent.is_none();
        let pools = self.pools.iter().enumerate().filter(|(_, pool)| present(pool));
        let indices: Vec<usize> = pools.map(|(index, _)| index).collect();
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
            match entries {
                Err(error) => self.miss(index, &error),
                Ok(entries) => {
                    some |= !entries.is_empty();
                    if !self.apply(index, &entries)? {
                        self.take_snapshot(index).await?;
                    }
                }
            }
        }
        Ok(some)
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
