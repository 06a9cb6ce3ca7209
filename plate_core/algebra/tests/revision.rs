//! Revisions and drafts: what changes a content hash, and what a new tariff leaves as it is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod country;

use country::{book, compile, day, files, listed, mark};
use plate_algebra::{Acquired, RuleBook};

const PATH: &str = "tariffs/kz-2026.toml";

fn tariff_text() -> String {
    let files = files();
    let (_, bytes) = files.iter().find(|(path, _)| path == PATH).unwrap();
    String::from_utf8(bytes.clone()).unwrap()
}

/// The law with the tariff's text changed.
fn with_text(change: impl Fn(String) -> String) -> RuleBook {
    let mut files = files();
    for (_, bytes) in files.iter_mut().filter(|(path, _)| path == PATH) {
        *bytes = change(tariff_text()).into_bytes();
    }
    compile(&files).unwrap_or_else(|faults| panic!("{}", listed(&faults)))
}

/// A draft for the second half of the year: mirror digits cost 20 instead of 15.
fn draft() -> String {
    tariff_text()
        .replace("id = \"kz-2026\"", "id = \"kz-2026-autumn\"")
        .replace("in_force_from = 2026-01-01", "in_force_from = 2026-09-01")
        .replace("mci = \"15\"", "mci = \"20\"")
}

/// The order in which files come is no content; comments and layout are none either.
#[test]
fn layout_and_order_of_files_do_not_change_a_revision() {
    let one = book();
    let mut turned = files();
    turned.reverse();
    let other = compile(&turned).unwrap();
    assert_eq!(one.revision(), other.revision());
    let commented = with_text(|text| text.replace("[[rule]]", "# a remark\n\n[[rule]]"));
    assert_eq!(commented.revision(), one.revision());
    assert_eq!(commented.tariffs()[0].revision, one.tariffs()[0].revision);
    assert!(one.revision().len() == 64 && one.revision().bytes().all(|byte| byte.is_ascii_hexdigit()));
}

/// A price, a note, a name: each is content, and changes both revisions.
#[test]
fn content_changes_a_revision() {
    let one = book();
    let changes: [fn(String) -> String; 4] = [
        |text| text.replace("mci = \"228\"", "mci = \"229\""),
        |text| text.replace("Mirror digits\"", "Mirrored digits\""),
        |text| text.replace("looked", "searched").replace("is our reading (G)", "is certain"),
        |text| text.replace("sure = \"G\"", "sure = \"F\""),
    ];
    for change in changes {
        let other = with_text(change);
        assert_ne!(other.tariffs()[0].revision, one.tariffs()[0].revision);
        assert_ne!(other.revision(), one.revision());
    }
}

/// A draft stands beside the present law, takes over on its day and changes nothing before it.
#[test]
fn a_draft_takes_over_on_its_day() {
    let present = book();
    let later = present.with_tariff("kz-2026-autumn", draft().as_bytes()).unwrap();
    let mirror = mark(&present, "717 QWE 02");
    let amount = |book: &RuleBook, on: &str| book.quote(mirror, Acquired::Chosen, day(on)).unwrap();
    for (on, mci, tariff) in [("2026-08-31", "15", 0), ("2026-09-01", "20", 1), ("2026-12-31", "20", 1)] {
        let quote = amount(&later, on);
        assert_eq!(
            (quote.mci.to_string().as_str(), &quote.tariff),
            (mci, &later.tariffs()[tariff].revision),
            "{on}"
        );
    }
    assert_eq!(later.tariffs()[0].revision, present.tariffs()[0].revision, "the present one is untouched");
    assert_eq!(amount(&present, "2026-12-31").mci.to_string(), "15");
    let days: Vec<String> = later.price_changes().iter().map(ToString::to_string).collect();
    assert_eq!(days, ["2025-01-01", "2026-01-01", "2026-09-01", "2027-01-01"]);
    assert!(later.tariff_by_id("kz-2026-autumn").is_some());
}

/// A draft beside the law is the same rule book as the law compiled with the draft's file.
#[test]
fn a_draft_equals_its_file_compiled() {
    let beside = book().with_tariff("tariffs/kz-2026-autumn.toml", draft().as_bytes()).unwrap();
    let mut files = files();
    files.push(("tariffs/kz-2026-autumn.toml".to_owned(), draft().into_bytes()));
    assert_eq!(beside.revision(), compile(&files).unwrap().revision());
    let again = beside.with_tariff("kz-2026-autumn.toml", draft().as_bytes()).unwrap();
    assert_eq!(again.revision(), beside.revision(), "the same file name replaces");
    assert_eq!(again.tariffs().len(), 2);
}

/// A draft with faults is refused with all of them, and one that collides with the law too.
#[test]
fn a_bad_draft_is_refused() {
    let present = book();
    let codes = |name: &str, text: &str| -> Vec<&'static str> {
        let refused = present.with_tariff(name, text.as_bytes());
        refused.map_or_else(|faults| faults.iter().map(|fault| fault.code).collect(), |_| Vec::new())
    };
    assert_eq!(codes("other", &tariff_text()), ["tariff_repeated"]);
    let same_day = tariff_text().replace("id = \"kz-2026\"", "id = \"other\"");
    assert_eq!(codes("other", &same_day), ["tariff_date_repeated"]);
    assert_eq!(codes("a/b", &draft()), ["file_unknown"]);
    assert_eq!(codes("../mci", &draft()), ["file_unknown"]);
    let two =
        draft().replace("mci = \"228\"", "mci = \"x\"").replace("tier = \"tens\"\n", "tier = \"ten\"\n");
    assert_eq!(codes("kz-2026-autumn", &two), ["mci_invalid", "tier_unknown"]);
    assert_eq!(codes("kz-2026-autumn", "not toml ["), ["toml_syntax"]);
    assert!(codes("kz-2026-autumn", &draft()).is_empty(), "the control");
}
