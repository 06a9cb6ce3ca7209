//! The inputs and words that are known: of the law, of people's habits, and what an inventory really wrote.

#[cfg(feature = "packed")]
use crate::written::Written;
use crate::{Target, law};

/// Pieces of marks, as people type them and as they do not.
const MARK_WORDS: [&str; 24] = [
    "777", "ААА", "AAA", "02", "17", "001", "мирр", "KZ", " ", "-", "·", "kz", "Ж", "O", "0", "о", "20",
    "21", "99", "H", "1234", "\u{200b}", "Ё", "٣",
];
/// Pieces of the pattern language.
const PATTERN_WORDS: [&str; 34] = [
    "aba",
    "aab",
    "aaa",
    "abb",
    "abc",
    "777",
    "7*7",
    "??7",
    "100..500",
    "AAA",
    "ABA",
    "|",
    "&",
    "!",
    "-",
    "(",
    ")",
    ",",
    " ",
    "*",
    "?",
    "..",
    "#",
    "digits:",
    "series:",
    "region:",
    "02",
    "person_car:",
    "{",
    "}",
    "[",
    "]",
    "step 1",
    "мирр",
];
const MONEY_WORDS: [&str; 12] = ["1", "0", ".", "57", "228", "0.5", "-", "e9", ",", "_", "25", "99999999"];
const DATE_WORDS: [&str; 12] = ["2026", "-", "01", "02", "29", "1900", "0000", "+", "9999", "13", "00", "31"];
/// Amounts, a day, an IIN that nobody has.
const AMOUNTS: [&str; 5] = ["57", "2.8", "0.5", "2026-02-28", "900101300017"];

/// What inputs are made from.
pub struct Known {
    tariffs: Vec<Vec<u8>>,
    laws: Vec<Vec<u8>>,
    marks: Vec<Vec<u8>>,
    patterns: Vec<Vec<u8>>,
    amounts: Vec<Vec<u8>>,
    #[cfg(feature = "packed")]
    written: Written,
}

impl Known {
    /// What the law's files have, and bytes that an inventory really wrote.
    #[must_use]
    pub fn new(files: &law::Files) -> Self {
        let tariffs = files.iter().filter(|(path, _)| path.starts_with(law::TARIFFS));
        Self {
            tariffs: tariffs.map(|(_, bytes)| bytes.clone()).collect(),
            laws: files.iter().map(|(path, bytes)| law::on_one_sheet(path, bytes)).collect(),
            marks: some_marks(),
            patterns: files.iter().flat_map(|(_, bytes)| quoted(bytes)).collect(),
            amounts: AMOUNTS.iter().map(|text| text.as_bytes().to_vec()).collect(),
            #[cfg(feature = "packed")]
            written: Written::by_a_model(),
        }
    }

    /// The known inputs of a target.
    #[must_use]
    pub fn inputs(&self, target: Target) -> &[Vec<u8>] {
        match target {
            Target::Marks => &self.marks,
            Target::Patterns => &self.patterns,
            Target::Tariffs => &self.tariffs,
            Target::Laws => &self.laws,
            Target::Amounts => &self.amounts,
            #[cfg(feature = "packed")]
            Target::Ids => &self.written.ids,
            #[cfg(feature = "packed")]
            Target::Settings => &self.written.texts,
            #[cfg(feature = "packed")]
            Target::Entries => &self.written.entries,
            #[cfg(feature = "packed")]
            Target::Records => &self.written.records,
            #[cfg(feature = "packed")]
            Target::Payments => &self.written.payments,
            #[cfg(feature = "packed")]
            Target::Pools => &self.written.pools,
        }
    }
}

/// The words of a target's languages, a list a language.
#[must_use]
pub const fn words(target: Target) -> &'static [&'static [&'static str]] {
    match target {
        Target::Marks => &[&MARK_WORDS],
        Target::Patterns => &[&PATTERN_WORDS],
        Target::Amounts => &[&MONEY_WORDS, &DATE_WORDS],
        _ => &[],
    }
}

/// Marks of all regions, each written in three ways.
fn some_marks() -> Vec<Vec<u8>> {
    let written = |digits: usize| {
        let (series, region) = (["AAA", "BXZ", "KZ", "ВАТ", "мн"][digits % 5], 1 + digits % 20);
        let digits = digits * 7;
        [
            format!("{digits:03}{series}{region:02}"),
            format!("{digits:03} {series} {region:02}"),
            format!("KZ {digits:03} {} {region:02}", series.to_lowercase()),
        ]
    };
    (1..=140).flat_map(written).map(String::into_bytes).collect()
}

/// Every text between quotes on a line: most patterns of the law are such.
fn quoted(bytes: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8_lossy(bytes);
    text.lines()
        .flat_map(|line| line.split('"').skip(1).step_by(2))
        .map(|text| text.as_bytes().to_vec())
        .collect()
}
