//! What a set of one segment must obey, said before it is evaluated.
//!
//! A value that fits no format is a fault. Faults of characters come first, and a leaf that has one is not
//! judged any further.

use super::{
    segment::{leaf_has, length, range_values, region_of, shape_alignments},
    token::{Glyph, GlyphSign, Position, fault_at, foreign_character},
    tree::{Segment, Set},
};
use crate::{
    fault::{Fault, Origin, Trust},
    format::{Format, Formats},
};

/// Notes every fault of a set. `only` limits the formats to one, for a set that belongs to a format.
pub(crate) fn check_set(
    set: &Set,
    segment: Segment,
    formats: &Formats,
    only: Option<&Format>,
    origin: &Origin,
    faults: &mut Vec<Fault>,
) {
    set.visit_leaves(&mut |leaf| {
        let before = faults.len();
        check_characters(leaf, segment, origin, faults);
        if faults.len() == before {
            check_values(leaf, segment, formats, only, origin, faults);
        }
    });
}

fn check_characters(leaf: &Set, segment: Segment, origin: &Origin, faults: &mut Vec<Fault>) {
    match leaf {
        Set::Shape(word) => {
            for glyph in &word.glyphs {
                faults.extend(character_fault(glyph, segment, origin));
            }
            faults.extend(hash_fault(&word.glyphs, origin));
        }
        Set::Range(from, to) => {
            for glyph in from.glyphs.iter().chain(&to.glyphs) {
                // In a range every letter is itself, in whatever case.
                let lower = matches!(glyph.sign, GlyphSign::Letter { lower: true, .. });
                if !(lower && segment == Segment::Series) {
                    faults.extend(range_character_fault(glyph, segment, origin));
                }
            }
        }
        _ => {}
    }
}

fn character_fault(glyph: &Glyph, segment: Segment, origin: &Origin) -> Option<Fault> {
    let fault = |code, message: &str| Some(fault_at(origin, glyph.at, code, message));
    match (glyph.sign, segment) {
        (GlyphSign::Foreign, _) => Some(foreign_character(glyph.raw, glyph.at, origin)),
        (GlyphSign::Letter { lower: false, .. }, Segment::Digits | Segment::Region) => {
            let message = "a letter cannot stand among the digits.";
            let fault = fault("letter_among_digits", message)?;
            Some(fault.expecting(["a digit", "a lower-case letter for equal digits, as in aba"]))
        }
        (GlyphSign::Digit(_), Segment::Series) => {
            let message = "a digit cannot stand among the letters.";
            let fault = fault("digit_among_letters", message)?;
            Some(fault.expecting(["a letter", "?"]))
        }
        (GlyphSign::Hash, Segment::Series | Segment::Region) => {
            let message = "## stands for the digits of the region, and only digits equal them.";
            let fault = fault("hash_misplaced", message)?;
            Some(fault.expecting(["digits:0##"]))
        }
        _ => None,
    }
}

fn range_character_fault(glyph: &Glyph, segment: Segment, origin: &Origin) -> Option<Fault> {
    match (glyph.sign, segment) {
        (GlyphSign::Letter { .. }, Segment::Digits | Segment::Region) => {
            let message = "a letter cannot stand among the digits.";
            let fault = fault_at(origin, glyph.at, "letter_among_digits", message);
            Some(fault.expecting(["a digit"]))
        }
        _ => character_fault(glyph, segment, origin),
    }
}

/// `#` comes in pairs that stand together: `##`.
pub(crate) fn hash_fault(glyphs: &[Glyph], origin: &Origin) -> Option<Fault> {
    let runs = glyphs.chunk_by(|a, b| (a.sign == GlyphSign::Hash) == (b.sign == GlyphSign::Hash));
    let mut odd = runs
        .filter(|run| run.first().is_some_and(|first| first.sign == GlyphSign::Hash) && run.len() % 2 == 1);
    let first = odd.next()?.first()?;
    let message = "the region has two digits, so # stands twice.";
    Some(fault_at(origin, first.at, "hash_unpaired", message).expecting(["##"]))
}

