//! readmit: put withheld marks back on sale.

use super::call::read_all;
use super::marks::Marked;
use super::{Store, StoreError};
use crate::act::Act;
use crate::answer::Answer;
use crate::codec::answer;
use crate::item::marks_digest;
use crate::keys;

impl Store {
    /// Puts marks back on sale: one request, at most 128 marks, one answer a mark.
    ///
    /// # Errors
    /// [`StoreError`]; where it does not prove that nothing was applied, the same request may be sent again.
    pub async fn readmit(&self, pool: &str, act: &Act, ordinals: &[u32]) -> Result<Vec<Answer>, StoreError> {
        let digest = marks_digest("readmit", act, pool, ordinals, "");
        match self.mark(keys::READMIT, pool, act, digest, "", ordinals).await? {
            Marked::Refused(admission) => {
                Ok(ordinals.iter().filter_map(|ordinal| admission.answer(Some(*ordinal))).collect())
            }
            Marked::Reply(reply) => read_all(&reply, ordinals.len(), |_, from| answer::read(from, None)),
        }
    }
}
