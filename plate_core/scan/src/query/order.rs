//! Pages by number, by price and by beauty: rank after rank, pool after pool, row after row.

use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::Arc;

use plate_algebra::{Mark, Pool};

use super::cursor::Place;
use super::ranks::Ranks;
use super::selection::{Choice, Selection, Slices, Within};
use super::walk::walk;
use super::{Filling, Query};
use crate::kernels::ROW_BITS;
use crate::planes::{Planes, PoolPlanes};

/// Fills the page with the marks behind `after`.
pub(super) fn fill(planes: &Planes, query: &Query<'_>, after: Option<Place>, page: &mut Filling) {
    let ranks = query.order.ranks();
    let mut within = Within::new(query.areas, planes.pools().len());
    // One step behind the last rank is for the marks that have none.
    for rank in 0..=ranks.map_or(0, Ranks::len) {
        let mut step: Option<Step<'_>> = None;
        for (index, pool) in planes.pools().enumerate() {
            let Some(from) = first_ordinal(after, rank as u16, pool) else {
                continue;
            };
            let wanted = within.pool(index, pool.pool());
            let Some(next) = Step::of(ranks, rank, pool.pool(), wanted, step.take()) else {
                continue;
            };
            let selection = &mut step.insert(next).selection;
            if fill_from_pool(planes, pool, selection, (query.free_only, rank as u16, from), page).is_break()
            {
                return;
            }
        }
    }
}

/// What the query wants of a pool in one rank, and of what it was made.
struct Step<'a> {
    within: Rc<Slices>,
    ranked: Option<&'a Arc<Slices>>,
    selection: Selection,
}

impl<'a> Step<'a> {
    /// The step of a pool: the one of the pool before, if both are seen alike; `None` if nothing is wanted.
    fn of(
        ranks: Option<&'a Ranks>,
        rank: usize,
        pool: Pool,
        within: Rc<Slices>,
        before: Option<Step<'a>>,
    ) -> Option<Step<'a>> {
        if within.is_empty() {
            return None;
        }
        let ranked = match ranks.and_then(|ranks| ranks.get(rank)) {
            Some(rank) => Some(rank.in_pool(pool)?),
            None => None,
        };
        let same_rank = |before: &Step<'_>| match (before.ranked, ranked) {
            (Some(before), Some(now)) => Arc::ptr_eq(before, now),
            // Without a rank of its own it depends on all of them: alike only where there are none.
            (None, None) => ranks.is_none(),
            _ => false,
        };
        if let Some(before) = before.filter(|before| Rc::ptr_eq(&before.within, &within) && same_rank(before))
        {
            return Some(before);
        }
        let choice = match (ranked, ranks) {
            (Some(ranked), _) => Choice::In(ranked.narrowed(&within)),
            (None, Some(ranks)) => Choice::Outside(ranks.all_in(pool, &within)),
            (None, None) => Choice::All,
        };
        Some(Step { selection: Selection::new(Rc::clone(&within), choice), within, ranked })
    }
}

/// Where a pool's walk begins in a rank: `None` if all of it lies before the place.
fn first_ordinal(after: Option<Place>, rank: u16, pool: PoolPlanes<'_>) -> Option<u32> {
    let Some(Place::Ordered { rank: last_rank, format, region, ordinal }) = after else {
        return Some(0);
    };
    let here = (rank, pool.pool().format.0, pool.pool().region.code());
    match here.cmp(&(last_rank, format, region)) {
        std::cmp::Ordering::Less => None,
        std::cmp::Ordering::Equal => ordinal.checked_add(1),
        std::cmp::Ordering::Greater => Some(0),
    }
}

fn fill_from_pool(
    planes: &Planes,
    pool: PoolPlanes<'_>,
    selection: &mut Selection,
    (free_only, rank, from): (bool, u16, u32),
    page: &mut Filling,
) -> ControlFlow<()> {
    let Pool { format, region } = pool.pool();
    walk(planes, pool, selection, free_only, from, |series, digits| {
        let ordinal = u32::from(series) * ROW_BITS as u32 + u32::from(digits);
        let mark = Mark { format, region, series, digits };
        page.push(mark, Place::ordered(rank, pool.pool(), ordinal))
    })
}
