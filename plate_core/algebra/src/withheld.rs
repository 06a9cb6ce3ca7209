//! Marks that are never offered, each with a reason that a citizen may read.
//!
//! Withheld is not priced away: such a mark has a tier and a certificate like any other, and the
//! certificate says that it is withheld and why. Deliberately not here: marks that an operator
//! withholds one by one, which is the inventory's plane, and 000, which is no mark at all.

use crate::area::{Area, Rectangle};
use crate::format::{FormatId, Formats};
use crate::mark::Mark;
use crate::mask::SeriesMask;
use crate::names::Names;
use crate::pattern::Pattern;
use crate::provenance::{Provenance, Sure, read_note, read_sure};
use crate::source::{FaultSink, Section, Source, Text, shortened};
use crate::tariff::read_format_id;

/// One entry of a file of `withheld/`: which marks, and why.
#[derive(Clone, Debug)]
pub struct Withholding {
    /// Its identifier.
    pub id: String,
    /// Why, for the citizen.
    pub reason: Names,
    /// How sure it is.
    pub sure: Sure,
    /// What a reader should know besides.
    pub note: Option<String>,
    /// The marks.
    pub area: Area,
}

/// Every entry, and their union by format.
#[derive(Clone, Debug)]
pub struct WithheldTable {
    entries: Vec<Withholding>,
    areas: Vec<Area>,
    provenances: Vec<Provenance>,
    nothing: Area,
}

impl WithheldTable {
    /// Every withheld mark of a format.
    pub fn area(&self, format: FormatId) -> &Area {
        self.areas.get(usize::from(format.0)).unwrap_or(&self.nothing)
    }

    /// Why a mark is withheld; `None`: it is not. The first entry that names it speaks.
    pub fn reason(&self, mark: Mark) -> Option<&Withholding> {
        self.entries.iter().find(|entry| entry.area.contains(mark))
    }

    /// Every entry, in the order of files and lines.
    pub fn entries(&self) -> &[Withholding] {
        &self.entries
    }

    /// Where the entries come from, a file each.
    pub fn provenances(&self) -> &[Provenance] {
        &self.provenances
    }

    /// Reads every file of `withheld/`.
    pub(crate) fn read(sources: &[&Source], formats: &Formats, sink: &FaultSink) -> WithheldTable {
        let mut entries: Vec<Withholding> = Vec::new();
        let mut provenances = Vec::new();
        for source in sources {
            let Some(document) = source.parse(sink) else { continue };
            let file = Section::of(source, sink, &document);
            let provenance = Provenance::read(&file);
            let sure = Provenance::sure_of(provenance.as_ref());
            let format = file.text("format").and_then(|text| read_format_id(&file, &text, formats));
            for section in file.sections("withheld") {
                entries.extend(read_entry(&section, format, formats, sure));
            }
            file.close();
            provenances.extend(provenance);
        }
        let areas = formats.iter().map(|(id, format)| {
            let of_format = entries.iter().filter(|entry| entry.area.format == id);
            let boxes = of_format.flat_map(|entry| entry.area.rectangles().iter().cloned());
            Area::from_boxes(id, format.rows(), boxes.collect())
        });
        WithheldTable {
            areas: areas.collect(),
            entries,
            provenances,
            nothing: Area::empty(FormatId(u8::MAX), 0),
        }
    }
}

fn read_entry(
    section: &Section<'_>,
    format: Option<FormatId>,
    formats: &Formats,
    inherited: Sure,
) -> Option<Withholding> {
    let id = section.id("id");
    let series = section.optional_texts("series");
    let pattern = section.optional_text("pattern");
    let reason = section.names("reason");
    let sure = read_sure(section, Some(inherited));
    let note = read_note(section);
    section.close();
    let area = match (series, pattern) {
        (Some(series), None) => series_area(section, &series, format?, formats),
        (None, Some(pattern)) => pattern_area(section, &pattern, format?, formats),
        _ => {
            let message = "An entry names its marks in exactly one way.".to_owned();
            let expected = ["series = [\"...\"]", "pattern = \"...\""];
            section.fault_expecting(&section.span, "withheld_unnamed", message, expected);
            None
        }
    };
    Some(Withholding { id: id?.value.to_owned(), reason: reason?, sure: sure?, note, area: area? })
}

fn pattern_area(section: &Section<'_>, text: &Text<'_>, format: FormatId, formats: &Formats) -> Option<Area> {
    let origin = section.inside(text);
    let pattern =
        Pattern::compile(text.value, &origin, formats).map_err(|faults| section.sink.extend(faults)).ok()?;
    Some(pattern.area(format).clone())
}

fn series_area(
    section: &Section<'_>,
    texts: &[Text<'_>],
    format: FormatId,
    formats: &Formats,
) -> Option<Area> {
    let mask = read_series(section, texts, format, formats)?;
    let everything = formats.whole(format);
    let boxes = everything.rectangles().iter().map(|whole| Rectangle {
        digits: whole.digits,
        series: mask.clone(),
        regions: whole.regions,
    });
    Some(Area::from_boxes(format, mask.rows(), boxes.collect()))
}

/// A list of letter combinations as a mask; each must have the format's letters and stand once.
fn read_series(
    section: &Section<'_>,
    texts: &[Text<'_>],
    format: FormatId,
    formats: &Formats,
) -> Option<SeriesMask> {
    let shape = formats.get(format);
    let mut series: Vec<u16> = Vec::with_capacity(texts.len());
    for text in texts {
        match shape.series_of(text.value) {
            None => {
                let message = format!("`{}` is no series of {}.", shortened(text.value), shape.id);
                let expected = [format!("{} letters A to Z", shape.letter_count)];
                section.fault_expecting(&text.span, "series_invalid", message, expected);
            }
            Some(value) if series.contains(&value) => {
                let message = format!("The series {} is listed twice.", text.value);
                section.fault(&text.span, "series_repeated", message);
            }
            Some(value) => series.push(value),
        }
    }
    (series.len() == texts.len()).then(|| SeriesMask::from_series(shape.rows(), series))
}
