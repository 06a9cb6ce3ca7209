//! Laying words over places, and finding the values that fit.
//!
//! Marks are short (8 places at most), so a `*` is not a state of an automaton: it is every number of
//! places it can cover. Each way to lay a word over the places is an [`Alignment`], a product of what its
//! digits, its letters and its region may be. That is how a run across segments comes apart exactly: no
//! alignment couples two segments, and their union is the pattern. With 8 places and s stars between n
//! other characters there are at most C(8 - n + s - 1, s - 1) alignments, 70 at the worst (n = 4, s = 5).

use super::token::{Glyph, GlyphSign, Position};
use crate::format::Place;
use std::ops::{ControlFlow, Range};

/// What one place must hold.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Slot {
    /// Anything.
    Any,
    /// This digit, or this letter counted from 0.
    Exactly(u8),
    /// A template letter: equal letters stand for equal values, different ones for different values.
    Same(u8),
    /// The first (0) or second (1) digit of the mark's own region.
    RegionDigit(u8),
}

/// One slot for each place.
pub(crate) type Alignment = Vec<Slot>;

/// What a character may mean at a kind of place, `None` if it cannot stand there.
pub(crate) type Meaning = fn(&Glyph, Place) -> Option<Slot>;

/// Free form, letters only as letters: `777 ааа`.
pub(crate) fn literal(glyph: &Glyph, place: Place) -> Option<Slot> {
    match (glyph.sign, place) {
        (GlyphSign::Any, _) => Some(Slot::Any),
        (GlyphSign::Digit(value), Place::Digit(_) | Place::Region(_)) => Some(Slot::Exactly(value)),
        (GlyphSign::Letter { letter, .. }, Place::Letter(_)) => Some(Slot::Exactly(letter - b'A')),
        _ => None,
    }
}

/// Free form in which lower-case letters at the places of digits are a template: `aba AAA`.
pub(crate) fn literal_or_template(glyph: &Glyph, place: Place) -> Option<Slot> {
    match (glyph.sign, place) {
        (GlyphSign::Letter { letter, lower: true }, Place::Digit(_)) => Some(Slot::Same(letter)),
        _ => literal(glyph, place),
    }
}

/// Inside `digits:`, `series:` and `region:`, where every lower-case letter is a template.
pub(crate) fn template(glyph: &Glyph, place: Place) -> Option<Slot> {
    match (glyph.sign, place) {
        (GlyphSign::Letter { letter, lower: true }, _) => Some(Slot::Same(letter)),
        _ => literal(glyph, place),
    }
}

/// Words read as one, blanks ignored. Stars that meet are folded: two of them cover what one covers, in
/// exponentially many ways.
pub(crate) fn join(words: &[Vec<Character>]) -> Vec<Character> {
    let mut joined = words.concat();
    joined.dedup_by(|later, earlier| later.is_run() && earlier.is_run());
    joined
}

/// Numbers each `#` as the first or the second digit of the region, and folds neighbouring stars.
pub(crate) fn prepare(glyphs: &[Glyph]) -> Vec<Character> {
    let mut second = false;
    let mut prepared: Vec<Character> = Vec::with_capacity(glyphs.len());
    for glyph in glyphs {
        let next = match glyph.sign {
            GlyphSign::Run if prepared.last().is_some_and(Character::is_run) => continue,
            GlyphSign::Run => Character::Run(glyph.at),
            GlyphSign::Hash => {
                let half = Character::RegionDigit(second.into(), glyph.at);
                second = !second;
                half
            }
            _ => Character::One(*glyph),
        };
        prepared.push(next);
    }
    prepared
}

/// A character ready to be laid over places.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Character {
    One(Glyph),
    Run(Position),
    /// The first (0) or the second (1) digit of the region.
    RegionDigit(u8, Position),
}

impl Character {
    /// Where it stands.
    pub(crate) fn at(&self) -> Position {
        match self {
            Character::One(glyph) => glyph.at,
            Character::Run(at) | Character::RegionDigit(_, at) => *at,
        }
    }

    pub(crate) fn is_run(&self) -> bool {
        matches!(self, Character::Run(_))
    }
}

