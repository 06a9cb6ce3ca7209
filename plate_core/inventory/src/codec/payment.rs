//! Packing of payments. The table is in [`super`].
//!
//! In the pool's `payments` hash a payment stands before the digest and the answer of its notification, so
//! that a notification that is told again years later still has its one effect and its one answer.

use super::{Malformed, Reader, TooLong, Writer};
use crate::id::{ApplicantId, Digest, HoldId, PaymentId};
use crate::payment::{Payment, PaymentState, RefundReason};

/// What of a payment stays what the notification said.
pub(crate) struct Body<'a> {
    pub(crate) id: PaymentId,
    pub(crate) ordinal: u32,
    pub(crate) hold: HoldId,
    pub(crate) amount_tiyn: i64,
    pub(crate) paid_at_ms: i64,
    pub(crate) applicant: Option<ApplicantId>,
    pub(crate) provider: &'a str,
    pub(crate) transaction: &'a str,
}

impl Body<'_> {
    /// Appends the body.
    pub(crate) fn pack(&self, to: &mut Writer) -> Result<(), TooLong> {
        to.bytes(&self.id.0)
            .u32(self.ordinal)
            .bytes(&self.hold.0)
            .i64(self.amount_tiyn)
            .i64(self.paid_at_ms)
            .u8(u8::from(self.applicant.is_some()))
            .bytes(&self.applicant.unwrap_or_default().0);
        to.text(self.provider, "provider")?.text(self.transaction, "transaction")?;
        Ok(())
    }
}

/// The packed bytes of a payment.
///
/// # Errors
/// [`TooLong`] when provider or transaction is longer than 255 bytes.
pub fn pack(payment: &Payment) -> Result<Vec<u8>, TooLong> {
    let mut to = Writer::default();
    to.u8(payment.state.code())
        .u8(payment.reason.map_or(0, RefundReason::code))
        .ms(payment.received_at_ms)
        .ms(payment.refunded_at_ms);
    let body = Body {
        id: payment.id,
        ordinal: payment.ordinal,
        hold: payment.hold,
        amount_tiyn: payment.amount_tiyn,
        paid_at_ms: payment.paid_at_ms,
        applicant: payment.applicant,
        provider: &payment.provider,
        transaction: &payment.transaction,
    };
    body.pack(&mut to)?;
    Ok(to.0)
}

/// The payment of packed bytes.
///
/// # Errors
/// [`Malformed`] names the first part that is not what the table says.
pub fn unpack(bytes: &[u8]) -> Result<Payment, Malformed> {
    let mut from = Reader::new(bytes);
    let payment = read(&mut from)?;
    from.end("payment")?;
    Ok(payment)
}

/// A payment as it stands in the `payments` hash.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stored {
    /// The payment.
    pub payment: Payment,
    /// The digest of its notification.
    pub digest: Digest,
    /// The notification's packed answer.
    pub answer: Vec<u8>,
}

/// The payment of a value of the `payments` hash.
///
/// # Errors
/// [`Malformed`] names the first part that is not what the table says.
pub fn unpack_stored(bytes: &[u8]) -> Result<Stored, Malformed> {
    let mut from = Reader::new(bytes);
    let mut part = from.part("payment")?;
    let payment = read(&mut part)?;
    part.end("payment")?;
    let digest = Digest(from.array("digest")?);
    let answer = from.rest().to_vec();
    Ok(Stored { payment, digest, answer })
}

pub(crate) fn read(from: &mut Reader<'_>) -> Result<Payment, Malformed> {
    let state =
        PaymentState::from_code(from.u8("payment state")?).ok_or_else(|| from.fault("payment state"))?;
    let reason = reason(from)?;
    let received_at_ms = from.ms("received at")?;
    let refunded_at_ms = from.ms("refunded at")?;
    let id = PaymentId(from.array("payment id")?);
    let ordinal = from.u32("ordinal")?;
    let hold = HoldId(from.array("hold id")?);
    let amount_tiyn = from.i64("amount")?;
    let paid_at_ms = from.i64("paid at")?;
    let has_applicant = from.u8("applicant")? != 0;
    let applicant = ApplicantId(from.array("applicant")?);
    Ok(Payment {
        id,
        provider: from.text("provider")?,
        transaction: from.text("transaction")?,
        ordinal,
        hold,
        applicant: has_applicant.then_some(applicant),
        amount_tiyn,
        paid_at_ms,
        received_at_ms,
        state,
        reason,
        refunded_at_ms,
    })
}

/// A refund reason, 0 for none.
pub(crate) fn reason(from: &mut Reader<'_>) -> Result<Option<RefundReason>, Malformed> {
    match from.u8("refund reason")? {
        0 => Ok(None),
        code => RefundReason::from_code(code).map(Some).ok_or_else(|| from.fault("refund reason")),
    }
}
