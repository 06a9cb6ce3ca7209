//! Bad patterns: each cause with its code and its place, all of a text at once.

use plate_algebra::{Fault, Origin, Pattern, bounds, fixtures, pattern};

fn faults(text: &str) -> Vec<Fault> {
    let formats = fixtures::kazakhstan().unwrap();
    match Pattern::compile(text, &Origin::input("search"), &formats) {
        Ok(pattern) => panic!("{text:?} was read, {} marks", pattern.count()),
        Err(faults) => faults,
    }
}

/// Text, then the column and the code of each fault.
#[test]
fn each_cause_has_its_name_and_its_place() {
    let table: &[(&str, &[(u32, &str)])] = &[
        ("", &[(1, "pattern_empty")]),
        (" \u{00A0}\t", &[(1, "pattern_empty")]),
        ("7/7", &[(2, "foreign_character")]),
        ("7😀7", &[(2, "foreign_character")]),
        ("7?7 ЖЖЖ", &[(5, "foreign_character"), (6, "foreign_character"), (7, "foreign_character")]),
        ("777 АҮА", &[(6, "lookalike_not_y")]),
        ("series:ҰҰҰ", &[(8, "lookalike_not_y"), (9, "lookalike_not_y"), (10, "lookalike_not_y")]),
        ("777 хорошо", &[(5, "word_unknown")]),
        ("@mirror", &[(2, "name_unknown")]),
        ("@", &[(2, "operand_missing")]),
        ("digits:@mirror", &[(8, "name_misplaced")]),
        ("7", &[(2, "shape_fits_no_format")]),
        ("7?7A?7", &[(7, "shape_fits_no_format")]),
        ("7777", &[(4, "shape_fits_no_format")]),
        ("777AAAA", &[(7, "shape_fits_no_format")]),
        ("950101300123", &[(4, "shape_fits_no_format")]),
        ("AAA777", &[(1, "shape_fits_no_format")]),
        ("ABA777", &[(1, "shape_fits_no_format")]),
        ("77", &[(1, "region_unknown")]),
        ("777AAA21", &[(7, "region_unknown")]),
        ("777 AAA 00", &[(9, "region_unknown")]),
        ("region:21", &[(8, "region_unknown")]),
        ("region:21-30", &[(8, "region_unknown")]),
        ("000", &[(1, "digits_not_issued")]),
        ("000 AAA 02", &[(1, "digits_not_issued")]),
        ("digits:000", &[(8, "digits_not_issued")]),
        ("77 AA 02", &[(1, "format_disabled")]),
        ("H 1234 02", &[(1, "foreign_format")]),
        ("D 123 456", &[(1, "foreign_format")]),
        ("KZ H 1234 02", &[(4, "foreign_format")]),
        ("format:lorry", &[(8, "format_unknown")]),
        ("format:", &[(8, "operand_missing")]),
        ("number:777", &[(1, "segment_unknown")]),
        ("digits:77", &[(8, "wrong_length")]),
        ("digits:7777", &[(8, "wrong_length")]),
        ("series:A", &[(8, "wrong_length")]),
        ("region:2", &[(8, "wrong_length")]),
        ("digits:01-09", &[(8, "wrong_length")]),
        ("digits:7A7", &[(9, "letter_among_digits")]),
        (
            "digits:AAA-AAC",
            &[
                (8, "letter_among_digits"),
                (9, "letter_among_digits"),
                (10, "letter_among_digits"),
                (12, "letter_among_digits"),
                (13, "letter_among_digits"),
                (14, "letter_among_digits"),
            ],
        ),
        ("series:A7A", &[(9, "digit_among_letters")]),
        ("region:0A", &[(9, "letter_among_digits")]),
        ("digits:#77", &[(8, "hash_unpaired")]),
        ("#?#", &[(1, "hash_unpaired")]),
        ("series:##A", &[(8, "hash_misplaced"), (9, "hash_misplaced")]),
        ("region:##", &[(8, "hash_misplaced"), (9, "hash_misplaced")]),
        ("digits:009-001", &[(8, "range_reversed")]),
        ("digits:(001-77)", &[(9, "range_ends_differ")]),
        ("digits:(001-)", &[(13, "operand_missing")]),
        ("digits:001-AAA", &[(8, "range_ends_differ")]),
        ("digits:step(1)", &[(8, "step_invalid")]),
        ("digits:step(+0)", &[(8, "step_invalid")]),
        ("digits:step(-13)", &[(8, "step_invalid")]),
        ("digits:step(+100)", &[(8, "step_invalid")]),
        ("digits:step(+5)", &[(8, "matches_nothing")]),
        ("digits:step(+1", &[(12, "bracket_unclosed")]),
        ("step(+1)", &[(1, "step_misplaced")]),
        ("digits:", &[(8, "operand_missing")]),
        ("digits:| 777", &[(8, "operand_missing")]),
        ("777 |", &[(6, "operand_missing")]),
        ("& 777", &[(1, "operand_missing")]),
        ("!", &[(2, "operand_missing")]),
        ("()", &[(2, "operand_missing")]),
        ("{777,}", &[(6, "operand_missing")]),
        ("(777", &[(1, "bracket_unclosed")]),
        ("{777", &[(1, "bracket_unclosed")]),
        ("777)", &[(4, "bracket_unopened")]),
        ("777}", &[(4, "bracket_unopened")]),
        ("(777}", &[(5, "sign_misplaced")]),
        ("777,888", &[(4, "sign_misplaced")]),
        ("digits:001,002", &[(11, "sign_misplaced")]),
        ("777 +", &[(5, "sign_misplaced")]),
        (":777", &[(1, "sign_misplaced")]),
        ("digits:(001 002)", &[(13, "operator_missing")]),
        ("digits:aba | aab", &[(14, "operand_ambiguous")]),
        ("digits:aba & !707", &[(15, "operand_ambiguous")]),
        ("series:AAA | {AAB}", &[(15, "operand_ambiguous")]),
    ];
    for (text, expected) in table {
        let found: Vec<(u32, &str)> = faults(text).iter().map(|fault| (fault.column, fault.code)).collect();
        assert_eq!(&found.as_slice(), expected, "{text:?}");
    }
}

