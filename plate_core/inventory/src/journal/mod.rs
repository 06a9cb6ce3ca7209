//! The journal: every transition of every mark and every document, on disk, in the order in which it happened.
//!
//! Here: segment files, their writer, their reader, and the replay that rebuilds the state from them.
//! Deliberately not here: who calls the writer and when (the keeper, in `plateapi/keeper`), and what an
//! entry means (`feed`). The journal carries the feed's bytes as they are; it never writes them anew, so
//! that what the store said and what the disk keeps are the same bytes.
//!
//! ```text
//! segment  = "PLATEJ01"  number:u64  chain:[32]   frame*
//! frame    = length:u32  payload[length]  link:[32]
//! payload  = pool_length:u8  pool  revision:u64  sequence:u64  entry
//! link     = SHA-256(previous link, length, payload)
//! ```
//!
//! All integers are little-endian. The first link of a segment continues from its header's `chain`, which
//! repeats the last link of the segment before, so an edit, a swap or a missing segment breaks the chain at
//! that place. A link costs about a microsecond; a bare checksum would be cheaper and would show accidents
//! only, not intent.

mod error;
mod frame;
mod reader;
mod replay;
mod segment;
mod writer;

pub use error::JournalError;
pub use frame::{EntryId, Frame};
pub use reader::{Frames, read_frames, read_history};
pub use replay::{Plane, PoolState, Replay};
pub use writer::JournalWriter;
