//! Sets of marks as unions of disjoint rectangles: digit mask × series mask × region mask.
//!
//! Disjoint, because overlapping rectangles would count marks twice. And canonical: the regions are parted
//! into classes with the same picture, in each the digits are parted into classes with the same series. Two
//! areas are therefore equal exactly if their rectangles are, and no sequence of operations can make an
//! area grow in pieces that a shorter one would not have.
//!
//! Alternatives refused: a list of rectangles cut by subtraction (grows with every operation and depends on
//! its order), and classes of series instead of digits (17,576 possible classes instead of 999).
//! Searching the bitmaps with an area is the business of `plate_core/scan`.

use crate::{
    format::{Format, FormatId},
    mark::Mark,
    mask::{DigitMask, RegionMask, SeriesMask},
};

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

/// An area became more than the given number of rectangles.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct TooManyRectangles;

/// The part of an area in some regions: disjoint digit masks, each with its own series.
type Columns = Vec<(DigitMask, SeriesMask)>;

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
        Area::try_from_boxes(format, rows, boxes, usize::MAX).unwrap_or_else(|_| Area::empty(format, rows))
    }

    /// The union of boxes that may overlap, unless it needs more than `limit` rectangles.
    pub fn try_from_boxes(
        format: FormatId,
        rows: u32,
        mut boxes: Vec<Rectangle>,
        limit: usize,
    ) -> Result<Area, TooManyRectangles> {
        boxes.retain(|rectangle| !rectangle.is_empty());
        let mut picture = Picture::new(limit);
        for regions in partition_regions(boxes.iter().map(|rectangle| rectangle.regions)) {
            let here = boxes.iter().filter(|rectangle| !rectangle.regions.and(regions).is_empty());
            let columns = columns_of_boxes(&here.collect::<Vec<_>>());
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

    /// The marks of `self` combined with those of `other`, unless that needs more than `limit` rectangles.
    pub fn combine(
        &self,
        other: &Area,
        operation: Operation,
        limit: usize,
    ) -> Result<Area, TooManyRectangles> {
        if self.format != other.format {
            return Ok(match operation {
                Operation::Union | Operation::Difference => self.clone(),
                Operation::Intersection => Area::empty(self.format, self.rows),
            });
        }
        let (ours, theirs) = (self.slices(), other.slices());
        let regions = ours.iter().chain(&theirs).map(|slice| slice.0);
        let mut picture = Picture::new(limit);
        for regions in partition_regions(regions) {
            let left = columns_in(&ours, regions);
            let right = columns_in(&theirs, regions);
            picture.push(regions, combine_columns(left, right, operation))?;
        }
        Ok(picture.into_area(self.format, self.rows))
    }

    fn unlimited(&self, other: &Area, operation: Operation) -> Area {
        self.combine(other, operation, usize::MAX).unwrap_or_else(|_| Area::empty(self.format, self.rows))
    }

    /// The rectangles of each class of regions; the canonical order keeps a class together.
    fn slices(&self) -> Vec<(RegionMask, &[Rectangle])> {
        self.rectangles
            .chunk_by(|a, b| a.regions == b.regions)
            .filter_map(|chunk| chunk.first().map(|first| (first.regions, chunk)))
            .collect()
    }
}

/// What to do with two areas.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Operation {
    /// Marks in either.
    Union,
    /// Marks in both.
    Intersection,
    /// Marks in the first and not in the second.
    Difference,
}

impl Operation {
    /// The series that remain where the two sides have these; `None` stands for no series.
    fn apply(self, left: Option<&SeriesMask>, right: Option<&SeriesMask>) -> Option<SeriesMask> {
        match (self, left, right) {
            (_, None, None) => None,
            (Operation::Union, Some(one), None) | (Operation::Union, None, Some(one)) => Some(one.clone()),
            (Operation::Union, Some(left), Some(right)) => Some(left.or(right)),
            (Operation::Intersection, Some(left), Some(right)) => Some(left.and(right)),
            (Operation::Intersection, _, _) => None,
            (Operation::Difference, Some(left), Some(right)) => Some(left.minus(right)),
            (Operation::Difference, Some(left), None) => Some(left.clone()),
            (Operation::Difference, None, Some(_)) => None,
        }
    }
}

