//! Deterministic simulation: the pure inventory, the engine's decisions and the keeper in one thread, in a world made of
//! a seed. Clocks jump, processes die between any two steps, messages are lost, late, repeated; and after each step the
//! promises are looked at.
//!
//! What runs here is what runs in the service: the lifecycle and the model on it (`inventory::model`), how batches are
//! cut and lists are ended (`inventory::engine`), the feed's bytes and the journal's replay. What is transcribed is the
//! keeper, which is Python (`docs/decisions/0018`). Deliberately not here: Lua, sockets, files, threads: the tests of
//! `make test` and the experiments of `make proof` have the real ones.
//!
//! Where to look next: [`world`] takes the steps, [`ledger`] holds the promises against them.

#![forbid(unsafe_code)]

pub mod chance;
pub mod clock_guard;
pub mod disk;
pub mod keeper;
pub mod ledger;
pub mod network;
pub mod people;
pub mod sabotage;
pub mod seed;
pub mod server;
pub mod table;
pub mod trace;
pub mod trimming;
pub mod universe;
pub mod worker;
pub mod world;
