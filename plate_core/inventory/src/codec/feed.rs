//! Unpacking of the change feed. The table is in [`super`].
//!
//! Only Lua writes entries: an entry is made in the step that does what it tells. Packing stands here too,
//! for tests and for tools that rebuild a feed.
//!
//! A transition without an act of its own is that of a hold: the record's own facts name request, actor,
//! office, channel and applicant, and 60 bytes less go through the feed for each. A *run* is an import: one
//! act, and many marks, each with its planes; each is a transition with its own revision, an
//! `import_conflict` where the record part (8) is set among its parts (its record is untouched and not repeated).
//!
//! A second layout tells of documents. A part's length has two bytes and a document may have a megabyte, so there
//! it stands behind the parts, with a length of four.

use super::steps::{self, Head, Step, Written};
use super::{Malformed, NO_ORDINAL, Reader, TooLong, Writer, payment, record};
use crate::act::{Channel, OnBehalf};
use crate::feed::{DocumentChange, FeedEntry, Transition};
use crate::id::{ApplicantId, RequestId};
use crate::payment::{PaymentChange, PaymentState};
use crate::record::Record;

/// The layout of entries that tell of marks.
pub(super) const MARKS: u8 = 1;
/// The layout of entries that tell of documents.
pub(super) const DOCUMENTS: u8 = 2;

/// On whose behalf an act was done: nobody's, an applicant's, or an applicant's by his representative.
const NOBODY: u8 = 0;
const APPLICANT: u8 = 1;
const REPRESENTED: u8 = 2;

const RECORD: u8 = 8;
const ACT: u8 = 16;
const PAYMENT: u8 = 32;
const NOTE: u8 = 64;

/// The entry of packed bytes: what one call did to one pool.
///
/// # Errors
/// [`Malformed`] names the first part that is not what the table says: the bytes are damaged, or of a later version.
pub fn decode(bytes: &[u8]) -> Result<FeedEntry, Malformed> {
    let mut transitions = Vec::new();
    let head = steps::walk(bytes, |_, step| {
        transitions.push(unpack(step)?);
        Ok(())
    })?;
    let Head { server_ms, first_revision, .. } = head;
    Ok(FeedEntry { pool: head.pool.to_owned(), server_ms, first_revision, transitions })
}

/// What a transition says of who asked for it.
pub(crate) struct Who {
    pub(crate) request: RequestId,
    pub(crate) actor: String,
    pub(crate) on_behalf: Option<OnBehalf>,
    pub(crate) office: String,
    pub(crate) channel: Channel,
}

impl Who {
    /// The act of a hold is the record's own.
    pub(crate) fn of_record(record: &Record) -> Self {
        Self {
            request: record.hold.into(),
            actor: record.actor.clone(),
            on_behalf: Some(record.applicant.into()),
            office: record.office.clone(),
            channel: record.channel,
        }
    }

    pub(crate) fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        let request = RequestId(from.array("request id")?);
        let channel = Channel::from_code(from.u8("channel")?).ok_or_else(|| from.fault("channel"))?;
        let on_behalf = read_on_behalf(from)?;
        let actor = from.text("actor")?;
        let office = from.text("office")?;
        from.end("act")?;
        Ok(Self { request, actor, on_behalf, office, channel })
    }
}

fn read_on_behalf(from: &mut Reader<'_>) -> Result<Option<OnBehalf>, Malformed> {
    let who = from.u8("on behalf of")?;
    if who == NOBODY {
        return Ok(None);
    }
    if !matches!(who, APPLICANT | REPRESENTED) {
        return Err(from.fault("on behalf of"));
    }
    let applicant = ApplicantId(from.array("applicant")?);
    let representative = match who {
        REPRESENTED => Some(ApplicantId(from.array("representative")?)),
        _ => None,
    };
    Ok(Some(OnBehalf { applicant, representative }))
}

/// Unpacks the parts of a step.
fn unpack(step: Step<'_>) -> Result<Transition, Malformed> {
    let record = step.record.map(|bytes| record::read(&mut Reader::new(bytes))).transpose()?;
    let who = match (step.act, &record) {
        (Some(act), _) => Who::read(&mut Reader::new(act))?,
        (None, Some(record)) => Who::of_record(record),
        (None, None) => return Err(Malformed { what: "act", offset: 0 }),
    };
    Ok(Transition {
        revision: step.revision,
        verb: step.verb,
        ordinal: step.ordinal,
        planes: step.planes,
        record,
        request: who.request,
        actor: who.actor,
        on_behalf: who.on_behalf,
        office: who.office,
        channel: who.channel,
        payment: step.payment.map(|bytes| read_payment(&mut Reader::new(bytes))).transpose()?,
        note: Reader::new(step.note).rest_utf8("note")?,
        document: step.document.map(read_document).transpose()?,
    })
}