/// Why a leaf can never match: the first of these that holds.
fn check_values(
    leaf: &Set,
    segment: Segment,
    formats: &Formats,
    only: Option<&Format>,
    origin: &Origin,
    faults: &mut Vec<Fault>,
) {
    let Some(at) = leaf.at() else {
        return;
    };
    // Who reviews the rule book may write rules for a format before it is enabled; who searches cannot
    // find its marks, and is better told how long a number is.
    let candidates: Vec<&Format> = match (only, origin.trust) {
        (Some(format), _) => vec![format],
        (None, Trust::Reviewed) => formats.iter().map(|(_, format)| format).collect(),
        (None, Trust::Public) => formats.enabled().map(|(_, format)| format).collect(),
    };
    let fits = |format: &&&Format| fits(leaf, segment, format);
    let fitting: Vec<&Format> = candidates.iter().filter(fits).copied().collect();
    let Some(first) = fitting.first() else {
        faults.push(wrong_length(at, segment, &candidates, origin));
        return;
    };
    let code = formats.regions().first().map(|info| info.region.code());
    let matched = |wanted: &dyn Fn(&Format, u16) -> bool| {
        fitting.iter().any(|format| leaf_has(leaf, segment, format, code, |value| wanted(format, value)))
    };
    if !matched(&|_, _| true) {
        let (code, message) = match leaf {
            Set::Range(..) => ("range_reversed", "the range ends before it begins."),
            _ => ("matches_nothing", "no value can have this form."),
        };
        faults.push(fault_at(origin, at, code, message));
    } else if segment == Segment::Digits && !matched(&|format, value| value >= format.digits_from) {
        let message = format!("these digits are not issued: they begin with {}.", lowest(first));
        faults.push(fault_at(origin, at, "digits_not_issued", message));
    } else if segment == Segment::Region
        && !matched(&|_, value| !region_of(value).and(formats.region_mask()).is_empty())
    {
        faults.push(region_unknown(at, formats, origin));
    }
}

fn fits(leaf: &Set, segment: Segment, format: &Format) -> bool {
    match leaf {
        Set::Shape(word) => !shape_alignments(word, segment, format).is_empty(),
        Set::Range(from, to) => range_values(from, to, segment, format).is_some(),
        Set::Step(..) => length(segment, format) >= 2,
        _ => false,
    }
}

fn wrong_length(at: Position, segment: Segment, formats: &[&Format], origin: &Origin) -> Fault {
    let mut lengths: Vec<u8> = formats.iter().map(|format| length(segment, format)).collect();
    lengths.sort_unstable();
    lengths.dedup();
    let message = format!("this is not as long as {} can be.", segment.name());
    let unit = match segment {
        Segment::Series => "letters",
        Segment::Digits | Segment::Region => "digits",
    };
    fault_at(origin, at, "wrong_length", message)
        .expecting(lengths.iter().map(|length| format!("{length} {unit}")))
}

/// The lowest digits of a format, as they are written.
pub(crate) fn lowest(format: &Format) -> String {
    format.digits_text(format.digits_from)
}

/// The fault of a region that is not declared.
pub(crate) fn region_unknown(at: Position, formats: &Formats, origin: &Origin) -> Fault {
    let codes: Vec<u8> = formats.regions().iter().map(|info| info.region.code()).collect();
    let runs = codes.chunk_by(|a, b| a + 1 == *b);
    let expected = runs.filter_map(|run| match (run.first(), run.last()) {
        (Some(first), Some(last)) if first == last => Some(format!("{first:02}")),
        (Some(first), Some(last)) => Some(format!("{first:02} to {last:02}")),
        _ => None,
    });
    fault_at(origin, at, "region_unknown", "there is no such region.").expecting(expected)
}
