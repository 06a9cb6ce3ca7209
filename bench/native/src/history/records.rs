//! What is read: answers that clients received, and transitions that the journal keeps, one JSON object a line.
//!
//! The same as `loadtests/history/records.py`, where each field is explained. What is not named here is passed over.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::thread;

use serde::Deserialize;

use crate::names::{NONE, Name, Names};

/// What a client was told.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    Held,
    Extended,
    Released,
    PaymentBegun,
    Allotted,
    Cancelled,
    HeldByAnother,
    HeldByYou,
    MarkAllotted,
    /// It says nothing of the mark.
    Other,
}

impl Outcome {
    /// What took effect, in the order of their words.
    pub(crate) const EFFECTS: [Self; 6] =
        [Self::Allotted, Self::Cancelled, Self::Extended, Self::Held, Self::PaymentBegun, Self::Released];

    fn of(word: &str) -> Self {
        match word {
            "held" => Self::Held,
            "extended" => Self::Extended,
            "released" => Self::Released,
            "payment_begun" => Self::PaymentBegun,
            "allotted" => Self::Allotted,
            "cancelled" => Self::Cancelled,
            "held_by_another" => Self::HeldByAnother,
            "held_by_you" => Self::HeldByYou,
            "mark_allotted" => Self::MarkAllotted,
            _ => Self::Other,
        }
    }

    /// Its word.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Extended => "extended",
            Self::Released => "released",
            Self::PaymentBegun => "payment_begun",
            Self::Allotted => "allotted",
            Self::Cancelled => "cancelled",
            Self::HeldByAnother => "held_by_another",
            Self::HeldByYou => "held_by_you",
            Self::MarkAllotted => "mark_allotted",
            Self::Other => "another answer",
        }
    }

    /// Whether it took effect.
    pub(crate) fn is_effect(self) -> bool {
        Self::EFFECTS.contains(&self)
    }
}

/// The state of a record, as far as the checks tell them apart.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum State {
    /// There is no record.
    None,
    /// Held, or being paid for.
    Held,
    Allotted,
    /// A later state of its life.
    Later,
}

impl State {
    fn of(word: &str) -> Self {
        match word {
            "" => Self::None,
            "held" | "paying" => Self::Held,
            "allotted" => Self::Allotted,
            _ => Self::Later,
        }
    }
}

/// What a transition was, as far as the checks tell them apart.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Verb {
    /// `hold` and `assign_next`.
    Take,
    Extend,
    Release,
    BeginPayment,
    Confirm,
    Cancel,
    Expire,
    Other,
}

impl Verb {
    fn of(word: &str) -> Self {
        match word {
            "hold" | "assign_next" => Self::Take,
            "extend" => Self::Extend,
            "release" => Self::Release,
            "begin_payment" => Self::BeginPayment,
            "confirm" => Self::Confirm,
            "cancel" => Self::Cancel,
            "expire" => Self::Expire,
            _ => Self::Other,
        }
    }
}

/// One answer as a client received it.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) person: Name,
    pub(crate) request: Name,
    pub(crate) mark: Name,
    pub(crate) outcome: Outcome,
    pub(crate) revision: u64,
    pub(crate) hold: Name,
    pub(crate) server_ms: u64,
    pub(crate) deadline_ms: u64,
    pub(crate) amount_tiyn: u64,
    pub(crate) invoked_us: u64,
    pub(crate) returned_us: u64,
}

/// A payment as a transition carries it.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Payment {
    pub(crate) transaction: Name,
    pub(crate) is_settled: bool,
    pub(crate) amount_tiyn: u64,
}

/// One transition of the journal.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) pool: Name,
    pub(crate) revision: u64,
    pub(crate) server_ms: u64,
    pub(crate) verb: Verb,
    pub(crate) mark: Name,
    pub(crate) state: State,
    pub(crate) hold: Name,
    pub(crate) applicant: Name,
    pub(crate) deadline_ms: u64,
    pub(crate) amount_tiyn: u64,
    pub(crate) payment: Option<Payment>,
    untouched: bool,
}

impl Step {
    /// Whether it says what a mark's record is now.
    pub(crate) fn is_of_a_mark(&self) -> bool {
        self.mark != NONE && !self.untouched
    }
}

#[derive(Deserialize)]
struct ToldLine<'a> {
    #[serde(borrow)]
    person: Cow<'a, str>,
    #[serde(borrow)]
    request: Cow<'a, str>,
    #[serde(borrow)]
    mark: Cow<'a, str>,
    #[serde(borrow)]
    outcome: Cow<'a, str>,
    revision: u64,
    #[serde(borrow)]
    hold: Cow<'a, str>,
    server_ms: u64,
    deadline_ms: u64,
    amount_tiyn: u64,
    #[serde(default)]
    invoked_us: u64,
    #[serde(default)]
    returned_us: u64,
}

#[derive(Deserialize)]
struct PaymentLine<'a> {
    #[serde(borrow)]
    transaction: Cow<'a, str>,
    #[serde(borrow)]
    state: Cow<'a, str>,
    amount_tiyn: u64,
}

#[derive(Deserialize)]
struct StepLine<'a> {
    #[serde(borrow)]
    pool: Cow<'a, str>,
    revision: u64,
    server_ms: u64,
    #[serde(borrow)]
    verb: Cow<'a, str>,
    #[serde(borrow)]
    mark: Option<Cow<'a, str>>,
    #[serde(borrow)]
    state: Option<Cow<'a, str>>,
    #[serde(borrow)]
    hold: Option<Cow<'a, str>>,
    #[serde(borrow)]
    applicant: Option<Cow<'a, str>>,
    deadline_ms: Option<u64>,
    amount_tiyn: Option<u64>,
    #[serde(borrow)]
    payment: Option<PaymentLine<'a>>,
    #[serde(default)]
    untouched: bool,
}

