//! What is wrong with a rule book is said by name and place: a decision table, one line a cause.
//!
//! Each case replaces one text of the small law. The sign ▸ in the replacement is taken out before
//! compiling and marks where the fault must be reported.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod cases;
#[path = "../country/mod.rs"]
mod country;

use cases::{CASES, Case};
use country::small::FILES;
use country::{compile, listed};
use plate_algebra::Fault;
use proptest::prelude::*;

/// The sign before the character at which a fault is expected.
const HERE: char = '▸';

/// Files as a rule book takes them: (path, bytes).
type Files = Vec<(String, Vec<u8>)>;

/// Line and column, both from 1.
type Place = (u32, u32);

/// The small law with one text replaced, and where the replacement says the fault is.
fn broken(case: &Case) -> (Files, Option<Place>) {
    let (what, file, text, replacement, _) = case;
    let mut place = None;
    let files = FILES.iter().map(|(path, content)| {
        if path != file {
            return (path.to_string(), content.as_bytes().to_vec());
        }
        assert_eq!(content.matches(text).count(), 1, "{what}: the text stands once");
        let marked = content.replacen(text, replacement, 1);
        if let Some(at) = marked.find(HERE) {
            let before = &marked[..at];
            let line = before.matches('\n').count() + 1;
            let column = before.chars().rev().take_while(|sign| *sign != '\n').count() + 1;
            place = Some((line as u32, column as u32));
        }
        (path.to_string(), marked.replace(HERE, "").into_bytes())
    });
    (files.collect(), place)
}

fn small() -> Files {
    FILES.iter().map(|(path, content)| (path.to_string(), content.as_bytes().to_vec())).collect()
}

fn faults(files: &[(String, Vec<u8>)]) -> Vec<Fault> {
    compile(files).err().unwrap_or_default()
}

/// The law itself is flawless: the control of everything below.
#[test]
fn the_small_law_compiles() {
    assert_eq!(listed(&faults(&small())), "");
}

