//! The function library as text: what a reader is told at the head of each file is what the code does.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::PathBuf;

use plate_inventory::keys::{self, FUNCTIONS, Function, Keys, PoolKey, ShardKey};
use plate_inventory::library::Library;
use plate_inventory::outcome::Outcome;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/functions")
}

fn text(function: Function) -> String {
    let path = folder().join(format!("{}.lua", function.verb));
    std::fs::read_to_string(&path).unwrap_or_else(|_| panic!("{} has no file of its own", function.verb))
}

/// The head of a file: the comment lines before the first line of code, without their dashes.
fn head(text: &str) -> Vec<&str> {
    text.lines()
        .map_while(|line| line.strip_prefix("--"))
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect()
}

/// What stands in a head under a title, its lines joined.
fn section(head: &[&str], title: &str) -> String {
    let mut lines = head.iter().skip_while(|line| !line.starts_with(title));
    let first = lines.next().unwrap_or_else(|| panic!("no section {title}"));
    let more = lines.take_while(|line| line.starts_with("      "));
    std::iter::once(first.trim_start_matches(title).trim())
        .chain(more.map(|line| line.trim()))
        .collect::<Vec<_>>()
        .join(" ")
}

/// Each function has a file of its own, and each file but the prelude's is a function.
#[test]
fn one_verb_a_file() {
    let verbs: BTreeSet<String> = FUNCTIONS.iter().map(|function| format!("{}.lua", function.verb)).collect();
    let entries = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap());
    let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
    assert_eq!(files.map(|file| file.file_name().into_string().unwrap()).collect::<BTreeSet<_>>(), verbs);
}

/// The keys that a file names at its head are those it is given, in the same order.
#[test]
fn a_functions_head_names_its_keys() {
    for function in FUNCTIONS {
        let said = section(&head(&text(*function)), "Keys");
        let said = said.replace("; on one server with the shard also", "");
        let names = function.keys.suffixes();
        let numbered: Vec<String> =
            (1..).zip(&names).map(|(number, name)| format!("{number} {name}")).collect();
        assert_eq!(
            said.split_whitespace().collect::<Vec<_>>().join(" "),
            numbered.join(" "),
            "{}",
            function.verb
        );
    }
}

/// A file uses no key beyond those it is given: `keys[n]` stays within the list.
#[test]
fn no_function_reaches_for_a_key_it_was_not_given() {
    for function in FUNCTIONS {
        let count = function.keys.suffixes().len();
        let text = text(*function);
        let used = text.match_indices("keys[").filter_map(|(at, found)| {
            text[at + found.len()..].split_once(']').and_then(|(number, _)| number.parse::<usize>().ok())
        });
        assert!(used.into_iter().all(|number| number <= count), "{}", function.verb);
    }
}

/// Each head says what the function takes, what it replies, and whether it runs when memory is full.
#[test]
fn a_functions_head_is_complete() {
    for function in FUNCTIONS {
        let text = text(*function);
        let head = head(&text);
        assert!(head.first().is_some_and(|line| line.starts_with(&format!("{}: ", function.verb))));
        for title in ["Arguments", "Reply", "Flags"] {
            assert!(!section(&head, title).is_empty(), "{}: {title}", function.verb);
        }
        let flags = section(&head, "Flags");
        for flag in ["allow-oom", "no-writes"] {
            assert_eq!(
                flags.starts_with(flag),
                text.contains(&format!("'{flag}')")),
                "{}: {flag}",
                function.verb
            );
        }
    }
}

/// Every outcome that a file can answer by itself is among those its head promises.
#[test]
fn a_functions_head_names_its_outcomes() {
    for function in FUNCTIONS {
        let text = text(*function);
        let code: String = text.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
        let used = Outcome::ALL.iter().filter(|outcome| {
            let name = format!("OUTCOME.{}", outcome.slug());
            code.match_indices(&name).any(|(at, _)| !code[at + name.len()..].starts_with('_'))
        });
        for outcome in used {
            let promised = section(&head(&text), "Outcomes");
            assert!(
                promised.contains(outcome.slug()),
                "{} does not promise {}",
                function.verb,
                outcome.slug()
            );
        }
    }
}

/// All keys of a pool lie in one slot of a cluster, and so do all keys of a shard; the slots are the server's own.
#[test]
fn the_keys_of_a_pool_share_a_slot() {
    // Slots as CLUSTER KEYSLOT says them.
    assert_eq!((keys::slot("foo"), keys::slot("{user1000}.following"), keys::slot("")), (12_182, 3_443, 0));
    for pool in ["person_car.02", "entity_car.17", "unplaced"] {
        let slots: BTreeSet<u16> = PoolKey::ALL.iter().map(|key| keys::slot(&key.of(pool))).collect();
        assert_eq!(slots.len(), 1, "{pool}");
        for function in FUNCTIONS.iter().filter(|function| !matches!(function.keys, Keys::Shard(_))) {
            let names = keys::names(*function, pool, None);
            assert!(names.iter().all(|name| slots.contains(&keys::slot(name))), "{}", function.verb);
        }
    }
    let shard: BTreeSet<u16> = ShardKey::ALL.iter().map(|key| keys::slot(&key.of(0))).collect();
    assert_eq!(shard.len(), 1);
}

/// The release's library reads the server's time and knows no other clock; its name is that of its text.
#[test]
fn a_release_has_the_servers_clock_only() {
    let (release, tests) = (Library::release().unwrap(), Library::for_tests().unwrap());
    assert!(release.code().contains("'TIME'") && !release.code().contains("keys[#keys]"));
    assert!(!tests.code().contains("'TIME'") && tests.code().contains("keys[#keys]"));
    assert_ne!(release.name(), tests.name());
    assert!(release.code().starts_with(&format!("#!lua name={}\n", release.name())));
    assert_eq!(release, Library::release().unwrap());
    // All that differs is the clock.
    let rest = |library: &Library| {
        let code = library.code().replace(library.name(), "");
        code.split_once("end\n").map(|(_, rest)| rest.to_owned())
    };
    assert_eq!(rest(&release), rest(&tests));
}

/// No text in quotes has two dashes, because the assembly takes what follows them for a comment.
#[test]
fn no_string_looks_like_a_comment() {
    for folder in [folder(), folder().join("prelude")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "lua") {
                continue;
            }
            for line in std::fs::read_to_string(&path).unwrap().lines() {
                let before = line.split_once("--").map_or("", |(before, _)| before);
                assert_eq!(before.matches('\'').count() % 2, 0, "{}: {line}", path.display());
            }
        }
    }
}