fn read_document(written: Written<'_>) -> Result<DocumentChange, Malformed> {
    let name = Reader::new(written.name).rest_utf8("name of a document")?;
    Ok(DocumentChange { name, version: written.version, content: written.content.to_vec() })
}

fn read_payment(from: &mut Reader<'_>) -> Result<PaymentChange, Malformed> {
    let before = match from.u8("payment state before")? {
        0 => None,
        code => Some(PaymentState::from_code(code).ok_or_else(|| from.fault("payment state before"))?),
    };
    let after = payment::read(from)?;
    from.end("payment")?;
    Ok(PaymentChange { before, after })
}

/// The packed bytes of an entry, each transition with its act written out and none gathered in a run.
///
/// # Errors
/// [`TooLong`] when a text is longer than its layout allows.
pub fn encode(entry: &FeedEntry) -> Result<Vec<u8>, TooLong> {
    let count = u16::try_from(entry.transitions.len()).map_err(|_| TooLong {
        what: "transitions of an entry",
        found: entry.transitions.len(),
        limit: 65_535,
    })?;
    let has_documents = entry.transitions.iter().any(|transition| transition.document.is_some());
    let mut to = Writer::default();
    to.u8(if has_documents { DOCUMENTS } else { MARKS });
    to.ms(entry.server_ms).u48(entry.first_revision).u16(count).text(&entry.pool, "pool")?;
    for transition in &entry.transitions {
        write_transition(transition, &mut to)?;
        if has_documents {
            write_document(transition.document.as_ref(), &mut to)?;
        }
    }
    Ok(to.0)
}

fn write_transition(transition: &Transition, to: &mut Writer) -> Result<(), TooLong> {
    let parts = transition.planes.bits()
        | if transition.record.is_some() { RECORD } else { 0 }
        | ACT
        | if transition.payment.is_some() { PAYMENT } else { 0 }
        | if transition.note.is_empty() { 0 } else { NOTE };
    to.u8(transition.verb.code()).u8(parts).u32(transition.ordinal.unwrap_or(NO_ORDINAL));
    if let Some(record) = &transition.record {
        to.part(&record::pack(record)?, "record")?;
    }
    let act = pack_act(
        transition.request,
        transition.channel,
        transition.on_behalf,
        &transition.actor,
        &transition.office,
    )?;
    to.part(&act, "act")?;
    if let Some(change) = &transition.payment {
        let mut part = vec![change.before.map_or(0, PaymentState::code)];
        part.extend(payment::pack(&change.after)?);
        to.part(&part, "payment")?;
    }
    if !transition.note.is_empty() {
        to.part(transition.note.as_bytes(), "note")?;
    }
    Ok(())
}

fn write_document(document: Option<&DocumentChange>, to: &mut Writer) -> Result<(), TooLong> {
    let Some(document) = document else {
        to.u8(0);
        return Ok(());
    };
    let found = document.content.len();
    let length = u32::try_from(found).map_err(|_| TooLong {
        what: "content of a document",
        found,
        limit: u32::MAX as usize,
    })?;
    to.u8(1).text(&document.name, "name of a document")?.u48(document.version);
    to.u32(length).bytes(&document.content);
    Ok(())
}

/// The packed bytes of an act, as a transition names it.
pub(crate) fn pack_act(
    request: RequestId,
    channel: Channel,
    on_behalf: Option<OnBehalf>,
    actor: &str,
    office: &str,
) -> Result<Vec<u8>, TooLong> {
    let mut to = Writer::default();
    to.bytes(&request.0).u8(channel.code());
    match on_behalf {
        None => to.u8(NOBODY),
        Some(OnBehalf { applicant, representative: None }) => to.u8(APPLICANT).bytes(&applicant.0),
        Some(OnBehalf { applicant, representative: Some(representative) }) => {
            to.u8(REPRESENTED).bytes(&applicant.0).bytes(&representative.0)
        }
    };
    to.text(actor, "actor")?.text(office, "office")?;
    Ok(to.0)
}
