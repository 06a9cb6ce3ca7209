//! What a mark is, what is beautiful about it and what it costs, and why: bytes in, values out.
//!
//! Here: marks and their numbering ([`mark`], [`ordinal`]), the reading of what people type ([`parse`]),
//! sets of marks that are never listed ([`mask`], [`area`]), the pattern language ([`pattern`]), the law as it is
//! compiled from `patterns/` (the rule book), and what stands for a person in place of his number ([`applicant`]).
//! Deliberately absent: Redis, Python, HTTP, files, clocks and randomness. Whoever calls brings the bytes
//! and the date, so every result here can be checked again by anybody, on any machine.
//! Where to look next: `patterns/README.md` for the language, `plate_core/scan` for searching the bitmaps.
#![forbid(unsafe_code)]

pub mod alphabet;
pub mod applicant;
pub mod area;
pub mod beauty;
pub mod bounds;
mod canonical;
pub mod certificate;
pub mod classify;
pub mod column;
pub mod date;
pub mod fault;
#[doc(hidden)]
pub mod fixtures;
pub mod format;
pub mod mark;
pub mod mask;
pub mod mci;
pub mod money;
pub mod names;
pub mod ordinal;
pub mod parse;
pub mod pattern;
pub mod preview;
pub mod provenance;
pub mod region;
pub mod rulebook;
mod source;
pub mod tariff;
pub mod tier;
pub mod withheld;
pub mod words;

pub use area::{Area, Budget, Excess, Operation, Rectangle};
pub use beauty::{BeautyTable, Tag, TagId, TagSet};
pub use certificate::{Certificate, PriceError, Quote};
pub use classify::{Classification, Classifier};
pub use date::Date;
pub use fault::{Fault, Origin};
pub use format::{ForeignFormat, Format, FormatId, Formats};
pub use mark::{Mark, Pool};
pub use mask::{DigitMask, RegionMask, SeriesMask};
pub use mci::Mci;
pub use money::{MciAmount, Tiyn};
pub use names::Names;
pub use ordinal::{Ordinal, OrdinalError};
pub use parse::ParseError;
pub use pattern::Pattern;
pub use preview::{Move, Preview};
pub use region::{Region, RegionInfo};
pub use rulebook::{ApplicantKind, RuleBook};
pub use tariff::Tariff;
pub use tier::{Acquired, Tier, TierId};
pub use withheld::Withholding;
