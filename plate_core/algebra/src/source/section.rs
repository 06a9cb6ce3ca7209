//! One TOML table, read strictly: what is missing, of another type or unknown is a fault.
//!
//! A reader asks for keys one by one and then calls [`Section::close`], which reports every key that
//! nobody asked for. Each getter answers `None` after it has reported; a caller goes on and collects
//! further faults, and builds its value only when everything is there.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{FaultSink, Source};
use crate::bounds::{self, Bound};
use crate::date::Date;
use crate::fault::Origin;
use crate::names::Names;

/// A table that is being read, with its place in its file.
pub(crate) struct Section<'a> {
    pub(crate) source: &'a Source,
    pub(crate) sink: &'a FaultSink,
    pub(crate) span: Range<usize>,
    table: &'a DeTable<'a>,
    asked: RefCell<BTreeSet<&'static str>>,
}

/// A text of a file with its place.
#[derive(Clone)]
pub(crate) struct Text<'a> {
    pub(crate) value: &'a str,
    pub(crate) span: Range<usize>,
}

impl<'a> Section<'a> {
    /// The whole document as a table.
    pub(crate) fn of(
        source: &'a Source,
        sink: &'a FaultSink,
        document: &'a Spanned<DeTable<'a>>,
    ) -> Section<'a> {
        Section::new(source, sink, 0..0, document.get_ref())
    }

    fn new(
        source: &'a Source,
        sink: &'a FaultSink,
        span: Range<usize>,
        table: &'a DeTable<'a>,
    ) -> Section<'a> {
        Section { source, sink, span, table, asked: RefCell::default() }
    }

    /// Reports a fault at a place of this file.
    pub(crate) fn fault(&self, span: &Range<usize>, code: &'static str, message: impl Into<String>) {
        self.sink.push(self.source.fault(span, code, message));
    }

    /// Reports a fault with what would have been right.
    pub(crate) fn fault_expecting<I>(
        &self,
        span: &Range<usize>,
        code: &'static str,
        message: String,
        expected: I,
    ) where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.sink.push(self.source.fault(span, code, message).expecting(expected));
    }

    /// The first character inside a text's quotes, where a pattern's own columns begin. A text with
    /// escapes or line breaks cannot be mapped column by column; then it is the quote itself.
    pub(crate) fn inside(&self, text: &Text<'_>) -> Origin {
        let written = self.source.written(&text.span);
        let verbatim =
            written.len() == text.value.len() + 2 && written.get(1..written.len() - 1) == Some(text.value);
        let start = text.span.start + usize::from(verbatim);
        self.source.origin(&(start..start))
    }

    fn get(&self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.asked.borrow_mut().insert(key);
        self.table.get(key)
    }

    fn missing(&self, key: &str, form: &str) {
        let message = format!("The key `{key}` is missing.");
        self.fault_expecting(&self.span, "key_missing", message, [format!("{key} = {form}")]);
    }

    fn mistyped(&self, key: &str, value: &Spanned<DeValue<'_>>, form: &str) {
        let message = format!("The key `{key}` holds {}.", article(value.get_ref()));
        self.fault_expecting(&value.span(), "type_wrong", message, [form]);
    }

    /// A text that may be absent.
    pub(crate) fn optional_text(&self, key: &'static str) -> Option<Text<'a>> {
        let value = self.get(key)?;
        self.text_of(key, value)
    }

    /// A text that must be there and not be blank.
    pub(crate) fn text(&self, key: &'static str) -> Option<Text<'a>> {
        match self.get(key) {
            Some(value) => self.text_of(key, value),
            None => {
                self.missing(key, "\"...\"");
                None
            }
        }
    }

    fn text_of(&self, key: &str, value: &'a Spanned<DeValue<'a>>) -> Option<Text<'a>> {
        let Some(text) = value.get_ref().as_str() else {
            self.mistyped(key, value, "a text");
            return None;
        };
        if text.trim().is_empty() {
            self.fault(&value.span(), "text_empty", format!("The key `{key}` is empty."));
            return None;
        }
        if let Err(error) = bounds::TEXT_CHARS.check(text.chars().count() as u64) {
            self.fault(&value.span(), error.bound.slug, format!("The key `{key}`: {error}."));
            return None;
        }
        Some(Text { value: text, span: value.span() })
    }

    /// An identifier: lower-case ASCII letters, digits and `_`, beginning with a letter.
    pub(crate) fn id(&self, key: &'static str) -> Option<Text<'a>> {
        self.identifier(key, "a lower-case letter, then letters, digits and `_`", |sign| sign == b'_')
    }

    /// The same with dashes, for what is never named in a pattern: `kz-2026`.
    pub(crate) fn slug(&self, key: &'static str) -> Option<Text<'a>> {
        let expected = "a lower-case letter, then letters, digits, `_` and `-`";
        self.identifier(key, expected, |sign| matches!(sign, b'_' | b'-'))
    }

    fn identifier(&self, key: &'static str, expected: &str, sign: fn(u8) -> bool) -> Option<Text<'a>> {
        let text = self.text(key)?;
        let letter = |byte: u8| byte.is_ascii_lowercase();
        let first = text.value.bytes().next().is_some_and(letter);
        let rest = text.value.bytes().all(|byte| letter(byte) || byte.is_ascii_digit() || sign(byte));
        if first && rest && bounds::IDENTIFIER_CHARS.check(text.value.len() as u64).is_ok() {
            return Some(text);
        }
        let message =
            format!("`{key}` is an identifier of at most {} characters.", bounds::IDENTIFIER_CHARS.max);
        self.fault_expecting(&text.span, "id_invalid", message, [expected]);
        None
    }

    /// A whole number that must be there and keep its bound.
    pub(crate) fn integer(&self, key: &'static str, bound: Bound) -> Option<u64> {
        let form = format!("a whole number from {} to {}", bound.min, bound.max);
        let Some(value) = self.get(key) else {
            self.missing(key, &form);
            return None;
        };
        let Some(integer) = value.get_ref().as_integer() else {
            self.mistyped(key, value, &form);
            return None;
        };
        let number = u64::from_str_radix(integer.as_str(), integer.radix()).ok();
        let number = number.and_then(|number| bound.check(number).ok());
        if number.is_none() {
            let message = format!("The key `{key}` is out of range: {}.", bound.why);
            self.fault_expecting(&value.span(), bound.slug, message, [form]);
        }
        number
    }

    /// A truth value; absent counts as `otherwise`.
    pub(crate) fn truth(&self, key: &'static str, otherwise: bool) -> Option<bool> {
        let Some(value) = self.get(key) else { return Some(otherwise) };
        let truth = value.get_ref().as_bool();
        if truth.is_none() {
            self.mistyped(key, value, "true or false");
        }
        truth
    }

    /// A day that must be there.
    pub(crate) fn date(&self, key: &'static str) -> Option<Date> {
        match self.get(key) {
            Some(value) => self.date_of(key, value),
            None => {
                self.missing(key, "2026-01-05");
                None
            }
        }
    }

    fn date_of(&self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<Date> {
        let form = "a day without quotes, such as 2026-01-05";
        let Some(moment) = value.get_ref().as_datetime() else {
            self.mistyped(key, value, form);
            return None;
        };
        match (moment.date, moment.time, moment.offset) {
            (Some(day), None, None) => match Date::new(i32::from(day.year), day.month, day.day) {
                Ok(date) => Some(date),
                Err(error) => {
                    self.fault(&value.span(), "date_invalid", format!("The key `{key}`: {error}."));
                    None
                }
            },
            _ => {
                self.mistyped(key, value, form);
                None
            }
        }
    }

    /// A list of texts that may be absent; if it is there, it is not empty.
    pub(crate) fn optional_texts(&self, key: &'static str) -> Option<Vec<Text<'a>>> {
        let value = self.get(key)?;
        let Some(items) = value.get_ref().as_array() else {
            self.mistyped(key, value, "a list of texts");
            return None;
        };
        if items.is_empty() {
            self.fault(&value.span(), "list_empty", format!("The list `{key}` is empty."));
            return None;
        }
        let texts: Vec<_> = items.iter().filter_map(|item| self.text_of(key, item)).collect();
        (texts.len() == items.len()).then_some(texts)
    }

    /// A table that must be there.
    pub(crate) fn section(&self, key: &'static str) -> Option<Section<'a>> {
        let Some(value) = self.get(key) else {
            self.missing(key, "{ ... }");
            return None;
        };
        self.section_of(key, value)
    }

    fn section_of(&self, key: &str, value: &'a Spanned<DeValue<'a>>) -> Option<Section<'a>> {
        let Some(table) = value.get_ref().as_table() else {
            self.mistyped(key, value, "a table");
            return None;
        };
        Some(Section::new(self.source, self.sink, value.span(), table))
    }

    /// The tables of a list (`[[key]]`) that must be there and not be empty.
    pub(crate) fn sections(&self, key: &'static str) -> Vec<Section<'a>> {
        let sections = self.optional_sections(key);
        if sections.is_empty() && !self.table.contains_key(key) {
            let message = format!("The file has no `[[{key}]]`.");
            self.fault_expecting(&self.span, "key_missing", message, [format!("[[{key}]]")]);
        }
        sections
    }

    /// The tables of a list (`[[key]]`) that may be absent.
    pub(crate) fn optional_sections(&self, key: &'static str) -> Vec<Section<'a>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let Some(items) = value.get_ref().as_array() else {
            self.mistyped(key, value, "a list of tables");
            return Vec::new();
        };
        if items.is_empty() {
            self.fault(&value.span(), "list_empty", format!("The list `{key}` is empty."));
        }
        items.iter().filter_map(|item| self.section_of(key, item)).collect()
    }

    /// A name in the three languages: `{ kk = "...", ru = "...", en = "..." }`.
    pub(crate) fn names(&self, key: &'static str) -> Option<Names> {
        let section = self.section(key)?;
        let (kk, ru, en) = (section.text("kk"), section.text("ru"), section.text("en"));
        section.close();
        Some(Names::new(kk?.value, ru?.value, en?.value))
    }

    /// Reports every key that nobody asked for. A misspelt key must not be a rule that silently
    /// does not apply.
    pub(crate) fn close(&self) {
        let asked = self.asked.borrow();
        for key in self.table.keys() {
            let name = key.get_ref().as_ref();
            if !asked.contains(name) {
                let message = format!("The key `{}` is unknown here.", shortened(name));
                self.fault_expecting(&key.span(), "key_unknown", message, asked.iter().copied());
            }
        }
    }
}

/// What a value is, with its article, for a sentence.
fn article(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a decimal number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or a time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// A text out of a file as a message may repeat it: short, printable, and without long numbers. A
/// draft comes from the network, and nothing that could be a personal number is echoed.
pub(crate) fn shortened(text: &str) -> String {
    let mut out = String::new();
    let mut digits = 0;
    for (at, character) in text.chars().enumerate() {
        if at == 40 {
            out.push_str("...");
            break;
        }
        digits = if character.is_numeric() { digits + 1 } else { 0 };
        match character {
            _ if digits > 3 => out.push('#'),
            control if control.is_control() => out.push('\u{FFFD}'),
            other => out.push(other),
        }
    }
    out
}
