//! Requests, failures and latencies, by what was asked.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

/// How many failures are told in words; the others are counted.
const SHOWN: usize = 10;
/// What happened to a request that got no status.
const NO_STATUS: &str = "none";

/// What a run came to.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    statuses: BTreeMap<String, BTreeMap<String, u64>>,
    latencies_us: BTreeMap<String, Vec<u64>>,
    ends: BTreeMap<&'static str, u64>,
    failures: Vec<String>,
    failed: u64,
}

impl Tally {
    /// One request was answered, or not (`None`).
    pub(crate) fn count(&mut self, label: &str, status: Option<u16>, latency: Duration) {
        let status = status.map_or(NO_STATUS.to_owned(), |status| status.to_string());
        *entry(&mut self.statuses, label).entry(status).or_default() += 1;
        entry(&mut self.latencies_us, label).push(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX));
    }

    /// A request failed: no rule foresees its answer.
    pub(crate) fn fail(&mut self, sentence: String) {
        self.failed += 1;
        if self.failures.len() < SHOWN {
            self.failures.push(sentence);
        }
    }

    /// A journey came to its end.
    pub(crate) fn end(&mut self, how: &'static str) {
        *self.ends.entry(how).or_default() += 1;
    }

    /// The summary, for whoever started the run.
    pub(crate) fn summary(&mut self, seconds: f64) -> Value {
        let requests: u64 = self.statuses.values().flat_map(BTreeMap::values).sum();
        let latencies: BTreeMap<&String, Value> =
            self.latencies_us.iter_mut().map(|(label, all)| (label, percentiles(all))).collect();
        json!({
            "seconds": seconds,
            "requests": requests,
            "failed": self.failed,
            "failures": self.failures,
            "journeys": self.ends,
            "statuses": self.statuses,
            "latency_ms": latencies,
        })
    }
}

/// The entry of a label, which is copied only when it is new.
fn entry<'a, T: Default>(map: &'a mut BTreeMap<String, T>, label: &str) -> &'a mut T {
    if !map.contains_key(label) {
        map.insert(label.to_owned(), T::default());
    }
    map.entry(label.to_owned()).or_default()
}

fn percentiles(all: &mut [u64]) -> Value {
    all.sort_unstable();
    let at = |share: f64| milliseconds(all[rank(all.len(), share)]);
    json!({"p50": at(0.5), "p90": at(0.9), "p99": at(0.99), "max": at(1.0)})
}

/// The index of the smallest value that a share of all does not exceed; `len` is above 0.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
fn rank(len: usize, share: f64) -> usize {
    ((len as f64 * share).ceil() as usize).clamp(1, len) - 1
}

#[allow(clippy::cast_precision_loss)]
fn milliseconds(microseconds: u64) -> f64 {
    microseconds as f64 / 1e3
}

#[cfg(test)]
mod tests {
    use super::{Tally, rank};
    use std::time::Duration;

    #[test]
    fn a_percentile_is_a_value_that_was_measured() {
        assert_eq!([rank(100, 0.5), rank(100, 0.99), rank(100, 1.0)], [49, 98, 99]);
        assert_eq!([rank(1, 0.5), rank(1, 1.0)], [0, 0]);
    }

    #[test]
    fn requests_without_a_status_are_counted_too() {
        let mut tally = Tally::default();
        tally.count("hold", Some(201), Duration::from_millis(2));
        tally.count("hold", None, Duration::from_millis(4));
        tally.fail("hold: no answer".to_owned());
        let summary = tally.summary(1.0);
        assert_eq!(summary["requests"], 2);
        assert_eq!(summary["failed"], 1);
        assert_eq!(summary["statuses"]["hold"]["none"], 1);
        assert_eq!(summary["latency_ms"]["hold"]["max"], 4.0);
    }
}