/// One text with many mistakes gives them all, in the order of their places.
#[test]
fn all_faults_at_once() {
    let found = faults("digits:21 | region:21 & series:7A | (x:1 & 7/7) | @nobody");
    let found: Vec<(u32, &str)> = found.iter().map(|fault| (fault.column, fault.code)).collect();
    let expected = [
        (8, "wrong_length"),
        (20, "region_unknown"),
        (32, "digit_among_letters"),
        (38, "segment_unknown"),
        (45, "foreign_character"),
        (52, "name_unknown"),
    ];
    assert_eq!(found, expected);
}

/// A fault names the file, and its line and column there, in characters and over several lines.
#[test]
fn places_are_those_of_the_file() {
    let formats = fixtures::kazakhstan().unwrap();
    let origin = Origin::file("beauty/mirror.toml", 12, 11);
    let found = Pattern::compile("ааа |\n  777ж", &origin, &formats).unwrap_err();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].to_string().split(": ").next(), Some("beauty/mirror.toml:13:6"));
    let found = Pattern::compile("777ж", &origin, &formats).unwrap_err();
    assert_eq!((found[0].line, found[0].column), (12, 14));
}

/// What was typed is not repeated beyond single characters: it could be a personal number.
#[test]
fn faults_do_not_repeat_numbers() {
    for text in ["950101300123", "digits:950101300123", "@950101300123", "x950101300123:1", "950101300123-1"]
    {
        for fault in faults(text) {
            assert!(!format!("{fault:?}").contains("9501"), "{fault:?}");
        }
    }
}

