//! configure: what pools obey, what the limits are, and who vouches for the clock.

use redis::Value;

use super::call::{Place, SHARD, read_all, unexpected};
use super::permits::{Claim, Need};
use super::{Store, StoreError, held};
use crate::act::Act;
use crate::answer::Answer;
use crate::codec::settings::{pack_pool, pack_shard, unpack_pool, unpack_shard};
use crate::codec::{Writer, answer};
use crate::item::configure_digest;
use crate::keys::{self, PoolKey, ShardKey};
use crate::outcome::Outcome;
use crate::settings::{PoolSettings, ShardSettings};

impl Store {
    /// Sets everything a pool obeys, from the next call on, and founds the pool if there is none. The shape of
    /// a pool that there is stays what it was.
    ///
    /// # Errors
    /// [`StoreError`]; where it does not prove that nothing was applied, the same request may be sent again.
    pub async fn configure(
        &self,
        pool: &str,
        act: &Act,
        settings: &PoolSettings,
    ) -> Result<Answer, StoreError> {
        let digest = configure_digest(act, pool, settings);
        let admissions = self.claim(&[Claim { id: act.id, digest, need: Need::Nothing }]).await?;
        if let Some(refused) = admissions.first().and_then(|admission| admission.answer(None)) {
            return Ok(refused);
        }
        let present = self.pool_settings(pool).await?;
        let shape = present.map_or(settings.shape, |present| present.shape);
        let settings = PoolSettings { shape, ..settings.clone() };
        let mut request = Writer::default();
        request
            .bytes(&act.id.0)
            .bytes(&digest.0)
            .u32(shape.rows)
            .u16(shape.digit_values)
            .ms(self.lease_ms().await?)
            .i64(self.server_time_us().await?)
            .bytes(&held::act(act)?);
        let arguments = [request.0, pack_pool(&settings)?, settings.text().into_bytes()];
        let reply = self.call(keys::CONFIGURE, Place::Pool(pool), &arguments).await?;
        let answers = read_all(&reply, 1, |_, from| answer::read(from, None))?;
        answers.into_iter().next().ok_or(StoreError::Unknown { detail: Outcome::Unknown.slug().to_owned() })
    }

    /// What a pool obeys; `None` where there is no such pool.
    ///
    /// # Errors
    /// As any call; see [`StoreError`].
    pub async fn pool_settings(&self, pool: &str) -> Result<Option<PoolSettings>, StoreError> {
        let terms = self.field(PoolKey::Conf.of(pool), "terms").await?;
        Ok(terms.map(|terms| unpack_pool(&terms)).transpose()?)
    }

    /// Sets the limits that hold across pools.
    ///
    /// # Errors
    /// As any call; see [`StoreError`]. Setting them again is always right.
    pub async fn configure_shard(&self, settings: &ShardSettings) -> Result<(), StoreError> {
        self.call_value(keys::CONFIGURE_SHARD, SHARD, &[pack_shard(settings)]).await.map(|_| ())
    }

    /// The limits that hold across pools; `None` before they are set.
    ///
    /// # Errors
    /// As any call; see [`StoreError`].
    pub async fn shard_settings(&self) -> Result<Option<ShardSettings>, StoreError> {
        let terms = self.field(ShardKey::Conf.of(0), "terms").await?;
        Ok(terms.map(|terms| unpack_shard(&terms)).transpose()?)
    }

    /// Vouches for the store's clock until a moment of its own time, in the shard and in these pools. It makes
    /// no line of the journal: it is renewed every few seconds, and nobody's decision.
    ///
    /// # Errors
    /// As any call; see [`StoreError`]. Renewing again is always right.
    pub async fn lease_expiry(&self, pools: &[String], until_ms: i64) -> Result<(), StoreError> {
        let mut pipeline = redis::pipe();
        pipeline.cmd("HSET").arg(ShardKey::Conf.of(0)).arg("lease_ms").arg(until_ms);
        for pool in pools {
            pipeline.cmd("HSET").arg(PoolKey::Conf.of(pool)).arg("lease_ms").arg(until_ms);
        }
        self.connection.send_all(&pipeline).await.map(|_| ())
    }

    /// Until when somebody vouches for the store's clock, ms since the epoch; 0 where nobody ever did.
    async fn lease_ms(&self) -> Result<i64, StoreError> {
        let lease = self.field(ShardKey::Conf.of(0), "lease_ms").await?;
        let text = lease.as_deref().and_then(|bytes| std::str::from_utf8(bytes).ok());
        Ok(text.and_then(|text| text.parse().ok()).unwrap_or(0))
    }

    /// One field of a hash.
    pub(super) async fn field(&self, key: String, field: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let mut get = redis::cmd("HGET");
        get.arg(key).arg(field);
        match self.connection.send(&get).await? {
            Value::Nil => Ok(None),
            Value::BulkString(bytes) => Ok(Some(bytes)),
            other => Err(unexpected(&other)),
        }
    }

    /// The server's time, ms since the epoch.
    ///
    /// # Errors
    /// As any call; see [`StoreError`].
    pub async fn server_time_ms(&self) -> Result<i64, StoreError> {
        Ok(self.server_time_us().await? / 1_000)
    }

    /// The server's time, µs since the epoch: no two foundings of a pool share one.
    async fn server_time_us(&self) -> Result<i64, StoreError> {
        let reply = self.connection.send(&redis::cmd("TIME")).await?;
        let (seconds, microseconds): (i64, i64) =
            redis::from_redis_value_ref(&reply).map_err(|_| unexpected(&reply))?;
        Ok(seconds * 1_000_000 + microseconds)
    }
}
