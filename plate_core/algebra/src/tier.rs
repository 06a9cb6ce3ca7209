//! Tiers: the price classes of one tariff, and how a mark comes to its owner.
//!
//! A tier has a duty in MCI and a name in three languages. Which marks it holds is said by the rules
//! (`tariff/`); what it costs on a day, by the index (`mci.rs`).

use crate::money::MciAmount;
use crate::names::Names;
use crate::provenance::{Sure, read_note, read_sure};
use crate::source::{Section, Text, shortened};

/// How a mark is acquired: a price depends on it.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Acquired {
    /// The applicant named the mark.
    Chosen,
    /// The service gave the next ordinary one.
    Assigned,
}

impl Acquired {
    /// Both ways, in the order of their numbers.
    pub const ALL: [Acquired; 2] = [Acquired::Chosen, Acquired::Assigned];

    /// The word in files, in JSON and on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Acquired::Chosen => "chosen",
            Acquired::Assigned => "assigned",
        }
    }

    /// The way that a word names.
    pub fn from_word(word: &str) -> Option<Acquired> {
        Acquired::ALL.into_iter().find(|acquired| acquired.word() == word)
    }

    pub(crate) fn index(self) -> usize {
        match self {
            Acquired::Chosen => 0,
            Acquired::Assigned => 1,
        }
    }
}

/// A tier of one tariff, by its place in [`crate::tariff::Tariff::tiers`]. Tiers of different
/// tariffs are told apart by their identifiers, never by this number.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct TierId(pub u8);

/// A price class.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tier {
    /// Its identifier, such as `top_identical`.
    pub id: String,
    /// The duty, in MCI.
    pub mci: MciAmount,
    /// What it is called.
    pub names: Names,
    /// How sure the duty is.
    pub sure: Sure,
    /// What a reader should know besides.
    pub note: Option<String>,
}

impl Tier {
    /// Reads one `[[tier]]`; without a degree of its own it is as sure as its file.
    pub(crate) fn read(section: &Section<'_>, inherited: Sure) -> Option<Tier> {
        let id = section.id("id");
        let mci = section.text("mci").and_then(|text| read_mci(section, &text));
        let names = section.names("names");
        let sure = read_sure(section, Some(inherited));
        let note = read_note(section);
        section.close();
        // A tier with a fault still stands in, so that the rules that name it are not faulted too; a
        // tariff with any fault is refused as a whole.
        Some(Tier {
            id: id?.value.to_owned(),
            mci: mci.unwrap_or_default(),
            names: names.unwrap_or_default(),
            sure: sure.unwrap_or(Sure::NotFound),
            note,
        })
    }
}

fn read_mci(section: &Section<'_>, text: &Text<'_>) -> Option<MciAmount> {
    match text.value.parse() {
        Ok(amount) => Some(amount),
        Err(error) => {
            let message = format!("`{}`: {error}.", shortened(text.value));
            section.fault_expecting(
                &text.span,
                "mci_invalid",
                message,
                ["a text such as \"2.8\" or \"228\""],
            );
            None
        }
    }
}
