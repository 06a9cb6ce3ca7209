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
            let claims: Vec<HoldClaim<'_>> =
                batch.iter().map(|item| HoldClaim { act: &item.act, digest: item.digest(pool) }).collect();
            let others_done = !answers.is_empty();
            let admitted = self.admit(&claims).await.map_err(|error| error.midway(others_done))?;
            let carried = self.assign_admitted(pool, batch, &admitted).await;
            answers.extend(carried.map_err(|error| error.midway(others_done))?);
        }
        Ok(answers)
    }

    /// Carries out what was admitted, up to the first item that was not judged, and settles the permits.
    async fn assign_admitted(
        &self,
        pool: &str,
        items: &[AssignItem],
        admitted: &[Admission],
    ) -> Result<Vec<Answer>, StoreError> {
        let judged =
            || items.iter().zip(admitted).take_while(|(_, admission)| **admission != Admission::Again);
        let passed: Vec<(&AssignItem, i64)> = judged()
            .filter_map(|(item, admission)| match admission {
                Admission::Passed { permit_deadline_ms } => Some((item, *permit_deadline_ms)),
                _ => None,
            })
            .collect();
        let carried = self.assign_passed(pool, &passed).await;
        let acts = passed.iter().map(|(item, _)| &item.act);
        let mut held = self.settle_holds(acts, carried).await?.into_iter();
        Ok(judged().filter_map(|(_, admission)| admission.answer(None).or_else(|| held.next())).collect())
    }

    async fn assign_passed(
        &self,
        pool: &str,
        items: &[(&AssignItem, i64)],
    ) -> Result<Vec<Answer>, StoreError> {
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let packed: Vec<Vec<u8>> =
            items.iter().map(|(item, permit)| pack(pool, item, *permit)).collect::<Result<_, _>>()?;
        let reply = self.call_batch(keys::ASSIGN_NEXT, Place::Pool(pool), &packed).await?;
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
    let mut packed = Writer::default();
    let quote_length = body.pack(&mut packed)?;
    let mut to = Writer::default();
    to.bytes(&item.act.id.0)
        .bytes(&item.digest(pool).0)
        .ms(permit_deadline_ms)
        .bytes(&item.tariff.0)
        .bytes(&applicant.id.0)
        .u8(u8::try_from(quote_length).map_err(|_| TooLong {
            what: "office",
            found: quote_length,
            limit: 237,
        })?)
        .part(&packed.0, "record")?;
    for ordinal in item.candidates.iter().take(CANDIDATES_MAX) {
        to.u32(*ordinal);
    }
    Ok(to.0)
}
