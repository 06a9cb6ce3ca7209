//! Rebuilding an empty store from what a journal tells.
//!
//! A pool becomes one by its `conf`, and that is written last: a restoration that breaks off leaves keys that no verb
//! looks at, and the next one is refused because the store is not empty. The store's birth certificate comes at the
//! very end, with an id of its own: the store that was lost is another one and is never taken for this one.
//!
//! Not here: the limits across pools, which the service's own settings give at its start, and what cannot be known from
//! transitions ([`Restoration`]).

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;

use redis::Pipeline;

use super::call::SHARD_TAG;
use super::contract::Genesis;
use super::keyspace::OURS;
use super::{Document, Store, StoreError};
use crate::codec::settings::pack_pool;
use crate::codec::{Writer, record};
use crate::id::ApplicantId;
use crate::journal::{Answered, PoolState, Restoration, permits};
use crate::keys::{PoolKey, ShardKey};
use crate::placement::Placement;
use crate::settings::next_local_midnight_ms;
use crate::state::State;

/// Fields that are written by one command, and members of one entry of a list.
const FIELDS_A_COMMAND: usize = 512;
const MEMBERS_AN_ENTRY: usize = 128;
/// Commands that are under way at once.
const COMMANDS_A_PIPELINE: usize = 16;
/// Bytes of a plane that are written at a time.
const BYTES_A_WRITE: usize = 1 << 20;

/// The verdicts of the shard (`prelude/shard.lua`).
const CLAIMED: u8 = 0;
const ADMITTED: u8 = 250;
const CLAIMED_FOR_EVER: u8 = 252;
const ANSWERED: u8 = 253;

impl Store {
    /// Gives an empty store what a journal tells, and founds it.
    ///
    /// # Errors
    /// [`StoreError::NotEmpty`], and [`StoreError::Contract`] for a server that can lose marks, before anything is
    /// written; else as any call: then the store is to be emptied and restored anew.
    pub async fn restore(&self, from: &Restoration) -> Result<Genesis, StoreError> {
        let faults = self.settings_faults().await?;
        if !faults.is_empty() {
            return Err(StoreError::Contract(faults));
        }
        if let Some(key) = self.any_key().await? {
            return Err(StoreError::NotEmpty { key });
        }
        self.restore_shard(from).await?;
        for (pool, state) in from.replay.pools() {
            self.restore_pool(pool, state, from).await?;
        }
        self.found().await
    }

    /// A key of ours, if there is any.
    async fn any_key(&self) -> Result<Option<String>, StoreError> {
        let mut found = None;
        self.each_key(OURS, |name| {
            found = Some(name.escape_ascii().to_string());
            Ok(ControlFlow::Break(()))
        })
        .await?;
        Ok(found)
    }

    async fn restore_shard(&self, from: &Restoration) -> Result<(), StoreError> {
        let mut batch = Batch::of(self, SHARD_TAG);
        let claims = from.answered.iter().map(|one| (one.id.0.to_vec(), self.claim_of(one)));
        let for_ever = from
            .payments
            .values()
            .map(|one| (one.id.0.to_vec(), verdict(one, CLAIMED_FOR_EVER, one.at_ms, 0).0));
        batch.fields(&ShardKey::Ids.of(0), claims.chain(for_ever)).await?;
        batch
            .due(&ShardKey::DueIds.of(0), from.answered.iter().map(|one| (one.at_ms, one.id.0.to_vec())))
            .await?;
        let mut of_applicant: HashMap<ApplicantId, Vec<u8>> = HashMap::new();
        for (applicant, hold, deadline_ms) in permits(from.replay.pools())? {
            let mut permit = Writer::default();
            permit.bytes(&hold.0).ms(deadline_ms).u8(1);
            of_applicant.entry(applicant).or_default().extend(permit.0);
        }
        let all = of_applicant.into_iter().map(|(applicant, permits)| (applicant.0.to_vec(), permits));
        batch.fields(&ShardKey::Permits.of(0), all).await?;
        let days = from.operator_days.iter().map(|(operator, (day, count))| {
            let mut value = Writer::default();
            value.u32(u32::try_from(*day).unwrap_or(0)).u16(*count);
            (operator.as_bytes().to_vec(), value.0)
        });
        batch.fields(&ShardKey::OperatorDays.of(0), days).await?;
        batch.send().await
    }

    /// What the shard knows of a request: its answer, where the shard gave it; else that it may go to its pool.
    fn claim_of(&self, one: &Answered) -> Vec<u8> {
        match (one.is_hold, self.placement) {
            (true, Placement::Together) => {
                let mut claim = verdict(one, ANSWERED, one.at_ms, one.permit_ms);
                claim.bytes(&one.answer);
                claim.0
            }
            (true, Placement::Apart) => verdict(one, ADMITTED, one.at_ms, one.permit_ms).0,
            (false, _) => verdict(one, CLAIMED, one.at_ms, one.permit_ms).0,
        }
    }

