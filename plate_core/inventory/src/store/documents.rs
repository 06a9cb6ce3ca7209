//! Documents: published tariffs and the like, written only by who has read what stands (compare and set).
//!
//! They stand in a pool of their own, and each writing is an entry of its feed, made in the same step. Not here:
//! what a document says.

use redis::Value;

use super::call::{Place, unexpected};
use super::{Store, StoreError, held};
use crate::act::Act;
use crate::codec::{Reader, TooLong};
use crate::feed::DOCUMENTS_POOL;
use crate::keys::{self, PoolKey, ShardKey};

/// The longest document. A tariff's file is some tens of KiB and at most 512 KiB where it is uploaded; as JSON
/// with its faults it grows by some percent, and by half if every second byte had to be escaped.
pub const DOCUMENT_MAX_BYTES: usize = 1 << 20;

/// How many writings may wait for the journal. People write documents, a few an hour: 256 are a day's work while
/// no keeper runs. Of 40 KiB each they take 10 MiB of the store, and if each were the longest, 256 MiB.
pub const DOCUMENTS_BACKLOG_MAX: u64 = 256;

/// A document as it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Document {
    /// Its version, from 1, one more with each writing.
    pub version: u64,
    /// Its content.
    pub content: Vec<u8>,
}

/// More than ever waits, and exact in a double.
const NO_BACKLOG_MAX: u64 = 1 << 48;

impl Store {
    /// A document by its name.
    ///
    /// # Errors
    /// As any call; see [`StoreError`].
    pub async fn get_document(&self, name: &str) -> Result<Option<Document>, StoreError> {
        let value = self.field(PoolKey::Documents.of(DOCUMENTS_POOL), name).await?;
        value.map(|bytes| read_document(&bytes)).transpose()
    }

    /// Writes a document whose version is still the expected one (0: there is none yet). Gives the new version.
    ///
    /// The act says in the journal who wrote it. Its request id claims nothing: the version alone decides.
    ///
    /// # Errors
    /// [`StoreError::DocumentConflict`] when somebody else wrote in between, [`StoreError::FeedBacklogged`] when
    /// too many writings wait for the journal, [`StoreError::TooLong`]; else as any call. After
    /// [`StoreError::Unknown`] the writer reads again: it is he, or it is not.
    pub async fn put_document(
        &self,
        act: &Act,
        name: &str,
        content: &[u8],
        expected: u64,
    ) -> Result<u64, StoreError> {
        self.write_document(act, name, content, expected, DOCUMENTS_BACKLOG_MAX).await
    }

    async fn write_document(
        &self,
        act: &Act,
        name: &str,
        content: &[u8],
        expected: u64,
        backlog_max: u64,
    ) -> Result<u64, StoreError> {
        check_lengths(name, content)?;
        let (version, backlog) = (expected.to_string(), backlog_max.to_string());
        let act = held::act(act)?;
        let arguments = [name.as_bytes(), version.as_bytes(), content, &act, backlog.as_bytes()];
        let reply = self.call_value(keys::PUT_DOCUMENT, Place::Pool(DOCUMENTS_POOL), &arguments).await?;
        let (verdict, found): (u8, u64) =
            redis::from_redis_value_ref(&reply).map_err(|_| unexpected(&reply))?;
        match verdict {
            0 => Err(StoreError::DocumentConflict { expected, found }),
            1 => Ok(found),
            2 => Err(StoreError::FeedBacklogged { pool: DOCUMENTS_POOL }),
            _ => Err(unexpected(&reply)),
        }
    }

    /// The names that begin so, with their versions, in the order of names.
    ///
    /// # Errors
    /// As any call; see [`StoreError`].
    pub async fn list_documents(&self, prefix: &str) -> Result<Vec<(String, u64)>, StoreError> {
        let all = self.documents_of(PoolKey::Documents.of(DOCUMENTS_POOL)).await?;
        let named = all.into_iter().filter(|(name, _)| name.starts_with(prefix));
        Ok(named.map(|(name, document)| (name, document.version)).collect())
    }

    /// Carries the documents of data version 1 into the pool that has a feed, each as a writing of its own. Their
    /// versions begin anew. What was carried before, also by another process meanwhile, stays as it is.
    ///
    /// No backlog stops it: the keeper that would work it off cannot start before it is done.
    pub(super) async fn carry_documents(&self, act: &Act) -> Result<(), StoreError> {
        for (name, document) in self.documents_of(ShardKey::Documents.of(0)).await? {
            match self.write_document(act, &name, &document.content, 0, NO_BACKLOG_MAX).await {
                Ok(_) | Err(StoreError::DocumentConflict { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The documents of a hash, in the order of names.
    async fn documents_of(&self, key: String) -> Result<Vec<(String, Document)>, StoreError> {
        let mut all = redis::cmd("HGETALL");
        all.arg(&key);
        let Value::Map(fields) = self.servers.send(&key, &all).await? else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for (name, value) in fields {
            let (Value::BulkString(name), Value::BulkString(value)) = (name, value) else { continue };
            let Ok(name) = String::from_utf8(name) else { continue };
            found.push((name, read_document(&value)?));
        }
        found.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(found)
    }
}

fn check_lengths(name: &str, content: &[u8]) -> Result<(), TooLong> {
    for (what, found, limit) in
        [("name of a document", name.len(), 255), ("document", content.len(), DOCUMENT_MAX_BYTES)]
    {
        if found > limit {
            return Err(TooLong { what, found, limit });
        }
    }
    Ok(())
}

fn read_document(bytes: &[u8]) -> Result<Document, StoreError> {
    let mut from = Reader::new(bytes);
    Ok(Document { version: from.u48("version of a document")?, content: from.rest().to_vec() })
}
