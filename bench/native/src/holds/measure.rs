//! The measurements, one a function.

use std::time::Instant;

use plate_inventory::answer::Answer;
use plate_inventory::item::HoldItem;
use plate_inventory::outcome::Outcome;
use plate_inventory::store::Store;

use crate::sale::{self, STRIDE, mark, wish};
use crate::spent::{Spent, used_memory};
use crate::{Asked, Fault, driver};

/// A deadline of a permit that no bench lives to see.
const FAR_MS: i64 = 4_000_000_000_000;
/// Holds before the measured ones: the first batches meet cold memory and a library not yet compiled.
const WARM_UP: u32 = 128;
/// Wishes that fill a pool are numbered from here.
const FILLING: u32 = 1_000_000_000;

/// CPU of the server for a hold, µs: in batches of a size, with permits or without, in a pool as full as asked.
pub(crate) async fn cost(url: &str, asked: &Asked) -> Result<String, Fault> {
    let (size, holds, permits) =
        (asked.count("size", 64), asked.count("holds", 6_400), asked.count("permits", 0) != 0);
    let pools = sale::pools(asked.count("pools", 1));
    let store = sale::open(url, &pools).await?;
    let (taken, live) = (asked.number("taken", 0.0), asked.count("live", 0));
    let stride = if asked.count("sparse", 0) == 0 { 1 } else { STRIDE };
    for pool in &pools {
        if taken > 0.0 {
            take(&store, pool, live).await?;
            sale::fill(url, pool, taken)?;
        }
    }
    let mut client = redis::Client::open(url)?.get_connection()?;
    let mut sale = Batches { pools: &pools, size, stride, next: 0 };
    while sale.next < WARM_UP {
        sale.hold(&store, permits).await?;
    }
    let (first, before) = (sale.next, Spent::read(&mut client)?);
    while sale.next < first + holds {
        sale.hold(&store, permits).await?;
    }
    let (after, done) = (Spent::read(&mut client)?, f64::from(sale.next - first));
    let (cpu, functions) =
        ((after.cpu_us - before.cpu_us) / done, (after.functions_us - before.functions_us) / done);
    Ok(format!(r#"{{"cpu_us": {cpu:.3}, "functions_us": {functions:.3}, "holds": {done}}}"#))
}

/// Batches of wishes, pool after pool, each mark wanted once.
struct Batches<'a> {
    pools: &'a [String],
    size: u32,
    stride: u32,
    next: u32,
}

impl Batches<'_> {
    async fn hold(&mut self, store: &Store, permits: bool) -> Result<(), Fault> {
        let batch = self.next / self.size;
        #[allow(clippy::cast_possible_truncation, reason = "twenty regions")]
        let (pools, from) = (self.pools.len() as u32, self.next);
        let pool = self.pools.get((batch % pools) as usize).ok_or("no pool")?;
        let within = batch / pools * self.size;
        let items: Vec<HoldItem> =
            (0..self.size).map(|n| wish(from + n, mark((within + n) * self.stride))).collect();
        self.next += self.size;
        if permits {
            return all_held(&store.hold(pool, &items).await?);
        }
        let passed: Vec<(&HoldItem, i64)> = items.iter().map(|item| (item, FAR_MS)).collect();
        all_held(&store.hold_passed(pool, &passed).await?)
    }
}

/// Gives marks of a pool live holds, none of those that a bench will ask for.
async fn take(store: &Store, pool: &str, live: u32) -> Result<(), Fault> {
    let marks: Vec<u32> = (0..).filter(|n| n % STRIDE != 0).take(live as usize).map(mark).collect();
    for (batch, chunk) in (0..).zip(marks.chunks(128)) {
        let items: Vec<HoldItem> =
            (0..).zip(chunk).map(|(n, ordinal)| wish(FILLING + batch * 128 + n, *ordinal)).collect();
        let passed: Vec<(&HoldItem, i64)> = items.iter().map(|item| (item, FAR_MS)).collect();
        all_held(&store.hold_passed(pool, &passed).await?)?;
    }
    Ok(())
}

