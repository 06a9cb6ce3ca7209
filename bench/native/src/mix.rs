//! The published mix: 200 patterns as drivers type them, from `bench/data/patterns-200.txt`.
//!
//! Not here: how the file is made (`bench/mix.py`).

use plate_algebra::{Area, Origin, RuleBook};

use crate::law::persons;

const FILE: &str = include_str!("../../data/patterns-200.txt");

/// The patterns, in the order of the file.
pub fn patterns() -> impl Iterator<Item = &'static str> {
    FILE.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// The persons' marks of each pattern, ready to be searched.
#[must_use]
pub fn areas(book: &RuleBook) -> Vec<Area> {
    patterns().map(|text| area(book, text)).collect()
}

/// The persons' marks of one pattern.
#[must_use]
pub fn area(book: &RuleBook, text: &str) -> Area {
    let pattern = book.pattern(text, &Origin::input("bench")).expect("a pattern of the mix");
    let area = pattern.area(persons(book.formats())).clone();
    assert!(!area.is_empty(), "{text} matches nothing");
    area
}
