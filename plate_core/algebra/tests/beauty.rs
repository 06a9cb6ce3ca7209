//! What is beautiful about marks: tags as a decision table, and that every way of finding them agrees.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod country;

use country::{book, mark};
use plate_algebra::{Mark, Origin, RuleBook, TagId, TagSet};
use proptest::prelude::*;

/// (mark, every tag it carries)
const TAGS: &[(&str, &[&str])] = &[
    ("777 AAA 02", &["triple_digits", "identical_letters"]),
    ("777 AA 02", &["triple_digits", "identical_letters"]),
    ("001 QWR 05", &["first_nine", "pair_digits"]),
    ("500 QWR 05", &["round_hundreds", "pair_digits"]),
    ("060 QWR 05", &["round_tens", "mirror_digits"]),
    ("717 QWR 05", &["mirror_digits"]),
    ("123 QWR 05", &["ladder_up"]),
    ("321 QWR 05", &["ladder_down"]),
    ("890 QWR 05", &[]),
    ("779 QWR 05", &["pair_digits"]),
    ("977 QWR 05", &["pair_digits"]),
    ("697 AAB 05", &["pair_letters"]),
    ("697 ABB 05", &["pair_letters"]),
    ("697 XYX 05", &["mirror_letters"]),
    ("697 ABC 05", &["ladder_letters"]),
    ("697 CBA 05", &["ladder_letters"]),
    ("697 YZ 05", &["ladder_letters"]),
    ("697 YZA 05", &[]),
    ("002 QWR 02", &["first_nine", "pair_digits", "digits_equal_region"]),
    ("002 QWR 03", &["first_nine", "pair_digits"]),
    ("017 QWR 17", &["digits_equal_region"]),
    ("171 QWR 17", &["mirror_digits", "digits_begin_with_region"]),
    ("697 ATA 05", &["mirror_letters", "word_kk"]),
    ("697 MIR 05", &["word_ru"]),
    ("697 FOX 05", &["word_en"]),
    ("697 OT 05", &["word_kk"]),
    ("697 TOT 05", &["mirror_letters"]),
    ("808 BOB 05", &["mirror_digits", "mirror_letters", "digits_read_as_series"]),
    ("100 IOO 05", &["round_hundreds", "pair_digits", "pair_letters", "digits_read_as_series"]),
    ("808 BOC 05", &["mirror_digits"]),
    ("474 QWR 05", &["mirror_digits", "digits_read_as_word"]),
    ("816 QW 05", &["digits_read_as_word"]),
];

fn names(book: &RuleBook, tags: TagSet) -> Vec<String> {
    tags.iter().map(|tag| book.tags()[usize::from(tag.0)].id.clone()).collect()
}

fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort();
    list
}

/// A mark carries the tags of the table, all of them and no other.
#[test]
fn marks_carry_their_tags() {
    let book = book();
    for (text, expected) in TAGS {
        let found = sorted(names(&book, book.beauty().tags_of(mark(&book, text))));
        assert_eq!(found, sorted(expected.iter().map(|tag| tag.to_string()).collect()), "{text}");
    }
}

/// Every kind of beauty has names in three languages, marks, and its own bit.
#[test]
fn tags_are_named_in_three_languages() {
    let book = book();
    for tag in book.tags() {
        assert!(
            [&tag.names.kk, &tag.names.ru, &tag.names.en].iter().all(|name| !name.is_empty()),
            "{}",
            tag.id
        );
        assert!(tag.marks > 0, "{}", tag.id);
    }
    assert!(book.tags().len() >= 16 && book.tags().len() <= plate_algebra::bounds::TAGS.max as usize);
    assert!(!TagSet(u64::MAX).contains(TagId(64)), "a tag beyond the word is in no set");
}

