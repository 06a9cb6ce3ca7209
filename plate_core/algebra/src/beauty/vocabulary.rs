//! Lends the names of tags to the pattern language: `@mirror_digits`, or `мирр` as a driver types it.

use super::{BeautyTable, Tag};
use crate::area::Area;
use crate::format::FormatId;
use crate::pattern::Vocabulary;

/// The tags that are known so far, by identifier and by the words people say.
pub(super) struct Said<'a>(pub(super) &'a [Tag]);

impl Vocabulary for Said<'_> {
    fn area(&self, name: &str, format: FormatId) -> Option<&Area> {
        self.0.iter().find(|tag| tag.words().any(|word| word == name))?.area(format)
    }

    fn names(&self) -> Vec<&str> {
        self.0.iter().flat_map(Tag::words).collect()
    }
}

impl Vocabulary for BeautyTable {
    fn area(&self, name: &str, format: FormatId) -> Option<&Area> {
        self.tags.iter().find(|tag| tag.words().any(|word| word == name))?.area(format)
    }

    fn names(&self) -> Vec<&str> {
        self.tags.iter().flat_map(Tag::words).collect()
    }
}
