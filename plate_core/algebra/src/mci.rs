//! The monthly calculation index by date.
//!
//! Every duty is a number of MCI, so no date outside the known spans has prices: it is refused
//! (`mci_unknown`) and never guessed from the year before. Deliberately not here: amounts
//! (`money.rs`) and the decision which day counts, which is the caller's.

use crate::bounds;
use crate::date::Date;
use crate::provenance::{Provenance, Sure, read_note, read_sure};
use crate::source::{FaultSink, Section, Source};

/// The index over one span of days.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mci {
    /// The index in whole tenge; 4,325 in 2026.
    pub value_tenge: i64,
    /// The first day it applies.
    pub in_force_from: Date,
    /// The last day it is known to apply, itself included.
    pub in_force_until: Date,
    /// How sure it is.
    pub sure: Sure,
    /// What a reader should know besides.
    pub note: Option<String>,
    /// The source of the file it stands in.
    pub source: String,
}

/// Every known index, in the order of time, without overlaps.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MciTable {
    spans: Vec<Mci>,
    provenance: Provenance,
}

impl MciTable {
    /// The index of a day, if it is known.
    pub fn on(&self, day: Date) -> Option<&Mci> {
        let after = self.spans.partition_point(|span| span.in_force_from <= day);
        let span = self.spans.get(after.checked_sub(1)?)?;
        (day <= span.in_force_until).then_some(span)
    }

    /// Every known index, in the order of time.
    pub fn spans(&self) -> &[Mci] {
        &self.spans
    }

    /// Where the indices come from.
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// The days on which the index becomes another one or unknown.
    pub(crate) fn changes(&self) -> impl Iterator<Item = Date> + '_ {
        let begins = self.spans.iter().map(|span| span.in_force_from);
        let ends = self.spans.iter().filter_map(|span| span.in_force_until.tomorrow());
        begins.chain(ends)
    }

    /// Reads `mci.toml`.
    pub(crate) fn read(source: &Source, sink: &FaultSink) -> Option<MciTable> {
        let document = source.parse(sink)?;
        let file = Section::of(source, sink, &document);
        let provenance = Provenance::read(&file);
        let sections = file.sections("mci");
        let mut spans: Vec<Mci> = Vec::with_capacity(sections.len());
        for section in &sections {
            let Some(span) = read_span(section, provenance.as_ref()) else { continue };
            if let Some(other) = spans.iter().find(|other| overlap(other, &span)) {
                let message = format!(
                    "This index and the one in force from {} both claim the same days.",
                    other.in_force_from
                );
                section.fault(&section.span, "mci_overlap", message);
                continue;
            }
            spans.push(span);
        }
        file.close();
        spans.sort_by_key(|span| span.in_force_from);
        Some(MciTable { spans, provenance: provenance? })
    }
}

fn read_span(section: &Section<'_>, file: Option<&Provenance>) -> Option<Mci> {
    let value_tenge = section.integer("value_tenge", bounds::MCI_VALUE_TENGE);
    let from = section.date("in_force_from");
    let until = section.date("in_force_until");
    let sure = read_sure(section, Some(Provenance::sure_of(file)));
    let note = read_note(section);
    section.close();
    let (from, until) = (from?, until?);
    if until < from {
        let message = format!("This index would end on {until}, before it begins on {from}.");
        section.fault(&section.span, "mci_span_empty", message);
        return None;
    }
    Some(Mci {
        value_tenge: i64::try_from(value_tenge?).ok()?,
        in_force_from: from,
        in_force_until: until,
        sure: sure?,
        note,
        source: file?.source.clone(),
    })
}

fn overlap(left: &Mci, right: &Mci) -> bool {
    left.in_force_from <= right.in_force_until && right.in_force_from <= left.in_force_until
}
