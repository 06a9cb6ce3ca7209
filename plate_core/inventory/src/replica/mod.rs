//! The follower: keeps the machine's shared bitmaps as the store has them.
//!
//! ```text
//! store ── snapshot (planes + revision) ──► follower ──► PlanesFile ──► every process of the machine
//!       └─ change feed (absolute bits) ───┘
//! ```
//!
//! One thread with a runtime of its own and a connection of its own, since it mostly waits in a blocking read.
//! It takes an atomic snapshot of each pool, then follows the feeds of all of them. Revisions have no gaps, so a
//! reader knows by himself when he missed something: then, after any broken connection, and when he is so far
//! behind that copying is cheaper, he takes a new snapshot. What it keeps is advisory and milliseconds old. A primary
//! of a cluster that is away holds up the pools of no other.
//!
//! Deliberately not here: which marks a rule withholds (the `withhold` verb writes that into the store, the
//! follower mirrors the store), how bitmaps are searched (plate-scan), the journal (which reads the feed for itself).

mod bits;
mod follower;
mod health;
mod source;
mod writer;

pub use follower::{FollowerError, Times};
pub use health::Health;
pub use source::{Heads, Source};
pub use writer::{ReplicaWriter, StartError};

#[cfg(test)]
mod tests;
