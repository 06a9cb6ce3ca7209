//! `fuzz_coverage`: libFuzzer makes the inputs, and is led by what they reach in our own code.
//!
//! ```text
//! PLATES_FUZZ_TARGET=patterns PLATES_FUZZ_LAW=patterns/kz [PLATES_FUZZ_PLANTED=rare] fuzz_coverage [libFuzzer's options]
//! ```
//!
//! The readers, and what must hold of them, are the library's; here is nothing but the door to them. What is fuzzed is told by the environment, because the command line is libFuzzer's. One program for all targets: it is built
//! once, and what an input does not reach costs nothing.
//!
//! Deliberately not here: how it is built (`make fuzzers`, `scripts/rustc-with-coverage`) and run (`make fuzz`,
//! `proof/experiments/fuzz_coverage.py`).

#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use plate_fuzz::readers::Readers;
use plate_fuzz::{Plant, Target};

/// What one process fuzzes.
struct Fuzzed {
    target: Target,
    readers: Readers,
}

static FUZZED: LazyLock<Fuzzed> = LazyLock::new(|| {
    Fuzzed::told().unwrap_or_else(|fault| {
        eprintln!("fuzz_coverage: {fault}");
        std::process::exit(2)
    })
});

impl Fuzzed {
    fn told() -> Result<Self, String> {
        let target = std::env::var("PLATES_FUZZ_TARGET").unwrap_or_default();
        let names: Vec<&str> = Target::ALL.iter().map(|target| target.name()).collect();
        let target = Target::by_name(&target)
            .ok_or_else(|| format!("PLATES_FUZZ_TARGET is one of {}", names.join(", ")))?;
        let law =
            std::env::var_os("PLATES_FUZZ_LAW").map_or_else(|| PathBuf::from("patterns/kz"), Into::into);
        Ok(Self { target, readers: Readers::new(&law, planted()?)? })
    }
}

fn planted() -> Result<Plant, String> {
    let Ok(name) = std::env::var("PLATES_FUZZ_PLANTED") else { return Ok(Plant::Nothing) };
    Plant::by_name(&name).ok_or_else(|| format!("no panic is planted as {name}"))
}

fuzz_target!(init: { LazyLock::force(&FUZZED); }, |input: &[u8]| {
    // libFuzzer knows a fault by its panic.
    let fault = FUZZED.readers.read(FUZZED.target, input).err();
    assert!(fault.is_none(), "{}", fault.unwrap_or_default());
});