/// Something that stands in one line.
trait Record: Sized + Send {
    fn read(line: &[u8], names: &mut Names) -> Result<Self, serde_json::Error>;

    /// Its names by their numbers elsewhere.
    fn rename(&mut self, numbers: &[Name]);
}

impl Record for Told {
    fn read(line: &[u8], names: &mut Names) -> Result<Self, serde_json::Error> {
        let line: ToldLine<'_> = serde_json::from_slice(line)?;
        Ok(Self {
            person: names.number(&line.person),
            request: names.number(&line.request),
            mark: names.number(&line.mark),
            outcome: Outcome::of(&line.outcome),
            revision: line.revision,
            hold: names.number(&line.hold),
            server_ms: line.server_ms,
            deadline_ms: line.deadline_ms,
            amount_tiyn: line.amount_tiyn,
            invoked_us: line.invoked_us,
            returned_us: line.returned_us,
        })
    }

    fn rename(&mut self, numbers: &[Name]) {
        for name in [&mut self.person, &mut self.request, &mut self.mark, &mut self.hold] {
            *name = numbers[*name as usize];
        }
    }
}

impl Record for Step {
    fn read(line: &[u8], names: &mut Names) -> Result<Self, serde_json::Error> {
        let line: StepLine<'_> = serde_json::from_slice(line)?;
        let mut number = |text: Option<&str>| names.number(text.unwrap_or_default());
        Ok(Self {
            pool: number(Some(&line.pool)),
            revision: line.revision,
            server_ms: line.server_ms,
            verb: Verb::of(&line.verb),
            mark: number(line.mark.as_deref()),
            state: State::of(line.state.as_deref().unwrap_or_default()),
            hold: number(line.hold.as_deref()),
            applicant: number(line.applicant.as_deref()),
            deadline_ms: line.deadline_ms.unwrap_or(0),
            amount_tiyn: line.amount_tiyn.unwrap_or(0),
            payment: line.payment.map(|payment| Payment {
                transaction: number(Some(&payment.transaction)),
                is_settled: payment.state == "settled",
                amount_tiyn: payment.amount_tiyn,
            }),
            untouched: line.untouched,
        })
    }

    fn rename(&mut self, numbers: &[Name]) {
        for name in [&mut self.pool, &mut self.mark, &mut self.hold, &mut self.applicant] {
            *name = numbers[*name as usize];
        }
        if let Some(payment) = &mut self.payment {
            payment.transaction = numbers[payment.transaction as usize];
        }
    }
}

/// A part of what was read, with names of its own.
type Part = (Names, Vec<Told>, Vec<Step>);

/// The answers of a file, and the journal as `plates journal export` writes it; each core reads a part of both.
pub(crate) fn read(told: &str, journal: &str) -> Result<Part, String> {
    let parts = thread::available_parallelism().map_or(1, usize::from) as u64;
    let read_one = |part| {
        let mut names = Names::new();
        let told = read_part(told, part, parts, &mut names)?;
        let steps = read_part(journal, part, parts, &mut names)?;
        Ok((names, told, steps))
    };
    let read: Vec<Result<Part, String>> = thread::scope(|scope| {
        let readers: Vec<_> = (0..parts).map(|part| scope.spawn(move || read_one(part))).collect();
        let died = |_| Err("a reader died".to_owned());
        readers.into_iter().map(|reader| reader.join().unwrap_or_else(died)).collect()
    });
    let mut whole = (Names::new(), Vec::new(), Vec::new());
    for part in read {
        let (names, told, steps) = part?;
        let numbers = whole.0.join(&names);
        whole.1.extend(renamed(told, &numbers));
        whole.2.extend(renamed(steps, &numbers));
    }
    Ok(whole)
}

fn renamed<T: Record>(records: Vec<T>, numbers: &[Name]) -> impl Iterator<Item = T> {
    records.into_iter().map(|mut record| {
        record.rename(numbers);
        record
    })
}

/// The lines that begin in this part of a file.
fn read_part<T: Record>(path: &str, part: u64, parts: u64, names: &mut Names) -> Result<Vec<T>, String> {
    let failed = |error: &dyn std::fmt::Display| format!("{path}: {error}");
    let mut file = File::open(path).map_err(|error| failed(&error))?;
    let length = file.metadata().map_err(|error| failed(&error))?.len();
    let (mut at, end) = (length * part / parts, length * (part + 1) / parts);
    let mut line = Vec::new();
    // A line that begins before the part ends in it; to see whether one begins just there, look at the byte before.
    file.seek(SeekFrom::Start(at.saturating_sub(1))).map_err(|error| failed(&error))?;
    let mut lines = BufReader::with_capacity(1 << 20, file);
    if at > 0 {
        at = at - 1 + lines.read_until(b'\n', &mut line).map_err(|error| failed(&error))? as u64;
    }
    let mut records = Vec::new();
    while at < end {
        line.clear();
        let bytes = lines.read_until(b'\n', &mut line).map_err(|error| failed(&error))?;
        records.push(T::read(&line, names).map_err(|error| format!("{path}, at byte {at}: {error}"))?);
        at += bytes as u64;
    }
    Ok(records)
}
