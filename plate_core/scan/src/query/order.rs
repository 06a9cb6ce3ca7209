//! Pages by number, by price and by beauty: rank after rank, pool after pool, row after row.

use std::ops::ControlFlow;

use plate_algebra::{Area, Mark};

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
        for pool in planes.pools() {
            let Some(from) = first_ordinal(after, rank as u16, pool) else {
                continue;
            };
            if fill_from_pool(planes, query, (ranks, rank), pool, from, page).is_break() {
                return;
            }
        }
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
    query: &Query<'_>,
    (ranks, rank): (&[Area], usize),
    pool: PoolPlanes<'_>,
    from: u32,
    page: &mut Filling,
) -> ControlFlow<()> {
    if let Some(area) = ranks.get(rank)
        && area.format != pool.pool().format
    {
        return ControlFlow::Continue(());
    }
    let of_rank = match ranks.get(rank..=rank) {
        Some(area) => Rank::In(Slices::of(area, pool.pool())),
        None if ranks.is_empty() => Rank::All,
        None => Rank::Outside(Slices::of(ranks, pool.pool())),
    };
    let mut selection = Selection::new(Slices::of(query.areas, pool.pool()), of_rank);
    let plate_algebra::Pool { format, region } = pool.pool();
    walk(planes, pool, &mut selection, query.free_only, from, |series, digits| {
        let ordinal = u32::from(series) * ROW_BITS as u32 + u32::from(digits);
        let mark = Mark { format, region, series, digits };
        page.push(mark, Place::ordered(rank as u16, pool.pool(), ordinal))
    })
}
