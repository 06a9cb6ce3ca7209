//! What marks cost in 2026, and why, as decision tables: one line a case.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod country;

use country::{book, day, mark};
use plate_algebra::{Acquired, PriceError, RuleBook, TierId};

use Acquired::{Assigned, Chosen};

/// A day of the first year of free choice.
const OPENING: &str = "2026-01-05";

/// (mark, tier, MCI, tiyn at 4,325 tenge): every price in both formats, and the edges of each class.
const CHOSEN: &[(&str, &str, &str, i64)] = &[
    // 001 to 009 and 777.
    ("001 ABC 02", "top", "228", 98_610_000),
    ("009 ABC 17", "top", "228", 98_610_000),
    ("777 ABC 02", "top", "228", 98_610_000),
    ("001 AB 02", "top", "228", 98_610_000),
    ("777 AAA 02", "top_identical", "285", 123_262_500),
    ("009 ZZZ 20", "top_identical", "285", 123_262_500),
    ("777 AA 02", "top_identical", "285", 123_262_500),
    // Hundreds and triples.
    ("100 ABC 01", "hundreds", "137", 59_252_500),
    ("111 ABC 01", "hundreds", "137", 59_252_500),
    ("900 ABC 01", "hundreds", "137", 59_252_500),
    ("999 AB 01", "hundreds", "137", 59_252_500),
    ("700 QQQ 16", "hundreds_identical", "194", 83_905_000),
    ("888 QQ 16", "hundreds_identical", "194", 83_905_000),
    // Tens, 077 and 707.
    ("010 ABC 05", "tens", "57", 24_652_500),
    ("077 ABC 05", "tens", "57", 24_652_500),
    ("090 ABC 05", "tens", "57", 24_652_500),
    ("707 AB 05", "tens", "57", 24_652_500),
    ("070 BBB 05", "tens_identical", "114", 49_305_000),
    ("707 BB 05", "tens_identical", "114", 49_305_000),
    // Mirror digits.
    ("101 ABC 02", "mirror", "15", 6_487_500),
    ("989 ABC 02", "mirror", "15", 6_487_500),
    ("717 AB 02", "mirror", "15", 6_487_500),
    ("101 CCC 02", "mirror_identical", "72", 31_140_000),
    ("989 CC 02", "mirror_identical", "72", 31_140_000),
    // Everything else.
    ("011 ABC 02", "ordinary", "10", 4_325_000),
    ("123 QWE 02", "ordinary", "10", 4_325_000),
    ("770 ABC 02", "ordinary", "10", 4_325_000),
    ("998 AB 02", "ordinary", "10", 4_325_000),
    ("123 AAA 02", "ordinary_identical", "57", 24_652_500),
    ("998 ZZ 02", "ordinary_identical", "57", 24_652_500),
    // Two equal letters of three, or a mirror, are no surcharge.
    ("123 AAB 02", "ordinary", "10", 4_325_000),
    ("123 ABA 02", "ordinary", "10", 4_325_000),
];

/// Every price of the table is quoted for the marks that the law gives it, exactly to the tiyn.
#[test]
fn chosen_marks_cost_what_the_table_says() {
    let book = book();
    for (text, tier, mci, tiyn) in CHOSEN {
        for on in [OPENING, "2026-11-23", "2026-12-31"] {
            let quote = book.quote(mark(&book, text), Chosen, day(on)).unwrap();
            let said = (quote.tier.as_str(), quote.mci.to_string(), quote.mci_value_tenge, quote.amount.0);
            assert_eq!(said, (*tier, mci.to_string(), 4_325, *tiyn), "{text} on {on}");
            assert_eq!(quote.tariff, book.tariffs()[0].revision);
        }
    }
}

