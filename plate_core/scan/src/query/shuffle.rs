//! Pages in a seeded order all over the country, so that not everybody is shown the same first forty.
//!
//! Imagine the result's blocks of 64 rows as wheels, each with 64 × m places for a row and one of
//! the m digits that the query wants anywhere. In one *turn* every wheel shows one place, the wheels
//! in an order of their own; after 64 × m turns every place was shown once. Which place a wheel
//! shows in a turn, and the order of the wheels, are permutations made from the seed (a Feistel
//! network: Luby and Rackoff, 1988; cut to size by walking its cycles: Black and Rogaway, 2002). So
//! a mark's place in the order, (turn, place of its block), follows from the seed and the query
//! alone, whatever is free; two neighbours on a page are of different blocks, which are different
//! regions or letters; and pages are disjoint and complete.
//!
//! Two ways to make a page, which give the same one: where much is free, turn the wheels until it is
//! full; where little is, as of a pattern that is almost sold out, gather all that is left and sort
//! it by its places. The count, which costs next to nothing, tells which is cheaper.

use std::ops::ControlFlow;

use plate_algebra::Mark;

use super::cursor::Place;
use super::selection::{Rank, Selection, Slices};
use super::walk::walk;
use super::{Filling, Query};
use crate::kernels::{BLOCK_ROWS, ROW_WORDS, RowBits, positions};
use crate::permutation::{Permutation, mix};
use crate::planes::{Planes, PoolPlanes};

/// Looking at one place of one wheel, and finding the place of one free mark, in nanoseconds: only
/// their ratio counts, and only for speed.
const LOOK_COST: f64 = 6.0;
const PLACE_COST: f64 = 40.0;

/// Fills the page with the marks behind `after`.
pub(super) fn fill(planes: &Planes, query: &Query<'_>, seed: u64, after: Option<Place>, page: &mut Filling) {
    let wheels = Wheels::new(planes, query, seed);
    let places = wheels.turns.len() as f64 * wheels.order.len() as f64;
    if places == 0.0 {
        return;
    }
    let after = match after {
        Some(Place::Shuffled { turn, block }) => Some((turn, block)),
        _ => None,
    };
    let marks = planes.count(query.areas, query.free_only).unwrap_or(0) as f64;
    let looks = (page.limit + 1) as f64 * places / marks.max(1.0);
    if looks * LOOK_COST <= marks * PLACE_COST {
        wheels.turn(query.free_only, after, page);
    } else {
        wheels.gather(planes, query.free_only, after, page);
    }
}

/// One pool of the result: its slices, and the blocks that have a wanted row.
struct PoolWheels<'a> {
    pool: PoolPlanes<'a>,
    slices: Slices<'a>,
    blocks: Vec<u16>,
    /// The number of its first wheel.
    first: u32,
}

struct Wheels<'a> {
    pools: Vec<PoolWheels<'a>>,
    /// Every digit value that the query wants anywhere, ascending, and its place in that list.
    digits: Vec<u16>,
    wanted: RowBits,
    seed: u64,
    order: Permutation,
    turns: Permutation,
}

