//! What a mark costs on a day, and why: classification, quote and certificate.
//!
//! The order of refusals is fixed: first the tariff of the day, then the index of the day, then the
//! format, then the offer. A caller who asks about an unknown day learns that, whatever the mark.

use super::RuleBook;
use crate::area::Area;
use crate::certificate::{Certificate, Price, PriceError, Quote, Ruling};
use crate::classify::{Classification, Classifier};
use crate::date::Date;
use crate::format::FormatId;
use crate::mark::Mark;
use crate::mci::Mci;
use crate::money::Tiyn;
use crate::tariff::{Offer, Tariff};
use crate::tier::{Acquired, Tier, TierId};

impl RuleBook {
    /// The tariff of a day, ready to classify any number of marks.
    pub fn classifier(&self, acquired: Acquired, on: Date) -> Result<Classifier<'_>, PriceError> {
        let tariff = self.tariff_or_refusal(on)?;
        Ok(Classifier::new(tariff, acquired, &self.law.beauty, &self.law.withheld))
    }

    /// Tier and tags of one mark. For many marks take a [`RuleBook::classifier`].
    pub fn classify(&self, mark: Mark, acquired: Acquired, on: Date) -> Result<Classification, PriceError> {
        self.classifier(acquired, on)?.classify(mark).ok_or(PriceError::FormatWithoutPrices)
    }

    /// What the mark costs on that day.
    ///
    /// Refused without a tariff, without an index, for a format without prices and for a mark that is
    /// not offered in this way. A withheld mark has a price; that it is withheld is another answer.
    pub fn quote(&self, mark: Mark, acquired: Acquired, on: Date) -> Result<Quote, PriceError> {
        let tariff = self.tariff_or_refusal(on)?;
        let mci = self.mci_or_refusal(on)?;
        let winner = tariff.winner(mark, acquired).and_then(|winner| tariff.rules.get(winner));
        let rule = winner.ok_or(PriceError::FormatWithoutPrices)?;
        let price = price_of(tariff, rule.offer, mci)?;
        let price = price.ok_or_else(|| PriceError::NotOffered { acquired, rule: rule.id.clone() })?;
        Ok(Quote {
            tier: price.tier.id.clone(),
            mci: price.mci,
            mci_value_tenge: price.mci_value_tenge,
            amount: price.amount,
            tariff: tariff.revision.clone(),
        })
    }

    /// The certificate: every rule that was asked, which won, and all that follows.
    pub fn explain(&self, mark: Mark, acquired: Acquired, on: Date) -> Result<Certificate<'_>, PriceError> {
        let tariff = self.tariff_or_refusal(on)?;
        let mci = self.mci_or_refusal(on)?;
        let rules = rulings(tariff, mark, acquired);
        let winner = rules.iter().find(|ruling| ruling.won).ok_or(PriceError::FormatWithoutPrices)?;
        let price = price_of(tariff, winner.rule.offer, mci)?;
        let tags = self.law.beauty.tags_of(mark).iter();
        Ok(Certificate {
            mark,
            text: self.law.formats.text(mark),
            format: self.law.formats.get(mark.format),
            acquired,
            on,
            tariff,
            mci,
            rules,
            price,
            tags: tags.filter_map(|tag| self.law.beauty.tag(tag)).collect(),
            withheld: self.law.withheld.reason(mark),
        })
    }

    /// What a tier costs on that day.
    pub fn tier_amount(&self, tier: TierId, on: Date) -> Result<Tiyn, PriceError> {
        let tariff = self.tariff_or_refusal(on)?;
        let tier = tariff.tier(tier).ok_or(PriceError::FormatWithoutPrices)?;
        amount_of(tier, self.mci_or_refusal(on)?)
    }

    /// The marks of a format by price, the cheapest first; disjoint. Marks that are not offered in this
    /// way are in none. Tiers of one price stand in the order of the tariff.
    pub fn price_areas(
        &self,
        on: Date,
        acquired: Acquired,
        format: FormatId,
    ) -> Result<Vec<(TierId, Tiyn, Area)>, PriceError> {
        let tariff = self.tariff_or_refusal(on)?;
        let mci = self.mci_or_refusal(on)?;
        let mut areas = Vec::new();
        for (id, tier) in (0..).map(TierId).zip(&tariff.tiers) {
            let area = tariff.tier_area(acquired, id, format).ok_or(PriceError::FormatWithoutPrices)?;
            if !area.is_empty() {
                areas.push((id, amount_of(tier, mci)?, area.clone()));
            }
        }
        areas.sort_by_key(|(tier, amount, _)| (*amount, *tier));
        Ok(areas)
    }

    /// The marks of a format by beauty, the most beautiful first; disjoint, and every mark is in one.
    /// The number is the sum of the points of the tags that its marks carry.
    pub fn beauty_areas(&self, format: FormatId) -> &[(u32, Area)] {
        self.law.beauty.areas_by_score(format)
    }

    fn tariff_or_refusal(&self, on: Date) -> Result<&Tariff, PriceError> {
        self.tariff_in_force(on).ok_or_else(|| {
            let first = self.tariffs().first().map(|tariff| tariff.in_force_from);
            PriceError::NoTariff { on, first }
        })
    }

    fn mci_or_refusal(&self, on: Date) -> Result<&Mci, PriceError> {
        self.mci_on(on).ok_or_else(|| {
            let before =
                self.mci().spans().iter().map(|span| span.in_force_until).filter(|until| *until < on);
            PriceError::NoMci { on, last: before.max() }
        })
    }
}

/// What every rule of the mark's format and way of acquiring says; the first that matches wins.
fn rulings(tariff: &Tariff, mark: Mark, acquired: Acquired) -> Vec<Ruling<'_>> {
    let mut found = false;
    let mut rulings = Vec::new();
    for (at, rule) in tariff.rules.iter().enumerate().filter(|(_, rule)| rule.acquired == acquired) {
        let Some(claim) = rule.claim(mark.format) else { continue };
        let matched = claim.contains(mark);
        let won = matched && !found;
        found |= matched;
        rulings.push(Ruling { rule, order: at + 1, matched, won, clause: tariff.clauses.get(rule.clause) });
    }
    rulings
}

fn price_of<'a>(tariff: &'a Tariff, offer: Offer, mci: &Mci) -> Result<Option<Price<'a>>, PriceError> {
    let Offer::Tier(id) = offer else { return Ok(None) };
    let tier = tariff.tier(id).ok_or(PriceError::FormatWithoutPrices)?;
    let amount = amount_of(tier, mci)?;
    Ok(Some(Price { tier, mci: tier.mci, mci_value_tenge: mci.value_tenge, amount }))
}

fn amount_of(tier: &Tier, mci: &Mci) -> Result<Tiyn, PriceError> {
    tier.mci.at_value(mci.value_tenge).ok_or(PriceError::AmountOutOfRange)
}
