//! extend: move the deadlines of holds.

use super::held;
use super::permits::Lengthen;
use super::{Store, StoreError};
use crate::answer::Answer;
use crate::item::HeldItem;
use crate::keys;

impl Store {
    /// Moves the deadlines of holds, after their permits. One answer an item, in order.
    ///
    /// # Errors
    /// [`StoreError`]; where it does not prove that nothing was applied, the same items may be sent again.
    pub async fn extend(&self, pool: &str, items: &[HeldItem]) -> Result<Vec<Answer>, StoreError> {
        let claims = held::claims(items, "extend", pool, Some(Lengthen::Extension));
        self.carry(keys::EXTEND, pool, &claims, |index, permit_ms| {
            held::pack(&items[index], &claims[index].claim, permit_ms)
        })
        .await
    }
}
