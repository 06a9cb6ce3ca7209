//! Reads `regions.toml` and `formats/`: what marks look like and where they are issued.
//!
//! The types are `format.rs` and `region.rs`; here is only their spelling in TOML, and the checks
//! that need the whole country at once. Look next at `rulebook/mod.rs`, which calls this first,
//! because every pattern is compiled against the formats.

use crate::bounds;
use crate::fault::Fault;
use crate::format::{ForeignFormat, Format, FormatId, Formats};
use crate::provenance::{Provenance, read_note, read_sure};
use crate::region::{Region, RegionInfo};
use crate::source::{FaultSink, Section, Source, Text, shortened};

/// Whose mark a format is: a person's (IIN) or a legal entity's (BIN).
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum ApplicantKind {
    /// A person, known by an IIN.
    Person,
    /// A legal entity, known by a BIN.
    Entity,
}

impl ApplicantKind {
    /// The word in files and in JSON.
    pub fn word(self) -> &'static str {
        match self {
            ApplicantKind::Person => "person",
            ApplicantKind::Entity => "entity",
        }
    }
}

/// What a format file says beyond the shape itself.
struct FormatFile<'a> {
    number: u64,
    format: Format,
    applicant: ApplicantKind,
    example: Option<Text<'a>>,
    source: &'a Source,
}

/// The formats, and for each whose mark it is.
pub(crate) struct Shapes {
    pub(crate) formats: Formats,
    pub(crate) applicants: Vec<ApplicantKind>,
}

/// Compiles regions, formats and foreign shapes; every fault goes to the sink.
pub(crate) fn read_shapes(
    regions: Option<&Source>,
    formats: &[&Source],
    foreign: Option<&Source>,
    sink: &FaultSink,
) -> Option<Shapes> {
    let regions = regions.map_or_else(Vec::new, |source| read_regions(source, sink));
    let foreign = foreign.map_or_else(Vec::new, |source| read_foreign(source, sink));
    let documents: Vec<_> =
        formats.iter().filter_map(|source| Some((*source, source.parse(sink)?))).collect();
    let mut files: Vec<FormatFile<'_>> = Vec::new();
    for (source, document) in &documents {
        let section = Section::of(source, sink, document);
        let Some(file) = read_format(&section) else { continue };
        if let Some(other) = files.iter().find(|other| other.number == file.number) {
            let message = format!("The number {} is that of {} already.", file.number, other.format.id);
            sink.push(Fault::at(&file.format.origin, "format_number_repeated", message));
        }
        files.push(file);
    }
    files.sort_by_key(|file| file.number);
    if !sink.is_empty() {
        // Formats that were left out would make every pattern's faults misleading.
        return None;
    }
    let list = files.iter().map(|file| file.format.clone()).collect();
    let formats = Formats::new(list, foreign, regions).map_err(|faults| sink.extend(faults)).ok()?;
    check_examples(&files, &formats, sink);
    Some(Shapes { formats, applicants: files.iter().map(|file| file.applicant).collect() })
}

fn read_regions(source: &Source, sink: &FaultSink) -> Vec<RegionInfo> {
    let Some(document) = source.parse(sink) else { return Vec::new() };
    let file = Section::of(source, sink, &document);
    let provenance = Provenance::read(&file);
    let sections = file.sections("region");
    let regions = sections.iter().filter_map(|section| read_region(section, provenance.as_ref()));
    let regions = regions.collect();
    file.close();
    regions
}

fn read_region(section: &Section<'_>, file: Option<&Provenance>) -> Option<RegionInfo> {
    let code = section.text("code");
    let names = section.names("names");
    read_sure(section, Some(Provenance::sure_of(file)));
    read_note(section);
    section.close();
    let code = code?;
    let Some(region) = Region::from_digits(code.value) else {
        let message = format!("`{}` is no region's code.", shortened(code.value));
        section.fault_expecting(&code.span, "region_code_invalid", message, ["two digits, 01 to 99"]);
        return None;
    };
    Some(RegionInfo { region, names: names?, origin: section.source.origin(&section.span) })
}

fn read_format<'a>(section: &Section<'a>) -> Option<FormatFile<'a>> {
    let id = section.id("id");
    let number = section.integer("number", bounds::FORMAT_NUMBER);
    let template = section.text("template");
    let digits_from = section.integer("digits_from", bounds::DIGITS_FROM);
    let enabled = section.truth("enabled", true);
    let applicant = read_applicant(section);
    let names = section.names("names");
    let example = section.text("example");
    Provenance::read(section);
    section.close();
    let (template, digits_from) = (template?, u16::try_from(digits_from?).ok()?);
    let origin = section.inside(&template);
    let format = Format::new(id?.value, template.value, enabled?, digits_from, names?, &origin);
    let format = format.map_err(|faults| section.sink.extend(faults)).ok()?;
    Some(FormatFile { number: number?, format, applicant: applicant?, example, source: section.source })
}

fn read_applicant(section: &Section<'_>) -> Option<ApplicantKind> {
    let text = section.text("applicant")?;
    let kinds = [ApplicantKind::Person, ApplicantKind::Entity];
    let kind = kinds.into_iter().find(|kind| kind.word() == text.value);
    if kind.is_none() {
        let message = format!("`{}` is no kind of applicant.", shortened(text.value));
        section.fault_expecting(&text.span, "applicant_unknown", message, kinds.map(ApplicantKind::word));
    }
    kind
}

fn read_foreign(source: &Source, sink: &FaultSink) -> Vec<ForeignFormat> {
    let Some(document) = source.parse(sink) else { return Vec::new() };
    let file = Section::of(source, sink, &document);
    let provenance = Provenance::read(&file);
    let mut foreign = Vec::new();
    for section in file.sections("foreign") {
        let id = section.id("id");
        let template = section.text("template");
        let names = section.names("names");
        read_sure(&section, Some(Provenance::sure_of(provenance.as_ref())));
        read_note(&section);
        section.close();
        let (Some(id), Some(template), Some(names)) = (id, template, names) else { continue };
        match ForeignFormat::new(id.value, template.value, names, &section.inside(&template)) {
            Ok(shape) => foreign.push(shape),
            Err(faults) => sink.extend(faults),
        }
    }
    file.close();
    foreign
}

/// An example that does not read as its own format shows a slip in the template before anybody
/// is sold a wrong mark. A disabled format's marks are refused by name, so they are not tried.
fn check_examples(files: &[FormatFile<'_>], formats: &Formats, sink: &FaultSink) {
    for (id, file) in (0..).map(FormatId).zip(files) {
        let Some(example) = file.example.as_ref().filter(|_| file.format.enabled) else { continue };
        let read = formats.parse(example.value);
        if read.is_ok_and(|mark| mark.format == id) {
            continue;
        }
        let message = format!("The example does not read as a mark of {}.", file.format.id);
        sink.push(file.source.fault(&example.span, "example_invalid", message));
    }
}
