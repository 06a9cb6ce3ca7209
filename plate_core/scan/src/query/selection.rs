//! Which digits of which rows of one pool are wanted.
//!
//! An area is cut by region into *slices* (digits × series). For a block of 64 rows the slices give
//! *parts*: sets of rows that want the same digits. Mostly there is one part, and a kernel answers
//! for all its rows at once. Areas are never intersected as wholes: where a page ends after a few
//! rows, that would be work for 17,576.
//! Regions in which an area looks the same, which is mostly all of them, share their slices.

use std::rc::Rc;

use plate_algebra::{Area, Pool, Rectangle, SeriesMask};

use crate::kernels::{ROW_WORDS, RowBits, positions};

/// The rows of a block that want the same digits. Parts of one block share no row.
#[derive(Copy, Clone)]
pub(super) struct Part {
    pub rows: u64,
    pub digits: RowBits,
}

/// A rectangle of an area, as far as one pool is concerned.
#[derive(Clone)]
struct Slice {
    digits: RowBits,
    series: SeriesMask,
    /// The blocks that have a row of it: at most 65,536 rows in 1,024 blocks, a bit each.
    blocks: RowBits,
}

/// Some areas, as far as one pool is concerned.
#[derive(Clone)]
pub(super) struct Slices {
    slices: Vec<Slice>,
    /// Every digit that any row wants.
    pub digits: RowBits,
    /// The blocks that have a wanted row.
    pub blocks: RowBits,
}

impl Slices {
    /// Rectangles, all of which have the pool's region.
    pub fn of<'a>(rectangles: impl Iterator<Item = &'a Rectangle>) -> Slices {
        rectangles.map(Slice::of).collect()
    }

    /// Whether nothing is wanted.
    pub fn is_empty(&self) -> bool {
        self.slices.is_empty()
    }

    /// The rows of a block that any slice has.
    pub fn rows(&self, block: usize) -> u64 {
        self.slices.iter().fold(0, |rows, slice| rows | slice.rows(block))
    }

    /// Whether a mark is wanted.
    pub fn contains(&self, block: usize, row: u32, digits: u16) -> bool {
        let (word, bit) = (usize::from(digits / 64), digits % 64);
        let wants = |slice: &Slice| {
            slice.rows(block) >> row & 1 == 1
                && slice.digits.get(word).is_some_and(|word| word >> bit & 1 == 1)
        };
        self.slices.iter().any(wants)
    }

    /// The slices that have a mark in common with `other`.
    pub fn narrowed(&self, other: &Slices) -> Slices {
        let touches = |slice: &&Slice| other.slices.iter().any(|other| slice.touches(other));
        self.slices.iter().filter(touches).cloned().collect()
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
                part.digits.iter_mut().zip(&slice.digits).for_each(|(all, word)| *all |= word);
            }
            if rows != 0 {
                parts.push(Part { rows, digits: slice.digits });
            }
        }
    }
}

impl FromIterator<Slice> for Slices {
    fn from_iter<I: IntoIterator<Item = Slice>>(slices: I) -> Slices {
        let slices: Vec<Slice> = slices.into_iter().collect();
        let (mut digits, mut blocks) = ([0; ROW_WORDS], [0; ROW_WORDS]);
        for slice in &slices {
            digits.iter_mut().zip(slice.digits).for_each(|(all, word)| *all |= word);
            blocks.iter_mut().zip(slice.blocks).for_each(|(all, word)| *all |= word);
        }
        Slices { slices, digits, blocks }
    }
}

impl FromIterator<Slices> for Slices {
    fn from_iter<I: IntoIterator<Item = Slices>>(slices: I) -> Slices {
        slices.into_iter().flat_map(|slices| slices.slices).collect()
    }
}

impl Slice {
    fn of(rectangle: &Rectangle) -> Slice {
        let mut blocks = [0; ROW_WORDS];
        for (word, rows) in blocks.iter_mut().zip(rectangle.series.words().chunks(64)) {
            let some = rows.iter().enumerate().map(|(block, &rows)| u64::from(rows != 0) << block);
            *word = some.fold(0, |blocks, block| blocks | block);
        }
        Slice { digits: rectangle.digits.0, series: rectangle.series.clone(), blocks }
    }

