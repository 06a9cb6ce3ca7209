//! sweep, forget, sweep_ids: end the holds whose deadline has passed, and forget what may be forgotten.

use redis::Value;

use super::call::{Place, SHARD, SHARD_TAG, unexpected};
use super::permits::Settlement;
use super::{Store, StoreError};
use crate::answer::Answer;
use crate::codec::{Malformed, Reader, answer};
use crate::id::{ApplicantId, HoldId};
use crate::item::BATCH_MAX;
use crate::keys::{self, ShardKey};
use crate::outcome::Outcome;

/// The most calls of one sweep that forget. Each forgets what some 8 calls left, so a sweep a second keeps up with 512
/// single calls a second, and the memory of old ids does not grow without end.
const FORGET_CALLS_MAX: usize = 64;

const NO_ARGUMENTS: [&[u8]; 0] = [];

/// What a sweep found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Swept {
    /// One answer a hold that ended, or one that says why none may.
    pub answers: Vec<Answer>,
    /// Whether more may be due. How many ended does not tell: most of what was looked at may have been bought or given
    /// back before its deadline.
    pub more: bool,
}

impl Store {
    /// Looks at the first `most` holds of each of a pool's lists of deadlines, and ends what is over; forgets a
    /// part of what may be forgotten.
    ///
    /// # Errors
    /// As any call; see [`StoreError`]. Sweeping again is always right.
    pub async fn sweep(&self, pool: &str, most: usize) -> Result<Swept, StoreError> {
        let reply = self.call(keys::SWEEP, Place::Pool(pool), &[most.min(BATCH_MAX).to_string()]).await?;
        let mut from = Reader::new(&reply);
        let more = from.u8("more")? != 0;
        let (mut answers, mut settlements) = (Vec::new(), Vec::new());
        while !from.is_empty() {
            let (answer, settlement) = read_ended(&mut from)?;
            if answer.outcome == Outcome::Expired {
                settlements.push(settlement);
            }
            answers.push(answer);
        }
        // A settlement that is lost heals at the permit's deadline, a few seconds after the hold's.
        let _ = self.settle_permits(&settlements).await;
        for _ in 0..FORGET_CALLS_MAX {
            // Nothing depends on forgetting; what is left over is forgotten by the next sweep.
            if !self.forget(pool).await.unwrap_or(false) {
                break;
            }
        }
        Ok(Swept { answers, more })
    }

    /// Forgets a part of a pool's answers and cool-downs whose time is over; true if there may be more.
    ///
    /// # Errors
    /// As any call; see [`StoreError`]. Forgetting again is always right.
    pub async fn forget(&self, pool: &str) -> Result<bool, StoreError> {
        match self.call_value(keys::FORGET, Place::Pool(pool), NO_ARGUMENTS).await? {
            Value::Int(entries) => Ok(entries > 0),
            other => Err(unexpected(&other)),
        }
    }

    /// Forgets request ids whose time is over, and permits that have healed: the next part of a round through
    /// all applicants that begins and ends at cursor 0. Gives the next cursor.
    ///
    /// # Errors
    /// As any call; see [`StoreError`]. Sweeping again is always right.
    pub async fn sweep_ids(&self, cursor: u64) -> Result<u64, StoreError> {
        let mut scan = redis::cmd("HSCAN");
        scan.arg(ShardKey::Permits.of(0)).arg(cursor).arg("COUNT").arg(BATCH_MAX / 2).arg("NOVALUES");
        let (next, applicants) = match self.servers.send(SHARD_TAG, &scan).await {
            Ok(page) => read_page(&page)?,
            // NOVALUES is younger than Redis 7.0: there, values come along and are left out here.
            Err(StoreError::Faulty { .. }) => self.scan_with_values(cursor).await?,
            Err(error) => return Err(error),
        };
        // A hash that is still small gives all of it at once, whatever COUNT says.
        for batch in applicants.chunks(BATCH_MAX) {
            self.call_value(keys::SWEEP_IDS, SHARD, batch).await?;
        }
        for _ in 0..FORGET_CALLS_MAX {
            let forgotten = self.call_value(keys::SWEEP_IDS, SHARD, NO_ARGUMENTS).await?;
            if forgotten == Value::Int(0) {
                break;
            }
        }
        Ok(next)
    }

    async fn scan_with_values(&self, cursor: u64) -> Result<(u64, Vec<Vec<u8>>), StoreError> {
        let mut scan = redis::cmd("HSCAN");
        scan.arg(ShardKey::Permits.of(0)).arg(cursor).arg("COUNT").arg(BATCH_MAX / 2);
        let (next, fields_and_values) = read_page(&self.servers.send(SHARD_TAG, &scan).await?)?;
        Ok((next, fields_and_values.into_iter().step_by(2).collect()))
    }
}

fn read_ended(from: &mut Reader<'_>) -> Result<(Answer, Settlement<'static>), Malformed> {
    let answer = answer::read(from, None)?;
    let held_at_ms = from.ms("held at")?;
    let hold = HoldId(from.array("hold id")?);
    let applicant = ApplicantId(from.array("applicant")?);
    Ok((answer, Settlement::ended(applicant, hold, held_at_ms)))
}

/// A page of a scan: the next cursor, and what was found.
fn read_page(page: &Value) -> Result<(u64, Vec<Vec<u8>>), StoreError> {
    redis::from_redis_value_ref(page).map_err(|_| unexpected(page))
}
