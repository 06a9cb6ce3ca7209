//! Leases: which of several keepers is the active one.

use redis::Value;

use super::call::{SHARD, unexpected};
use super::{Store, StoreError};
use crate::keys;

impl Store {
    /// Takes a lease, or renews one's own; false while another has it. It ends by itself after `ttl_ms` of the
    /// store's time, so a keeper that dies is followed by another.
    ///
    /// # Errors
    /// As any call; see [`StoreError`]. After [`StoreError::Unknown`], asking again tells.
    pub async fn take_lease(&self, name: &str, holder: &str, ttl_ms: i64) -> Result<bool, StoreError> {
        let arguments = [name.to_owned(), holder.to_owned(), ttl_ms.to_string()];
        let reply = self.call_value(keys::TAKE_LEASE, SHARD, &arguments).await?;
        let (taken, _ends_ms): (bool, i64) =
            redis::from_redis_value_ref(&reply).map_err(|_| unexpected(&reply))?;
        Ok(taken)
    }

    /// Gives a lease back before its end; false if the holder did not have it.
    ///
    /// # Errors
    /// As any call; see [`StoreError`]. Giving back again is always right.
    pub async fn give_lease(&self, name: &str, holder: &str) -> Result<bool, StoreError> {
        match self.call_value(keys::GIVE_LEASE, SHARD, &[name, holder]).await? {
            Value::Int(had) => Ok(had == 1),
            other => Err(unexpected(&other)),
        }
    }
}
