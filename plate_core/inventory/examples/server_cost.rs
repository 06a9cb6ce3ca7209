//! What a hold and an imported mark cost the server: its own CPU, by batch size, from its own statistics.
//!
//! ```text
//! PLATES_TEST_VALKEY=/path/to/valkey-server cargo run --release -p plate-inventory --example server_cost
//! ```
//!
//! Interleaved rounds and medians, because the machine is shared: ratios hold better than microseconds. Not a
//! test and not a benchmark case: it is for finding out where the server's time goes. `appendfsync` is
//! `everysec` here, so that CPU is measured and not a disk; an argument names another.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};

use plate_inventory::act::{Act, Applicant, ApplicantKind, Channel};
use plate_inventory::id::{ApplicantId, RequestId, TariffId};
use plate_inventory::item::HoldItem;
use plate_inventory::settings::{PoolSettings, SettingsChange, ShardSettings, TariffFrom};
use plate_inventory::state::Acquired;
use plate_inventory::store::{HoldClaim, Store, StoreOptions};

const POOL: &str = "person_car.02";
const TARIFF: TariffId = TariffId([7; 8]);
const ROUNDS: usize = 9;
const HOLDS_A_ROUND: u32 = 6_400;

/// What the server says it spent since the last reset.
struct Spent {
    /// Time inside functions, µs.
    functions_us: f64,
    /// Its whole CPU time, µs: reading, writing and the journal of its own among it.
    cpu_us: f64,
}

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn main() {
    let binary = std::env::var_os("PLATES_TEST_VALKEY").expect("set PLATES_TEST_VALKEY to a server's binary");
    let fsync = std::env::args().nth(1).unwrap_or_else(|| "everysec".to_owned());
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("server.sock");
    let child = Command::new(binary)
        .current_dir(directory.path())
        .args(["--port", "0", "--save", "", "--appendonly", "yes", "--appendfsync", &fsync, "--unixsocket"])
        .arg(&socket)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let _server = Server(child);
    let url = format!("unix://{}", socket.display());
    let client = redis::Client::open(url.as_str()).unwrap();
    let mut client = loop {
        if let Ok(connection) = client.get_connection() {
            break connection;
        }
        std::thread::yield_now();
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(measure(&url, &mut client));
}

async fn measure(url: &str, client: &mut redis::Connection) {
    let store = Store::connect(url, StoreOptions::release().unwrap()).await.unwrap();
    let mut costs: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
    let mut number = 0;
    for _ in 0..ROUNDS {
        redis::cmd("FLUSHALL").exec(client).unwrap();
        open(&store).await;
        for size in [1, 8, 64, 128] {
            let spent = holds(&store, client, size, &mut number, false).await;
            costs.entry(format!("hold alone, batches of {size:>3}")).or_default().push(spent);
            let spent = holds(&store, client, size, &mut number, true).await;
            costs.entry(format!("hold with permits, batches of {size:>3}")).or_default().push(spent);
        }
        costs.entry("import, batches of 128".to_owned()).or_default().push(import(&store, client).await);
        costs
            .entry("memory a live hold, bytes".to_owned())
            .or_default()
            .push(memory(&store, client, &mut number).await);
    }
    for (case, mut rounds) in costs {
        rounds.sort_by(|a, b| a.1.total_cmp(&b.1));
        let ((least_functions, least), (functions, median)) = (rounds[0], rounds[ROUNDS / 2]);
        println!(
            "{case:<36} CPU {median:>7.2} (least {least:>7.2}), in functions {functions:>7.2} ({least_functions:>7.2})"
        );
    }
}

async fn open(store: &Store) {
    let limits = ShardSettings { live_holds_person: 1_000, ..ShardSettings::default() };
    store.configure_shard(|_| Ok(limits.clone())).await.unwrap();
    let settings = PoolSettings {
        tariffs: vec![TariffFrom { tariff: TARIFF, from_ms: 0 }],
        feed_backlog_max: 100_000_000,
        ..PoolSettings::default()
    };
    let act = Act::of("admin", "open", Channel::Portal);
    store.configure(POOL, &act, &SettingsChange::to(&settings), None).await.unwrap();
}

fn item(number: u32) -> HoldItem {
    let mut id = [0; 16];
    id[..4].copy_from_slice(&number.to_le_bytes());
    let applicant =
        Applicant { id: ApplicantId(id), kind: ApplicantKind::Person, key_id: 1, representative: None };
    let mut act =
        Act::on_behalf("0123456789abcdef", &format!("request-{number}"), Channel::EgovMobile, applicant);
    act.office = "almaty-3".to_owned();
    HoldItem {
        act,
        ordinal: number / 999 * 1_024 + number % 999 + 1,
        tariff: TARIFF,
        amount_tiyn: 4_325_000,
        acquired: Acquired::Chosen,
    }
}

/// Holds in batches of a size; with or without the admission that takes their permits.
async fn holds(
    store: &Store,
    client: &mut redis::Connection,
    size: u32,
    number: &mut u32,
    admit: bool,
) -> (f64, f64) {
    let before = spent(client);
    for _ in 0..HOLDS_A_ROUND / size {
        let items: Vec<HoldItem> = (0..size).map(|n| item(*number + n)).collect();
        *number += size;
        if admit {
            let claims: Vec<HoldClaim<'_>> =
                items.iter().map(|item| HoldClaim { act: &item.act, digest: item.digest(POOL) }).collect();
            store.admit(&claims).await.unwrap();
        }
        let passed: Vec<(&HoldItem, i64)> = items.iter().map(|item| (item, 4_000_000_000_000)).collect();
        let answers = store.hold_passed(POOL, &passed).await.unwrap();
        assert!(answers.iter().all(|answer| answer.outcome.is_done()), "{:?}", answers.first());
    }
    per_item(&before, &spent(client), HOLDS_A_ROUND)
}

/// Imports marks, 128 a request, with the admission of each request.
async fn import(store: &Store, client: &mut redis::Connection) -> (f64, f64) {
    let before = spent(client);
    let batches = 400_u32;
    for batch in 0..batches {
        let first = 10_000_000 + batch * 128;
        let ordinals: Vec<u32> = (first..first + 128).map(|n| n / 999 * 1_024 + n % 999 + 1).collect();
        let act = Act {
            id: RequestId::of("registry", &format!("{batch}")),
            ..Act::of("registry", "", Channel::Registry)
        };
        let answer = store.import(POOL, &act, &ordinals).await.unwrap();
        assert!(answer.outcome.is_done(), "{answer:?}");
    }
    per_item(&before, &spent(client), batches * 128)
}

/// What a live hold adds to the server's memory, its records and permit included, once its feed entry is trimmed.
async fn memory(store: &Store, client: &mut redis::Connection, number: &mut u32) -> (f64, f64) {
    store.trim_feed(POOL, u64::MAX >> 12).await.unwrap();
    let before = used_memory(client);
    for _ in 0..HOLDS_A_ROUND * 5 / 64 {
        let items: Vec<HoldItem> = (0..64).map(|n| item(*number + n)).collect();
        *number += 64;
        store.hold(POOL, &items).await.unwrap();
    }
    store.trim_feed(POOL, u64::MAX >> 12).await.unwrap();
    let each = (used_memory(client) - before) / f64::from(HOLDS_A_ROUND * 5 / 64 * 64);
    (each, each)
}

fn per_item(before: &Spent, after: &Spent, items: u32) -> (f64, f64) {
    let items = f64::from(items);
    ((after.functions_us - before.functions_us) / items, (after.cpu_us - before.cpu_us) / items)
}

fn info(client: &mut redis::Connection, section: &str) -> String {
    redis::cmd("INFO").arg(section).query(client).unwrap()
}

fn number_after(text: &str, mark: &str) -> f64 {
    let rest = text.split_once(mark).map_or("", |(_, rest)| rest);
    rest.split([',', '\r']).next().and_then(|number| number.parse().ok()).unwrap_or(0.0)
}

fn spent(client: &mut redis::Connection) -> Spent {
    let functions_us = number_after(&info(client, "commandstats"), "cmdstat_fcall:calls=");
    let stats = info(client, "commandstats");
    let fcall = stats.split_once("cmdstat_fcall:").map_or("", |(_, rest)| rest);
    let cpu = info(client, "cpu");
    let seconds = number_after(&cpu, "used_cpu_sys:") + number_after(&cpu, "used_cpu_user:");
    let functions_us = if functions_us > 0.0 { number_after(fcall, "usec=") } else { 0.0 };
    Spent { functions_us, cpu_us: seconds * 1e6 }
}

fn used_memory(client: &mut redis::Connection) -> f64 {
    number_after(&info(client, "memory"), "used_memory:")
}
