//! Payments as dictionaries: what the payment side says, and what the store has written down.

use plate_inventory::act::Act;
use plate_inventory::id::{HoldId, PaymentId};
use plate_inventory::item::{ConfirmItem, RefundItem};
use plate_inventory::payment::Payment;
use plate_inventory::state::Acquired;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping};

use crate::errors;
use crate::settings::revision;

/// {id, provider, transaction, ordinal, hold_id, amount_tiyn, paid_at_ms, received_at_ms, refunded_at_ms, state,
/// reason}: ids in hex, money in tiyn, `reason` None unless the money goes back.
pub(crate) fn facts<'py>(py: Python<'py>, payment: &Payment) -> PyResult<Bound<'py, PyDict>> {
    let one = PyDict::new(py);
    one.set_item("id", payment.id.to_string())?;
    one.set_item("provider", &payment.provider)?;
    one.set_item("transaction", &payment.transaction)?;
    one.set_item("ordinal", payment.ordinal)?;
    one.set_item("hold_id", payment.hold.to_string())?;
    one.set_item("amount_tiyn", payment.amount_tiyn)?;
    one.set_item("paid_at_ms", payment.paid_at_ms)?;
    one.set_item("received_at_ms", payment.received_at_ms)?;
    one.set_item("refunded_at_ms", payment.refunded_at_ms)?;
    one.set_item("state", payment.state.slug())?;
    one.set_item("reason", payment.reason.map(|reason| reason.slug()))?;
    Ok(one)
}

/// What the payment side says of money that came, as Python gives it: {provider, transaction, hold_id, amount_tiyn,
/// paid_at_ms, acquired, current_tariff, current_amount_tiyn}.
///
/// The last three are needed only if the money is late; without a present price nothing late is settled.
pub(crate) fn confirm_item(act: &Act, ordinal: u32, given: &Bound<'_, PyMapping>) -> PyResult<ConfirmItem> {
    let py = given.py();
    let hold: Option<String> = optional(given, "hold_id")?;
    let unreadable = || errors::argument(py, "hold_id_invalid", "hold_id", "32 hex digits");
    let hold = hold.map(|hex| HoldId::from_hex(&hex).ok_or_else(unreadable)).transpose()?;
    let acquired: Option<String> = optional(given, "acquired")?;
    let unknown = || errors::argument(py, "acquired_unknown", "acquired", "chosen or assigned");
    let acquired = acquired.map(|slug| Acquired::from_slug(&slug).ok_or_else(unknown)).transpose()?;
    let tariff: Option<String> = optional(given, "current_tariff")?;
    let tariff = tariff.map(|text| revision(py, &text)).transpose()?;
    let (provider, transaction): (String, String) =
        (required(given, "provider")?, required(given, "transaction")?);
    Ok(ConfirmItem {
        // The payment is the request: told twice, under whatever id, it has one effect.
        act: Act { id: PaymentId::of(&provider, &transaction).into(), ..act.clone() },
        ordinal,
        provider,
        transaction,
        hold: hold.unwrap_or_default(),
        amount_tiyn: required(given, "amount_tiyn")?,
        paid_at_ms: required(given, "paid_at_ms")?,
        acquired: acquired.unwrap_or(Acquired::Chosen),
        current_tariff: tariff.unwrap_or_default(),
        // No amount paid equals it, so that nothing late is settled at a price that nobody knows.
        current_amount_tiyn: optional(given, "current_amount_tiyn")?.unwrap_or(-1),
    })
}

/// Which payment was paid back: {provider, transaction}.
pub(crate) fn refund_item(act: &Act, ordinal: u32, given: &Bound<'_, PyMapping>) -> PyResult<RefundItem> {
    let (provider, transaction): (String, String) =
        (required(given, "provider")?, required(given, "transaction")?);
    Ok(RefundItem { act: act.clone(), ordinal, payment: PaymentId::of(&provider, &transaction) })
}

fn optional<'py, T>(given: &Bound<'py, PyMapping>, name: &str) -> PyResult<Option<T>>
where
    T: for<'a> FromPyObject<'a, 'py>,
{
    if !given.contains(name)? {
        return Ok(None);
    }
    let value = given.get_item(name)?;
    if value.is_none() { Ok(None) } else { Ok(Some(value.extract::<T>().map_err(Into::into)?)) }
}

fn required<'py, T>(given: &Bound<'py, PyMapping>, name: &str) -> PyResult<T>
where
    T: for<'a> FromPyObject<'a, 'py>,
{
    let missing = || errors::argument(given.py(), "payment_incomplete", name, "given");
    optional(given, name)?.ok_or_else(missing)
}
