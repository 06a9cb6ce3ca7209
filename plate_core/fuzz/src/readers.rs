//! What must hold of whatever comes out of a reader: it is read again as what it was.
//!
//! Nothing may panic; that is seen by whoever calls. Each reader says what else went wrong. Here are the algebra's; the
//! inventory's are in `packed.rs`.

use std::path::Path;

use plate_algebra::applicant::{NumberKind, check};
use plate_algebra::{Date, Fault, Formats, Mark, MciAmount, Origin, Pattern, RuleBook, fixtures};

#[cfg(feature = "packed")]
use crate::packed;
use crate::{Plant, Target, law};

/// How the marks of the rare plant begin.
const RARE: &[u8] = b"613QZ";

/// Everything that reads.
pub struct Readers {
    formats: Formats,
    files: law::Files,
    book: RuleBook,
    tariff: String,
    plant: Plant,
}

impl Readers {
    /// The readers over the law of a folder.
    ///
    /// # Errors
    /// Why the law cannot be read.
    pub fn new(law: &Path, plant: Plant) -> Result<Self, String> {
        let files = law::files(law).map_err(|error| format!("{}: {error}", law.display()))?;
        let told = |faults: Vec<Fault>| format!("{faults:?}");
        let book = RuleBook::compile(&files).map_err(told)?;
        let tariff = files.iter().find(|(path, _)| path.starts_with(law::TARIFFS));
        let tariff = tariff.ok_or("there is no tariff")?.0.clone();
        Ok(Self { formats: fixtures::kazakhstan().map_err(told)?, files, book, tariff, plant })
    }

    /// The law's files.
    #[must_use]
    pub fn law(&self) -> &law::Files {
        &self.files
    }

    /// Gives an input to a reader: whether it could be read.
    ///
    /// # Errors
    /// What does not hold.
    pub fn read(&self, target: Target, input: &[u8]) -> Result<bool, String> {
        let text = || String::from_utf8_lossy(input);
        match target {
            Target::Tariffs => self.tariff(input),
            Target::Laws => self.a_law(input),
            Target::Patterns => self.pattern(&text()),
            Target::Marks => self.mark(&text()),
            Target::Amounts => amount_or_day(&text()),
            #[cfg(feature = "packed")]
            Target::Ids => packed::entry_id(&text()),
            #[cfg(feature = "packed")]
            Target::Settings => packed::text_of_settings(&text()),
            #[cfg(feature = "packed")]
            Target::Entries => packed::entry(input),
            #[cfg(feature = "packed")]
            Target::Records => packed::a_record(input),
            #[cfg(feature = "packed")]
            Target::Payments => packed::a_payment(input),
            #[cfg(feature = "packed")]
            Target::Pools => packed::pool(input),
        }
    }

    fn mark(&self, text: &str) -> Result<bool, String> {
        let Ok(mark) = self.formats.parse(text) else { return Ok(false) };
        let (written, shown) = (self.formats.text(mark), self.formats.display(mark));
        assert!(!self.is_planted(mark, &written), "planted");
        let same = self.formats.parse(&written) == Ok(mark) && self.formats.parse(&shown) == Ok(mark);
        holds(same, "a mark is another when it is read again")
    }

    fn is_planted(&self, mark: Mark, written: &str) -> bool {
        match self.plant {
            Plant::Nothing => false,
            Plant::Common => mark.digits == 777,
            Plant::Rare => is_rare(written.as_bytes()),
        }
    }

    fn pattern(&self, text: &str) -> Result<bool, String> {
        let compile = |text: &str| Pattern::compile(text, &Origin::file("fuzz", 1, 1), &self.formats);
        let Ok(pattern) = compile(text) else { return Ok(false) };
        let again = compile(pattern.text());
        let same =
            again.is_ok_and(|again| again.areas() == pattern.areas() && again.count() == pattern.count());
        holds(same, "a pattern is another when it is compiled again")
    }

    fn tariff(&self, bytes: &[u8]) -> Result<bool, String> {
        let revision = |bytes: &[u8]| {
            self.book.with_tariff(&self.tariff, bytes).map(|book| book.revision().to_owned()).ok()
        };
        let (one, two) = (revision(bytes), revision(bytes));
        holds(one == two, "a tariff has two revisions").map(|_| one.is_some())
    }

    fn a_law(&self, sheet: &[u8]) -> Result<bool, String> {
        let mut files = law::with_sheet(&self.files, sheet);
        let revision =
            |files: &law::Files| RuleBook::compile(files).map(|book| book.revision().to_owned()).ok();
        let one = revision(&files);
        files.reverse();
        let same = one == revision(&files);
        holds(same, "a law has another revision when its files are read the other way").map(|_| one.is_some())
    }
}

/// Whether a mark is one of the rare plant's. Each character is compared by a function of its own, which no compiler can put
/// together with the next, so that each shows in the coverage.
fn is_rare(written: &[u8]) -> bool {
    const STEPS: [fn(&[u8]) -> bool; RARE.len()] = [same::<0>, same::<1>, same::<2>, same::<3>, same::<4>];
    STEPS.iter().all(|step| std::hint::black_box(step)(written))
}

fn same<const AT: usize>(written: &[u8]) -> bool {
    written.get(AT) == RARE.get(AT)
}

fn amount_or_day(text: &str) -> Result<bool, String> {
    let same_amount =
        text.parse::<MciAmount>().map_or(true, |amount| amount.to_string().parse() == Ok(amount));
    let same_date = text.parse::<Date>().map_or(true, |date| date.to_string().parse() == Ok(date));
    let _ = (check(NumberKind::Iin, text), check(NumberKind::Bin, text));
    holds(same_amount && same_date, "an amount or a day is another when it is read again")
}

pub(crate) fn holds(holds: bool, sentence: &str) -> Result<bool, String> {
    if holds { Ok(true) } else { Err(sentence.to_owned()) }
}
