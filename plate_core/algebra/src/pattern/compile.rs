//! From a tree to areas: one for each format, every fault noted on the way.

use super::{
    check::check_set,
    segment::{digits, most_values, regions, series},
    shape::{boxes, read_shape, why_empty},
    token::{GlyphSign, Position, fault_at, foreign_character},
    tree::{Expression, Segment, Set, Word},
    vocabulary::{Vocabulary, alike},
};
use crate::{
    area::{Area, Budget, Excess, Operation, Rectangle},
    bounds,
    fault::{Fault, Origin},
    format::{Format, FormatId, Formats},
    mask::{DigitMask, RegionMask, SeriesMask},
    region::Region,
};

/// What compiling needs to know, and the faults found so far.
pub(crate) struct Compiler<'a> {
    formats: &'a Formats,
    vocabulary: &'a dyn Vocabulary,
    origin: &'a Origin,
    budget: Budget,
    pub(crate) faults: Vec<Fault>,
}

/// An area for each format, by its number.
type Areas = Vec<Area>;

impl<'a> Compiler<'a> {
    pub(crate) fn new(
        formats: &'a Formats,
        vocabulary: &'a dyn Vocabulary,
        origin: &'a Origin,
        faults: Vec<Fault>,
    ) -> Compiler<'a> {
        Compiler { formats, vocabulary, origin, budget: Budget::of(origin.trust), faults }
    }

    /// The words of masks touched so far.
    pub(crate) fn work(&self) -> u64 {
        Budget::of(self.origin.trust).words.saturating_sub(self.budget.words)
    }

    /// The marks of an expression. After a fault the areas are of no use, only the faults are.
    pub(crate) fn areas(&mut self, expression: &Expression) -> Areas {
        match expression {
            Expression::Union(parts, at) => self.union(parts, *at),
            Expression::Intersection(parts, at) => self.intersection(parts, *at),
            Expression::Complement(part, at) => {
                let inner = self.areas(part);
                self.combine(self.whole(), inner, Operation::Difference, *at)
            }
            Expression::Condition(segment, set) => self.condition(*segment, set),
            Expression::Range(from, to) => self.free_range(from, to),
            Expression::Format(name) => self.format(name),
            Expression::Reference(name) => self.reference(name),
            Expression::Shape(words) => self.words(words),
            Expression::Invalid => self.nothing(),
        }
    }

    /// All parts at once, so that a list of many marks is parted into classes only once.
    fn union(&mut self, parts: &[Expression], at: Position) -> Areas {
        let parts: Vec<Areas> = parts.iter().map(|part| self.areas(part)).collect();
        if self.is_refused() {
            return self.nothing();
        }
        let boxes_of = |id: FormatId| {
            let areas = parts.iter().filter_map(|part| part.get(usize::from(id.0)));
            let boxes = areas.flat_map(|area| area.rectangles().iter().cloned());
            boxes.collect::<Vec<Rectangle>>()
        };
        let budget = &mut self.budget;
        let formats = self.formats.iter();
        let areas =
            formats.map(|(id, format)| Area::try_from_boxes(id, format.rows(), &boxes_of(id), budget));
        let areas = areas.collect();
        self.within_budget(areas, at)
    }

    fn intersection(&mut self, parts: &[Expression], at: Position) -> Areas {
        let mut sum = None;
        for part in parts {
            let areas = self.areas(part);
            sum = Some(self.intersect(sum, areas, at));
        }
        sum.unwrap_or_else(|| self.whole())
    }

    /// What is in both; behind nothing yet, all of it.
    fn intersect(&mut self, sum: Option<Areas>, areas: Areas, at: Position) -> Areas {
        match sum {
            Some(sum) => self.combine(sum, areas, Operation::Intersection, at),
            None => areas,
        }
    }

    /// Behind the first fault only further faults are of use, and those need no areas.
    fn is_refused(&self) -> bool {
        !self.faults.is_empty()
    }

    fn combine(&mut self, left: Areas, right: Areas, operation: Operation, at: Position) -> Areas {
        if self.is_refused() {
            return self.nothing();
        }
        let pairs = left.iter().zip(&right);
        let areas = pairs.map(|(left, right)| left.combine(right, operation, &mut self.budget));
        let areas = areas.collect();
        self.within_budget(areas, at)
    }

    fn within_budget(&mut self, areas: Result<Areas, Excess>, at: Position) -> Areas {
        areas.unwrap_or_else(|excess| {
            self.note(excess, at);
            self.nothing()
        })
    }

    /// Notes that the budget is spent: where it was, and not again at everything behind.
    fn note(&mut self, excess: Excess, at: Position) {
        let allowed = Budget::of(self.origin.trust);
        let (bound, message) = match excess {
            Excess::Rectangles => (
                bounds::RECTANGLES_PUBLIC,
                format!(
                    "this needs more than {} rectangles of digits, series and regions",
                    allowed.rectangles
                ),
            ),
            Excess::Work => (
                bounds::PATTERN_WORK_PUBLIC,
                format!("this needs more than {} words of masks", allowed.words),
            ),
        };
        if self.faults.iter().all(|fault| fault.code != bound.slug) {
            self.fault(at, bound.slug, format!("{message}: {}.", bound.why), &["fewer alternatives"]);
        }
    }

    fn condition(&mut self, segment: Segment, set: &Set) -> Areas {
        let before = self.faults.len();
        check_set(set, segment, self.formats, None, self.origin, &mut self.faults);
        if self.faults.len() > before || self.is_refused() {
            return self.nothing();
        }
        let declared = self.formats.region_mask();
        let coupled = segment == Segment::Digits && set.region_reference().is_some();
        let at = set.at().unwrap_or(Position::start(self.origin));
        let areas = self.each_format(at, |format, budget| {
            let whole = Rectangle {
                digits: super::segment::issued(format),
                series: SeriesMask::whole(format.rows()),
                regions: declared,
            };
            let times = if coupled { declared.count() } else { 1 };
            budget.spend(most_values(set, segment, format).saturating_mul(times.into()))?;
            Ok(match segment {
                Segment::Digits if coupled => declared
                    .iter()
                    .map(|region| one_region(&whole, region, digits(set, format, Some(region))))
                    .collect(),
                Segment::Digits => vec![Rectangle { digits: digits(set, format, None), ..whole }],
                Segment::Series => vec![Rectangle { series: series(set, format), ..whole }],
                Segment::Region => vec![Rectangle { regions: regions(set, format, declared), ..whole }],
            })
        });
        areas.unwrap_or_else(|| self.nothing())
    }

    /// A range in free form is about the segment that is as long as its ends.
    fn free_range(&mut self, from: &Word, to: &Word) -> Areas {
        let length = from.glyphs.len();
        let is_number = from.digits().is_some();
        let some_format = |places: fn(&Format) -> u8| {
            let mut formats = self.formats.enabled();
            formats.any(|(_, format)| usize::from(places(format)) == length)
        };
        let segment = if !is_number {
            Segment::Series
        } else if length == 2 && !some_format(|format| format.digit_count) {
            Segment::Region
        } else {
            Segment::Digits
        };
        self.condition(segment, &Set::Range(from.clone(), to.clone()))
    }

    fn format(&mut self, name: &Word) -> Areas {
        let wanted = self.formats.by_id(&name.name());
        if wanted.is_none() {
            let known: Vec<String> = self.formats.iter().map(|(_, format)| format.id.clone()).collect();
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            self.fault(name.at, "format_unknown", "there is no such format.".to_owned(), &known);
        }
        let pairs = self.whole().into_iter().zip(self.nothing());
        pairs.map(|(whole, nothing)| if Some(whole.format) == wanted { whole } else { nothing }).collect()
    }

    fn reference(&mut self, name: &Word) -> Areas {
        if let Some(areas) = self.named(&name.name()) {
            return areas;
        }
        let known = alike(&name.name(), self.vocabulary);
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        self.fault(name.at, "name_unknown", "no pattern has this name.".to_owned(), &known);
        self.nothing()
    }

    /// The areas that a name means; formats that it does not speak of have none of its marks.
    fn named(&self, name: &str) -> Option<Areas> {
        let areas: Vec<Option<&Area>> =
            self.formats.iter().map(|(id, _)| self.vocabulary.area(name, id)).collect();
        if areas.iter().all(Option::is_none) {
            return None;
        }
        let filled = areas.into_iter().zip(self.nothing());
        Some(filled.map(|(area, nothing)| area.cloned().unwrap_or(nothing)).collect())
    }

    /// Words in free form: those that the vocabulary knows, and a shape made of the others.
    fn words(&mut self, words: &[Word]) -> Areas {
        let mut sum = None;
        let mut shape: Vec<Word> = Vec::new();
        let mut readable = true;
        for word in words {
            let at = word.at;
            match self.spoken(word) {
                Spoken::Name(areas) => {
                    sum = Some(self.intersect(sum, areas, at));
                }
                Spoken::Shape => shape.push(word.clone()),
                Spoken::Fault => readable = false,
            }
        }
        if shape.is_empty() || !readable {
            return sum.unwrap_or_else(|| self.whole());
        }
        let at = shape.first().map_or(Position::start(self.origin), |word| word.at);
        let areas = self.shape(&shape);
        self.intersect(sum, areas, at)
    }

    fn spoken(&mut self, word: &Word) -> Spoken {
        let before = self.faults.len();
        let longest_series = usize::try_from(bounds::LETTER_COUNT.max).unwrap_or(usize::MAX);
        let is_long = word.is_letters() && word.glyphs.len() > longest_series;
        if is_long && let Some(areas) = self.named(&word.name()) {
            return Spoken::Name(areas);
        }
        let mut foreign = word.glyphs.iter().filter(|glyph| glyph.sign == GlyphSign::Foreign).peekable();
        if is_long && foreign.peek().is_some() {
            self.word_unknown(word);
            return Spoken::Fault;
        }
        for glyph in foreign {
            self.faults.push(foreign_character(glyph.raw, glyph.at, self.origin));
        }
        self.faults.extend(super::check::hash_fault(&word.glyphs, self.origin));
        if self.faults.len() > before {
            return Spoken::Fault;
        }
        Spoken::Shape
    }

    fn word_unknown(&mut self, word: &Word) {
        let known = alike(&word.name(), self.vocabulary);
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let message = "this word is neither letters of a mark nor the name of a pattern.".to_owned();
        self.fault(word.at, "word_unknown", message, &known);
    }

    fn shape(&mut self, words: &[Word]) -> Areas {
        let reading = match read_shape(words, self.formats, self.origin) {
            Ok(reading) => reading,
            Err(fault) => {
                let longest_series = usize::try_from(bounds::LETTER_COUNT.max).unwrap_or(usize::MAX);
                let long = |word: &&Word| word.is_letters() && word.glyphs.len() > longest_series;
                match words.iter().find(long) {
                    Some(word) => self.word_unknown(word),
                    None => self.faults.push(fault),
                }
                return self.nothing();
            }
        };
        let declared = self.formats.region_mask();
        let at = words.first().map_or(Position::start(self.origin), |word| word.at);
        let meant = |format: &Format, budget: &mut Budget| boxes(&reading, format, declared, budget);
        let Some(areas) = self.each_format(at, meant) else {
            return self.nothing();
        };
        if areas.iter().all(Area::is_empty) {
            let fault = why_empty(&reading, words, self.formats, self.origin);
            self.faults.push(fault);
        }
        areas
    }

    /// Boxes made for each format, united; `None` if the budget does not allow it, which is noted.
    fn each_format(
        &mut self,
        at: Position,
        boxes: impl Fn(&Format, &mut Budget) -> Result<Vec<Rectangle>, Excess>,
    ) -> Option<Areas> {
        let budget = &mut self.budget;
        let formats = self.formats.iter();
        let areas = formats.map(|(id, format)| {
            let boxes = boxes(format, budget)?;
            Area::try_from_boxes(id, format.rows(), &boxes, budget)
        });
        let areas: Result<Areas, Excess> = areas.collect();
        areas.map_err(|excess| self.note(excess, at)).ok()
    }

    fn whole(&self) -> Areas {
        let formats = self.formats.iter();
        formats.map(|(id, _)| self.formats.whole(id)).collect()
    }

    fn nothing(&self) -> Areas {
        let formats = self.formats.iter();
        formats.map(|(id, format)| Area::empty(id, format.rows())).collect()
    }

    fn fault(&mut self, at: Position, code: &'static str, message: String, expected: &[&str]) {
        let fault = fault_at(self.origin, at, code, message);
        self.faults.push(fault.expecting(expected.iter().copied()));
    }
}

/// What one word of a shape turned out to be.
enum Spoken {
    Name(Areas),
    Shape,
    Fault,
}

fn one_region(whole: &Rectangle, region: Region, digits: DigitMask) -> Rectangle {
    Rectangle { digits, regions: RegionMask::of(region), ..whole.clone() }
}
