//! read: how marks stand, and what an applicant has.

use redis::Value;

use super::call::{Place, SHARD_TAG, read_all, unexpected};
use super::{Store, StoreError};
use crate::answer::Answer;
use crate::codec::payment::unpack_stored;
use crate::codec::{Malformed, Reader, answer, record};
use crate::feed::PlaneBits;
use crate::id::{ApplicantId, PaymentId};
use crate::item::BATCH_MAX;
use crate::keys::{self, PoolKey, ShardKey};
use crate::payment::Payment;
use crate::record::Record;

impl Store {
    /// How marks of a pool stand: the record and the planes of each, in order.
    ///
    /// # Errors
    /// As any call; see [`StoreError`].
    pub async fn read(&self, pool: &str, ordinals: &[u32]) -> Result<Vec<Answer>, StoreError> {
        let mut answers = Vec::with_capacity(ordinals.len());
        for batch in ordinals.chunks(BATCH_MAX) {
            let packed: Vec<u8> = batch.iter().flat_map(|ordinal| ordinal.to_le_bytes()).collect();
            let reply = self.call(keys::READ, Place::Pool(pool), &[packed]).await?;
            answers.extend(read_all(&reply, batch.len(), |_, from| read_standing(from))?);
        }
        Ok(answers)
    }

    /// A payment of a pool, if it has one under this id.
    ///
    /// # Errors
    /// As any call; see [`StoreError`].
    pub async fn payment(&self, pool: &str, id: PaymentId) -> Result<Option<Payment>, StoreError> {
        let mut get = redis::cmd("HGET");
        get.arg(PoolKey::Payments.of(pool)).arg(&id.0);
        match self.servers.send(pool, &get).await? {
            Value::Nil => Ok(None),
            Value::BulkString(bytes) => Ok(Some(unpack_stored(&bytes)?.payment)),
            other => Err(unexpected(&other)),
        }
    }

    /// What an applicant has in these pools: his live holds, by his permits, and his allotments.
    ///
    /// It is read in three steps, so a hold that ends meanwhile may be missing; each record is as it stood at
    /// one moment.
    ///
    /// # Errors
    /// As any call; see [`StoreError`].
    pub async fn read_applicant(
        &self,
        pools: &[String],
        applicant: ApplicantId,
    ) -> Result<Vec<(String, u32, Record)>, StoreError> {
        let ids = self.permit_ids(applicant).await?;
        let ordinals = self.ordinals_of(pools, &ids, applicant).await?;
        let record = |(pool, ordinal): &(String, u32)| {
            let mut get = redis::cmd("HGET");
            get.arg(PoolKey::Live.of(pool)).arg(&ordinal.to_le_bytes());
            get
        };
        let gets: Vec<(&str, redis::Cmd)> =
            ordinals.iter().map(|place| (place.0.as_str(), record(place))).collect();
        let values = self.servers.send_each(gets).await?;
        let mut found = Vec::new();
        for ((pool, ordinal), value) in ordinals.into_iter().zip(values) {
            let Value::BulkString(bytes) = value else { continue };
            let record = record::unpack(&bytes)?;
            if record.applicant.id == applicant {
                found.push((pool, ordinal, record));
            }
        }
        Ok(found)
    }

    /// The ids of an applicant's permits, healed ones among them.
    async fn permit_ids(&self, applicant: ApplicantId) -> Result<Vec<[u8; 16]>, StoreError> {
        let mut get = redis::cmd("HGET");
        get.arg(ShardKey::Permits.of(0)).arg(&applicant.0);
        let Value::BulkString(permits) = self.servers.send(SHARD_TAG, &get).await? else {
            return Ok(Vec::new());
        };
        let mut from = Reader::new(&permits);
        let mut ids = Vec::new();
        while !from.is_empty() {
            ids.push(from.array("permit")?);
            // Its deadline and its open passes.
            from.take(7, "permit")?;
        }
        Ok(ids)
    }

    /// The marks that these holds may be on, by what their ids were answered, and those that the applicant owns. An id
    /// that was answered in one step with its admission says the mark and not the pool, so each pool is asked.
    async fn ordinals_of(
        &self,
        pools: &[String],
        ids: &[[u8; 16]],
        applicant: ApplicantId,
    ) -> Result<Vec<(String, u32)>, StoreError> {
        let claimed = self.claimed_ordinals(ids).await?;
        let mut gets = Vec::with_capacity(2 * pools.len());
        for pool in pools {
            let mut owned = redis::cmd("HGET");
            owned.arg(PoolKey::Owners.of(pool)).arg(&applicant.0);
            // HMGET wants a field at least: where there is no id, one that nothing has.
            let mut answered = redis::cmd("HMGET");
            answered.arg(PoolKey::Requests.of(pool)).arg("");
            ids.iter().for_each(|id| {
                answered.arg(id);
            });
            gets.extend([(pool.as_str(), owned), (pool.as_str(), answered)]);
        }
        let replies = self.servers.send_each(gets).await?;
        let mut ordinals = Vec::new();
        for (pool, replies) in pools.iter().zip(replies.chunks(2)) {
            ordinals.extend(claimed.iter().map(|ordinal| (pool.clone(), *ordinal)));
            for reply in replies {
                collect_ordinals(reply, ANSWER_AT, &mut |ordinal| ordinals.push((pool.clone(), ordinal)))?;
            }
        }
        ordinals.sort_unstable();
        ordinals.dedup();
        Ok(ordinals)
    }

    /// The marks that ids were given, of those that were answered where they were admitted.
    async fn claimed_ordinals(&self, ids: &[[u8; 16]]) -> Result<Vec<u32>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut get = redis::cmd("HMGET");
        get.arg(ShardKey::Ids.of(0));
        for id in ids {
            get.arg(id);
        }
        let mut ordinals = Vec::new();
        collect_ordinals(&self.servers.send(SHARD_TAG, &get).await?, CLAIM_ANSWER_AT, &mut |ordinal| {
            ordinals.push(ordinal)
        })?;
        Ok(ordinals)
    }
}

/// Where an answer begins in a recorded answer: after the digest.
const ANSWER_AT: usize = 8;
/// Where an answer begins in a claim that has one: after digest, verdict and two times.
const CLAIM_ANSWER_AT: usize = 21;

/// The ordinals in a reply: a packed list of an applicant's own, or answers, each after so many bytes of something else.
fn collect_ordinals(reply: &Value, answer_at: usize, found: &mut impl FnMut(u32)) -> Result<(), StoreError> {
    match reply {
        Value::BulkString(owned) => {
            let mut from = Reader::new(owned);
            while !from.is_empty() {
                found(from.u32("ordinal")?);
            }
        }
        Value::Array(answers) => {
            for answer in answers {
                // A claim that has no answer ends before one.
                if let Value::BulkString(recorded) = answer
                    && recorded.len() > answer_at
                {
                    let mut from = Reader::new(recorded);
                    // The outcome and its parts stand before the ordinal.
                    from.take(answer_at + 2, "recorded answer")?;
                    found(from.u32("ordinal")?);
                }
            }
        }
        _ => {}
    }
    Ok(())
}

fn read_standing(from: &mut Reader<'_>) -> Result<Answer, Malformed> {
    let mut answer = answer::read(from, None)?;
    let planes = PlaneBits::from_bits(from.u8("planes")?);
    if answer.outcome == crate::outcome::Outcome::Read {
        answer.context.planes = Some(planes);
    }
    Ok(answer)
}
