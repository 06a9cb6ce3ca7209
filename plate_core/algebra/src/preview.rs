//! What a draft would change: which marks move from which tier to which, and what that does to the duty.
//!
//! Both tariffs are products of classes, so their common refinement is too: a pair of digit classes and a
//! pair of series classes decide both tiers at once. Marks are counted as products of counts, exactly and
//! over the whole country, without visiting one. Free marks are counted by whoever has the planes: a
//! function from areas to counts is lent. Deliberately not here: the effect on applicants who hold a mark,
//! because a hold keeps the price it was quoted.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::area::{Area, Rectangle};
use crate::certificate::PriceError;
use crate::date::Date;
use crate::format::{FormatId, Formats};
use crate::mark::Mark;
use crate::mask::{DigitMask, SeriesMask};
use crate::rulebook::RuleBook;
use crate::tariff::{Offer, Table, Tariff};
use crate::tier::{Acquired, Tier, TierId};

/// Marks shown for each move, at most.
const SAMPLES: usize = 5;

/// Counts the free marks of an area; lent by whoever has the planes.
pub type CountFree<'a> = &'a dyn Fn(&Area) -> u64;

/// What changes between two tariffs, for one way of acquiring.
#[derive(Clone, Debug)]
pub struct Preview<'a> {
    /// The tariff in force on the day that was asked about.
    pub present: &'a Tariff,
    /// The draft.
    pub candidate: &'a Tariff,
    /// The index by which both are priced, so that the difference is the tariff's alone.
    pub mci_value_tenge: i64,
    /// Every pair of tiers between which marks move, most marks first.
    pub moves: Vec<Move<'a>>,
    /// The marks whose tier and duty stay as they are, in the whole country.
    pub unmoved_marks: u64,
    /// Rules of the draft that can never win in some format, by identifier.
    pub shadowed: Vec<&'a str>,
}

/// The marks that go from one tier to another.
#[derive(Clone, Debug)]
pub struct Move<'a> {
    /// The present tier; `None`: not offered.
    pub from: Option<&'a Tier>,
    /// The tier of the draft; `None`: not offered.
    pub to: Option<&'a Tier>,
    /// How many marks, in the whole country.
    pub marks: u64,
    /// How many of them are free, if somebody could count.
    pub free_marks: Option<u64>,
    /// What one mark costs more (or less) than before, in tiyn. What is not offered costs nothing.
    pub difference_tiyn: i64,
    /// The difference over all marks of the move, in tiyn; passes 2^53 easily.
    pub amount_tiyn: i128,
    /// A few of the marks.
    pub samples: Vec<Mark>,
    /// The marks, an area for each format that has some.
    pub areas: Vec<Area>,
}

/// A tier of the present and one of the draft.
type Key = (Option<TierId>, Option<TierId>);

impl RuleBook {
    /// Compares the tariff in force on a day with the draft that `candidate` holds beside this law.
    ///
    /// The draft is the tariff of `candidate` that this book does not have; if there is none, the two
    /// books' tariffs of the day are compared. Both are priced by the index of `on`.
    pub fn preview<'a>(
        &'a self,
        candidate: &'a RuleBook,
        on: Date,
        acquired: Acquired,
        count_free: Option<CountFree<'_>>,
    ) -> Result<Preview<'a>, PriceError> {
        let no_tariff =
            || PriceError::NoTariff { on, first: self.tariffs().first().map(|first| first.in_force_from) };
        let present = self.tariff_in_force(on).ok_or_else(no_tariff)?;
        let unknown = |tariff: &&Tariff| self.tariff_by_revision(&tariff.revision).is_none();
        let mut drafts = candidate.tariffs().iter().map(AsRef::as_ref).filter(unknown);
        let draft = drafts.next_back().or_else(|| candidate.tariff_in_force(on)).ok_or_else(no_tariff)?;
        let mci = self.mci_on(on).ok_or(PriceError::NoMci { on, last: None })?;
        let comparison = Comparison { present, draft, acquired, formats: self.formats() };
        comparison.preview(mci.value_tenge, count_free)
    }
}

struct Comparison<'a> {
    present: &'a Tariff,
    draft: &'a Tariff,
    acquired: Acquired,
    formats: &'a Formats,
}

