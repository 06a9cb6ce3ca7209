//! A pattern as a tree, after its grammar and before its meaning.

use super::token::{Glyph, GlyphSign, Position};

/// A set of marks.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Expression {
    Union(Vec<Expression>, Position),
    Intersection(Vec<Expression>, Position),
    Complement(Box<Expression>, Position),
    /// `digits:`, `series:` or `region:` and what it must be.
    Condition(Segment, Set),
    /// `format:person_car`.
    Format(Word),
    /// `@name`, a pattern of the rule book.
    Reference(Word),
    /// Words in free form, as people type a mark.
    Shape(Vec<Word>),
    /// `001-009`, `AAA-AAZ` or `01-05` in free form.
    Range(Word, Word),
    /// What could not be read; its fault is noted, and nothing more is said of it.
    Invalid,
}

/// Which part of a mark a condition is about.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Segment {
    Digits,
    Series,
    Region,
}

/// A set of values of one segment.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Set {
    Union(Vec<Set>),
    Intersection(Vec<Set>),
    Complement(Box<Set>),
    Shape(Word),
    Range(Word, Word),
    Step(i8, Position),
    Invalid,
}

/// A run of characters without a blank; never empty.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Word {
    pub(crate) glyphs: Vec<Glyph>,
    pub(crate) at: Position,
}

impl Segment {
    /// The word before the colon.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Segment::Digits => "digits",
            Segment::Series => "series",
            Segment::Region => "region",
        }
    }
}

impl Word {
    /// The word as it was typed, in lower case: how names are looked up.
    pub(crate) fn name(&self) -> String {
        self.glyphs.iter().flat_map(|glyph| glyph.raw.to_lowercase()).collect()
    }

    /// Whether this is the word before the brackets of a step.
    pub(crate) fn is_step(&self) -> bool {
        self.name() == "step"
    }

    /// Whether every character is a letter, of a mark or not.
    pub(crate) fn is_letters(&self) -> bool {
        self.glyphs.iter().all(|glyph| match glyph.sign {
            GlyphSign::Letter { .. } => true,
            GlyphSign::Foreign => glyph.raw.is_alphabetic(),
            _ => false,
        })
    }

    /// The digits as numbers, if there is nothing else.
    pub(crate) fn digits(&self) -> Option<Vec<u8>> {
        self.glyphs
            .iter()
            .map(|glyph| match glyph.sign {
                GlyphSign::Digit(value) => Some(value),
                _ => None,
            })
            .collect()
    }

    /// The letters of a mark as numbers from 0, if there is nothing else.
    pub(crate) fn letters(&self) -> Option<Vec<u8>> {
        self.glyphs
            .iter()
            .map(|glyph| match glyph.sign {
                GlyphSign::Letter { letter, .. } => Some(letter - b'A'),
                _ => None,
            })
            .collect()
    }

    /// Whether `self-other` can only be a range: the same kind, the same length.
    pub(crate) fn ranges_with(&self, other: &Word) -> bool {
        let alike = |values: fn(&Word) -> Option<Vec<u8>>| matches!((values(self), values(other)), (Some(a), Some(b)) if a.len() == b.len());
        alike(Word::digits) || alike(Word::letters)
    }
}

impl Set {
    /// Calls `visit` with every shape, range and step.
    pub(crate) fn visit_leaves(&self, visit: &mut impl FnMut(&Set)) {
        match self {
            Set::Union(parts) | Set::Intersection(parts) => {
                parts.iter().for_each(|part| part.visit_leaves(visit));
            }
            Set::Complement(part) => part.visit_leaves(visit),
            Set::Shape(_) | Set::Range(..) | Set::Step(..) => visit(self),
            Set::Invalid => {}
        }
    }

    /// Where its first shape, range or step begins.
    pub(crate) fn at(&self) -> Option<Position> {
        let mut found = None;
        self.visit_leaves(&mut |leaf| match leaf {
            Set::Shape(word) | Set::Range(word, _) => found = found.or(Some(word.at)),
            Set::Step(_, at) => found = found.or(Some(*at)),
            _ => {}
        });
        found
    }

    /// Where a shape asks for the digits of the region, if one does.
    pub(crate) fn region_reference(&self) -> Option<Position> {
        let mut found = None;
        self.visit_leaves(&mut |leaf| {
            if let Set::Shape(word) = leaf {
                let hash = word.glyphs.iter().find(|glyph| glyph.sign == GlyphSign::Hash);
                found = found.or(hash.map(|glyph| glyph.at));
            }
        });
        found
    }
}
