//! Moving through the tokens, and noting faults on the way.
//!
//! What both grammars (of patterns and of sets of one segment) need: looking ahead, taking, closing
//! brackets, and going on after a fault, so that one mistake gives one fault.

use super::{
    token::{Position, TokenKind, Tokens, fault_at},
    tree::Word,
};
use crate::{
    bounds,
    fault::{Fault, Origin},
};

pub(super) struct Cursor<'a> {
    tokens: &'a Tokens,
    next: usize,
    origin: &'a Origin,
    faults: &'a mut Vec<Fault>,
}

/// Whether blanks may stand around the dash of a range: inside brackets yes, right behind a colon no,
/// because there a blank ends the condition.
#[derive(Copy, Clone, PartialEq, Eq)]
pub(super) enum Layout {
    Dense,
    Loose,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(tokens: &'a Tokens, origin: &'a Origin, faults: &'a mut Vec<Fault>) -> Cursor<'a> {
        Cursor { tokens, next: 0, origin, faults }
    }

    pub(super) fn peek(&self) -> Option<&TokenKind> {
        self.peek_at(0)
    }

    /// The token so many places ahead, blanks included.
    pub(super) fn peek_at(&self, ahead: usize) -> Option<&TokenKind> {
        self.tokens.list.get(self.next + ahead).map(|token| &token.kind)
    }

    /// Where the next token stands, or the text ends.
    pub(super) fn position(&self) -> Position {
        let token = self.tokens.list.get(self.next);
        token.map_or(self.tokens.end, |token| token.at)
    }

    pub(super) fn advance(&mut self) {
        self.next += 1;
    }

    /// Takes the next token, blanks before it included, if it is this one.
    pub(super) fn take(&mut self, kind: &TokenKind) -> bool {
        let before = self.next;
        self.skip_blanks();
        if self.peek() == Some(kind) {
            self.advance();
            return true;
        }
        self.next = before;
        false
    }

    pub(super) fn word(&mut self) -> Option<Word> {
        let word = self.word_at(0)?;
        self.advance();
        Some(word)
    }

    /// The word so many tokens ahead, if one stands there.
    pub(super) fn word_at(&self, ahead: usize) -> Option<Word> {
        let token = self.tokens.list.get(self.next + ahead)?;
        match &token.kind {
            TokenKind::Word(glyphs) => Some(Word { glyphs: glyphs.clone(), at: token.at }),
            _ => None,
        }
    }

    pub(super) fn skip_blanks(&mut self) {
        while self.peek() == Some(&TokenKind::Blank) {
            self.advance();
        }
    }

    /// In free form a dash parts words as a blank does.
    pub(super) fn skip_separators(&mut self) {
        while matches!(self.peek(), Some(TokenKind::Blank | TokenKind::Dash)) {
            self.advance();
        }
    }

    /// Any number of `!`; whether it was an odd one.
    pub(super) fn nots(&mut self) -> bool {
        let mut odd = false;
        while self.take(&TokenKind::Not) {
            odd = !odd;
        }
        self.skip_blanks();
        odd
    }

    pub(super) fn colon_follows(&self) -> bool {
        let blank = usize::from(self.peek_at(1) == Some(&TokenKind::Blank));
        self.peek_at(1 + blank) == Some(&TokenKind::Colon)
    }

    pub(super) fn step_follows(&self) -> bool {
        self.peek_at(1) == Some(&TokenKind::Open) && self.word_at(0).is_some_and(|word| word.is_step())
    }

    /// Whether word, dash, word stand here and can only be a range.
    pub(super) fn free_range_follows(&self) -> bool {
        self.peek_at(1) == Some(&TokenKind::Dash)
            && matches!((self.word_at(0), self.word_at(2)), (Some(from), Some(to)) if from.ranges_with(&to))
    }

    pub(super) fn starts_operand(&self) -> bool {
        matches!(
            self.peek(),
            Some(TokenKind::Word(_) | TokenKind::Not | TokenKind::Open | TokenKind::ListOpen | TokenKind::At)
        )
    }

    /// Takes the closing bracket, or says what stands there instead and goes on behind it.
    pub(super) fn close(&mut self, bracket: &TokenKind, opened: Position) {
        if self.take(bracket) {
            return;
        }
        let (open, close) = match bracket {
            TokenKind::ListClose => ("{", "}"),
            _ => ("(", ")"),
        };
        self.skip_blanks();
        if self.peek().is_none() {
            let message = format!("the bracket {open} is never closed.");
            self.fault_at(opened, "bracket_unclosed", &message, &[close]);
            return;
        }
        self.fault("sign_misplaced", "this sign has no meaning here.", &[close]);
        while let Some(kind) = self.peek() {
            let found = kind == bracket;
            self.advance();
            if found {
                return;
            }
        }
    }

    pub(super) fn skip_to_operator(&mut self) {
        while let Some(kind) = self.peek() {
            let stops = matches!(
                kind,
                TokenKind::Bar
                    | TokenKind::And
                    | TokenKind::Comma
                    | TokenKind::Close
                    | TokenKind::ListClose
                    | TokenKind::Blank
            );
            if stops {
                return;
            }
            self.advance();
        }
    }

    /// Notes what stands behind a complete pattern; whether there is more to read behind that.
    pub(super) fn surplus(&mut self) -> bool {
        loop {
            self.skip_separators();
            match self.peek() {
                None => return false,
                Some(TokenKind::Close | TokenKind::ListClose) => {
                    self.fault("bracket_unopened", "this bracket was never opened.", &[]);
                }
                Some(TokenKind::Comma) => {
                    self.fault("sign_misplaced", "a comma stands only inside { }.", &["{777,888}", "|"]);
                }
                // An operator can only stand here behind something refused already.
                Some(TokenKind::Bar | TokenKind::And) => {}
                Some(_) if self.starts_operand() => return true,
                Some(_) => self.fault("sign_misplaced", "this sign has no meaning here.", &[]),
            }
            self.advance();
        }
    }

    pub(super) fn operand_missing(&mut self) {
        let expected = ["a mark or a part of one, such as 7?7", "a condition, such as digits:aba"];
        self.fault("operand_missing", "something to look for is missing here.", &expected);
    }

    pub(super) fn fault(&mut self, code: &'static str, message: &str, expected: &[&str]) {
        self.fault_at(self.position(), code, message, expected);
    }

    pub(super) fn fault_at(&mut self, at: Position, code: &'static str, message: &str, expected: &[&str]) {
        let fault = fault_at(self.origin, at, code, message);
        self.faults.push(fault.expecting(expected.iter().copied()));
    }

    /// Notes a fault where brackets nest deeper than anybody reads; to be asked before the first rule.
    pub(super) fn nesting_is_allowed(&mut self) -> bool {
        let mut depth = 0_u64;
        for token in &self.tokens.list {
            match token.kind {
                TokenKind::Open | TokenKind::ListOpen => depth += 1,
                TokenKind::Close | TokenKind::ListClose => depth = depth.saturating_sub(1),
                _ => {}
            }
            if let Err(error) = bounds::PATTERN_NESTING.check(depth) {
                let message = format!("{error}: {}.", error.bound.why);
                self.fault_at(token.at, error.bound.slug, &message, &[]);
                return false;
            }
        }
        true
    }
}
