//! The grammar of whole patterns, by recursive descent that goes on after a fault.
//!
//! The grammar stands in `patterns/README.md`; each function here is one of its rules. Recursion is bounded,
//! because the nesting of brackets is checked before the first rule is entered.

use super::{
    cursor::{Cursor, Layout},
    set_parser::{step, term as set_term},
    token::{Position, TokenKind, Tokens},
    tree::{Expression, Segment, Set, Word},
};
use crate::fault::{Fault, Origin};

/// Reads a whole pattern.
pub(crate) fn parse_pattern(tokens: &Tokens, origin: &Origin, faults: &mut Vec<Fault>) -> Expression {
    let mut cursor = Cursor::new(tokens, origin, faults);
    if !cursor.nesting_is_allowed() {
        return Expression::Invalid;
    }
    let expression = union(&mut cursor).expression;
    while cursor.surplus() {
        union(&mut cursor);
    }
    expression
}

/// An operand with what its neighbours must know: `digits:aba | aab` could mean two things.
struct Operand {
    expression: Expression,
    /// Where it begins, if it begins with a word in free form.
    bare_from: Option<Position>,
    /// It ends in a condition whose set stands without brackets.
    open_ended: bool,
}

impl Operand {
    /// An operand that cannot be mistaken for a part of its neighbour.
    fn clear(expression: Expression) -> Operand {
        Operand { expression, bare_from: None, open_ended: false }
    }

    fn bare(expression: Expression, at: Position) -> Operand {
        Operand { expression, bare_from: Some(at), open_ended: false }
    }
}

/// Union of intersections: `a | b`.
fn union(cursor: &mut Cursor) -> Operand {
    operands(cursor, &TokenKind::Bar, intersection, Expression::Union)
}

/// Intersection of sequences: `a & b`.
fn intersection(cursor: &mut Cursor) -> Operand {
    operands(cursor, &TokenKind::And, sequence, Expression::Intersection)
}

fn operands(
    cursor: &mut Cursor,
    operator: &TokenKind,
    operand: fn(&mut Cursor) -> Operand,
    join: fn(Vec<Expression>, Position) -> Expression,
) -> Operand {
    let at = cursor.position();
    let first = operand(cursor);
    let (bare_from, mut open_ended) = (first.bare_from, first.open_ended);
    let mut parts = vec![first.expression];
    while cursor.take(operator) {
        let part = operand(cursor);
        if let (true, Some(bare_from)) = (open_ended, part.bare_from) {
            operand_ambiguous(cursor, bare_from);
        }
        open_ended = part.open_ended;
        parts.push(part.expression);
    }
    Operand { expression: single_or(parts, |parts| join(parts, at)), bare_from, open_ended }
}

fn operand_ambiguous(cursor: &mut Cursor, at: Position) {
    let message = "this could belong to the condition before it or stand for itself.";
    let expected =
        ["brackets, as in digits:(aba | aab)", "a condition of its own, as in digits:aba | digits:aab"];
    cursor.fault_at(at, "operand_ambiguous", message, &expected);
}

/// Terms next to each other must all hold; plain words next to each other are one shape.
fn sequence(cursor: &mut Cursor) -> Operand {
    let at = cursor.position();
    let mut terms: Vec<Operand> = Vec::new();
    cursor.skip_separators();
    while let Some(next) = term(cursor) {
        match (terms.last_mut().map(|last| &mut last.expression), next.expression) {
            (Some(Expression::Shape(words)), Expression::Shape(more)) => words.extend(more),
            (_, expression) => terms.push(Operand { expression, ..next }),
        }
        cursor.skip_separators();
    }
    if terms.is_empty() {
        cursor.operand_missing();
    }
    let bare_from = terms.first().and_then(|first| first.bare_from);
    let open_ended = terms.last().is_some_and(|last| last.open_ended);
    let parts: Vec<Expression> = terms.into_iter().map(|term| term.expression).collect();
    Operand {
        expression: single_or(parts, |parts| Expression::Intersection(parts, at)),
        bare_from,
        open_ended,
    }
}

/// One term; `None` at an operator, a closing bracket, a comma or the end.
fn term(cursor: &mut Cursor) -> Option<Operand> {
    match cursor.peek()? {
        TokenKind::Not => Some(complement(cursor)),
        TokenKind::Colon | TokenKind::Plus => {
            cursor.fault("sign_misplaced", "this sign has no meaning here.", &[]);
            cursor.advance();
            Some(Operand::clear(Expression::Invalid))
        }
        _ => primary(cursor),
    }
}

/// `!`, before one word or one term.
fn complement(cursor: &mut Cursor) -> Operand {
    let at = cursor.position();
    let complemented = cursor.nots();
    let Some(operand) = primary(cursor) else {
        cursor.operand_missing();
        return Operand::clear(Expression::Invalid);
    };
    if !complemented {
        return operand;
    }
    Operand { expression: Expression::Complement(Box::new(operand.expression), at), ..operand }
}

