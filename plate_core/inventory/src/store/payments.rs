//! payments: everything that was ever paid for a mark, for an auditor.

use redis::Value;

use super::call::unexpected;
use super::{Store, StoreError};
use crate::codec::payment::unpack_stored;
use crate::keys::PoolKey;
use crate::payment::Payment;

/// Payments looked at in one round trip.
const PAGE: usize = 1_000;

impl Store {
    /// The payments of a pool that were made for one mark, by the time at which the store heard of them.
    ///
    /// It looks at every payment of the pool: an index would be written with each payment and read by an auditor
    /// once a week. A payment that is written meanwhile may be missing.
    ///
    /// # Errors
    /// As any call; see [`StoreError`].
    pub async fn payments_of(&self, pool: &str, ordinal: u32) -> Result<Vec<Payment>, StoreError> {
        let mut found: Vec<Payment> = Vec::new();
        let mut cursor = 0_u64;
        loop {
            let mut scan = redis::cmd("HSCAN");
            scan.arg(PoolKey::Payments.of(pool)).arg(cursor).arg("COUNT").arg(PAGE);
            let page = self.servers.send(pool, &scan).await?;
            let (next, fields) = read_page(&page)?;
            for (_, stored) in fields {
                let payment = unpack_stored(&stored)?.payment;
                // A scan may show an entry twice.
                if payment.ordinal == ordinal && !found.iter().any(|known| known.id == payment.id) {
                    found.push(payment);
                }
            }
            cursor = next;
            if cursor == 0 {
                found.sort_by_key(|payment| (payment.received_at_ms, payment.id));
                return Ok(found);
            }
        }
    }
}

/// The next cursor, and a hash's fields and values.
type Page = (u64, Vec<(Vec<u8>, Vec<u8>)>);

fn read_page(page: &Value) -> Result<Page, StoreError> {
    redis::from_redis_value_ref(page).map_err(|_| unexpected(page))
}
