//! Formats, regions, tags, tiers, tariffs and quotes as dictionaries.

use plate_algebra::provenance::Provenance;
use plate_algebra::tariff::TariffReport;
use plate_algebra::{
    Acquired, Date, Format, FormatId, Formats, Names, Quote, RegionInfo, RuleBook, Tag, Tariff, TierId,
};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};

use crate::errors;

type Facts<'py> = PyResult<Bound<'py, PyDict>>;

/// {kk, ru, en}.
pub(crate) fn names<'py>(py: Python<'py>, names: &Names) -> Facts<'py> {
    let one = PyDict::new(py);
    one.set_item("kk", &names.kk)?;
    one.set_item("ru", &names.ru)?;
    one.set_item("en", &names.en)?;
    Ok(one)
}

pub(super) fn region<'py>(py: Python<'py>, info: &RegionInfo) -> Facts<'py> {
    let one = names(py, &info.names)?;
    one.set_item("code", info.region.to_string())?;
    Ok(one)
}

pub(super) fn format<'py>(py: Python<'py>, book: &RuleBook, id: FormatId, format: &Format) -> Facts<'py> {
    let one = PyDict::new(py);
    one.set_item("id", &format.id)?;
    one.set_item("template", &format.template)?;
    one.set_item("enabled", format.enabled)?;
    one.set_item("applicant", book.applicant_kind(id).map(|kind| kind.word()))?;
    one.set_item("names", names(py, &format.names)?)?;
    Ok(one)
}

pub(super) fn tag<'py>(py: Python<'py>, tag: &Tag) -> Facts<'py> {
    let one = PyDict::new(py);
    one.set_item("id", &tag.id)?;
    one.set_item("names", names(py, &tag.names)?)?;
    one.set_item("words", &tag.said)?;
    one.set_item("beauty", tag.beauty)?;
    one.set_item("marks", tag.marks)?;
    one.set_item("sure", tag.sure.letters())?;
    one.set_item("note", &tag.note)?;
    Ok(one)
}

pub(super) fn tiers<'py>(py: Python<'py>, book: &RuleBook, on: Date) -> PyResult<Vec<Bound<'py, PyDict>>> {
    // Asked first, because a day without a tariff is a refusal and not a list without tiers.
    let classifier = book.classifier(Acquired::Chosen, on).map_err(|error| errors::price(py, &error))?;
    let tariff = classifier.tariff();
    (0..)
        .map(TierId)
        .zip(&tariff.tiers)
        .map(|(id, tier)| {
            let amount = book.tier_amount(id, on).map_err(|error| errors::price(py, &error))?;
            let one = PyDict::new(py);
            one.set_item("id", &tier.id)?;
            one.set_item("names", names(py, &tier.names)?)?;
            one.set_item("mci", tier.mci.to_string())?;
            one.set_item("amount_tiyn", amount.0)?;
            one.set_item("marks", marks_of_tier(book, tariff, id))?;
            one.set_item("sure", tier.sure.letters())?;
            one.set_item("note", &tier.note)?;
            Ok(one)
        })
        .collect()
}

/// A mark that is of the tier in both ways is counted once.
fn marks_of_tier(book: &RuleBook, tariff: &Tariff, tier: TierId) -> u64 {
    let of_format = |(format, _): (FormatId, &Format)| {
        let [chosen, assigned] = Acquired::ALL.map(|way| tariff.tier_area(way, tier, format));
        match (chosen, assigned) {
            (Some(one), Some(other)) if one.is_empty() => other.count(),
            (Some(one), Some(other)) if other.is_empty() => one.count(),
            (Some(one), Some(other)) => one.union(other).count(),
            (one, other) => one.or(other).map_or(0, |area| area.count()),
        }
    };
    book.formats().enabled().map(of_format).sum()
}

/// {id, revision, in_force_from, in_force_from_ms}.
pub(super) fn tariff_head<'py>(py: Python<'py>, tariff: &Tariff) -> Facts<'py> {
    let one = PyDict::new(py);
    one.set_item("id", &tariff.id)?;
    one.set_item("revision", &tariff.revision)?;
    one.set_item("in_force_from", tariff.in_force_from.to_string())?;
    one.set_item("in_force_from_ms", tariff.in_force_from.begins_ms())?;
    Ok(one)
}

