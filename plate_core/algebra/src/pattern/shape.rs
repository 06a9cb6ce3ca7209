//! Free form: what people type, laid over a mark.
//!
//! The words of a shape cover whole segments, in the order of the mark; what is not covered is free. People
//! are not exact, so several readings are tried, and the first that fits the shape of any enabled format
//! counts, for all formats (a file of the rule book may also speak of disabled formats alone):
//!
//! 1. as it stands, before a leading KZ is dropped;
//! 2. blanks and dashes as borders of segments (`7?7 02`), before they are ignored (`7 7 7 A A A`);
//! 3. letters as letters (`777 ааа`), before lower case stands for equal digits (`aba AAA`);
//! 4. beginning with the first segment (`7*`), before a later one (`AAA`, `02`).
//!
//! Where a reading leaves the end open, every end counts: `7*7` is a number 7?7, and also a mark from its
//! first 7 to a region that ends in 7.

use super::{
    check::{lowest, region_unknown},
    glob::{self, Alignment, Character, Meaning, Slot, align, join, prepare},
    segment::{issued, region_of},
    token::{GlyphSign, Position, fault_at},
    tree::Word,
};
use crate::{
    area::{Budget, Excess, Rectangle},
    fault::{Fault, Origin, Trust},
    format::{ForeignFormat, Format, Formats, Place},
    mask::{DigitMask, RegionMask, SeriesMask},
    region::Region,
};
use std::ops::ControlFlow;

/// What helps those who typed a part of the number.
const HINT: &str = "* where anything may stand, as in *77*";

/// One way to read the words of a shape.
pub(crate) struct Reading {
    words: Vec<Vec<Character>>,
    meaning: Meaning,
    /// The segment with which it begins, counted over the template from 0.
    first_group: usize,
}

/// The reading that counts, or why there is none. The words hold no foreign letter.
pub(crate) fn read_shape(words: &[Word], formats: &Formats, origin: &Origin) -> Result<Reading, Fault> {
    let apart: Vec<Vec<Character>> = words.iter().map(|word| prepare(&word.glyphs)).collect();
    let enabled: Vec<&Format> = formats.enabled().map(|(_, format)| format).collect();
    if let Some(reading) = first_that_fits(&apart, &enabled) {
        return Ok(reading);
    }
    let disabled = formats.iter().map(|(_, format)| format);
    let disabled: Vec<&Format> = disabled.filter(|format| !format.enabled).collect();
    if origin.trust == Trust::Reviewed
        && let Some(reading) = first_that_fits(&apart, &disabled)
    {
        return Ok(reading);
    }
    Err(why_not(&apart, &enabled, &disabled, formats, origin))
}

/// The marks of one format that a reading means, as boxes that may overlap.
pub(crate) fn boxes(
    reading: &Reading,
    format: &Format,
    declared: RegionMask,
    budget: &mut Budget,
) -> Result<Vec<Rectangle>, Excess> {
    let mut boxes = Vec::new();
    for slots in alignments(reading, format) {
        boxes.extend(alignment_boxes(&slots, format, declared, budget)?);
    }
    Ok(boxes)
}

/// The fault of a shape that fits, and yet no mark has it: its region or its digits do not exist.
pub(crate) fn why_empty(reading: &Reading, words: &[Word], formats: &Formats, origin: &Origin) -> Fault {
    let region_exists = formats.iter().any(|(_, format)| {
        alignments(reading, format).iter().any(|slots| {
            let regions = slot_regions(&slots_of(slots, format, Place::Region(0)));
            !regions.and(formats.region_mask()).is_empty()
        })
    });
    let glyphs = || words.iter().flat_map(|word| &word.glyphs);
    if region_exists {
        let at = glyphs().next().map(|glyph| glyph.at);
        let formats: Vec<String> = formats.enabled().map(|(_, format)| lowest(format)).collect();
        let message = format!(
            "these digits are not issued: they begin with {}.",
            formats.first().map_or("", String::as_str)
        );
        return fault_at(origin, at.unwrap_or(Position::start(origin)), "digits_not_issued", message);
    }
    let region_begins = glyphs().count().saturating_sub(2);
    let at = glyphs().nth(region_begins).map(|glyph| glyph.at);
    let mut fault = region_unknown(at.unwrap_or(Position::start(origin)), formats, origin);
    // Two digits alone are read as a region, and were perhaps meant as a part of a number.
    if region_begins == 0 {
        fault.expected.push(HINT.to_owned());
    }
    fault
}

