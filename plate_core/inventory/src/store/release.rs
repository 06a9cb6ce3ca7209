//! release: give holds back before payment.

use super::held;
use super::permits::Settlement;
use super::{Store, StoreError};
use crate::answer::Answer;
use crate::item::HeldItem;
use crate::keys;
use crate::outcome::Outcome;

impl Store {
    /// Gives holds back: first the mark, then the permit. One answer an item, in order.
    ///
    /// # Errors
    /// [`StoreError`]; where it does not prove that nothing was applied, the same items may be sent again.
    pub async fn release(&self, pool: &str, items: &[HeldItem]) -> Result<Vec<Answer>, StoreError> {
        let claims = held::claims(items, "release", pool, None);
        let answers = self
            .carry(keys::RELEASE, pool, &claims, |index, permit_ms| {
                held::pack(&items[index], &claims[index].claim, permit_ms)
            })
            .await?;
        let settlements: Vec<Settlement<'_>> = items
            .iter()
            .zip(&answers)
            .filter(|(_, answer)| answer.outcome == Outcome::Released)
            .filter_map(|(item, answer)| {
                // Held before it was released: that is bound enough.
                Some(Settlement::ended(item.act.applicant?.id, item.hold, answer.server_ms))
            })
            .collect();
        self.settle_ended(&settlements).await;
        Ok(answers)
    }
}
