//! `launch RUN.json`: people of a launch day over HTTP, where a generator in Python would eat the cores it measures.
//!
//!   run      what a run is told: address, plan, connections, rate, bounds
//!   plan     the plan that Python prepared: tokens, marks, keys; one JSON object a line
//!   client   one connection that is kept
//!   journey  one application, from the search to the mark that is the citizen's
//!   channel  a channel's service account: batches of holds, then acts on some of them
//!   request  one request of a plan, for its own sake
//!   crowd    who asks when: as fast as answers come, or at a rate, whatever the answers do
//!   told     what people were told, in the checker's words
//!   tally    requests, failures, latencies
//!
//! One JSON summary goes to stdout. A closed loop asks again when it is answered. An open loop asks when it is time,
//! and counts latency from the moment that was intended, so that a service which stalls cannot hide it by being asked
//! less. Not here: starting a service, making tokens, judging what was told (`loadtests/history/check.py`).

mod channel;
mod client;
mod crowd;
mod journey;
mod plan;
mod request;
mod run;
mod tally;
mod told;

use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    match launch() {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            let _ = writeln!(std::io::stderr(), "launch: {sentence}");
            ExitCode::FAILURE
        }
    }
}

fn launch() -> Result<(), String> {
    let path = std::env::args().nth(1).ok_or("say which run: launch RUN.json")?;
    let run = run::Run::read(&path)?;
    // One thread: the generator shares its cores with what it measures, and must not fight it for both.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let summary = tokio::task::LocalSet::new().block_on(&runtime, crowd::let_in(run))?;
    writeln!(std::io::stdout(), "{summary}").map_err(|error| error.to_string())
}
