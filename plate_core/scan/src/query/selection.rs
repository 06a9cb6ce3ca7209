//! Which digits of which rows of one pool are wanted.
//!
//! An area is cut by region once, into *slices* (digits × series). For a block of 64 rows the slices
//! give *parts*: sets of rows that want the same digits. Mostly there is one part, and a kernel
//! answers for all its rows at once. Areas are never intersected as wholes: where a page ends after
//! a few rows, that would be work for 17,576.
//! Regions in which an area looks the same, which is mostly all of them, share their slices.

use plate_algebra::{Area, Pool};

use crate::kernels::{ROW_WORDS, RowBits};

/// The rows of a block that want the same digits. Parts of one block share no row.
#[derive(Copy, Clone)]
pub(super) struct Part {
    pub rows: u64,
    pub digits: RowBits,
}

/// A rectangle of an area, as far as one pool is concerned.
#[derive(Copy, Clone)]
struct Slice<'a> {
    digits: &'a RowBits,
    series: &'a [u64],
}

/// Some areas, as far as one pool is concerned.
#[derive(Clone)]
pub(super) struct Slices<'a> {
    areas: &'a [Area],
    pool: Pool,
    slices: Vec<Slice<'a>>,
    /// Every digit that any row wants.
    pub digits: RowBits,
    /// The blocks that have a wanted row: at most 65,536 rows in 1,024 blocks, a bit each.
    pub blocks: RowBits,
}

impl<'a> Slices<'a> {
    /// The part of the areas that lies in the pool.
    pub fn of(areas: &'a [Area], pool: Pool) -> Slices<'a> {
        let (mut digits, mut blocks) = ([0; ROW_WORDS], [0; ROW_WORDS]);
        let mut slices = Vec::new();
        for rectangle in rectangles(areas, pool).filter(|rectangle| rectangle.regions.contains(pool.region)) {
            let slice = Slice { digits: &rectangle.digits.0, series: rectangle.series.words() };
            digits.iter_mut().zip(slice.digits).for_each(|(all, word)| *all |= word);
            for (word, rows) in blocks.iter_mut().zip(slice.series.chunks(64)) {
                let some = rows.iter().enumerate().map(|(block, &rows)| u64::from(rows != 0) << block);
                *word |= some.fold(0, |blocks, block| blocks | block);
            }
            slices.push(slice);
        }
        Slices { areas, pool, slices, digits, blocks }
    }

    /// Whether another pool has the same slices.
    pub fn fit(&self, pool: Pool) -> bool {
        let same = |regions: plate_algebra::RegionMask| {
            regions.contains(pool.region) == regions.contains(self.pool.region)
        };
        pool.format == self.pool.format
            && rectangles(self.areas, pool).all(|rectangle| same(rectangle.regions))
    }

    /// The rows of a block that any slice has.
    pub fn rows(&self, block: usize) -> u64 {
        self.slices.iter().fold(0, |rows, slice| rows | slice.rows(block))
    }

    /// Whether a mark is wanted.
    pub fn contains(&self, block: usize, row: u32, digits: u16) -> bool {
        let (word, bit) = (usize::from(digits / 64), digits % 64);
        let wants = |slice: &Slice<'_>| {
            slice.rows(block) >> row & 1 == 1
                && slice.digits.get(word).is_some_and(|word| word >> bit & 1 == 1)
        };
        self.slices.iter().any(wants)
    }

    /// The parts of a block, in `parts`, which is emptied first.
    fn parts(&self, block: usize, parts: &mut Vec<Part>) {
        parts.clear();
        for slice in &self.slices {
            let mut rows = slice.rows(block);
            for index in 0..parts.len() {
                let common = parts[index].rows & rows;
                if common == 0 {
                    continue;
                }
                rows &= !common;
                let part = split(parts, index, common);
                part.digits.iter_mut().zip(slice.digits).for_each(|(all, word)| *all |= word);
            }
            if rows != 0 {
                parts.push(Part { rows, digits: *slice.digits });
            }
        }
    }
}

