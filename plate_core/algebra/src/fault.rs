//! One fault in a file or an input, with the place where it stands and what was expected there.
//!
//! Every compiler of this crate returns all faults at once (`Result<_, Vec<Fault>>`), because somebody who
//! mends a file wants one round, not ten. A single mark typed by a person is another matter: it has one
//! cause, see [`crate::parse::ParseError`].
//!
//! A message repeats no number longer than three digits out of the input: people paste personal numbers
//! into search boxes, and what is refused must not be echoed.

use std::fmt;

/// Where a text begins, so that a fault inside it can name its place in the file.
///
/// Lines and columns count from 1; a column counts characters, not bytes.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Origin {
    /// The file, relative to the rule book's directory, or the name of an input such as `search`.
    pub file: String,
    /// Line of the text's first character.
    pub line: u32,
    /// Column of the text's first character.
    pub column: u32,
    /// How generous the limits are that apply to this text.
    pub trust: Trust,
}

/// Who wrote a text: it decides how much work compiling it may cost.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Trust {
    /// Anybody, over the network, any number of times a second.
    Public,
    /// The authors of the rule book, whose files are reviewed.
    Reviewed,
}

impl Origin {
    /// A text that stands in a file of the rule book.
    pub fn file(file: &str, line: u32, column: u32) -> Origin {
        Origin { file: file.to_owned(), line, column, trust: Trust::Reviewed }
    }

    /// A text that somebody typed; `name` is what the faults call it, such as `search`.
    pub fn input(name: &str) -> Origin {
        Origin { file: name.to_owned(), line: 1, column: 1, trust: Trust::Public }
    }
}

/// One fault: where, what (a stable slug), a sentence, and what would have been right.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Fault {
    /// The file or the input's name.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Stable slug; each is listed in `patterns/README.md`.
    pub code: &'static str,
    /// One human sentence.
    pub message: String,
    /// What could have stood there, in the order of likelihood; may be empty.
    pub expected: Vec<String>,
}

impl Fault {
    /// A fault at the beginning of `origin`.
    pub fn at(origin: &Origin, code: &'static str, message: impl Into<String>) -> Fault {
        Fault {
            file: origin.file.clone(),
            line: origin.line,
            column: origin.column,
            code,
            message: message.into(),
            expected: Vec::new(),
        }
    }

    /// The same fault with what was expected.
    #[must_use]
    pub fn expecting<I, S>(mut self, expected: I) -> Fault
    where
        I: IntoIterator<Item = S>,
        S: Into<String>,
    {
        self.expected = expected.into_iter().map(Into::into).collect();
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}: {}", self.file, self.line, self.column, self.code, self.message)?;
        if !self.expected.is_empty() {
            write!(f, " Expected {}.", self.expected.join(" or "))?;
        }
        Ok(())
    }
}
