//! What a search asks, as areas of marks: pattern ∩ regions ∩ tiers ∩ tags ∩ prices, and the ranks of its order.
//!
//! The intersection is the algebra's; here arguments of Python become its operands. What was made once is kept
//! for the next page of the same search and for everybody who searches alike.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use plate_algebra::{Acquired, Area, Date, FormatId, Formats, Region, RegionMask, RuleBook};
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

/// Areas to search, and the areas of an order's ranks.
pub(crate) struct Prepared {
    pub(crate) areas: Vec<Area>,
    pub(crate) ranks: Vec<Area>,
}

/// Searches kept, at most. The areas of one take some ten kilobytes.
const KEPT_MAX: usize = 256;

/// Prepared searches, the oldest forgotten first.
#[derive(Default)]
pub(crate) struct Kept(Mutex<Searches>);

#[derive(Default)]
struct Searches {
    known: HashMap<Filters, Arc<Prepared>>,
    by_age: VecDeque<Filters>,
}

impl Kept {
    pub(crate) fn prepare(
        &self,
        py: Python<'_>,
        book: &RuleBook,
        filters: Filters,
    ) -> PyResult<Arc<Prepared>> {
        if let Some(known) = self.0.lock().unwrap_or_else(PoisonError::into_inner).known.get(&filters) {
            return Ok(Arc::clone(known));
        }
        let prepared = Arc::new(prepare(py, book, &filters)?);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.by_age.len() >= KEPT_MAX
            && let Some(oldest) = kept.by_age.pop_front()
        {
            kept.known.remove(&oldest);
        }
        if kept.known.insert(filters.clone(), Arc::clone(&prepared)).is_none() {
            kept.by_age.push_back(filters);
        }
        Ok(prepared)
    }
}

fn prepare(py: Python<'_>, book: &RuleBook, filters: &Filters) -> PyResult<Prepared> {
    let pattern = filters.pattern.as_deref().map(|text| pattern::compile(py, text, book)).transpose()?;
    let regions = regions(py, book.formats(), &filters.regions)?;
    let formats = formats(py, book.formats(), &filters.formats)?;
    let tags = filters.tags.iter().map(|id| {
        let tag = book.beauty().by_id(id);
        tag.ok_or_else(|| errors::argument(py, "tag_unknown", "tags", "ids of RuleBook.tags()"))
    });
    let tags = tags.collect::<PyResult<Vec<_>>>()?;
    let mut areas = Vec::new();
    for format in &formats {
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
    let ranks = match filters.order {
        OrderBy::Number | OrderBy::Shuffle => Vec::new(),
        OrderBy::Price => by_price(py, book, filters.on, &formats)?,
        OrderBy::Beauty => by_beauty(book, &formats),
    };
    Ok(Prepared { areas, ranks })
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
