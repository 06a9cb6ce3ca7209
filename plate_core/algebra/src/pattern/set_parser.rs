//! The grammar of one segment's values: what stands behind `digits:`, `series:` and `region:`.
//!
//! Also the whole grammar of a tariff's classes, where the file already says which segment is meant.

use super::{
    cursor::{Cursor, Layout},
    parser::single_or,
    token::{Position, TokenKind, Tokens},
    tree::{Set, Word},
};
use crate::{
    bounds,
    fault::{Fault, Origin},
};

/// Reads a set of values of one segment.
pub(crate) fn parse_set(tokens: &Tokens, origin: &Origin, faults: &mut Vec<Fault>) -> Set {
    let mut cursor = Cursor::new(tokens, origin, faults);
    if !cursor.nesting_is_allowed() {
        return Set::Invalid;
    }
    let set = union(&mut cursor);
    while cursor.surplus() {
        union(&mut cursor);
    }
    set
}

/// `a | b`.
fn union(cursor: &mut Cursor) -> Set {
    let mut parts = vec![intersection(cursor)];
    while cursor.take(&TokenKind::Bar) {
        parts.push(intersection(cursor));
    }
    single_or(parts, Set::Union)
}

/// `a & b`.
fn intersection(cursor: &mut Cursor) -> Set {
    let mut parts = vec![term(cursor, Layout::Loose)];
    loop {
        cursor.skip_blanks();
        if cursor.take(&TokenKind::And) {
            parts.push(term(cursor, Layout::Loose));
        } else if cursor.starts_operand() && cursor.peek() != Some(&TokenKind::At) {
            cursor.fault("operator_missing", "two values stand side by side.", &["|", "&", ","]);
            term(cursor, Layout::Loose);
        } else {
            return single_or(parts, Set::Intersection);
        }
    }
}

/// One value, or brackets with more of them, or the complement of that.
pub(super) fn term(cursor: &mut Cursor, layout: Layout) -> Set {
    let complemented = cursor.nots();
    let opened = cursor.position();
    let inner = match cursor.peek() {
        Some(TokenKind::Open) => {
            cursor.advance();
            let inner = union(cursor);
            cursor.close(&TokenKind::Close, opened);
            inner
        }
        Some(TokenKind::ListOpen) => {
            cursor.advance();
            let mut parts = vec![union(cursor)];
            while cursor.take(&TokenKind::Comma) {
                parts.push(union(cursor));
            }
            cursor.close(&TokenKind::ListClose, opened);
            single_or(parts, Set::Union)
        }
        Some(TokenKind::Word(_)) => value(cursor, layout),
        Some(TokenKind::At) => {
            let message = "a name stands for whole marks, not for a part of them.";
            cursor.fault("name_misplaced", message, &["@name outside digits:, series: and region:"]);
            cursor.advance();
            cursor.word();
            Set::Invalid
        }
        _ => {
            cursor.operand_missing();
            Set::Invalid
        }
    };
    if complemented { Set::Complement(Box::new(inner)) } else { inner }
}

/// A shape, a range or `step(…)`.
fn value(cursor: &mut Cursor, layout: Layout) -> Set {
    let step_follows = cursor.step_follows();
    let Some(word) = cursor.word() else {
        return Set::Invalid;
    };
    if step_follows {
        return step(cursor, word.at);
    }
    if !dash(cursor, layout) {
        return Set::Shape(word);
    }
    match cursor.word() {
        Some(to) => range(cursor, word, to),
        None => {
            cursor.fault("operand_missing", "a range has an end.", &["the last value of the range"]);
            Set::Invalid
        }
    }
}

fn range(cursor: &mut Cursor, from: Word, to: Word) -> Set {
    if from.ranges_with(&to) {
        return Set::Range(from, to);
    }
    let message = "the ends of a range are of the same kind and the same length.";
    cursor.fault_at(from.at, "range_ends_differ", message, &["001-009", "AAA-AAZ", "01-05"]);
    Set::Invalid
}

fn dash(cursor: &mut Cursor, layout: Layout) -> bool {
    if layout == Layout::Dense && cursor.peek() != Some(&TokenKind::Dash) {
        return false;
    }
    let found = cursor.take(&TokenKind::Dash);
    if found && layout == Layout::Loose {
        cursor.skip_blanks();
    }
    found
}

/// `step(+1)`, `step(-2)`, from the bracket on.
pub(super) fn step(cursor: &mut Cursor, at: Position) -> Set {
    let opened = cursor.position();
    cursor.take(&TokenKind::Open);
    let sign = if cursor.take(&TokenKind::Plus) {
        1
    } else if cursor.take(&TokenKind::Dash) {
        -1
    } else {
        0
    };
    let size = cursor.word().and_then(|word| word.digits()).map_or(0, |digits| step_size(&digits));
    cursor.close(&TokenKind::Close, opened);
    let bound = bounds::STEP;
    if sign != 0 && bound.check(size.unsigned_abs().into()).is_ok() {
        return Set::Step(sign * size, at);
    }
    let message = format!("a step has a sign and a size of {} to {}.", bound.min, bound.max);
    cursor.fault_at(at, bound.slug, &message, &["step(+1)", "step(-1)"]);
    Set::Invalid
}

/// One digit or two as a number; 0, which no step has, for more.
fn step_size(digits: &[u8]) -> i8 {
    match digits {
        [size] => i8::try_from(*size).unwrap_or(0),
        [tens, units] => i8::try_from(tens * 10 + units).unwrap_or(0),
        _ => 0,
    }
}