/// An ordinary mark is assigned at 2.8 MCI; one worth choosing is not assigned at all.
#[test]
fn assigned_marks_are_ordinary_ones() {
    let book = book();
    let cases: &[(&str, Option<&str>)] = &[
        ("123 QWE 02", None),
        ("998 AB 02", None),
        ("770 ABC 02", None),
        ("123 AAA 02", Some("assigned_not_identical")),
        ("123 AA 02", Some("assigned_not_identical_entity")),
        ("777 QWE 02", Some("assigned_not_notable")),
        ("101 AB 02", Some("assigned_not_notable")),
        ("010 QWE 02", Some("assigned_not_notable")),
        ("900 QWE 02", Some("assigned_not_notable")),
    ];
    for (text, refused_by) in cases {
        let mark = mark(&book, text);
        let quoted = book.quote(mark, Assigned, day(OPENING));
        let classified = book.classify(mark, Assigned, day(OPENING)).unwrap();
        let certificate = book.explain(mark, Assigned, day(OPENING)).unwrap();
        match refused_by {
            None => {
                let quote = quoted.unwrap();
                assert_eq!((quote.tier.as_str(), quote.amount.0), ("assigned", 1_211_000), "{text}");
                assert!(classified.tier.is_some() && certificate.price.is_some());
            }
            Some(rule) => {
                let refusal = PriceError::NotOffered { acquired: Assigned, rule: rule.to_string() };
                assert_eq!(quoted, Err(refusal), "{text}");
                assert!(classified.tier.is_none() && certificate.price.is_none());
            }
        }
    }
}

/// The classes of digits are disjoint and add up: 10 + 17 + 11 + 80 + 881 = 999. Identical letters add
/// exactly 57 MCI to the digits that are dear already; with ordinary digits they cost 57 and not
/// 10 + 57 = 67, as the table of prices has it (the tariff's file names the contradiction).
#[test]
fn classes_add_up_and_identical_letters_cost_more() {
    let book = book();
    let tariff = &book.tariffs()[0];
    let mut sum = 0;
    for (tier, digits) in [("top", 10), ("hundreds", 17), ("tens", 11), ("mirror", 80), ("ordinary", 881)] {
        let plain = tariff.tier_by_id(tier).unwrap();
        let identical = tariff.tier_by_id(&format!("{tier}_identical")).unwrap();
        let hundredths = |tier: TierId| tariff.tier(tier).unwrap().mci.hundredths();
        let surcharge = if tier == "ordinary" { 4_700 } else { 5_700 };
        assert_eq!(hundredths(identical) - hundredths(plain), surcharge, "{tier}");
        for (format, letters) in [("person_car", 26_u64.pow(3)), ("entity_car", 26_u64.pow(2))] {
            let format = book.formats().by_id(format).unwrap();
            let count = |tier| tariff.tier_area(Chosen, tier, format).unwrap().count();
            assert_eq!(count(plain), digits * (letters - 26) * 20, "{tier}");
            assert_eq!(count(identical), digits * 26 * 20, "{tier}");
        }
        sum += digits;
    }
    assert_eq!(sum, 999);
}

/// The tiers hold 351,168,480 marks of persons and 13,506,480 of entities, each exactly once, and the
/// compiler's report says the same as the areas.
#[test]
fn the_report_counts_every_mark_once() {
    let book = book();
    let tariff = &book.tariffs()[0];
    for (id, marks) in [("person_car", 17_576 * 999 * 20), ("entity_car", 676 * 999 * 20)] {
        let format = book.formats().by_id(id).unwrap();
        for acquired in Acquired::ALL {
            let mut sum = tariff.not_offered_area(acquired, format).unwrap().count();
            for count in tariff
                .report
                .tiers
                .iter()
                .filter(|count| count.format == format && count.acquired == acquired)
            {
                assert_eq!(count.marks, tariff.tier_area(acquired, count.tier, format).unwrap().count());
                sum += count.marks;
            }
            assert_eq!(sum, marks, "{id} {}", acquired.word());
        }
    }
    assert_eq!(17_576 * 999 * 20, 351_168_480);
    assert_eq!((tariff.report.never_win.len(), tariff.report.empty_tiers.len()), (0, 0));
    let assigned = tariff.report.tiers.iter().filter(|count| count.acquired == Assigned);
    let counts: Vec<u64> = assigned.map(|count| count.marks).collect();
    assert_eq!(counts, [881 * (17_576 - 26) * 20, 881 * (676 - 26) * 20]);
}

