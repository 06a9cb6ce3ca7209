//! The compiled tables say what a walk over the rules says: of the law, and of tariffs made up at random.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod country;

use country::small::FILES;
use country::{book, compile, day, listed};
use plate_algebra::classify::{NO_MARK, NOT_OFFERED};
use plate_algebra::{Acquired, Mark, RuleBook};
use proptest::prelude::*;
use proptest::sample::select;

/// Every mark of one region of both formats, by tables, by column and by walk: 18.2 million marks.
/// Regions do not matter to a tariff, so one stands for all; the next test varies them.
#[test]
fn every_mark_of_a_region_has_the_tier_of_the_first_rule_that_names_it() {
    let book = book();
    let on = day("2026-11-23");
    let tariff = book.tariff_in_force(on).unwrap();
    for (format, shape) in book.formats().enabled() {
        let region = book.formats().regions()[6].region;
        let acquired = Acquired::Chosen;
        let column = book.classifier(acquired, on).unwrap().classify_column(format);
        assert_eq!(column.len(), shape.rows() as usize * 1_024);
        // The walk is slow, so a series class is walked once: its letters are what rules can see.
        for series in 0..shape.rows() as u16 {
            let row = &column[usize::from(series) * 1_024..][..1_024];
            let walked = series % 97 == 0 || shape.series_text(series).chars().all(|letter| letter == 'A');
            for digits in 0..1_024_u16 {
                let mark = Mark { format, region, series, digits };
                let by_table = tariff.winner(mark, acquired);
                let code = row[usize::from(digits)];
                assert_eq!(code == NO_MARK, by_table.is_none());
                if walked {
                    let exists = book.formats().check(mark).is_ok();
                    let by_walk = tariff.winner_by_walk(mark, acquired).filter(|_| exists);
                    assert_eq!(by_table, by_walk, "{}", book.formats().text(mark));
                }
            }
        }
    }
}

