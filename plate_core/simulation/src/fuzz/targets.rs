//! What is fuzzed, and what must hold of whatever comes out: it is read again as what it was.
//!
//! Nothing may panic; that is seen by whoever calls. Each target says what else went wrong.

use plate_algebra::applicant::{NumberKind, check};
use plate_algebra::{Date, Formats, MciAmount, Origin, Pattern, RuleBook, fixtures};
use plate_inventory::codec::{feed, payment, record, settings};
use plate_inventory::feed::{FeedEntry, encode};
use plate_inventory::journal::EntryId;
use plate_inventory::model::generator::{Step, World};
use plate_inventory::settings::PoolSettings;
use plate_simulation::chance::Chance;

use crate::law;
use crate::mutation;

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

/// What reads an input.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// Marks as people type them.
    Marks,
    /// The pattern language.
    Patterns,
    /// A file of a tariff, on top of the whole law.
    Tariffs,
    /// Amounts, days, ids of entries, numbers of applicants.
    Amounts,
    /// A pool's settings as text.
    Settings,
    /// Entries of a feed.
    Entries,
    /// Live records.
    Records,
    /// Payments.
    Payments,
    /// A pool's settings as they are packed.
    Pools,
}

impl Target {
    /// All of them.
    pub const ALL: [Target; 9] = [
        Target::Marks,
        Target::Patterns,
        Target::Tariffs,
        Target::Amounts,
        Target::Settings,
        Target::Entries,
        Target::Records,
        Target::Payments,
        Target::Pools,
    ];

    /// One of them: the cheap ones often, a tariff seldom, because it compiles the law.
    pub fn any(chance: &mut Chance) -> Self {
        match chance.below(20_000) {
            0 => Self::Tariffs,
            1..=2_499 => Self::Patterns,
            2_500..=7_999 => Self::Marks,
            8_000..=9_999 => Self::Amounts,
            10_000..=11_999 => Self::Settings,
            12_000..=14_999 => Self::Entries,
            15_000..=16_999 => Self::Records,
            17_000..=18_499 => Self::Payments,
            _ => Self::Pools,
        }
    }
}

/// What inputs are made from.
pub struct Targets {
    formats: Formats,
    book: RuleBook,
    tariff: (String, Vec<Vec<u8>>),
    marks: Vec<Vec<u8>>,
    patterns: Vec<Vec<u8>>,
    entries: Vec<Vec<u8>>,
    records: Vec<Vec<u8>>,
    payments: Vec<Vec<u8>>,
    pools: Vec<Vec<u8>>,
    texts: Vec<Vec<u8>>,
    planted: bool,
}

/// An input as a reader sees it.
pub type Shown = String;

impl Targets {
    /// The law from its folder, and bytes that an inventory really wrote.
    ///
    /// # Errors
    /// Why the law cannot be read.
    pub fn new(law: &std::path::Path, planted: bool) -> Result<Self, String> {
        let files = law::files(law).map_err(|error| error.to_string())?;
        let told = |faults: Vec<plate_algebra::Fault>| format!("{faults:?}");
        let book = RuleBook::compile(&files).map_err(told)?;
        let tariff =
            files.iter().find(|(name, _)| name.starts_with("tariffs/")).ok_or("there is no tariff")?;
        let written = Written::by_a_model();
        Ok(Self {
            formats: fixtures::kazakhstan().map_err(told)?,
            book,
            tariff: (tariff.0.clone(), vec![tariff.1.clone()]),
            marks: some_marks(),
            patterns: files.iter().flat_map(|(_, bytes)| quoted(bytes)).collect(),
            entries: written.entries,
            records: written.records,
            payments: written.payments,
            pools: written.pools,
            texts: written.texts,
            planted,
        })
    }

    /// Makes one input and tries it: whether it could be read. `seen` has the input before it is tried.
    ///
    /// # Errors
    /// What does not hold.
    pub fn try_one(&self, target: Target, chance: &mut Chance, seen: &mut Shown) -> Result<bool, String> {
        match target {
            Target::Tariffs => self.a_tariff(chance, seen),
            Target::Patterns => self.a_pattern(chance, seen),
            Target::Marks => self.a_mark(chance, seen),
            Target::Amounts => money_or_date(chance, seen),
            Target::Settings => self.a_text_of_settings(chance, seen),
            Target::Entries => self.an_entry(chance, seen),
            Target::Records => self.a_record(chance, seen),
            Target::Payments => self.a_payment(chance, seen),
            Target::Pools => self.a_pool(chance, seen),
        }
    }

    fn a_mark(&self, chance: &mut Chance, seen: &mut Shown) -> Result<bool, String> {
        let text = match chance.below(3) {
            0 => mutation::text(&MARK_WORDS, chance),
            _ => String::from_utf8_lossy(&mutation::bytes(&self.marks, chance)).into_owned(),
        };
        seen.clone_from(&text);
        let Ok(mark) = self.formats.parse(&text) else { return Ok(false) };
        assert!(!(self.planted && mark.digits == 777), "planted");
        let (written, shown) = (self.formats.text(mark), self.formats.display(mark));
        let same = self.formats.parse(&written) == Ok(mark) && self.formats.parse(&shown) == Ok(mark);
        holds(same, "a mark is another when it is read again")
    }

    fn a_pattern(&self, chance: &mut Chance, seen: &mut Shown) -> Result<bool, String> {
        let text = match chance.below(3) {
            0 => mutation::text(&PATTERN_WORDS, chance),
            _ => String::from_utf8_lossy(&mutation::bytes(&self.patterns, chance)).into_owned(),
        };
        seen.clone_from(&text);
        let compile = |text: &str| Pattern::compile(text, &Origin::file("fuzz", 1, 1), &self.formats);
        let Ok(pattern) = compile(&text) else { return Ok(false) };
        let again = compile(pattern.text());
        let same =
            again.is_ok_and(|again| again.areas() == pattern.areas() && again.count() == pattern.count());
        holds(same, "a pattern is another when it is compiled again")
    }

