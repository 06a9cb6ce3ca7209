//! Digits that are read as letters: `808 BOB`, or 474 for ATA.
//!
//! A table says which letter a digit looks like; a digit without one has no reading, and so has every
//! number that contains it. Deliberately not here: letters that look like letters of another alphabet,
//! which are a matter of typing (`alphabet.rs`).

use std::collections::BTreeSet;

use crate::area::{Area, Rectangle};
use crate::format::{FormatId, Formats};
use crate::mask::{DigitMask, SeriesMask};
use crate::source::{Section, shortened};
use crate::words::WordList;

/// The keys of a table, so that unknown ones are noticed.
const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

/// Which letter each digit looks like.
pub(super) struct LookAlikes([Option<char>; 10]);

/// What the reading of the digits must be.
#[derive(Copy, Clone, PartialEq, Eq)]
pub(super) enum Reading {
    /// The mark's own series.
    Series,
    /// A word of any list.
    Word,
}

impl LookAlikes {
    /// Reads `look_alikes = { "0" = "O", ... }`.
    pub(super) fn read(section: &Section<'_>) -> Option<LookAlikes> {
        let table = section.section("look_alikes")?;
        let mut letters = [None; 10];
        let mut flawless = true;
        for (key, entry) in DIGITS.into_iter().zip(&mut letters) {
            let Some(text) = table.optional_text(key) else { continue };
            let mut signs = text.value.chars();
            match (signs.next(), signs.next()) {
                (Some(letter @ 'A'..='Z'), None) => *entry = Some(letter),
                _ => {
                    let message = format!("`{}` is not one letter.", shortened(text.value));
                    table.fault_expecting(&text.span, "look_alike_invalid", message, ["one letter A to Z"]);
                    flawless = false;
                }
            }
        }
        table.close();
        if flawless && letters.iter().all(Option::is_none) {
            table.fault(&table.span, "look_alike_invalid", "The table says of no digit what it looks like.");
            flawless = false;
        }
        flawless.then_some(LookAlikes(letters))
    }

    /// The letters that some digits are read as; `None` if one of them has no reading.
    fn reading(&self, digits: &str) -> Option<String> {
        let letter = |digit: char| self.0.get(digit.to_digit(10)? as usize).copied().flatten();
        digits.chars().map(letter).collect()
    }

    /// The marks of a format whose digits are read as demanded.
    pub(super) fn area(&self, reading: Reading, id: FormatId, formats: &Formats, words: &[WordList]) -> Area {
        let everything = formats.whole(id);
        let boxes = everything.rectangles().iter().flat_map(|whole| match reading {
            Reading::Series => self.boxes_of_series(id, formats, whole),
            Reading::Word => {
                vec![Rectangle { digits: self.digits_of_words(id, formats, words), ..whole.clone() }]
            }
        });
        Area::from_boxes(id, formats.get(id).rows(), boxes.collect())
    }

    fn boxes_of_series(&self, id: FormatId, formats: &Formats, whole: &Rectangle) -> Vec<Rectangle> {
        let format = formats.get(id);
        let of_value = |value: u16| {
            let series = format.series_of(&self.reading(&format.digits_text(value))?)?;
            let mut digits = DigitMask::EMPTY;
            digits.set(value);
            let series = SeriesMask::from_series(format.rows(), [series]);
            Some(Rectangle { digits, series, regions: whole.regions })
        };
        whole.digits.iter().filter_map(of_value).collect()
    }

    fn digits_of_words(&self, id: FormatId, formats: &Formats, words: &[WordList]) -> DigitMask {
        let format = formats.get(id);
        let known: BTreeSet<&str> =
            words.iter().flat_map(|list| &list.words).map(|word| word.series.as_str()).collect();
        let whole = DigitMask::from_range(format.digits_from, format.digit_values().saturating_sub(1));
        DigitMask::from_fn(|value| {
            let reading = self.reading(&format.digits_text(value));
            whole.contains(value) && reading.is_some_and(|reading| known.contains(reading.as_str()))
        })
    }
}
