//! The change feed: reading it in order, and forgetting what the journal has on disk.

use redis::Value;

use super::call::{Place, unexpected};
use super::{Store, StoreError};
use crate::keys::{self, PoolKey};

/// One entry of a pool's feed, as it stands in the stream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RawEntry {
    /// The revision of its last transition: its stream id is `<revision>-0`.
    pub revision: u64,
    /// What [`crate::feed::decode`] reads, and the journal keeps as it is.
    pub bytes: Vec<u8>,
}

impl Store {
    /// The entries of a pool's feed after a revision, oldest first, at most `count`.
    ///
    /// The first revision of the first entry must be `after + 1`; if it is not, the feed was trimmed past the
    /// reader, who needs a snapshot.
    ///
    /// # Errors
    /// As any call; see [`StoreError`].
    pub async fn feed(&self, pool: &str, after: u64, count: usize) -> Result<Vec<RawEntry>, StoreError> {
        let feeds = self.feeds(&[(pool.to_owned(), after, count)]).await?;
        Ok(feeds.into_iter().next().unwrap_or_default())
    }

    /// The entries of many pools' feeds, (pool, after, count) each, in one round trip. What is read here is for good: a
    /// failover does not take it back, so the journal may write it down.
    ///
    /// A feed that cannot be read gives nothing this time: those of other primaries go on.
    ///
    /// # Errors
    /// As any call, where none of them can be read; see [`StoreError`].
    pub async fn feeds(&self, places: &[(String, u64, usize)]) -> Result<Vec<Vec<RawEntry>>, StoreError> {
        let range = |(pool, after, count): &(String, u64, usize)| {
            let mut range = redis::cmd("XRANGE");
            range.arg(PoolKey::Feed.of(pool)).arg(format!("({after}-0")).arg("+").arg("COUNT").arg(*count);
            range
        };
        let ranges: Vec<(&str, redis::Cmd)> =
            places.iter().map(|place| (place.0.as_str(), range(place))).collect();
        let told = |reply: &Value| matches!(reply, Value::Array(entries) if !entries.is_empty());
        let replies = self.servers.send_each_for_good(ranges, told).await;
        if let Some(Err(error)) = replies.first()
            && replies.iter().all(Result::is_err)
        {
            return Err(error.clone());
        }
        let entries =
            replies.iter().map(|reply| reply.as_ref().map_or_else(|_| Ok(Vec::new()), read_entries));
        entries.collect()
    }

    /// Forgets a pool's feed up to and including a revision: what the journal has on disk, and no more. Gives how
    /// many entries were forgotten.
    ///
    /// # Errors
    /// As any call; see [`StoreError`]. Trimming again is always right.
    pub async fn trim_feed(&self, pool: &str, through: u64) -> Result<u64, StoreError> {
        match self.call_value(keys::TRIM_FEED, Place::Pool(pool), &[through.to_string()]).await? {
            Value::Int(forgotten) => Ok(u64::try_from(forgotten).unwrap_or(0)),
            other => Err(unexpected(&other)),
        }
    }
}

pub(super) fn read_entries(reply: &Value) -> Result<Vec<RawEntry>, StoreError> {
    let Value::Array(entries) = reply else { return Err(unexpected(reply)) };
    entries.iter().map(|entry| read_entry(entry).ok_or_else(|| unexpected(entry))).collect()
}

/// An entry is its id and its one field `e`.
fn read_entry(entry: &Value) -> Option<RawEntry> {
    let Value::Array(parts) = entry else { return None };
    let [Value::BulkString(id), Value::Array(fields)] = parts.as_slice() else { return None };
    let [Value::BulkString(_), Value::BulkString(bytes)] = fields.as_slice() else { return None };
    let revision = std::str::from_utf8(id).ok()?.strip_suffix("-0")?.parse().ok()?;
    Some(RawEntry { revision, bytes: bytes.clone() })
}
