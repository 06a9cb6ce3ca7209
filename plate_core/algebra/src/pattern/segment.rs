//! What `digits:`, `series:` and `region:` mean: a set expression becomes a mask.
//!
//! Evaluating cannot fail. What a set must obey is checked once and over all formats, in [`super::check`];
//! a value that fits some formats only is empty in the others.

use super::{
    glob::{self, Alignment, align, prepare, template},
    tree::{Segment, Set, Word},
};
use crate::{
    format::{Format, Place},
    mask::{DigitMask, RegionMask, SeriesMask},
    region::Region,
};
use std::ops::ControlFlow;

/// How many places a segment has in a format.
pub(crate) fn length(segment: Segment, format: &Format) -> u8 {
    match segment {
        Segment::Digits => format.digit_count,
        Segment::Series => format.letter_count,
        Segment::Region => 2,
    }
}

fn places(segment: Segment, format: &Format) -> Vec<Place> {
    let place = match segment {
        Segment::Digits => Place::Digit,
        Segment::Series => Place::Letter,
        Segment::Region => Place::Region,
    };
    (0..length(segment, format)).map(place).collect()
}

const fn base(segment: Segment) -> u8 {
    match segment {
        Segment::Series => 26,
        Segment::Digits | Segment::Region => 10,
    }
}

/// The digit values of a set; `region` is what `##` stands for.
pub(crate) fn digits(set: &Set, format: &Format, region: Option<Region>) -> DigitMask {
    let whole = issued(format);
    let mask = |set: &Set| digits(set, format, region);
    match set {
        Set::Union(parts) => parts.iter().fold(DigitMask::EMPTY, |sum, part| sum.or(&mask(part))),
        Set::Intersection(parts) => parts.iter().fold(whole, |sum, part| sum.and(&mask(part))),
        Set::Complement(part) => whole.minus(&mask(part)),
        leaf => {
            let mut found = DigitMask::EMPTY;
            let region = region.map(Region::code);
            leaf_values(leaf, Segment::Digits, format, region, &mut |value| {
                found.set(value);
            });
            found.and(&whole)
        }
    }
}

/// The series of a set.
pub(crate) fn series(set: &Set, format: &Format) -> SeriesMask {
    let rows = format.rows();
    match set {
        Set::Union(parts) => union_of_series(parts, format),
        Set::Intersection(parts) => {
            parts.iter().fold(SeriesMask::whole(rows), |sum, part| sum.and(&series(part, format)))
        }
        Set::Complement(part) => series(part, format).complement(),
        leaf => SeriesMask::from_series(rows, series_values(leaf, format)),
    }
}

/// Leaves are gathered first, so that a list of a thousand words fills one mask and not a thousand.
fn union_of_series(parts: &[Set], format: &Format) -> SeriesMask {
    let (leaves, others): (Vec<&Set>, Vec<&Set>) =
        parts.iter().partition(|part| matches!(part, Set::Shape(_) | Set::Range(..) | Set::Step(..)));
    let values = leaves.into_iter().flat_map(|leaf| series_values(leaf, format));
    let sum = SeriesMask::from_series(format.rows(), values);
    others.into_iter().fold(sum, |sum, part| sum.or(&series(part, format)))
}

fn series_values(leaf: &Set, format: &Format) -> Vec<u16> {
    let mut found = Vec::new();
    leaf_values(leaf, Segment::Series, format, None, &mut |value| {
        found.push(value);
    });
    found
}

/// The regions of a set, of those declared.
pub(crate) fn regions(set: &Set, format: &Format, declared: RegionMask) -> RegionMask {
    let mask = |set: &Set| regions(set, format, declared);
    match set {
        Set::Union(parts) => parts.iter().fold(RegionMask::EMPTY, |sum, part| sum.or(mask(part))),
        Set::Intersection(parts) => parts.iter().fold(declared, |sum, part| sum.and(mask(part))),
        Set::Complement(part) => declared.minus(mask(part)),
        leaf => {
            let mut found = RegionMask::EMPTY;
            leaf_values(leaf, Segment::Region, format, None, &mut |value| {
                found = found.or(region_of(value));
            });
            found.and(declared)
        }
    }
}

/// Every digit value that is issued.
pub(crate) fn issued(format: &Format) -> DigitMask {
    DigitMask::from_range(format.digits_from, format.digit_values().saturating_sub(1))
}

