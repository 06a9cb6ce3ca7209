//! Documents: published tariffs and the like, written only by who has read what stands (compare and set).

use redis::Value;

use super::call::{SHARD, unexpected};
use super::{Store, StoreError};
use crate::codec::Reader;
use crate::keys::{self, ShardKey};

/// A document as it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Document {
    /// Its version, from 1, one more with each writing.
    pub version: u64,
    /// Its content.
    pub content: Vec<u8>,
}

impl Store {
    /// A document by its name.
    ///
    /// # Errors
    /// As any call; see [`StoreError`].
    pub async fn get_document(&self, name: &str) -> Result<Option<Document>, StoreError> {
        let value = self.field(ShardKey::Documents.of(0), name).await?;
        value.map(|bytes| read_document(&bytes)).transpose()
    }

    /// Writes a document whose version is still the expected one (0: there is none yet). Gives the new version.
    ///
    /// # Errors
    /// [`StoreError::DocumentConflict`] when somebody else wrote in between; else as any call. After
    /// [`StoreError::Unknown`] the writer reads again: it is he, or it is not.
    pub async fn put_document(&self, name: &str, content: &[u8], expected: u64) -> Result<u64, StoreError> {
        let arguments = [name.as_bytes(), expected.to_string().as_bytes(), content].map(<[u8]>::to_vec);
        let reply = self.call_value(keys::PUT_DOCUMENT, SHARD, &arguments).await?;
        let (written, version): (bool, u64) =
            redis::from_redis_value_ref(&reply).map_err(|_| unexpected(&reply))?;
        if written { Ok(version) } else { Err(StoreError::DocumentConflict { expected, found: version }) }
    }

    /// The names that begin so, with their versions, in the order of names.
    ///
    /// # Errors
    /// As any call; see [`StoreError`].
    pub async fn list_documents(&self, prefix: &str) -> Result<Vec<(String, u64)>, StoreError> {
        let mut all = redis::cmd("HGETALL");
        all.arg(ShardKey::Documents.of(0));
        let Value::Map(fields) = self.connection.send(&all).await? else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for (name, value) in fields {
            let (Value::BulkString(name), Value::BulkString(value)) = (name, value) else { continue };
            let Ok(name) = String::from_utf8(name) else { continue };
            if name.starts_with(prefix) {
                found.push((name, read_document(&value)?.version));
            }
        }
        found.sort();
        Ok(found)
    }
}

fn read_document(bytes: &[u8]) -> Result<Document, StoreError> {
    let mut from = Reader::new(bytes);
    Ok(Document { version: from.u48("version of a document")?, content: from.rest().to_vec() })
}
