//! The pattern language of `patterns/` and of search.

use crate::{
    area::Area,
    fault::{Fault, Origin},
    format::{FormatId, Formats},
    mark::Mark,
};

/// A compiled pattern: an area for each format.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    areas: Vec<Area>,
    nothing: Area,
    countable: u64,
}

impl Pattern {
    /// Compiles a pattern; every fault at once.
    pub fn compile(text: &str, origin: &Origin, formats: &Formats) -> Result<Pattern, Vec<Fault>> {
        let _ = (text, formats);
        Err(vec![Fault::at(
            origin,
            "pattern_not_read",
            "patterns are not read yet.",
        )])
    }

    /// The marks of one format.
    pub fn area(&self, format: FormatId) -> &Area {
        self.areas
            .get(usize::from(format.0))
            .unwrap_or(&self.nothing)
    }

    /// Whether a mark fits.
    pub fn contains(&self, mark: Mark) -> bool {
        self.area(mark.format).contains(mark)
    }

    /// How many marks of the enabled formats fit.
    pub fn count(&self) -> u64 {
        self.countable
    }

    /// The text as it was given.
    pub fn text(&self) -> &str {
        &self.text
    }
}
