//! Reads one file of `tariffs/` and compiles it, reporting every fault at once.
//!
//! The order is: tiers and clauses, then rules that refer to them, then tables, then the report. A
//! tariff that leaves marks without a rule is refused (`uncovered`), because a mark without a price
//! cannot be sold and must not be found out about at the counter.

use super::axis::claim;
use super::compile::compile_tables;
use super::table::Claim;
use super::{Clause, Offer, Rule, Tariff, TariffReport};
use crate::bounds::{self, Bound};
use crate::canonical;
use crate::format::{FormatId, Formats};
use crate::provenance::{Provenance, Sure, read_note, read_sure};
use crate::source::{FaultSink, Section, Source, Text, shortened};
use crate::tier::{Acquired, Tier, TierId};

/// The domain of a tariff's revision hash. A change of the canonical spelling raises the number.
const REVISION_DOMAIN: &str = "plates.tariff.1";

/// What rules refer to.
struct Context<'a> {
    formats: &'a Formats,
    tiers: &'a [Tier],
    clauses: &'a [Clause],
    sure: Sure,
}

/// Compiles one tariff file. `None` means that faults are in the sink.
pub(crate) fn read_tariff(source: &Source, formats: &Formats, sink: &FaultSink) -> Option<Tariff> {
    let own = FaultSink::default();
    let tariff = read_file(source, formats, &own);
    let flawless = own.is_empty();
    sink.extend(own.into_sorted());
    tariff.filter(|_| flawless)
}

fn read_file(source: &Source, formats: &Formats, sink: &FaultSink) -> Option<Tariff> {
    let document = source.parse(sink)?;
    let file = Section::of(source, sink, &document);
    let id = file.slug("id");
    let names = file.names("names");
    let in_force_from = file.date("in_force_from");
    let provenance = Provenance::read(&file);
    let sure = Provenance::sure_of(provenance.as_ref());
    let tiers = read_tiers(&file, sure);
    let clauses = read_clauses(&file);
    let context = Context { formats, tiers: &tiers, clauses: &clauses, sure };
    let rules = read_rules(&file, &context);
    file.close();
    if !sink.is_empty() {
        // Tables of half the rules would report digits as uncovered that a mended rule covers.
        return None;
    }
    let mut report = TariffReport::default();
    let tables = compile_tables(&file, &rules, &tiers, formats, &mut report)?;
    report.finish(tiers.len());
    Some(Tariff {
        id: id?.value.to_owned(),
        names: names?,
        revision: canonical::sha256_hex(REVISION_DOMAIN, &canonical::spell(document.get_ref())),
        in_force_from: in_force_from?,
        provenance: provenance?,
        tiers,
        clauses,
        rules,
        report,
        file: source.name().to_owned(),
        tables,
    })
}

fn read_tiers(file: &Section<'_>, sure: Sure) -> Vec<Tier> {
    let mut tiers: Vec<Tier> = Vec::new();
    for section in within(file, "tier", bounds::TIERS) {
        let Some(tier) = Tier::read(&section, sure) else { continue };
        if tiers.iter().any(|other| other.id == tier.id) {
            let message = format!("The tier {} is declared twice.", tier.id);
            section.fault(&section.span, "tier_repeated", message);
        }
        tiers.push(tier);
    }
    tiers
}

fn read_clauses(file: &Section<'_>) -> Vec<Clause> {
    let mut clauses: Vec<Clause> = Vec::new();
    for section in file.sections("clause") {
        let id = section.id("id");
        let text = section.names("text");
        section.close();
        let (Some(id), Some(text)) = (id, text) else { continue };
        if clauses.iter().any(|other| other.id == id.value) {
            let message = format!("The clause {} is declared twice.", id.value);
            section.fault(&id.span, "clause_repeated", message);
        }
        clauses.push(Clause { id: id.value.to_owned(), text });
    }
    clauses
}

fn read_rules(file: &Section<'_>, context: &Context<'_>) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for section in within(file, "rule", bounds::RULES) {
        let Some(rule) = read_rule(&section, context) else { continue };
        if rules.iter().any(|other| other.id == rule.id) {
            let message = format!("The rule {} is declared twice.", rule.id);
            section.fault(&section.span, "rule_repeated", message);
        }
        rules.push(rule);
    }
    rules
}

/// The tables of a list, as many as their bound allows; the first beyond it is faulted.
fn within<'a>(file: &Section<'a>, key: &'static str, bound: Bound) -> Vec<Section<'a>> {
    let mut sections = file.sections(key);
    if let Err(error) = bound.check(sections.len().max(1) as u64) {
        let allowed = usize::try_from(bound.max).unwrap_or(usize::MAX);
        if let Some(beyond) = sections.get(allowed) {
            beyond.fault(&beyond.span, bound.slug, format!("{error}: {}.", bound.why));
        }
        sections.truncate(allowed);
    }
    sections
}

