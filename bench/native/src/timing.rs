//! How a call is timed, and what is said of many timings.
//!
//! By the processor time of this thread: a core that is shared with others is still one core, and what they
//! take of it is no cost of ours.
//! Not here: rounds and the ratios between sides, which take turns in `bench/figures.py`.

use std::hint::black_box;

use rustix::time::{ClockId, clock_gettime};

/// Microseconds of one call.
pub fn micros<T>(call: impl FnOnce() -> T) -> f64 {
    let start = thread_micros();
    black_box(call());
    thread_micros() - start
}

/// The processor time that this thread has had.
fn thread_micros() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
}

/// The median of the microseconds of several calls: one that was interrupted does not count.
pub fn median_micros<T>(calls: usize, mut call: impl FnMut() -> T) -> f64 {
    share_of((0..calls).map(|_| micros(&mut call)).collect(), 0.5)
}

/// The value below which this share of all values lies (the nearest rank); NaN where there is none.
#[must_use]
pub fn share_of(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let rank = (values.len() as f64 * share).ceil() as usize;
    values.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::share_of;

    /// The nearest rank: of 200 values, p99 is the third largest.
    #[test]
    fn a_share_is_by_the_nearest_rank() {
        let values: Vec<f64> = (1..=200).rev().map(f64::from).collect();
        assert_eq!(share_of(values.clone(), 0.99), 198.0);
        assert_eq!(share_of(values.clone(), 0.5), 100.0);
        assert_eq!(share_of(values, 1.0), 200.0);
        assert!(share_of(Vec::new(), 0.5).is_nan());
    }
}