pub(super) fn tariff<'py>(py: Python<'py>, formats: &Formats, tariff: &Tariff) -> Facts<'py> {
    let one = tariff_head(py, tariff)?;
    one.set_item("names", names(py, &tariff.names)?)?;
    one.set_item("provenance", provenance(py, &tariff.provenance)?)?;
    one.set_item("report", report(py, formats, tariff, &tariff.report)?)?;
    Ok(one)
}

fn provenance<'py>(py: Python<'py>, provenance: &Provenance) -> Facts<'py> {
    let one = PyDict::new(py);
    one.set_item("source", &provenance.source)?;
    one.set_item("date", provenance.date.to_string())?;
    one.set_item("sure", provenance.sure.letters())?;
    one.set_item("note", &provenance.note)?;
    one.set_item("missing", &provenance.missing)?;
    Ok(one)
}

/// Rules and tiers by their identifiers, formats by theirs.
pub(super) fn report<'py>(
    py: Python<'py>,
    formats: &Formats,
    tariff: &Tariff,
    report: &TariffReport,
) -> Facts<'py> {
    let rule = |at: usize| tariff.rules.get(at).map_or("", |rule| rule.id.as_str());
    let tier = |id: TierId| tariff.tier(id).map_or("", |tier| tier.id.as_str());
    let format = |id: FormatId| formats.get(id).id.as_str();
    let list = |items: &mut dyn Iterator<Item = Facts<'py>>| -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, items.collect::<PyResult<Vec<_>>>()?)
    };
    let one = PyDict::new(py);
    one.set_item(
        "tiers",
        list(&mut report.tiers.iter().map(|count| {
            let one = PyDict::new(py);
            one.set_item("tier", tier(count.tier))?;
            one.set_item("format", format(count.format))?;
            one.set_item("acquired", count.acquired.word())?;
            one.set_item("marks", count.marks)?;
            Ok(one)
        }))?,
    )?;
    one.set_item(
        "not_offered",
        list(&mut report.not_offered.iter().map(|count| {
            let one = PyDict::new(py);
            one.set_item("format", format(count.format))?;
            one.set_item("acquired", count.acquired.word())?;
            one.set_item("marks", count.marks)?;
            Ok(one)
        }))?,
    )?;
    one.set_item(
        "never_win",
        list(&mut report.never_win.iter().map(|never| {
            let one = PyDict::new(py);
            one.set_item("rule", rule(never.rule))?;
            one.set_item("format", format(never.format))?;
            one.set_item("shadowed_by", never.shadowed_by.iter().map(|at| rule(*at)).collect::<Vec<_>>())?;
            Ok(one)
        }))?,
    )?;
    one.set_item(
        "overlaps",
        list(&mut report.overlaps.iter().map(|overlap| {
            let one = PyDict::new(py);
            one.set_item("earlier", rule(overlap.earlier))?;
            one.set_item("later", rule(overlap.later))?;
            one.set_item("format", format(overlap.format))?;
            one.set_item("marks", overlap.marks)?;
            Ok(one)
        }))?,
    )?;
    one.set_item("empty_tiers", report.empty_tiers.iter().map(|id| tier(*id)).collect::<Vec<_>>())?;
    Ok(one)
}

/// (tariff, amount in tiyn).
pub(super) type Price<'py> = (Bound<'py, PyString>, i64);

/// Of many marks at one moment: they share their tariff, so its text is made once.
pub(super) fn price<'py>(
    py: Python<'py>,
    quote: &Quote,
    tariff: &mut Option<Bound<'py, PyString>>,
) -> Price<'py> {
    let tariff = tariff.get_or_insert_with(|| PyString::new(py, &quote.tariff));
    (tariff.clone(), quote.amount.0)
}

pub(super) fn quote<'py>(py: Python<'py>, quote: &Quote) -> Facts<'py> {
    let one = PyDict::new(py);
    one.set_item("tier", &quote.tier)?;
    one.set_item("mci", quote.mci.to_string())?;
    one.set_item("mci_value_tenge", quote.mci_value_tenge)?;
    one.set_item("amount_tiyn", quote.amount.0)?;
    one.set_item("tariff", &quote.tariff)?;
    Ok(one)
}
