//! The function library: put together from `src/functions`, one verb a file, and named by its own hash.
//!
//! The name of the library and of each of its functions carries the first eight digits of the hash of its
//! text, so that the libraries of two versions live side by side during an upgrade, and a worker calls
//! exactly the text it was built with. Replacing a library in place would give the workers of the old
//! version "Function not found" (docs/measured.md).
//!
//! The numbers of the vocabulary are put in here: a file says `OUTCOME.held`, the text that the server gets
//! says `100`. Each number is so written once, in Rust, and a misspelt name fails the assembly.
//!
//! The build for tests replaces the clock's file and nothing else, and is there only with the `test_clock`
//! feature; a sabotaged build ([`crate::sabotage`]) only with `sabotage`. A release has neither.

use sha2::{Digest as _, Sha256};

use crate::act::Channel;
use crate::feed::Verb;
use crate::keys::Function;
use crate::outcome::Outcome;
use crate::payment::{PaymentState, RefundReason};
use crate::state::{DeadlineReason, State};

/// The version of the data's layout. A store with a greater one is not touched by this build; one with a smaller
/// one is raised when it is opened.
///
/// 2: documents have a feed and stand in a pool of their own, and there is a feed of refused notifications.
/// 3: two planes of a pool are one bitmap and the third is its records; an answer to a hold stands with its id.
pub const DATA_VERSION: u32 = 3;

/// Whose time the functions go by.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Clock {
    /// The server's: `TIME`.
    Server,
    /// What stands in a key that the test writes.
    #[cfg(any(test, feature = "test_clock"))]
    Stored,
}

/// One file of the library.
struct Source {
    name: &'static str,
    text: &'static str,
}

macro_rules! sources {
    ($($name:literal)+) => {
        &[$( Source { name: $name, text: include_str!(concat!("functions/", $name, ".lua")) }, )+]
    };
}

/// What every function shares, in order: later files use earlier ones.
const PRELUDE: &[Source] = sources![
    "prelude/library" "prelude/pool" "prelude/shard" "prelude/admission" "prelude/offer" "prelude/carry" "prelude/held"
    "prelude/marks" "prelude/money" "prelude/feed"
];

/// The verbs, each in a scope of its own.
const VERBS: &[Source] = sources![
    "admit" "claim" "settle_permits" "sweep_ids" "configure_shard" "take_lease" "give_lease"
    "hold" "assign_next" "extend" "release" "begin_payment" "confirm" "cancel" "confirm_refund" "sweep" "forget"
    "withhold" "readmit" "import" "read" "configure" "put_document" "note_refusals" "trim_feed"
];

/// An assembled library, ready to be loaded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Library {
    name: String,
    code: String,
    clock: Clock,
}

/// Why a library could not be put together. Each is a mistake in a file of `src/functions`.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LibraryFault {
    /// A name of the vocabulary that the vocabulary does not have.
    #[error("{file}: there is no {name}")]
    UnknownName {
        /// The file.
        file: &'static str,
        /// The name, such as `OUTCOME.hled`.
        name: String,
    },
    /// A sabotage that no longer fits the text it was written for.
    #[error("sabotage {name}: its text stands {found} times in {file}, and it must stand once")]
    PatchMisses {
        /// The sabotage.
        name: &'static str,
        /// The file.
        file: &'static str,
        /// How often its text was found.
        found: usize,
    },
}

impl Library {
    /// The library of this build.
    ///
    /// # Errors
    /// [`LibraryFault`] when a file has a mistake; the tests of this module see that none has.
    pub fn release() -> Result<Self, LibraryFault> {
        Self::assemble(Clock::Server, |source| Ok(source.text.to_owned()))
    }

    /// The library whose time is an argument.
    ///
    /// # Errors
    /// As [`Self::release`].
    #[cfg(any(test, feature = "test_clock"))]
    pub fn for_tests() -> Result<Self, LibraryFault> {
        Self::assemble(Clock::Stored, |source| Ok(source.text.to_owned()))
    }

    /// The library whose time is an argument, with one planted fault.
    ///
    /// # Errors
    /// [`LibraryFault::PatchMisses`] when the fault's text does not stand exactly once in its file.
    #[cfg(any(test, feature = "sabotage"))]
    pub fn sabotaged(sabotage: crate::sabotage::Sabotage, clock: Clock) -> Result<Self, LibraryFault> {
        Self::assemble(clock, |source| sabotage.apply(source.name, source.text))
    }

