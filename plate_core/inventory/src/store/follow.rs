//! What the replica's follower reads: where pools stand, and the entries of many feeds as they come.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use redis::Value;

use super::call::{SHARD_TAG, unexpected};
use super::feed::{RawEntry, read_entries};
use super::{Store, StoreError};
use crate::keys::PoolKey;

/// How often a cluster's feeds are looked at. Forty pools make 2,000 small reads a second, 1 % of a core.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long one of them is waited for, while the others have news.
const LOOK_WITHIN: Duration = Duration::from_millis(500);

/// What many pools gave, each for itself: that the primary of one is away says nothing of the others.
pub type Each<T> = Vec<Result<T, StoreError>>;

/// How far a pool is, and which one of its name.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Head {
    /// Its revision; 0 before its first transition.
    pub revision: u64,
    /// When it was founded, µs since the epoch by the server's clock: a pool that was lost and founded again is
    /// another one, whatever its revision. Pools of an earlier version do not say it.
    pub founded_us: Option<u64>,
}

impl Store {
    /// Which connection to the server this is. When the number changes, the connection was made anew, and what
    /// answers may be another server, or the same one restored to an earlier state.
    #[must_use]
    pub fn connection_number(&self) -> u64 {
        self.servers.number()
    }

    /// The server's time in ms, and how far each pool is at that time or a moment later; `None` where there is no
    /// such pool.
    ///
    /// # Errors
    /// As any call; see [`StoreError`].
    pub async fn heads(&self, pools: &[String]) -> Result<(i64, Vec<Option<Head>>), StoreError> {
        let mut asked = vec![(SHARD_TAG, redis::cmd("TIME"))];
        asked.extend(pools.iter().map(|pool| (pool.as_str(), head_command(pool))));
        let replies = self.servers.send_each(asked).await?;
        let Some((time, conf)) = replies.split_first() else { return Err(unexpected(&Value::Nil)) };
        let (seconds, micros): (i64, i64) =
            redis::from_redis_value_ref(time).map_err(|_| unexpected(time))?;
        let heads: Result<Vec<_>, _> = conf.iter().map(read_head).collect();
        Ok((seconds * 1_000 + micros / 1_000, heads?))
    }

    /// The same, each pool for itself, and of a cluster within this time. Where the shard's primary is away, the time is
    /// another's.
    ///
    /// # Errors
    /// As any call, where no pool's server answers; see [`StoreError`].
    pub async fn heads_apart(
        &self,
        pools: &[String],
        within: Duration,
    ) -> Result<(i64, Each<Option<Head>>), StoreError> {
        let mut asked: Vec<_> = pools.iter().map(|pool| (pool.as_str(), head_command(pool))).collect();
        asked.push((SHARD_TAG, redis::cmd("TIME")));
        let mut replies = self.servers.send_each_within(asked, within).await;
        let time = match replies.pop() {
            Some(Err(away)) => {
                let answers = pools.iter().zip(&replies).find(|(_, reply)| reply.is_ok());
                let Some((pool, _)) = answers else { return Err(away) };
                self.servers.send(pool, &redis::cmd("TIME")).await?
            }
            time => time.unwrap_or(Ok(Value::Nil))?,
        };
        let (seconds, micros): (i64, i64) =
            redis::from_redis_value_ref(&time).map_err(|_| unexpected(&time))?;
        let heads = replies.into_iter().map(|reply| reply.and_then(|reply| read_head(&reply))).collect();
        Ok((seconds * 1_000 + micros / 1_000, some_answered(heads)?))
    }

    /// The entries of many pools' feeds, each after its own revision, at most `count` a pool, in the order of the
    /// pools. If there are none at all it waits for the first for at most `wait_ms`; without `wait_ms` it does not.
    ///
    /// A waiting read keeps the connection: use a store of its own for it, and a wait below its response timeout.
    ///
    /// # Errors
    /// As any call, where no pool's server answers; see [`StoreError`].
    pub async fn follow(
        &self,
        after: &[(String, u64)],
        count: usize,
        wait_ms: Option<u64>,
    ) -> Result<Each<Vec<RawEntry>>, StoreError> {
        let mut found: Each<Vec<RawEntry>> = after.iter().map(|_| Ok(Vec::new())).collect();
        if after.is_empty() {
            return Ok(found);
        }
        if self.servers.are_many() {
            return self.follow_by_looking(after, count, wait_ms).await;
        }
        let feeds: Vec<String> = after.iter().map(|(pool, _)| PoolKey::Feed.of(pool)).collect();
        let mut read = redis::cmd("XREAD");
        read.arg("COUNT").arg(count);
        if let Some(wait_ms) = wait_ms {
            read.arg("BLOCK").arg(wait_ms);
        }
        read.arg("STREAMS").arg(&feeds);
        for (_, revision) in after {
            read.arg(format!("{revision}-0"));
        }
        let place: HashMap<&[u8], usize> = feeds.iter().map(String::as_bytes).zip(0..).collect();
        let reply = self.servers.send(SHARD_TAG, &read).await?;
        for (feed, entries) in streams(&reply)? {
            if let Some(entry) = place.get(feed).and_then(|&index| found.get_mut(index)) {
                *entry = Ok(read_entries(entries)?);
            }
        }
        Ok(found)
    }

