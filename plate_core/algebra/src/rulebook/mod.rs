//! The rule book: the whole law, compiled from the files of `patterns/kz`.
//!
//! `files.rs` sorts the files, `shapes.rs` reads formats and regions, and each further part has its own
//! module in this crate (`mci`, `tariff`, `withheld`, `beauty`, `words`). Here they come together: what is
//! in force on a day, what a mark costs and why (`price.rs`), a draft beside the present law.
//! Deliberately not here: the disk and the clock. Whoever compiles brings bytes; whoever asks, the day.
//! A rule book never changes; a new tariff makes a new one that shares everything else.

mod files;
mod price;
mod shapes;

pub use shapes::ApplicantKind;

use std::sync::Arc;

use crate::area::Area;
use crate::beauty::{BeautyTable, Tag, TagId};
use crate::date::Date;
use crate::fault::{Fault, Origin};
use crate::format::{FormatId, Formats};
use crate::mark::Mark;
use crate::mci::{Mci, MciTable};
use crate::pattern::Pattern;
use crate::source::{FaultSink, Source};
use crate::tariff::{Tariff, read_tariff};
use crate::tier::{Acquired, TierId};
use crate::withheld::{WithheldTable, Withholding};
use crate::words::WordList;

use files::{Files, Kind};
use shapes::read_shapes;

/// The law, compiled. Cheap to clone; shared between threads.
#[derive(Clone, Debug)]
pub struct RuleBook {
    law: Arc<Law>,
    tariffs: Vec<Arc<Tariff>>,
    hashes: Vec<(String, String)>,
    revision: String,
}

/// Everything that a new tariff leaves as it is.
#[derive(Debug)]
struct Law {
    formats: Formats,
    applicants: Vec<ApplicantKind>,
    mci: MciTable,
    words: Vec<WordList>,
    beauty: BeautyTable,
    withheld: WithheldTable,
}

impl RuleBook {
    /// Compiles the files of a country: (path relative to `patterns/kz`, bytes), in any order.
    ///
    /// Every fault of every file is reported at once, sorted by file, line and column. Patterns can
    /// only be judged against formats and regions, so a fault in those hides the faults of patterns.
    pub fn compile(files: &[(String, Vec<u8>)]) -> Result<RuleBook, Vec<Fault>> {
        let sink = FaultSink::default();
        let files = Files::read(files, &sink);
        let mci = files.one(Kind::Mci, "mci.toml", &sink).and_then(|source| MciTable::read(source, &sink));
        let law = read_law(&files, mci, &sink);
        let tariffs = law.as_ref().map_or_else(Vec::new, |(formats, _)| read_tariffs(&files, formats, &sink));
        match law {
            Some((_, law)) if sink.is_empty() => {
                Ok(RuleBook::assemble(Arc::new(law), tariffs, files.hashes()))
            }
            _ => Err(sink.into_sorted()),
        }
    }

    fn assemble(law: Arc<Law>, mut tariffs: Vec<Arc<Tariff>>, hashes: Vec<(String, String)>) -> RuleBook {
        tariffs.sort_by_key(|tariff| tariff.in_force_from);
        RuleBook { revision: files::revision(&hashes), law, tariffs, hashes }
    }

    /// The same law with one tariff more, or with another content for a tariff of the same file name.
    ///
    /// `file_name` is that of the draft, with or without `tariffs/` before it and `.toml` behind it.
    pub fn with_tariff(&self, file_name: &str, bytes: &[u8]) -> Result<RuleBook, Vec<Fault>> {
        let path = tariff_path(file_name);
        let sink = FaultSink::default();
        if Kind::of(&path) != Some(Kind::Tariff) {
            let fault = Fault::at(
                &Origin::file(&path, 1, 1),
                "file_unknown",
                "A tariff's file cannot have this name.",
            );
            return Err(vec![fault.expecting(["tariffs/NAME.toml"])]);
        }
        let file = files::read_one(Kind::Tariff, &path, bytes, &sink);
        let tariff = file.as_ref().and_then(|file| read_tariff(&file.source, &self.law.formats, &sink));
        let (Some(file), Some(tariff)) = (file, tariff) else { return Err(sink.into_sorted()) };
        let mut tariffs: Vec<_> = self.tariffs.iter().filter(|other| other.file != path).cloned().collect();
        add_tariff(&mut tariffs, tariff, &file.source, &sink);
        if !sink.is_empty() {
            return Err(sink.into_sorted());
        }
        let mut hashes: Vec<_> = self.hashes.iter().filter(|(other, _)| *other != path).cloned().collect();
        hashes.push((path, file.hash));
        Ok(RuleBook::assemble(Arc::clone(&self.law), tariffs, hashes))
    }