    async fn restore_pool(
        &self,
        pool: &str,
        state: &PoolState,
        from: &Restoration,
    ) -> Result<(), StoreError> {
        let mut batch = Batch::of(self, pool);
        let live =
            state.records.iter().map(|(ordinal, record)| (ordinal.to_le_bytes().to_vec(), record.to_vec()));
        batch.fields(&PoolKey::Live.of(pool), live).await?;
        batch.text(&PoolKey::Planes.of(pool), state.planes.bytes()).await?;
        restore_deadlines(&mut batch, pool, state).await?;
        restore_money(&mut batch, pool, state, from).await?;
        self.restore_answers(&mut batch, pool, from).await?;
        restore_cooldowns(&mut batch, pool, state, from).await?;
        let documents =
            state.documents.iter().map(|(name, document)| (name.as_bytes().to_vec(), packed(document)));
        batch.fields(&PoolKey::Documents.of(pool), documents).await?;
        batch.send().await?;
        self.found_pool(pool, state).await
    }

    async fn restore_answers(
        &self,
        batch: &mut Batch<'_>,
        pool: &str,
        from: &Restoration,
    ) -> Result<(), StoreError> {
        let is_kept =
            |one: &&Answered| one.pool == pool && (!one.is_hold || self.placement == Placement::Apart);
        let kept = || from.answered.iter().filter(is_kept);
        let answers = kept().map(|one| (one.id.0.to_vec(), [&one.digest.0[..], &one.answer].concat()));
        batch.fields(&PoolKey::Requests.of(pool), answers).await?;
        batch.due(&PoolKey::DueRequests.of(pool), kept().map(|one| (one.at_ms, one.id.0.to_vec()))).await
    }

    /// Writes what makes a pool of these keys. Its feed is empty, and goes on after the journal's last revision.
    async fn found_pool(&self, pool: &str, state: &PoolState) -> Result<(), StoreError> {
        let mut conf = redis::cmd("HSET");
        conf.arg(PoolKey::Conf.of(pool))
            .arg("revision")
            .arg(state.revision)
            .arg("trimmed")
            .arg(state.revision);
        if let Some(settings) = &state.settings {
            conf.arg("lease_ms").arg(0).arg("founded_us").arg(self.server_time_us().await?);
            conf.arg("rules").arg(pack_pool(settings)?);
        }
        let mut pipeline = redis::pipe();
        pipeline.add_command(conf);
        self.servers.send_all_for_good(pool, &pipeline).await.map(|_| ())
    }
}

/// When the holds of a pool end, by how they got their deadline.
async fn restore_deadlines(batch: &mut Batch<'_>, pool: &str, state: &PoolState) -> Result<(), StoreError> {
    let mut lists: BTreeMap<PoolKey, Vec<(i64, Vec<u8>)>> = BTreeMap::new();
    for (ordinal, packed) in &state.records {
        let held = record::unpack(packed)?;
        let list = match (held.state, held.extensions) {
            (State::Held, 0) => PoolKey::DueHolds,
            (State::Held, _) => PoolKey::DueExtensions,
            (State::Paying, _) => PoolKey::DuePayments,
            _ => continue,
        };
        let mut mark = Writer::default();
        mark.u32(*ordinal).u48(held.revision);
        lists.entry(list).or_default().push((held.deadline_ms, mark.0));
    }
    for (list, mut marks) in lists {
        marks.sort_unstable();
        batch.due(&list.of(pool), marks.into_iter()).await?;
    }
    Ok(())
}

/// Payments with what was said and answered of each, and who owns which marks.
async fn restore_money(
    batch: &mut Batch<'_>,
    pool: &str,
    state: &PoolState,
    from: &Restoration,
) -> Result<(), StoreError> {
    let stored = state.payments.iter().map(|(id, payment)| {
        let told = from.payments.get(&(pool.to_owned(), *id));
        let mut value = Writer::default();
        value.part(payment, "payment")?;
        value.bytes(&told.map(|told| told.digest).unwrap_or_default().0);
        value.bytes(told.map(|told| told.answer.as_slice()).unwrap_or_default());
        Ok((id.0.to_vec(), value.0))
    });
    let stored = stored.collect::<Result<Vec<_>, StoreError>>()?;
    batch.fields(&PoolKey::Payments.of(pool), stored.into_iter()).await?;
    let mut owned: Vec<(u64, ApplicantId, u32)> = Vec::new();
    for (ordinal, packed) in &state.records {
        let held = record::unpack(packed)?;
        if held.state.is_owned() {
            owned.push((held.revision, held.applicant.id, *ordinal));
        }
    }
    owned.sort_unstable();
    let mut owners: HashMap<ApplicantId, Vec<u8>> = HashMap::new();
    for (_, applicant, ordinal) in owned {
        owners.entry(applicant).or_default().extend(ordinal.to_le_bytes());
    }
    let owners = owners.into_iter().map(|(applicant, ordinals)| (applicant.0.to_vec(), ordinals));
    batch.fields(&PoolKey::Owners.of(pool), owners).await
}