    fn a_tariff(&self, chance: &mut Chance, seen: &mut Shown) -> Result<bool, String> {
        let (name, known) = &self.tariff;
        let bytes = mutation::bytes(known, chance);
        *seen = format!("{name}: {}", String::from_utf8_lossy(&bytes));
        let revision =
            |bytes: &[u8]| self.book.with_tariff(name, bytes).map(|book| book.revision().to_owned());
        let (one, two) = (revision(&bytes).ok(), revision(&bytes).ok());
        holds(one == two, "a tariff has two revisions").map(|_| one.is_some())
    }

    fn a_text_of_settings(&self, chance: &mut Chance, seen: &mut Shown) -> Result<bool, String> {
        let bytes = mutation::bytes(&self.texts, chance);
        let text = String::from_utf8_lossy(&bytes);
        *seen = text.clone().into_owned();
        let Ok(settings) = PoolSettings::from_text(&text) else { return Ok(false) };
        let again = PoolSettings::from_text(&settings.text());
        holds(again.is_ok_and(|again| again == settings), "settings are others when they are read again")
    }

    fn an_entry(&self, chance: &mut Chance, seen: &mut Shown) -> Result<bool, String> {
        let bytes = packed(&self.entries, chance, seen);
        let Ok(entry) = feed::decode(&bytes) else { return Ok(false) };
        let again = encode(&entry).ok().and_then(|bytes| feed::decode(&bytes).ok());
        holds(again.is_none_or(|again| again == entry), "an entry is another when it is read again")
    }

    fn a_record(&self, chance: &mut Chance, seen: &mut Shown) -> Result<bool, String> {
        let bytes = packed(&self.records, chance, seen);
        let Ok(record) = record::unpack(&bytes) else { return Ok(false) };
        let again = record::pack(&record).ok().and_then(|bytes| record::unpack(&bytes).ok());
        holds(again == Some(record), "a record is another when it is read again")
    }

    fn a_payment(&self, chance: &mut Chance, seen: &mut Shown) -> Result<bool, String> {
        let bytes = packed(&self.payments, chance, seen);
        let Ok(payment) = payment::unpack(&bytes) else { return Ok(false) };
        let again = payment::pack(&payment).ok().and_then(|bytes| payment::unpack(&bytes).ok());
        holds(again == Some(payment), "a payment is another when it is read again")
    }

    fn a_pool(&self, chance: &mut Chance, seen: &mut Shown) -> Result<bool, String> {
        let bytes = packed(&self.pools, chance, seen);
        let Ok(pool) = settings::unpack_pool(&bytes) else { return Ok(false) };
        let again = settings::pack_pool(&pool).ok().and_then(|bytes| settings::unpack_pool(&bytes).ok());
        holds(again == Some(pool), "a pool's settings are others when they are read again")
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

fn packed(known: &[Vec<u8>], chance: &mut Chance, seen: &mut Shown) -> Vec<u8> {
    let bytes = mutation::bytes(known, chance);
    *seen = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    bytes
}

fn money_or_date(chance: &mut Chance, seen: &mut Shown) -> Result<bool, String> {
    let text = mutation::text(if chance.once_in(2) { &MONEY_WORDS } else { &DATE_WORDS }, chance);
    seen.clone_from(&text);
    let same_amount =
        text.parse::<MciAmount>().map_or(true, |amount| amount.to_string().parse() == Ok(amount));
    let same_date = text.parse::<Date>().map_or(true, |date| date.to_string().parse() == Ok(date));
    let same_id = EntryId::parse(&text).is_none_or(|id| EntryId::parse(&id.to_string()) == Some(id));
    let _ = (check(NumberKind::Iin, &text), check(NumberKind::Bin, &text));
    holds(same_amount && same_date && same_id, "an amount, a day or an id is another when it is read again")
}

fn holds(holds: bool, sentence: &str) -> Result<bool, String> {
    if holds { Ok(true) } else { Err(sentence.to_owned()) }
}

/// What an inventory wrote in a few hundred steps.
struct Written {
    entries: Vec<Vec<u8>>,
    records: Vec<Vec<u8>>,
    payments: Vec<Vec<u8>>,
    pools: Vec<Vec<u8>>,
    texts: Vec<Vec<u8>>,
}

impl Written {
    fn by_a_model() -> Self {
        let mut chance = Chance::of(1);
        let (mut world, founding) = World::new();
        for op in &founding {
            world.model.apply(op, world.now_ms);
        }
        for _ in 0..400 {
            let mut byte = || chance.next() as u8;
            let step = Step { clock: byte(), verb: byte(), items: vec![[byte(), byte(), byte(), byte()]] };
            let op = world.next(&step);
            world.model.apply(&op, world.now_ms);
        }
        let pools = || world.model.pools.values();
        let entries: Vec<&FeedEntry> = pools().flat_map(|pool| &pool.feed).collect();
        let transitions = || entries.iter().flat_map(|entry| &entry.transitions);
        let records = transitions().filter_map(|transition| record::pack(transition.record.as_ref()?).ok());
        let payments = pools().flat_map(|pool| pool.payments.values());
        Self {
            entries: entries.iter().filter_map(|entry| encode(entry).ok()).collect(),
            records: records.collect(),
            payments: payments.filter_map(|payment| payment::pack(payment).ok()).collect(),
            pools: pools().filter_map(|pool| settings::pack_pool(&pool.settings).ok()).collect(),
            texts: pools().map(|pool| pool.settings.text().into_bytes()).collect(),
        }
    }
}