/// A day without a tariff or without an index has no prices, and the refusal says what is known.
#[test]
fn unknown_days_are_refused_and_not_guessed() {
    let book = book();
    let mark = mark(&book, "777 AAA 02");
    let first = Some(day("2026-01-01"));
    let cases = [
        ("2025-12-31", Err(PriceError::NoTariff { on: day("2025-12-31"), first })),
        ("2024-06-01", Err(PriceError::NoTariff { on: day("2024-06-01"), first })),
        ("2026-01-01", Ok(123_262_500)),
        ("2026-01-05", Ok(123_262_500)),
        ("2026-12-31", Ok(123_262_500)),
        ("2027-01-01", Err(PriceError::NoMci { on: day("2027-01-01"), last: Some(day("2026-12-31")) })),
    ];
    for (on, expected) in cases {
        let quoted = book.quote(mark, Chosen, day(on)).map(|quote| quote.amount.0);
        assert_eq!(quoted, expected, "{on}");
        let explained = book.explain(mark, Chosen, day(on)).map(|made| made.price.unwrap().amount.0);
        assert_eq!(explained, expected, "{on}");
    }
    let said = book.quote(mark, Chosen, day("2025-06-01")).unwrap_err();
    assert_eq!(said.slug(), "no_tariff_in_force");
    assert!(said.to_string().contains("2026-01-01"), "{said}");
    assert_eq!(book.quote(mark, Chosen, day("2027-06-01")).unwrap_err().slug(), "mci_unknown");
}

/// Deadlines are cut where a tariff takes over or the index becomes another one or unknown.
#[test]
fn price_changes_are_where_prices_may_change() {
    let days: Vec<String> = book().price_changes().iter().map(ToString::to_string).collect();
    assert_eq!(days, ["2025-01-01", "2026-01-01", "2027-01-01"]);
    assert_eq!(book().mci_on(day("2025-07-01")).map(|mci| mci.value_tenge), Some(3_932));
    assert_eq!(book().mci_on(day("2024-12-31")), None);
}

/// The certificate names every rule of the format and way of acquiring, in order; the first that matches
/// has won, and clause, tariff, index and amount follow from it.
#[test]
fn the_certificate_shows_why() {
    let book = book();
    let made = book.explain(mark(&book, "777AAA02"), Chosen, day(OPENING)).unwrap();
    let matched: Vec<&str> =
        made.rules.iter().filter(|one| one.matched).map(|one| one.rule.id.as_str()).collect();
    assert_eq!(
        matched,
        ["chosen_top_identical", "chosen_top", "chosen_ordinary_identical", "chosen_ordinary"]
    );
    let won: Vec<&str> = made.rules.iter().filter(|one| one.won).map(|one| one.rule.id.as_str()).collect();
    assert_eq!(won, ["chosen_top_identical"]);
    assert!(made.rules.is_sorted_by_key(|one| one.order));
    assert_eq!(made.rules.len(), 10, "rules of another format or way of acquiring are not asked");
    let clause = made.rules[0].clause.unwrap();
    assert!(
        clause.text.en.contains("No. 342")
            && clause.text.kk.contains("342")
            && clause.text.ru.contains("342")
    );
    assert_eq!((made.text.as_str(), made.format.id.as_str()), ("777AAA02", "person_car"));
    assert_eq!(made.tariff.revision.len(), 64);
    assert_eq!((made.mci.value_tenge, made.mci.in_force_from), (4_325, day("2026-01-01")));
    let price = made.price.unwrap();
    assert_eq!((price.tier.id.as_str(), price.amount.0), ("top_identical", 123_262_500));
    let tags: Vec<&str> = made.tags.iter().map(|tag| tag.id.as_str()).collect();
    assert_eq!(tags, ["triple_digits", "identical_letters"]);
    assert!(made.withheld.is_none());
}