fn primary(cursor: &mut Cursor) -> Option<Operand> {
    match cursor.peek()? {
        TokenKind::Open => Some(group(cursor)),
        TokenKind::ListOpen => Some(list(cursor)),
        TokenKind::At => Some(reference(cursor)),
        TokenKind::Word(_) if cursor.colon_follows() => condition(cursor),
        TokenKind::Word(_) if cursor.step_follows() => Some(free_step(cursor)),
        TokenKind::Word(_) if cursor.free_range_follows() => free_range(cursor),
        TokenKind::Word(_) => {
            let word = cursor.word()?;
            let at = word.at;
            Some(Operand::bare(Expression::Shape(vec![word]), at))
        }
        _ => None,
    }
}

/// `( … )`. What stands in brackets is clearly something of its own.
fn group(cursor: &mut Cursor) -> Operand {
    let opened = cursor.position();
    cursor.advance();
    let inner = union(cursor);
    cursor.close(&TokenKind::Close, opened);
    // A shape in brackets does not grow into the words beside it.
    let expression = match inner.expression {
        shape @ Expression::Shape(_) => Expression::Union(vec![shape], opened),
        other => other,
    };
    Operand::clear(expression)
}

/// `{ …, … }`, another way to write a union.
fn list(cursor: &mut Cursor) -> Operand {
    let opened = cursor.position();
    cursor.advance();
    let first = union(cursor);
    let bare_from = first.bare_from;
    let mut parts = vec![first.expression];
    while cursor.take(&TokenKind::Comma) {
        parts.push(union(cursor).expression);
    }
    cursor.close(&TokenKind::ListClose, opened);
    Operand { expression: Expression::Union(parts, opened), bare_from, open_ended: false }
}

/// `@name`.
fn reference(cursor: &mut Cursor) -> Operand {
    cursor.advance();
    let Some(name) = cursor.word() else {
        let message = "after @ stands the name of a pattern.";
        cursor.fault("operand_missing", message, &["a name, such as @mirror_digits"]);
        return Operand::clear(Expression::Invalid);
    };
    Operand::clear(Expression::Reference(name))
}

/// `001-009`, `AAA-AAZ`, `01-05`.
fn free_range(cursor: &mut Cursor) -> Option<Operand> {
    let from = cursor.word()?;
    cursor.advance();
    let to = cursor.word()?;
    let at = from.at;
    Some(Operand::bare(Expression::Range(from, to), at))
}

/// A step without the part of the mark that climbs.
fn free_step(cursor: &mut Cursor) -> Operand {
    let at = cursor.position();
    cursor.advance();
    step(cursor, at);
    let message = "a step is about the digits or about the letters.";
    cursor.fault_at(at, "step_misplaced", message, &["digits:step(+1)", "series:step(+1)"]);
    Operand::clear(Expression::Invalid)
}

/// `digits:…`, `series:…`, `region:…` or `format:…`.
fn condition(cursor: &mut Cursor) -> Option<Operand> {
    let name = cursor.word()?;
    cursor.take(&TokenKind::Colon);
    cursor.skip_blanks();
    let segment = match name.name().as_str() {
        "digits" => Segment::Digits,
        "series" => Segment::Series,
        "region" => Segment::Region,
        "format" => return Some(format(cursor)),
        _ => {
            segment_unknown(cursor, &name);
            return Some(Operand::clear(Expression::Invalid));
        }
    };
    let bracketed = matches!(cursor.peek(), Some(TokenKind::Open | TokenKind::ListOpen));
    let set = set_term(cursor, Layout::Dense);
    let open_ended = !bracketed && set != Set::Invalid;
    Some(Operand { expression: Expression::Condition(segment, set), bare_from: None, open_ended })
}

fn segment_unknown(cursor: &mut Cursor, name: &Word) {
    let message = "before a colon stands a part of the mark.";
    let expected = ["digits:", "series:", "region:", "format:"];
    cursor.fault_at(name.at, "segment_unknown", message, &expected);
    cursor.skip_to_operator();
}

fn format(cursor: &mut Cursor) -> Operand {
    let Some(name) = cursor.word() else {
        let message = "after format: stands a format.";
        cursor.fault("operand_missing", message, &["a format, such as format:person_car"]);
        return Operand::clear(Expression::Invalid);
    };
    Operand::clear(Expression::Format(name))
}

/// The only part itself, or all of them joined.
pub(super) fn single_or<T>(mut parts: Vec<T>, join: impl FnOnce(Vec<T>) -> T) -> T {
    if parts.len() == 1
        && let Some(part) = parts.pop()
    {
        return part;
    }
    join(parts)
}
