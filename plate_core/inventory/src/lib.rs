//! The atomic inventory over Valkey or Redis: lifecycle, keys, model, store, journal, replica.
//!
//! Data flows one way: an item ([`item`]) with its act ([`act`]) goes in, is judged by the lifecycle's rules,
//! and an answer ([`answer`]) and transitions ([`feed`]) come out. The vocabulary modules below know neither
//! Redis nor files nor clocks: time is an argument everywhere in them.
//!
//! Not here: what a mark looks like or costs (plate-algebra), how a plane is searched (plate-scan), anything
//! of Python or HTTP.

#![forbid(unsafe_code)]

// The vocabulary.
pub mod act;
pub mod answer;
mod coded;
pub mod feed;
pub mod id;
pub mod item;
pub mod outcome;
pub mod payment;
pub mod placement;
pub mod record;
pub mod settings;
pub mod state;

// What is right, and the oracle that runs on it.
pub mod lifecycle;
pub mod model;

// The way in for many callers at once.
pub mod engine;
pub mod pipeline;

// The inventory in Valkey or Redis.
pub mod keys;
pub mod library;
#[cfg(any(test, feature = "sabotage"))]
pub mod sabotage;
pub mod store;

// The machine's bitmaps, kept from the store.
pub mod replica;

// How it is packed, and what is kept on disk.
pub mod codec;
pub mod journal;
