//! confirm: write payments down, and say what they bought.

use super::carry::Carried;
use super::permits::{Claim, Need, Settlement};
use super::{Store, StoreError, held};
use crate::answer::Answer;
use crate::codec::{TooLong, Writer, payment, record};
use crate::item::ConfirmItem;
use crate::keys;
use crate::outcome::Outcome;

impl Store {
    /// Writes down what the payment side reports, each under the payment's own id. One answer an item, in order.
    ///
    /// # Errors
    /// [`StoreError`]; where it does not prove that nothing was applied, the same items may be sent again. The
    /// provider hears "received" only after this has answered.
    pub async fn confirm(&self, pool: &str, items: &[ConfirmItem]) -> Result<Vec<Answer>, StoreError> {
        let claim = |item: &ConfirmItem| {
            let (id, digest) = (item.payment().into(), item.digest(pool));
            let claim = Claim { id, digest, need: Need::NeverForgotten };
            Carried { ordinal: item.ordinal, claim }
        };
        let claims: Vec<Carried> = items.iter().map(claim).collect();
        let answers = self
            .carry(keys::CONFIRM, pool, &claims, |index, _| pack(&items[index], &claims[index].claim))
            .await?;
        let settlements: Vec<Settlement<'_>> =
            items.iter().zip(&answers).filter_map(|(item, answer)| settlement(item, answer)).collect();
        self.settle_ended(&settlements).await;
        Ok(answers)
    }
}

/// The permit of the hold that a payment turned into an allotment. Money that found the mark free had no hold.
fn settlement(item: &ConfirmItem, answer: &Answer) -> Option<Settlement<'static>> {
    let record = answer.record.as_ref().filter(|_| answer.outcome == Outcome::Allotted)?;
    let had_hold = !answer.context.late || record.hold != item.hold;
    had_hold.then(|| Settlement::ended(record.applicant.id, record.hold, record.held_at_ms))
}

/// The argument of one item; the layout stands in `confirm.lua`.
fn pack(item: &ConfirmItem, claim: &Claim) -> Result<Vec<u8>, TooLong> {
    let applicant = item.act.applicant.map(|applicant| applicant.id);
    let mut record_body = Writer::default();
    if let Some(applicant) = item.act.applicant {
        let body = record::Body {
            hold: item.hold,
            applicant,
            acquired: item.acquired,
            channel: item.act.channel,
            tariff: item.current_tariff,
            amount_tiyn: item.amount_tiyn,
            office: &item.act.office,
            actor: &item.act.caller,
        };
        body.pack(&mut record_body)?;
    }
    let mut payment_body = Writer::default();
    let body = payment::Body {
        id: item.payment(),
        ordinal: item.ordinal,
        hold: item.hold,
        amount_tiyn: item.amount_tiyn,
        paid_at_ms: item.paid_at_ms,
        applicant,
        provider: &item.provider,
        transaction: &item.transaction,
    };
    body.pack(&mut payment_body)?;
    let mut to = Writer::default();
    to.u32(item.ordinal)
        .u32(item.ordinal)
        .bytes(&claim.id.0)
        .bytes(&claim.digest.0)
        .u8(u8::from(applicant.is_some()))
        .bytes(&applicant.unwrap_or_default().0)
        .bytes(&item.hold.0)
        .i64(item.amount_tiyn)
        .bytes(&item.current_tariff.0)
        .i64(item.current_amount_tiyn)
        .length(record_body.0.len(), "record")?
        .length(payment_body.0.len(), "payment")?
        .bytes(&record_body.0)
        .bytes(&payment_body.0)
        .bytes(&held::act(&item.act)?);
    Ok(to.0)
}
