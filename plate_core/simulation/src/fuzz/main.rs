//! `fuzz`: inputs made at random against everything that reads what others wrote.
//!
//! ```text
//! fuzz --law patterns/kz --seeds 0..1000 --executions 5000 [--planted]
//! ```
//!
//! Marks, patterns, amounts, days, tariffs as people write them; entries, records, payments and settings as they are
//! packed. Nothing may panic, and what was read is the same when it is written and read again. Prints a line a fault
//! with its seed and input, then one line of JSON. `--planted` plants a panic, for a control that must find it.
//!
//! Not here: coverage. The generators know the languages instead (`targets.rs`, `mutation.rs`).

#![allow(clippy::print_stdout)]

mod law;
mod mutation;
mod targets;

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::path::PathBuf;
use std::process::ExitCode;

use plate_simulation::chance::Chance;
use targets::{Target, Targets};

/// Enough to see what is wrong.
const FAULTS_MAX: usize = 5;

struct Arguments {
    law: PathBuf,
    seeds: Range<u64>,
    executions: u64,
    planted: bool,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let ran = read(&words).and_then(|arguments| {
        let targets = Targets::new(&arguments.law, arguments.planted)?;
        Ok(fuzz(&arguments, &targets))
    });
    ran.unwrap_or_else(|fault| {
        eprintln!("fuzz: {fault}");
        ExitCode::from(2)
    })
}

fn read(words: &[String]) -> Result<Arguments, String> {
    let mut arguments =
        Arguments { law: PathBuf::from("patterns/kz"), seeds: 0..10, executions: 5_000, planted: false };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        let number = |text: &str| text.parse::<u64>().map_err(|_| format!("{text} is no number"));
        match word.as_str() {
            "--planted" => arguments.planted = true,
            "--law" => arguments.law = PathBuf::from(value()?),
            "--executions" => arguments.executions = number(value()?)?,
            "--seeds" => {
                let (first, end) = value()?.split_once("..").ok_or("--seeds takes FIRST..END")?;
                arguments.seeds = number(first)?..number(end)?;
            }
            other => return Err(format!("what is {other}?")),
        }
    }
    Ok(arguments)
}

fn fuzz(arguments: &Arguments, targets: &Targets) -> ExitCode {
    // A panic is told with its input, below.
    set_hook(Box::new(|_| {}));
    let (mut seeds, mut executions, mut faults) = (0_u64, 0_u64, 0);
    let mut read = [0_u64; Target::ALL.len()];
    'seeds: for seed in arguments.seeds.clone() {
        seeds += 1;
        let (mut chance, mut seen) = (Chance::of(seed), String::new());
        for _ in 0..arguments.executions {
            executions += 1;
            let target = Target::any(&mut chance);
            let tried = catch_unwind(AssertUnwindSafe(|| targets.try_one(target, &mut chance, &mut seen)));
            match tried.unwrap_or_else(|_| Err("it panicked".to_owned())) {
                Ok(was_read) => read[target as usize] += u64::from(was_read),
                Err(sentence) => {
                    faults += 1;
                    println!("seed {seed}: {target:?}: {sentence}: {seen:?}");
                    if faults == FAULTS_MAX {
                        break 'seeds;
                    }
                    continue 'seeds;
                }
            }
        }
    }
    let read: Vec<String> =
        Target::ALL.iter().zip(read).map(|(target, count)| format!(r#""{target:?}": {count}"#)).collect();
    let read = read.join(", ");
    println!(r#"{{"seeds": {seeds}, "executions": {executions}, "faults": {faults}, "read": {{{read}}}}}"#);
    if faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
