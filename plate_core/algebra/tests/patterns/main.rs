//! The pattern language: what it means, mark by mark, and what it refuses.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod bounded;
mod exhaustive;
mod faults;
mod free_form;
mod generated;
mod names;
mod readme;
mod reference;
