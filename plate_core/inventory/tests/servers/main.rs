//! The store against real servers: Valkey and Redis, one after the other, each test with a server of its own.
//!
//! `server` starts them, `people` makes the acts. What a test states stands in its doc comment.

// A test says what it expects by panicking, and so do the functions that set it up.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod beside_the_marks;
mod cluster;
mod constant_calls;
mod contract;
mod differential;
mod documents;
mod driver;
mod failures;
mod midway;
mod people;
mod replica;
mod restore;
mod server;
mod settings;