/// The region with this number, none for 0.
pub(crate) fn region_of(value: u16) -> RegionMask {
    let region = u8::try_from(value).ok().and_then(|code| Region::new(code).ok());
    region.map_or(RegionMask::EMPTY, RegionMask::of)
}

/// How many values are visited to evaluate a set, at most.
pub(crate) fn most_values(set: &Set, segment: Segment, format: &Format) -> u64 {
    let base = base(segment);
    let mut most = 0_u64;
    set.visit_leaves(&mut |leaf| {
        let visited = match leaf {
            Set::Shape(word) => {
                let alignments = shape_alignments(word, segment, format);
                alignments.iter().map(|slots| glob::most_values(slots, base)).sum()
            }
            Set::Range(from, to) => range_values(from, to, segment, format)
                .map_or(0, |(from, to)| u64::from(to.saturating_sub(from)) + 1),
            _ => u64::from(base),
        };
        most = most.saturating_add(visited);
    });
    most
}

/// Calls `visit` with every value of a leaf in a format, issued or not.
pub(crate) fn leaf_values(
    leaf: &Set,
    segment: Segment,
    format: &Format,
    region: Option<u8>,
    visit: &mut impl FnMut(u16),
) {
    let mut go_on = |value| {
        visit(value);
        ControlFlow::Continue(())
    };
    let _ = until_broken(leaf, segment, format, region, &mut go_on);
}

/// Whether a leaf has a value that is wanted; it ends with the first.
pub(crate) fn leaf_has(
    leaf: &Set,
    segment: Segment,
    format: &Format,
    region: Option<u8>,
    wanted: impl Fn(u16) -> bool,
) -> bool {
    let mut look = |value| if wanted(value) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    until_broken(leaf, segment, format, region, &mut look).is_break()
}

fn until_broken(
    leaf: &Set,
    segment: Segment,
    format: &Format,
    region: Option<u8>,
    visit: &mut impl FnMut(u16) -> ControlFlow<()>,
) -> ControlFlow<()> {
    match leaf {
        Set::Shape(word) => shape_alignments(word, segment, format)
            .iter()
            .try_for_each(|slots| glob::values(slots, base(segment), region, visit)),
        Set::Range(from, to) => {
            let ends = range_values(from, to, segment, format);
            ends.map_or(ControlFlow::Continue(()), |(from, to)| (from..=to).try_for_each(visit))
        }
        Set::Step(step, _) => ladders(*step, base(segment), length(segment, format), visit),
        _ => ControlFlow::Continue(()),
    }
}

pub(crate) fn shape_alignments(word: &Word, segment: Segment, format: &Format) -> Vec<Alignment> {
    let characters = prepare(&word.glyphs);
    align(&characters, &places(segment, format), template, &mut 0)
}

/// The first and the last value of a range, if its ends are as long as the segment.
pub(crate) fn range_values(from: &Word, to: &Word, segment: Segment, format: &Format) -> Option<(u16, u16)> {
    let number = |word: &Word| {
        let values = match segment {
            Segment::Series => word.letters(),
            Segment::Digits | Segment::Region => word.digits(),
        }?;
        if values.len() != usize::from(length(segment, format)) {
            return None;
        }
        let base = u16::from(base(segment));
        Some(values.iter().fold(0_u16, |sum, value| sum * base + u16::from(*value)))
    };
    Some((number(from)?, number(to)?))
}

/// Values whose places go up or down by the same step, without a turn from 9 to 0 or from Z to A.
fn ladders(
    step: i8,
    base: u8,
    length: u8,
    visit: &mut impl FnMut(u16) -> ControlFlow<()>,
) -> ControlFlow<()> {
    // One place alone climbs nowhere.
    if length < 2 {
        return ControlFlow::Continue(());
    }
    for first in 0..base {
        let rungs = (0..i16::from(length)).map(|rung| i16::from(first) + rung * i16::from(step));
        let value = rungs.into_iter().try_fold(0_u16, |value, rung| {
            let rung = u8::try_from(rung).ok().filter(|rung| *rung < base)?;
            Some(value * u16::from(base) + u16::from(rung))
        });
        if let Some(value) = value {
            visit(value)?;
        }
    }
    ControlFlow::Continue(())
}