fn first_that_fits(apart: &[Vec<Character>], formats: &[&Format]) -> Option<Reading> {
    let mut spellings = vec![apart.to_vec()];
    spellings.extend(without_country(apart));
    let longest = formats.iter().map(|format| groups(format).len()).max()?;
    for spelling in spellings {
        let joined = vec![join(&spelling)];
        for words in [spelling, joined] {
            for meaning in [glob::literal as Meaning, glob::literal_or_template] {
                for first_group in 0..longest {
                    let reading = Reading { words: words.clone(), meaning, first_group };
                    let fits = |format: &&Format| !alignments(&reading, format).is_empty();
                    if formats.iter().any(fits) {
                        return Some(reading);
                    }
                }
            }
        }
    }
    None
}

/// The words without a leading KZ, if they have one and something behind it.
fn without_country(words: &[Vec<Character>]) -> Option<Vec<Vec<Character>>> {
    let letter = |character: &Character| match character {
        Character::One(glyph) => match glyph.sign {
            GlyphSign::Letter { letter, .. } => Some(letter),
            _ => None,
        },
        _ => None,
    };
    let (first, rest) = words.split_first()?;
    let [k, z, behind @ ..] = first.as_slice() else {
        return None;
    };
    if (letter(k), letter(z)) != (Some(b'K'), Some(b'Z')) {
        return None;
    }
    let mut words = rest.to_vec();
    if !behind.is_empty() {
        words.insert(0, behind.to_vec());
    }
    (!words.is_empty()).then_some(words)
}

/// The segments of a template: neighbouring places of one kind.
fn groups(format: &Format) -> Vec<&[Place]> {
    format.places().chunk_by(|a, b| std::mem::discriminant(a) == std::mem::discriminant(b)).collect()
}

/// Every way to lay a reading over a format: a slot for each place of its template.
fn alignments(reading: &Reading, format: &Format) -> Vec<Alignment> {
    let groups = groups(format);
    let mut found = Vec::new();
    let mut slots = Vec::new();
    cover(reading, &reading.words, &groups, 0, &mut slots, &mut found);
    found
}

/// Lays the words over the segments from `group` on. Each takes one segment or several neighbouring ones;
/// between words segments may be left out, and those are free.
fn cover(
    reading: &Reading,
    words: &[Vec<Character>],
    groups: &[&[Place]],
    group: usize,
    slots: &mut Alignment,
    found: &mut Vec<Alignment>,
) {
    let Some((word, rest)) = words.split_first() else {
        let free = groups.iter().skip(group).map(|places| places.len()).sum();
        let mut complete = slots.clone();
        complete.extend(std::iter::repeat_n(Slot::Any, free));
        if !found.contains(&complete) {
            found.push(complete);
        }
        return;
    };
    let is_first = words.len() == reading.words.len();
    let firsts = if is_first {
        reading.first_group..reading.first_group.saturating_add(1)
    } else {
        group..groups.len()
    };
    for from in firsts {
        for to in from..groups.len() {
            let skipped = groups.get(group..from).map_or(0, |groups| groups.concat().len());
            let places = groups.get(from..=to).map(<[_]>::concat).unwrap_or_default();
            for laid in align(word, &places, reading.meaning, &mut 0) {
                let before = slots.len();
                slots.extend(std::iter::repeat_n(Slot::Any, skipped));
                slots.extend(laid);
                cover(reading, rest, groups, to + 1, slots, found);
                slots.truncate(before);
            }
        }
    }
}

/// The slots of one kind of place.
fn slots_of(slots: &[Slot], format: &Format, kind: Place) -> Vec<Slot> {
    let of_kind = |place: &Place| std::mem::discriminant(place) == std::mem::discriminant(&kind);
    format.places().iter().zip(slots).filter(|(place, _)| of_kind(place)).map(|(_, slot)| *slot).collect()
}

