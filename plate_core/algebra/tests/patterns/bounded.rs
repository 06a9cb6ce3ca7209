//! Patterns that somebody sends to do harm: each is answered or refused after bounded work.
//!
//! Before neighbouring stars were folded, `* * * *` with 128 stars took hours: this test would not end.

use plate_algebra::{Area, Origin, Pattern, bounds, fixtures};
use proptest::prelude::*;

/// As many copies of a text as a pattern of the public may be long.
fn repeated(text: &str, separator: &str) -> String {
    let limit = bounds::PATTERN_CHARS_PUBLIC.max as usize;
    let copies = (limit + separator.len()) / (text.len() + separator.len());
    vec![text; copies].join(separator)
}

/// Repetitions of stars, operators, brackets and templates end, whatever their answer is.
#[test]
fn the_longest_patterns_end() {
    let formats = fixtures::kazakhstan().unwrap();
    let units =
        ["*", "*?", "*7", "*7*", "*##*", "*A*", "!", "(", "{", "a", "aba ", "* *7", "#", "-", "digits:"];
    for unit in units {
        for separator in ["", " ", "|", "&", ",", "-", "&!", "|!"] {
            let text = repeated(unit, separator);
            if let Ok(pattern) = Pattern::compile(&text, &Origin::input("search"), &formats) {
                let most = pattern.areas().iter().map(|area| area.rectangles().len()).max();
                assert!(most.unwrap() <= bounds::RECTANGLES_PUBLIC.max as usize, "{text}");
            }
        }
    }
}

/// A union of runs that cover digits, letters and regions stays exact and small.
#[test]
fn many_runs_are_few_rectangles() {
    let formats = fixtures::kazakhstan().unwrap();
    let parts: Vec<String> = (0..40).map(|pair| format!("*{}*{}*", pair / 10, pair % 10)).collect();
    let pattern = Pattern::compile(&parts.join("|"), &Origin::input("search"), &formats).unwrap();
    let person = pattern.area(formats.by_id("person_car").unwrap());
    assert!(person.rectangles().len() < 100, "{}", person.rectangles().len());
}

/// Too many rectangles is a named refusal, in the text of the public and in a file.
#[test]
fn too_many_rectangles_are_refused() {
    let formats = fixtures::kazakhstan().unwrap();
    // Each number has letters of its own, so no two can share a rectangle.
    let parts: Vec<String> = (1..1000)
        .map(|number: u32| {
            let letter = |power: u32| char::from(b'A' + (number / 26_u32.pow(power) % 26) as u8);
            format!("{number:03}{}{}{}", letter(2), letter(1), letter(0))
        })
        .collect();
    let coupled = format!("({}) & !digits:?## & !digits:##? & !digits:#?#", parts.join("|"));
    let faults =
        Pattern::compile(&coupled.replace("#?#", "0##"), &Origin::file("beauty.toml", 1, 1), &formats)
            .unwrap_err();
    assert_eq!(faults[0].code, "too_many_rectangles");
    let few = parts[..20].join("|");
    let pattern = Pattern::compile(&few, &Origin::input("search"), &formats).unwrap();
    let person: &Area = pattern.area(formats.by_id("person_car").unwrap());
    assert_eq!((person.rectangles().len(), pattern.count()), (20, 400));
}

/// Alternatives that cut each other into hundreds of classes cost what their few rectangles cost,
/// not classes times alternatives times 275 words of series.
#[test]
fn alternatives_that_merge_are_cheap() {
    let formats = fixtures::kazakhstan().unwrap();
    let everything: Vec<String> = ('1'..='9').chain('A'..='Z').map(|sign| format!("*{sign}*")).collect();
    let tied: Vec<String> =
        ('0'..='9').zip('A'..).map(|(digit, letter)| format!("*{digit}*{letter}*")).collect();
    for text in [everything.join("|"), tied.join("|"), repeated("*##*", "|"), repeated("digits:?##", "|")] {
        let compiled = Pattern::compile(&text, &Origin::input("search"), &formats);
        let pattern = compiled.unwrap_or_else(|faults| panic!("{text}: {:?}", faults.first()));
        assert!((1..600_000).contains(&pattern.work()), "{} words: {text}", pattern.work());
    }
}

/// A pattern that asks for too much work is refused by name, once, where it became too much; who writes a
/// file may ask for more.
#[test]
fn too_much_work_is_refused() {
    let formats = fixtures::kazakhstan().unwrap();
    let compile = |copies: usize, origin: Origin| {
        let text = format!("777 | (series:{{{}}})", vec!["???"; copies].join(","));
        let codes = |faults: Vec<plate_algebra::Fault>| {
            faults.iter().map(|fault| (fault.code, fault.column)).collect::<Vec<_>>()
        };
        Pattern::compile(&text, &origin, &formats).map(|pattern| pattern.work()).map_err(codes)
    };
    let allowed = bounds::PATTERN_WORK_PUBLIC.max;
    let (few, many) = (compile(20, Origin::input("search")), compile(58, Origin::input("search")));
    assert!(few.is_ok_and(|work| work > allowed / 4));
    assert_eq!(many, Err(vec![("pattern_too_costly", 16)]));
    assert!(compile(58, Origin::file("beauty.toml", 1, 1)).is_ok_and(|work| work > allowed));
}

/// Pieces of the language, so that random texts come near to meaning something.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "*", "?", "#", "##", "|", "&", "!", "(", ")", "{", "}", ",", ":", "@", "+", "-", " ", "digits:",
            "series:", "region:", "format:", "step(+1)", "001-009", "AAA-ABC", "777", "AAA", "aba", "02",
            "KZ", "мирр", "Ү",
        ])
        .prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    /// Any text is a pattern or a list of faults, each with a place in the text or right behind it.
    #[test]
    fn any_text_has_an_answer(text in pieces()) {
        let formats = fixtures::kazakhstan().unwrap();
        match Pattern::compile(&text, &Origin::input("search"), &formats) {
            Ok(pattern) => {
                let counted: u64 = formats.enabled().map(|(id, _)| pattern.area(id).count()).sum();
                prop_assert_eq!(pattern.count(), counted);
            }
            Err(faults) => {
                prop_assert!(!faults.is_empty());
                prop_assert!(faults.is_sorted());
                let lines: Vec<&str> = text.split('\n').collect();
                for fault in faults {
                    let line = lines.get(fault.line as usize - 1);
                    prop_assert!(line.is_some_and(|line| fault.column as usize <= line.chars().count() + 1));
                    prop_assert!(fault.column >= 1 && !fault.message.is_empty() && fault.message.ends_with('.'));
                }
            }
        }
    }
}
