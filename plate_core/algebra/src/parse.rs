//! Reading a mark that a person typed.
//!
//! Cyrillic look-alikes, lower case, blanks, dashes, full-width forms and a leading KZ are taken for what
//! was meant. What is refused says which character, where and why. Only one mark is read here, so there is
//! one cause; a pattern is another language, see [`crate::pattern`].
//!
//! A [`ParseError`] never holds the text itself: a personal number typed into the wrong field must not come
//! back in an error or reach a log.

use crate::{
    alphabet::{Sign, is_mistaken_for_y, read},
    bounds,
    format::{Format, FormatId, Formats, Place},
    mark::Mark,
    names::Names,
    region::Region,
};
use thiserror::Error;

/// Why a text is no mark. Positions count characters of the text as it was typed, from 1.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ParseError {
    /// Nothing but blanks and dashes.
    #[error("no mark was given")]
    Empty,
    /// Longer than any mark with any blanks.
    #[error("a mark is at most {limit} characters with its blanks, found {length}")]
    TooLong {
        /// Characters found.
        length: u64,
        /// Characters allowed.
        limit: u64,
    },
    /// A character that stands in no mark.
    #[error("character {position}, {character:?}, stands in no mark: digits and Latin letters do")]
    ForeignCharacter {
        /// Where.
        position: u32,
        /// Which.
        character: char,
    },
    /// Kazakh Ү or Ұ, which is another letter than Y.
    #[error("character {position}, {character:?}, is a Kazakh letter and not the Latin Y")]
    LookalikeNotY {
        /// Where.
        position: u32,
        /// Which.
        character: char,
    },
    /// Digits and letters in an order that no format has.
    #[error("character {position} should be {expected}, found {found}")]
    WrongShape {
        /// Where the text departs from the format it is likest to.
        position: u32,
        /// What stands there.
        found: Found,
        /// What should stand there.
        expected: Expected,
        /// The shapes that would be right, as templates.
        templates: Vec<String>,
    },
    /// Digits such as 000.
    #[error("the digits from character {position} on are not issued: they begin with {lowest}")]
    DigitsNotIssued {
        /// Where the digits begin.
        position: u32,
        /// The lowest digits issued, such as `001`.
        lowest: String,
    },
    /// A region that the rule book does not declare.
    #[error("there is no region {code:02} (character {position})")]
    RegionUnknown {
        /// Where the region begins.
        position: u32,
        /// The two digits as a number.
        code: u8,
    },
    /// A mark of a format whose marks cannot be chosen.
    #[error("this is a mark of another kind, {}, which cannot be chosen here", names.en)]
    FormatDisabled {
        /// The format's identifier.
        format: String,
        /// What it is called.
        names: Names,
    },
    /// A mark of a kind that is not allocated here, such as a diplomatic one.
    #[error("this is a mark of another kind, {}, which is not allocated here", names.en)]
    ForeignFormat {
        /// The foreign format's identifier.
        format: String,
        /// What it is called.
        names: Names,
    },
}

/// What stood where something else was expected.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Error)]
pub enum Found {
    /// A digit.
    #[error("the digit {0}")]
    Digit(char),
    /// A letter, as the Latin one it was read as.
    #[error("the letter {0}")]
    Letter(char),
    /// The text ended.
    #[error("the end")]
    End,
}

/// What should have stood there.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Error)]
pub enum Expected {
    /// A digit.
    #[error("a digit")]
    Digit,
    /// A letter.
    #[error("a letter")]
    Letter,
    /// Either.
    #[error("a digit or a letter")]
    Either,
    /// Nothing more.
    #[error("the end")]
    End,
}

impl ParseError {
    /// Every slug, in the order in which the causes are looked for.
    pub const SLUGS: [&'static str; 9] = [
        "empty",
        "too_long",
        "foreign_character",
        "lookalike_not_y",
        "foreign_format",
        "wrong_shape",
        "format_disabled",
        "region_unknown",
        "digits_not_issued",
    ];

