//! Packing of live records. The table is in [`super`].
//!
//! The head (26 bytes) changes with every verb and is written by Lua; the body is written by Rust when a
//! hold is asked for, and only ever copied after that.

use std::collections::BTreeMap;

use super::{Malformed, Reader, TooLong, Writer};
use crate::act::{Applicant, ApplicantKind, Channel};
use crate::id::{ApplicantId, HoldId, PaymentId, TariffId};
use crate::record::Record;
use crate::state::{Acquired, State};

/// The tag of the representative among a record's facts.
const REPRESENTATIVE: u8 = 254;
/// The tag of the payment that settled it. Lua appends it at confirmation, so it is always the last fact.
const PAYMENT: u8 = 255;
/// Tags of later states are below this one.
const TAG_MAX: u8 = 239;

/// What a record's body is made of: the part that stays what it was when the hold was asked for.
pub(crate) struct Body<'a> {
    pub(crate) hold: HoldId,
    pub(crate) applicant: Applicant,
    pub(crate) acquired: Acquired,
    pub(crate) channel: Channel,
    pub(crate) tariff: TariffId,
    pub(crate) amount_tiyn: i64,
    pub(crate) office: &'a str,
    pub(crate) actor: &'a str,
}

impl Body<'_> {
    /// Appends the body.
    pub(crate) fn pack(&self, to: &mut Writer) -> Result<(), TooLong> {
        to.bytes(&self.hold.0).bytes(&self.applicant.id.0).u8(self.applicant.kind.code());
        self.pack_rest(to)
    }

    /// Appends the tail of a request for a hold: the body without the hold and the applicant, whose values the functions
    /// are given apart. The kind is 0 where nobody is named, and such a tail never gets into a record.
    pub(crate) fn pack_tail(&self, named: bool, to: &mut Writer) -> Result<(), TooLong> {
        to.u8(if named { self.applicant.kind.code() } else { 0 });
        self.pack_rest(to)
    }

    fn pack_rest(&self, to: &mut Writer) -> Result<(), TooLong> {
        to.u8(self.acquired.code())
            .u8(self.applicant.key_id)
            .u8(self.channel.code())
            .bytes(&self.tariff.0)
            .i64(self.amount_tiyn);
        to.text(self.office, "office")?;
        to.text(self.actor, "actor")?;
        if let Some(representative) = &self.applicant.representative {
            to.u8(REPRESENTATIVE).u8(16).bytes(&representative.0);
        }
        Ok(())
    }
}

/// The price and the circumstances of a hold: what another attempt at the same request may say differently.
pub(crate) struct Quote {
    pub(crate) key_id: u8,
    pub(crate) channel: Channel,
    pub(crate) tariff: TariffId,
    pub(crate) amount_tiyn: i64,
    pub(crate) office: String,
}

impl Quote {
    pub(crate) fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            key_id: from.u8("applicant key id")?,
            channel: Channel::from_code(from.u8("channel")?).ok_or_else(|| from.fault("channel"))?,
            tariff: TariffId(from.array("tariff")?),
            amount_tiyn: from.i64("amount")?,
            office: from.text("office")?,
        })
    }
}

/// The packed bytes of a record.
///
/// # Errors
/// [`TooLong`] when a text or a fact is longer than 255 bytes.
pub fn pack(record: &Record) -> Result<Vec<u8>, TooLong> {
    let mut to = Writer::default();
    to.u8(record.state.code())
        .u8(record.extensions)
        .u48(record.revision)
        .ms(record.deadline_ms)
        .ms(record.held_at_ms)
        .ms(record.permit_deadline_ms);
    let body = Body {
        hold: record.hold,
        applicant: record.applicant,
        acquired: record.acquired,
        channel: record.channel,
        tariff: record.tariff,
        amount_tiyn: record.amount_tiyn,
        office: &record.office,
        actor: &record.actor,
    };
    body.pack(&mut to)?;
    for (tag, bytes) in &record.extra {
        let length = u8::try_from(bytes.len()).map_err(|_| TooLong {
            what: "fact of a record",
            found: bytes.len(),
            limit: 255,
        })?;
        to.u8(*tag).u8(length).bytes(bytes);
    }
    if let Some(payment) = &record.payment {
        to.u8(PAYMENT).u8(16).bytes(&payment.0);
    }
    Ok(to.0)
}

/// The record of packed bytes.
///
/// # Errors
/// [`Malformed`] names the first part that is not what the table says.
pub fn unpack(bytes: &[u8]) -> Result<Record, Malformed> {
    read(&mut Reader::new(bytes))
}

/// Reads a record that is everything that is left.
pub(crate) fn read(from: &mut Reader<'_>) -> Result<Record, Malformed> {
    let state = State::from_code(from.u8("state")?).ok_or_else(|| from.fault("state"))?;
    let extensions = from.u8("extensions")?;
    let revision = from.u48("revision")?;
    let deadline_ms = from.ms("deadline")?;
    let held_at_ms = from.ms("held at")?;
    let permit_deadline_ms = from.ms("permit deadline")?;
    let hold = HoldId(from.array("hold id")?);
    let applicant_id = ApplicantId(from.array("applicant")?);
    let kind =
        ApplicantKind::from_code(from.u8("applicant kind")?).ok_or_else(|| from.fault("applicant kind"))?;
    let acquired = Acquired::from_code(from.u8("acquired")?).ok_or_else(|| from.fault("acquired"))?;
    let quote = Quote::read(from)?;
    let actor = from.text("actor")?;
    let mut facts = Facts::read(from)?;
    Ok(Record {
        state,
        revision,
        deadline_ms,
        hold,
        applicant: Applicant {
            id: applicant_id,
            kind,
            key_id: quote.key_id,
            representative: facts.take(REPRESENTATIVE, from)?.map(ApplicantId),
        },
        tariff: quote.tariff,
        amount_tiyn: quote.amount_tiyn,
        acquired,
        held_at_ms,
        extensions,
        permit_deadline_ms,
        actor,
        office: quote.office,
        channel: quote.channel,
        payment: facts.take(PAYMENT, from)?.map(PaymentId),
        extra: facts.later(from)?,
    })
}

/// The facts after a record's body.
struct Facts(BTreeMap<u8, Vec<u8>>);

impl Facts {
    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut facts = BTreeMap::new();
        while !from.is_empty() {
            let tag = from.u8("fact")?;
            let length = usize::from(from.u8("fact")?);
            facts.insert(tag, from.take(length, "fact")?.to_vec());
        }
        Ok(Self(facts))
    }

    /// Takes out a fact of 16 bytes.
    fn take(&mut self, tag: u8, from: &Reader<'_>) -> Result<Option<[u8; 16]>, Malformed> {
        let fact = self.0.remove(&tag).map(<[u8; 16]>::try_from);
        fact.transpose().map_err(|_| from.fault("fact"))
    }

    /// What is left: facts of later states.
    fn later(self, from: &Reader<'_>) -> Result<BTreeMap<u8, Vec<u8>>, Malformed> {
        if self.0.keys().any(|tag| *tag > TAG_MAX) { Err(from.fault("fact")) } else { Ok(self.0) }
    }
}