/// The rectangles of the pool's format, in any region.
fn rectangles(areas: &[Area], pool: Pool) -> impl Iterator<Item = &plate_algebra::Rectangle> {
    areas.iter().filter(move |area| area.format == pool.format).flat_map(Area::rectangles)
}

impl Slice<'_> {
    fn rows(&self, block: usize) -> u64 {
        self.series.get(block).copied().unwrap_or(0)
    }
}

/// What one step of an order wants of one pool: the query's marks, of them those of one rank, or
/// those of no rank.
pub(super) struct Selection<'a> {
    within: Slices<'a>,
    rank: Rank<'a>,
    /// Digits outside which nothing is wanted.
    pub digits: RowBits,
    /// Blocks outside which nothing is wanted.
    pub blocks: RowBits,
    buffers: [Vec<Part>; 2],
}

/// Which of the query's marks a step is about.
pub(super) enum Rank<'a> {
    /// All of them: the order has no ranks.
    All,
    /// Those in this area as well.
    In(Slices<'a>),
    /// Those in none of the ranks.
    Outside(Slices<'a>),
}

impl<'a> Selection<'a> {
    pub fn new(within: Slices<'a>, rank: Rank<'a>) -> Selection<'a> {
        let (digits, blocks) = match &rank {
            Rank::All | Rank::Outside(_) => (within.digits, within.blocks),
            Rank::In(rank) => (both(&within.digits, &rank.digits), both(&within.blocks, &rank.blocks)),
        };
        Selection { within, rank, digits, blocks, buffers: [Vec::new(), Vec::new()] }
    }

    /// Whether another pool has the same selection.
    pub fn fits(&self, pool: Pool) -> bool {
        let rank_fits = match &self.rank {
            Rank::All => true,
            Rank::In(rank) | Rank::Outside(rank) => rank.fit(pool),
        };
        rank_fits && self.within.fit(pool)
    }

    /// The parts of a block, in `parts`, which is emptied first.
    pub fn parts(&mut self, block: usize, parts: &mut Vec<Part>) {
        let [ours, theirs] = &mut self.buffers;
        match &self.rank {
            Rank::All => self.within.parts(block, parts),
            Rank::In(rank) => {
                self.within.parts(block, ours);
                rank.parts(block, theirs);
                parts.clear();
                for our in ours {
                    let common = theirs.iter().map(|their| Part {
                        rows: our.rows & their.rows,
                        digits: both(&our.digits, &their.digits),
                    });
                    parts.extend(common.filter(Part::is_some));
                }
            }
            Rank::Outside(ranks) => {
                self.within.parts(block, parts);
                ranks.parts(block, theirs);
                for ranked in theirs {
                    remove(parts, ranked);
                }
                parts.retain(Part::is_some);
            }
        }
    }
}

impl Part {
    fn is_some(&self) -> bool {
        self.rows != 0 && self.digits.iter().any(|&word| word != 0)
    }
}

/// Takes the marks of `gone` out of the parts.
fn remove(parts: &mut Vec<Part>, gone: &Part) {
    for index in 0..parts.len() {
        let common = parts[index].rows & gone.rows;
        if common != 0 {
            let part = split(parts, index, common);
            part.digits.iter_mut().zip(&gone.digits).for_each(|(word, gone)| *word &= !gone);
        }
    }
}

/// Leaves a part with the given rows of its own, the others in a new part behind all.
fn split(parts: &mut Vec<Part>, index: usize, rows: u64) -> &mut Part {
    let rest = Part { rows: parts[index].rows & !rows, ..parts[index] };
    if rest.rows != 0 {
        parts.push(rest);
    }
    parts[index].rows = rows;
    &mut parts[index]
}

pub(super) fn both(a: &RowBits, b: &RowBits) -> RowBits {
    let mut common = *a;
    common.iter_mut().zip(b).for_each(|(word, other)| *word &= other);
    common
}