    /// The same on a cluster. No command there reads the feeds of two slots, and one that waits would hold up all others
    /// of its connection, so each feed is looked at by itself, again and again. What is seen is not yet for good: the
    /// follower's planes are advisory, and a failover makes him take new snapshots.
    async fn follow_by_looking(
        &self,
        after: &[(String, u64)],
        count: usize,
        wait_ms: Option<u64>,
    ) -> Result<Each<Vec<RawEntry>>, StoreError> {
        let until = Instant::now() + Duration::from_millis(wait_ms.unwrap_or(0));
        loop {
            let look = |(pool, revision): &(String, u64)| {
                let mut range = redis::cmd("XRANGE");
                range.arg(PoolKey::Feed.of(pool)).arg(format!("({revision}-0")).arg("+");
                range.arg("COUNT").arg(count);
                range
            };
            let looks = after.iter().map(|place| (place.0.as_str(), look(place))).collect();
            let replies = self.servers.send_each_within(looks, LOOK_WITHIN).await;
            let found = replies.into_iter().map(|reply| reply.and_then(|reply| read_entries(&reply)));
            let found = some_answered(found.collect())?;
            let is_news =
                |read: &Result<Vec<RawEntry>, _>| read.as_ref().map_or(true, |read| !read.is_empty());
            if found.iter().any(is_news) || Instant::now() >= until {
                return Ok(found);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// What many pools gave, unless not one of them gave anything: then the store is away, and not a part of it.
fn some_answered<T>(mut each: Each<T>) -> Result<Each<T>, StoreError> {
    match each.iter().position(Result::is_err) {
        Some(first) if each.iter().all(Result::is_err) => each.swap_remove(first).map(|_| Vec::new()),
        _ => Ok(each),
    }
}

/// The streams of a reply with their entries: a map in RESP3, a list of pairs in RESP2, nothing after a wait.
fn streams(reply: &Value) -> Result<Vec<(&[u8], &Value)>, StoreError> {
    match reply {
        Value::Nil => Ok(Vec::new()),
        Value::Map(streams) => streams.iter().map(|(feed, entries)| pair(feed, entries)).collect(),
        Value::Array(streams) => {
            let pairs = streams.iter().map(|stream| match stream {
                Value::Array(parts) => match parts.as_slice() {
                    [feed, entries] => pair(feed, entries),
                    _ => Err(unexpected(stream)),
                },
                other => Err(unexpected(other)),
            });
            pairs.collect()
        }
        other => Err(unexpected(other)),
    }
}

fn pair<'a>(feed: &'a Value, entries: &'a Value) -> Result<(&'a [u8], &'a Value), StoreError> {
    match feed {
        Value::BulkString(feed) => Ok((feed, entries)),
        other => Err(unexpected(other)),
    }
}

/// Asks how far a pool is; [`read_head`] understands the reply.
pub(super) fn head_command(pool: &str) -> redis::Cmd {
    let mut head = redis::cmd("HMGET");
    head.arg(PoolKey::Conf.of(pool)).arg("rules").arg("revision").arg("founded_us");
    head
}

/// A pool has settings; its revision is missing until its first transition.
pub(super) fn read_head(reply: &Value) -> Result<Option<Head>, StoreError> {
    let Value::Array(conf) = reply else { return Err(unexpected(reply)) };
    let [terms, revision, founded_us] = conf.as_slice() else { return Err(unexpected(reply)) };
    if *terms == Value::Nil {
        return Ok(None);
    }
    let number = |value: &Value| match value {
        Value::Nil => Ok(None),
        Value::BulkString(text) => {
            let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
            number.map(Some).ok_or_else(|| unexpected(reply))
        }
        _ => Err(unexpected(reply)),
    };
    Ok(Some(Head { revision: number(revision)?.unwrap_or(0), founded_us: number(founded_us)? }))
}