    /// SHA-256 over the canonical content of all files, 64 hex digits.
    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// Formats and regions.
    pub fn formats(&self) -> &Formats {
        &self.law.formats
    }

    /// Whose mark a format is; `None` for a format of another rule book.
    pub fn applicant_kind(&self, format: FormatId) -> Option<ApplicantKind> {
        self.law.applicants.get(usize::from(format.0)).copied()
    }

    /// Every tariff, by the day from which it is in force.
    pub fn tariffs(&self) -> &[Arc<Tariff>] {
        &self.tariffs
    }

    /// A tariff by its identifier.
    pub fn tariff_by_id(&self, id: &str) -> Option<&Tariff> {
        self.tariffs.iter().find(|tariff| tariff.id == id).map(Arc::as_ref)
    }

    /// A tariff by its revision, 64 hex digits.
    pub fn tariff_by_revision(&self, revision: &str) -> Option<&Tariff> {
        self.tariffs.iter().find(|tariff| tariff.revision == revision).map(Arc::as_ref)
    }

    /// The tariff of a day: the latest that is in force from then or before.
    pub fn tariff_in_force(&self, on: Date) -> Option<&Tariff> {
        self.tariffs.iter().rev().find(|tariff| tariff.in_force_from <= on).map(Arc::as_ref)
    }

    /// The index of a day.
    pub fn mci_on(&self, on: Date) -> Option<&Mci> {
        self.law.mci.on(on)
    }

    /// Every known index.
    pub fn mci(&self) -> &MciTable {
        &self.law.mci
    }

    /// The days on which a price may change: a tariff takes over, the index becomes another one or
    /// unknown. No hold and no payment window may pass the beginning of such a day.
    pub fn price_changes(&self) -> Vec<Date> {
        let tariffs = self.tariffs.iter().map(|tariff| tariff.in_force_from);
        let mut days: Vec<Date> = tariffs.chain(self.law.mci.changes()).collect();
        days.sort_unstable();
        days.dedup();
        days
    }

    /// Every withheld mark of a format.
    pub fn withheld(&self, format: FormatId) -> &Area {
        self.law.withheld.area(format)
    }

    /// Why a mark is withheld, if it is.
    pub fn withheld_reason(&self, mark: Mark) -> Option<&Withholding> {
        self.law.withheld.reason(mark)
    }

    /// Everything that is withheld.
    pub fn withheld_table(&self) -> &WithheldTable {
        &self.law.withheld
    }

    /// Everything that is beautiful.
    pub fn beauty(&self) -> &BeautyTable {
        &self.law.beauty
    }

    /// The tags, in the order of their numbers.
    pub fn tags(&self) -> &[Tag] {
        self.law.beauty.tags()
    }

    /// The marks of a format that carry a tag.
    pub fn tag_area(&self, tag: TagId, format: FormatId) -> &Area {
        self.law.beauty.area(tag, format)
    }

    /// Compiles a pattern that may use the names of tags: `@mirror_digits`, or `мирр 02`.
    pub fn pattern(&self, text: &str, origin: &Origin) -> Result<Pattern, Vec<Fault>> {
        Pattern::compile_with(text, origin, &self.law.formats, &self.law.beauty)
    }

    /// The word lists.
    pub fn words(&self) -> &[WordList] {
        &self.law.words
    }

