//! Sets of marks as unions of disjoint rectangles: digit mask × series mask × region mask.
//!
//! Disjoint, because overlapping rectangles would count marks twice. And canonical: the regions are parted
//! into classes with the same picture, in each the digits are parted into classes with the same series. Two
//! areas are therefore equal exactly if their rectangles are, and no sequence of operations can make an
//! area grow in pieces that a shorter one would not have.
//!
//! Alternatives refused: a list of rectangles cut by subtraction (grows with every operation and depends on
//! its order), and classes of series instead of digits (17,576 possible classes instead of 999).
//! Searching the bitmaps with an area is the business of `plate_core/scan`; how an area comes to be, in the
//! least work, stands in `area/picture.rs`, and how much work that may be in `area/budget.rs`.

mod budget;
mod picture;
mod shelf;

pub use budget::{Budget, Excess};

use crate::{
    format::{Format, FormatId},
    mark::Mark,
    mask::{DigitMask, RegionMask, SeriesMask},
};
use picture::{Picture, partition_regions};

/// A product of three masks.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Rectangle {
    /// The digits.
    pub digits: DigitMask,
    /// The series.
    pub series: SeriesMask,
    /// The regions.
    pub regions: RegionMask,
}

impl Rectangle {
    /// How many marks: the product of the three counts.
    pub fn count(&self) -> u64 {
        u64::from(self.digits.count()) * u64::from(self.series.count()) * u64::from(self.regions.count())
    }

    /// Whether there is no mark.
    pub fn is_empty(&self) -> bool {
        self.digits.is_empty() || self.series.is_empty() || self.regions.is_empty()
    }

    /// Whether the mark, taken to be of the right format, is inside.
    pub fn contains(&self, mark: Mark) -> bool {
        self.regions.contains(mark.region)
            && self.digits.contains(mark.digits)
            && self.series.contains(mark.series)
    }
}

/// A set of marks of one format, as disjoint rectangles in canonical order.
///
/// The operations combine areas of one format. Areas of different formats share no mark: their
/// intersection is empty, a difference changes nothing, and a union keeps to the format of `self`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Area {
    /// The format of its marks.
    pub format: FormatId,
    rows: u32,
    rectangles: Vec<Rectangle>,
}

impl Area {
    /// No mark of a format with this many rows.
    pub fn empty(format: FormatId, rows: u32) -> Area {
        Area { format, rows, rectangles: Vec::new() }
    }

    /// Every issued mark of a format in the given regions.
    pub fn whole(id: FormatId, format: &Format, regions: RegionMask) -> Area {
        let lowest = format.digits_from;
        let digits = DigitMask::from_range(lowest, format.digit_values().saturating_sub(1));
        let series = SeriesMask::whole(format.rows());
        Area::from_boxes(id, format.rows(), vec![Rectangle { digits, series, regions }])
    }

    /// The union of boxes that may overlap.
    pub fn from_boxes(format: FormatId, rows: u32, boxes: Vec<Rectangle>) -> Area {
        let made = Area::try_from_boxes(format, rows, &boxes, &mut Budget::UNLIMITED.clone());
        made.unwrap_or_else(|_| Area::empty(format, rows))
    }

    /// The union of boxes that may overlap, within a budget.
    pub fn try_from_boxes(
        format: FormatId,
        rows: u32,
        boxes: &[Rectangle],
        budget: &mut Budget,
    ) -> Result<Area, Excess> {
        let mut picture = Picture::new(rows, budget);
        let boxes = picture.number(boxes)?;
        for regions in partition_regions(boxes.iter()) {
            let columns = picture.unite(&boxes, regions)?;
            picture.push(regions, columns)?;
        }
        Ok(picture.into_area(format, rows))
    }

    /// The disjoint rectangles.
    pub fn rectangles(&self) -> &[Rectangle] {
        &self.rectangles
    }

    /// How many series the format has.
    pub fn rows(&self) -> u32 {
        self.rows
    }

    /// How many marks, exactly.
    pub fn count(&self) -> u64 {
        self.rectangles.iter().map(Rectangle::count).sum()
    }

    /// Whether there is no mark.
    pub fn is_empty(&self) -> bool {
        self.rectangles.is_empty()
    }

    /// Whether the mark is inside.
    pub fn contains(&self, mark: Mark) -> bool {
        mark.format == self.format && self.rectangles.iter().any(|rectangle| rectangle.contains(mark))
    }

    /// Every mark once: rectangle by rectangle, in each by region, series and digits.
    pub fn iter(&self) -> impl Iterator<Item = Mark> + '_ {
        let format = self.format;
        self.rectangles.iter().flat_map(move |rectangle| {
            rectangle.regions.iter().flat_map(move |region| {
                rectangle.series.iter().flat_map(move |series| {
                    rectangle.digits.iter().map(move |digits| Mark { format, region, series, digits })
                })
            })
        })
    }

    /// The marks in either.
    #[must_use]
    pub fn union(&self, other: &Area) -> Area {
        self.unlimited(other, Operation::Union)
    }

    /// The marks in both.
    #[must_use]
    pub fn intersect(&self, other: &Area) -> Area {
        self.unlimited(other, Operation::Intersection)
    }

    /// The marks in `self` and not in `other`.
    #[must_use]
    pub fn subtract(&self, other: &Area) -> Area {
        self.unlimited(other, Operation::Difference)
    }

    /// The marks of `whole` that are not in `self`; `whole` is usually [`crate::Formats::whole`].
    #[must_use]
    pub fn complement(&self, whole: &Area) -> Area {
        whole.subtract(self)
    }

    /// The marks in these regions.
    #[must_use]
    pub fn within(&self, regions: RegionMask) -> Area {
        let boxes = self
            .rectangles
            .iter()
            .map(|rectangle| Rectangle { regions: rectangle.regions.and(regions), ..rectangle.clone() });
        Area::from_boxes(self.format, self.rows, boxes.collect())
    }

    /// The marks of `self` combined with those of `other`, within a budget.
    pub fn combine(&self, other: &Area, operation: Operation, budget: &mut Budget) -> Result<Area, Excess> {
        if self.format != other.format {
            return Ok(match operation {
                Operation::Union | Operation::Difference => self.clone(),
                Operation::Intersection => Area::empty(self.format, self.rows),
            });
        }
        let mut picture = Picture::new(self.rows, budget);
        let (ours, theirs) = (picture.number(&self.rectangles)?, picture.number(&other.rectangles)?);
        for regions in partition_regions(ours.iter().chain(&theirs)) {
            let (left, right) = (picture.columns(&ours, regions)?, picture.columns(&theirs, regions)?);
            let columns = picture.combine(&left, &right, operation)?;
            picture.push(regions, columns)?;
        }
        Ok(picture.into_area(self.format, self.rows))
    }

    fn unlimited(&self, other: &Area, operation: Operation) -> Area {
        let made = self.combine(other, operation, &mut Budget::UNLIMITED.clone());
        made.unwrap_or_else(|_| Area::empty(self.format, self.rows))
    }
}

/// What to do with two areas.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Operation {
    /// Marks in either.
    Union,
    /// Marks in both.
    Intersection,
    /// Marks in the first and not in the second.
    Difference,
}