/// What a live hold adds to the server's memory, its records and its permit included, when the journal has its
/// feed entry.
pub(crate) async fn memory(url: &str, asked: &Asked) -> Result<String, Fault> {
    let pools = sale::pools(1);
    let store = sale::open(url, &pools).await?;
    let pool = pools.first().ok_or("no pool")?;
    let mut client = redis::Client::open(url)?.get_connection()?;
    let holds = asked.count("holds", 32_000);
    store.hold(pool, &(0..64).map(|n| wish(n, mark(n))).collect::<Vec<_>>()).await?;
    store.trim_feed(pool, u64::MAX >> 12).await?;
    let before = used_memory(&mut client)?;
    for from in (64..holds).step_by(64) {
        let items: Vec<HoldItem> = (from..from + 64).map(|n| wish(n, mark(n))).collect();
        all_held(&store.hold(pool, &items).await?)?;
    }
    store.trim_feed(pool, u64::MAX >> 12).await?;
    let bytes = (used_memory(&mut client)? - before) / f64::from((holds - 1) / 64 * 64);
    Ok(format!(r#"{{"bytes": {bytes:.1}, "holds": {holds}}}"#))
}

/// CPU of the server for what follows a hold, µs, each step by itself as people come: a payment begun (`steps=1`), and
/// confirmed (`steps=2`). The holds before them come in batches and are not counted.
pub(crate) async fn pay(url: &str, asked: &Asked) -> Result<String, Fault> {
    let pools = sale::pools(1);
    let store = sale::open(url, &pools).await?;
    let pool = pools.first().ok_or("no pool")?;
    let (holds, steps) = (asked.count("holds", 640), asked.count("steps", 2));
    let wishes: Vec<HoldItem> = (0..holds).map(|n| wish(n, mark(n))).collect();
    let held = store.hold(pool, &wishes).await?;
    all_held(&held)?;
    let mut client = redis::Client::open(url)?.get_connection()?;
    let (mut begun, before) = (Vec::new(), Spent::read(&mut client)?);
    for (item, answer) in wishes.iter().zip(&held).take(if steps > 0 { wishes.len() } else { 0 }) {
        begun.extend(store.begin_payment(pool, &[sale::payment_of(item, answer.revision)]).await?);
    }
    let between = Spent::read(&mut client)?;
    all_told(&begun, Outcome::PaymentBegun)?;
    let mut confirmed = Vec::new();
    for item in wishes.iter().take(if steps > 1 { wishes.len() } else { 0 }) {
        confirmed.extend(store.confirm(pool, &[sale::money_for(item)]).await?);
    }
    let after = Spent::read(&mut client)?;
    all_told(&confirmed, Outcome::Allotted)?;
    let each = |from: Spent, to: Spent| (to.cpu_us - from.cpu_us) / f64::from(holds);
    let (begin, confirm) = (each(before, between), each(between, after));
    Ok(format!(r#"{{"begin_payment_us": {begin:.3}, "confirm_us": {confirm:.3}, "holds": {holds}}}"#))
}

/// How many holds a second a plain loop gets that has everything packed beforehand and keeps batches in flight.
pub(crate) async fn speed(url: &str, asked: &Asked) -> Result<String, Fault> {
    let (size, holds, in_flight) =
        (asked.count("size", 64), asked.count("holds", 12_800), asked.count("in_flight", 2));
    let pools = sale::pools(1);
    let store = sale::open(url, &pools).await?;
    let pool = pools.first().ok_or("no pool")?;
    let wishes: Vec<HoldItem> = (0..holds).map(|n| wish(n, mark(n))).collect();
    let mut driver = driver::Driver::new(url, store.library(), pool, wishes.chunks(size as usize))?;
    let start = Instant::now();
    driver.run(in_flight as usize)?;
    let per_second = f64::from(holds) / start.elapsed().as_secs_f64();
    let mut client = redis::Client::open(url)?.get_connection()?;
    let live: u32 =
        redis::cmd("HLEN").arg(plate_inventory::keys::PoolKey::Live.of(pool)).query(&mut client)?;
    if live != holds {
        return Err(format!("{live} live records after {holds} holds").into());
    }
    Ok(format!(r#"{{"holds_per_second": {per_second:.0}, "holds": {holds}}}"#))
}

fn all_held(answers: &[Answer]) -> Result<(), Fault> {
    all_told(answers, Outcome::Held)
}

fn all_told(answers: &[Answer], outcome: Outcome) -> Result<(), Fault> {
    match answers.iter().find(|answer| answer.outcome != outcome) {
        None => Ok(()),
        Some(answer) => Err(format!("not {outcome:?}: {answer:?}").into()),
    }
}
