//! The compiled form of a tariff's rules: two small tables and a lookup of their pair.
//!
//! Digits with the same answer to "which rules name these digits?" form a class, and so do series.
//! Rules see digits and series separately, so the winner depends only on the pair of classes. With
//! the rules of 2026 there are five classes of digits and two of series: ten pairs decide the price
//! of 351 million marks. Classifying is two loads and a lookup; explaining walks the rules and is
//! held against this table by a property. Deliberately not here: prices and names.

use crate::bounds;
use crate::mark::Mark;
use crate::mask::{DigitMask, SeriesMask};
use crate::ordinal::ROW_BITS;

/// Digit values in a row, padding included.
const ROW: usize = ROW_BITS as usize;

/// No rule names this pair of classes, or the mark does not exist.
pub(crate) const NO_RULE: u8 = u8::MAX;

/// The marks that a rule names, in one format: a product of two masks, in every region.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claim {
    /// The digits.
    pub digits: DigitMask,
    /// The series.
    pub series: SeriesMask,
}

impl Claim {
    /// How many marks of one region.
    pub fn marks_in_region(&self) -> u64 {
        u64::from(self.digits.count()) * u64::from(self.series.count())
    }

    /// Whether the rule names the mark.
    pub fn contains(&self, mark: Mark) -> bool {
        self.digits.contains(mark.digits) && self.series.contains(mark.series)
    }
}

/// Two tables and the lookup of their pair, for one format and one way of acquiring.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    digit_class: Vec<u8>,
    series_class: Vec<u8>,
    digit_classes: Vec<DigitMask>,
    series_classes: Vec<SeriesMask>,
    winner: Vec<u8>,
}

/// More classes of digits or of series than a byte can number.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct TooManyClasses;

impl Table {
    /// Compiles claims in the order in which they win; `whole` is every mark of the format.
    pub(crate) fn compile(claims: &[&Claim], whole: &Claim) -> Result<Table, TooManyClasses> {
        let digit_classes = classes_of_digits(claims, whole.digits)?;
        let series_classes = classes_of_series(claims, &whole.series)?;
        let winner = digit_classes
            .iter()
            .flat_map(|digits| series_classes.iter().map(|series| winner(claims, digits, series)))
            .collect();
        let mut table = Table {
            digit_class: vec![u8::MAX; ROW],
            series_class: vec![u8::MAX; whole.series.rows() as usize],
            digit_classes,
            series_classes,
            winner,
        };
        table.number_classes();
        Ok(table)
    }

    fn number_classes(&mut self) {
        for (class, mask) in (0..).zip(&self.digit_classes) {
            for value in mask.iter() {
                if let Some(entry) = self.digit_class.get_mut(usize::from(value)) {
                    *entry = class;
                }
            }
        }
        for (class, mask) in (0..).zip(&self.series_classes) {
            for value in mask.iter() {
                if let Some(entry) = self.series_class.get_mut(usize::from(value)) {
                    *entry = class;
                }
            }
        }
    }

    /// The position of the rule that wins, or [`NO_RULE`]; two loads and a lookup.
    #[inline]
    pub(crate) fn winner(&self, series: u16, digits: u16) -> u8 {
        let digit_class = self.digit_class.get(usize::from(digits)).copied().unwrap_or(u8::MAX);
        let series_class = self.series_class.get(usize::from(series)).copied().unwrap_or(u8::MAX);
        if usize::from(series_class) >= self.series_classes.len() {
            return NO_RULE;
        }
        let pair = usize::from(digit_class) * self.series_classes.len() + usize::from(series_class);
        self.winner.get(pair).copied().unwrap_or(NO_RULE)
    }

    /// The position of the rule that wins a pair of classes, or [`NO_RULE`].
    pub(crate) fn winner_of(&self, digit_class: usize, series_class: usize) -> u8 {
        self.winner.get(digit_class * self.series_classes.len() + series_class).copied().unwrap_or(NO_RULE)
    }

    /// The classes of digits, disjoint; together every issued number.
    pub(crate) fn digit_classes(&self) -> &[DigitMask] {
        &self.digit_classes
    }

    /// The classes of series, disjoint; together every series.
    pub(crate) fn series_classes(&self) -> &[SeriesMask] {
        &self.series_classes
    }

    /// Every pair of classes with the rule that wins it.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&DigitMask, &SeriesMask, u8)> {
        let pairs = self
            .digit_classes
            .iter()
            .flat_map(|digits| self.series_classes.iter().map(move |series| (digits, series)));
        pairs.zip(&self.winner).map(|((digits, series), winner)| (digits, series, *winner))
    }

    /// The winners of one row of a pool, by the class of its series: 1,024 codes a class, so that a
    /// whole column is classified by copying rows.
    pub(crate) fn rows_by_class(&self, code: impl Fn(u8) -> u8) -> Vec<[u8; ROW]> {
        let row_of = |class: usize| {
            let mut row = [code(NO_RULE); ROW];
            for (entry, digit_class) in row.iter_mut().zip(&self.digit_class) {
                let pair = usize::from(*digit_class) * self.series_classes.len() + class;
                *entry = code(self.winner.get(pair).copied().unwrap_or(NO_RULE));
            }
            row
        };
        (0..self.series_classes.len()).map(row_of).collect()
    }

    /// The class of each series, as an index into [`Table::rows_by_class`].
    pub(crate) fn series_class(&self) -> &[u8] {
        &self.series_class
    }
}

/// The first claim that holds the whole pair. A class lies wholly inside or outside of each claim,
/// so one shared value decides.
fn winner(claims: &[&Claim], digits: &DigitMask, series: &SeriesMask) -> u8 {
    let holds = |claim: &&Claim| !claim.digits.and(digits).is_empty() && !claim.series.and(series).is_empty();
    claims.iter().position(holds).and_then(|at| u8::try_from(at).ok()).unwrap_or(NO_RULE)
}

/// The coarsest classes of digits that no claim cuts, without those that are not issued.
fn classes_of_digits(claims: &[&Claim], whole: DigitMask) -> Result<Vec<DigitMask>, TooManyClasses> {
    claims.iter().try_fold(vec![whole], |classes, claim| {
        let cut = |class: DigitMask| [class.and(&claim.digits), class.minus(&claim.digits)];
        few(classes.into_iter().flat_map(cut).filter(|class| !class.is_empty()).collect())
    })
}

/// The coarsest classes of series that no claim cuts.
fn classes_of_series(claims: &[&Claim], whole: &SeriesMask) -> Result<Vec<SeriesMask>, TooManyClasses> {
    claims.iter().try_fold(vec![whole.clone()], |classes, claim| {
        let cut = |class: SeriesMask| [class.and(&claim.series), class.minus(&claim.series)];
        few(classes.into_iter().flat_map(cut).filter(|class| !class.is_empty()).collect())
    })
}

/// Classes only become more, so too many can be refused at once: a draft from the network must not
/// buy 17,576 masks of 2 KB by cutting every series from every other.
fn few<T>(classes: Vec<T>) -> Result<Vec<T>, TooManyClasses> {
    bounds::CLASSES.check(classes.len().max(1) as u64).map(|_| classes).map_err(|_| TooManyClasses)
}