    fn rows(&self, block: usize) -> u64 {
        self.series.words().get(block).copied().unwrap_or(0)
    }

    fn touches(&self, other: &Slice) -> bool {
        let share = |a: &RowBits, b: &RowBits| a.iter().zip(b).any(|(a, b)| a & b != 0);
        let shares_rows = |(index, blocks): (usize, u64)| {
            positions(blocks).any(|block| {
                let block = index * 64 + block as usize;
                self.rows(block) & other.rows(block) != 0
            })
        };
        share(&self.digits, &other.digits)
            && both(&self.blocks, &other.blocks).into_iter().enumerate().any(shares_rows)
    }
}

/// What a query wants of each pool, made when a pool is first asked about.
pub(super) struct Within<'a> {
    areas: &'a [Area],
    pools: Vec<Option<Rc<Slices>>>,
    last: Option<(Pool, Rc<Slices>)>,
}

impl<'a> Within<'a> {
    pub fn new(areas: &'a [Area], pools: usize) -> Within<'a> {
        Within { areas, pools: vec![None; pools], last: None }
    }

    /// What is wanted of the pool with this number. Pools that are seen alike, one after the other, share it.
    pub fn pool(&mut self, index: usize, pool: Pool) -> Rc<Slices> {
        if let Some(Some(known)) = self.pools.get(index) {
            return Rc::clone(known);
        }
        let slices = match &self.last {
            Some((last, slices)) if self.alike(*last, pool) => Rc::clone(slices),
            _ => {
                let here = self.rectangles(pool).filter(|rectangle| rectangle.regions.contains(pool.region));
                Rc::new(Slices::of(here))
            }
        };
        self.last = Some((pool, Rc::clone(&slices)));
        self.pools[index] = Some(Rc::clone(&slices));
        slices
    }

    fn alike(&self, one: Pool, other: Pool) -> bool {
        let mut rectangles = self.rectangles(one).map(|rectangle| rectangle.regions);
        one.format == other.format
            && rectangles.all(|regions| regions.contains(one.region) == regions.contains(other.region))
    }

    /// The rectangles of the pool's format, in any region.
    fn rectangles(&self, pool: Pool) -> impl Iterator<Item = &'a Rectangle> + use<'a> {
        let of_format = self.areas.iter().filter(move |area| area.format == pool.format);
        of_format.flat_map(Area::rectangles)
    }
}

/// What one step of an order wants of one pool: the query's marks, of them those of one rank, or
/// those of no rank.
pub(super) struct Selection {
    within: Rc<Slices>,
    choice: Choice,
    /// Digits outside which nothing is wanted.
    pub digits: RowBits,
    /// Blocks outside which nothing is wanted.
    pub blocks: RowBits,
    buffers: [Vec<Part>; 2],
}

/// Which of the query's marks a step is about.
pub(super) enum Choice {
    /// All of them.
    All,
    /// Those in these slices as well.
    In(Slices),
    /// Those in none of these slices.
    Outside(Slices),
}

impl Selection {
    pub fn new(within: Rc<Slices>, choice: Choice) -> Selection {
        let (digits, blocks) = match &choice {
            Choice::All | Choice::Outside(_) => (within.digits, within.blocks),
            Choice::In(rank) => (both(&within.digits, &rank.digits), both(&within.blocks, &rank.blocks)),
        };
        Selection { within, choice, digits, blocks, buffers: [Vec::new(), Vec::new()] }
    }

    /// The parts of a block, in `parts`, which is emptied first.
    pub fn parts(&mut self, block: usize, parts: &mut Vec<Part>) {
        let [ours, theirs] = &mut self.buffers;
        match &self.choice {
            Choice::All => self.within.parts(block, parts),
            Choice::In(rank) => {
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
            Choice::Outside(ranks) => {
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
