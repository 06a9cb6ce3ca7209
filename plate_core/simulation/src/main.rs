//! `simulate`: runs seeds, and says what broke.
//!
//! ```text
//! simulate --seeds 0..10000 --steps 1000 [--sabotage NAME] [--faults MOST] [--trace]
//! simulate --list | --table
//! ```
//!
//! Prints one line a failing seed with the minimal history of its mark, then one line of JSON: how many seeds and steps,
//! the hash of all traces, the faults. Ends with 1 if a seed failed.

#![allow(clippy::print_stdout)]

use std::ops::Range;
use std::process::ExitCode;

use plate_simulation::sabotage::Sabotage;
use plate_simulation::seed::{Fault, history, run};

struct Arguments {
    seeds: Range<u64>,
    steps: u32,
    sabotage: Option<Sabotage>,
    faults_max: usize,
    trace: bool,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.iter().any(|word| word == "--list") {
        Sabotage::ALL.iter().for_each(|sabotage| println!("{}\t{}", sabotage.name(), sabotage.meaning()));
        return ExitCode::SUCCESS;
    }
    if words.iter().any(|word| word == "--table") {
        print!("{}", plate_simulation::table::table());
        return ExitCode::SUCCESS;
    }
    match read(&words) {
        Ok(arguments) => simulate(&arguments),
        Err(fault) => {
            eprintln!("simulate: {fault}");
            ExitCode::from(2)
        }
    }
}

fn read(words: &[String]) -> Result<Arguments, String> {
    let mut arguments =
        Arguments { seeds: 0..100, steps: 1_000, sabotage: None, faults_max: 3, trace: false };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        match word.as_str() {
            "--trace" => arguments.trace = true,
            "--steps" => {
                arguments.steps = value()?.parse().map_err(|_| "--steps takes a number".to_owned())?
            }
            "--faults" => {
                arguments.faults_max = value()?.parse().map_err(|_| "--faults takes a number".to_owned())?
            }
            "--seeds" => arguments.seeds = seeds(value()?)?,
            "--sabotage" => {
                let name = value()?;
                let sabotage =
                    Sabotage::by_name(name).ok_or_else(|| format!("no sabotage is called {name}"))?;
                arguments.sabotage = Some(sabotage);
            }
            other => return Err(format!("what is {other}?")),
        }
    }
    Ok(arguments)
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let number = |text: &str| text.parse::<u64>().map_err(|_| format!("{text} is no seed"));
    match text.split_once("..") {
        Some((first, end)) => Ok(number(first)?..number(end)?),
        None => number(text).map(|seed| seed..seed + 1),
    }
}

fn simulate(arguments: &Arguments) -> ExitCode {
    let (mut hash, mut tried, mut faults) = (0_u64, 0_u64, Vec::new());
    for seed in arguments.seeds.clone() {
        let run = run(seed, arguments.steps, arguments.sabotage);
        tried += 1;
        hash = hash.rotate_left(7) ^ run.hash;
        if arguments.trace {
            history(seed, arguments.steps, arguments.sabotage, None)
                .iter()
                .for_each(|line| println!("{line}"));
        }
        if let Some(fault) = run.fault {
            tell(seed, arguments, &fault);
            faults.push(seed);
            if faults.len() >= arguments.faults_max {
                break;
            }
        }
    }
    let steps = arguments.steps;
    println!(r#"{{"seeds": {tried}, "steps": {steps}, "hash": "{hash:016x}", "faults": {faults:?}}}"#);
    if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints a fault, and of its history what touches its mark.
fn tell(seed: u64, arguments: &Arguments, fault: &Fault) {
    println!("seed {seed}, step {}: {}", fault.step, fault.broken.sentence);
    let lines = history(seed, fault.step, arguments.sabotage, fault.broken.mark);
    lines.iter().for_each(|line| println!("  {line}"));
}
