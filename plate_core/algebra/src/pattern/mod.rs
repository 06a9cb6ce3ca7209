//! The pattern language of `patterns/` and of search, from text to areas.
//!
//! `token` cuts the text, `parser` makes a `tree`, `check` says what is wrong with it, `compile` turns it
//! into one [`Area`] a format; `glob` lays characters over places, `segment` and `shape` use it for
//! `digits:aba` and for what people type in free form. The grammar with its examples stands in
//! `patterns/README.md`. Deliberately absent: any name of a pattern (they are lent by a [`Vocabulary`]) and
//! any price.

mod check;
mod compile;
mod cursor;
mod glob;
mod parser;
mod segment;
mod set_parser;
mod shape;
mod token;
mod tree;
mod vocabulary;

pub use vocabulary::{NoNames, Vocabulary};

use crate::{
    area::Area,
    bounds,
    fault::{Fault, Origin, Trust},
    format::{Format, FormatId, Formats},
    mark::Mark,
    mask::{DigitMask, SeriesMask},
};
use compile::Compiler;
use tree::{Segment, Set};

/// A compiled pattern: an area for each format.
///
/// ```
/// use plate_algebra::{Origin, Pattern, fixtures};
/// let formats = fixtures::kazakhstan().unwrap();
/// let pattern = Pattern::compile("7?7 ааа 02", &Origin::input("search"), &formats).unwrap();
/// assert_eq!(pattern.count(), 10);
/// assert!(pattern.contains(formats.parse("727AAA02").unwrap()));
/// ```
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    areas: Vec<Area>,
    nothing: Area,
    count: u64,
    work: u64,
}

impl Pattern {
    /// Compiles a pattern that uses no names; every fault at once.
    pub fn compile(text: &str, origin: &Origin, formats: &Formats) -> Result<Pattern, Vec<Fault>> {
        Pattern::compile_with(text, origin, formats, &NoNames)
    }

    /// Compiles a pattern that may use the names of a vocabulary: `@mirror_digits`, or `мирр 02`.
    pub fn compile_with(
        text: &str,
        origin: &Origin,
        formats: &Formats,
        vocabulary: &dyn Vocabulary,
    ) -> Result<Pattern, Vec<Fault>> {
        check_length(text, origin)?;
        let mut faults = Vec::new();
        let tokens = token::tokenize(text, origin);
        let expression = parser::parse_pattern(&tokens, origin, &mut faults);
        let mut compiler = Compiler::new(formats, vocabulary, origin, faults);
        let areas = compiler.areas(&expression);
        let work = compiler.work();
        refuse_faults(compiler.faults, origin)?;
        let enabled = |area: &&Area| formats.get(area.format).enabled;
        Ok(Pattern {
            text: text.to_owned(),
            count: areas.iter().filter(enabled).map(Area::count).sum(),
            areas,
            work,
            nothing: Area::empty(FormatId(u8::MAX), 0),
        })
    }

    /// The marks of one format; none for a format of another rule book.
    pub fn area(&self, format: FormatId) -> &Area {
        self.areas.get(usize::from(format.0)).unwrap_or(&self.nothing)
    }

    /// The areas of all formats, by their numbers.
    pub fn areas(&self) -> &[Area] {
        &self.areas
    }

    /// Whether a mark fits.
    pub fn contains(&self, mark: Mark) -> bool {
        self.area(mark.format).contains(mark)
    }

    /// How many marks of the enabled formats fit, free or not.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// How many words of masks were touched to compile it: what [`bounds::PATTERN_WORK_PUBLIC`] limits.
    pub fn work(&self) -> u64 {
        self.work
    }

    /// The text as it was given.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// The digit values of one format that a set describes, such as `001-009 | 777` or `aba & !707`: what may
/// stand behind `digits:`, without that word. `##` is refused, because here is no region.
///
/// ```
/// use plate_algebra::{Origin, fixtures, pattern};
/// let formats = fixtures::kazakhstan().unwrap();
/// let person = formats.by_id("person_car").unwrap();
/// let mask = pattern::compile_digits("{001-009,777}", &Origin::input("tariff"), &formats, person).unwrap();
/// assert_eq!(mask.count(), 10);
/// ```
pub fn compile_digits(
    text: &str,
    origin: &Origin,
    formats: &Formats,
    format: FormatId,
) -> Result<DigitMask, Vec<Fault>> {
    let format = formats.get(format);
    let set = compile_set(text, origin, formats, format, Segment::Digits)?;
    Ok(segment::digits(&set, format, None))
}

/// The series of one format that a set describes, such as `aaa` or `{KAZ,AUL}`: what may stand behind
/// `series:`, without that word.
pub fn compile_series(
    text: &str,
    origin: &Origin,
    formats: &Formats,
    format: FormatId,
) -> Result<SeriesMask, Vec<Fault>> {
    let format = formats.get(format);
    let set = compile_set(text, origin, formats, format, Segment::Series)?;
    Ok(segment::series(&set, format))
}

fn compile_set(
    text: &str,
    origin: &Origin,
    formats: &Formats,
    format: &Format,
    segment: Segment,
) -> Result<Set, Vec<Fault>> {
    check_length(text, origin)?;
    let mut faults = Vec::new();
    let tokens = token::tokenize(text, origin);
    let set = set_parser::parse_set(&tokens, origin, &mut faults);
    check::check_set(&set, segment, formats, Some(format), origin, &mut faults);
    if segment == Segment::Digits
        && let Some(at) = set.region_reference()
    {
        let message = "here is no region that ## could stand for.";
        faults.push(token::fault_at(origin, at, "hash_misplaced", message));
    }
    refuse_faults(faults, origin)?;
    Ok(set)
}

fn check_length(text: &str, origin: &Origin) -> Result<(), Vec<Fault>> {
    let bound = match origin.trust {
        Trust::Public => bounds::PATTERN_CHARS_PUBLIC,
        Trust::Reviewed => bounds::PATTERN_CHARS_REVIEWED,
    };
    if text.trim().is_empty() {
        let fault = Fault::at(origin, "pattern_empty", "nothing is asked for.");
        return Err(vec![fault.expecting(["7?7", "AAA 02", "digits:aba"])]);
    }
    // Bytes first: counting the characters of a text of megabytes is work that nobody asked for.
    let length =
        if text.len() as u64 > bound.max * 4 { text.len() as u64 } else { text.chars().count() as u64 };
    bound.check(length).map(|_| ()).map_err(|error| {
        let message = format!("{error}: {}.", bound.why);
        vec![Fault::at(origin, bound.slug, message)]
    })
}

/// The faults, if any, by their place, each once, and no more than anybody reads.
fn refuse_faults(mut faults: Vec<Fault>, origin: &Origin) -> Result<(), Vec<Fault>> {
    if faults.is_empty() {
        return Ok(());
    }
    faults.sort();
    faults.dedup();
    if let Err(error) = bounds::FAULTS.check(faults.len() as u64) {
        let listed = usize::try_from(error.bound.max).unwrap_or(usize::MAX);
        let message = format!("there are {} faults, and {listed} are listed.", faults.len());
        faults.truncate(listed);
        faults.push(Fault::at(origin, error.bound.slug, message));
    }
    Err(faults)
}
