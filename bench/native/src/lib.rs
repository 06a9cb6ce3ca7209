//! What benches measure inside Rust, so that no figure of the core holds the cost of a border.
//!
//! Here: the law ([`law`]), the country with 5.9 million marks on the road ([`country`]), the published mix
//! of patterns ([`mix`]) and how a call is timed ([`timing`]); `src/bin` holds the programs that use them.
//! Not here: verdicts, ratios and tables (`bench/figures.py`), and anything that a wheel contains.

#![allow(clippy::expect_used, reason = "a bench may stop: what cannot be measured must not look measured")]

pub mod country;
pub mod law;
pub mod mix;
pub mod timing;