    /// The library of another version: it does the same, its text and so its names are others.
    ///
    /// # Errors
    /// As [`Self::release`].
    #[cfg(any(test, feature = "sabotage"))]
    pub fn of_version(version: u16) -> Result<Self, LibraryFault> {
        Self::assemble(Clock::Server, |source| {
            let told = if source.name == "prelude/library" {
                format!("\nlocal _ = {version}")
            } else {
                String::new()
            };
            Ok(source.text.to_owned() + &told)
        })
    }

    fn assemble(
        clock: Clock,
        text_of: impl Fn(&Source) -> Result<String, LibraryFault>,
    ) -> Result<Self, LibraryFault> {
        let mut code = String::new();
        for source in [clock_source(clock)].into_iter().chain(PRELUDE) {
            code.push_str(&numbered(source, &text_of(source)?)?);
            code.push('\n');
        }
        for source in VERBS {
            code.push_str("do\n");
            code.push_str(&numbered(source, &text_of(source)?)?);
            code.push_str("end\n\n");
        }
        let hash = Sha256::digest(code.as_bytes());
        let name = format!("plates_{:02x}{:02x}{:02x}{:02x}", hash[0], hash[1], hash[2], hash[3]);
        let code = format!("#!lua name={name}\n{}", code.replace("@LIBRARY@", &name));
        Ok(Self { name, code, clock })
    }

    /// Its name, with the first eight digits of its hash.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text for `FUNCTION LOAD`.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Whose time it goes by.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// The name under which a server knows a function.
    #[must_use]
    pub fn function_name(&self, function: Function) -> String {
        format!("{}_{}", self.name, function.verb)
    }
}

fn clock_source(clock: Clock) -> &'static Source {
    const SERVER: &[Source] = sources!["prelude/clock"];
    #[cfg(any(test, feature = "test_clock"))]
    const STORED: &[Source] = sources!["prelude/clock_stored"];
    match clock {
        Clock::Server => &SERVER[0],
        #[cfg(any(test, feature = "test_clock"))]
        Clock::Stored => &STORED[0],
    }
}

/// The number of a name of the vocabulary.
fn number(list: &str, slug: &str) -> Option<u8> {
    match list {
        "OUTCOME" => Outcome::from_slug(slug).map(Outcome::code),
        "STATE" => State::from_slug(slug).map(State::code),
        "VERB" => Verb::from_slug(slug).map(Verb::code),
        "CHANNEL" => Channel::from_slug(slug).map(Channel::code),
        "REASON" => DeadlineReason::from_slug(slug).map(DeadlineReason::code),
        "REFUND" => RefundReason::from_slug(slug).map(RefundReason::code),
        "PAYMENT" => PaymentState::from_slug(slug).map(PaymentState::code),
        _ => None,
    }
}

/// The text of a file with numbers in place of the vocabulary's names; its comments stay behind.
fn numbered(source: &Source, text: &str) -> Result<String, LibraryFault> {
    let mut result = String::with_capacity(text.len());
    for line in text.lines() {
        // The files hold no `--` inside a string, which the tests see to.
        let code = line.split_once("--").map_or(line, |(code, _)| code).trim_end();
        if !code.is_empty() {
            put_numbers(source, code, &mut result)?;
            result.push('\n');
        }
    }
    Ok(result)
}

/// Appends one line with each `LIST.slug` replaced.
fn put_numbers(source: &Source, line: &str, to: &mut String) -> Result<(), LibraryFault> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut rest = line;
    while let Some(start) = rest.find(is_word) {
        let (before, from_word) = rest.split_at(start);
        to.push_str(before);
        let (word, after) = from_word.split_at(from_word.find(|c| !is_word(c)).unwrap_or(from_word.len()));
        let is_list =
            after.starts_with('.') && word.len() > 1 && word.chars().all(|c| c.is_ascii_uppercase());
        if !is_list {
            to.push_str(word);
            rest = after;
            continue;
        }
        let tail = &after[1..];
        let (slug, after) = tail.split_at(tail.find(|c| !is_word(c)).unwrap_or(tail.len()));
        let number = number(word, slug)
            .ok_or_else(|| LibraryFault::UnknownName { file: source.name, name: format!("{word}.{slug}") })?;
        to.push_str(&number.to_string());
        rest = after;
    }
    to.push_str(rest);
    Ok(())
}
