//! A fixed table of patterns, each judged by a plain Rust predicate over the characters of a mark, for every
//! mark of a region: all 999 × 17,576 of a person's and all 999 × 676 of an entity's.
//!
//! The predicates know nothing of masks. The exact counts are the ones that `patterns/README.md` prints.

use plate_algebra::{Area, DigitMask, FormatId, Formats, Origin, Pattern, Region, fixtures};

/// The characters of one mark, as they stand on the metal.
struct Chars<'a> {
    digits: [u8; 3],
    series: &'a [u8],
    region: [u8; 2],
}

impl Chars<'_> {
    fn number(&self) -> u16 {
        self.digits.iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'))
    }

    fn is_person(&self) -> bool {
        self.series.len() == 3
    }
}

/// The three digits of a number as characters.
fn characters(number: u16) -> [u8; 3] {
    [number / 100, number / 10 % 10, number % 10].map(|digit| b'0' + digit as u8)
}

fn letters(format_letters: u8, series: u16) -> Vec<u8> {
    let mut rest = series;
    let mut found: Vec<u8> = (0..format_letters)
        .map(|_| {
            let letter = b'A' + (rest % 26) as u8;
            rest /= 26;
            letter
        })
        .collect();
    found.reverse();
    found
}

/// The row of a plane that an area selects: the digits of one series in one region.
fn row(area: &Area, series: u16, region: Region) -> DigitMask {
    let selected = area
        .rectangles()
        .iter()
        .filter(|rectangle| rectangle.regions.contains(region) && rectangle.series.contains(series));
    selected.fold(DigitMask::EMPTY, |row, rectangle| row.or(&rectangle.digits))
}

/// Compares the area with the predicate over every mark of one pool; returns how many matched.
fn judge(
    formats: &Formats,
    format: FormatId,
    area: &Area,
    region: Region,
    predicate: fn(&Chars) -> bool,
) -> u64 {
    let letter_count = formats.get(format).letter_count;
    let region_chars = [b'0' + region.code() / 10, b'0' + region.code() % 10];
    let numbers: Vec<[u8; 3]> = (0..1000).map(characters).collect();
    let mut matched = 0;
    for series in 0..formats.get(format).rows() as u16 {
        let series_chars = letters(letter_count, series);
        let found = row(area, series, region);
        let mut expected = DigitMask::EMPTY;
        for (number, digits) in (0..).zip(&numbers).skip(1) {
            let chars = Chars { digits: *digits, series: &series_chars, region: region_chars };
            if predicate(&chars) {
                expected.set(number);
            }
        }
        assert_eq!(
            found,
            expected,
            "{} {} {region}",
            formats.get(format).id,
            String::from_utf8_lossy(&series_chars)
        );
        matched += u64::from(expected.count());
    }
    matched
}

/// Judges a pattern in whole regions and holds its count against an exact figure.
fn check(text: &str, count: u64, regions: &[u8], predicate: fn(&Chars) -> bool) {
    let formats = fixtures::kazakhstan().unwrap();
    let pattern = Pattern::compile(text, &Origin::input("table"), &formats)
        .unwrap_or_else(|faults| panic!("{text}: {faults:?}"));
    assert_eq!(pattern.count(), count, "the count of {text}");
    for (id, format) in formats.enabled() {
        let area = pattern.area(id);
        assert_disjoint(area);
        for info in formats.regions() {
            // Persons' marks are 17.5 million a region: those of the table; entities' are cheap: all.
            if format.letter_count < 3 || regions.contains(&info.region.code()) {
                let matched = judge(&formats, id, area, info.region, predicate);
                let within = area.within([info.region].into_iter().collect());
                assert_eq!(within.count(), matched, "{text} in {}", info.region);
            }
        }
    }
}

/// No mark lies in two rectangles, or it would be counted twice.
fn assert_disjoint(area: &Area) {
    for (index, one) in area.rectangles().iter().enumerate() {
        for other in area.rectangles().iter().skip(index + 1) {
            assert!(
                one.digits.and(&other.digits).is_empty()
                    || one.series.and(&other.series).is_empty()
                    || one.regions.and(other.regions).is_empty()
            );
        }
    }
}

/// All marks of a person's and of an entity's format in one region.
const PERSON: u64 = 999 * 17_576;
const ENTITY: u64 = 999 * 676;

macro_rules! table {
    ($($name:ident: $text:literal, $count:expr, $regions:expr, $predicate:expr;)*) => {$(
        #[doc = concat!("`", $text, "` is what its predicate says, for every mark.")]
        #[test]
        fn $name() {
            check($text, $count, &$regions, $predicate);
        }
    )*};
}

