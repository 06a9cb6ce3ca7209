//! The slow reference: a tree of a pattern judges one mark by its characters, with no mask anywhere.
//!
//! It shares nothing with the compiler. Free form is matched by backtracking over the characters, where the
//! compiler lays words over places; which reading counts is found by matching against the *kinds* of the
//! characters (`999AAA99`), where the compiler asks whether there is an alignment.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

/// A mark as it is seen, cut into the segments of its template.
#[derive(Clone, Debug)]
pub struct Seen {
    pub format: String,
    /// The neighbouring places of one kind, from the left: `["777", "AAA", "02"]`.
    pub groups: Vec<String>,
    pub digits: String,
    pub series: String,
    pub region: String,
}

/// The shape of a format, for the choice of a reading: `["999", "AAA", "99"]`, and which segments are what.
#[derive(Clone, Debug)]
pub struct Kinds {
    pub enabled: bool,
    pub groups: Vec<String>,
    /// For each group whether it holds digits of the number: only there lower case can be a template.
    pub number: Vec<bool>,
}

/// All formats of a country, and the readings chosen so far: a choice is for a text, not for a mark.
pub struct Country {
    formats: Vec<Kinds>,
    chosen: RefCell<HashMap<Vec<String>, Rc<Reading>>>,
}

#[derive(Clone, Debug)]
pub enum Tree {
    Union(Vec<Tree>),
    Intersection(Vec<Tree>),
    Not(Box<Tree>),
    Digits(Values),
    Series(Values),
    Region(Values),
    Format(String),
    /// Words of free form, in Latin letters.
    Shape(Vec<String>),
}

#[derive(Clone, Debug)]
pub enum Values {
    Union(Vec<Values>),
    Intersection(Vec<Values>),
    Not(Box<Values>),
    Glob(String),
    Range(String, String),
    Step(i32),
}

impl Country {
    pub fn new(formats: Vec<Kinds>) -> Country {
        Country { formats, chosen: RefCell::default() }
    }

    /// The first reading whose kinds fit some enabled format, or else, since these are texts of files, some
    /// disabled one.
    fn reading(&self, words: &[String]) -> Rc<Reading> {
        if let Some(reading) = self.chosen.borrow().get(words) {
            return Rc::clone(reading);
        }
        let first = |enabled: bool| {
            readings(words).into_iter().find(|reading| {
                self.formats.iter().any(|kinds| kinds.enabled == enabled && kinds_fit(reading, kinds))
            })
        };
        let reading = first(true)
            .or_else(|| first(false))
            .unwrap_or_else(|| panic!("the generator made {words:?}, which fits no format"));
        let reading = Rc::new(reading);
        self.chosen.borrow_mut().insert(words.to_vec(), Rc::clone(&reading));
        reading
    }
}

/// Whether a mark belongs to a tree.
pub fn holds(tree: &Tree, mark: &Seen, country: &Country) -> bool {
    match tree {
        Tree::Union(parts) => parts.iter().any(|part| holds(part, mark, country)),
        Tree::Intersection(parts) => parts.iter().all(|part| holds(part, mark, country)),
        Tree::Not(part) => !holds(part, mark, country),
        Tree::Digits(values) => value_holds(values, &mark.digits, &mark.region),
        Tree::Series(values) => value_holds(values, &mark.series, &mark.region),
        Tree::Region(values) => value_holds(values, &mark.region, &mark.region),
        Tree::Format(id) => *id == mark.format,
        Tree::Shape(words) => shape_holds(&country.reading(words), mark),
    }
}

fn value_holds(values: &Values, text: &str, region: &str) -> bool {
    match values {
        Values::Union(parts) => parts.iter().any(|part| value_holds(part, text, region)),
        Values::Intersection(parts) => parts.iter().all(|part| value_holds(part, text, region)),
        Values::Not(part) => !value_holds(part, text, region),
        Values::Range(from, to) => from.len() == text.len() && from.as_str() <= text && text <= to.as_str(),
        Values::Step(step) => {
            let steps = text.as_bytes().windows(2).map(|pair| i32::from(pair[1]) - i32::from(pair[0]));
            text.len() > 1 && steps.into_iter().all(|found| found == *step)
        }
        Values::Glob(glob) => {
            let glob: Vec<char> = numbered(glob).collect();
            let text: Vec<char> = text.chars().collect();
            matches(&glob, &text, region, &mut Vec::new(), Style::Template)
        }
    }
}

/// How a lower-case letter is meant.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Style {
    /// As a template: equal letters, equal characters.
    Template,
    /// As itself.
    Literal,
}

/// `##` as `<` and `>`: the first and the second digit of the region.
fn numbered(glob: &str) -> impl Iterator<Item = char> + '_ {
    let mut second = false;
    glob.chars().map(move |sign| {
        if sign != '#' {
            return sign;
        }
        second = !second;
        if second { '<' } else { '>' }
    })
}

/// Backtracking match of a glob against a text; `bound` holds what template letters stand for.
fn matches(glob: &[char], text: &[char], region: &str, bound: &mut Vec<(char, char)>, style: Style) -> bool {
    let Some((sign, rest)) = glob.split_first() else {
        return text.is_empty();
    };
    if *sign == '*' {
        return (0..=text.len()).any(|taken| matches(rest, &text[taken..], region, bound, style));
    }
    let Some((found, behind)) = text.split_first() else {
        return false;
    };
    let before = bound.len();
    if !character_holds(*sign, *found, region, bound, style) {
        return false;
    }
    let held = matches(rest, behind, region, bound, style);
    bound.truncate(before);
    held
}