/// An area being built, region class by region class, kept canonical.
struct Picture {
    slices: Vec<(RegionMask, Columns)>,
    rectangles: usize,
    limit: usize,
}

impl Picture {
    fn new(limit: usize) -> Picture {
        Picture { slices: Vec::new(), rectangles: 0, limit }
    }

    /// Adds the columns of regions that no slice has yet; regions with the same picture become one slice.
    fn push(&mut self, regions: RegionMask, columns: Columns) -> Result<(), TooManyRectangles> {
        let columns = merge_columns(columns);
        if columns.is_empty() {
            return Ok(());
        }
        if let Some(same) = self.slices.iter_mut().find(|slice| slice.1 == columns) {
            same.0 = same.0.or(regions);
            return Ok(());
        }
        self.rectangles += columns.len();
        if self.rectangles > self.limit {
            return Err(TooManyRectangles);
        }
        self.slices.push((regions, columns));
        Ok(())
    }

    fn into_area(mut self, format: FormatId, rows: u32) -> Area {
        self.slices.sort_by_key(|slice| slice.0.0.trailing_zeros());
        let rectangles = self.slices.into_iter().flat_map(|(regions, columns)| {
            columns.into_iter().map(move |(digits, series)| Rectangle { digits, series, regions })
        });
        Area { format, rows, rectangles: rectangles.collect() }
    }
}

/// Joins digit masks that have the same series, drops the empty, and orders by the lowest digits.
fn merge_columns(columns: Columns) -> Columns {
    let mut merged: Columns = Vec::with_capacity(columns.len());
    for (digits, series) in columns {
        if digits.is_empty() || series.is_empty() {
            continue;
        }
        match merged.iter_mut().find(|column| column.1 == series) {
            Some(column) => column.0 = column.0.or(&digits),
            None => merged.push((digits, series)),
        }
    }
    merged.sort_by_key(|column| column.0.iter().next());
    merged
}

/// Columns of overlapping boxes: each class of digits has the series of every box it lies in.
fn columns_of_boxes(boxes: &[&Rectangle]) -> Columns {
    let classes = partition_digits(boxes.iter().map(|rectangle| rectangle.digits));
    let series_of = |class: &DigitMask| {
        let mut here = boxes.iter().filter(|rectangle| !rectangle.digits.and(class).is_empty());
        let first = here.next()?.series.clone();
        Some(here.fold(first, |series, rectangle| series.or(&rectangle.series)))
    };
    let columns = classes.into_iter().filter_map(|class| series_of(&class).map(|series| (class, series)));
    columns.collect()
}

fn combine_columns(left: &[Rectangle], right: &[Rectangle], operation: Operation) -> Columns {
    let masks = left.iter().chain(right).map(|rectangle| rectangle.digits);
    let classes = partition_digits(masks);
    let columns = classes.into_iter().filter_map(|class| {
        let left = series_at(left, &class);
        let right = series_at(right, &class);
        operation.apply(left, right).map(|series| (class, series))
    });
    columns.collect()
}

fn series_at<'a>(rectangles: &'a [Rectangle], class: &DigitMask) -> Option<&'a SeriesMask> {
    rectangles
        .iter()
        .find(|rectangle| !rectangle.digits.and(class).is_empty())
        .map(|rectangle| &rectangle.series)
}

fn columns_in<'a>(slices: &[(RegionMask, &'a [Rectangle])], regions: RegionMask) -> &'a [Rectangle] {
    slices.iter().find(|slice| !slice.0.and(regions).is_empty()).map_or(&[], |slice| slice.1)
}

/// The coarsest classes such that every given mask is a union of classes.
fn partition_digits(masks: impl Iterator<Item = DigitMask>) -> Vec<DigitMask> {
    let mut classes: Vec<DigitMask> = Vec::new();
    for mask in masks {
        let mut rest = mask;
        for index in 0..classes.len() {
            let Some(class) = classes.get_mut(index) else {
                break;
            };
            let inside = class.and(&mask);
            if inside.is_empty() {
                continue;
            }
            rest = rest.minus(&inside);
            let outside = class.minus(&mask);
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

/// The same for regions.
fn partition_regions(masks: impl Iterator<Item = RegionMask>) -> Vec<RegionMask> {
    let mut classes: Vec<RegionMask> = Vec::new();
    for mask in masks {
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