fn mirror(chars: &Chars) -> bool {
    chars.digits[0] == chars.digits[2] && chars.digits[0] != chars.digits[1]
}

fn ends_in_seven(chars: &Chars) -> bool {
    chars.region[1] == b'7'
}

table! {
    // Free form.
    bare_number: "777", 20 * (17_576 + 676), [2], |m| m.number() == 777;
    one_place_free: "7?7", 20 * 10 * (17_576 + 676), [16], |m| m.digits[0] == b'7' && m.digits[2] == b'7';
    run_across_segments: "7*7", 20 * 10 * (17_576 + 676) + 2 * 90 * (17_576 + 676), [7, 2],
        |m| m.digits[0] == b'7' && (m.digits[2] == b'7' || ends_in_seven(m));
    whole_mark: "???AAA02", 999, [2, 3], |m| m.series == b"AAA" && m.region == *b"02";
    run_before_the_end_of_the_number: "*77 A?A", 20 * 10 * 26, [5],
        |m| m.is_person() && m.digits[1..] == *b"77" && m.series[0] == b'A' && m.series[2] == b'A';
    cyrillic_lower_case: "777 ааа", 20, [1], |m| m.number() == 777 && m.series == b"AAA";
    series_alone: "ааа", 20 * 999, [20], |m| m.series == b"AAA";
    region_alone: "02", PERSON + ENTITY, [2], |m| m.region == *b"02";
    number_and_region: "7?7 02", 10 * (17_576 + 676), [2, 12],
        |m| m.digits[0] == b'7' && m.digits[2] == b'7' && m.region == *b"02";
    leading_run: "*7", 20 * 100 * (17_576 + 676) + 2 * 899 * (17_576 + 676), [17, 4],
        |m| m.digits[2] == b'7' || ends_in_seven(m);
    trailing_run: "7*", 20 * 100 * (17_576 + 676), [8], |m| m.digits[0] == b'7';
    letter_somewhere: "*A*", 20 * 999 * (17_576 - 15_625 + 676 - 625), [9], |m| m.series.contains(&b'A');
    two_sevens_somewhere: "*7*7*", (18 * 28 + 2 * 271) * (17_576 + 676), [7, 1], |m| {
        m.digits.iter().chain(&m.region).filter(|digit| **digit == b'7').count() >= 2
    };
    run_into_the_letters: "7*Z", 20 * 100 * (676 + 26), [3],
        |m| m.digits[0] == b'7' && m.series.last() == Some(&b'Z');
    run_from_letters_to_region: "A*2", 2 * 999 * (676 + 26), [12, 3],
        |m| m.series[0] == b'A' && m.region[1] == b'2';
    template_before_letters: "aba AAA", 20 * 90, [6], |m| mirror(m) && m.series == b"AAA";
    region_in_the_number: "?## AAA", 20 * 10, [13], |m| m.series == b"AAA" && m.digits[1..] == m.region;
    everything: "*", 20 * (PERSON + ENTITY), [18], |_| true;
    range_in_free_form: "001-009 02", 9 * (17_576 + 676), [2, 1], |m| m.number() <= 9 && m.region == *b"02";
    list_in_free_form: "{777,8?8} AAA", 20 * 11, [14],
        |m| m.series == b"AAA" && (m.number() == 777 || (m.digits[0] == b'8' && m.digits[2] == b'8'));

    // Digits.
    digits_mirror: "digits:aba", 20 * 90 * (17_576 + 676), [1], mirror;
    digits_pair_first: "digits:aab", 20 * 89 * (17_576 + 676) + 20 * (17_576 + 676), [2],
        |m| m.digits[0] == m.digits[1] && m.digits[1] != m.digits[2];
    digits_pair_last: "digits:abb", 20 * 90 * (17_576 + 676), [3],
        |m| m.digits[1] == m.digits[2] && m.digits[0] != m.digits[1];
    digits_alike: "digits:aaa", 20 * 9 * (17_576 + 676), [4],
        |m| m.digits[0] == m.digits[1] && m.digits[1] == m.digits[2];
    digits_all_different: "digits:abc", 20 * 720 * (17_576 + 676), [5],
        |m| m.digits[0] != m.digits[1] && m.digits[1] != m.digits[2] && m.digits[0] != m.digits[2];
    digits_literal_and_template: "digits:7aa", 20 * 10 * (17_576 + 676), [6],
        |m| m.digits[0] == b'7' && m.digits[1] == m.digits[2];
    digits_of_the_mirror_tariff: "digits:(aba & 101-989 & !707)", 20 * 80 * (17_576 + 676), [7],
        |m| mirror(m) && m.number() >= 101 && m.number() != 707;
    digits_cheap_list: "digits:{010,020,030,040,050,060,070,077,080,090,707}", 20 * 11 * (17_576 + 676), [8],
        |m| [10, 20, 30, 40, 50, 60, 70, 77, 80, 90, 707].contains(&m.number());
    digits_range_and_value: "digits:{001-009,777}", 20 * 10 * (17_576 + 676), [9],
        |m| m.number() <= 9 || m.number() == 777;
    digits_up: "digits:step(+1)", 20 * 8 * (17_576 + 676), [10],
        |m| m.digits[1] == m.digits[0] + 1 && m.digits[2] == m.digits[1] + 1;
    digits_down: "digits:step(-1)", 20 * 8 * (17_576 + 676), [11],
        |m| m.digits[0] == m.digits[1] + 1 && m.digits[1] == m.digits[2] + 1;
    digits_down_by_two: "digits:step(-2)", 20 * 6 * (17_576 + 676), [12],
        |m| m.digits[0] == m.digits[1] + 2 && m.digits[1] == m.digits[2] + 2;
    digits_equal_region: "digits:0##", 20 * (17_576 + 676), [2, 17],
        |m| m.digits[0] == b'0' && m.digits[1..] == m.region;
    digits_end_in_region: "digits:?##", 20 * 10 * (17_576 + 676), [2, 20], |m| m.digits[1..] == m.region;
    digits_begin_with_region: "digits:##?", 20 * 10 * (17_576 + 676), [10, 3],
        |m| m.digits[..2] == m.region;
    digits_other: "digits:!{?0?,aaa}", 20 * 891 * (17_576 + 676), [13],
        |m| m.digits[1] != b'0' && !(m.digits[0] == m.digits[1] && m.digits[1] == m.digits[2]);

    // Series.
    series_identical: "series:{aaa,aa}", 20 * 999 * (26 + 26), [14],
        |m| m.series.iter().all(|letter| *letter == m.series[0]);
    series_mirror: "series:aba", 20 * 999 * 26 * 25, [15],
        |m| m.is_person() && m.series[0] == m.series[2] && m.series[0] != m.series[1];
    series_up: "series:step(+1)", 20 * 999 * (24 + 25), [16],
        |m| m.series.windows(2).all(|pair| pair[1] == pair[0] + 1);
    series_down_by_twelve: "series:step(-12)", 20 * 999 * (2 + 14), [17],
        |m| m.series.windows(2).all(|pair| pair[0] == pair[1] + 12);
    series_words: "series:{KAZ,AUL,QR}", 20 * 999 * 3, [18],
        |m| [b"KAZ".as_slice(), b"AUL", b"QR"].contains(&m.series);
    series_range: "series:AAX-ABC", 20 * 999 * 6, [19],
        |m| [b"AAX", b"AAY", b"AAZ", b"ABA", b"ABB", b"ABC"].iter().any(|series| m.series == *series);
    series_without: "series:!*O*", 20 * 999 * (15_625 + 625), [20], |m| !m.series.contains(&b'O');

    // Regions, formats and everything together.
    region_range: "region:01-03", 3 * (PERSON + ENTITY), [3, 4], |m| m.region <= *b"03";
    region_alike: "region:aa", PERSON + ENTITY, [11, 12], |m| m.region == *b"11";
    format_only: "format:entity_car 777", 20 * 676, [1], |m| !m.is_person() && m.number() == 777;
    complement_of_a_mark: "!777AAA02", 20 * (PERSON + ENTITY) - 1, [2],
        |m| !(m.number() == 777 && m.series == b"AAA" && m.region == *b"02");
    unions_that_overlap: "7?? | ?7? | ??7", 20 * 271 * (17_576 + 676), [5], |m| m.digits.contains(&b'7');
    segments_that_overlap: "digits:aaa | series:{aaa,aa} | region:07",
        19 * (9 * 17_576 + 990 * 26 + 9 * 676 + 990 * 26) + PERSON + ENTITY, [7, 8], |m| {
        m.number() % 111 == 0 || m.series.iter().all(|letter| *letter == m.series[0]) || m.region == *b"07"
    };
    digits_or_letters_and_not_region: "(digits:aba | series:{aba,aa}) & !(02 | 01)",
        18 * (90 * (17_576 + 676) + 909 * (650 + 26)), [1, 3], |m| {
            let letters = m.series[0] == *m.series.last().unwrap()
                && (m.series.len() == 2 || m.series[1] != m.series[0]);
            (mirror(m) || letters) && m.region != *b"01" && m.region != *b"02"
        };
}
