//! What the compiler saw in a tariff: tiers with their exact marks, rules that never win, overlaps.
//!
//! None of it is a fault: a shadowed rule or an empty tier may be meant, and the admin is told before
//! he publishes. Marks that no rule covers are no part of this report, because they are a fault
//! (`uncovered`) and such a tariff does not compile. Counts are products of mask counts, exact over
//! the whole country without visiting a mark.

use super::table::{NO_RULE, Table};
use super::{Offer, Rule};
use crate::format::FormatId;
use crate::mask::RegionMask;
use crate::tier::{Acquired, TierId};

/// What the compiler saw.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TariffReport {
    /// The marks of each tier, format and way of acquiring, where there are any.
    pub tiers: Vec<TierCount>,
    /// Marks that cannot be acquired in a way.
    pub not_offered: Vec<NotOfferedCount>,
    /// Rules that can never win in a format that they name marks of.
    pub never_win: Vec<NeverWins>,
    /// Pairs of rules that name the same marks.
    pub overlaps: Vec<Overlap>,
    /// Tiers that hold no mark in any format.
    pub empty_tiers: Vec<TierId>,
}

/// How many marks a tier holds.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct TierCount {
    /// The tier.
    pub tier: TierId,
    /// The format.
    pub format: FormatId,
    /// The way of acquiring.
    pub acquired: Acquired,
    /// The marks in the whole country.
    pub marks: u64,
}

/// How many marks a way of acquiring does not offer.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct NotOfferedCount {
    /// The format.
    pub format: FormatId,
    /// The way of acquiring.
    pub acquired: Acquired,
    /// The marks in the whole country.
    pub marks: u64,
}

/// A rule that can never win, and who wins instead.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NeverWins {
    /// Its position in the tariff's rules.
    pub rule: usize,
    /// The format in which it never wins.
    pub format: FormatId,
    /// The positions of the rules that win all of its marks.
    pub shadowed_by: Vec<usize>,
}

/// Two rules that name the same marks. The earlier wins them unless a still earlier one does.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Overlap {
    /// The position of the earlier rule.
    pub earlier: usize,
    /// The position of the later rule.
    pub later: usize,
    /// The format.
    pub format: FormatId,
    /// The marks that both name, in the whole country.
    pub marks: u64,
}

/// One compiled table with what the report needs to know about it.
pub(super) struct Reported<'a> {
    pub(super) format: FormatId,
    pub(super) acquired: Acquired,
    pub(super) table: &'a Table,
    /// Positions of the table's rules in the tariff, in order.
    pub(super) rules: &'a [usize],
    pub(super) regions: RegionMask,
}

impl TariffReport {
    /// Adds what one table shows.
    pub(super) fn add(&mut self, seen: &Reported<'_>, rules: &[Rule]) {
        self.add_tiers(seen, rules);
        self.add_never_win(seen, rules);
        self.add_overlaps(seen, rules);
    }

    /// Settles what only all tables together show.
    pub(super) fn finish(&mut self, tiers: usize) {
        let all = (0..=u8::MAX).map(TierId).take(tiers);
        let used = |tier: &TierId| self.tiers.iter().any(|count| count.tier == *tier);
        self.empty_tiers = all.filter(|tier| !used(tier)).collect();
    }

    fn add_tiers(&mut self, seen: &Reported<'_>, rules: &[Rule]) {
        let Reported { format, acquired, .. } = *seen;
        for (digits, series, winner) in seen.table.pairs() {
            let rule = seen.rules.get(usize::from(winner)).and_then(|at| rules.get(*at));
            let marks = product(digits.count(), series.count(), seen.regions);
            match rule.map(|rule| rule.offer) {
                None => {}
                Some(Offer::Tier(tier)) => {
                    let same = |count: &&mut TierCount| {
                        (count.tier, count.format, count.acquired) == (tier, format, acquired)
                    };
                    match self.tiers.iter_mut().find(same) {
                        Some(count) => count.marks += marks,
                        None => self.tiers.push(TierCount { tier, format, acquired, marks }),
                    }
                }
                Some(Offer::NotOffered) => {
                    let same =
                        |count: &&mut NotOfferedCount| (count.format, count.acquired) == (format, acquired);
                    match self.not_offered.iter_mut().find(same) {
                        Some(count) => count.marks += marks,
                        None => self.not_offered.push(NotOfferedCount { format, acquired, marks }),
                    }
                }
            }
        }
    }

    fn add_never_win(&mut self, seen: &Reported<'_>, rules: &[Rule]) {
        let wins = |position: usize| {
            seen.table.pairs().any(|(_, _, winner)| winner != NO_RULE && usize::from(winner) == position)
        };
        for (position, at) in seen.rules.iter().enumerate() {
            let Some(claim) = rules.get(*at).and_then(|rule| rule.claim(seen.format)) else { continue };
            if claim.marks_in_region() == 0 || wins(position) {
                continue;
            }
            let inside = seen.table.pairs().filter(|(digits, series, _)| {
                !claim.digits.and(digits).is_empty() && !claim.series.and(series).is_empty()
            });
            let mut shadowed_by: Vec<usize> =
                inside.filter_map(|(_, _, winner)| seen.rules.get(usize::from(winner)).copied()).collect();
            shadowed_by.sort_unstable();
            shadowed_by.dedup();
            self.never_win.push(NeverWins { rule: *at, format: seen.format, shadowed_by });
        }
    }

    fn add_overlaps(&mut self, seen: &Reported<'_>, rules: &[Rule]) {
        for (position, earlier) in seen.rules.iter().enumerate() {
            for later in seen.rules.iter().skip(position + 1) {
                let claims = rules
                    .get(*earlier)
                    .zip(rules.get(*later))
                    .and_then(|(one, other)| one.claim(seen.format).zip(other.claim(seen.format)));
                let Some((one, other)) = claims else { continue };
                let digits = one.digits.and(&other.digits).count();
                let series = one.series.and(&other.series).count();
                let marks = product(digits, series, seen.regions);
                if marks > 0 {
                    let (earlier, later) = (*earlier, *later);
                    self.overlaps.push(Overlap { earlier, later, format: seen.format, marks });
                }
            }
        }
    }
}

fn product(digits: u32, series: u32, regions: RegionMask) -> u64 {
    u64::from(digits) * u64::from(series) * u64::from(regions.count())
}