fn read_rule(section: &Section<'_>, context: &Context<'_>) -> Option<Rule> {
    let id = section.id("id");
    let acquired = read_acquired(section);
    let formats = read_formats(section, context.formats);
    let digits = section.optional_text("digits");
    let series = section.optional_text("series");
    let offer = read_offer(section, context.tiers);
    let clause = read_clause(section, context.clauses);
    let sure = read_sure(section, Some(context.sure));
    let note = read_note(section);
    section.close();
    let claims = read_claims(section, context.formats, formats.as_deref(), (&digits, &series));
    Some(Rule {
        id: id?.value.to_owned(),
        acquired: acquired?,
        offer: offer?,
        digits: digits.map(|text| text.value.to_owned()),
        series: series.map(|text| text.value.to_owned()),
        clause: clause?,
        sure: sure?,
        note,
        span: section.span.clone(),
        claims: claims?,
    })
}

fn read_acquired(section: &Section<'_>) -> Option<Acquired> {
    let text = section.text("acquired")?;
    let acquired = Acquired::from_word(text.value);
    if acquired.is_none() {
        let message = format!("`{}` is no way of acquiring a mark.", shortened(text.value));
        section.fault_expecting(&text.span, "acquired_unknown", message, Acquired::ALL.map(Acquired::word));
    }
    acquired
}

/// The formats a rule speaks for: those it lists, or every enabled one.
fn read_formats(section: &Section<'_>, formats: &Formats) -> Option<Vec<FormatId>> {
    let Some(texts) = section.optional_texts("formats") else {
        return Some(formats.enabled().map(|(id, _)| id).collect());
    };
    let ids: Vec<_> = texts.iter().filter_map(|text| read_format_id(section, text, formats)).collect();
    (ids.len() == texts.len()).then_some(ids)
}

/// An enabled format by its identifier.
pub(crate) fn read_format_id(section: &Section<'_>, text: &Text<'_>, formats: &Formats) -> Option<FormatId> {
    let expected = || formats.enabled().map(|(_, format)| format.id.clone());
    match formats.by_id(text.value) {
        Some(id) if formats.get(id).enabled => Some(id),
        Some(_) => {
            let message =
                format!("The format {} is disabled, so nothing can be said of it here.", text.value);
            section.fault_expecting(&text.span, "format_disabled", message, expected());
            None
        }
        None => {
            let message = format!("There is no format `{}`.", shortened(text.value));
            section.fault_expecting(&text.span, "format_unknown", message, expected());
            None
        }
    }
}

fn read_offer(section: &Section<'_>, tiers: &[Tier]) -> Option<Offer> {
    let tier = section.optional_text("tier");
    let not_offered = section.truth("not_offered", false)?;
    match (tier, not_offered) {
        (None, true) => Some(Offer::NotOffered),
        (Some(text), false) => {
            let position = tiers.iter().position(|tier| tier.id == text.value);
            let id = position.and_then(|at| u8::try_from(at).ok()).map(TierId);
            if id.is_none() {
                let message = format!("There is no tier `{}`.", shortened(text.value));
                let expected = tiers.iter().map(|tier| tier.id.clone());
                section.fault_expecting(&text.span, "tier_unknown", message, expected);
            }
            id.map(Offer::Tier)
        }
        (Some(_), true) => {
            let message = "A rule that names a tier offers the mark.".to_owned();
            section.fault_expecting(
                &section.span,
                "offer_contradicts",
                message,
                ["either `tier` or `not_offered`"],
            );
            None
        }
        (None, false) => {
            let message = "The rule does not say what follows.".to_owned();
            section.fault_expecting(
                &section.span,
                "key_missing",
                message,
                ["tier = \"...\"", "not_offered = true"],
            );
            None
        }
    }
}

fn read_clause(section: &Section<'_>, clauses: &[Clause]) -> Option<usize> {
    let text = section.text("clause")?;
    let position = clauses.iter().position(|clause| clause.id == text.value);
    if position.is_none() {
        let message = format!("There is no clause `{}`.", shortened(text.value));
        let expected = clauses.iter().map(|clause| clause.id.clone());
        section.fault_expecting(&text.span, "clause_unknown", message, expected);
    }
    position
}

/// The marks the rule names in each format. A rule that names none at all is a slip, such as
/// `aba & aaa`.
fn read_claims(
    section: &Section<'_>,
    formats: &Formats,
    named: Option<&[FormatId]>,
    (digits, series): (&Option<Text<'_>>, &Option<Text<'_>>),
) -> Option<Vec<Option<Claim>>> {
    let mut claims = vec![None; formats.iter().count()];
    for id in named? {
        let claim = claim(section, digits.as_ref(), series.as_ref(), *id, formats)?;
        if let Some(entry) = claims.get_mut(usize::from(id.0)) {
            *entry = Some(claim);
        }
    }
    if claims.iter().flatten().all(|claim| claim.marks_in_region() == 0) {
        section.fault(&section.span, "rule_names_nothing", "The rule names no mark of any of its formats.");
        return None;
    }
    Some(claims)
}
