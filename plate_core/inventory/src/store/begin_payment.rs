//! begin_payment: let applicants pay for what they hold.

use super::held;
use super::permits::Lengthen;
use super::{Store, StoreError};
use crate::answer::Answer;
use crate::item::HeldItem;
use crate::keys;

impl Store {
    /// Begins payments, after the permits were lengthened. One answer an item, in order.
    ///
    /// # Errors
    /// [`StoreError`]; where it does not prove that nothing was applied, the same items may be sent again.
    pub async fn begin_payment(&self, pool: &str, items: &[HeldItem]) -> Result<Vec<Answer>, StoreError> {
        let claims = held::claims(items, "begin_payment", pool, Some(Lengthen::Payment));
        self.carry(keys::BEGIN_PAYMENT, pool, &claims, |index, permit_ms| {
            held::pack(&items[index], &claims[index].claim, permit_ms)
        })
        .await
    }
}
