//! Tariffs: immutable revisions of what marks cost, each in force from a day.
//!
//! A price depends on the format, on how the mark is acquired, on the class of its digits, on the
//! class of its series, and on the day. A tariff is a list of rules in order: the first that names
//! the digits and the series wins. `read.rs` reads the file, `table.rs` compiles the rules to two
//! tables and a lookup of their pair, `report.rs` says what the compiler saw. Deliberately not here:
//! the index (`mci.rs`), tags (`beauty.rs`) and what is withheld (`withheld.rs`): none of them moves a
//! price class.

mod axis;
mod compile;
mod read;
mod report;
mod table;

pub use report::{NeverWins, NotOfferedCount, Overlap, TariffReport, TierCount};
pub use table::Claim;

pub(crate) use read::{read_format_id, read_tariff};
pub(crate) use table::Table;

use std::ops::Range;

use crate::area::Area;
use crate::date::Date;
use crate::format::FormatId;
use crate::mark::Mark;
use crate::names::Names;
use crate::provenance::{Provenance, Sure};
use crate::tier::{Acquired, Tier, TierId};

/// One revision of all prices. Immutable: another price is another tariff.
#[derive(Clone, Debug)]
pub struct Tariff {
    /// Its identifier, such as `kz-2026`.
    pub id: String,
    /// What it is called.
    pub names: Names,
    /// SHA-256 over its canonical content, 64 hex digits: the name by which holds remember it.
    pub revision: String,
    /// The first day it applies, until a later tariff takes over.
    pub in_force_from: Date,
    /// Where it comes from.
    pub provenance: Provenance,
    /// The price classes.
    pub tiers: Vec<Tier>,
    /// The legal clauses that rules refer to.
    pub clauses: Vec<Clause>,
    /// The rules, in the order in which they win.
    pub rules: Vec<Rule>,
    /// What the compiler saw.
    pub report: TariffReport,
    pub(crate) file: String,
    tables: Vec<FormatTables>,
}

/// A legal clause, cited by rules and shown to citizens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Clause {
    /// Its identifier.
    pub id: String,
    /// The citation in three languages.
    pub text: Names,
}

/// What a rule does with the marks it wins.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum Offer {
    /// They are of this tier.
    Tier(TierId),
    /// They cannot be acquired in this way at all: a mark worth choosing is not assigned at 2.8 MCI.
    NotOffered,
}

/// One rule: which marks, how acquired, and what follows.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its identifier.
    pub id: String,
    /// For which way of acquiring it speaks.
    pub acquired: Acquired,
    /// What follows.
    pub offer: Offer,
    /// The pattern of digits, as it is written; `None`: any.
    pub digits: Option<String>,
    /// The pattern of series, as it is written; `None`: any.
    pub series: Option<String>,
    /// Which clause of [`Tariff::clauses`] it rests on.
    pub clause: usize,
    /// How sure it is.
    pub sure: Sure,
    /// What a reader should know besides.
    pub note: Option<String>,
    span: Range<usize>,
    claims: Vec<Option<Claim>>,
}

impl Rule {
    /// The marks it names in a format; `None` where it does not speak for that format.
    pub fn claim(&self, format: FormatId) -> Option<&Claim> {
        self.claims.get(usize::from(format.0))?.as_ref()
    }
}

/// The compiled rules of one format, a table for each way of acquiring; `None` for a disabled format.
type FormatTables = Option<[AcquiredTable; 2]>;

/// One table with the rules behind its winners.
#[derive(Clone, Debug)]
struct AcquiredTable {
    table: Table,
    /// Positions in [`Tariff::rules`] of the rules in the table, in order.
    rules: Vec<usize>,
    /// The area of each tier of the tariff.
    tier_areas: Vec<Area>,
    not_offered: Area,
}

impl Tariff {
    /// The position of the rule that wins for a mark, by the compiled tables.
    #[inline]
    pub fn winner(&self, mark: Mark, acquired: Acquired) -> Option<usize> {
        let compiled = self.compiled(mark.format, acquired)?;
        let winner = compiled.table.winner(mark.series, mark.digits);
        compiled.rules.get(usize::from(winner)).copied()
    }

    /// What the tariff says of a mark, by the compiled tables; `None` where the format has no prices.
    #[inline]
    pub fn offer(&self, mark: Mark, acquired: Acquired) -> Option<Offer> {
        self.winner(mark, acquired).and_then(|winner| self.rules.get(winner)).map(|rule| rule.offer)
    }

    /// The same by walking the rules: slow, and the reference that the tables are held against.
    pub fn winner_by_walk(&self, mark: Mark, acquired: Acquired) -> Option<usize> {
        self.rules.iter().position(|rule| {
            rule.acquired == acquired && rule.claim(mark.format).is_some_and(|claim| claim.contains(mark))
        })
    }

    /// A tier by its number.
    pub fn tier(&self, id: TierId) -> Option<&Tier> {
        self.tiers.get(usize::from(id.0))
    }

    /// A tier's number by its identifier.
    pub fn tier_by_id(&self, id: &str) -> Option<TierId> {
        self.tiers.iter().position(|tier| tier.id == id).and_then(|at| u8::try_from(at).ok()).map(TierId)
    }

    /// The marks of a tier in one format; `None` for a format without prices or another tariff's tier.
    pub fn tier_area(&self, acquired: Acquired, tier: TierId, format: FormatId) -> Option<&Area> {
        self.compiled(format, acquired)?.tier_areas.get(usize::from(tier.0))
    }

    /// The marks of a format that cannot be acquired in this way.
    pub fn not_offered_area(&self, acquired: Acquired, format: FormatId) -> Option<&Area> {
        self.compiled(format, acquired).map(|compiled| &compiled.not_offered)
    }

    pub(crate) fn table(&self, format: FormatId, acquired: Acquired) -> Option<(&Table, &[usize])> {
        self.compiled(format, acquired).map(|compiled| (&compiled.table, compiled.rules.as_slice()))
    }

    fn compiled(&self, format: FormatId, acquired: Acquired) -> Option<&AcquiredTable> {
        self.tables.get(usize::from(format.0))?.as_ref()?.get(acquired.index())
    }
}