/// Every way to lay the characters over exactly these places. `reached` is raised to the number of
/// characters that found a place in the best attempt.
pub(crate) fn align(
    characters: &[Character],
    places: &[Place],
    meaning: Meaning,
    reached: &mut usize,
) -> Vec<Alignment> {
    let fixed = characters.iter().filter(|character| !character.is_run());
    if fixed.count() > places.len() {
        return Vec::new();
    }
    let mut search = Search {
        characters,
        places,
        meaning,
        reached,
        slots: Vec::with_capacity(places.len()),
        found: Vec::new(),
    };
    search.from(0);
    search.found
}

struct Search<'a> {
    characters: &'a [Character],
    places: &'a [Place],
    meaning: Meaning,
    reached: &'a mut usize,
    slots: Alignment,
    found: Vec<Alignment>,
}

impl Search<'_> {
    /// Lays the characters from `index` on over the places behind those already filled.
    fn from(&mut self, index: usize) {
        *self.reached = (*self.reached).max(index);
        let place = self.places.get(self.slots.len()).copied();
        let Some(character) = self.characters.get(index) else {
            if place.is_none() && !self.found.contains(&self.slots) {
                self.found.push(self.slots.clone());
            }
            return;
        };
        let slot = match (character, place) {
            (Character::Run(_), _) => {
                self.from(index + 1);
                place.map(|_| (Slot::Any, index))
            }
            (_, None) => None,
            (Character::One(glyph), Some(place)) => {
                (self.meaning)(glyph, place).map(|slot| (slot, index + 1))
            }
            (Character::RegionDigit(digit, _), Some(Place::Digit(_))) => {
                Some((Slot::RegionDigit(*digit), index + 1))
            }
            (Character::RegionDigit(..), Some(_)) => None,
        };
        if let Some((slot, next)) = slot {
            self.slots.push(slot);
            self.from(next);
            self.slots.pop();
        }
    }
}

/// How many values these slots describe, at most.
pub(crate) fn most_values(slots: &[Slot], base: u8) -> u64 {
    let free = slots.iter().filter(|slot| matches!(slot, Slot::Any | Slot::Same(_)));
    u64::from(base).saturating_pow(free.count() as u32)
}

/// Calls `visit` with every value, ascending, of a number to `base` whose places these slots describe,
/// until it breaks.
///
/// `region` gives the two digits of the mark's region; without it a slot that asks for them fits nothing.
pub(crate) fn values(
    slots: &[Slot],
    base: u8,
    region: Option<u8>,
    visit: &mut impl FnMut(u16) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut bound = Vec::with_capacity(slots.len());
    descend(slots, base, region, 0, &mut bound, visit)
}

fn descend(
    slots: &[Slot],
    base: u8,
    region: Option<u8>,
    value: u16,
    bound: &mut Vec<(u8, u8)>,
    visit: &mut impl FnMut(u16) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let Some((slot, rest)) = slots.split_first() else {
        return visit(value);
    };
    for digit in candidates(*slot, base, region) {
        let mut newly_bound = false;
        if let Slot::Same(letter) = slot {
            let known = bound.iter().find(|(other, taken)| other == letter || *taken == digit);
            if known.is_some_and(|pair| *pair != (*letter, digit)) {
                continue;
            }
            newly_bound = known.is_none();
            if newly_bound {
                bound.push((*letter, digit));
            }
        }
        descend(rest, base, region, value * u16::from(base) + u16::from(digit), bound, visit)?;
        if newly_bound {
            bound.pop();
        }
    }
    ControlFlow::Continue(())
}

/// What may stand at one place, as far as the other places do not matter.
fn candidates(slot: Slot, base: u8, region: Option<u8>) -> Range<u8> {
    let only = match slot {
        Slot::Any | Slot::Same(_) => return 0..base,
        Slot::Exactly(wanted) => Some(wanted),
        Slot::RegionDigit(0) => region.map(|code| code / 10),
        Slot::RegionDigit(_) => region.map(|code| code % 10),
    };
    only.filter(|digit| *digit < base).map_or(0..0, |digit| digit..digit + 1)
}
