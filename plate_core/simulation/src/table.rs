//! The keeper's decisions, written down: what was put to them and what they said. `tables/keeper.txt` is this page.
//!
//! The same file is put to the Python that decides in the service (`tests/keeper/test_simulated_decisions.py`), so
//! neither can change without the other. A line is a question and its answer; an empty line begins a new subject.

use std::fmt::Write as _;
use std::rc::Rc;

use crate::chance::Chance;
use crate::clock_guard::{ClockGuard, Memory, Reading};
use crate::disk::Disk;
use crate::keeper::Keeper;
use crate::network::{Entry, KeeperCall, KeeperReply};
use crate::trimming::{Heads, Trimming};
use crate::universe::{CLOCK_TOLERANCE_MS, POOL_COUNT, TRIM_TURN_MS};

/// Short, so that a guard's rest ends within a subject.
const DEADLINE_MAX_MS: i64 = 10_000;

const SUBJECTS: u64 = 40;
const QUESTIONS: usize = 12;

/// The whole table.
#[must_use]
pub fn table() -> String {
    let mut to = String::new();
    for seed in 0..SUBJECTS {
        judge_clocks(&mut Chance::of(seed), &mut to);
        trim_feeds(&mut Chance::of(seed), &mut to);
        keep_a_round(&mut Chance::of(seed), &mut to);
    }
    to
}

/// `clock`: server, asked and answered in ms, then whether it vouches, the baseline and until when it rests.
fn judge_clocks(chance: &mut Chance, to: &mut String) {
    let mut guard = ClockGuard::new(CLOCK_TOLERANCE_MS, DEADLINE_MAX_MS, Memory::default());
    let (mut at_ms, mut skew_ms) = (0_i64, 0_i64);
    let _ = writeln!(to, "guard {CLOCK_TOLERANCE_MS} {DEADLINE_MAX_MS}");
    for question in 0..QUESTIONS {
        at_ms += chance.below(5_000) as i64;
        skew_ms = match chance.below(4) {
            0 => chance.one_of(&[0, 0, 0, 400, -400, 600, -60_000, 3_600_000]),
            1 => skew_ms + chance.below(4) as i64,
            _ => skew_ms,
        };
        let exchange_ms = if question == 0 { 2 } else { chance.one_of(&[0, 2, 9, 250, 3_000]) };
        let server_ms = 1_784_098_800_000 + at_ms + skew_ms;
        let (asked_at_ms, answered_at_ms) = (at_ms as f64, (at_ms + exchange_ms) as f64);
        let agrees = guard.judge(&Reading { server_ms, asked_at_ms, answered_at_ms });
        let Memory { baseline_ms, rests_until_ms } = guard.memory;
        let baseline_ms = baseline_ms.unwrap_or_default();
        let (asked, memory) = (
            format!("{server_ms} {asked_at_ms} {answered_at_ms}"),
            format!("{baseline_ms:?} {rests_until_ms:?}"),
        );
        let _ = writeln!(to, "clock {asked} {agrees} {memory}");
    }
    to.push('\n');
}

/// `trim`: when in ms, what is durable of each pool (0 for nothing new), then what is trimmed.
fn trim_feeds(chance: &mut Chance, to: &mut String) {
    let mut heads: [u64; POOL_COUNT] = std::array::from_fn(|_| chance.below(3) as u64);
    let mut trimming = Trimming::new(heads, TRIM_TURN_MS);
    let _ = writeln!(to, "trimming {TRIM_TURN_MS} {}", words(&heads.map(Some)));
    let mut now_ms = 0;
    for _ in 0..QUESTIONS {
        now_ms += chance.below(1_500) as i64;
        let durable: Heads = std::array::from_fn(|pool| {
            heads[pool] += chance.below(3) as u64;
            (!chance.once_in(3) && heads[pool] > 0).then_some(heads[pool])
        });
        let trimmed = trimming.trim(durable, now_ms);
        let _ = writeln!(to, "trim {now_ms} {} {}", words(&durable), words(&trimmed));
    }
    to.push('\n');
}

fn words(heads: &Heads) -> String {
    heads.map(|head| head.unwrap_or_default().to_string()).join(",")
}

/// `round`: how many entries of each pool the feeds have, then what the keeper does with them, in its order.
fn keep_a_round(chance: &mut Chance, to: &mut String) {
    let mut disk = Disk::new(false);
    let mut keeper = Keeper::active(&disk);
    let counts: [usize; POOL_COUNT] = std::array::from_fn(|_| chance.below(3));
    let entries = counts.map(|count| (1..=count as u64).map(entry).collect());
    let mut done = Vec::new();
    if let Some((thread, KeeperCall::Feeds(_))) = keeper.turn(false, &mut disk, 0) {
        done.push("read".to_owned());
        let _ = keeper.hear(thread, &KeeperReply::Entries(Rc::new(entries)), &mut disk, 0);
    }
    for _ in 0..6 {
        let before = (keeper.heads(), disk.durable().len());
        let called = keeper.turn(false, &mut disk, 0);
        let after = keeper.heads();
        for pool in (0..POOL_COUNT).filter(|pool| after[*pool] != before.0[*pool]) {
            done.push(format!("append:{pool}:{}", after[pool]));
        }
        if disk.durable().len() != before.1 {
            done.push("sync".to_owned());
        }
        if called.is_some() {
            break;
        }
    }
    let _ = writeln!(to, "round {} {}\n", counts.map(|count| count.to_string()).join(","), done.join(" "));
}

fn entry(revision: u64) -> Entry {
    Entry { first_revision: revision, last_revision: revision, bytes: Vec::new() }
}