    /// Stable slug.
    pub const fn slug(&self) -> &'static str {
        match self {
            ParseError::Empty => "empty",
            ParseError::TooLong { .. } => "too_long",
            ParseError::ForeignCharacter { .. } => "foreign_character",
            ParseError::LookalikeNotY { .. } => "lookalike_not_y",
            ParseError::WrongShape { .. } => "wrong_shape",
            ParseError::DigitsNotIssued { .. } => "digits_not_issued",
            ParseError::RegionUnknown { .. } => "region_unknown",
            ParseError::FormatDisabled { .. } => "format_disabled",
            ParseError::ForeignFormat { .. } => "foreign_format",
        }
    }

    /// Where, counted in characters from 1; `None` where the whole text is meant.
    pub const fn position(&self) -> Option<u32> {
        match self {
            ParseError::ForeignCharacter { position, .. }
            | ParseError::LookalikeNotY { position, .. }
            | ParseError::WrongShape { position, .. }
            | ParseError::DigitsNotIssued { position, .. }
            | ParseError::RegionUnknown { position, .. } => Some(*position),
            _ => None,
        }
    }

    /// The character that is refused; `None` where it is not one character.
    pub const fn character(&self) -> Option<char> {
        match self {
            ParseError::ForeignCharacter { character, .. } | ParseError::LookalikeNotY { character, .. } => {
                Some(*character)
            }
            ParseError::WrongShape { found, .. } => match found {
                Found::Digit(character) | Found::Letter(character) => Some(*character),
                Found::End => None,
            },
            _ => None,
        }
    }
}

/// One character that counts, and where it stood.
#[derive(Copy, Clone)]
struct Typed {
    character: char,
    position: u32,
}

impl Typed {
    /// `9` for a digit, `A` for a letter, as in a format's shape.
    fn kind(&self) -> char {
        if self.character.is_ascii_digit() { '9' } else { 'A' }
    }
}

impl Formats {
    /// Reads the mark that a person typed.
    ///
    /// ```
    /// let formats = plate_algebra::fixtures::kazakhstan().unwrap();
    /// let mark = formats.parse("kz 777-ааа-02").unwrap();
    /// assert_eq!(formats.text(mark), "777AAA02");
    /// assert_eq!(formats.parse("H 1234 02").unwrap_err().slug(), "foreign_format");
    /// ```
    pub fn parse(&self, text: &str) -> Result<Mark, ParseError> {
        let typed = read_characters(text)?;
        // KZ is dropped only where the text cannot be read with it, so that a format may begin with letters.
        let without_country = match typed.as_slice() {
            [k, z, rest @ ..] if (k.character, z.character) == ('K', 'Z') => Some(rest),
            _ => None,
        };
        let spellings = [Some(typed.as_slice()), without_country];
        for spelling in spellings.into_iter().flatten() {
            let mut formats = self.iter();
            if let Some((id, format)) = formats.find(|(_, format)| has_shape(spelling, format.shape())) {
                return self.read_as(id, format, spelling);
            }
        }
        for spelling in spellings.into_iter().flatten() {
            let characters: Vec<char> = spelling.iter().map(|typed| typed.character).collect();
            if let Some(foreign) = self.foreign().iter().find(|foreign| foreign.matches(&characters)) {
                let (format, names) = (foreign.id.clone(), foreign.names.clone());
                return Err(ParseError::ForeignFormat { format, names });
            }
        }
        let end = u32::try_from(text.chars().count()).unwrap_or(u32::MAX).saturating_add(1);
        Err(self.wrong_shape(without_country.unwrap_or(&typed), end))
    }

    /// Whether digits and letters stand as in some format, enabled or not.
    pub(crate) fn has_shape_of_any(&self, written: &[u8]) -> bool {
        let kind = |byte: &u8| if byte.is_ascii_digit() { b'9' } else { b'A' };
        self.iter().any(|(_, format)| format.shape().bytes().eq(written.iter().map(kind)))
    }

