//! Where a statement of the law comes from and how sure it is.
//!
//! Every file begins with `[provenance]`, and a single entry may be less sure than its file. What
//! was looked for and not found is listed too, so that nobody takes silence for completeness.
//! Deliberately not here: a judgement. The engine sells by what the files say; people read this.

use std::fmt;

use crate::date::Date;
use crate::source::{Section, shortened};

/// How sure a statement is, from best to worst. The letters stand in the files.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Sure {
    /// `F`: found in a public source, which is named.
    Found,
    /// `computed`: follows by arithmetic from statements of the same file.
    Computed,
    /// `F-`: found, but the source is weak.
    FoundWeakly,
    /// `K`: general knowledge, no source at hand.
    Known,
    /// `G`: our reading of the law; a lawyer may read otherwise.
    OurReading,
    /// `NF`: looked for and not found; what stands here is a placeholder.
    NotFound,
}

impl Sure {
    /// Every degree with its letters, in the order from best to worst.
    pub const ALL: [(Sure, &'static str); 6] = [
        (Sure::Found, "F"),
        (Sure::Computed, "computed"),
        (Sure::FoundWeakly, "F-"),
        (Sure::Known, "K"),
        (Sure::OurReading, "G"),
        (Sure::NotFound, "NF"),
    ];

    /// The letters that stand in the files.
    pub fn letters(self) -> &'static str {
        Sure::ALL.iter().find(|(sure, _)| *sure == self).map_or("", |(_, letters)| letters)
    }
}

impl fmt::Display for Sure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.letters())
    }
}

/// The source of a whole file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Provenance {
    /// Law, order, article or page, as a reader would look it up.
    pub source: String,
    /// The day of the source, or the day on which it was read.
    pub date: Date,
    /// How sure the file is as a whole; an entry may say otherwise for itself.
    pub sure: Sure,
    /// What a reader should know besides.
    pub note: Option<String>,
    /// What was looked for and not found (`NF`), one sentence each.
    pub missing: Vec<String>,
}

impl Provenance {
    /// What entries without a degree of their own inherit. A file whose provenance has a fault is
    /// refused; until then its entries count as least sure, and are not faulted for it too.
    pub(crate) fn sure_of(file: Option<&Provenance>) -> Sure {
        file.map_or(Sure::NotFound, |provenance| provenance.sure)
    }

    /// Reads the `[provenance]` of a file.
    pub(crate) fn read(file: &Section<'_>) -> Option<Provenance> {
        let section = file.section("provenance")?;
        let source = section.text("source");
        let date = section.date("date");
        let sure = read_sure(&section, None);
        let note = read_note(&section);
        let missing = section.optional_texts("missing").unwrap_or_default();
        section.close();
        Some(Provenance {
            source: source?.value.to_owned(),
            date: date?,
            sure: sure?,
            note,
            missing: missing.into_iter().map(|text| text.value.to_owned()).collect(),
        })
    }
}

/// Reads `sure`; an entry without one is as sure as its file (`inherited`).
pub(crate) fn read_sure(section: &Section<'_>, inherited: Option<Sure>) -> Option<Sure> {
    let text = match inherited {
        Some(_) => section.optional_text("sure"),
        None => section.text("sure"),
    };
    let Some(text) = text else { return inherited };
    let found = Sure::ALL.iter().find(|(_, letters)| *letters == text.value);
    if found.is_none() {
        let message = format!("`{}` is no degree of sureness.", shortened(text.value));
        let expected = Sure::ALL.map(|(_, letters)| letters);
        section.fault_expecting(&text.span, "sure_unknown", message, expected);
    }
    found.map(|(sure, _)| *sure)
}

/// Reads `note`, which any entry may carry.
pub(crate) fn read_note(section: &Section<'_>) -> Option<String> {
    section.optional_text("note").map(|text| text.value.to_owned())
}
