//! hold: reserve chosen marks.

use std::collections::HashSet;

use super::call::{Place, believed, read_all};
use super::columns::Columns;
use super::permits::{Admission, HoldClaim};
use super::{Store, StoreError};
use crate::act::Applicant;
use crate::answer::Answer;
use crate::codec::answer::{self, Asker};
use crate::codec::record::Body;
use crate::codec::{TooLong, Writer};
use crate::id::{ApplicantId, TariffId};
use crate::item::{BATCH_MAX, HoldItem};
use crate::keys;
use crate::placement::Placement;

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
            let others_done = !answers.is_empty();
            let held = match self.placement {
                Placement::Together => {
                    let batch: Vec<(&HoldItem, i64)> = alike(rest.iter().map(|item| (item, 0)));
                    self.call_hold(pool, &batch).await
                }
                Placement::Apart => self.hold_apart(pool, rest.get(..BATCH_MAX).unwrap_or(rest)).await,
            };
            answers.extend(held.map_err(|error| error.midway(others_done))?);
        }
        Ok(answers)
    }

    /// Admits a batch at the shard's server, carries it out at the pool's, and settles the permits: up to the first item
    /// that was not judged.
    async fn hold_apart(&self, pool: &str, items: &[HoldItem]) -> Result<Vec<Answer>, StoreError> {
        let claims: Vec<HoldClaim<'_>> = items
            .iter()
            .map(|item| HoldClaim { act: &item.act, digest: item.digest(pool), acquired: item.acquired })
            .collect();
        let admitted = self.admit(&claims).await?;
        let judged =
            || items.iter().zip(&admitted).take_while(|(_, admission)| **admission != Admission::Again);
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

    /// Holds marks whose permits were taken, each with its permit's deadline: the pool's part of a hold alone.
    ///
    /// # Errors
    /// As any call; see [`StoreError`].
    pub async fn hold_passed(
        &self,
        pool: &str,
        items: &[(&HoldItem, i64)],
    ) -> Result<Vec<Answer>, StoreError> {
        let mut answers = Vec::with_capacity(items.len());
        while answers.len() < items.len() {
            let batch = alike(items.iter().skip(answers.len()).copied());
            let others_done = !answers.is_empty();
            let columns = pack(pool, &batch)?;
            let reply = self.call(keys::HOLD, Place::Pool(pool), columns.values()).await;
            let reply = reply.map_err(|error| error.midway(others_done))?;
            answers.extend(read_answers(&reply, &batch)?);
        }
        Ok(answers)
    }

    async fn call_hold(&self, pool: &str, batch: &[(&HoldItem, i64)]) -> Result<Vec<Answer>, StoreError> {
        let columns = pack(pool, batch)?;
        let reply = self.call(keys::HOLD, Place::PoolAndShard(pool), columns.values()).await?;
        read_answers(&reply, batch)
    }
}

/// The items from the first on that one call can carry: of one tariff and one permit's end, at most [`BATCH_MAX`].
fn alike<'a>(items: impl Iterator<Item = (&'a HoldItem, i64)>) -> Vec<(&'a HoldItem, i64)> {
    let mut first: Option<(TariffId, i64)> = None;
    items
        .take(BATCH_MAX)
        .take_while(|(item, permit)| *first.get_or_insert((item.tariff, *permit)) == (item.tariff, *permit))
        .collect()
}

fn read_answers(reply: &[u8], batch: &[(&HoldItem, i64)]) -> Result<Vec<Answer>, StoreError> {
    let answers = read_all(reply, batch.len(), |index, from| {
        let asker = batch.get(index).map(|(item, _)| Asker { act: &item.act, acquired: item.acquired });
        answer::read(from, asker)
    })?;
    believed(answers, batch.iter().map(|(item, _)| item.ordinal))
}

/// The arguments of a batch; their layout stands in `hold.lua`.
fn pack(pool: &str, batch: &[(&HoldItem, i64)]) -> Result<Columns, TooLong> {
    let simple = is_simple(batch);
    let mut columns = Columns::with_capacity(batch.len() * 8 + 1, batch.len() * 160);
    columns.value(|to| pack_head(batch, simple, to));
    let items = || batch.iter().map(|(item, _)| *item);
    let applicant = |item: &HoldItem| item.act.applicant.unwrap_or(NOBODY).id.0;
    items().for_each(|item| columns.value(|to| to.bytes(&item.act.id.0)));
    items().for_each(|item| columns.value(|to| to.u32(item.ordinal)));
    items().for_each(|item| columns.value(|to| to.u8(b'#').decimal(item.ordinal.min(NO_MARK))));
    items().for_each(|item| columns.value(|to| to.u32(item.ordinal).bytes(&applicant(item))));
    items().for_each(|item| columns.value(|to| to.bytes(&applicant(item))));
    items().for_each(|item| columns.value(|to| to.bytes(&item.digest(pool).0)));
    for item in items() {
        columns.try_value(|to| body(item).pack_tail(item.act.applicant.is_some(), to))?;
    }
    if !simple {
        let operators = items().map(|item| item.act.operator().unwrap_or_default());
        operators.for_each(|operator| columns.value(|to| to.bytes(operator.as_bytes())));
    }
    Ok(columns)
}

fn pack_head<'w>(batch: &[(&HoldItem, i64)], simple: bool, to: &'w mut Writer) -> &'w mut Writer {
    let (tariff, permit) =
        batch.first().map_or((TariffId::default(), 0), |(item, permit)| (item.tariff, *permit));
    let highest = batch.iter().map(|(item, _)| item.ordinal).max().unwrap_or_default();
    to.bytes(&tariff.0).ms(permit).u32(highest).u8(u8::from(simple))
}

/// Whether nothing in a batch touches another's: no id and no applicant twice; and nobody is unnamed or an operator.
fn is_simple(batch: &[(&HoldItem, i64)]) -> bool {
    let mut ids = HashSet::with_capacity(batch.len());
    let mut applicants = HashSet::with_capacity(batch.len());
    batch.iter().all(|(item, _)| {
        item.act.operator().is_none()
            && ids.insert(item.act.id)
            && item.act.applicant.is_some_and(|applicant| applicants.insert(applicant.id))
    })
}

fn body(item: &HoldItem) -> Body<'_> {
    Body {
        hold: item.act.id.into(),
        applicant: item.act.applicant.unwrap_or(NOBODY),
        acquired: item.acquired,
        channel: item.act.channel,
        tariff: item.tariff,
        amount_tiyn: item.amount_tiyn,
        office: &item.act.office,
        actor: &item.act.caller,
    }
}

/// Beyond every pool; a server takes no bit of a greater one, and the function refuses it by its number.
const NO_MARK: u32 = 1 << 30;

/// Stands where an act names no applicant: such an item has no permit, and the pool refuses it.
pub(super) const NOBODY: Applicant = Applicant {
    id: ApplicantId([0; 16]),
    kind: crate::act::ApplicantKind::Person,
    key_id: 0,
    representative: None,
};
