//! Bitmaps of marks: row kernels, shared planes, the query engine. The only crate with unsafe.
//!
//! Data flows one way: a [`PlanesWriter`] keeps the [`Planes`] of all pools in memory (a file that
//! all processes of a machine map, or private memory in tests); readers ask them, or put a query to
//! them. What the planes say is advisory and milliseconds old: they find candidates, only the store
//! decides.
//!
//! Deliberately absent: Redis and the change feed (`plate_inventory::replica` follows them), Python,
//! and what makes a mark beautiful or dear (`plate_algebra`, whose areas come in as arguments).
//! Where to look next: `layout` for the shape of the memory, [`kernels`] for how it is read.

#![deny(unsafe_code)]

#[allow(unsafe_code)]
pub mod kernels;
mod layout;
#[allow(unsafe_code)]
mod memory;
mod permutation;
mod planes;
mod planes_file;
mod query;
mod replica;
mod writer;

pub use planes::{MarkState, PlaneBits, Planes, PoolPlanes, PoolSpec, Stamp};
pub use planes_file::{CreateError, PlanesFile};
pub use query::{Cursor, CursorError, LIMIT_MAX, Order, Page, Query, QueryError, Ranks};
pub use replica::{Replica, ReplicaError, pool_specs};
pub use writer::{Change, PlanesWriter, PoolImage, WriteError};
