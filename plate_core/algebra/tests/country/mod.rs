//! Kazakhstan's rule book as the tests see it: the files of `patterns/kz`, read from the disk.
//!
//! The crate itself never touches a file; its tests bring the bytes, as the binding does.

#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

pub mod small;

use std::path::{Path, PathBuf};

use plate_algebra::{Acquired, Date, Fault, Mark, RuleBook};

/// Every file of `patterns/kz`: (relative path, bytes).
pub fn files() -> Vec<(String, Vec<u8>)> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../patterns/kz");
    let mut files = Vec::new();
    gather(&root, &root, &mut files);
    files.sort();
    files
}

fn gather(root: &Path, directory: &Path, files: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(directory).expect("patterns/kz is there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            gather(root, &path, files);
        } else {
            let relative =
                path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
            files.push((relative, std::fs::read(&path).expect("readable")));
        }
    }
}

/// The compiled rule book.
pub fn book() -> RuleBook {
    compile(&files()).unwrap_or_else(|faults| panic!("{}", listed(&faults)))
}

/// Compiles files.
pub fn compile(files: &[(String, Vec<u8>)]) -> Result<RuleBook, Vec<Fault>> {
    RuleBook::compile(files)
}

/// Faults, one a line.
pub fn listed(faults: &[Fault]) -> String {
    faults.iter().map(|fault| format!("{fault}\n")).collect()
}

/// A day by its text.
pub fn day(text: &str) -> Date {
    text.parse().expect("a day")
}

/// A mark by its text.
pub fn mark(book: &RuleBook, text: &str) -> Mark {
    book.formats().parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The tier of a mark on a day of 2026.
pub fn tier(book: &RuleBook, text: &str, acquired: Acquired) -> Option<String> {
    let classification = book.classify(mark(book, text), acquired, day("2026-11-23")).expect("in force");
    let tariff = book.tariff_in_force(day("2026-11-23")).expect("in force");
    classification.tier.map(|tier| tariff.tier(tier).expect("a tier").id.clone())
}
