//! The way of a batch that takes no new permit: claimed in the shard, carried out in the pool. Where both are on one
//! server, one call does both, and gives back the permits of holds that it ended.

use super::call::{Place, believed, read_all};
use super::permits::{Admission, Claim};
use super::{Store, StoreError};
use crate::answer::Answer;
use crate::codec::{TooLong, answer};
use crate::item::BATCH_MAX;
use crate::keys::Function;
use crate::placement::Placement;

/// An item of such a verb, ready to be claimed and sent.
pub(super) struct Carried {
    /// The mark that it names.
    pub(super) ordinal: u32,
    /// Its claim on the request id.
    pub(super) claim: Claim,
}

impl Store {
    /// Claims each item's request id, sends those that passed to the pool, and puts the answers in order.
    /// `pack` makes the argument of an item from its place and the deadline of its permit (0 for none).
    pub(super) async fn carry(
        &self,
        function: Function,
        pool: &str,
        items: &[Carried],
        pack: impl Fn(usize, i64) -> Result<Vec<u8>, TooLong>,
    ) -> Result<Vec<Answer>, StoreError> {
        let mut answers = Vec::with_capacity(items.len());
        for (batch, items) in items.chunks(BATCH_MAX).enumerate() {
            let carried = self
                .carry_batch(function, pool, items, |index, ms| pack(batch * BATCH_MAX + index, ms))
                .await;
            answers.extend(carried.map_err(|error| error.midway(batch > 0))?);
        }
        Ok(answers)
    }

    async fn carry_batch(
        &self,
        function: Function,
        pool: &str,
        items: &[Carried],
        pack: impl Fn(usize, i64) -> Result<Vec<u8>, TooLong>,
    ) -> Result<Vec<Answer>, StoreError> {
        if self.placement == Placement::Together {
            return self.carry_together(function, pool, items, pack).await;
        }
        let claims: Vec<Claim> = items.iter().map(|item| item.claim.clone()).collect();
        let admissions = self.claim(&claims).await?;
        let packed: Vec<Vec<u8>> = admissions
            .iter()
            .enumerate()
            .filter_map(|(index, admission)| match admission {
                Admission::Passed { permit_deadline_ms } => Some(pack(index, *permit_deadline_ms)),
                _ => None,
            })
            .collect::<Result<_, _>>()?;
        let mut carried = self.carry_passed(function, pool, &packed).await?.into_iter();
        let in_order = items
            .iter()
            .zip(&admissions)
            .filter_map(|(item, admission)| admission.answer(Some(item.ordinal)).or_else(|| carried.next()));
        Ok(in_order.collect())
    }

    /// Claims and carries out a batch in one call: the claims, then the items.
    async fn carry_together(
        &self,
        function: Function,
        pool: &str,
        items: &[Carried],
        pack: impl Fn(usize, i64) -> Result<Vec<u8>, TooLong>,
    ) -> Result<Vec<Answer>, StoreError> {
        let mut arguments: Vec<Vec<u8>> = items.iter().map(|item| item.claim.pack()).collect();
        for index in 0..items.len() {
            arguments.push(pack(index, 0)?);
        }
        let reply = self.call(function, Place::PoolAndShard(pool), &arguments).await?;
        let answers = read_all(&reply, items.len(), |_, from| answer::read(from, None))?;
        believed(answers, items.iter().map(|item| item.ordinal))
    }

    async fn carry_passed(
        &self,
        function: Function,
        pool: &str,
        packed: &[Vec<u8>],
    ) -> Result<Vec<Answer>, StoreError> {
        if packed.is_empty() {
            return Ok(Vec::new());
        }
        let reply = self.call_batch(function, Place::Pool(pool), packed).await?;
        read_all(&reply, packed.len(), |_, from| answer::read(from, None))
    }
}
