//! The clock guard's judgement, transcribed from `plateapi/keeper/clock_guard.py`.
//!
//! The keeper is Python and the simulation is not, so the decision stands twice; `tables/keeper.txt` holds both to the
//! same answers (`tests/table.rs` and `tests/keeper/test_simulated_decisions.py`).

const DRIFT_PER_MS: f64 = 0.001;

/// One look at both clocks.
#[derive(Copy, Clone, Debug)]
pub struct Reading {
    /// The store's time, ms since the epoch.
    pub server_ms: i64,
    /// The machine's own clock before the question.
    pub asked_at_ms: f64,
    /// And after the answer.
    pub answered_at_ms: f64,
}

impl Reading {
    fn offset_ms(&self) -> f64 {
        self.server_ms as f64 - (self.asked_at_ms + self.answered_at_ms) / 2.0
    }

    fn uncertainty_ms(&self) -> f64 {
        (self.answered_at_ms - self.asked_at_ms) / 2.0 + 1.0
    }
}

/// Judges readings.
#[derive(Clone, Debug)]
pub struct ClockGuard {
    tolerance_ms: f64,
    deadline_max_ms: f64,
    judged_at_ms: Option<f64>,
    /// What the next guard of this machine is to know.
    pub memory: Memory,
}

/// What a guard leaves behind.
#[derive(Copy, Clone, Default, Debug)]
pub struct Memory {
    /// By how much the store's clock led at the last agreement.
    pub baseline_ms: Option<f64>,
    /// Until when a clock that was behind is made up for.
    pub rests_until_ms: f64,
}

impl ClockGuard {
    /// A guard that remembers an earlier agreement, or believes its first reading.
    #[must_use]
    pub fn new(tolerance_ms: i64, deadline_max_ms: i64, memory: Memory) -> Self {
        let (tolerance_ms, deadline_max_ms) = (tolerance_ms as f64, deadline_max_ms as f64);
        Self { tolerance_ms, deadline_max_ms, judged_at_ms: None, memory }
    }

    /// Whether the clocks agree and have for long enough.
    pub fn judge(&mut self, reading: &Reading) -> bool {
        let offset = reading.offset_ms();
        let baseline = *self.memory.baseline_ms.get_or_insert(offset);
        let parted_by = offset - baseline;
        let agrees = parted_by.abs() <= self.tolerance_ms + reading.uncertainty_ms();
        if agrees {
            let since = self.judged_at_ms.unwrap_or(reading.answered_at_ms);
            let step = DRIFT_PER_MS * (reading.answered_at_ms - since).max(0.0);
            self.memory.baseline_ms = Some(baseline + step.min((-step).max(parted_by)));
            self.judged_at_ms = Some(reading.answered_at_ms);
        } else if parted_by < 0.0 {
            self.memory.rests_until_ms = reading.answered_at_ms + self.deadline_max_ms;
        }
        agrees && self.memory.rests_until_ms <= reading.answered_at_ms
    }
}
