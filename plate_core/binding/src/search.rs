//! What a search asks, as areas of marks: pattern ∩ regions ∩ tiers ∩ tags ∩ prices, and the ranks of its order.
//!
//! The intersection is the algebra's; here arguments of Python become its operands. What was made once is kept
//! for the next page of the same search and for everybody who searches alike.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use plate_algebra::{Acquired, Area, Date, FormatId, Formats, Region, RegionMask, RuleBook};
use plate_scan::Ranks;
use pyo3::prelude::*;

use crate::errors;
use crate::pattern;

/// Filters of one search, as they were given: the key under which its areas are kept.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Filters {
    pub(crate) pattern: Option<String>,
    pub(crate) regions: Vec<String>,
    pub(crate) formats: Vec<String>,
    pub(crate) tiers: Vec<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) amount_tiyn_min: Option<i64>,
    pub(crate) amount_tiyn_max: Option<i64>,
    pub(crate) order: OrderBy,
    pub(crate) on: Date,
}

/// In which order marks are wanted; a shuffle's seed changes no area.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum OrderBy {
    Number,
    Price,
    Beauty,
    Shuffle,
}

/// Areas to search, and what comes first in the order.
pub(crate) struct Prepared {
    pub(crate) areas: Vec<Area>,
    pub(crate) ranks: Arc<Ranks>,
    /// In so few regions that it takes less time than giving the GIL away and waiting for it to come back.
    pub(crate) narrow: bool,
}

/// A region is looked through in 60 us at most; another thread may keep the GIL for longer, once it has it.
const NARROW_REGIONS: u32 = 2;

/// Searches kept, at most. The areas of one take some ten kilobytes.
const KEPT_MAX: usize = 256;
/// Ranks kept, at most: few orders on few days. Those of beauty take some 10 ms to make and some megabytes.
const RANKS_KEPT_MAX: usize = 8;

/// What the ranks of an order depend on.
type RanksKey = (OrderBy, Date, Vec<FormatId>);

/// Prepared searches, and the ranks that many of them share.
pub(crate) struct Kept {
    searches: Mutex<Recent<Filters, Prepared>>,
    ranks: Mutex<Recent<RanksKey, Ranks>>,
}

impl Default for Kept {
    fn default() -> Self {
        Self { searches: Mutex::new(Recent::new(KEPT_MAX)), ranks: Mutex::new(Recent::new(RANKS_KEPT_MAX)) }
    }
}

impl Kept {
    pub(crate) fn prepare(
        &self,
        py: Python<'_>,
        book: &RuleBook,
        filters: Filters,
    ) -> PyResult<Arc<Prepared>> {
        if let Some(known) = lock(&self.searches).get(&filters) {
            return Ok(known);
        }
        let formats = formats(py, book.formats(), &filters.formats)?;
        let areas = areas(py, book, &filters, &formats)?;
        let ranks = self.ranks(py, book, (filters.order, filters.on, formats))?;
        let narrow = regions_of(&areas).count() <= NARROW_REGIONS;
        Ok(lock(&self.searches).keep(filters, Prepared { areas, ranks, narrow }))
    }

    fn ranks(&self, py: Python<'_>, book: &RuleBook, key: RanksKey) -> PyResult<Arc<Ranks>> {
        if let Some(known) = lock(&self.ranks).get(&key) {
            return Ok(known);
        }
        let (order, on, formats) = &key;
        let areas = match order {
            OrderBy::Number | OrderBy::Shuffle => Vec::new(),
            OrderBy::Price => by_price(py, book, *on, formats)?,
            OrderBy::Beauty => by_beauty(book, formats),
        };
        let ranks = py.detach(|| Ranks::from(areas));
        Ok(lock(&self.ranks).keep(key, ranks))
    }
}

/// What was made lately, the oldest forgotten first.
struct Recent<K, V> {
    known: HashMap<K, Arc<V>>,
    by_age: VecDeque<K>,
    most: usize,
}

impl<K: Clone + Eq + Hash, V> Recent<K, V> {
    fn new(most: usize) -> Self {
        Self { known: HashMap::new(), by_age: VecDeque::new(), most }
    }

    fn get(&self, key: &K) -> Option<Arc<V>> {
        self.known.get(key).map(Arc::clone)
    }

