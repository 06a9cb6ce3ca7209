//! A pool as it stands at one revision: what a reader of the feed begins with.
//!
//! The store has two planes in one bitmap, two bits a mark, and the third in the keys of its records; a reader gets three
//! bitmaps ([`planes`]).
//!
//! Read in one transaction, so that planes, records and revision belong together. No function: that would
//! copy seven megabytes through Lua, and MULTI copies them once.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use redis::Value;

use super::call::unexpected;
use super::follow::{Head, head_command, read_head};
use super::{Store, StoreError, planes};
use crate::codec::{payment, record};
use crate::id::PaymentId;
use crate::keys::{PoolKey, split_name};
use crate::payment::Payment;
use crate::record::Record;

/// The three bitmaps of a pool and the revision they stand at.
///
/// A bitmap is Redis's: the bit of ordinal `n` is the one with value `128 >> (n % 8)` of byte `n / 8`. Bytes that
/// a bitmap does not have are zero.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Snapshot {
    /// The pool's revision: the feed goes on after it.
    pub revision: u64,
    /// Which pool of its name it is; see [`Head::founded_us`].
    pub founded_us: Option<u64>,
    /// Marks with a live record.
    pub taken: Vec<u8>,
    /// Marks on the road.
    pub issued: Vec<u8>,
    /// Marks that are never offered, digits 000 and padding among them.
    pub withheld: Vec<u8>,
}

/// A pool's planes with its records and payments.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FullSnapshot {
    /// The planes.
    pub planes: Snapshot,
    /// Live records by ordinal.
    pub live: BTreeMap<u32, Record>,
    /// Every payment of the pool.
    pub payments: BTreeMap<PaymentId, Payment>,
}

impl Snapshot {
    /// Whether a mark's bit is set in one of the bitmaps.
    #[must_use]
    pub fn bit(plane: &[u8], ordinal: u32) -> bool {
        let byte = usize::try_from(ordinal / 8).ok().and_then(|at| plane.get(at));
        byte.is_some_and(|byte| byte & (128 >> (ordinal % 8)) != 0)
    }
}

impl Store {
    /// The planes of a pool; `None` where there is no such pool.
    ///
    /// # Errors
    /// As any call; see [`StoreError`].
    pub async fn snapshot(&self, pool: &str) -> Result<Option<Snapshot>, StoreError> {
        let mut pipeline = redis::pipe();
        ask_planes(&mut pipeline, pool);
        read_planes(&self.servers.send_all(pool, &pipeline).await?)
    }

    /// A whole pool: planes, records and payments; `None` where there is no such pool.
    ///
    /// It reads everything at once and keeps the server busy meanwhile: for the start of a system and for proof,
    /// not for every day.
    ///
    /// # Errors
    /// As any call; see [`StoreError`].
    pub async fn full_snapshot(&self, pool: &str) -> Result<Option<FullSnapshot>, StoreError> {
        let mut pipeline = redis::pipe();
        ask_planes(&mut pipeline, pool);
        pipeline.cmd("HGETALL").arg(PoolKey::Live.of(pool));
        pipeline.cmd("HGETALL").arg(PoolKey::Payments.of(pool));
        let replies = self.servers.send_all(pool, &pipeline).await?;
        let Some(planes) = read_planes(&replies)? else { return Ok(None) };
        let mut full = FullSnapshot { planes, ..FullSnapshot::default() };
        for (field, value) in pairs(replies.get(3))? {
            let ordinal = <[u8; 4]>::try_from(field).map_err(|_| unreadable("ordinal"))?;
            full.live.insert(u32::from_le_bytes(ordinal), record::unpack(value)?);
        }
        for (field, value) in pairs(replies.get(4))? {
            let id = PaymentId::from_slice(field).ok_or_else(|| unreadable("payment id"))?;
            full.payments.insert(id, payment::unpack_stored(value)?.payment);
        }
        Ok(Some(full))
    }
}

/// The planes of data version 2, a bitmap each; the third said what the records say.
const OLD_PLANES: [&str; 3] = ["issued", "withheld", "taken"];

