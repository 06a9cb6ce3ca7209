//! The series masks of one area in the making, each once and under a number.
//!
//! A mask of series has 2,200 bytes, and an area in the making meets the same few of them in every region
//! and with every class of digits. Under numbers, two masks are compared by two words, and no two masks
//! are combined twice.

use super::{
    Operation,
    budget::{Budget, Excess},
};
use crate::mask::SeriesMask;
use std::collections::BTreeMap;

/// A mask on the shelf.
pub(super) type Number = usize;

/// The number of the mask without a series.
pub(super) const NONE: Number = 0;

/// Masks by number, and what became of the pairs that were combined.
pub(super) struct Shelf {
    masks: Vec<SeriesMask>,
    numbers: BTreeMap<SeriesMask, Number>,
    /// Where masks lie that have a number. They are kept, so that no other mask comes to lie there.
    places: BTreeMap<usize, (SeriesMask, Number)>,
    combined: BTreeMap<(Operation, Number, Number), Number>,
}

impl Shelf {
    /// A shelf with [`NONE`] only.
    pub(super) fn new(rows: u32) -> Shelf {
        let none = SeriesMask::empty(rows);
        Shelf {
            masks: vec![none.clone()],
            numbers: BTreeMap::from([(none, NONE)]),
            places: BTreeMap::new(),
            combined: BTreeMap::new(),
        }
    }

    /// The number of a mask. Its words are read once for each place where it lies.
    pub(super) fn number(&mut self, mask: &SeriesMask, budget: &mut Budget) -> Result<Number, Excess> {
        if let Some((_, number)) = self.places.get(&mask.place()) {
            return Ok(*number);
        }
        budget.spend(mask.words().len() as u64)?;
        let number = *self.numbers.entry(mask.clone()).or_insert(self.masks.len());
        if number == self.masks.len() {
            self.masks.push(mask.clone());
        }
        self.places.insert(mask.place(), (mask.clone(), number));
        Ok(number)
    }

    /// The mask of a number.
    pub(super) fn mask(&self, number: Number) -> Option<&SeriesMask> {
        self.masks.get(number)
    }

    /// The series of two masks combined.
    pub(super) fn combine(
        &mut self,
        operation: Operation,
        left: Number,
        right: Number,
        budget: &mut Budget,
    ) -> Result<Number, Excess> {
        match (operation, left, right) {
            (Operation::Union | Operation::Difference, one, NONE) | (Operation::Union, NONE, one) => {
                return Ok(one);
            }
            (Operation::Intersection, NONE, _)
            | (Operation::Intersection, _, NONE)
            | (Operation::Difference, NONE, _) => return Ok(NONE),
            (Operation::Union | Operation::Intersection, one, same) if one == same => return Ok(one),
            _ => {}
        }
        let pair = (operation, left, right);
        if let Some(known) = self.combined.get(&pair) {
            return Ok(*known);
        }
        let (Some(one), Some(other)) = (self.mask(left), self.mask(right)) else {
            return Ok(NONE);
        };
        budget.spend(one.words().len() as u64)?;
        let made = match operation {
            Operation::Union => one.or(other),
            Operation::Intersection => one.and(other),
            Operation::Difference => one.minus(other),
        };
        let number = self.number(&made, budget)?;
        self.combined.insert(pair, number);
        Ok(number)
    }
}
