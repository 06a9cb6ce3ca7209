//! Formats: the shapes that marks have, as data.
//!
//! A template such as `NNN LLL RR` says where the digits (N), the letters (L) and the region (R) stand. The
//! order is free, so that a shape such as `L NNN LL RR` needs a file and no code. What a template cannot
//! say is deliberately left out: no shape has two regions or letters with a meaning of their own.
//! [`Formats`] is every shape the rule book knows, with the regions: reading and writing marks needs both.

mod foreign;
mod formats;

pub use foreign::ForeignFormat;
pub use formats::Formats;

use crate::{
    bounds,
    fault::{Fault, Origin},
    mark::Mark,
    names::Names,
};

/// Which format, as an index into the rule book's formats. Meaningful only with its [`Formats`].
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct FormatId(pub u8);

/// What one place of a template holds; the number says which one of its kind, from the left.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum Place {
    /// A digit of the number.
    Digit(u8),
    /// A letter of the series.
    Letter(u8),
    /// A digit of the region.
    Region(u8),
}

/// One shape of marks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Format {
    /// Its identifier, such as `person_car`: the first half of a pool's name.
    pub id: String,
    /// Its template, such as `NNN LLL RR`; the blanks are where a display has them.
    pub template: String,
    /// How many digits.
    pub digit_count: u8,
    /// How many letters.
    pub letter_count: u8,
    /// Whether its marks can be chosen. A disabled one is known, and refused by name.
    pub enabled: bool,
    /// The lowest digits that are issued: 1 where 000 is not.
    pub digits_from: u16,
    /// What it is called.
    pub names: Names,
    /// Where it is declared.
    pub origin: Origin,
    places: Vec<Place>,
    shape: String,
}

impl Format {
    /// A format from its template; `digits_from` is the lowest number issued (1: no 000).
    ///
    /// ```
    /// use plate_algebra::{Format, Names, Origin};
    /// let names = Names::new("Жеке тұлғаның көлігі", "Автомобиль физического лица", "Person's car");
    /// let format = Format::new("person_car", "NNN LLL RR", true, 1, names, &Origin::file("formats.toml", 3, 1)).unwrap();
    /// assert_eq!((format.digit_values(), format.rows()), (1000, 17_576));
    /// ```
    pub fn new(
        id: &str,
        template: &str,
        enabled: bool,
        digits_from: u16,
        names: Names,
        origin: &Origin,
    ) -> Result<Format, Vec<Fault>> {
        let mut faults = Vec::new();
        if !is_identifier(id) {
            faults.push(
                Fault::at(origin, "format_id_invalid", "a format's identifier has a form it cannot have.")
                    .expecting(["a lower-case letter, then at most 31 of a-z, 0-9 and _"]),
            );
        }
        let places = read_template(template, origin, &mut faults);
        let count = |wanted: fn(&Place) -> bool| places.iter().filter(|place| wanted(place)).count();
        let digit_count = count(|place| matches!(place, Place::Digit(_)));
        let letter_count = count(|place| matches!(place, Place::Letter(_)));
        for (bound, value) in [(bounds::DIGIT_COUNT, digit_count), (bounds::LETTER_COUNT, letter_count)] {
            if let Err(error) = bound.check(value as u64) {
                faults.push(Fault::at(origin, bound.slug, format!("{error}: {}.", bound.why)));
            }
        }
        if count(|place| matches!(place, Place::Region(_))) != 2 {
            faults.push(
                Fault::at(origin, "template_invalid", "a region has exactly two digits.")
                    .expecting(["RR once in the template"]),
            );
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let format = Format {
            id: id.to_owned(),
            template: template.to_owned(),
            digit_count: digit_count as u8,
            letter_count: letter_count as u8,
            enabled,
            digits_from,
            names,
            origin: origin.clone(),
            shape: shape_of(&places),
            places,
        };
        if digits_from >= format.digit_values() {
            let message = format!("with {digits_from} as its lowest number a format has no mark.");
            return Err(vec![Fault::at(origin, "digits_from_out_of_range", message)]);
        }
        Ok(format)
    }

    /// How many series: 26 to the power of the letters.
    pub fn rows(&self) -> u32 {
        26_u32.pow(self.letter_count.into())
    }

    /// How many digit values, issued or not: 10 to the power of the digits.
    pub fn digit_values(&self) -> u16 {
        10_u16.pow(self.digit_count.into())
    }

    /// How many digit values are issued.
    pub fn digits_issued(&self) -> u16 {
        self.digit_values().saturating_sub(self.digits_from)
    }

    /// What stands at each place, from the left.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// What a reader sees of a mark before he knows its format: digits as `9`, letters as `A`.
    pub(crate) fn shape(&self) -> &str {
        &self.shape
    }

    /// The digits with their leading zeros: `007`.
    pub fn digits_text(&self, digits: u16) -> String {
        (0..self.digit_count).map(|index| self.digit(digits, index)).collect()
    }

    /// The letters of a series: 0 is `AAA`.
    pub fn series_text(&self, series: u16) -> String {
        (0..self.letter_count).map(|index| self.letter(series, index)).collect()
    }

    /// The series of some letters, `A` to `Z`; `None` where they are not exactly this format's letters.
    pub fn series_of(&self, letters: &str) -> Option<u16> {
        if letters.len() != usize::from(self.letter_count) {
            return None;
        }
        letters.bytes().try_fold(0_u16, |series, letter| {
            let value = letter.is_ascii_uppercase().then(|| letter - b'A')?;
            Some(series * 26 + u16::from(value))
        })
    }

    fn letter(&self, series: u16, index: u8) -> char {
        let power = u32::from(self.letter_count.saturating_sub(index + 1));
        let value = u32::from(series) / 26_u32.pow(power) % 26;
        char::from(b'A' + value as u8)
    }

    fn digit(&self, digits: u16, index: u8) -> char {
        let power = u32::from(self.digit_count.saturating_sub(index + 1));
        let value = u32::from(digits) / 10_u32.pow(power) % 10;
        char::from(b'0' + value as u8)
    }

    fn character(&self, mark: Mark, place: Place) -> char {
        match place {
            Place::Digit(index) => self.digit(mark.digits, index),
            Place::Letter(index) => self.letter(mark.series, index),
            Place::Region(0) => char::from(b'0' + mark.region.code() / 10),
            Place::Region(_) => char::from(b'0' + mark.region.code() % 10),
        }
    }
}

/// Whether a text can name a format: a lower-case letter, then at most 31 letters, digits and `_`.
pub(crate) fn is_identifier(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && text.len() <= 32
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

fn read_template(template: &str, origin: &Origin, faults: &mut Vec<Fault>) -> Vec<Place> {
    let mut places = Vec::new();
    let (mut digits, mut letters, mut regions) = (0_u8, 0_u8, 0_u8);
    for sign in template.chars() {
        let (place, next): (fn(u8) -> Place, &mut u8) = match sign {
            'N' => (Place::Digit, &mut digits),
            'L' => (Place::Letter, &mut letters),
            'R' => (Place::Region, &mut regions),
            ' ' => continue,
            _ => {
                let message = format!("a template cannot hold {sign:?}.");
                faults.push(
                    Fault::at(origin, "template_invalid", message).expecting(["N", "L", "R", "a blank"]),
                );
                continue;
            }
        };
        places.push(place(*next));
        *next = next.saturating_add(1);
    }
    places
}

fn shape_of(places: &[Place]) -> String {
    let sign = |place: &Place| match place {
        Place::Letter(_) => 'A',
        Place::Digit(_) | Place::Region(_) => '9',
    };
    places.iter().map(sign).collect()
}
