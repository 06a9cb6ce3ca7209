//! Parts a format into areas of equal beauty, for search that shows the most beautiful first.
//!
//! The points of a mark's tags add up, so 351 million marks have a few dozen different sums. They are
//! found without visiting a mark: digits that lie in the same rectangles form a class, within it the
//! regions do, and series that lie in the same masks do. Each triple of classes has one sum.
//! The alternative, cutting areas out of one another tag by tag, does the same work once for every
//! subset of tags that some mark carries.

use std::collections::{BTreeMap, HashMap};

use super::Tag;
use crate::area::{Area, Rectangle};
use crate::format::FormatId;
use crate::mask::{DigitMask, RegionMask, SeriesMask};

/// A rectangle of a tag, with the tag's points and its series by number.
struct Piece<'a> {
    points: u32,
    rectangle: &'a Rectangle,
    mask: usize,
}

/// The marks of a format by their sum of points, highest first; every mark of `whole` is in exactly one.
pub(super) fn areas_by_score(tags: &[Tag], whole: &Area) -> Vec<(u32, Area)> {
    let (id, rows) = (whole.format, whole.rows());
    let mut masks: Vec<&SeriesMask> = Vec::new();
    let mut numbers: HashMap<&SeriesMask, usize> = HashMap::new();
    let mut pieces = Vec::new();
    for (tag, rectangle) in tags.iter().flat_map(|tag| rectangles_of(tag, id).map(move |piece| (tag, piece)))
    {
        let mask = *numbers.entry(&rectangle.series).or_insert_with(|| {
            masks.push(&rectangle.series);
            masks.len() - 1
        });
        pieces.push(Piece { points: tag.beauty, rectangle, mask });
    }
    let mut series = SeriesClasses::of(&masks, rows);
    let mut boxes: BTreeMap<u32, Vec<Rectangle>> = BTreeMap::new();
    for all in whole.rectangles() {
        for (digits, here) in digit_classes(&pieces, &all.digits) {
            for (regions, active) in region_classes(&here, all.regions) {
                for (score, series) in series.by_score(&active) {
                    boxes.entry(score).or_default().push(Rectangle { digits, series, regions });
                }
            }
        }
    }
    let areas = boxes.into_iter().rev().map(|(score, boxes)| (score, Area::from_boxes(id, rows, boxes)));
    areas.collect()
}

fn rectangles_of(tag: &Tag, id: FormatId) -> impl Iterator<Item = &Rectangle> {
    tag.area(id).into_iter().flat_map(|area| area.rectangles())
}

/// Digits that lie in the same pieces, with those pieces.
fn digit_classes<'a>(pieces: &'a [Piece<'a>], whole: &DigitMask) -> Vec<(DigitMask, Vec<&'a Piece<'a>>)> {
    let mut classes: BTreeMap<Vec<usize>, DigitMask> = BTreeMap::new();
    for value in whole.iter() {
        let inside = pieces.iter().enumerate().filter(|(_, piece)| piece.rectangle.digits.contains(value));
        let key = inside.map(|(at, _)| at).collect();
        classes.entry(key).or_insert(DigitMask::EMPTY).set(value);
    }
    let with_pieces = |key: Vec<usize>| key.into_iter().filter_map(|at| pieces.get(at)).collect();
    classes.into_iter().map(|(key, digits)| (digits, with_pieces(key))).collect()
}

/// Regions that lie in the same pieces, with those pieces.
fn region_classes<'a>(pieces: &[&'a Piece<'a>], whole: RegionMask) -> Vec<(RegionMask, Vec<&'a Piece<'a>>)> {
    let mut classes: BTreeMap<Vec<usize>, RegionMask> = BTreeMap::new();
    for region in whole.iter() {
        let inside = pieces.iter().enumerate().filter(|(_, piece)| piece.rectangle.regions.contains(region));
        let key = inside.map(|(at, _)| at).collect();
        let class = classes.entry(key).or_insert(RegionMask::EMPTY);
        *class = class.or(RegionMask::of(region));
    }
    let with_pieces = |key: Vec<usize>| key.into_iter().filter_map(|at| pieces.get(at).copied()).collect();
    classes.into_iter().map(|(key, regions)| (regions, with_pieces(key))).collect()
}

/// Series that lie in the same masks, and the unions of classes that were asked for before, so that
/// equal masks are one allocation.
struct SeriesClasses {
    rows: u32,
    /// Of each class, the masks it lies in, ascending, and its series.
    classes: Vec<(Vec<usize>, Vec<u16>)>,
    unions: HashMap<Vec<usize>, SeriesMask>,
}

impl SeriesClasses {
    fn of(masks: &[&SeriesMask], rows: u32) -> SeriesClasses {
        let mut lies_in: Vec<Vec<usize>> = vec![Vec::new(); rows as usize];
        for (number, mask) in masks.iter().enumerate() {
            for value in mask.iter() {
                if let Some(numbers) = lies_in.get_mut(usize::from(value)) {
                    numbers.push(number);
                }
            }
        }
        let mut classes: BTreeMap<Vec<usize>, Vec<u16>> = BTreeMap::new();
        for (value, numbers) in (0..).zip(lies_in) {
            classes.entry(numbers).or_default().push(value);
        }
        SeriesClasses { rows, classes: classes.into_iter().collect(), unions: HashMap::new() }
    }

    /// The series by the points they get from the pieces that are active.
    fn by_score(&mut self, active: &[&Piece<'_>]) -> Vec<(u32, SeriesMask)> {
        let mut points: BTreeMap<usize, u32> = BTreeMap::new();
        for piece in active {
            *points.entry(piece.mask).or_default() += piece.points;
        }
        let mut by_score: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (class, (numbers, _)) in self.classes.iter().enumerate() {
            let score = numbers.iter().filter_map(|number| points.get(number)).sum();
            by_score.entry(score).or_default().push(class);
        }
        by_score.into_iter().map(|(score, classes)| (score, self.union(classes))).collect()
    }

    fn union(&mut self, classes: Vec<usize>) -> SeriesMask {
        if let Some(mask) = self.unions.get(&classes) {
            return mask.clone();
        }
        let series =
            classes.iter().filter_map(|class| self.classes.get(*class)).flat_map(|(_, series)| series);
        let mask = SeriesMask::from_series(self.rows, series.copied());
        self.unions.insert(classes, mask.clone());
        mask
    }
}
