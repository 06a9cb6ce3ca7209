//! withhold: take marks off sale, by rule.

use super::call::read_all;
use super::marks::Marked;
use super::{Store, StoreError};
use crate::act::Act;
use crate::answer::Answer;
use crate::codec::answer;
use crate::item::marks_digest;
use crate::keys;

impl Store {
    /// Takes marks off sale: one request, at most 128 marks, one answer a mark.
    ///
    /// # Errors
    /// [`StoreError`]; where it does not prove that nothing was applied, the same request may be sent again.
    pub async fn withhold(
        &self,
        pool: &str,
        act: &Act,
        ordinals: &[u32],
        reason: &str,
    ) -> Result<Vec<Answer>, StoreError> {
        let digest = marks_digest("withhold", act, pool, ordinals, reason);
        match self.mark(keys::WITHHOLD, pool, act, digest, reason, ordinals).await? {
            Marked::Refused(admission) => {
                Ok(ordinals.iter().filter_map(|ordinal| admission.answer(Some(*ordinal))).collect())
            }
            Marked::Reply(reply) => read_all(&reply, ordinals.len(), |_, from| answer::read(from, None)),
        }
    }
}