/// A rule of a tariff made up: (digits, series of three letters, tier or none).
type MadeUp = (&'static str, &'static str, Option<&'static str>);

fn tariff(rules: &[MadeUp]) -> String {
    let (head, _) = FILES[6].1.split_once("[[rule]]").unwrap();
    let mut text = head.to_owned();
    for (at, (digits, series, tier)) in rules.iter().enumerate() {
        text += &format!(
            "[[rule]]\nid = \"r{at}\"\nacquired = \"chosen\"\nclause = \"law\"\nformats = [\"car\"]\n"
        );
        text += &if digits.is_empty() { String::new() } else { format!("digits = \"{digits}\"\n") };
        text += &if series.is_empty() { String::new() } else { format!("series = \"{series}\"\n") };
        text += &tier.map_or("not_offered = true\n".to_owned(), |tier| format!("tier = \"{tier}\"\n"));
    }
    text + "[[rule]]\nid = \"rest\"\nacquired = \"chosen\"\ntier = \"plain\"\nclause = \"law\"\n\
            [[rule]]\nid = \"assigned_all\"\nacquired = \"assigned\"\ntier = \"plain\"\nclause = \"law\"\n"
}

fn small_book() -> RuleBook {
    let files: Vec<_> =
        FILES.iter().map(|(path, text)| (path.to_string(), text.as_bytes().to_vec())).collect();
    compile(&files).unwrap_or_else(|faults| panic!("{}", listed(&faults)))
}

fn rules() -> impl Strategy<Value = Vec<MadeUp>> {
    let digits =
        select(vec!["", "aba", "aaa", "001-009", "!aba", "7??", "?00 | 777", "step(+1)", "500-999 & !aab"]);
    let series = select(vec!["", "aaa", "aba", "A??", "!{aaa,aba}", "KAA-KZZ", "step(-1)", "{CAT,DOG}"]);
    let tier = select(vec![Some("dear"), Some("plain"), None]);
    proptest::collection::vec((digits, series, tier), 0..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever the rules, tables and walk agree on every mark that is tried, and so do report and areas.
    #[test]
    fn tables_equal_a_walk_over_random_rules(
        rules in rules(),
        tried in proptest::collection::vec((0u16..17_576, 0u16..1_024, 1u8..=2), 300),
    ) {
        let book = small_book().with_tariff("first", tariff(&rules).as_bytes());
        let book = book.unwrap_or_else(|faults| panic!("{}", listed(&faults)));
        let tariff = &book.tariffs()[0];
        let car = book.formats().by_id("car").unwrap();
        for (series, digits, region) in tried {
            let region = plate_algebra::Region::new(region).unwrap();
            let mark = Mark { format: car, region, series, digits };
            let exists = book.formats().check(mark).is_ok();
            let by_walk = tariff.winner_by_walk(mark, Acquired::Chosen).filter(|_| exists);
            prop_assert_eq!(tariff.winner(mark, Acquired::Chosen), by_walk);
            let holds = |area: Option<&plate_algebra::Area>| area.is_some_and(|area| area.contains(mark));
            let offer = tariff.offer(mark, Acquired::Chosen);
            for (at, _) in tariff.tiers.iter().enumerate() {
                let tier = plate_algebra::TierId(at as u8);
                let inside = offer == Some(plate_algebra::tariff::Offer::Tier(tier));
                prop_assert_eq!(holds(tariff.tier_area(Acquired::Chosen, tier, car)), inside);
            }
        }
        // A rule never wins exactly if it is reported, and the counts add up.
        let mut wins = vec![false; tariff.rules.len()];
        let classifier = book.classifier(Acquired::Chosen, day("2026-01-01")).unwrap();
        let column = classifier.classify_column(car);
        for (ordinal, code) in column.iter().enumerate() {
            let mark = Mark { format: car, region: plate_algebra::Region::new(1).unwrap(), series: (ordinal / 1_024) as u16, digits: (ordinal % 1_024) as u16 };
            if *code != NO_MARK && let Some(winner) = tariff.winner(mark, Acquired::Chosen) {
                wins[winner] = true;
            }
        }
        for (at, rule) in tariff.rules.iter().enumerate() {
            let Some(claim) = rule.claim(car).filter(|_| rule.acquired == Acquired::Chosen) else { continue };
            let reported = tariff.report.never_win.iter().any(|never| never.rule == at && never.format == car);
            prop_assert_eq!(reported, !wins[at] && claim.marks_in_region() > 0, "rule {}", rule.id);
        }
        let marks = column.iter().filter(|code| **code != NO_MARK).count() as u64;
        prop_assert_eq!(marks, 17_576 * 999);
        let not_offered = column.iter().filter(|code| **code == NOT_OFFERED).count() as u64 * 2;
        let said = tariff.not_offered_area(Acquired::Chosen, car).unwrap().count();
        prop_assert_eq!(said, not_offered);
    }
}

proptest! {
    /// The reader of tiers says of a text what the tables say of the mark that it is parsed to.
    #[test]
    fn a_text_has_the_tier_of_its_mark(
        texts in prop::collection::vec(
            prop_oneof![
                4 => "[0-9]{3}[A-Z]{2,3}(0[0-9]|1[0-9]|2[01])",
                2 => "(KZ|kz)? ?(777|00[0-9]|[0-9]{3}) ?([aаA]{2,3}|[A-ZВЕК]{3}) ?(02|20|21)",
                1 => "[0-9A-Zа-х ]{0,10}",
            ],
            0..60,
        ),
        acquired in select(vec![Acquired::Chosen, Acquired::Assigned]),
    ) {
        static BOOK: std::sync::LazyLock<RuleBook> = std::sync::LazyLock::new(book);
        let reader = BOOK.tier_reader(acquired, day("2026-11-23")).unwrap();
        for text in texts {
            let mark = BOOK.formats().parse(&text).ok();
            let found = mark.and_then(|mark| BOOK.classify(mark, acquired, day("2026-11-23")).ok());
            let code = found.map_or(NO_MARK, |found| found.tier.map_or(NOT_OFFERED, |tier| tier.0));
            prop_assert_eq!(reader.code(text.as_bytes()), code, "{}", text);
        }
    }
}
