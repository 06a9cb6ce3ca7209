//! What is beautiful about a mark, besides its price: named patterns, of which it can carry several.
//!
//! Each pattern is a [`Tag`] with names and points; the points of all tags of a mark add up to its
//! beauty, by which search can order. `read.rs` reads the files, `index.rs` finds the tags of one mark
//! by three loads, `score.rs` parts a format into areas of equal beauty. Deliberately not here:
//! prices. A tag moves no price; where beauty costs, a rule of the tariff says so itself.

mod index;
mod look_alike;
mod read;
mod score;
mod vocabulary;

pub(crate) use index::TagIndex;

use std::sync::OnceLock;

use crate::area::Area;
use crate::format::{FormatId, Formats};
use crate::mark::Mark;
use crate::names::Names;
use crate::provenance::{Provenance, Sure};

/// A tag, by its place in [`BeautyTable::tags`]. Meaningful only with its rule book.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct TagId(pub u8);

/// The tags that a mark carries, one bit each.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub struct TagSet(pub u64);

impl TagSet {
    /// Whether the tag is among them.
    pub fn contains(self, tag: TagId) -> bool {
        self.0.checked_shr(u32::from(tag.0)).is_some_and(|rest| rest & 1 == 1)
    }

    /// The tags, in the order of their numbers.
    pub fn iter(self) -> impl Iterator<Item = TagId> {
        (0..64).map(TagId).filter(move |tag| self.contains(*tag))
    }

    /// How many.
    pub fn count(self) -> u32 {
        self.0.count_ones()
    }

    pub(crate) fn with(self, tag: TagId) -> TagSet {
        TagSet(self.0 | 1_u64.checked_shl(u32::from(tag.0)).unwrap_or(0))
    }
}

/// A named pattern of beauty.
#[derive(Clone, Debug)]
pub struct Tag {
    /// Its identifier, such as `mirror_digits`; patterns refer to it as `@mirror_digits`.
    pub id: String,
    /// Words by which people may ask for it without `@`, lower case.
    pub said: Vec<String>,
    /// What it is called.
    pub names: Names,
    /// Its points.
    pub beauty: u32,
    /// How sure it is.
    pub sure: Sure,
    /// What a reader should know besides.
    pub note: Option<String>,
    /// How many marks of enabled formats carry it, in the whole country.
    pub marks: u64,
    areas: Vec<Area>,
}

impl Tag {
    /// Its identifier and the words by which people may ask for it.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.id.as_str()).chain(self.said.iter().map(String::as_str))
    }

    /// The marks of a format that carry it; `None` for a format of another rule book.
    pub fn area(&self, format: FormatId) -> Option<&Area> {
        self.areas.get(usize::from(format.0))
    }
}

/// Every tag, with what finds the tags of a mark.
#[derive(Clone, Debug)]
pub struct BeautyTable {
    tags: Vec<Tag>,
    provenances: Vec<Provenance>,
    indexes: Vec<TagIndex>,
    by_score: Vec<ByScore>,
    nothing: Area,
}

/// The areas of one format by beauty. Parting a format takes a tenth of a second and not every process
/// searches by beauty, so it waits until somebody asks.
#[derive(Clone, Debug)]
struct ByScore {
    whole: Area,
    areas: OnceLock<Vec<(u32, Area)>>,
}

impl BeautyTable {
    fn new(tags: Vec<Tag>, provenances: Vec<Provenance>, formats: &Formats) -> BeautyTable {
        let indexes = formats.iter().map(|(id, format)| TagIndex::build(&tags, id, format)).collect();
        let by_score = formats.iter().map(|(id, format)| ByScore {
            whole: if format.enabled { formats.whole(id) } else { Area::empty(id, format.rows()) },
            areas: OnceLock::new(),
        });
        BeautyTable {
            by_score: by_score.collect(),
            tags,
            provenances,
            indexes,
            nothing: Area::empty(FormatId(u8::MAX), 0),
        }
    }

    /// Every tag, in the order of files and lines.
    pub fn tags(&self) -> &[Tag] {
        &self.tags
    }

    /// A tag by its number.
    pub fn tag(&self, id: TagId) -> Option<&Tag> {
        self.tags.get(usize::from(id.0))
    }

    /// A tag's number by its identifier.
    pub fn by_id(&self, id: &str) -> Option<TagId> {
        self.tags.iter().position(|tag| tag.id == id).and_then(|at| u8::try_from(at).ok()).map(TagId)
    }

    /// Where the tags come from, a file each.
    pub fn provenances(&self) -> &[Provenance] {
        &self.provenances
    }

    /// The tags of a mark.
    #[inline]
    pub fn tags_of(&self, mark: Mark) -> TagSet {
        self.indexes.get(usize::from(mark.format.0)).map_or(TagSet::default(), |index| index.tags_of(mark))
    }

    /// The beauty of a mark: the points of its tags added up.
    pub fn score(&self, mark: Mark) -> u32 {
        self.tags_of(mark).iter().filter_map(|tag| self.tag(tag)).map(|tag| tag.beauty).sum()
    }

    /// The marks of a format that carry a tag.
    pub fn area(&self, tag: TagId, format: FormatId) -> &Area {
        self.tag(tag).and_then(|tag| tag.area(format)).unwrap_or(&self.nothing)
    }

    /// The marks of a format by beauty, the most beautiful first; disjoint, and every mark is in one. None
    /// for a disabled format.
    pub fn areas_by_score(&self, format: FormatId) -> &[(u32, Area)] {
        let Some(one) = self.by_score.get(usize::from(format.0)) else { return &[] };
        one.areas.get_or_init(|| score::areas_by_score(&self.tags, &one.whole))
    }
}
