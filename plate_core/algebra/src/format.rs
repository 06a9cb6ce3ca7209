//! Formats: the shapes that marks have, as data.
//!
//! A template such as `NNN LLL RR` says where the digits (N), the letters (L) and the region (R) stand. The
//! order is free, so that a shape such as `L NNN LL RR` needs a file and no code. What a template cannot
//! say is deliberately left out: no shape has two regions or letters with a meaning of their own.
//! [`Formats`] is every shape the rule book knows, with the regions: reading and writing marks needs both.

use crate::{
    area::Area,
    bounds,
    fault::{Fault, Origin},
    mark::{Mark, Pool},
    mask::RegionMask,
    names::Names,
    ordinal::OrdinalError,
    region::{Region, RegionInfo},
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

    /// The digits with their leading zeros: `007`.
    pub fn digits_text(&self, digits: u16) -> String {
        format!("{digits:0width$}", width = usize::from(self.digit_count))
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

/// A shape that is known and never allocated here, such as a diplomatic one: refused by its name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ForeignFormat {
    /// Its identifier, such as `diplomatic`.
    pub id: String,
    /// Its template: N, L and R as in a format, and `[DT]` for one of some letters or digits.
    pub template: String,
    /// What it is called.
    pub names: Names,
    /// Where it is declared.
    pub origin: Origin,
    places: Vec<ForeignPlace>,
}

/// What one place of a foreign template holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum ForeignPlace {
    Digit,
    Letter,
    OneOf(Vec<char>),
}

impl ForeignFormat {
    /// A foreign format from its template, such as `[FH] NNNN RR`.
    pub fn new(id: &str, template: &str, names: Names, origin: &Origin) -> Result<ForeignFormat, Vec<Fault>> {
        let mut faults = Vec::new();
        if !is_identifier(id) {
            faults.push(Fault::at(
                origin,
                "format_id_invalid",
                "a format's identifier has a form it cannot have.",
            ));
        }
        let places = read_foreign_template(template);
        if places.as_ref().is_none_or(Vec::is_empty) {
            faults.push(
                Fault::at(origin, "template_invalid", "this is not a foreign template.")
                    .expecting(["N, L and R, blanks, and sets such as [FH]"]),
            );
        }
        match places {
            Some(places) if faults.is_empty() => Ok(ForeignFormat {
                id: id.to_owned(),
                template: template.to_owned(),
                names,
                origin: origin.clone(),
                places,
            }),
            _ => Err(faults),
        }
    }

    pub(crate) fn matches(&self, text: &[char]) -> bool {
        self.places.len() == text.len()
            && self.places.iter().zip(text).all(|(place, found)| match place {
                ForeignPlace::Digit => found.is_ascii_digit(),
                ForeignPlace::Letter => found.is_ascii_uppercase(),
                ForeignPlace::OneOf(set) => set.contains(found),
            })
    }
}

/// Every format the rule book knows, enabled or not, the foreign ones refused by name, and the regions.
#[derive(Clone, Debug)]
pub struct Formats {
    formats: Vec<Format>,
    foreign: Vec<ForeignFormat>,
    regions: Vec<RegionInfo>,
    region_mask: RegionMask,
    inert: Format,
}

impl Formats {
    /// Puts the declarations together; the order of `formats` decides their [`FormatId`].
    ///
    /// Faults: `format_count_out_of_range`, `format_duplicate`, `format_shape_ambiguous` (two templates
    /// with the same sequence of digits and letters, which no reader could tell apart),
    /// `region_duplicate`, `regions_missing`.
    pub fn new(
        formats: Vec<Format>,
        foreign: Vec<ForeignFormat>,
        mut regions: Vec<RegionInfo>,
    ) -> Result<Formats, Vec<Fault>> {
        let mut faults = Vec::new();
        if let Err(error) = bounds::FORMAT_COUNT.check(formats.len() as u64) {
            let origin =
                formats.last().map_or_else(|| Origin::file("formats", 1, 1), |format| format.origin.clone());
            faults.push(Fault::at(&origin, error.bound.slug, format!("{error}.")));
        }
        check_formats(&formats, &foreign, &mut faults);
        regions.sort_by_key(|info| info.region);
        check_regions(&regions, &mut faults);
        if !faults.is_empty() {
            faults.sort();
            return Err(faults);
        }
        let region_mask = regions.iter().map(|info| info.region).collect();
        Ok(Formats { formats, foreign, regions, region_mask, inert: inert_format() })
    }

    /// The format with this number. For a number of another rule book an inert format without any digit or
    /// letter, so that a stale number shows nothing instead of stopping the process.
    pub fn get(&self, id: FormatId) -> &Format {
        self.formats.get(usize::from(id.0)).unwrap_or(&self.inert)
    }

    /// The number of the format with this identifier, enabled or not.
    pub fn by_id(&self, id: &str) -> Option<FormatId> {
        self.iter().find(|(_, format)| format.id == id).map(|(number, _)| number)
    }

    /// Every format with its number, enabled or not.
    pub fn iter(&self) -> impl Iterator<Item = (FormatId, &Format)> {
        (0_u8..).map(FormatId).zip(&self.formats)
    }

    /// The enabled formats with their numbers.
    pub fn enabled(&self) -> impl Iterator<Item = (FormatId, &Format)> {
        self.iter().filter(|(_, format)| format.enabled)
    }

    /// The shapes refused by name.
    pub fn foreign(&self) -> &[ForeignFormat] {
        &self.foreign
    }

    /// The regions, ascending.
    pub fn regions(&self) -> &[RegionInfo] {
        &self.regions
    }

    /// The region's declaration.
    pub fn region(&self, region: Region) -> Option<&RegionInfo> {
        self.regions.iter().find(|info| info.region == region)
    }

