//! What a hold costs the store, and how fast a driver without Python is: one measurement a call, one JSON line out.
//!
//! ```text
//! holds cost   unix:///path/s.sock size=64 holds=6400 permits=1 pools=1 taken=0 live=0
//! holds speed  unix:///path/s.sock size=64 holds=12800 in_flight=2
//! holds memory unix:///path/s.sock holds=32000
//! holds pay    unix:///path/s.sock holds=800 steps=2
//! ```
//!
//! Each call empties the server first, so that rounds are alike and may take turns with anything else. It refuses
//! to say a figure when one hold was answered otherwise than it must be.
//!
//! `sale` opens the store and says what is wanted, `spent` reads the server's own statistics, `driver` is the
//! plain loop over a socket. Not here: rounds, ratios and promises (`bench/figures.py`).

mod driver;
mod measure;
mod sale;
mod spent;

use std::collections::HashMap;
use std::process::ExitCode;

/// Why nothing was measured.
type Fault = Box<dyn std::error::Error>;

/// What was asked for on the command line: `name=number` each.
struct Asked(HashMap<String, f64>);

impl Asked {
    fn read(arguments: impl Iterator<Item = String>) -> Result<Self, Fault> {
        let pair = |argument: String| -> Result<(String, f64), Fault> {
            let (name, number) =
                argument.split_once('=').ok_or_else(|| format!("not name=number: {argument}"))?;
            Ok((name.to_owned(), number.parse()?))
        };
        Ok(Self(arguments.map(pair).collect::<Result<_, _>>()?))
    }

    fn number(&self, name: &str, otherwise: f64) -> f64 {
        self.0.get(name).copied().unwrap_or(otherwise)
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts of a bench are small")]
    fn count(&self, name: &str, otherwise: u32) -> u32 {
        self.number(name, f64::from(otherwise)) as u32
    }
}

#[allow(clippy::print_stdout, reason = "its one line is what it is for")]
fn main() -> ExitCode {
    match run() {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<String, Fault> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: holds cost|speed|memory|pay unix://SOCKET [name=number ...]";
    let (what, url) = (arguments.next().ok_or(usage)?, arguments.next().ok_or(usage)?);
    let asked = Asked::read(arguments)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match what.as_str() {
            "cost" => measure::cost(&url, &asked).await,
            "speed" => measure::speed(&url, &asked).await,
            "memory" => measure::memory(&url, &asked).await,
            "pay" => measure::pay(&url, &asked).await,
            _ => Err(usage.into()),
        }
    })
}