/// A withheld mark has a price and a reason, in both formats and only with its own letters.
#[test]
fn withheld_marks_say_why() {
    let book = book();
    let cases = [
        ("777 SEX 02", true),
        ("123 KOT 17", true),
        ("123 AM 02", true),
        ("123 QR 20", true),
        ("123 AMA 02", false),
        ("123 QRS 02", false),
        ("123 SE 02", false),
        ("777 AAA 02", false),
    ];
    for (text, withheld) in cases {
        let mark = mark(&book, text);
        let made = book.explain(mark, Chosen, day(OPENING)).unwrap();
        assert_eq!(made.withheld.is_some(), withheld, "{text}");
        assert_eq!(book.classify(mark, Chosen, day(OPENING)).unwrap().withheld, withheld, "{text}");
        assert_eq!(book.withheld(mark.format).contains(mark), withheld, "{text}");
        assert!(made.price.is_some());
        if let Some(entry) = made.withheld {
            assert!(
                [&entry.reason.kk, &entry.reason.ru, &entry.reason.en].iter().all(|text| !text.is_empty())
            );
        }
    }
    let count = |format: &str| book.withheld(book.formats().by_id(format).unwrap()).count();
    assert_eq!(count("person_car"), 65 * 999 * 20);
    assert_eq!(count("entity_car"), 2 * 999 * 20);
}

/// Areas by price are disjoint, cheap first, and hold every mark that is offered.
#[test]
fn areas_by_price_hold_every_mark_once() {
    let book = book();
    let person = book.formats().by_id("person_car").unwrap();
    let areas = book.price_areas(day(OPENING), Chosen, person).unwrap();
    let amounts: Vec<i64> = areas.iter().map(|(_, amount, _)| amount.0 / 432_500).collect();
    assert_eq!(amounts, [10, 15, 57, 57, 72, 114, 137, 194, 228, 285]);
    assert_eq!(areas.iter().map(|(_, _, area)| area.count()).sum::<u64>(), 351_168_480);
    for (at, (_, _, area)) in areas.iter().enumerate() {
        for (_, _, later) in &areas[at + 1..] {
            assert!(area.intersect(later).is_empty());
        }
    }
}

/// A mark of a disabled format is no mark on sale: it has no price, whoever makes one up.
#[test]
fn disabled_formats_have_no_prices() {
    let book = book();
    let motorcycle = book.formats().by_id("motorcycle").unwrap();
    let made_up = plate_algebra::Mark { format: motorcycle, ..mark(&book, "077 AA 02") };
    let refusal = Err(PriceError::FormatWithoutPrices);
    assert_eq!(book.quote(made_up, Chosen, day(OPENING)), refusal);
    assert_eq!(
        book.classify(made_up, Chosen, day(OPENING)).map(|_| ()),
        Err(PriceError::FormatWithoutPrices)
    );
    assert!(book.explain(made_up, Chosen, day(OPENING)).is_err());
}

/// What is no issued mark has no tier: 000, the padding of a row, a series behind the last.
#[test]
fn what_is_no_mark_has_no_tier() {
    let book: RuleBook = book();
    let real = mark(&book, "777 AAA 02");
    for (series, digits) in [(0, 0), (0, 1_000), (0, 1_023), (17_576, 777), (u16::MAX, u16::MAX)] {
        let none = plate_algebra::Mark { series, digits, ..real };
        assert!(book.classify(none, Chosen, day(OPENING)).is_err(), "{series} {digits}");
    }
}
