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
//! Beside the segments stand checkpoints of head and count, signed ([`Checkpoint`]): they show what a chain alone does
//! not, a tail that was cut off and a journal that was written anew.
//!
//! All integers are little-endian. The first link of a segment continues from its header's `chain`, which
//! repeats the last link of the segment before, so an edit, a swap or a missing segment breaks the chain at
//! that place. A link costs about a microsecond; a bare checksum would be cheaper and would show accidents
//! only, not intent.

mod checkpoint;
mod durable;
mod error;
mod frame;
mod heed;
mod planes;
mod reader;
mod replay;
mod restoration;
mod segment;
mod verify;
mod writer;

pub use checkpoint::{CHECKPOINT_BYTES, Checkpoint, PublicKey, Signer, read_checkpoints};
pub use error::JournalError;
pub use frame::{EntryId, Frame};
pub use planes::Planes;
pub use reader::{Frames, read_frames, read_history};
pub use replay::{PoolState, Replay};
pub(crate) use restoration::permits;
pub use restoration::{Answered, Cooldown, Restoration};
pub use verify::{Trust, Verified, verify};
pub use writer::JournalWriter;