/// Exact counts over the country, by arithmetic: ten mirror values a pair of digits less 000 and triples.
#[test]
fn tags_count_their_marks() {
    let book = book();
    let marks = |tag: &str| book.tags().iter().find(|one| one.id == tag).unwrap().marks;
    let series = 20 * (17_576 + 676);
    assert_eq!(marks("triple_digits"), 9 * series);
    assert_eq!(marks("mirror_digits"), 90 * series);
    assert_eq!(marks("ladder_up"), 8 * series);
    assert_eq!(marks("digits_equal_region"), series);
    assert_eq!(marks("identical_letters"), 2 * 26 * 999 * 20);
    assert_eq!(marks("mirror_letters"), 26 * 25 * 999 * 20);
    assert_eq!(marks("digits_read_as_series"), 124 * 20);
}

/// People may ask in their own words, and `@` names a tag in any pattern.
#[test]
fn tags_can_be_asked_for_by_name() {
    let book = book();
    let count = |text: &str| book.pattern(text, &Origin::input("search")).map(|pattern| pattern.count());
    let mirror = 90 * 20 * (17_576 + 676);
    for text in ["мирр", "айна", "mirror", "зеркало", "@mirror_digits"] {
        assert_eq!(count(text), Ok(mirror), "{text}");
    }
    assert_eq!(count("мирр 02"), Ok(mirror / 20));
    assert_eq!(count("@mirror_digits & @identical_letters"), Ok(90 * 20 * 52));
    let unknown = count("@mirror_digitz").unwrap_err();
    assert_eq!(
        (unknown[0].code, unknown[0].expected.first().map(String::as_str)),
        ("name_unknown", Some("mirror_digits"))
    );
}

/// Areas of equal beauty hold every mark of a format once, the most beautiful first.
#[test]
fn areas_by_beauty_hold_every_mark_once() {
    let book = book();
    for (format, _) in book.formats().enabled() {
        let areas = book.beauty_areas(format);
        assert!(areas.windows(2).all(|pair| pair[0].0 > pair[1].0));
        let counted: u64 = areas.iter().map(|(_, area)| area.count()).sum();
        assert_eq!(counted, book.formats().whole(format).count());
        for (score, area) in areas {
            let first = area.iter().next().unwrap();
            assert_eq!(book.beauty().score(first), *score, "{}", book.formats().text(first));
        }
    }
}

fn any_mark() -> impl Strategy<Value = (bool, u8, u16, u16)> {
    // Half of the marks come from where tags are dense: few digits and few letters.
    let digits = prop_oneof![1u16..1_000, (0u16..10, 0u16..2).prop_map(|(a, b)| (a * 111 + b).clamp(1, 999))];
    let series = prop_oneof![0u16..17_576, (0u16..26, 0u16..27).prop_map(|(a, b)| (a * 703 + b) % 17_576)];
    (any::<bool>(), 1u8..=20, series, digits)
}

proptest! {
    /// Three loads and a short list find exactly the tags whose areas hold the mark, and its points are
    /// those of the one area of beauty that holds it.
    #[test]
    fn the_index_equals_the_areas(marks in proptest::collection::vec(any_mark(), 64)) {
        thread_local!(static BOOK: RuleBook = book());
        BOOK.with(|book| {
            for (person, region, series, digits) in marks {
                let id = if person { "person_car" } else { "entity_car" };
                let format = book.formats().by_id(id).unwrap();
                let region = plate_algebra::Region::new(region).unwrap();
                let series = series % book.formats().get(format).rows() as u16;
                let mark = Mark { format, region, series, digits };
                let by_area = (0..book.tags().len() as u8).map(TagId);
                let by_area: Vec<TagId> = by_area.filter(|tag| book.tag_area(*tag, format).contains(mark)).collect();
                let by_index: Vec<TagId> = book.beauty().tags_of(mark).iter().collect();
                prop_assert_eq!(by_index, by_area);
                let holding: Vec<u32> =
                    book.beauty_areas(format).iter().filter(|(_, area)| area.contains(mark)).map(|(score, _)| *score).collect();
                prop_assert_eq!(holding, vec![book.beauty().score(mark)]);
            }
            Ok(())
        })?;
    }
}