/// Each cause gives exactly its own fault, in its own file, at its own place.
#[test]
fn each_cause_is_named_where_it_stands() {
    let mut wrong = String::new();
    for case in CASES {
        let (what, file, _, _, code) = case;
        let (files, place) = broken(case);
        let found = faults(&files);
        // A gap is reported for each format that has it; everything else is one fault.
        let hit = found.iter().all(|fault| {
            let here = place.is_none_or(|place| (fault.line, fault.column) == place);
            fault.code == *code && fault.file == *file && here
        });
        let one = found.len() == 1 || (*code == "uncovered" && !found.is_empty());
        if !hit || !one {
            wrong += &format!("{what}: wanted {code} at {place:?} of {file}, found\n{}\n", listed(&found));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(CASES.len() >= 60, "the table holds {} causes", CASES.len());
}

/// What is wrong with whole files, not with a text in them.
#[test]
fn whole_files_are_judged_too() {
    let with = |path: &str, bytes: &[u8]| {
        let mut files = small();
        files.retain(|(other, _)| other != path);
        files.push((path.to_owned(), bytes.to_vec()));
        faults(&files)
    };
    let without = |path: &str| {
        let files: Vec<_> = small().into_iter().filter(|(other, _)| other != path).collect();
        faults(&files)
    };
    let twice = || {
        let mut files = small();
        files.push(files[1].clone());
        faults(&files)
    };
    let big = vec![b' '; (1 << 20) + 1];
    let second = FILES[6].1.replace("id = \"first\"", "id = \"second\"");
    let cases: [(&str, Vec<Fault>, &str, Place); 12] = [
        ("no UTF-8", with("mci.toml", b"a = 1\nb = \"\xff\""), "not_utf8", (2, 6)),
        ("too large", with("mci.toml", &big), "file_too_large", (1, 1)),
        ("of no known name", with("taxes.toml", b""), "file_unknown", (1, 1)),
        ("in no known folder", with("tariffs/2026/a.toml", b""), "file_unknown", (1, 1)),
        ("not TOML by name", with("tariffs/a.json", b""), "file_unknown", (1, 1)),
        ("given twice", twice(), "file_repeated", (1, 1)),
        ("no regions", without("regions.toml"), "file_missing", (1, 1)),
        ("no index", without("mci.toml"), "file_missing", (1, 1)),
        ("no tariff", without("tariffs/first.toml"), "file_missing", (1, 1)),
        (
            "a second tariff of the same day",
            with("tariffs/second.toml", second.as_bytes()),
            "tariff_date_repeated",
            (1, 1),
        ),
        (
            "a second tariff of the same name",
            with("tariffs/second.toml", FILES[6].1.as_bytes()),
            "tariff_repeated",
            (1, 1),
        ),
        (
            "a second list of a language",
            with("words/english.toml", FILES[9].1.as_bytes()),
            "words_repeated",
            (1, 1),
        ),
    ];
    for (what, found, code, place) in cases {
        let said: Vec<_> = found.iter().map(|fault| (fault.code, (fault.line, fault.column))).collect();
        assert_eq!(said.first(), Some(&(code, place)), "{what}: {}", listed(&found));
    }
}

/// Faults of several files come together, in reading order, each with a place and a sentence.
#[test]
fn all_faults_come_at_once() {
    let mut files = small();
    for (path, bytes) in &mut files {
        let text = String::from_utf8(bytes.clone()).unwrap();
        let text = match path.as_str() {
            "mci.toml" => text.replace("value_tenge = 4000", "value_tenge = 0"),
            "tariffs/first.toml" => text
                .replace("mci = \"228\"", "mci = \"much\"")
                .replace("digits = \"001-009 | 777\"", "digits = \"7X7 | (1\"")
                .replace("clause = \"law\"", "clausula = \"law\""),
            "beauty/all.toml" => text.replace("words = \"en\"", "words = \"la\""),
            _ => text,
        };
        *bytes = text.into_bytes();
    }
    let found = faults(&files);
    let codes: Vec<_> = found.iter().map(|fault| (fault.file.as_str(), fault.code)).collect();
    for expected in [
        ("beauty/all.toml", "words_unknown"),
        ("mci.toml", "out_of_range"),
        ("tariffs/first.toml", "mci_invalid"),
        ("tariffs/first.toml", "letter_among_digits"),
        ("tariffs/first.toml", "bracket_unclosed"),
        ("tariffs/first.toml", "key_unknown"),
        ("tariffs/first.toml", "key_missing"),
    ] {
        assert!(codes.contains(&expected), "{expected:?} is not among\n{}", listed(&found));
    }
    assert!(found.is_sorted_by_key(|fault| (fault.file.clone(), fault.line, fault.column)));
    assert!(found.iter().all(|fault| fault.message.ends_with('.') && fault.line > 0 && fault.column > 0));
}

/// A message never repeats a long number out of a file: it could be somebody's.
#[test]
fn messages_do_not_echo_long_numbers() {
    let personal = "870412300123";
    for (text, replacement) in [
        ("tier = \"dear\"", format!("tier = \"{personal}\"")),
        ("digits = \"001-009 | 777\"", format!("digits = \"{personal}\"")),
        ("mci = \"228\"", format!("mci = \"{personal}\"")),
        ("id = \"dear_digits\"", format!("id = \"dear_digits\"\n\"{personal}\" = 1")),
    ] {
        let mut files = small();
        for (_, bytes) in files.iter_mut().filter(|(path, _)| path == "tariffs/first.toml") {
            *bytes = String::from_utf8(bytes.clone()).unwrap().replace(text, &replacement).into_bytes();
        }
        let found = listed(&faults(&files));
        assert!(!found.is_empty(), "{replacement} is a fault");
        assert!(!found.contains(&personal[..4]), "{found}");
    }
}

/// The small law with another text for one file.
fn with(path: &str, text: &str) -> Files {
    let mut files = small();
    files.retain(|(other, _)| other != path);
    files.push((path.to_owned(), text.as_bytes().to_vec()));
    files
}

/// The codes of the page's table are those of the tests, so neither can lag behind the other.
#[test]
fn every_code_of_the_grammar_has_an_example() {
    let page = include_str!("../../../../patterns/README.md");
    let (_, chapter) = page.split_once("\n## Faults\n").unwrap();
    let table = chapter.lines().filter(|line| line.starts_with("| `"));
    let codes: Vec<&str> =
        table.flat_map(|row| row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2)).collect();
    let tests = concat!(include_str!("main.rs"), include_str!("cases.rs"));
    for code in &codes {
        assert!(tests.contains(&format!("\"{code}\"")), "{code} has no example");
    }
    for (what, _, _, _, code) in CASES {
        assert!(page.contains(&format!("`{code}`")), "{what}: {code} is not in patterns/README.md");
    }
    assert!(codes.len() > 50, "the table holds {} codes", codes.len());
}

/// There is a limit on everything, and the first thing beyond it is named: a draft comes from the network.
#[test]
fn there_is_a_limit_on_everything() {
    let tariff = FILES[6].1;
    let repeated = |head: &str, count: usize, one: &dyn Fn(usize) -> String| {
        let many: String = (0..count).map(one).collect();
        tariff.replacen(head, &format!("{many}{head}"), 1)
    };
    let names = "names = { kk = \"Т\", ru = \"Т\", en = \"T\" }";
    let tiers = repeated("[[tier]]", 300, &|at| format!("[[tier]]\nid = \"t{at}\"\nmci = \"1\"\n{names}\n"));
    let rules = repeated("[[rule]]", 300, &|at| {
        format!("[[rule]]\nid = \"r{at}\"\nacquired = \"chosen\"\nclause = \"law\"\ntier = \"plain\"\n")
    });
    let letters = |at: usize| (b'A' + (at % 26) as u8) as char;
    let classes = repeated("[[rule]]", 250, &|at| {
        let series: String = [at / 26, at, at * 7 + 1].map(letters).iter().collect();
        let digits = format!("{:03}", at + 1);
        format!(
            "[[rule]]\nid = \"r{at}\"\nacquired = \"chosen\"\nclause = \"law\"\ntier = \"plain\"\n\
             formats = [\"car\"]\nseries = \"{series} | {}??\"\ndigits = \"{digits}\"\n",
            letters(at)
        )
    });
    let long = tariff.replace("en = \"Duty\"", &format!("en = \"{}\"", "d".repeat(2_001)));
    let tags: String = (0..65)
        .map(|at| format!("[[beauty]]\nid = \"t{at}\"\nbeauty = 1\npattern = \"7*\"\n{names}\n"))
        .collect();
    let beauty = format!("{tags}[provenance]\nsource = \"A test\"\ndate = 2026-01-01\nsure = \"F\"\n");
    let crowd = |at: usize| {
        let car = FILES[2].1.replace("id = \"car\"", &format!("id = \"car{at}\""));
        let car = car.replace("number = 0", &format!("number = {}", 10 + at));
        (format!("formats/car{at}.toml"), car.into_bytes())
    };
    let crowded: Files = small().into_iter().chain((0..33).map(crowd)).collect();
    let noise: String = (0..600).map(|at| format!("k{at} = 1\n")).collect();
    let cases = [
        ("tiers", with("tariffs/first.toml", &tiers), "too_many_tiers"),
        ("rules", with("tariffs/first.toml", &rules), "too_many_rules"),
        ("classes", with("tariffs/first.toml", &classes), "too_many_classes"),
        ("characters", with("tariffs/first.toml", &long), "text_too_long"),
        ("tags", with("beauty/all.toml", &beauty), "too_many_tags"),
        ("formats", crowded, "format_count_out_of_range"),
        ("faults", with("mci.toml", &format!("{noise}{}", FILES[1].1)), "too_many_faults"),
    ];
    for (what, files, code) in cases {
        let found = faults(&files);
        assert!(found.iter().any(|fault| fault.code == code), "{what}: {}", listed(&found));
        assert!(found.len() <= 501, "{what}: {} faults", found.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever bytes a file is made of, compiling ends with a rule book or with faults that have a place.
    #[test]
    fn no_bytes_can_do_harm(
        file in 0..FILES.len(),
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), 0usize..12, "[\\[\\]{}\"'=.,#\n a-z0-9\u{0}ұ-]{0,6}"), 1..6),
    ) {
        let (path, text) = FILES[file];
        let mut characters: Vec<char> = text.chars().collect();
        for (at, length, inserted) in cuts {
            let from = at.index(characters.len() + 1);
            let to = (from + length).min(characters.len());
            characters.splice(from..to, inserted.chars());
        }
        let text: String = characters.into_iter().collect();
        if let Err(found) = compile(&with(path, &text)) {
            prop_assert!(!found.is_empty());
            prop_assert!(found.iter().all(|fault| fault.line > 0 && fault.column > 0 && !fault.message.is_empty()));
        }
    }
}
