//! A feed entry walked step by step, without a copy: what replaying, verifying and decoding share.
//!
//! A *run* is given as so many steps, each with its own revision and planes, and the act of the whole. What the parts
//! of a step mean is left packed; [`super::feed::decode`] unpacks all of them.

use super::feed::{DOCUMENTS, MARKS};
use super::{Malformed, NO_ORDINAL, Reader};
use crate::feed::{PlaneBits, Verb};

const RECORD: u8 = 8;
const ACT: u8 = 16;
const PAYMENT: u8 = 32;
const NOTE: u8 = 64;
const RUN: u8 = 128;

/// What an entry says before its transitions.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Head<'a> {
    /// The pool's id.
    pub(crate) pool: &'a str,
    /// The store's time at the call.
    pub(crate) server_ms: i64,
    /// The revision of the first transition.
    pub(crate) first_revision: u64,
    /// How many transitions there are.
    pub(crate) count: u16,
    is_of_documents: bool,
}

/// One transition, its parts as they are packed.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Step<'a> {
    /// The pool's revision after it.
    pub(crate) revision: u64,
    /// What was done.
    pub(crate) verb: Verb,
    /// Which mark; `None` where the pool itself is meant.
    pub(crate) ordinal: Option<u32>,
    /// The mark's planes after it.
    pub(crate) planes: PlaneBits,
    /// The mark's record after it.
    pub(crate) record: Option<&'a [u8]>,
    /// Who did it, where the record does not say so.
    pub(crate) act: Option<&'a [u8]>,
    /// The payment that it wrote: the state before, and the payment.
    pub(crate) payment: Option<&'a [u8]>,
    /// Whatever else an auditor needs.
    pub(crate) note: &'a [u8],
    /// The document that it wrote.
    pub(crate) document: Option<Written<'a>>,
}

/// A document as a step writes it.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Written<'a> {
    /// Its name.
    pub(crate) name: &'a [u8],
    /// Its version.
    pub(crate) version: u64,
    /// Its content.
    pub(crate) content: &'a [u8],
}

/// Walks the transitions of an entry in order and gives its head.
///
/// # Errors
/// [`Malformed`] names the first part that is not what the table says; and what `each` refuses.
pub(crate) fn walk<'a>(
    bytes: &'a [u8],
    mut each: impl FnMut(&Head<'a>, Step<'a>) -> Result<(), Malformed>,
) -> Result<Head<'a>, Malformed> {
    let mut from = Reader::new(bytes);
    let head = read_head(&mut from)?;
    let mut next = head.first_revision;
    while !from.is_empty() {
        let mut step = read_step(&mut from, next)?;
        let Some(mut run) = step.1.take() else {
            let mut one = step.0;
            if head.is_of_documents {
                one.document = read_document(&mut from)?;
            }
            each(&head, one)?;
            next += 1;
            continue;
        };
        while !run.is_empty() {
            let (parts, ordinal) = (run.u8("parts")?, run.u32("ordinal")?);
            let verb = if parts & RECORD == 0 { step.0.verb } else { Verb::ImportConflict };
            let planes = PlaneBits::from_bits(parts);
            each(&head, Step { revision: next, verb, ordinal: Some(ordinal), planes, ..step.0 })?;
            next += 1;
        }
    }
    if next != head.first_revision + u64::from(head.count) {
        return Err(from.fault("count of transitions"));
    }
    Ok(head)
}

fn read_head<'a>(from: &mut Reader<'a>) -> Result<Head<'a>, Malformed> {
    let layout = from.u8("layout")?;
    if !matches!(layout, MARKS | DOCUMENTS) {
        return Err(Malformed { what: "layout", offset: 0 });
    }
    let server_ms = from.ms("server time")?;
    let first_revision = from.u48("first revision")?;
    let count = from.u16("count of transitions")?;
    let length = usize::from(from.u8("pool")?);
    let fault = from.fault("pool");
    let pool = std::str::from_utf8(from.take(length, "pool")?).map_err(|_| fault)?;
    Ok(Head { pool, server_ms, first_revision, count, is_of_documents: layout == DOCUMENTS })
}

/// Reads one transition; of a run, what its marks have in common, and the marks.
fn read_step<'a>(from: &mut Reader<'a>, revision: u64) -> Result<(Step<'a>, Option<Reader<'a>>), Malformed> {
    let verb = Verb::from_code(from.u8("verb")?).ok_or_else(|| from.fault("verb"))?;
    let parts = from.u8("parts")?;
    let ordinal = from.u32("ordinal")?;
    let mut part = |bit: u8, what: &'static str| match parts & bit {
        0 => Ok(None),
        _ => from.part(what).map(|mut part| Some(part.rest())),
    };
    let record = part(RECORD, "record")?;
    let act = part(ACT, "act")?;
    let payment = part(PAYMENT, "payment")?;
    let note = part(NOTE, "note")?.unwrap_or_default();
    let run = part(RUN, "run")?.map(Reader::new);
    if record.is_none() && act.is_none() {
        return Err(from.fault("act"));
    }
    let planes = PlaneBits::from_bits(parts);
    let ordinal = (ordinal != NO_ORDINAL).then_some(ordinal);
    Ok((Step { revision, verb, ordinal, planes, record, act, payment, note, document: None }, run))
}

fn read_document<'a>(from: &mut Reader<'a>) -> Result<Option<Written<'a>>, Malformed> {
    if from.u8("document")? == 0 {
        return Ok(None);
    }
    let length = usize::from(from.u8("name of a document")?);
    let name = from.take(length, "name of a document")?;
    let version = from.u48("version of a document")?;
    let length = from.u32("length of a document")? as usize;
    let content = from.take(length, "content of a document")?;
    Ok(Some(Written { name, version, content }))
}