impl<'a> Comparison<'a> {
    fn preview(
        &self,
        mci_value_tenge: i64,
        count_free: Option<CountFree<'_>>,
    ) -> Result<Preview<'a>, PriceError> {
        let mut areas: BTreeMap<Key, Vec<Area>> = BTreeMap::new();
        for (id, _) in self.formats.enabled() {
            for (key, area) in self.areas(id) {
                areas.entry(key).or_default().push(area);
            }
        }
        let mut moves = Vec::new();
        let mut unmoved_marks = 0;
        for ((from, to), areas) in areas {
            let from = from.and_then(|tier| self.present.tier(tier));
            let to = to.and_then(|tier| self.draft.tier(tier));
            let marks = areas.iter().map(Area::count).sum::<u64>();
            if same(from, to) {
                unmoved_marks += marks;
                continue;
            }
            let amount = |tier: Option<&Tier>| match tier {
                None => Ok(0),
                Some(tier) => {
                    tier.mci.at_value(mci_value_tenge).map(|tiyn| tiyn.0).ok_or(PriceError::AmountOutOfRange)
                }
            };
            let difference_tiyn = amount(to)? - amount(from)?;
            moves.push(Move {
                from,
                to,
                marks,
                free_marks: count_free.map(|count| areas.iter().map(count).sum()),
                difference_tiyn,
                amount_tiyn: i128::from(difference_tiyn) * i128::from(marks),
                samples: areas.iter().flat_map(|area| area.iter().take(SAMPLES)).take(SAMPLES).collect(),
                areas,
            });
        }
        moves.sort_by_key(|one| std::cmp::Reverse(one.marks));
        let (present, candidate) = (self.present, self.draft);
        Ok(Preview {
            present,
            candidate,
            mci_value_tenge,
            moves,
            unmoved_marks,
            shadowed: shadowed(candidate),
        })
    }

    /// The marks of one format by the tier they have and the tier they would get.
    fn areas(&self, id: FormatId) -> Vec<(Key, Area)> {
        let tables = self.present.table(id, self.acquired).zip(self.draft.table(id, self.acquired));
        let Some(((present, present_rules), (draft, draft_rules))) = tables else { return Vec::new() };
        let key = |digits: (usize, usize), series: (usize, usize)| {
            let from = present.winner_of(digits.0, series.0);
            let to = draft.winner_of(digits.1, series.1);
            (tier_of(self.present, present_rules, from), tier_of(self.draft, draft_rules, to))
        };
        let mut series = JointSeries::of(present, draft);
        let mut boxes: HashMap<Key, Vec<Rectangle>> = HashMap::new();
        for (digits, digit_pair) in joint_digits(present, draft) {
            let mut by_key: HashMap<Key, Vec<usize>> = HashMap::new();
            for (at, (_, series_pair)) in series.classes.iter().enumerate() {
                by_key.entry(key(digit_pair, *series_pair)).or_default().push(at);
            }
            for (key, classes) in by_key {
                let series = series.union(classes);
                let regions = self.formats.region_mask();
                boxes.entry(key).or_default().push(Rectangle { digits, series, regions });
            }
        }
        let rows = self.formats.get(id).rows();
        boxes.into_iter().map(|(key, boxes)| (key, Area::from_boxes(id, rows, boxes))).collect()
    }
}

fn tier_of(tariff: &Tariff, rules: &[usize], winner: u8) -> Option<TierId> {
    let rule = rules.get(usize::from(winner)).and_then(|at| tariff.rules.get(*at))?;
    match rule.offer {
        Offer::Tier(tier) => Some(tier),
        Offer::NotOffered => None,
    }
}

/// A mark stays where it is if its tier keeps its name and its duty.
fn same(from: Option<&Tier>, to: Option<&Tier>) -> bool {
    match (from, to) {
        (None, None) => true,
        (Some(from), Some(to)) => from.id == to.id && from.mci == to.mci,
        _ => false,
    }
}

/// Rules that never win in some format, each once, in the order of the file.
fn shadowed(tariff: &Tariff) -> Vec<&str> {
    let never: BTreeSet<usize> = tariff.report.never_win.iter().map(|never| never.rule).collect();
    never.into_iter().filter_map(|at| tariff.rules.get(at)).map(|rule| rule.id.as_str()).collect()
}

/// Digits by their class in either table.
fn joint_digits(present: &Table, draft: &Table) -> Vec<(DigitMask, (usize, usize))> {
    let mut joint = Vec::new();
    for (one, ours) in present.digit_classes().iter().enumerate() {
        for (other, theirs) in draft.digit_classes().iter().enumerate() {
            let both = ours.and(theirs);
            if !both.is_empty() {
                joint.push((both, (one, other)));
            }
        }
    }
    joint
}

/// Series by their class in either table, and the unions of them that were asked for before.
struct JointSeries {
    rows: u32,
    classes: Vec<(SeriesMask, (usize, usize))>,
    unions: HashMap<Vec<usize>, SeriesMask>,
}

impl JointSeries {
    fn of(present: &Table, draft: &Table) -> JointSeries {
        let rows = present.series_class().len() as u32;
        let mut classes = Vec::new();
        for (one, ours) in present.series_classes().iter().enumerate() {
            for (other, theirs) in draft.series_classes().iter().enumerate() {
                let both = ours.and(theirs);
                if !both.is_empty() {
                    classes.push((both, (one, other)));
                }
            }
        }
        JointSeries { rows, classes, unions: HashMap::new() }
    }

    fn union(&mut self, classes: Vec<usize>) -> SeriesMask {
        if let Some(known) = self.unions.get(&classes) {
            return known.clone();
        }
        let masks = classes.iter().filter_map(|at| self.classes.get(*at));
        let union = masks.fold(SeriesMask::empty(self.rows), |union, (mask, _)| union.or(mask));
        self.unions.insert(classes, union.clone());
        union
    }
}
