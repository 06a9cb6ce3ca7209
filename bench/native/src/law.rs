//! The law of the country as the service reads it: `patterns/kz`, compiled.
//!
//! Not here: the law itself, which is data.

use std::path::{Path, PathBuf};

use plate_algebra::{Date, FormatId, Formats, RuleBook};

/// The name by which the tariff of 2026 stands among the files.
pub const TARIFF: &str = "tariffs/kz-2026.toml";

/// Every file of `patterns/kz`: path and bytes.
#[must_use]
pub fn files() -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../patterns/kz");
    let mut files = Vec::new();
    let mut directories = vec![root.clone()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).expect("patterns/kz").flatten() {
            let path = entry.path();
            if path.is_dir() { directories.push(path) } else { files.push(read(&root, path)) }
        }
    }
    files
}

fn read(root: &Path, path: PathBuf) -> (String, Vec<u8>) {
    let name = path.strip_prefix(root).expect("below it").to_string_lossy().into_owned();
    (name, std::fs::read(path).expect("a file"))
}

/// The rule book of these files.
#[must_use]
pub fn book() -> RuleBook {
    RuleBook::compile(&files()).expect("a rule book without faults")
}

/// A draft that makes mirror digits dearer and 100 an ordinary number.
#[must_use]
pub fn draft(book: &RuleBook) -> RuleBook {
    let files = files();
    let (_, tariff) = files.iter().find(|(name, _)| name == TARIFF).expect("the tariff of 2026");
    let text = std::str::from_utf8(tariff).expect("text");
    let draft = text.replace("mci = \"15\"", "mci = \"20\"").replace("100 | 200 | 300", "200 | 300");
    assert_ne!(draft, text, "the draft changes nothing");
    book.with_tariff("kz-2026", draft.as_bytes()).expect("a draft without faults")
}

/// The format of persons' cars.
#[must_use]
pub fn persons(formats: &Formats) -> FormatId {
    formats.by_id("person_car").expect("a format of the law")
}

/// A day on which the tariff is in force.
#[must_use]
pub fn day() -> Date {
    Date::new(2026, 6, 1).expect("a day")
}
