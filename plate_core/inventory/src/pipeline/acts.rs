//! Acts that are one request and more than one call: many marks withheld or imported, settings of many pools.
//!
//! Such an act is cut into parts that the store takes, each a request of its own, named after the act, the pool and
//! its number ([`crate::id::RequestId::part`]). The act's own id is claimed first with a digest of all of it, so that
//! the same id with another body is refused as a whole. An act that was cut off half-way is completed by sending it
//! again: parts that are done answer as they did.

use std::collections::BTreeMap;
use std::rc::Rc;

use plate_algebra::Pool;
use tokio::task::JoinSet;

use super::Pipeline;
use crate::act::{Act, Asked};
use crate::answer::{Answer, ImportCounts};
use crate::id::Digest;
use crate::item::{BATCH_MAX, ConfirmItem, RefundItem};
use crate::outcome::Outcome;
use crate::settings::{PoolSettings, PoolShape, SettingsChange, ShardSettings};
use crate::store::{Claim, Need, SETTING_TRIES_MAX, StoreError, contested};

/// The pool that keeps payments whose mark nobody can name. It has no marks; the first such payment founds it.
pub const UNPLACED_POOL: &str = "unplaced";

/// Parts of one import under way at once: enough that the store never waits for us, and holds of other people
/// still come in between.
const PARTS_UNDER_WAY: usize = 4;

/// One part of an act: a pool, some of its marks, and their places in the caller's list.
struct Part {
    pool: Pool,
    number: u32,
    ordinals: Vec<u32>,
    places: Vec<usize>,
}

/// Cuts marks into parts: pool by pool, at most a batch each, in the order given.
fn cut(marks: &[(Pool, u32)]) -> Vec<Part> {
    let mut by_pool: BTreeMap<Pool, Vec<(usize, u32)>> = BTreeMap::new();
    for (place, (pool, ordinal)) in marks.iter().enumerate() {
        by_pool.entry(*pool).or_default().push((place, *ordinal));
    }
    let mut parts = Vec::new();
    for (pool, marks) in by_pool {
        for (number, chunk) in (0..).zip(marks.chunks(BATCH_MAX)) {
            let (places, ordinals) = chunk.iter().copied().unzip();
            parts.push(Part { pool, number, ordinals, places });
        }
    }
    parts
}

impl Pipeline {
    /// Takes marks of any pools off sale: one request, one answer a mark, in order.
    ///
    /// # Errors
    /// [`StoreError`]; where it does not prove that nothing was applied, the same act may be sent again.
    pub async fn withhold(
        &self,
        act: &Act,
        marks: &[(Pool, u32)],
        reason: &str,
    ) -> Result<Vec<Answer>, StoreError> {
        self.mark_parts("withhold", act, marks, reason).await
    }

    /// Puts marks of any pools back on sale: one request, one answer a mark, in order.
    ///
    /// # Errors
    /// As [`Pipeline::withhold`].
    pub async fn readmit(&self, act: &Act, marks: &[(Pool, u32)]) -> Result<Vec<Answer>, StoreError> {
        self.mark_parts("readmit", act, marks, "").await
    }

    async fn mark_parts(
        &self,
        verb: &str,
        act: &Act,
        marks: &[(Pool, u32)],
        reason: &str,
    ) -> Result<Vec<Answer>, StoreError> {
        let parts = cut(marks);
        if let Some(refused) = self.claim_whole(verb, act, marks, reason, parts.len()).await? {
            let each = marks.iter().map(|(_, ordinal)| Answer { ordinal: Some(*ordinal), ..refused.clone() });
            return Ok(each.collect());
        }
        let mut answers: Vec<Option<Answer>> = marks.iter().map(|_| None).collect();
        let alone = parts.len() == 1;
        for (at, part) in parts.iter().enumerate() {
            let pool = self.name(part.pool);
            let own = if alone { act.clone() } else { part_of(act, pool, part.number) };
            let sent = match verb {
                "withhold" => self.store.withhold(pool, &own, &part.ordinals, reason).await,
                _ => self.store.readmit(pool, &own, &part.ordinals).await,
            };
            let sent = sent.map_err(|error| error.midway(at > 0))?;
            for (place, answer) in part.places.iter().zip(sent) {
                if let Some(slot) = answers.get_mut(*place) {
                    *slot = Some(answer);
                }
            }
        }
        let missing = || StoreError::Unknown { detail: "a mark of the list has no answer".to_owned() };
        answers.into_iter().collect::<Option<Vec<Answer>>>().ok_or_else(missing)
    }