fn alignment_boxes(
    slots: &[Slot],
    format: &Format,
    declared: RegionMask,
    budget: &mut Budget,
) -> Result<Vec<Rectangle>, Excess> {
    let digits = slots_of(slots, format, Place::Digit(0));
    let series = slots_of(slots, format, Place::Letter(0));
    let regions = slots_of(slots, format, Place::Region(0));
    let letters = if all_free(&series) { 0 } else { glob::most_values(&series, 26) };
    budget.spend(letters.saturating_add(glob::most_values(&regions, 10)))?;
    let series = slot_series(&series, format.rows());
    let regions = slot_regions(&regions).and(declared);
    let coupled = digits.iter().any(|slot| matches!(slot, Slot::RegionDigit(_)));
    let times = if coupled { regions.count() } else { 1 };
    budget.spend(glob::most_values(&digits, 10).saturating_mul(times.into()))?;
    if !coupled {
        let digits = slot_digits(&digits, None).and(&issued(format));
        return Ok(vec![Rectangle { digits, series, regions }]);
    }
    let one_region = |region: Region| Rectangle {
        digits: slot_digits(&digits, Some(region.code())).and(&issued(format)),
        series: series.clone(),
        regions: RegionMask::of(region),
    };
    Ok(regions.iter().map(one_region).collect())
}

fn slot_digits(slots: &[Slot], region: Option<u8>) -> DigitMask {
    let mut found = DigitMask::EMPTY;
    every_value(slots, 10, region, &mut |value| found.set(value));
    found
}

fn slot_series(slots: &[Slot], rows: u32) -> SeriesMask {
    // Free letters are by far the most frequent, and visiting 17,576 of them the dearest step of all.
    if all_free(slots) {
        return SeriesMask::whole(rows);
    }
    let mut found = Vec::new();
    every_value(slots, 26, None, &mut |value| found.push(value));
    SeriesMask::from_series(rows, found)
}

fn all_free(slots: &[Slot]) -> bool {
    slots.iter().all(|slot| *slot == Slot::Any)
}

fn slot_regions(slots: &[Slot]) -> RegionMask {
    let mut found = RegionMask::EMPTY;
    every_value(slots, 10, None, &mut |value| found = found.or(region_of(value)));
    found
}

fn every_value(slots: &[Slot], base: u8, region: Option<u8>, visit: &mut impl FnMut(u16)) {
    let mut go_on = |value| {
        visit(value);
        ControlFlow::Continue(())
    };
    let _ = glob::values(slots, base, region, &mut go_on);
}

/// Why no enabled format has this shape, in the order of helpfulness.
fn why_not(
    words: &[Vec<Character>],
    enabled: &[&Format],
    disabled: &[&Format],
    formats: &Formats,
    origin: &Origin,
) -> Fault {
    let characters = without_country(words).map_or_else(|| join(words), |words| join(&words));
    let first = characters.first().map_or(Position::start(origin), Character::at);
    let is_foreign = |foreign: &&ForeignFormat| {
        [&words.concat(), &characters].into_iter().any(|spelling| {
            let literal: Option<Vec<char>> = spelling.iter().map(literal_character).collect();
            literal.is_some_and(|literal| foreign.matches(&literal))
        })
    };
    if let Some(foreign) = formats.foreign().iter().find(is_foreign) {
        let message =
            format!("this is a mark of another kind, {}, which is not allocated here.", foreign.names.en);
        return fault_at(origin, first, "foreign_format", message);
    }
    let only = disabled.iter().find(|format| first_that_fits(words, &[format]).is_some());
    if let Some(format) = only {
        let message = format!("only marks of the format {} have this shape, and it is disabled.", format.id);
        return fault_at(origin, first, "format_disabled", message);
    }
    let mut reached = 0;
    for format in enabled {
        let places = format.places();
        align(&beginning(&characters, places.len()), places, glob::literal_or_template, &mut reached);
    }
    let behind_last = characters
        .last()
        .map_or(first, |last| Position { column: last.at().column.saturating_add(1), ..last.at() });
    let at = characters.get(reached).map_or(behind_last, Character::at);
    let message = "no mark has this shape; a shape covers whole parts of a mark.";
    let mut expected: Vec<String> = enabled.iter().map(|format| format.template.clone()).collect();
    expected.push(HINT.to_owned());
    fault_at(origin, at, "shape_fits_no_format", message).expecting(expected)
}

/// As many characters as there can be places, and the stars between them.
fn beginning(characters: &[Character], places: usize) -> Vec<Character> {
    let mut fixed = 0;
    let fits = |character: &&Character| {
        fixed += usize::from(!character.is_run());
        fixed <= places
    };
    characters.iter().take_while(fits).copied().collect()
}

fn literal_character(character: &Character) -> Option<char> {
    match character {
        Character::One(glyph) => match glyph.sign {
            GlyphSign::Digit(value) => Some(char::from(b'0' + value)),
            GlyphSign::Letter { letter, .. } => Some(char::from(letter)),
            _ => None,
        },
        _ => None,
    }
}
