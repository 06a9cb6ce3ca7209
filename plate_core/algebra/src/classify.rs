//! Classifies marks fast: tier and tags of one mark, of a list, of a whole pool.
//!
//! A [`Classifier`] is a tariff, a way of acquiring and the beauty patterns, looked up once; each mark is
//! then two loads and a lookup for the tier, three loads for the tags. Deliberately not here: amounts
//! and reasons, which are the certificate's (`certificate.rs`).

use crate::beauty::{BeautyTable, TagSet};
use crate::format::FormatId;
use crate::mark::Mark;
use crate::ordinal::ROW_BITS;
use crate::tariff::{Offer, Tariff};
use crate::tier::{Acquired, TierId};
use crate::withheld::WithheldTable;

/// What can be said of a mark without a reason.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Classification {
    /// Its tier; `None` where the mark is not offered in this way.
    pub tier: Option<TierId>,
    /// The patterns of beauty it carries.
    pub tags: TagSet,
    /// Whether the rule book withholds it.
    pub withheld: bool,
}

/// Codes of a column for marks without a tier.
pub const NOT_OFFERED: u8 = 254;
/// The code of what is no mark: 000, the padding, a format without prices.
pub const NO_MARK: u8 = 255;

/// A tariff and a way of acquiring, ready to classify any number of marks.
#[derive(Copy, Clone)]
pub struct Classifier<'a> {
    tariff: &'a Tariff,
    acquired: Acquired,
    beauty: &'a BeautyTable,
    withheld: &'a WithheldTable,
}

impl<'a> Classifier<'a> {
    pub(crate) fn new(
        tariff: &'a Tariff,
        acquired: Acquired,
        beauty: &'a BeautyTable,
        withheld: &'a WithheldTable,
    ) -> Classifier<'a> {
        Classifier { tariff, acquired, beauty, withheld }
    }

    /// The tariff it classifies by; tiers are numbers of this tariff.
    pub fn tariff(&self) -> &'a Tariff {
        self.tariff
    }

    /// One mark; `None` if it does not exist or its format has no prices.
    #[inline]
    pub fn classify(&self, mark: Mark) -> Option<Classification> {
        let tier = match self.tariff.offer(mark, self.acquired)? {
            Offer::Tier(tier) => Some(tier),
            Offer::NotOffered => None,
        };
        let withheld = self.withheld.area(mark.format).contains(mark);
        Some(Classification { tier, tags: self.beauty.tags_of(mark), withheld })
    }

    /// A list of marks, one answer each, in order.
    pub fn classify_all(&self, marks: &[Mark]) -> Vec<Option<Classification>> {
        marks.iter().map(|mark| self.classify(*mark)).collect()
    }

    /// The tiers of every mark of a format in one region, by ordinal: 1,024 codes a series. A code is
    /// a [`TierId`], [`NOT_OFFERED`] or [`NO_MARK`]. Every region of a format has the same column.
    ///
    /// 17,576 rows are 18 MB, written at the speed of memory: a row is a copy of one of the few rows
    /// that its class of series can have.
    pub fn classify_column(&self, format: FormatId) -> Vec<u8> {
        let mut column = Vec::new();
        self.classify_column_into(format, &mut column);
        column
    }

    /// The same into a column that is used again: whoever goes through all regions asks the system for
    /// memory once.
    pub fn classify_column_into(&self, format: FormatId, column: &mut Vec<u8>) {
        column.clear();
        let Some(table) = self.tier_table(format) else { return };
        column.reserve(table.series_class.len() * ROW_BITS as usize);
        for class in table.series_class {
            match table.rows.get(usize::from(*class)) {
                Some(row) => column.extend_from_slice(row),
                None => column.extend_from_slice(&[NO_MARK; ROW_BITS as usize]),
            }
        }
    }

    /// The codes of one format, ready to be looked up; `None` for a format without prices.
    pub(crate) fn tier_table(&self, format: FormatId) -> Option<TierTable<'a>> {
        let (table, rules) = self.tariff.table(format, self.acquired)?;
        let code = |winner: u8| match rules.get(usize::from(winner)).and_then(|at| self.tariff.rules.get(*at))
        {
            None => NO_MARK,
            Some(rule) => match rule.offer {
                Offer::Tier(tier) => tier.0,
                Offer::NotOffered => NOT_OFFERED,
            },
        };
        Some(TierTable { rows: table.rows_by_class(code), series_class: table.series_class() })
    }
}

/// The codes of one format: a row of them for each class of series, and the class of each series.
pub(crate) struct TierTable<'a> {
    rows: Vec<[u8; ROW_BITS as usize]>,
    series_class: &'a [u8],
}

impl TierTable<'_> {
    /// The code of a mark; two loads.
    #[inline]
    pub(crate) fn code(&self, series: u16, digits: u16) -> u8 {
        let class = self.series_class.get(usize::from(series)).copied().unwrap_or(u8::MAX);
        let row = self.rows.get(usize::from(class));
        row.and_then(|row| row.get(usize::from(digits))).copied().unwrap_or(NO_MARK)
    }
}
