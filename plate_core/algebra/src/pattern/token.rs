//! From characters to tokens: what can be said about a pattern before its grammar.
//!
//! A word is a run of characters that could stand in a mark or in a name; which of the two it is, the
//! parser and the compiler decide. Blanks are kept, because they part the words of a shape.

use crate::{
    alphabet::{Sign, is_mistaken_for_y, read},
    fault::{Fault, Origin},
};

/// Where something stands: line and column in characters, both from 1.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Position {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

impl Position {
    /// Where a text begins.
    pub(crate) fn start(origin: &Origin) -> Position {
        Position { line: origin.line, column: origin.column }
    }
}

/// One character of a word.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct Glyph {
    pub(crate) sign: GlyphSign,
    /// The character as it was typed.
    pub(crate) raw: char,
    pub(crate) at: Position,
}

/// What a character of a word can stand for.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum GlyphSign {
    Digit(u8),
    Letter {
        letter: u8,
        lower: bool,
    },
    /// `?`, exactly one place.
    Any,
    /// `*`, any number of places, none included.
    Run,
    /// `#`, half of `##`, the two digits of the region.
    Hash,
    /// A character that stands in no mark; a name may hold it if it is a letter or `_`.
    Foreign,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum TokenKind {
    Word(Vec<Glyph>),
    Blank,
    Dash,
    Bar,
    And,
    Not,
    Open,
    Close,
    ListOpen,
    ListClose,
    Comma,
    Colon,
    At,
    Plus,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) at: Position,
}

/// The tokens of a text, and where it ends.
pub(crate) struct Tokens {
    pub(crate) list: Vec<Token>,
    pub(crate) end: Position,
}

/// Cuts a text into tokens. Nothing is refused here: a character without a meaning belongs to a word, and
/// whoever reads the word says so.
pub(crate) fn tokenize(text: &str, origin: &Origin) -> Tokens {
    let mut tokens: Vec<Token> = Vec::new();
    let mut at = Position::start(origin);
    for raw in text.chars() {
        match classify(raw) {
            Class::Sign(kind) => push_sign(&mut tokens, kind, at),
            Class::Glyph(sign) => push_glyph(&mut tokens, Glyph { sign, raw, at }),
        }
        at = after(at, raw);
    }
    Tokens { list: tokens, end: at }
}

/// A fault at a position of the text that began at `origin`.
pub(crate) fn fault_at(
    origin: &Origin,
    at: Position,
    code: &'static str,
    message: impl Into<String>,
) -> Fault {
    let mut fault = Fault::at(origin, code, message);
    (fault.line, fault.column) = (at.line, at.column);
    fault
}

/// The fault of a character that stands in no mark.
pub(crate) fn foreign_character(raw: char, at: Position, origin: &Origin) -> Fault {
    if is_mistaken_for_y(raw) {
        let message = format!("{raw:?} is a Kazakh letter and not the Latin Y.");
        return fault_at(origin, at, "lookalike_not_y", message).expecting(["Y"]);
    }
    let message = format!("{raw:?} stands in no mark and is no sign of the pattern language.");
    fault_at(origin, at, "foreign_character", message).expecting([
        "a digit",
        "a letter of a mark",
        "? for one place",
        "* for any run",
    ])
}

enum Class {
    Sign(TokenKind),
    Glyph(GlyphSign),
}

fn classify(raw: char) -> Class {
    match read(raw) {
        Sign::Digit(value) => Class::Glyph(GlyphSign::Digit(value)),
        Sign::Letter { letter, lower } => Class::Glyph(GlyphSign::Letter { letter, lower }),
        Sign::Blank => Class::Sign(TokenKind::Blank),
        Sign::Dash => Class::Sign(TokenKind::Dash),
        Sign::Other('?') => Class::Glyph(GlyphSign::Any),
        Sign::Other('*') => Class::Glyph(GlyphSign::Run),
        Sign::Other('#') => Class::Glyph(GlyphSign::Hash),
        Sign::Other('|') => Class::Sign(TokenKind::Bar),
        Sign::Other('&') => Class::Sign(TokenKind::And),
        Sign::Other('!') => Class::Sign(TokenKind::Not),
        Sign::Other('(') => Class::Sign(TokenKind::Open),
        Sign::Other(')') => Class::Sign(TokenKind::Close),
        Sign::Other('{') => Class::Sign(TokenKind::ListOpen),
        Sign::Other('}') => Class::Sign(TokenKind::ListClose),
        Sign::Other(',') => Class::Sign(TokenKind::Comma),
        Sign::Other(':') => Class::Sign(TokenKind::Colon),
        Sign::Other('@') => Class::Sign(TokenKind::At),
        Sign::Other('+') => Class::Sign(TokenKind::Plus),
        Sign::Other(_) => Class::Glyph(GlyphSign::Foreign),
    }
}

/// Blanks next to each other are one.
fn push_sign(tokens: &mut Vec<Token>, kind: TokenKind, at: Position) {
    let again = kind == TokenKind::Blank && tokens.last().is_some_and(|token| token.kind == TokenKind::Blank);
    if !again {
        tokens.push(Token { kind, at });
    }
}

fn push_glyph(tokens: &mut Vec<Token>, glyph: Glyph) {
    if let Some(Token { kind: TokenKind::Word(glyphs), .. }) = tokens.last_mut() {
        glyphs.push(glyph);
        return;
    }
    tokens.push(Token { at: glyph.at, kind: TokenKind::Word(vec![glyph]) });
}

fn after(at: Position, raw: char) -> Position {
    if raw == '\n' {
        return Position { line: at.line.saturating_add(1), column: 1 };
    }
    Position { column: at.column.saturating_add(1), ..at }
}