impl<'a> Wheels<'a> {
    fn new(planes: &'a Planes, query: &Query<'a>, seed: u64) -> Wheels<'a> {
        let mut pools: Vec<PoolWheels<'a>> = Vec::new();
        let (mut wanted, mut first) = ([0; ROW_WORDS], 0);
        for pool in planes.pools() {
            let slices = Slices::of(query.areas, pool.pool());
            let blocks: Vec<u16> = (0..pool.blocks())
                .filter(|&block| slices.rows(block) != 0)
                .map(|block| block as u16)
                .collect();
            if blocks.is_empty() {
                continue;
            }
            wanted.iter_mut().zip(&slices.digits).for_each(|(all, word)| *all |= word);
            let next = first + blocks.len() as u32;
            pools.push(PoolWheels { pool, slices, blocks, first });
            first = next;
        }
        let words = wanted.iter().enumerate();
        let digits: Vec<u16> = words
            .flat_map(|(index, &word)| positions(word).map(move |bit| index as u16 * 64 + bit as u16))
            .collect();
        let turns = Permutation::new((digits.len() * BLOCK_ROWS) as u32, mix(seed ^ 1));
        Wheels { pools, digits, wanted, seed, order: Permutation::new(first, mix(seed ^ 2)), turns }
    }

    /// How far a wheel is turned from the others, in rows and in digits.
    fn offset(&self, wheel: u32) -> (u64, u64) {
        let offset = mix(self.seed ^ mix(u64::from(wheel) + 3));
        (offset % BLOCK_ROWS as u64, (offset >> 8) % self.digits.len() as u64)
    }

    /// Turns the wheels until the page is full.
    fn turn(&self, free_only: bool, after: Option<(u32, u32)>, page: &mut Filling) {
        let (first_turn, first_block) = after.map_or((0, 0), |(turn, block)| (turn, block.saturating_add(1)));
        for turn in first_turn..self.turns.len() {
            let shown = u64::from(self.turns.at(turn));
            let from = if turn == first_turn { first_block } else { 0 };
            for place in from..self.order.len() {
                let wheel = self.order.at(place);
                let Some(mark) = self.mark_at(wheel, shown, free_only) else {
                    continue;
                };
                if page.push(mark, Place::Shuffled { turn, block: place }).is_break() {
                    return;
                }
            }
        }
    }

    /// The mark that a wheel shows, if it is one of the result.
    fn mark_at(&self, wheel: u32, shown: u64, free_only: bool) -> Option<Mark> {
        let (row_offset, digit_offset) = self.offset(wheel);
        let row = (shown + row_offset) % BLOCK_ROWS as u64;
        let rank = (shown / BLOCK_ROWS as u64 + digit_offset) % self.digits.len() as u64;
        let digits = self.digits[rank as usize];
        let last = self.pools.partition_point(|wheels| wheels.first <= wheel).checked_sub(1)?;
        let PoolWheels { pool, slices, blocks, first } = &self.pools[last];
        let block = usize::from(blocks[(wheel - first) as usize]);
        if !slices.contains(block, row, digits.into()) {
            return None;
        }
        let series = (block * BLOCK_ROWS) as u16 + row as u16;
        if free_only && !pool.is_free(series, digits) {
            return None;
        }
        let plate_algebra::Pool { format, region } = pool.pool();
        Some(Mark { format, region, series, digits })
    }

    /// Gathers every mark of the result and sorts those behind `after` by their places.
    fn gather(&self, planes: &Planes, free_only: bool, after: Option<(u32, u32)>, page: &mut Filling) {
        let mut found: Vec<((u32, u32), Mark)> = Vec::new();
        for wheels in &self.pools {
            let mut selection = Selection::new(wheels.slices.clone(), Rank::All);
            let plate_algebra::Pool { format, region } = wheels.pool.pool();
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
        let block = series / BLOCK_ROWS as u16;
        let index = wheels.blocks.binary_search(&block).ok()?;
        let wheel = wheels.first + index as u32;
        let (row_offset, digit_offset) = self.offset(wheel);
        let (rows, values) = (BLOCK_ROWS as u64, self.digits.len() as u64);
        let row = (u64::from(series % BLOCK_ROWS as u16) + rows - row_offset) % rows;
        let rank = (self.rank_of(digits) + values - digit_offset) % values;
        Some((self.turns.index_of((rank * rows + row) as u32), self.order.index_of(wheel)))
    }

    /// How many wanted digit values are smaller.
    fn rank_of(&self, digits: u16) -> u64 {
        let (word, bit) = (usize::from(digits / 64), digits % 64);
        let before: u32 = self.wanted[..word].iter().map(|word| word.count_ones()).sum();
        u64::from(before + (self.wanted[word] & ((1 << bit) - 1)).count_ones())
    }
}