fn character_holds(
    sign: char,
    found: char,
    region: &str,
    bound: &mut Vec<(char, char)>,
    style: Style,
) -> bool {
    match sign {
        '?' => true,
        '<' => region.starts_with(found) && found.is_ascii_digit(),
        '>' => region.ends_with(found) && found.is_ascii_digit(),
        'a'..='z' if style == Style::Template => {
            if bound.contains(&(sign, found)) {
                return true;
            }
            let free = bound.iter().all(|(letter, value)| *letter != sign && *value != found);
            if free {
                bound.push((sign, found));
            }
            free
        }
        _ => sign.to_ascii_uppercase() == found,
    }
}

/// One way to read the words of a shape.
struct Reading {
    words: Vec<String>,
    templates: bool,
    first_group: usize,
}

/// Free form: the words of a reading cover the characters of this mark.
fn shape_holds(reading: &Reading, mark: &Seen) -> bool {
    // The region is the last group of digits in every format of these tests.
    let last = mark.groups.len() - 1;
    let number: Vec<bool> = (0..)
        .zip(&mark.groups)
        .map(|(index, group)| index < last && group.as_bytes()[0].is_ascii_digit())
        .collect();
    covers(reading, &reading.words, &mark.groups, &number, 0, &Text::Real(&mark.region))
}

/// Whether the reading fits the kinds of a format, whatever its characters are.
fn kinds_fit(reading: &Reading, kinds: &Kinds) -> bool {
    covers(reading, &reading.words, &kinds.groups, &kinds.number, 0, &Text::Kinds)
}

fn readings(words: &[String]) -> Vec<Reading> {
    let mut spellings = vec![words.to_vec()];
    let behind = words[0].to_ascii_uppercase().strip_prefix("KZ").map(|_| words[0][2..].to_owned());
    if let Some(behind) = behind {
        let rest = words[1..].to_vec();
        let shorter: Vec<String> =
            std::iter::once(behind).filter(|word| !word.is_empty()).chain(rest).collect();
        if !shorter.is_empty() {
            spellings.push(shorter);
        }
    }
    let mut found = Vec::new();
    for spelling in spellings {
        for words in [spelling.clone(), vec![spelling.concat()]] {
            for templates in [false, true] {
                for first_group in 0..4 {
                    found.push(Reading { words: words.clone(), templates, first_group });
                }
            }
        }
    }
    found
}

/// What the words are matched against.
enum Text<'a> {
    /// The characters of a mark of this region.
    Real(&'a str),
    /// `9` for any digit, `A` for any letter.
    Kinds,
}

/// Whether the words cover whole groups, one behind the other, groups between them left free.
fn covers(
    reading: &Reading,
    words: &[String],
    groups: &[String],
    number: &[bool],
    group: usize,
    text: &Text,
) -> bool {
    let Some((word, rest)) = words.split_first() else {
        return true;
    };
    let first = words.len() == reading.words.len();
    let starts: Vec<usize> = if first { vec![reading.first_group] } else { (group..groups.len()).collect() };
    starts.into_iter().any(|from| {
        (from..groups.len()).any(|to| {
            let covered: String = groups[from..=to].concat();
            let in_number: Vec<bool> = (from..=to)
                .flat_map(|index| std::iter::repeat_n(number[index], groups[index].len()))
                .collect();
            word_fits(word, &covered, &in_number, reading.templates, text)
                && covers(reading, rest, groups, number, to + 1, text)
        })
    })
}

/// Template letters are only bound inside one word: the formats of these tests have one group of digits.
fn word_fits(word: &str, covered: &str, in_number: &[bool], templates: bool, text: &Text) -> bool {
    let glob: Vec<char> = numbered(word).collect();
    let covered: Vec<char> = covered.chars().collect();
    fits_from(&glob, &covered, in_number, templates, text, &mut Vec::new())
}

fn fits_from(
    glob: &[char],
    covered: &[char],
    in_number: &[bool],
    templates: bool,
    text: &Text,
    bound: &mut Vec<(char, char)>,
) -> bool {
    let Some((sign, rest)) = glob.split_first() else {
        return covered.is_empty();
    };
    if *sign == '*' {
        return (0..=covered.len())
            .any(|taken| fits_from(rest, &covered[taken..], &in_number[taken..], templates, text, bound));
    }
    let (Some((found, behind)), Some((number, numbers))) = (covered.split_first(), in_number.split_first())
    else {
        return false;
    };
    let before = bound.len();
    let template = templates && *number && sign.is_ascii_lowercase();
    let holds = match text {
        Text::Kinds => {
            let wants_digit = sign.is_ascii_digit() || template;
            let hash = matches!(sign, '<' | '>');
            match sign {
                '?' => true,
                _ if hash => *number,
                _ => wants_digit == (*found == '9'),
            }
        }
        Text::Real(_) if matches!(sign, '<' | '>') && !number => false,
        Text::Real(region) => {
            let style = if template { Style::Template } else { Style::Literal };
            character_holds(*sign, *found, region, bound, style)
        }
    };
    let held = holds && fits_from(rest, behind, numbers, templates, text, bound);
    bound.truncate(before);
    held
}
