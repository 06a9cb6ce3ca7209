//! configure: what pools obey, what the limits are, and who vouches for the clock.

use redis::Value;

use super::call::{Place, SHARD, SHARD_TAG, read_all, unexpected};
use super::permits::{Claim, Need};
use super::{Store, StoreError, held, scripts};
use crate::act::Act;
use crate::answer::Answer;
use crate::codec::settings::{pack_pool, pack_shard, unpack_pool, unpack_shard};
use crate::codec::{Writer, answer};
use crate::item::configure_digest;
use crate::keys::{self, PoolKey, ShardKey};
use crate::settings::{PoolSettings, SettingsChange, ShardSettings};

/// How often a change is tried on top of what stands. Each failure means that another writer succeeded, and
/// nobody changes settings many times a second.
pub const SETTING_TRIES_MAX: u32 = 32;

/// The refusal of a change that others overtook every time.
pub fn contested(what: &str) -> StoreError {
    StoreError::Unavailable {
        detail: format!("others changed {what} {SETTING_TRIES_MAX} times meanwhile; ask again"),
    }
}

impl Store {
    /// Changes what a pool obeys, from the next call on, if it still obeys what was read; founds the pool if none
    /// was found. `None`, and nothing is changed, where another writer came first: read again.
    ///
    /// # Errors
    /// [`StoreError`]; where it does not prove that nothing was applied, the same request may be sent again.
    pub async fn configure(
        &self,
        pool: &str,
        act: &Act,
        change: &SettingsChange,
        read: Option<&PoolSettings>,
    ) -> Result<Option<Answer>, StoreError> {
        let digest = configure_digest(act, pool, change);
        let admissions = self.claim(&[Claim { id: act.id, digest, need: Need::Nothing }]).await?;
        if let Some(refused) = admissions.first().and_then(|admission| admission.answer(None)) {
            return Ok(Some(refused));
        }
        let settings = change.applied_to(read);
        let mut request = Writer::default();
        request
            .bytes(&act.id.0)
            .bytes(&digest.0)
            .u32(settings.shape.rows)
            .u16(settings.shape.digit_values)
            .ms(self.lease_ms().await?)
            .i64(self.server_time_us().await?)
            .bytes(&held::act(act)?);
        let arguments = [
            request.0,
            pack_pool(&settings)?,
            change.note(&settings).into_bytes(),
            read.map(pack_pool).transpose()?.unwrap_or_default(),
        ];
        let reply = self.call(keys::CONFIGURE, Place::Pool(pool), &arguments).await?;
        if reply.is_empty() {
            return Ok(None);
        }
        Ok(read_all(&reply, 1, |_, from| answer::read(from, None))?.into_iter().next())
    }

    /// What a pool obeys; `None` where there is no such pool.
    ///
    /// # Errors
    /// As any call; see [`StoreError`].
    pub async fn pool_settings(&self, pool: &str) -> Result<Option<PoolSettings>, StoreError> {
        let terms = self.field(PoolKey::Conf.of(pool), "rules").await?;
        Ok(terms.map(|terms| unpack_pool(&terms)).transpose()?)
    }

    /// Changes the limits that hold across pools, on top of what stands, whoever else changes them meanwhile.
    ///
    /// # Errors
    /// As any call, and as `change`; see [`StoreError`]. Changing them again is always right.
    pub async fn configure_shard(
        &self,
        change: impl Fn(Option<&ShardSettings>) -> Result<ShardSettings, StoreError>,
    ) -> Result<(), StoreError> {
        for _ in 0..SETTING_TRIES_MAX {
            let read = self.shard_settings().await?;
            let wanted = change(read.as_ref())?;
            if read.as_ref() == Some(&wanted) {
                return Ok(());
            }
            let arguments = [pack_shard(&wanted), read.as_ref().map(pack_shard).unwrap_or_default()];
            if self.call_value(keys::CONFIGURE_SHARD, SHARD, &arguments).await? == Value::Int(1) {
                return Ok(());
            }
        }
        Err(contested("the limits"))
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
    /// no line of the journal: it is renewed every few seconds, and nobody's decision; 0 takes it back. Every place is
    /// tried, whatever the others answer.
    ///
    /// Where the clocks of a cluster's primaries lie too far apart it is taken back instead, and by how much they do is
    /// given.
    ///
    /// # Errors
    /// As any call, of the first place that fails; see [`StoreError`]. Renewing again is always right.
    pub async fn lease_expiry(&self, pools: &[String], until_ms: i64) -> Result<Option<i64>, StoreError> {
        // Where they cannot be asked nothing can be vouched for either, and taking back needs no agreement.
        let apart_ms = self.clocks_too_far_apart_ms().await.unwrap_or_default();
        let until_ms = if apart_ms.is_some() { 0 } else { until_ms };
        let vouch = |conf: String| scripts::set_field(&conf, "lease_ms", until_ms);
        let mut vouched = vec![(SHARD_TAG, vouch(ShardKey::Conf.of(0)))];
        vouched.extend(pools.iter().map(|pool| (pool.as_str(), vouch(PoolKey::Conf.of(pool)))));
        let tried = self.servers.send_each_apart(vouched).await;
        tried.into_iter().collect::<Result<Vec<_>, _>>().map(|_| apart_ms)
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
        get.arg(&key).arg(field);
        match self.servers.send(&key, &get).await? {
            Value::Nil => Ok(None),
            Value::BulkString(bytes) => Ok(Some(bytes)),
            other => Err(unexpected(&other)),
        }
    }

    /// The server's time, ms since the epoch; on a cluster, that of the primary that has the shard.
    ///
    /// # Errors
    /// As any call; see [`StoreError`].
    pub async fn server_time_ms(&self) -> Result<i64, StoreError> {
        Ok(self.server_time_us().await? / 1_000)
    }

    /// The server's time, µs since the epoch: no two foundings of a pool share one.
    pub(super) async fn server_time_us(&self) -> Result<i64, StoreError> {
        let reply = self.servers.send(SHARD_TAG, &redis::cmd("TIME")).await?;
        let (seconds, microseconds): (i64, i64) =
            redis::from_redis_value_ref(&reply).map_err(|_| unexpected(&reply))?;
        Ok(seconds * 1_000_000 + microseconds)
    }
}
