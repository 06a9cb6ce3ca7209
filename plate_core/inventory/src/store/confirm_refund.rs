//! confirm_refund: record that money was paid back.

use super::carry::Carried;
use super::permits::{Claim, Need};
use super::{Store, StoreError, held};
use crate::answer::Answer;
use crate::codec::{TooLong, Writer};
use crate::item::RefundItem;
use crate::keys;

impl Store {
    /// Records that payments were paid back. One answer an item, in order.
    ///
    /// # Errors
    /// [`StoreError`]; where it does not prove that nothing was applied, the same items may be sent again.
    pub async fn confirm_refund(&self, pool: &str, items: &[RefundItem]) -> Result<Vec<Answer>, StoreError> {
        let claim = |item: &RefundItem| {
            let claim = Claim { id: item.act.id, digest: item.digest(pool), need: Need::Nothing };
            Carried { ordinal: item.ordinal, claim }
        };
        let claims: Vec<Carried> = items.iter().map(claim).collect();
        self.carry(keys::CONFIRM_REFUND, pool, &claims, |index, _| pack(&items[index], &claims[index].claim))
            .await
    }
}

/// The argument of one item; the layout stands in `confirm_refund.lua`.
fn pack(item: &RefundItem, claim: &Claim) -> Result<Vec<u8>, TooLong> {
    let mut to = Writer::default();
    to.u32(item.ordinal)
        .u32(item.ordinal)
        .bytes(&claim.id.0)
        .bytes(&claim.digest.0)
        .bytes(&item.payment.0)
        .bytes(&held::act(&item.act)?);
    Ok(to.0)
}
