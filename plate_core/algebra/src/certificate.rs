//! The certificate of a price: every rule that was asked, the one that won, and all that follows.
//!
//! It is found by walking the rules, not by the tables, so that it is an independent witness; a
//! property holds the two against each other. A certificate holds no text of its own: names, clauses
//! and reasons are the rule book's, in three languages. Look next at `rulebook/price.rs`, which makes it.

use crate::beauty::Tag;
use crate::date::Date;
use crate::format::Format;
use crate::mark::Mark;
use crate::mci::Mci;
use crate::money::{MciAmount, Tiyn};
use crate::tariff::{Clause, Rule, Tariff};
use crate::tier::{Acquired, Tier};
use crate::withheld::Withholding;

/// Why a mark costs what it costs.
#[derive(Clone, Debug)]
pub struct Certificate<'a> {
    /// The mark.
    pub mark: Mark,
    /// The mark as it is written in files: `777AAA02`.
    pub text: String,
    /// Its format.
    pub format: &'a Format,
    /// The way of acquiring that was asked about.
    pub acquired: Acquired,
    /// The day that was asked about.
    pub on: Date,
    /// The tariff in force on that day.
    pub tariff: &'a Tariff,
    /// The index of that day.
    pub mci: &'a Mci,
    /// Every rule that speaks for this format and this way of acquiring, in the order in which they win.
    pub rules: Vec<Ruling<'a>>,
    /// The tier and the price; `None` where the winning rule does not offer the mark in this way.
    pub price: Option<Price<'a>>,
    /// The patterns of beauty it carries.
    pub tags: Vec<&'a Tag>,
    /// Why it is withheld, if it is.
    pub withheld: Option<&'a Withholding>,
}

/// What one rule said.
#[derive(Clone, Debug)]
pub struct Ruling<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// Its place in the tariff, from 1: of the rules that match, the one with the lowest place wins.
    pub order: usize,
    /// Whether it names the mark.
    pub matched: bool,
    /// Whether it won.
    pub won: bool,
    /// The clause it rests on.
    pub clause: Option<&'a Clause>,
}

/// A price: number of MCI, the index, and their product.
#[derive(Copy, Clone, Debug)]
pub struct Price<'a> {
    /// The tier.
    pub tier: &'a Tier,
    /// The duty in MCI.
    pub mci: MciAmount,
    /// The index in tenge.
    pub mci_value_tenge: i64,
    /// The amount.
    pub amount: Tiyn,
}

/// A price without its reasons, as a hold records it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Quote {
    /// The tier's identifier.
    pub tier: String,
    /// The duty in MCI.
    pub mci: MciAmount,
    /// The index in tenge.
    pub mci_value_tenge: i64,
    /// The amount.
    pub amount: Tiyn,
    /// The tariff's revision, 64 hex digits.
    pub tariff: String,
}

/// Why there is no price.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PriceError {
    /// No tariff is in force on that day.
    #[error("no tariff is known for {on}{}", first_known(first))]
    NoTariff {
        /// The day that was asked about.
        on: Date,
        /// The first day for which a tariff is known.
        first: Option<Date>,
    },
    /// The index of that day is unknown.
    #[error("the MCI of {on} is unknown{}", last_known(last))]
    NoMci {
        /// The day that was asked about.
        on: Date,
        /// The last day for which the index is known.
        last: Option<Date>,
    },
    /// The tariff does not offer this mark in this way.
    #[error("this mark is not offered as {}: rule {rule}", acquired.word())]
    NotOffered {
        /// The way of acquiring.
        acquired: Acquired,
        /// The rule that says so.
        rule: String,
    },
    /// No mark of an enabled format.
    #[error("marks of this format have no price")]
    FormatWithoutPrices,
    /// The product does not fit; the bounds of files forbid it, so it is named and not shown as a price.
    #[error("the amount is out of range")]
    AmountOutOfRange,
}

impl PriceError {
    /// The stable slug of the cause.
    pub fn slug(&self) -> &'static str {
        match self {
            PriceError::NoTariff { .. } => "no_tariff_in_force",
            PriceError::NoMci { .. } => "mci_unknown",
            PriceError::NotOffered { .. } => "not_offered",
            PriceError::FormatWithoutPrices => "format_without_prices",
            PriceError::AmountOutOfRange => "amount_out_of_range",
        }
    }
}

fn first_known(first: &Option<Date>) -> String {
    first.map_or_else(String::new, |date| format!("; the first known one is in force from {date}"))
}

fn last_known(last: &Option<Date>) -> String {
    last.map_or_else(String::new, |date| format!("; it is known until {date}"))
}
