//! Pages by number, by price and by beauty: rank after rank, pool after pool, row after row.

use std::ops::ControlFlow;

use plate_algebra::{Mark, Pool};

use super::cursor::Place;
use super::selection::{Rank, Selection, Slices};
use super::walk::walk;
use super::{Filling, Query};
use crate::kernels::ROW_BITS;
use crate::planes::{Planes, PoolPlanes};

/// Fills the page with the marks behind `after`.
pub(super) fn fill(planes: &Planes, query: &Query<'_>, after: Option<Place>, page: &mut Filling) {
    let ranks = query.order.ranks();
    // One step behind the last rank is for the marks that have none.
    for rank in 0..=ranks.len() {
        let mut selection: Option<Selection<'_>> = None;
        let pools = planes
            .pools()
            .filter(|pool| ranks.get(rank).is_none_or(|area| area.format == pool.pool().format));
        for pool in pools {
            let Some(from) = first_ordinal(after, rank as u16, pool) else {
                continue;
            };
            let fitting = selection.take().filter(|selection| selection.fits(pool.pool()));
            let selection = selection.insert(fitting.unwrap_or_else(|| select(query, rank, pool)));
            if fill_from_pool(planes, pool, selection, (query.free_only, rank as u16, from), page).is_break()
            {
                return;
            }
        }
    }
}

/// What the query wants of a pool in one rank.
fn select<'a>(query: &Query<'a>, rank: usize, pool: PoolPlanes<'_>) -> Selection<'a> {
    let ranks = query.order.ranks();
    let of_rank = match ranks.get(rank..=rank) {
        Some(area) => Rank::In(Slices::of(area, pool.pool())),
        None if ranks.is_empty() => Rank::All,
        None => Rank::Outside(Slices::of(ranks, pool.pool())),
    };
    Selection::new(Slices::of(query.areas, pool.pool()), of_rank)
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
    selection: &mut Selection<'_>,
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
