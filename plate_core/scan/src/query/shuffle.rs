//! Pages in a seeded order all over the country, so that not everybody is shown the same first forty.
//!
//! Imagine the result's blocks of 64 rows as wheels. Each has r × m places: r is the most wanted rows
//! of any block, m the most wanted digits of any pool. In one *turn* every wheel shows one place,
//! which is one mark or nothing, the wheels in an order of their own; after r × m turns every place
//! was shown once. Which place a wheel shows in a turn, and the order of the wheels, are Feistel
//! permutations of the seed. So a mark's place in the order, (turn, place of its block), follows from
//! the seed and the query alone, whatever is free; neighbours on a page are of different blocks, which
//! are different regions or letters; and pages are disjoint and complete.
//!
//! Two ways to make a page, which give the same one: where much is free, turn the wheels until it is
//! full; where little is, as of a pattern that is almost sold out, gather all that is left and sort
//! it by its places. Turning is tried first, for at most some thousand looks; only where that is not
//! enough the exact count is asked which of the two is cheaper from there on.

use std::ops::ControlFlow;
use std::rc::Rc;

use plate_algebra::{Mark, Pool};

use super::cursor::Place;
use super::selection::{Choice, Selection, Slices, Within};
use super::walk::walk;
use super::{Filling, Query};
use crate::kernels::{BLOCK_ROWS, positions};
use crate::permutation::{Permutation, below, mix, turned, turned_back};
use crate::planes::{Planes, PoolPlanes};

/// Looking at one place of one wheel, and finding the place of one free mark, in nanoseconds: only
/// their ratio counts, and only for speed.
const LOOK_COST: f64 = 20.0;
const PLACE_COST: f64 = 30.0;
/// Looks before anything is counted: 40 µs, a fifth of what an unlucky count takes.
const FIRST_LOOKS: u64 = 2000;

/// Fills the page with the marks behind `after`.
pub(super) fn fill(planes: &Planes, query: &Query<'_>, seed: u64, after: Option<Place>, page: &mut Filling) {
    let wheels = Wheels::new(planes, query, seed);
    let start = match after {
        Some(Place::Shuffled { turn, block }) => Some((turn, block)),
        _ => None,
    };
    let Some(reached) = wheels.turn(query.free_only, start, FIRST_LOOKS, page) else {
        return;
    };
    let places = f64::from(wheels.turns.len()) * f64::from(wheels.order.len());
    let marks = planes.count(query.areas, query.free_only).unwrap_or(0) as f64;
    let looks = (page.limit + 1) as f64 * places / marks.max(1.0);
    if looks * LOOK_COST <= marks * PLACE_COST {
        wheels.turn(query.free_only, Some(reached), u64::MAX, page);
    } else {
        wheels.gather(planes, query.free_only, Some(reached), page);
    }
}

/// Pools that the query sees alike: what they want, block by block and digit by digit.
struct Alike {
    slices: Rc<Slices>,
    /// The blocks that have a wanted row, with those rows.
    blocks: Vec<(u16, u64)>,
    /// The digit values that any row wants, ascending.
    digits: Vec<u16>,
}

/// One pool of the result.
struct PoolWheels<'a> {
    pool: PoolPlanes<'a>,
    alike: usize,
    /// The number of its first wheel.
    first: u32,
}

struct Wheels<'a> {
    alike: Vec<Alike>,
    pools: Vec<PoolWheels<'a>>,
    /// r and m of the page above.
    rows: u32,
    digits: u32,
    seed: u64,
    order: Permutation,
    turns: Permutation,
}

impl Alike {
    fn new(slices: Rc<Slices>) -> Alike {
        let blocks = bits_of(&slices.blocks).map(|block| (block, slices.rows(block.into()))).collect();
        let digits = bits_of(&slices.digits).collect();
        Alike { slices, blocks, digits }
    }
}

