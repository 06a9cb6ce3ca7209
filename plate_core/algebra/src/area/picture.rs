//! An area being built, region class by region class, kept canonical.
//!
//! In each class of regions the digits are parted into columns, each with its own series. Columns with the
//! same series become one at once and not at the end: many masks of digits cut each other into hundreds of
//! classes, and few of those differ in their series.

use super::{
    Area, Operation, Rectangle,
    budget::{Budget, Excess},
    shelf::{NONE, Number, Shelf},
};
use crate::{
    format::FormatId,
    mask::{DigitMask, RegionMask},
};
use std::collections::BTreeMap;

/// The part of an area in some regions: disjoint digit masks, by the number of their series.
pub(super) type Columns = BTreeMap<Number, DigitMask>;

/// A box whose series have a number.
pub(super) struct Numbered {
    pub(super) digits: DigitMask,
    pub(super) series: Number,
    pub(super) regions: RegionMask,
}

/// The slices built so far.
pub(super) struct Picture<'a> {
    slices: Vec<(RegionMask, Columns)>,
    rectangles: u64,
    shelf: Shelf,
    budget: &'a mut Budget,
}

impl<'a> Picture<'a> {
    pub(super) fn new(rows: u32, budget: &'a mut Budget) -> Picture<'a> {
        Picture { slices: Vec::new(), rectangles: 0, shelf: Shelf::new(rows), budget }
    }

    /// The boxes with their series on the shelf; the empty ones are left out.
    pub(super) fn number(&mut self, boxes: &[Rectangle]) -> Result<Vec<Numbered>, Excess> {
        let mut numbered = Vec::with_capacity(boxes.len());
        for Rectangle { digits, series, regions } in boxes {
            let series = self.shelf.number(series, self.budget)?;
            if series != NONE && !digits.is_empty() && !regions.is_empty() {
                numbered.push(Numbered { digits: *digits, series, regions: *regions });
            }
        }
        Ok(numbered)
    }

    /// The columns of boxes that may overlap: every digit value has the series of every box it lies in.
    pub(super) fn unite(&mut self, boxes: &[Numbered], regions: RegionMask) -> Result<Columns, Excess> {
        let boxes = self.columns(boxes, regions)?;
        let mut united = Columns::new();
        for (series, digits) in boxes {
            united = self.combine(&united, &Columns::from([(series, digits)]), Operation::Union)?;
        }
        Ok(united)
    }

    /// The digits of the boxes in these regions, by their series. Of disjoint boxes these are the columns.
    pub(super) fn columns(&mut self, boxes: &[Numbered], regions: RegionMask) -> Result<Columns, Excess> {
        self.budget.spend(boxes.len() as u64)?;
        let mut columns = Columns::new();
        for numbered in boxes.iter().filter(|numbered| !numbered.regions.and(regions).is_empty()) {
            self.budget.spend_digit_masks(1)?;
            add(&mut columns, numbered.series, &numbered.digits);
        }
        Ok(columns)
    }

    /// Every pair of columns that meet, and what of either meets none.
    pub(super) fn combine(
        &mut self,
        left: &Columns,
        right: &Columns,
        operation: Operation,
    ) -> Result<Columns, Excess> {
        self.budget.spend_digit_masks(left.len().saturating_mul(right.len()))?;
        let mut combined = Columns::new();
        let mut alone: Vec<DigitMask> = right.values().copied().collect();
        for (one, ours) in left {
            let mut rest = *ours;
            for ((other, theirs), alone) in right.iter().zip(&mut alone) {
                let both = ours.and(theirs);
                if both.is_empty() {
                    continue;
                }
                rest = rest.minus(&both);
                *alone = alone.minus(&both);
                let series = self.shelf.combine(operation, *one, *other, self.budget)?;
                add(&mut combined, series, &both);
            }
            let series = self.shelf.combine(operation, *one, NONE, self.budget)?;
            add(&mut combined, series, &rest);
        }
        for (other, alone) in right.keys().zip(&alone) {
            let series = self.shelf.combine(operation, NONE, *other, self.budget)?;
            add(&mut combined, series, alone);
        }
        Ok(combined)
    }

    /// Adds the columns of regions that no slice has yet; regions with the same picture become one slice.
    pub(super) fn push(&mut self, regions: RegionMask, columns: Columns) -> Result<(), Excess> {
        if columns.is_empty() {
            return Ok(());
        }
        if let Some(same) = self.slices.iter_mut().find(|slice| slice.1 == columns) {
            same.0 = same.0.or(regions);
            return Ok(());
        }
        self.rectangles += columns.len() as u64;
        if self.rectangles > self.budget.rectangles {
            return Err(Excess::Rectangles);
        }
        self.slices.push((regions, columns));
        Ok(())
    }

    /// The area, its rectangles by the lowest region and the lowest digits.
    pub(super) fn into_area(mut self, format: FormatId, rows: u32) -> Area {
        self.slices.sort_by_key(|slice| slice.0.0.trailing_zeros());
        let mut rectangles = Vec::new();
        for (regions, columns) in &self.slices {
            let mut columns: Vec<(&Number, &DigitMask)> = columns.iter().collect();
            columns.sort_by_key(|(_, digits)| digits.iter().next());
            let with_series = columns.into_iter().filter_map(|(number, digits)| {
                let series = self.shelf.mask(*number)?.clone();
                Some(Rectangle { digits: *digits, series, regions: *regions })
            });
            rectangles.extend(with_series);
        }
        Area { format, rows, rectangles }
    }
}

/// Adds digits to a column; what has no digits or no series is none.
fn add(columns: &mut Columns, series: Number, digits: &DigitMask) {
    if series == NONE || digits.is_empty() {
        return;
    }
    columns.entry(series).and_modify(|column| *column = column.or(digits)).or_insert(*digits);
}

/// The coarsest classes such that all regions of one lie in the same boxes.
pub(super) fn partition_regions<'a>(boxes: impl Iterator<Item = &'a Numbered>) -> Vec<RegionMask> {
    let mut classes: Vec<RegionMask> = Vec::new();
    for mask in boxes.map(|numbered| numbered.regions) {
        let mut rest = mask;
        for index in 0..classes.len() {
            let Some(class) = classes.get_mut(index) else {
                break;
            };
            let inside = class.and(mask);
            if inside.is_empty() {
                continue;
            }
            rest = rest.minus(inside);
            let outside = class.minus(mask);
            if !outside.is_empty() {
                *class = inside;
                classes.push(outside);
            }
        }
        if !rest.is_empty() {
            classes.push(rest);
        }
    }
    classes
}