async fn restore_cooldowns(
    batch: &mut Batch<'_>,
    pool: &str,
    state: &PoolState,
    from: &Restoration,
) -> Result<(), StoreError> {
    let rest_ms = state.settings.as_ref().map_or(0, |settings| settings.cooldown_ms);
    let (mut notes, mut due) = (Vec::new(), Vec::new());
    for ((of, ordinal, applicant), note) in &from.cooldowns {
        if of == pool {
            let key = [&ordinal.to_le_bytes()[..], &applicant.0].concat();
            let mut value = Writer::default();
            value.ms(note.ended_ms).u32(u32::try_from(note.day).unwrap_or(0)).u16(note.count);
            due.push(((note.ended_ms + rest_ms).max(next_local_midnight_ms(note.ended_ms)), key.clone()));
            notes.push((key, value.0));
        }
    }
    due.sort_unstable();
    batch.fields(&PoolKey::Cooldowns.of(pool), notes.into_iter()).await?;
    batch.due(&PoolKey::DueCooldowns.of(pool), due.into_iter()).await
}

/// The head of a claim: what was asked, and what was said to it.
fn verdict(one: &Answered, code: u8, at_ms: i64, time_ms: i64) -> Writer {
    let mut to = Writer::default();
    to.bytes(&one.digest.0).u8(code).ms(at_ms).ms(time_ms);
    to
}

/// A document as the store keeps it: behind its version.
fn packed(document: &Document) -> Vec<u8> {
    let mut to = Writer::default();
    to.u48(document.version).bytes(&document.content);
    to.0
}

/// All or nothing: a cluster sends again what it was refused, and a list that had got a part of it would get that twice.
fn transaction() -> Pipeline {
    let mut pipeline = redis::pipe();
    pipeline.atomic();
    pipeline
}

/// Commands on their way, some at a time, so that neither we nor the server hold all of them.
struct Batch<'a> {
    store: &'a Store,
    /// Where the keys belong: a pool, or the shard.
    tag: &'a str,
    pipeline: Pipeline,
    waiting: usize,
}

impl<'a> Batch<'a> {
    fn of(store: &'a Store, tag: &'a str) -> Self {
        Self { store, tag, pipeline: transaction(), waiting: 0 }
    }

    /// Writes fields of a hash.
    async fn fields(
        &mut self,
        key: &str,
        fields: impl Iterator<Item = (Vec<u8>, Vec<u8>)>,
    ) -> Result<(), StoreError> {
        let mut fields = fields.peekable();
        while fields.peek().is_some() {
            let mut set = redis::cmd("HSET");
            set.arg(key);
            for (field, value) in fields.by_ref().take(FIELDS_A_COMMAND) {
                set.arg(field).arg(value);
            }
            self.add(set).await?;
        }
        Ok(())
    }

    /// Appends to a list of what is due, which is in the order of time; what is due together is one entry.
    async fn due(&mut self, key: &str, due: impl Iterator<Item = (i64, Vec<u8>)>) -> Result<(), StoreError> {
        let mut due = due.peekable();
        while let Some((at_ms, first)) = due.next() {
            let mut entry = Writer::default();
            entry.ms(at_ms).bytes(&first);
            let mut members = 1;
            while members < MEMBERS_AN_ENTRY
                && let Some((_, next)) = due.next_if(|(next_ms, _)| *next_ms == at_ms)
            {
                entry.bytes(&next);
                members += 1;
            }
            let mut push = redis::cmd("RPUSH");
            push.arg(key).arg(entry.0);
            self.add(push).await?;
        }
        Ok(())
    }

    /// Writes a text, piece by piece. Of an empty one nothing is written: a key that is not there reads the same.
    async fn text(&mut self, key: &str, bytes: &[u8]) -> Result<(), StoreError> {
        for (piece, at) in bytes.chunks(BYTES_A_WRITE).zip((0..).step_by(BYTES_A_WRITE)) {
            let mut set = redis::cmd("SETRANGE");
            set.arg(key).arg(at).arg(piece);
            self.add(set).await?;
        }
        Ok(())
    }

    async fn add(&mut self, command: redis::Cmd) -> Result<(), StoreError> {
        self.pipeline.add_command(command);
        self.waiting += 1;
        if self.waiting >= COMMANDS_A_PIPELINE { self.send().await } else { Ok(()) }
    }

    async fn send(&mut self) -> Result<(), StoreError> {
        let pipeline = std::mem::replace(&mut self.pipeline, transaction());
        if std::mem::take(&mut self.waiting) > 0 {
            self.store.servers.send_all_for_good(self.tag, &pipeline).await?;
        }
        Ok(())
    }
}
