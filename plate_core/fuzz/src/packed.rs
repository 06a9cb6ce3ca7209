//! What must hold of what the inventory reads: packed bytes of the store and the journal, and texts beside them.

use plate_inventory::codec::{feed, payment, record, settings};
use plate_inventory::feed::encode;
use plate_inventory::journal::EntryId;
use plate_inventory::settings::PoolSettings;

use crate::readers::holds;

pub(crate) fn entry_id(text: &str) -> Result<bool, String> {
    let Some(id) = EntryId::parse(text) else { return Ok(false) };
    holds(EntryId::parse(&id.to_string()) == Some(id), "an entry's id is another when it is read again")
}

pub(crate) fn text_of_settings(text: &str) -> Result<bool, String> {
    let Ok(settings) = PoolSettings::from_text(text) else { return Ok(false) };
    let again = PoolSettings::from_text(&settings.text());
    holds(again.is_ok_and(|again| again == settings), "settings are others when they are read again")
}

pub(crate) fn entry(bytes: &[u8]) -> Result<bool, String> {
    let Ok(entry) = feed::decode(bytes) else { return Ok(false) };
    let again = encode(&entry).ok().and_then(|bytes| feed::decode(&bytes).ok());
    holds(again.is_none_or(|again| again == entry), "an entry is another when it is read again")
}

pub(crate) fn a_record(bytes: &[u8]) -> Result<bool, String> {
    let Ok(record) = record::unpack(bytes) else { return Ok(false) };
    let again = record::pack(&record).ok().and_then(|bytes| record::unpack(&bytes).ok());
    holds(again == Some(record), "a record is another when it is read again")
}

pub(crate) fn a_payment(bytes: &[u8]) -> Result<bool, String> {
    let Ok(payment) = payment::unpack(bytes) else { return Ok(false) };
    let again = payment::pack(&payment).ok().and_then(|bytes| payment::unpack(&bytes).ok());
    holds(again == Some(payment), "a payment is another when it is read again")
}

pub(crate) fn pool(bytes: &[u8]) -> Result<bool, String> {
    let Ok(pool) = settings::unpack_pool(bytes) else { return Ok(false) };
    let again = settings::pack_pool(&pool).ok().and_then(|bytes| settings::unpack_pool(&bytes).ok());
    holds(again == Some(pool), "a pool's settings are others when they are read again")
}
