//! Unpacking of answers. The table is in [`super`].
//!
//! A reply to a batch is its answers one after the other in one bulk string: one allocation for the client,
//! and one copy for the server.

use super::record::Quote;
use super::{Malformed, NO_ORDINAL, Reader, payment, record};
use crate::act::Act;
use crate::answer::{Answer, Context, ImportCounts};
use crate::id::TariffId;
use crate::outcome::Outcome;
use crate::payment::PaymentState;
use crate::record::Record;
use crate::state::{Acquired, DeadlineReason, State};

const RECORD: u8 = 1;
const RETRY_AT: u8 = 2;
const DEADLINE_REASON: u8 = 4;
const CURRENT_TARIFF: u8 = 8;
const PAYMENT: u8 = 16;
const HOLD_TERMS: u8 = 32;
const CURRENT_REVISION: u8 = 64;
const IMPORT: u8 = 128;

/// What a hold's answer leaves out, because the request that asks for it says it.
#[derive(Copy, Clone)]
pub(crate) struct Asker<'a> {
    pub(crate) act: &'a Act,
    pub(crate) acquired: Acquired,
}

/// Reads the next answer of a reply. `asker` is there for verbs that give holds.
pub(crate) fn read(from: &mut Reader<'_>, asker: Option<Asker<'_>>) -> Result<Answer, Malformed> {
    let outcome = Outcome::from_code(from.u8("outcome")?).ok_or_else(|| from.fault("outcome"))?;
    let parts = from.u8("parts")?;
    let ordinal = from.u32("ordinal")?;
    let revision = from.u48("revision")?;
    let server_ms = from.ms("server time")?;
    let mut answer = Answer {
        outcome,
        ordinal: (ordinal != NO_ORDINAL).then_some(ordinal),
        revision,
        server_ms,
        record: None,
        context: Context::default(),
    };
    if parts & RECORD != 0 {
        answer.record = Some(record::read(&mut from.part("record")?)?);
    }
    read_context(from, parts, &mut answer.context)?;
    if parts & HOLD_TERMS != 0 {
        let asker = asker.ok_or_else(|| from.fault("hold terms"))?;
        answer.record = read_held(from, asker, &mut answer)?;
    }
    if parts & CURRENT_REVISION != 0 {
        answer.context.current_revision = Some(from.u48("current revision")?);
    }
    if parts & IMPORT != 0 {
        answer.context.import = Some(read_import(&mut from.part("import counts")?)?);
    }
    Ok(answer)
}

/// Reads the parts between record and hold terms.
fn read_context(from: &mut Reader<'_>, parts: u8, context: &mut Context) -> Result<(), Malformed> {
    if parts & RETRY_AT != 0 {
        context.retry_at_ms = Some(from.ms("retry at")?);
    }
    if parts & DEADLINE_REASON != 0 {
        context.deadline_reason = Some(read_reason(from)?);
    }
    if parts & CURRENT_TARIFF != 0 {
        context.current_tariff = Some(TariffId(from.array("current tariff")?));
    }
    if parts & PAYMENT != 0 {
        let state = PaymentState::from_code(from.u8("payment state")?);
        context.payment = Some(state.ok_or_else(|| from.fault("payment state"))?);
        context.refund_reason = payment::reason(from)?;
        context.late = from.u8("late")? != 0;
    }
    Ok(())
}

fn read_reason(from: &mut Reader<'_>) -> Result<DeadlineReason, Malformed> {
    DeadlineReason::from_code(from.u8("deadline reason")?).ok_or_else(|| from.fault("deadline reason"))
}

/// Makes the record of a hold that was given, from its terms and from who asked.
fn read_held(
    from: &mut Reader<'_>,
    asker: Asker<'_>,
    answer: &mut Answer,
) -> Result<Option<Record>, Malformed> {
    let deadline_ms = from.ms("deadline")?;
    let permit_deadline_ms = from.ms("permit deadline")?;
    answer.context.deadline_reason = Some(read_reason(from)?);
    let quote = Quote::read(from)?;
    let mut applicant = asker.act.applicant.ok_or_else(|| from.fault("applicant"))?;
    applicant.key_id = quote.key_id;
    Ok(Some(Record {
        state: State::Held,
        revision: answer.revision,
        deadline_ms,
        hold: asker.act.id.into(),
        applicant,
        tariff: quote.tariff,
        amount_tiyn: quote.amount_tiyn,
        acquired: asker.acquired,
        held_at_ms: answer.server_ms,
        extensions: 0,
        permit_deadline_ms,
        actor: asker.act.caller.clone(),
        office: quote.office,
        channel: quote.channel,
        payment: None,
        extra: std::collections::BTreeMap::new(),
    }))
}

/// Reads what became of the marks of an import: counts, then the ordinals that need a second look.
fn read_import(from: &mut Reader<'_>) -> Result<ImportCounts, Malformed> {
    let imported = u32::from(from.u16("imported")?);
    let already_imported = u32::from(from.u16("already imported")?);
    let conflicts = read_ordinals(from)?;
    let never_issued = read_ordinals(from)?;
    from.end("import counts")?;
    Ok(ImportCounts { imported, already_imported, conflicts, never_issued })
}

fn read_ordinals(from: &mut Reader<'_>) -> Result<Vec<u32>, Malformed> {
    let count = from.u16("count of ordinals")?;
    (0..count).map(|_| from.u32("ordinal")).collect()
}