    /// Claims an act's own id with a digest of all its marks; an act of one part is claimed by that part.
    async fn claim_whole(
        &self,
        verb: &str,
        act: &Act,
        marks: &[(Pool, u32)],
        reason: &str,
        parts: usize,
    ) -> Result<Option<Answer>, StoreError> {
        if parts <= 1 {
            return Ok(None);
        }
        let place = |(pool, ordinal): &(Pool, u32)| {
            [u32::from(pool.format.0), u32::from(pool.region.code()), *ordinal].map(u32::to_be_bytes)
        };
        let bytes: Vec<u8> = marks.iter().flat_map(place).flatten().collect();
        let digest = Asked::by(verb, act).bytes(&bytes).bytes(reason.as_bytes()).digest();
        self.claim(act, digest).await
    }

    async fn claim(&self, act: &Act, digest: Digest) -> Result<Option<Answer>, StoreError> {
        let admissions = self.store.claim(&[Claim { id: act.id, digest, need: Need::Nothing }]).await?;
        Ok(admissions.first().and_then(|admission| admission.answer(None)))
    }

    /// Notes that marks of a pool are on the road, however many: one request, one answer with counts.
    ///
    /// A part that is refused answers for all; what the others did stands, and the same request completes it.
    ///
    /// # Errors
    /// As [`Pipeline::withhold`].
    pub async fn import(
        self: Rc<Self>,
        act: Act,
        pool: String,
        ordinals: Vec<u32>,
    ) -> Result<Answer, StoreError> {
        if ordinals.len() <= BATCH_MAX {
            return self.store.import(&pool, &act, &ordinals).await;
        }
        let bytes: Vec<u8> = ordinals.iter().flat_map(|ordinal| ordinal.to_be_bytes()).collect();
        let digest = Asked::by("import", &act).bytes(pool.as_bytes()).bytes(&bytes).digest();
        if let Some(refused) = self.claim(&act, digest).await? {
            return Ok(refused);
        }
        let mut under_way = JoinSet::new();
        let mut total = Total::default();
        for (number, part) in (0..).zip(ordinals.chunks(BATCH_MAX)) {
            if under_way.len() >= PARTS_UNDER_WAY {
                total.add(under_way.join_next().await)?;
            }
            let (this, pool, part) = (Rc::clone(&self), pool.clone(), part.to_vec());
            let own = part_of(&act, &pool, number);
            under_way.spawn_local(async move { this.store.import(&pool, &own, &part).await });
        }
        while !under_way.is_empty() {
            total.add(under_way.join_next().await)?;
        }
        total
            .answer()
            .ok_or_else(|| StoreError::Unknown { detail: "no part of the import answered".to_owned() })
    }

    /// Changes settings of pools and founds those that there are not yet, each on top of what stands, whoever else
    /// changes them meanwhile. One answer a pool, in order.
    ///
    /// # Errors
    /// As [`Pipeline::withhold`]; [`StoreError::Settings`] for settings out of bounds, before anything is changed.
    pub async fn configure(
        &self,
        act: &Act,
        changes: Vec<(String, SettingsChange)>,
    ) -> Result<Vec<Answer>, StoreError> {
        let mut read = Vec::new();
        for (pool, change) in &changes {
            let present = self.store.pool_settings(pool).await?;
            judged(change, present.as_ref())?;
            read.push(present);
        }
        let mut answers: Vec<Answer> = Vec::new();
        for ((pool, change), present) in changes.iter().zip(read) {
            let answer = self.configure_pool(pool, &part_of(act, pool, 0), change, present).await;
            answers.push(answer.map_err(|error| error.midway(!answers.is_empty()))?);
        }
        Ok(answers)
    }

    /// Changes one pool's settings on top of what was read, or of what another writer has put there since.
    ///
    /// Permits and request ids are made to last long enough first: a hold must never outlive its permit.
    async fn configure_pool(
        &self,
        pool: &str,
        act: &Act,
        change: &SettingsChange,
        mut read: Option<PoolSettings>,
    ) -> Result<Answer, StoreError> {
        for _ in 0..SETTING_TRIES_MAX {
            self.cover(&judged(change, read.as_ref())?).await?;
            if let Some(answer) = self.store.configure(pool, act, change, read.as_ref()).await? {
                return Ok(answer);
            }
            read = self.store.pool_settings(pool).await?;
        }
        Err(contested(pool))
    }

    /// Changes the limits that hold across pools, on top of what stands.
    ///
    /// # Errors
    /// As any call; [`StoreError::Settings`] for limits out of bounds, before anything is changed.
    pub async fn configure_limits(&self, change: impl Fn(&mut ShardSettings)) -> Result<(), StoreError> {
        let changed = |read: Option<&ShardSettings>| {
            let mut limits = read.cloned().unwrap_or_default();
            change(&mut limits);
            limits.check().map_err(StoreError::Settings)?;
            Ok(limits)
        };
        self.store.configure_shard(changed).await
    }