    fn read_as(&self, id: FormatId, format: &Format, typed: &[Typed]) -> Result<Mark, ParseError> {
        if !format.enabled {
            return Err(ParseError::FormatDisabled {
                format: format.id.clone(),
                names: format.names.clone(),
            });
        }
        let (mut digits, mut series, mut code) = (0_u16, 0_u16, 0_u8);
        let (mut digits_at, mut region_at) = (0, 0);
        for (place, typed) in format.places().iter().zip(typed) {
            let value = value_of(typed.character);
            match place {
                Place::Digit(index) => {
                    digits = digits * 10 + u16::from(value);
                    if *index == 0 {
                        digits_at = typed.position;
                    }
                }
                Place::Letter(_) => series = series * 26 + u16::from(value),
                Place::Region(index) => {
                    code = code * 10 + value;
                    if *index == 0 {
                        region_at = typed.position;
                    }
                }
            }
        }
        let region = Region::new(code)
            .ok()
            .filter(|region| self.region_mask().contains(*region))
            .ok_or(ParseError::RegionUnknown { position: region_at, code })?;
        if digits < format.digits_from {
            return Err(ParseError::DigitsNotIssued {
                position: digits_at,
                lowest: format.digits_text(format.digits_from),
            });
        }
        Ok(Mark { format: id, region, series, digits })
    }

    /// The place where a text leaves the enabled format that it follows longest.
    fn wrong_shape(&self, typed: &[Typed], end: u32) -> ParseError {
        let shapes: Vec<&str> = self.enabled().map(|(_, format)| format.shape()).collect();
        let common = |shape: &&str| {
            let pairs = shape.chars().zip(typed);
            pairs.take_while(|(sign, typed)| *sign == typed.kind()).count()
        };
        let longest = shapes.iter().map(common).max().unwrap_or(0);
        let mut expected = None;
        for shape in shapes.iter().filter(|shape| common(shape) == longest) {
            let here = match shape.chars().nth(longest) {
                None => Expected::End,
                Some('9') => Expected::Digit,
                Some(_) => Expected::Letter,
            };
            expected = match expected {
                None => Some(here),
                Some(before) if before == here => Some(here),
                Some(_) => Some(Expected::Either),
            };
        }
        let at = typed.get(longest);
        ParseError::WrongShape {
            position: at.map_or(end, |typed| typed.position),
            found: at.map_or(Found::End, |typed| match typed.character {
                digit if digit.is_ascii_digit() => Found::Digit(digit),
                letter => Found::Letter(letter),
            }),
            expected: expected.unwrap_or(Expected::End),
            templates: self.enabled().map(|(_, format)| format.template.clone()).collect(),
        }
    }
}

fn read_characters(text: &str) -> Result<Vec<Typed>, ParseError> {
    // Counting stops behind the limit: the length of a hostile text is not worth knowing.
    let limit = bounds::MARK_CHARS.max;
    let length = text.chars().take(limit as usize + 1).count() as u64;
    if length > limit {
        return Err(ParseError::TooLong { length: text.chars().count() as u64, limit });
    }
    let mut typed = Vec::new();
    for (position, original) in (1_u32..).zip(text.chars()) {
        let character = match read(original) {
            Sign::Digit(value) => char::from(b'0' + value),
            Sign::Letter { letter, .. } => char::from(letter),
            Sign::Blank | Sign::Dash => continue,
            Sign::Other(character) if is_mistaken_for_y(character) => {
                return Err(ParseError::LookalikeNotY { position, character });
            }
            Sign::Other(_) => {
                return Err(ParseError::ForeignCharacter { position, character: original });
            }
        };
        typed.push(Typed { character, position });
    }
    if typed.is_empty() {
        return Err(ParseError::Empty);
    }
    Ok(typed)
}

/// Whether the characters are digits (9) and letters (A) in this order.
fn has_shape(typed: &[Typed], shape: &str) -> bool {
    shape.len() == typed.len() && shape.chars().zip(typed).all(|(sign, typed)| sign == typed.kind())
}

fn value_of(character: char) -> u8 {
    match character {
        '0'..='9' => character as u8 - b'0',
        'A'..='Z' => character as u8 - b'A',
        _ => 0,
    }
}
