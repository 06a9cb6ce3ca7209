//! What a draft would change, held against a count of every mark.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod country;

use std::collections::BTreeMap;
use std::time::Instant;

use country::{book, day, files};
use plate_algebra::{Acquired, Area, Mark, Preview, RuleBook};

const ON: &str = "2026-11-23";

fn draft(changes: &[(&str, &str)]) -> RuleBook {
    let files = files();
    let (_, bytes) = files.iter().find(|(path, _)| path == "tariffs/kz-2026.toml").unwrap();
    let mut text = String::from_utf8(bytes.clone()).unwrap();
    text = text
        .replace("id = \"kz-2026\"", "id = \"draft\"")
        .replace("in_force_from = 2026-01-01", "in_force_from = 2026-12-01");
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    book().with_tariff("draft", text.as_bytes()).unwrap()
}

/// (from, to, marks, tiyn)
fn moves(preview: &Preview<'_>) -> Vec<(String, String, u64, i128)> {
    let name = |tier: Option<&plate_algebra::Tier>| tier.map_or("-".to_owned(), |tier| tier.id.clone());
    preview.moves.iter().map(|one| (name(one.from), name(one.to), one.marks, one.amount_tiyn)).collect()
}

/// A draft without a change moves nothing.
#[test]
fn the_same_prices_move_nothing() {
    let (present, draft) = (book(), draft(&[]));
    let preview = present.preview(&draft, day(ON), Acquired::Chosen, None).unwrap();
    assert_eq!(moves(&preview), []);
    assert_eq!(preview.unmoved_marks, 351_168_480 + 13_506_480);
    assert_eq!((preview.present.id.as_str(), preview.candidate.id.as_str()), ("kz-2026", "draft"));
}

/// A dearer tier moves its marks from itself to itself, and the duty by the product, exactly in tiyn.
#[test]
fn a_dearer_tier_moves_its_duty() {
    let (present, draft) = (book(), draft(&[("mci = \"15\"", "mci = \"20\"")]));
    let preview = present.preview(&draft, day(ON), Acquired::Chosen, None).unwrap();
    let marks = 80 * (17_550 + 650) * 20;
    let tiyn = i128::from(marks) * 500 * 4_325;
    assert_eq!(moves(&preview), [("mirror".to_owned(), "mirror".to_owned(), marks, tiyn)]);
}

/// The example of `patterns/README.md`, step by step: ladders for 30 MCI.
#[test]
fn the_readme_s_example_moves_what_it_says() {
    let present = book();
    let tier = "[[tier]]\nid = \"ladder\"\nmci = \"30\"\nnames = { kk = \"Л\", ru = \"Л\", en = \"L\" }\n\n";
    let rule = "[[rule]]\nid = \"chosen_ladder\"\nacquired = \"chosen\"\ndigits = \"step(+1)\"\n\
                tier = \"ladder\"\nclause = \"order_342\"\n\n";
    let draft = draft(&[
        ("[[tier]]\nid = \"assigned\"", &format!("{tier}[[tier]]\nid = \"assigned\"")),
        ("[[rule]]\nid = \"chosen_ordinary\"\n", &format!("{rule}[[rule]]\nid = \"chosen_ordinary\"\n")),
    ]);
    let preview = present.preview(&draft, day(ON), Acquired::Chosen, None).unwrap();
    let marks = 8 * (17_550 + 650) * 20;
    assert_eq!(marks, 2_912_000);
    let tiyn = i128::from(marks) * 2_000 * 4_325;
    assert_eq!(moves(&preview), [("ordinary".to_owned(), "ladder".to_owned(), marks, tiyn)]);
}