    fn keep(&mut self, key: K, made: V) -> Arc<V> {
        if self.by_age.len() >= self.most
            && let Some(oldest) = self.by_age.pop_front()
        {
            self.known.remove(&oldest);
        }
        let made = Arc::new(made);
        if self.known.insert(key.clone(), Arc::clone(&made)).is_none() {
            self.by_age.push_back(key);
        }
        made
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The marks that fit all filters, an area a format.
fn areas(py: Python<'_>, book: &RuleBook, filters: &Filters, formats: &[FormatId]) -> PyResult<Vec<Area>> {
    let pattern = filters.pattern.as_deref().map(|text| pattern::compile(py, text, book)).transpose()?;
    let regions = regions(py, book.formats(), &filters.regions)?;
    let tags = filters.tags.iter().map(|id| {
        let tag = book.beauty().by_id(id);
        tag.ok_or_else(|| errors::argument(py, "tag_unknown", "tags", "ids of RuleBook.tags()"))
    });
    let tags = tags.collect::<PyResult<Vec<_>>>()?;
    let mut areas = Vec::new();
    for format in formats {
        let mut area =
            pattern.as_ref().map_or_else(|| book.formats().whole(*format), |it| it.area(*format).clone());
        if regions != book.formats().region_mask() {
            area = area.within(regions);
        }
        for tag in &tags {
            area = area.intersect(book.tag_area(*tag, *format));
        }
        if let Some(priced) = priced(py, book, filters, *format)? {
            area = area.intersect(&priced);
        }
        areas.push(area);
    }
    Ok(areas)
}

fn regions_of(areas: &[Area]) -> RegionMask {
    let rectangles = areas.iter().flat_map(Area::rectangles);
    rectangles.fold(RegionMask::EMPTY, |all, rectangle| RegionMask(all.0 | rectangle.regions.0))
}

fn regions(py: Python<'_>, formats: &Formats, codes: &[String]) -> PyResult<RegionMask> {
    if codes.is_empty() {
        return Ok(formats.region_mask());
    }
    let known = |code: &String| {
        let region = Region::from_digits(code).filter(|region| formats.region_mask().contains(*region));
        region.ok_or_else(|| errors::argument(py, "region_unknown", "regions", "codes of RuleBook.regions()"))
    };
    codes.iter().map(known).collect()
}

/// The formats asked for, each once, in the rule book's order.
fn formats(py: Python<'_>, formats: &Formats, ids: &[String]) -> PyResult<Vec<FormatId>> {
    let known = |id: &String| {
        let format = formats.by_id(id).filter(|format| formats.get(*format).enabled);
        format.ok_or_else(|| errors::argument(py, "format_unknown", "formats", "ids of enabled formats"))
    };
    let mut found = ids.iter().map(known).collect::<PyResult<Vec<_>>>()?;
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// The marks of the wanted tiers and prices; `None` where neither is asked about.
fn priced(py: Python<'_>, book: &RuleBook, filters: &Filters, format: FormatId) -> PyResult<Option<Area>> {
    let (least, most) = (filters.amount_tiyn_min, filters.amount_tiyn_max);
    if filters.tiers.is_empty() && least.is_none() && most.is_none() {
        return Ok(None);
    }
    let classifier =
        book.classifier(Acquired::Chosen, filters.on).map_err(|error| errors::price(py, &error))?;
    let wanted = filters.tiers.iter().map(|id| {
        let tier = classifier.tariff().tier_by_id(id);
        tier.ok_or_else(|| errors::argument(py, "tier_unknown", "tiers", "ids of RuleBook.tiers(on)"))
    });
    let wanted = wanted.collect::<PyResult<Vec<_>>>()?;
    let areas =
        book.price_areas(filters.on, Acquired::Chosen, format).map_err(|error| errors::price(py, &error))?;
    let fits = areas.into_iter().filter(|(tier, amount, _)| {
        (wanted.is_empty() || wanted.contains(tier))
            && least.is_none_or(|least| amount.0 >= least)
            && most.is_none_or(|most| amount.0 <= most)
    });
    let rows = book.formats().get(format).rows();
    Ok(Some(fits.fold(Area::empty(format, rows), |union, (_, _, area)| union.union(&area))))
}

/// The areas of each price, the cheapest first.
fn by_price(py: Python<'_>, book: &RuleBook, on: Date, formats: &[FormatId]) -> PyResult<Vec<Area>> {
    let mut ranks = Vec::new();
    for format in formats {
        ranks.extend(
            book.price_areas(on, Acquired::Chosen, *format).map_err(|error| errors::price(py, &error))?,
        );
    }
    ranks.sort_by_key(|(_, amount, area)| (*amount, area.format));
    Ok(ranks.into_iter().map(|(_, _, area)| area).collect())
}

/// The areas of each score, the most beautiful first.
fn by_beauty(book: &RuleBook, formats: &[FormatId]) -> Vec<Area> {
    let mut ranks: Vec<&(u32, Area)> = formats.iter().flat_map(|format| book.beauty_areas(*format)).collect();
    ranks.sort_by_key(|(score, area)| (std::cmp::Reverse(*score), area.format));
    ranks.into_iter().map(|(_, area)| area.clone()).collect()
}