/// Each limit is refused by its own name, and the sentence says where the number comes from.
#[test]
fn limits_are_named_and_argued() {
    let limit = bounds::PATTERN_CHARS_PUBLIC.max as usize;
    let fits = "777|".repeat(limit / 4 - 1) + "7777"[..3].as_ref();
    assert!(fits.len() <= limit);
    let formats = fixtures::kazakhstan().unwrap();
    assert!(Pattern::compile(&fits, &Origin::input("search"), &formats).is_ok());
    let long = faults(&"777|".repeat(limit));
    assert_eq!((long.len(), long[0].code), (1, "pattern_too_long"));
    assert!(long[0].message.contains(bounds::PATTERN_CHARS_PUBLIC.why));

    let depth = bounds::PATTERN_NESTING.max as usize;
    let nested = |depth: usize| "(".repeat(depth) + "777" + &")".repeat(depth);
    assert!(Pattern::compile(&nested(depth), &Origin::input("search"), &formats).is_ok());
    let deep = faults(&nested(depth + 1));
    assert_eq!((deep[0].code, deep[0].column), ("pattern_too_deep", depth as u32 + 1));

    let many = faults(&"/ | ".repeat(60));
    assert!(many.len() <= bounds::FAULTS.max as usize + 1);
    let most = Pattern::compile(&"/ | ".repeat(500), &Origin::file("many.toml", 1, 1), &formats).unwrap_err();
    assert_eq!(most.len(), bounds::FAULTS.max as usize + 1);
    assert_eq!(most.last().unwrap().code, "too_many_faults");
}

/// A class of a tariff is the same language behind `digits:` and `series:`, without those words.
#[test]
fn classes_of_one_segment() {
    let formats = fixtures::kazakhstan().unwrap();
    let person = formats.by_id("person_car").unwrap();
    let motorcycle = formats.by_id("motorcycle").unwrap();
    let origin = Origin::file("tariffs/kz-2026.toml", 7, 10);
    let digits = |text, format| {
        pattern::compile_digits(text, &origin, &formats, format)
            .map(|mask| mask.count())
            .map_err(|faults| faults.iter().map(|fault| (fault.column, fault.code)).collect::<Vec<_>>())
    };
    assert_eq!(digits("{001-009, 777}", person), Ok(10));
    assert_eq!(digits("aba & 101-989 & !707", person), Ok(80));
    assert_eq!(digits("!{001-009,777}", person), Ok(989));
    assert_eq!(digits("aa", motorcycle), Ok(9));
    assert_eq!(digits("aa", person), Err(vec![(10, "wrong_length")]));
    assert_eq!(digits("0##", person), Err(vec![(11, "hash_misplaced")]));
    assert_eq!(digits("digits:777", person), Err(vec![(10, "wrong_length"), (16, "sign_misplaced")]));
    let series = |text| pattern::compile_series(text, &origin, &formats, person).map(|mask| mask.count());
    assert_eq!(series("aaa"), Ok(26));
    assert_eq!(series("!aaa"), Ok(17_576 - 26));
    assert_eq!(series("{KAZ,AUL}"), Ok(2));
    assert_eq!(series("QR").unwrap_err()[0].code, "wrong_length");
}

/// A file of the rule book may speak of a disabled format; who searches is told that it is disabled.
#[test]
fn rules_may_be_written_before_their_format_is_enabled() {
    let formats = fixtures::kazakhstan().unwrap();
    let motorcycle = formats.by_id("motorcycle").unwrap();
    for text in ["digits:aa", "77 AA 02"] {
        let pattern = Pattern::compile(text, &Origin::file("beauty.toml", 1, 1), &formats).unwrap();
        assert!(!pattern.area(motorcycle).is_empty());
        assert_eq!(pattern.count(), 0, "the count is of marks that can be chosen");
        assert!(Pattern::compile(text, &Origin::input("search"), &formats).is_err());
    }
}
