//! The page that explains the language is itself a test: its counts are counted and its faults are made.

use plate_algebra::{Origin, Pattern, bounds, fixtures};
use std::collections::BTreeSet;

const PAGE: &str = include_str!("../../../../patterns/README.md");

/// The chapter on patterns, without the others.
fn chapter() -> &'static str {
    let begins = PAGE.find("\n## The pattern language\n").expect("the chapter");
    let rest = &PAGE[begins + 1..];
    rest.find("\n## ").map_or(rest, |end| &rest[..end])
}

/// The rows of the tables that have this head, each as its cells; `\|` in a cell is a bar.
fn rows(head: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut inside = false;
    for line in chapter().lines() {
        if !line.starts_with('|') {
            inside = false;
        } else if line == head {
            inside = true;
        } else if inside && !line.starts_with("|---") {
            let guarded = line.replace("\\|", "\u{1}");
            let cells = guarded.trim_matches('|').split('|');
            found.push(cells.map(|cell| cell.trim().replace('\u{1}', "|")).collect());
        }
    }
    found
}

fn code(cell: &str) -> &str {
    cell.trim_matches('`')
}

/// Every count on the page is the count.
#[test]
fn counts_are_right() {
    let formats = fixtures::kazakhstan().unwrap();
    let examples = rows("| pattern | marks | what it finds |");
    assert!(examples.len() > 40, "the tables were found");
    let mut wrong = Vec::new();
    for row in examples {
        let pattern = Pattern::compile(code(&row[0]), &Origin::input("page"), &formats)
            .unwrap_or_else(|faults| panic!("{}: {faults:?}", row[0]));
        let written: u64 = row[1].replace(',', "").parse().unwrap();
        if pattern.count() != written {
            wrong.push((row[0].clone(), written, pattern.count()));
        }
    }
    assert_eq!(wrong, []);
}

/// Every fault on the page that has an example is the only fault of that example.
#[test]
fn faults_are_right() {
    let formats = fixtures::kazakhstan().unwrap();
    for row in rows("| code | what is wrong | example |") {
        if row[2].is_empty() {
            continue;
        }
        let faults = Pattern::compile(code(&row[2]), &Origin::input("page"), &formats)
            .expect_err(&format!("{} is a fault", row[2]));
        let codes: BTreeSet<&str> = faults.iter().map(|fault| fault.code).collect();
        assert_eq!(codes, BTreeSet::from([code(&row[0])]), "{}", row[2]);
    }
}

/// The page lists exactly the codes that the sources of the language can give.
#[test]
fn every_code_is_listed() {
    let sources = [
        include_str!("../../src/pattern/check.rs"),
        include_str!("../../src/pattern/compile.rs"),
        include_str!("../../src/pattern/cursor.rs"),
        include_str!("../../src/pattern/mod.rs"),
        include_str!("../../src/pattern/parser.rs"),
        include_str!("../../src/pattern/set_parser.rs"),
        include_str!("../../src/pattern/shape.rs"),
        include_str!("../../src/pattern/token.rs"),
    ];
    let listed: BTreeSet<String> =
        rows("| code | what is wrong | example |").iter().map(|row| code(&row[0]).to_owned()).collect();
    assert!(listed.len() > 30, "the table was found");
    let limits = [
        bounds::PATTERN_CHARS_PUBLIC,
        bounds::PATTERN_CHARS_REVIEWED,
        bounds::PATTERN_NESTING,
        bounds::RECTANGLES_PUBLIC,
        bounds::RECTANGLES_REVIEWED,
        bounds::PATTERN_WORK_PUBLIC,
        bounds::PATTERN_WORK_REVIEWED,
        bounds::STEP,
        bounds::FAULTS,
    ]
    .map(|bound| bound.slug);
    assert!(limits.iter().all(|slug| listed.contains(*slug)));
    for code in &listed {
        let quoted = format!("{code:?}");
        let given = limits.contains(&code.as_str()) || sources.iter().any(|source| source.contains(&quoted));
        assert!(given, "{code} is listed and never given");
    }
    // A code is a text in quotes of lower-case words joined by _; anything else in quotes has blanks.
    let lines = sources.iter().flat_map(|source| source.lines());
    let code_lines = lines.filter(|line| !line.trim_start().starts_with("//"));
    for quoted in code_lines.flat_map(|line| line.split('"').skip(1).step_by(2)) {
        let is_code =
            quoted.contains('_') && quoted.chars().all(|sign| sign.is_ascii_lowercase() || sign == '_');
        assert!(!is_code || listed.contains(quoted), "{quoted} is given and not listed");
    }
}
