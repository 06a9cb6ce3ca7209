//! What a mark is, what is beautiful about it and what it costs, and why: bytes in, values out.
//!
//! Here: marks and their numbering ([`mark`], [`ordinal`]), the reading of what people type ([`parse`]),
//! sets of marks that are never listed ([`mask`], [`area`]), the pattern language ([`pattern`]) and the law
//! as it is compiled from `patterns/` (the rule book).
//! Deliberately absent: Redis, Python, HTTP, files, clocks and randomness. Whoever calls brings the bytes
//! and the date, so every result here can be checked again by anybody, on any machine.
//! Where to look next: `patterns/README.md` for the language, `plate_core/scan` for searching the bitmaps.
#![forbid(unsafe_code)]

pub mod alphabet;
pub mod area;
pub mod bounds;
pub mod fault;
#[doc(hidden)]
pub mod fixtures;
pub mod format;
pub mod mark;
pub mod mask;
pub mod names;
pub mod ordinal;
pub mod parse;
pub mod pattern;
pub mod region;

pub use area::{Area, Rectangle};
pub use fault::{Fault, Origin};
pub use format::{ForeignFormat, Format, FormatId, Formats};
pub use mark::{Mark, Pool};
pub use mask::{DigitMask, RegionMask, SeriesMask};
pub use names::Names;
pub use ordinal::{Ordinal, OrdinalError};
pub use parse::ParseError;
pub use pattern::Pattern;
pub use region::{Region, RegionInfo};
