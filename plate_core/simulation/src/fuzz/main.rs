//! `fuzz`: inputs made by blind chance against everything that reads what others wrote (`plate_core/fuzz`).
//!
//! ```text
//! fuzz --law patterns/kz --seeds 0..1000 --executions 5000 [--planted common|rare]
//! fuzz --law patterns/kz --write-corpus DIRECTORY
//! ```
//!
//! Nothing may panic, and what was read is the same when it is written and read again. Prints a line a fault with its
//! seed and input, then one line of JSON. `--planted` plants a panic, for a control that must find it. `--write-corpus`
//! writes the known inputs and words instead, as libFuzzer takes them: a folder and a dictionary for each target.
//!
//! Not here: coverage, which `fuzz_coverage` of the same crate looks at. The generators know the languages instead.

#![allow(clippy::print_stdout)]

mod mutation;

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{fs, io};

use plate_fuzz::known::{self, Known};
use plate_fuzz::readers::Readers;
use plate_fuzz::{Plant, Target};
use plate_simulation::chance::Chance;

/// Enough to see what is wrong.
const FAULTS_MAX: usize = 5;

struct Arguments {
    law: PathBuf,
    seeds: Range<u64>,
    executions: u64,
    plant: Plant,
    corpus: Option<PathBuf>,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    run(&words).unwrap_or_else(|fault| {
        eprintln!("fuzz: {fault}");
        ExitCode::from(2)
    })
}

fn run(words: &[String]) -> Result<ExitCode, String> {
    let arguments = read(words)?;
    let readers = Readers::new(&arguments.law, arguments.plant)?;
    let known = Known::new(readers.law());
    if let Some(directory) = &arguments.corpus {
        write_corpus(directory, &known).map_err(|error| format!("{}: {error}", directory.display()))?;
        return Ok(ExitCode::SUCCESS);
    }
    Ok(fuzz(&arguments, &readers, &known))
}

fn read(words: &[String]) -> Result<Arguments, String> {
    let mut arguments = Arguments {
        law: PathBuf::from("patterns/kz"),
        seeds: 0..10,
        executions: 5_000,
        plant: Plant::Nothing,
        corpus: None,
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        let number = |text: &str| text.parse::<u64>().map_err(|_| format!("{text} is no number"));
        match word.as_str() {
            "--planted" => {
                let name = value()?;
                arguments.plant =
                    Plant::by_name(name).ok_or_else(|| format!("no panic is planted as {name}"))?;
            }
            "--write-corpus" => arguments.corpus = Some(PathBuf::from(value()?)),
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

fn fuzz(arguments: &Arguments, readers: &Readers, known: &Known) -> ExitCode {
    // A panic is told with its input, below.
    set_hook(Box::new(|_| {}));
    let (mut seeds, mut executions, mut faults) = (0_u64, 0_u64, 0);
    let mut read = vec![0_u64; Target::ALL.len()];
    'seeds: for seed in arguments.seeds.clone() {
        seeds += 1;
        let mut chance = Chance::of(seed);
        for _ in 0..arguments.executions {
            executions += 1;
            let target = any_target(&mut chance);
            let input = made(known, target, &mut chance);
            let tried = catch_unwind(AssertUnwindSafe(|| readers.read(target, &input)));
            match tried.unwrap_or_else(|_| Err("it panicked".to_owned())) {
                Ok(was_read) => read[target as usize] += u64::from(was_read),
                Err(sentence) => {
                    faults += 1;
                    println!("seed {seed}: {target:?}: {sentence}: {:?}", target.shown(&input));
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

/// A target by chance: the cheap ones often, the law's files seldom, because they are compiled with the whole law.
fn any_target(chance: &mut Chance) -> Target {
    match chance.below(20_000) {
        0 => Target::Tariffs,
        1 => Target::Laws,
        2..=2_499 => Target::Patterns,
        2_500..=7_999 => Target::Marks,
        8_000..=9_499 => Target::Amounts,
        9_500..=9_999 => Target::Ids,
        10_000..=11_999 => Target::Settings,
        12_000..=14_999 => Target::Entries,
        15_000..=16_999 => Target::Records,
        17_000..=18_499 => Target::Payments,
        _ => Target::Pools,
    }
}

/// An input for a target: of its words now and then, where it has some, and else a known one that is changed.
fn made(known: &Known, target: Target, chance: &mut Chance) -> Vec<u8> {
    let lists = known::words(target);
    // Of amounts and days the words say more than a few examples.
    if target == Target::Amounts || (!lists.is_empty() && chance.once_in(3)) {
        return mutation::text(chance.one_of(lists), chance).into_bytes();
    }
    mutation::bytes(known.inputs(target), chance)
}

/// For each target a folder of its known inputs and a dictionary of its words.
fn write_corpus(directory: &Path, known: &Known) -> io::Result<()> {
    for target in Target::ALL {
        let inputs = directory.join(target.name());
        fs::create_dir_all(&inputs)?;
        for (number, input) in known.inputs(*target).iter().enumerate() {
            fs::write(inputs.join(format!("{number:05}")), input)?;
        }
        fs::write(directory.join(target.name()).with_extension("dict"), dictionary(*target))?;
    }
    Ok(())
}

/// A word a line between quotes, each byte in hexadecimal digits. libFuzzer refuses an empty file, so a remark is in it.
fn dictionary(target: Target) -> String {
    let escaped = |word: &&str| word.bytes().map(|byte| format!("\\x{byte:02x}")).collect::<String>();
    let words = known::words(target).iter().flat_map(|list| list.iter());
    let lines = words.map(|word| format!("\"{}\"\n", escaped(word)));
    std::iter::once(format!("# Words of {}.\n", target.name())).chain(lines).collect()
}