    /// Every declared region as a mask.
    pub fn region_mask(&self) -> RegionMask {
        self.region_mask
    }

    /// Every pool: enabled formats in their order, each with the regions ascending.
    pub fn pools(&self) -> Vec<Pool> {
        self.enabled()
            .flat_map(|(format, _)| self.regions.iter().map(move |info| Pool { format, region: info.region }))
            .collect()
    }

    /// The pool's name: `person_car.02`.
    pub fn pool_id(&self, pool: Pool) -> String {
        format!("{}.{}", self.get(pool.format).id, pool.region)
    }

    /// The pool with this name, if it is one of [`Formats::pools`].
    pub fn pool(&self, id: &str) -> Option<Pool> {
        let (format, region) = id.split_once('.')?;
        let format = self.by_id(format)?;
        let region = Region::from_digits(region)?;
        let exists = self.get(format).enabled && self.region_mask.contains(region);
        exists.then_some(Pool { format, region })
    }

    /// Every mark of a format: all issued digits, all series, all regions.
    pub fn whole(&self, format: FormatId) -> Area {
        Area::whole(format, self.get(format), self.region_mask)
    }

    /// The mark as it is written in files and addresses: `777AAA02`.
    pub fn text(&self, mark: Mark) -> String {
        let format = self.get(mark.format);
        let places = format.places.iter();
        places.map(|place| format.character(mark, *place)).collect()
    }

    /// The mark as people read it, with the template's blanks: `777 AAA 02`.
    pub fn display(&self, mark: Mark) -> String {
        let format = self.get(mark.format);
        let mut places = format.places.iter();
        let shown = format.template.chars().filter_map(|sign| match sign {
            ' ' => Some(' '),
            _ => places.next().map(|place| format.character(mark, *place)),
        });
        shown.collect()
    }

    /// Whether the mark exists: its format and region are declared, its series and digits are issued. A
    /// mark of a disabled format exists, it only cannot be chosen.
    pub fn check(&self, mark: Mark) -> Result<(), OrdinalError> {
        let Some(format) = self.formats.get(usize::from(mark.format.0)) else {
            return Err(OrdinalError::FormatUnknown(mark.format.0));
        };
        if !self.region_mask.contains(mark.region) {
            return Err(OrdinalError::RegionUnknown(mark.region.code()));
        }
        if u32::from(mark.series) >= format.rows() {
            return Err(OrdinalError::RowBeyondSeries { row: mark.series, rows: format.rows() });
        }
        if mark.digits < format.digits_from || mark.digits >= format.digit_values() {
            return Err(OrdinalError::DigitsNotIssued(mark.digits));
        }
        Ok(())
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

fn read_foreign_template(template: &str) -> Option<Vec<ForeignPlace>> {
    let mut places = Vec::new();
    let mut signs = template.chars();
    while let Some(sign) = signs.next() {
        places.push(match sign {
            'N' | 'R' => ForeignPlace::Digit,
            'L' => ForeignPlace::Letter,
            ' ' => continue,
            '[' => {
                let set: Vec<char> = signs.by_ref().take_while(|sign| *sign != ']').collect();
                let known = |sign: &char| sign.is_ascii_uppercase() || sign.is_ascii_digit();
                if set.is_empty() || !set.iter().all(known) {
                    return None;
                }
                ForeignPlace::OneOf(set)
            }
            _ => return None,
        });
    }
    Some(places)
}

fn check_formats(formats: &[Format], foreign: &[ForeignFormat], faults: &mut Vec<Fault>) {
    for (index, format) in formats.iter().enumerate() {
        let mut before = formats.iter().take(index);
        if before.clone().any(|other| other.id == format.id) {
            let message = format!("the format {} is declared twice.", format.id);
            faults.push(Fault::at(&format.origin, "format_duplicate", message));
        } else if let Some(other) = before.find(|other| shape(other) == shape(format)) {
            let message = format!(
                "marks of {} and of {} look alike: both are {:?}.",
                other.id,
                format.id,
                shape(format)
            );
            faults.push(Fault::at(&format.origin, "format_shape_ambiguous", message));
        }
    }
    for (index, format) in foreign.iter().enumerate() {
        let twice = foreign.iter().take(index).any(|other| other.id == format.id)
            || formats.iter().any(|other| other.id == format.id);
        if twice {
            let message = format!("the format {} is declared twice.", format.id);
            faults.push(Fault::at(&format.origin, "format_duplicate", message));
        }
    }
}

fn check_regions(regions: &[RegionInfo], faults: &mut Vec<Fault>) {
    if regions.is_empty() {
        let origin = Origin::file("regions", 1, 1);
        faults.push(Fault::at(&origin, "regions_missing", "no region is declared."));
    }
    for (earlier, later) in regions.iter().zip(regions.iter().skip(1)) {
        if earlier.region == later.region {
            let message = format!("the region {} is declared twice.", later.region);
            faults.push(Fault::at(&later.origin, "region_duplicate", message));
        }
    }
}

/// What a reader sees of a mark before he knows its format: digits (9) and letters (A).
pub(crate) fn shape(format: &Format) -> String {
    let sign = |place: &Place| match place {
        Place::Letter(_) => 'A',
        Place::Digit(_) | Place::Region(_) => '9',
    };
    format.places.iter().map(sign).collect()
}

fn inert_format() -> Format {
    Format {
        id: "unknown_format".to_owned(),
        template: String::new(),
        digit_count: 0,
        letter_count: 0,
        enabled: false,
        digits_from: 1,
        names: Names::default(),
        origin: Origin::file("formats", 1, 1),
        places: Vec::new(),
    }
}
