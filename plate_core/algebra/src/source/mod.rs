//! A data file of the rule book as text with places: UTF-8, TOML, and where each value stands.
//!
//! [`Source`] knows lines and columns; [`Section`] (in `source/section.rs`) reads one TOML table
//! strictly. Faults are collected in a [`FaultSink`] and never thrown, so that an author sees all of
//! them at once. Deliberately not here: what the keys mean (each part of the law reads its own file,
//! `tariff/read.rs` for instance) and the disk (the caller brings bytes).

mod section;

use std::cell::{Cell, RefCell};
use std::ops::Range;

use toml::Spanned;
use toml::de::DeTable;

pub(crate) use section::{Section, Text, shortened};

use crate::bounds;
use crate::fault::{Fault, Origin};

/// One file: its name as the author knows it, and its text.
pub(crate) struct Source {
    name: String,
    text: String,
    line_starts: Vec<usize>,
}

/// Where faults gather. Shared by reference while several tables of a file are open.
#[derive(Default)]
pub(crate) struct FaultSink {
    faults: RefCell<Vec<Fault>>,
    /// How many came after the list was full.
    unlisted: Cell<usize>,
}

impl FaultSink {
    pub(crate) fn push(&self, fault: Fault) {
        let mut faults = self.faults.borrow_mut();
        match bounds::RULE_BOOK_FAULTS.check(faults.len() as u64 + 1) {
            Ok(_) => faults.push(fault),
            Err(_) => self.unlisted.set(self.unlisted.get().saturating_add(1)),
        }
    }

    pub(crate) fn extend(&self, faults: impl IntoIterator<Item = Fault>) {
        faults.into_iter().for_each(|fault| self.push(fault));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.faults.borrow().is_empty()
    }

    /// The faults in reading order: by file, line and column.
    pub(crate) fn into_sorted(self) -> Vec<Fault> {
        let mut faults = self.faults.into_inner();
        faults.sort_by(|left, right| {
            (&left.file, left.line, left.column, left.code).cmp(&(
                &right.file,
                right.line,
                right.column,
                right.code,
            ))
        });
        // A rule for two formats compiles its patterns twice and would complain twice.
        faults.dedup();
        if let (more @ 1.., Some(last)) = (self.unlisted.get(), faults.last()) {
            let place = Origin::file(&last.file, last.line, last.column);
            let message = format!("There are {more} faults more than are listed.");
            faults.push(Fault::at(&place, bounds::RULE_BOOK_FAULTS.slug, message));
        }
        faults
    }
}

impl Source {
    /// The file as text; too large a file or other bytes than UTF-8 are faults.
    pub(crate) fn read(name: &str, bytes: &[u8], sink: &FaultSink) -> Option<Source> {
        if let Err(error) = bounds::FILE_BYTES.check(bytes.len() as u64) {
            let message = format!("The file is too large: {}.", error.bound.why);
            sink.push(Fault::at(&Origin::file(name, 1, 1), error.bound.slug, message));
            return None;
        }
        let (valid, rest) = match std::str::from_utf8(bytes) {
            Ok(text) => (text, None),
            Err(error) => {
                let (valid, rest) = bytes.split_at(error.valid_up_to());
                (std::str::from_utf8(valid).unwrap_or_default(), rest.first())
            }
        };
        let source = Source::new(name, valid);
        if let Some(byte) = rest {
            let end = source.text.len();
            sink.push(source.fault(&(end..end), "not_utf8", format!("Byte 0x{byte:02x} is no UTF-8 text.")));
            return None;
        }
        Some(source)
    }

    fn new(name: &str, text: &str) -> Source {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let line_starts = std::iter::once(0).chain(breaks).collect();
        Source { name: name.to_owned(), text: text.to_owned(), line_starts }
    }

    /// The parsed document; every syntax fault is reported, and then there is no document.
    pub(crate) fn parse(&self, sink: &FaultSink) -> Option<Spanned<DeTable<'_>>> {
        let (document, errors) = DeTable::parse_recoverable(&self.text);
        if errors.is_empty() {
            return Some(document);
        }
        sink.extend(errors.iter().map(|error| {
            let span = error.span().unwrap_or(0..0);
            self.fault(&span, "toml_syntax", format!("This is not TOML: {}.", error.message()))
        }));
        None
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The characters of a place in the file, as they are written there.
    pub(crate) fn written(&self, span: &Range<usize>) -> &str {
        self.text.get(span.clone()).unwrap_or_default()
    }

    /// Line and column of a byte offset, both from 1; a column counts characters, not bytes.
    pub(crate) fn position(&self, offset: usize) -> (u32, u32) {
        let line = self.line_starts.partition_point(|start| *start <= offset).max(1);
        let start = self.line_starts.get(line - 1).copied().unwrap_or(0);
        let column = self.text.get(start..offset).map_or(0, |before| before.chars().count()) + 1;
        (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
    }

    /// The place of a span, for whoever compiles what stands there.
    pub(crate) fn origin(&self, span: &Range<usize>) -> Origin {
        let (line, column) = self.position(span.start);
        Origin::file(&self.name, line, column)
    }

    pub(crate) fn fault(&self, span: &Range<usize>, code: &'static str, message: impl Into<String>) -> Fault {
        Fault::at(&self.origin(span), code, message)
    }
}
