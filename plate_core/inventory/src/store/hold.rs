//! hold: reserve chosen marks.

use super::call::{Place, read_all};
use super::permits::{Admission, HoldClaim};
use super::{Store, StoreError};
use crate::act::Applicant;
use crate::answer::Answer;
use crate::codec::answer::{self, Asker};
use crate::codec::record::Body;
use crate::codec::{TooLong, Writer};
use crate::id::ApplicantId;
use crate::item::{BATCH_MAX, HoldItem};
use crate::keys;

impl Store {
    /// Holds chosen marks for their applicants: admitted, carried out, and permits that came to nothing returned.
    ///
    /// One answer an item, in order. A batch equals its items sent singly; more than [`BATCH_MAX`] are sent as
    /// several batches.
    ///
    /// # Errors
    /// [`StoreError`]; where it does not prove that nothing was applied, the same items may be sent again, and
    /// each has one effect and one answer.
    pub async fn hold(&self, pool: &str, items: &[HoldItem]) -> Result<Vec<Answer>, StoreError> {
        let mut answers = Vec::with_capacity(items.len());
        while answers.len() < items.len() {
            let rest = items.get(answers.len()..).unwrap_or_default();
            let batch = rest.get(..BATCH_MAX).unwrap_or(rest);
            let claims: Vec<HoldClaim<'_>> =
                batch.iter().map(|item| HoldClaim { act: &item.act, digest: item.digest(pool) }).collect();
            let others_done = !answers.is_empty();
            let admitted = self.admit(&claims).await.map_err(|error| error.midway(others_done))?;
            let carried = self.hold_admitted(pool, batch, &admitted).await;
            answers.extend(carried.map_err(|error| error.midway(others_done))?);
        }
        Ok(answers)
    }

    /// Carries out what was admitted, up to the first item that was not judged, and settles the permits.
    async fn hold_admitted(
        &self,
        pool: &str,
        items: &[HoldItem],
        admitted: &[Admission],
    ) -> Result<Vec<Answer>, StoreError> {
        let judged =
            || items.iter().zip(admitted).take_while(|(_, admission)| **admission != Admission::Again);
        let passed: Vec<(&HoldItem, i64)> = judged()
            .filter_map(|(item, admission)| match admission {
                Admission::Passed { permit_deadline_ms } => Some((item, *permit_deadline_ms)),
                _ => None,
            })
            .collect();
        let carried = self.hold_passed(pool, &passed).await;
        let acts = passed.iter().map(|(item, _)| &item.act);
        let mut held = self.settle_holds(acts, carried).await?.into_iter();
        Ok(judged()
            .filter_map(|(item, admission)| admission.answer(Some(item.ordinal)).or_else(|| held.next()))
            .collect())
    }

    /// Holds marks whose permits were taken: the pool's own function, each item with its permit's deadline.
    ///
    /// # Errors
    /// As any call; see [`StoreError`].
    pub async fn hold_passed(
        &self,
        pool: &str,
        items: &[(&HoldItem, i64)],
    ) -> Result<Vec<Answer>, StoreError> {
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let packed: Vec<Vec<u8>> =
            items.iter().map(|(item, permit)| pack(pool, item, *permit)).collect::<Result<_, _>>()?;
        let reply = self.call_batch(keys::HOLD, Place::Pool(pool), &packed).await?;
        read_all(&reply, items.len(), |index, from| {
            let asker = items.get(index).map(|(item, _)| Asker { act: &item.act, acquired: item.acquired });
            answer::read(from, asker)
        })
    }
}

/// The argument of one item; the layout stands in `hold.lua`.
fn pack(pool: &str, item: &HoldItem, permit_deadline_ms: i64) -> Result<Vec<u8>, TooLong> {
    let applicant = item.act.applicant.unwrap_or(NOBODY);
    let body = Body {
        hold: item.act.id.into(),
        applicant,
        acquired: item.acquired,
        channel: item.act.channel,
        tariff: item.tariff,
        amount_tiyn: item.amount_tiyn,
        office: &item.act.office,
        actor: &item.act.caller,
    };
    let mut packed = Writer::default();
    let quote_length = body.pack(&mut packed)?;
    let mut to = Writer::default();
    to.u32(item.ordinal)
        .u32(item.ordinal)
        .u32(item.ordinal)
        .bytes(&applicant.id.0)
        .bytes(&item.act.id.0)
        .bytes(&item.digest(pool).0)
        .ms(permit_deadline_ms)
        .bytes(&item.tariff.0)
        // A quote is 18 bytes and the office's text, whose length is a byte too.
        .u8(u8::try_from(quote_length).map_err(|_| TooLong {
            what: "office",
            found: quote_length,
            limit: 237,
        })?)
        .bytes(&packed.0);
    Ok(to.0)
}

/// Stands where an act names no applicant: such an item has no permit, and the pool refuses it.
pub(super) const NOBODY: Applicant = Applicant {
    id: ApplicantId([0; 16]),
    kind: crate::act::ApplicantKind::Person,
    key_id: 0,
    representative: None,
};