    /// Lengthens permits and the memory of request ids where this pool needs it; the limits stay.
    async fn cover(&self, pool: &PoolSettings) -> Result<(), StoreError> {
        self.store.configure_shard(|read| Ok(covering(read, [pool]))).await
    }

    /// Writes down money whose mark nobody can name; it is to be refunded.
    ///
    /// # Errors
    /// As [`Pipeline::withhold`]. The provider hears "received" only after this has answered.
    pub async fn record_unplaced(&self, item: ConfirmItem) -> Result<Answer, StoreError> {
        let items = [item];
        let answer = self.confirm_unplaced(&items).await?;
        if answer.outcome != Outcome::PoolUnknown {
            return Ok(answer);
        }
        let [item] = &items;
        let shape = PoolShape { rows: 0, ..PoolShape::default() };
        let founding = SettingsChange::founding(shape);
        let own = part_of(&item.act, UNPLACED_POOL, 0);
        self.configure_pool(UNPLACED_POOL, &own, &founding, None).await?;
        self.confirm_unplaced(&items).await
    }

    /// Writes down that money whose mark nobody could name was paid back. Where no such money ever came, the
    /// payment is unknown.
    ///
    /// # Errors
    /// As [`Pipeline::withhold`].
    pub async fn confirm_unplaced_refund(&self, item: RefundItem) -> Result<Answer, StoreError> {
        let answers = self.store.confirm_refund(UNPLACED_POOL, &[item]).await?;
        let missing = || StoreError::Unknown { detail: "the refund has no answer".to_owned() };
        let answer = answers.into_iter().next().ok_or_else(missing)?;
        let unfounded = answer.outcome == Outcome::PoolUnknown;
        Ok(if unfounded { Answer { outcome: Outcome::PaymentUnknown, ..answer } } else { answer })
    }

    async fn confirm_unplaced(&self, items: &[ConfirmItem; 1]) -> Result<Answer, StoreError> {
        let answers = self.store.confirm(UNPLACED_POOL, items).await?;
        let missing = || StoreError::Unknown { detail: "the payment has no answer".to_owned() };
        answers.into_iter().next().ok_or_else(missing)
    }
}

/// What would stand after a change, if it may.
fn judged(change: &SettingsChange, read: Option<&PoolSettings>) -> Result<PoolSettings, StoreError> {
    let settings = change.applied_to(read);
    change.check().and_then(|()| settings.check()).map_err(StoreError::Settings)?;
    Ok(settings)
}

/// The limits as they stand, with permits and memory of request ids that last long enough for these pools too.
#[must_use]
pub fn covering<'a>(
    present: Option<&ShardSettings>,
    pools: impl IntoIterator<Item = &'a PoolSettings>,
) -> ShardSettings {
    let needed = ShardSettings::for_pools(pools);
    let Some(present) = present else { return needed };
    ShardSettings {
        hold_permit_ms: present.hold_permit_ms.max(needed.hold_permit_ms),
        extension_permit_ms: present.extension_permit_ms.max(needed.extension_permit_ms),
        payment_permit_ms: present.payment_permit_ms.max(needed.payment_permit_ms),
        id_retention_ms: present.id_retention_ms.max(needed.id_retention_ms),
        ..present.clone()
    }
}

/// The act under the id of one of its parts.
#[must_use]
pub fn part_of(act: &Act, pool: &str, number: u32) -> Act {
    Act { id: act.id.part(pool, number), ..act.clone() }
}

/// The answers of an import's parts, added up.
#[derive(Default)]
struct Total {
    counts: ImportCounts,
    refused: Option<Answer>,
    last: Option<Answer>,
}

impl Total {
    fn add(
        &mut self,
        joined: Option<Result<Result<Answer, StoreError>, tokio::task::JoinError>>,
    ) -> Result<(), StoreError> {
        let Some(joined) = joined else { return Ok(()) };
        let part = joined.map_err(|error| StoreError::Unknown { detail: error.to_string() })?;
        let part = part.map_err(|error| error.midway(self.last.is_some()))?;
        match &part.context.import {
            None => self.refused = Some(part.clone()),
            Some(counts) => {
                self.counts.imported += counts.imported;
                self.counts.already_imported += counts.already_imported;
                self.counts.conflicts.extend(&counts.conflicts);
                self.counts.never_issued.extend(&counts.never_issued);
            }
        }
        self.last = Some(part);
        Ok(())
    }

    /// The first word is a refusal's; otherwise the last part's answer with the counts of all.
    fn answer(self) -> Option<Answer> {
        if self.refused.is_some() {
            return self.refused;
        }
        let mut answer = self.last?;
        if self.counts.imported > 0 {
            answer.outcome = Outcome::Imported;
        }
        answer.context.import = Some(self.counts);
        Some(answer)
    }
}
