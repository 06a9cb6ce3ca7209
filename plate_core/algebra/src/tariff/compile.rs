//! Compiles the rules of a tariff to tables, format by format, and refuses what leaves a gap.

use super::axis::whole;
use super::report::{Reported, TariffReport};
use super::table::{Claim, NO_RULE, Table};
use super::{AcquiredTable, FormatTables, Offer, Rule};
use crate::area::{Area, Rectangle};
use crate::bounds;
use crate::format::{Format, FormatId, Formats};
use crate::source::Section;
use crate::tier::{Acquired, Tier, TierId};

/// Compiles every enabled format; `None` means faults in the section's sink.
pub(super) fn compile_tables(
    file: &Section<'_>,
    rules: &[Rule],
    tiers: &[Tier],
    formats: &Formats,
    report: &mut TariffReport,
) -> Option<Vec<FormatTables>> {
    let mut tables = Vec::new();
    for (id, format) in formats.iter() {
        let both = Acquired::ALL.map(|acquired| {
            let one = Compilation { file, rules, tiers, formats, id, format, acquired };
            format.enabled.then(|| one.compile(report)).flatten()
        });
        let [chosen, assigned] = both;
        tables.push(chosen.zip(assigned).map(|(chosen, assigned)| [chosen, assigned]));
    }
    let complete =
        formats.enabled().all(|(id, _)| tables.get(usize::from(id.0)).is_some_and(Option::is_some));
    complete.then_some(tables)
}

/// One format and one way of acquiring.
struct Compilation<'a> {
    file: &'a Section<'a>,
    rules: &'a [Rule],
    tiers: &'a [Tier],
    formats: &'a Formats,
    id: FormatId,
    format: &'a Format,
    acquired: Acquired,
}

impl Compilation<'_> {
    fn compile(&self, report: &mut TariffReport) -> Option<AcquiredTable> {
        let speaking: Vec<(usize, &Claim)> = self
            .rules
            .iter()
            .enumerate()
            .filter(|(_, rule)| rule.acquired == self.acquired)
            .filter_map(|(at, rule)| Some((at, rule.claim(self.id)?)))
            .collect();
        let claims: Vec<&Claim> = speaking.iter().map(|(_, claim)| *claim).collect();
        let Ok(table) = Table::compile(&claims, &whole(self.id, self.formats)) else {
            let bound = bounds::CLASSES;
            let message = format!("The rules part {} too finely: {}.", self.format.id, bound.why);
            self.file.fault(&self.file.span, bound.slug, message);
            return None;
        };
        let rules: Vec<usize> = speaking.iter().map(|(at, _)| *at).collect();
        if !self.covers(&table, &rules) {
            return None;
        }
        let regions = self.formats.region_mask();
        let seen =
            Reported { format: self.id, acquired: self.acquired, table: &table, rules: &rules, regions };
        report.add(&seen, self.rules);
        let ids = (0..=u8::MAX).map(TierId).take(self.tiers.len());
        let tier_areas = ids.map(|tier| self.area(&table, &rules, Offer::Tier(tier))).collect();
        let not_offered = self.area(&table, &rules, Offer::NotOffered);
        Some(AcquiredTable { table, rules, tier_areas, not_offered })
    }

    /// Whether every mark has a rule; if not, the fault names how many have none, and one of them.
    fn covers(&self, table: &Table, rules: &[usize]) -> bool {
        let gaps: Vec<_> = table.pairs().filter(|(_, _, winner)| *winner == NO_RULE).collect();
        let marks: u64 = gaps
            .iter()
            .map(|(digits, series, _)| u64::from(digits.count()) * u64::from(series.count()))
            .sum();
        let Some((digits, series, _)) = gaps.first() else { return true };
        let example = digits.iter().next().zip(series.iter().next()).map(|(digits, series)| {
            format!("{} {}", self.format.digits_text(digits), self.format.series_text(series))
        });
        let message = format!(
            "No rule covers {marks} marks of {}, {}, in each region; {} is one of them.",
            self.format.id,
            self.acquired.word(),
            example.unwrap_or_default(),
        );
        let last = rules.last().and_then(|at| self.rules.get(*at));
        let place = last.map_or(0..0, |rule| rule.span.clone());
        let expected = ["a last rule without `digits` and `series`, which takes what is left"];
        self.file.fault_expecting(&place, "uncovered", message, expected);
        false
    }

    /// The marks of one offer, as an area in every region.
    fn area(&self, table: &Table, rules: &[usize], offer: Offer) -> Area {
        let wanted = |winner: &u8| {
            let rule = rules.get(usize::from(*winner)).and_then(|at| self.rules.get(*at));
            rule.is_some_and(|rule| rule.offer == offer)
        };
        let boxes = table.pairs().filter(|(_, _, winner)| wanted(winner)).map(|(digits, series, _)| {
            Rectangle { digits: *digits, series: series.clone(), regions: self.formats.region_mask() }
        });
        Area::from_boxes(self.id, self.format.rows(), boxes.collect())
    }
}
