//! cancel: give allotments back before manufacture.

use super::held;

use super::{Store, StoreError};
use crate::answer::Answer;
use crate::item::HeldItem;
use crate::keys;

impl Store {
    /// Gives allotments back; their money is to be refunded. One answer an item, in order.
    ///
    /// # Errors
    /// [`StoreError`]; where it does not prove that nothing was applied, the same items may be sent again.
    pub async fn cancel(&self, pool: &str, items: &[HeldItem]) -> Result<Vec<Answer>, StoreError> {
        let claims = held::claims(items, "cancel", pool, None);
        self.carry(keys::CANCEL, pool, &claims, |index, permit_ms| {
            held::pack(&items[index], &claims[index].claim, permit_ms)
        })
        .await
    }
}
