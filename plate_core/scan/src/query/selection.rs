//! Which digits of which rows of one pool are wanted.
//!
//! An area is cut by region once, into *slices* (digits × series). For a block of 64 rows the slices
//! give *parts*: sets of rows that want the same digits. Mostly there is one part, and a kernel
//! answers for all its rows at once. Areas are never intersected as wholes: where a page ends after
//! a few rows, that would be work for 17,576.

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

/// An area as far as one pool is concerned.
#[derive(Clone)]
pub(super) struct Slices<'a> {
    slices: Vec<Slice<'a>>,
    /// Every digit that any row wants.
    pub digits: RowBits,
}

impl<'a> Slices<'a> {
    /// The part of the areas that lies in the pool.
    pub fn of(areas: &'a [Area], pool: Pool) -> Slices<'a> {
        let mut digits = [0; ROW_WORDS];
        let mut slices = Vec::new();
        for area in areas.iter().filter(|area| area.format == pool.format) {
            for rectangle in area.rectangles() {
                if rectangle.regions.contains(pool.region) {
                    let slice = Slice { digits: &rectangle.digits.0, series: rectangle.series.words() };
                    digits.iter_mut().zip(slice.digits).for_each(|(all, word)| *all |= word);
                    slices.push(slice);
                }
            }
        }
        Slices { slices, digits }
    }

    /// The rows of a block that any slice has.
    pub fn rows(&self, block: usize) -> u64 {
        self.slices.iter().fold(0, |rows, slice| rows | slice.rows(block))
    }

    /// Whether a mark is wanted.
    pub fn contains(&self, block: usize, row: u64, digits: usize) -> bool {
        let wants = |slice: &Slice<'_>| {
            slice.rows(block) >> row & 1 == 1 && slice.digits[digits / 64] >> (digits % 64) & 1 == 1
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
                let rest = parts[index].rows & !common;
                if rest != 0 {
                    parts.push(Part { rows: rest, ..parts[index] });
                    parts[index].rows = common;
                }
                parts[index].digits.iter_mut().zip(slice.digits).for_each(|(all, word)| *all |= word);
            }
            if rows != 0 {
                parts.push(Part { rows, digits: *slice.digits });
            }
        }
    }
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
    buffer: Vec<Part>,
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
        Selection { within, rank, buffer: Vec::new() }
    }

    /// Digits outside which nothing is wanted.
    pub fn digits(&self) -> RowBits {
        match &self.rank {
            Rank::All | Rank::Outside(_) => self.within.digits,
            Rank::In(rank) => both(&self.within.digits, &rank.digits),
        }
    }

    /// The parts of a block, in `parts`, which is emptied first.
    pub fn parts(&mut self, block: usize, parts: &mut Vec<Part>) {
        match &self.rank {
            Rank::All => self.within.parts(block, parts),
            Rank::In(rank) => {
                self.within.parts(block, &mut self.buffer);
                let (ours, mut theirs) = (&self.buffer, Vec::new());
                parts.clear();
                if !ours.is_empty() {
                    rank.parts(block, &mut theirs);
                }
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
                if !parts.is_empty() {
                    ranks.parts(block, &mut self.buffer);
                }
                for ranked in self.buffer.drain(..) {
                    remove(parts, &ranked);
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
        if common == 0 {
            continue;
        }
        let rest = parts[index].rows & !common;
        if rest != 0 {
            parts.push(Part { rows: rest, ..parts[index] });
            parts[index].rows = common;
        }
        parts[index].digits.iter_mut().zip(&gone.digits).for_each(|(word, gone)| *word &= !gone);
    }
}

pub(super) fn both(a: &RowBits, b: &RowBits) -> RowBits {
    let mut common = *a;
    common.iter_mut().zip(b).for_each(|(word, other)| *word &= other);
    common
}