    /// The marks of a tier in one format; `None` for a format without prices or another tariff's tier.
    pub fn tier_area<'a>(
        &self,
        tariff: &'a Tariff,
        acquired: Acquired,
        tier: TierId,
        format: FormatId,
    ) -> Option<&'a Area> {
        tariff.tier_area(acquired, tier, format)
    }
}

/// Compiles everything but tariffs; the formats come along, because tariffs are compiled against them.
fn read_law(files: &Files, mci: Option<MciTable>, sink: &FaultSink) -> Option<(Formats, Law)> {
    let regions = files.one(Kind::Regions, "regions.toml", sink);
    let words_lost = files.lost(Kind::Words);
    if regions.is_none() || !files.shapes_are_sound() {
        return None;
    }
    let own = FaultSink::default();
    let foreign = files.of(Kind::Foreign).into_iter().next();
    let shapes = read_shapes(regions, &files.of(Kind::Format), foreign, &own);
    sink.extend(own.into_sorted());
    let shapes = shapes?;
    let formats = shapes.formats;
    let lists = files.of(Kind::Words);
    let words: Vec<WordList> =
        lists.iter().filter_map(|source| WordList::read(source, &formats, sink)).collect();
    check_languages(&words, &lists, sink);
    let beauty_files =
        if words_lost || words.len() < lists.len() { Vec::new() } else { files.of(Kind::Beauty) };
    let beauty = BeautyTable::read(&beauty_files, &formats, &words, sink);
    let withheld = WithheldTable::read(&files.of(Kind::Withheld), &formats, sink);
    let law =
        Law { formats: formats.clone(), applicants: shapes.applicants, mci: mci?, words, beauty, withheld };
    Some((formats, law))
}

fn check_languages(words: &[WordList], sources: &[&Source], sink: &FaultSink) {
    for (at, list) in words.iter().enumerate() {
        let repeated = words.iter().take(at).any(|other| other.language == list.language);
        if let (true, Some(source)) = (repeated, sources.get(at)) {
            let message = format!("There is another list of words in {}.", list.language);
            sink.push(Fault::at(&Origin::file(source.name(), 1, 1), "words_repeated", message));
        }
    }
}

fn read_tariffs(files: &Files, formats: &Formats, sink: &FaultSink) -> Vec<Arc<Tariff>> {
    let sources = files.of(Kind::Tariff);
    if sources.is_empty() && !files.lost(Kind::Tariff) {
        let place = Origin::file("tariffs", 1, 1);
        sink.push(
            Fault::at(&place, "file_missing", "The rule book has no tariff.")
                .expecting(["tariffs/NAME.toml"]),
        );
    }
    let mut tariffs = Vec::new();
    for source in sources {
        if let Some(tariff) = read_tariff(source, formats, sink) {
            add_tariff(&mut tariffs, tariff, source, sink);
        }
    }
    tariffs
}

/// Two tariffs with one name, or in force from one day, would leave it to chance which applies.
fn add_tariff(tariffs: &mut Vec<Arc<Tariff>>, tariff: Tariff, source: &Source, sink: &FaultSink) {
    let head = || Origin::file(source.name(), 1, 1);
    if let Some(other) = tariffs.iter().find(|other| other.id == tariff.id) {
        let message = format!("The tariff {} stands in {} already.", other.id, other.file);
        sink.push(Fault::at(&head(), "tariff_repeated", message));
    } else if let Some(other) = tariffs.iter().find(|other| other.in_force_from == tariff.in_force_from) {
        let message = format!("The tariff {} is in force from {} already.", other.id, other.in_force_from);
        sink.push(Fault::at(&head(), "tariff_date_repeated", message));
    }
    tariffs.push(Arc::new(tariff));
}

fn tariff_path(file_name: &str) -> String {
    let name = file_name.strip_prefix("tariffs/").unwrap_or(file_name);
    let stem = name.strip_suffix(".toml").unwrap_or(name);
    format!("tariffs/{stem}.toml")
}