/// A class that grows takes marks from several tiers; each move is counted by visiting every mark.
#[test]
fn moves_equal_a_count_of_every_mark() {
    let present = book();
    let draft = draft(&[
        ("digits = \"001-009 | 777\"", "digits = \"001-019 | 7?7\""),
        ("digits = \"aba\"", "digits = \"aba | step(+1)\""),
        ("series = \"aaa\"", "series = \"{aaa, aba}\""),
    ]);
    let preview = present.preview(&draft, day(ON), Acquired::Chosen, None).unwrap();
    let person = present.formats().by_id("person_car").unwrap();
    let (old, new) = (preview.present, preview.candidate);
    let mut counted: BTreeMap<(String, String), u64> = BTreeMap::new();
    let region = present.formats().regions()[0].region;
    for (format, shape) in present.formats().enabled() {
        for series in 0..shape.rows() as u16 {
            for digits in 1..1_000 {
                let mark = Mark { format, region, series, digits };
                let tier = |tariff: &plate_algebra::Tariff| match tariff.offer(mark, Acquired::Chosen) {
                    Some(plate_algebra::tariff::Offer::Tier(tier)) => tariff.tier(tier).unwrap().id.clone(),
                    _ => "-".to_owned(),
                };
                if old.winner(mark, Acquired::Chosen) != new.winner(mark, Acquired::Chosen) {
                    *counted.entry((tier(old), tier(new))).or_default() += 20;
                }
            }
        }
    }
    counted.retain(|(from, to), _| from != to);
    let said: BTreeMap<_, _> =
        moves(&preview).into_iter().map(|(from, to, marks, _)| ((from, to), marks)).collect();
    assert_eq!(said, counted);
    assert!(said.len() > 10, "the draft moves marks between many tiers: {}", said.len());
    for one in &preview.moves {
        assert!(!one.samples.is_empty() && one.samples.len() <= 5);
        assert_eq!(one.areas.iter().map(Area::count).sum::<u64>(), one.marks);
        let of_person = one.samples.iter().filter(|mark| mark.format == person);
        for mark in of_person {
            assert!(one.areas.iter().any(|area| area.contains(*mark)));
        }
    }
}

/// Free marks are counted over the moved areas by whoever can, and by nobody else.
#[test]
fn free_marks_are_counted_by_the_lender() {
    let (present, draft) = (book(), draft(&[("mci = \"228\"", "mci = \"300\"")]));
    let half = |area: &Area| area.count() / 2;
    let preview = present.preview(&draft, day(ON), Acquired::Chosen, Some(&half)).unwrap();
    let marks = 10 * (17_550 + 650) * 20;
    let said: Vec<_> = preview.moves.iter().map(|one| (one.marks, one.free_marks)).collect();
    assert_eq!(said, [(marks, Some(marks / 2))]);
    let without = present.preview(&draft, day(ON), Acquired::Chosen, None).unwrap();
    assert_eq!(without.moves[0].free_marks, None);
}

/// What was not offered and now is, and the reverse, is a move too; so is a rule that lost its marks.
#[test]
fn offers_and_shadows_are_shown() {
    let present = book();
    let opened = draft(&[("digits = \"001-009 | 777 | 100", "digits = \"777 | 100")]);
    let preview = present.preview(&opened, day(ON), Acquired::Assigned, None).unwrap();
    let marks = 9 * (17_550 + 650) * 20;
    assert_eq!(
        moves(&preview),
        [("-".to_owned(), "assigned".to_owned(), marks, i128::from(marks) * 1_211_000)]
    );
    let shadowing = draft(&[("digits = \"001-009 | 777\"\ntier = \"top\"", "tier = \"top\"")]);
    let preview = present.preview(&shadowing, day(ON), Acquired::Chosen, None).unwrap();
    let never = [
        "chosen_hundreds_identical",
        "chosen_hundreds_identical_entity",
        "chosen_hundreds",
        "chosen_tens_identical",
        "chosen_tens_identical_entity",
        "chosen_tens",
        "chosen_mirror_identical",
        "chosen_mirror_identical_entity",
        "chosen_mirror",
        "chosen_ordinary_identical",
        "chosen_ordinary_identical_entity",
        "chosen_ordinary",
    ];
    assert_eq!(preview.shadowed, never);
}

/// The whole country takes milliseconds, because no mark is visited: 50 ms is the promise of the core,
/// and this build is not even an optimised one.
#[test]
fn the_country_is_previewed_in_milliseconds() {
    let present = book();
    let draft = draft(&[("digits = \"001-009 | 777\"", "digits = \"001-099 | 7??\"")]);
    let fastest = (0..5).map(|_| {
        let started = Instant::now();
        let preview = present.preview(&draft, day(ON), Acquired::Chosen, None).unwrap();
        assert!(!preview.moves.is_empty());
        started.elapsed()
    });
    let fastest = fastest.min().unwrap();
    assert!(fastest.as_millis() < 50, "{fastest:?}");
}
