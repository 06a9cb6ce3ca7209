//! What a run is told.

use serde::Deserialize;

/// How long a run may last when it does not say so, in seconds.
const SECONDS_MAX: u64 = 120;

/// One run of the generator, as Python wrote it down.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Run {
    /// Host and port on loopback.
    pub(crate) address: String,
    /// The file with one journey or one request a line.
    pub(crate) plan: String,
    /// How many connections are kept, each with one request at a time.
    pub(crate) connections: usize,
    /// Arrivals a second; absent, everybody asks as soon as he is answered.
    pub(crate) rate: Option<f64>,
    /// After so long nobody begins anything more.
    #[serde(default = "seconds_max")]
    pub(crate) seconds_max: u64,
    /// Where to write what people were told; absent, nowhere.
    pub(crate) told: Option<String>,
    /// Who may be served by channels and with which marks (`channel.rs`); needed for channels.
    pub(crate) sale: Option<String>,
    /// The payment side's key in hex, by which it signs; needed for journeys.
    #[serde(default)]
    pub(crate) payment_key: String,
}

fn seconds_max() -> u64 {
    SECONDS_MAX
}

impl Run {
    /// The run that stands in a file.
    pub(crate) fn read(path: &str) -> Result<Self, String> {
        let text = std::fs::read(path).map_err(|error| format!("{path}: {error}"))?;
        let run: Self = serde_json::from_slice(&text).map_err(|error| format!("{path}: {error}"))?;
        if run.connections == 0 {
            return Err(format!("{path}: connections must be 1 or more"));
        }
        if run.rate.is_some_and(|rate| !(rate.is_finite() && rate > 0.0)) {
            return Err(format!("{path}: rate must be above 0"));
        }
        Ok(run)
    }
}
