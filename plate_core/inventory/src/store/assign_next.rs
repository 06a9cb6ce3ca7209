//! assign_next: reserve the next ordinary mark.

use super::call::{Place, read_all};
use super::hold::NOBODY;
use super::permits::{Admission, HoldClaim};
use super::{Store, StoreError};
use crate::answer::Answer;
use crate::codec::answer::{self, Asker};
use crate::codec::record::Body;
use crate::codec::{TooLong, Writer};
use crate::item::{AssignItem, BATCH_MAX, CANDIDATES_MAX};
use crate::keys;
use crate::placement::Placement;
use crate::state::Acquired;

impl Store {
    /// Holds, for each item, the first of its candidates that its applicant can have.
    ///
    /// One answer an item, in order. At most 16 candidates of an item are looked at, and items are sent together
    /// as long as they have 128 candidates among them.
    ///
    /// # Errors
    /// [`StoreError`]; where it does not prove that nothing was applied, the same items may be sent again, and
    /// each has one effect and one answer.
    pub async fn assign_next(&self, pool: &str, items: &[AssignItem]) -> Result<Vec<Answer>, StoreError> {
        let mut answers = Vec::with_capacity(items.len());
        while answers.len() < items.len() {
            let rest = items.get(answers.len()..).unwrap_or_default();
            let batch = rest.get(..together(rest)).unwrap_or(rest);
            let others_done = !answers.is_empty();
            let assigned = match self.placement {
                Placement::Together => {
                    let batch: Vec<(&AssignItem, i64)> = batch.iter().map(|item| (item, 0)).collect();
                    self.call_assign(Place::PoolAndShard(pool), pool, &batch).await
                }
                Placement::Apart => self.assign_apart(pool, batch).await,
            };
            answers.extend(assigned.map_err(|error| error.midway(others_done))?);
        }
        Ok(answers)
    }

    /// Admits a batch at the shard's server, carries it out at the pool's, and settles the permits: up to the first item
    /// that was not judged.
    async fn assign_apart(&self, pool: &str, items: &[AssignItem]) -> Result<Vec<Answer>, StoreError> {
        let acquired = Acquired::Assigned;
        let claims: Vec<HoldClaim<'_>> = items
            .iter()
            .map(|item| HoldClaim { act: &item.act, digest: item.digest(pool), acquired })
            .collect();
        let admitted = self.admit(&claims).await?;
        let judged =
            || items.iter().zip(&admitted).take_while(|(_, admission)| **admission != Admission::Again);
        let passed: Vec<(&AssignItem, i64)> = judged()
            .filter_map(|(item, admission)| match admission {
                Admission::Passed { permit_deadline_ms } => Some((item, *permit_deadline_ms)),
                _ => None,
            })
            .collect();
        let carried = self.call_assign(Place::Pool(pool), pool, &passed).await;
        let acts = passed.iter().map(|(item, _)| &item.act);
        let mut held = self.settle_holds(acts, carried).await?.into_iter();
        Ok(judged().filter_map(|(_, admission)| admission.answer(None).or_else(|| held.next())).collect())
    }

    async fn call_assign(
        &self,
        place: Place<'_>,
        pool: &str,
        items: &[(&AssignItem, i64)],
    ) -> Result<Vec<Answer>, StoreError> {
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let packed: Vec<Vec<u8>> =
            items.iter().map(|(item, permit)| pack(pool, item, *permit)).collect::<Result<_, _>>()?;
        let reply = self.call_batch(keys::ASSIGN_NEXT, place, &packed).await?;
        read_all(&reply, items.len(), |index, from| {
            let asker =
                items.get(index).map(|(item, _)| Asker { act: &item.act, acquired: Acquired::Assigned });
            answer::read(from, asker)
        })
    }
}

/// How many of these items go into one call: as long as they have no more candidates than a batch has items.
fn together(items: &[AssignItem]) -> usize {
    let mut candidates = 0;
    let fits = items.iter().take_while(|item| {
        candidates += item.candidates.len().clamp(1, CANDIDATES_MAX);
        candidates <= BATCH_MAX
    });
    fits.count().max(1)
}

/// The argument of one item; the layout stands in `assign_next.lua`.
fn pack(pool: &str, item: &AssignItem, permit_deadline_ms: i64) -> Result<Vec<u8>, TooLong> {
    let applicant = item.act.applicant.unwrap_or(NOBODY);
    let body = Body {
        hold: item.act.id.into(),
        applicant,
        acquired: Acquired::Assigned,
        channel: item.act.channel,
        tariff: item.tariff,
        amount_tiyn: item.amount_tiyn,
        office: &item.act.office,
        actor: &item.act.caller,
    };
    let mut tail = Writer::default();
    body.pack_tail(item.act.applicant.is_some(), &mut tail)?;
    let operator = item.act.operator().unwrap_or_default();
    let operator_length = u8::try_from(operator.len()).map_err(|_| TooLong {
        what: "operator",
        found: operator.len(),
        limit: 255,
    })?;
    let mut to = Writer::default();
    to.bytes(&item.act.id.0)
        .bytes(&item.digest(pool).0)
        .ms(permit_deadline_ms)
        .bytes(&item.tariff.0)
        .bytes(&applicant.id.0)
        .u8(operator_length)
        .length(tail.0.len(), "record")?
        .bytes(operator.as_bytes())
        .bytes(&tail.0);
    for ordinal in item.candidates.iter().take(CANDIDATES_MAX) {
        to.u32(*ordinal);
    }
    Ok(to.0)
}
