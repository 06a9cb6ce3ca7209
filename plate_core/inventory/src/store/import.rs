//! import: mark as on the road what the registry says is.

use super::call::read_all;
use super::marks::Marked;
use super::{Store, StoreError};
use crate::act::Act;
use crate::answer::Answer;
use crate::codec::answer;
use crate::item::marks_digest;
use crate::keys;
use crate::outcome::Outcome;

impl Store {
    /// Notes that marks are on the road: one request, at most 128 marks, one answer with counts.
    ///
    /// Many of them may be under way at once; each is a step of its own.
    ///
    /// # Errors
    /// [`StoreError`]; where it does not prove that nothing was applied, the same request may be sent again.
    pub async fn import(&self, pool: &str, act: &Act, ordinals: &[u32]) -> Result<Answer, StoreError> {
        let digest = marks_digest("import", act, pool, ordinals, "");
        let answers = match self.mark(keys::IMPORT, pool, act, digest, "", ordinals).await? {
            Marked::Refused(admission) => admission.answer(None).into_iter().collect(),
            Marked::Reply(reply) => read_all(&reply, 1, |_, from| answer::read(from, None))?,
        };
        answers.into_iter().next().ok_or(StoreError::Unknown { detail: Outcome::Unknown.slug().to_owned() })
    }
}