impl Store {
    /// Brings each pool of data version 2 to this layout, a pool in one step: its planes become one bitmap, and its
    /// settings get another name, which no function of that version finds. Nothing that is there already is written, so
    /// it may be done twice and by several at once. Workers of that version are stopped first: what one of them wrote
    /// between the reading and the step would be lost.
    pub(super) async fn raise_pools(&self) -> Result<(), StoreError> {
        for pool in self.pools_with("withheld").await? {
            let old: Vec<String> = OLD_PLANES.iter().map(|plane| format!("{{{pool}}}:{plane}")).collect();
            let mut get = redis::pipe();
            for plane in &old[..2] {
                get.cmd("GET").arg(plane);
            }
            let found = Value::Array(self.servers.send_all(&pool, &get).await?);
            let (issued, withheld): (Option<Vec<u8>>, Option<Vec<u8>>) =
                redis::from_redis_value_ref(&found).map_err(|_| unexpected(&found))?;
            let conf = PoolKey::Conf.of(&pool);
            let (Some(withheld), Some(terms)) = (withheld, self.field(conf.clone(), "terms").await?) else {
                continue;
            };
            let joined = planes::together(&issued.unwrap_or_default(), &withheld);
            let mut pipeline = redis::pipe();
            pipeline.atomic().cmd("SET").arg(PoolKey::Planes.of(&pool)).arg(joined).arg("NX");
            pipeline.cmd("HSETNX").arg(&conf).arg("rules").arg(terms);
            pipeline.cmd("HDEL").arg(&conf).arg("terms");
            pipeline.cmd("UNLINK").arg(&old);
            self.servers.send_all_for_good(&pool, &pipeline).await?;
        }
        Ok(())
    }

    /// The pools that have a key with this after its tag.
    async fn pools_with(&self, suffix: &str) -> Result<Vec<String>, StoreError> {
        let mut pools = Vec::new();
        self.each_key(&format!("{{*}}:{suffix}"), |name| {
            let tag = split_name(&name).and_then(|(tag, _)| std::str::from_utf8(tag).ok());
            pools.extend(tag.map(str::to_owned));
            Ok(ControlFlow::Continue(()))
        })
        .await?;
        Ok(pools)
    }
}

/// Three commands of a transaction: conf, then which marks have records, then the planes.
fn ask_planes(pipeline: &mut redis::Pipeline, pool: &str) {
    pipeline.atomic();
    pipeline.add_command(head_command(pool));
    pipeline.cmd("HKEYS").arg(PoolKey::Live.of(pool));
    pipeline.cmd("GET").arg(PoolKey::Planes.of(pool));
}

fn read_planes(replies: &[Value]) -> Result<Option<Snapshot>, StoreError> {
    let conf = replies.first().ok_or_else(|| unreadable("settings"))?;
    let Some(Head { revision, founded_us }) = read_head(conf)? else { return Ok(None) };
    let taken = planes::of_fields(&fields(replies.get(1))?);
    let (issued, withheld) = match replies.get(2) {
        Some(Value::BulkString(bytes)) => planes::apart(bytes),
        Some(Value::Nil) => Default::default(),
        Some(other) => return Err(unexpected(other)),
        None => return Err(unreadable("planes")),
    };
    Ok(Some(Snapshot { revision, founded_us, taken, issued, withheld }))
}

/// The fields of a hash whose fields are ordinals.
fn fields(reply: Option<&Value>) -> Result<Vec<u32>, StoreError> {
    let Some(Value::Array(fields)) = reply else { return Err(unreadable("ordinals")) };
    let ordinal = |field: &Value| match field {
        Value::BulkString(bytes) => <[u8; 4]>::try_from(bytes.as_slice()).ok().map(u32::from_le_bytes),
        _ => None,
    };
    fields.iter().map(|field| ordinal(field).ok_or_else(|| unreadable("ordinal"))).collect()
}

/// A field of a hash and its value.
type Pair<'a> = (&'a [u8], &'a [u8]);

/// The fields and values of a hash.
fn pairs(reply: Option<&Value>) -> Result<Vec<Pair<'_>>, StoreError> {
    let Some(Value::Map(pairs)) = reply else { return Err(unreadable("hash")) };
    pairs.iter().map(pair).collect()
}

fn pair((field, value): &(Value, Value)) -> Result<Pair<'_>, StoreError> {
    match (field, value) {
        (Value::BulkString(field), Value::BulkString(value)) => Ok((field, value)),
        _ => Err(unreadable("hash")),
    }
}

fn unreadable(what: &'static str) -> StoreError {
    StoreError::Malformed(crate::codec::Malformed { what, offset: 0 })
}