impl<'a> Wheels<'a> {
    fn new(planes: &'a Planes, query: &Query<'_>, seed: u64) -> Wheels<'a> {
        let mut within = Within::new(query.areas, planes.pools().len());
        let mut alike: Vec<Alike> = Vec::new();
        let mut pools: Vec<PoolWheels<'a>> = Vec::new();
        let mut first = 0;
        for (index, pool) in planes.pools().enumerate() {
            let slices = within.pool(index, pool.pool());
            if alike.last().is_none_or(|last| !Rc::ptr_eq(&last.slices, &slices)) {
                alike.push(Alike::new(slices));
            }
            let last = alike.len() - 1;
            pools.push(PoolWheels { pool, alike: last, first });
            first += alike[last].blocks.len() as u32;
        }
        let blocks = alike.iter().flat_map(|alike| &alike.blocks);
        let rows = blocks.map(|(_, rows)| rows.count_ones()).max().unwrap_or(0);
        let digits = alike.iter().map(|alike| alike.digits.len()).max().unwrap_or(0) as u32;
        let order = Permutation::new(first, mix(seed ^ 1));
        let turns = Permutation::new(rows * digits, mix(seed ^ 2));
        Wheels { alike, pools, rows, digits, seed, order, turns }
    }

    /// How far a wheel is turned from the others, in rows and in digits.
    fn offset(&self, wheel: u32) -> (u32, u32) {
        let offset = mix(self.seed.wrapping_add(u64::from(wheel) << 32));
        (below(offset, self.rows), below(offset >> 32, self.digits))
    }

    /// Turns the wheels until the page is full, everything was shown, or so many looks were taken;
    /// gives the last place looked at in that case.
    fn turn(
        &self,
        free_only: bool,
        after: Option<(u32, u32)>,
        mut looks: u64,
        page: &mut Filling,
    ) -> Option<(u32, u32)> {
        let (first_turn, first_block) = after.map_or((0, 0), |(turn, block)| (turn, block.saturating_add(1)));
        for turn in first_turn..self.turns.len() {
            let shown = self.turns.at(turn);
            let shown = (shown % self.rows, shown / self.rows);
            let from = if turn == first_turn { first_block } else { 0 };
            for block in from..self.order.len() {
                if let Some(mark) = self.mark_at(self.order.at(block), shown, free_only)
                    && page.push(mark, Place::Shuffled { turn, block }).is_break()
                {
                    return None;
                }
                looks -= 1;
                if looks == 0 {
                    return Some((turn, block));
                }
            }
        }
        None
    }

    /// The mark that a wheel shows, if it is one of the result.
    fn mark_at(&self, wheel: u32, shown: (u32, u32), free_only: bool) -> Option<Mark> {
        let last = self.pools.partition_point(|wheels| wheels.first <= wheel).checked_sub(1)?;
        let PoolWheels { pool, alike, first } = &self.pools[last];
        let Alike { slices, blocks, digits } = &self.alike[*alike];
        let (block, rows) = *blocks.get((wheel - first) as usize)?;
        let (row_offset, digit_offset) = self.offset(wheel);
        let row = nth_position(rows, turned(shown.0, row_offset, self.rows))?;
        let digits = *digits.get(turned(shown.1, digit_offset, self.digits) as usize)?;
        let series = block * BLOCK_ROWS as u16 + row as u16;
        if free_only && !pool.is_free(series, digits) || !slices.contains(block.into(), row, digits) {
            return None;
        }
        let Pool { format, region } = pool.pool();
        Some(Mark { format, region, series, digits })
    }

    /// Gathers every mark of the result and sorts those behind `after` by their places.
    fn gather(&self, planes: &Planes, free_only: bool, after: Option<(u32, u32)>, page: &mut Filling) {
        let mut found: Vec<((u32, u32), Mark)> = Vec::new();
        for wheels in &self.pools {
            let mut selection = Selection::new(Rc::clone(&self.alike[wheels.alike].slices), Choice::All);
            let Pool { format, region } = wheels.pool.pool();
            let _ = walk(planes, wheels.pool, &mut selection, free_only, 0, |series, digits| {
                let place = self.place_of(wheels, series, digits);
                if place > after {
                    let mark = Mark { format, region, series, digits };
                    found.extend(place.map(|place| (place, mark)));
                }
                ControlFlow::Continue(())
            });
        }
        if found.len() > page.limit {
            found.select_nth_unstable(page.limit);
            found.truncate(page.limit + 1);
        }
        found.sort_unstable();
        for ((turn, block), mark) in found {
            if page.push(mark, Place::Shuffled { turn, block }).is_break() {
                return;
            }
        }
    }

    /// When a mark is shown: the inverse of [`Wheels::mark_at`].
    fn place_of(&self, wheels: &PoolWheels<'_>, series: u16, digits: u16) -> Option<(u32, u32)> {
        let alike = &self.alike[wheels.alike];
        let (block, row) = (series / BLOCK_ROWS as u16, series % BLOCK_ROWS as u16);
        let index = alike.blocks.binary_search_by_key(&block, |&(block, _)| block).ok()?;
        let wheel = wheels.first + index as u32;
        let row_rank = (alike.blocks[index].1 & ((1 << row) - 1)).count_ones();
        let digit_rank = alike.digits.binary_search(&digits).ok()? as u32;
        let (row_offset, digit_offset) = self.offset(wheel);
        let row = turned_back(row_rank, row_offset, self.rows);
        let digit = turned_back(digit_rank, digit_offset, self.digits);
        Some((self.turns.index_of(digit * self.rows + row), self.order.index_of(wheel)))
    }
}

/// Position of the set bit that has `rank` set bits below it.
fn nth_position(bits: u64, rank: u32) -> Option<u32> {
    if bits == u64::MAX { Some(rank) } else { positions(bits).nth(rank as usize) }
}

fn bits_of(words: &[u64]) -> impl Iterator<Item = u16> {
    let words = words.iter().enumerate();
    words.flat_map(|(index, &word)| positions(word).map(move |bit| (index * 64) as u16 + bit as u16))
}
