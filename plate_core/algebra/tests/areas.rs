//! Areas: sets of marks, held against sets that list every mark.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use plate_algebra::{
    Area, Budget, DigitMask, Excess, FormatId, Mark, Rectangle, Region, RegionMask, SeriesMask,
};
use proptest::prelude::*;
use std::collections::HashSet;

/// Few enough rows that a test can list every mark of an area.
const ROWS: u32 = 70;
const FORMAT: FormatId = FormatId(0);

fn digit_mask() -> impl Strategy<Value = DigitMask> {
    prop::collection::vec(prop_oneof![0_u16..4, Just(63), Just(64), Just(999)], 0..5)
        .prop_map(|values| DigitMask::from_fn(|value| values.contains(&value)))
}

fn series_mask() -> impl Strategy<Value = SeriesMask> {
    prop::collection::vec(prop_oneof![0_u16..4, Just(63), Just(64), Just(69)], 0..5)
        .prop_map(|values| SeriesMask::from_series(ROWS, values))
}

fn region_mask() -> impl Strategy<Value = RegionMask> {
    prop::collection::vec(prop_oneof![Just(1_u8), Just(2), Just(20), Just(99)], 0..4)
        .prop_map(|codes| codes.into_iter().map(|code| Region::new(code).unwrap()).collect())
}

fn boxes() -> impl Strategy<Value = Vec<Rectangle>> {
    let one = (digit_mask(), series_mask(), region_mask()).prop_map(|(digits, series, regions)| Rectangle {
        digits,
        series,
        regions,
    });
    prop::collection::vec(one, 0..5)
}

/// Every mark of some boxes, listed one by one.
fn list(boxes: &[Rectangle]) -> HashSet<Mark> {
    let mut marks = HashSet::new();
    for rectangle in boxes {
        for region in rectangle.regions.iter() {
            for series in rectangle.series.iter() {
                for digits in rectangle.digits.iter() {
                    marks.insert(Mark { format: FORMAT, region, series, digits });
                }
            }
        }
    }
    marks
}

fn area(boxes: &[Rectangle]) -> Area {
    Area::from_boxes(FORMAT, ROWS, boxes.to_vec())
}

fn check(area: &Area, expected: &HashSet<Mark>) -> Result<(), TestCaseError> {
    let listed: Vec<Mark> = area.iter().collect();
    prop_assert_eq!(area.count(), expected.len() as u64);
    prop_assert_eq!(listed.len(), expected.len(), "no mark is listed twice");
    prop_assert_eq!(&listed.iter().copied().collect::<HashSet<_>>(), expected);
    prop_assert!(expected.iter().all(|mark| area.contains(*mark)));
    prop_assert_eq!(area.is_empty(), expected.is_empty());
    let stranger = Mark { format: FORMAT, region: Region::new(3).unwrap(), series: 5, digits: 5 };
    prop_assert!(!area.contains(stranger));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Union, intersection, difference and restriction are those of sets, and never count twice.
    #[test]
    fn operations_are_those_of_sets(left in boxes(), right in boxes(), regions in region_mask()) {
        let (a, b) = (list(&left), list(&right));
        let (left, right) = (area(&left), area(&right));
        check(&left, &a)?;
        check(&left.union(&right), &(&a | &b))?;
        check(&left.intersect(&right), &(&a & &b))?;
        check(&left.subtract(&right), &(&a - &b))?;
        let within = a.iter().filter(|mark| regions.contains(mark.region)).copied().collect();
        check(&left.within(regions), &within)?;
    }

    /// The form is canonical: the same set has the same rectangles, however it was made.
    #[test]
    fn equal_sets_have_equal_rectangles(left in boxes(), right in boxes()) {
        let (left, right) = (area(&left), area(&right));
        prop_assert_eq!(left.union(&right), right.union(&left));
        prop_assert_eq!(left.subtract(&right).union(&left.intersect(&right)), left.clone());
        prop_assert_eq!(left.union(&right).subtract(&right), left.subtract(&right));
        let one_by_one: Vec<Rectangle> = left.iter().map(single).collect();
        prop_assert_eq!(area(&one_by_one), left);
    }

    /// A limit refuses exactly the areas that need more rectangles.
    #[test]
    fn limits_refuse_what_is_larger(boxes in boxes(), limit in 0_u64..6) {
        let needed = area(&boxes);
        let mut budget = Budget { rectangles: limit, ..Budget::UNLIMITED };
        let limited = Area::try_from_boxes(FORMAT, ROWS, &boxes, &mut budget);
        let fits = needed.rectangles().len() as u64 <= limit;
        prop_assert_eq!(limited, if fits { Ok(needed) } else { Err(Excess::Rectangles) });
    }

    /// Work is counted alike each time: what was spent is enough, and one word less is not.
    #[test]
    fn work_is_counted(boxes in boxes()) {
        let mut budget = Budget::UNLIMITED;
        let made = Area::try_from_boxes(FORMAT, ROWS, &boxes, &mut budget);
        let spent = Budget::UNLIMITED.words - budget.words;
        let within = |words| Area::try_from_boxes(FORMAT, ROWS, &boxes, &mut Budget { words, ..Budget::UNLIMITED });
        prop_assert_eq!(within(spent), made);
        if spent > 0 {
            prop_assert_eq!(within(spent - 1), Err(Excess::Work));
        }
    }
}

fn single(mark: Mark) -> Rectangle {
    Rectangle {
        digits: DigitMask::from_range(mark.digits, mark.digits),
        series: SeriesMask::from_series(ROWS, [mark.series]),
        regions: RegionMask::of(mark.region),
    }
}

/// Areas of two formats share no mark, and neither loses one to the other.
#[test]
fn areas_of_different_formats_do_not_mix() {
    let one = area(&[single(Mark { format: FORMAT, region: Region::new(1).unwrap(), series: 1, digits: 1 })]);
    let other = Area::from_boxes(FormatId(1), ROWS, one.rectangles().to_vec());
    assert!(one.intersect(&other).is_empty());
    assert_eq!(one.subtract(&other), one);
    assert_eq!(one.union(&other), one);
}

/// Masks end where their values end: no bit of the padding is ever set.
#[test]
fn padding_is_never_set() {
    let all = DigitMask::from_range(0, u16::MAX);
    assert_eq!((all.count(), all.contains(999), all.contains(1000)), (1000, true, false));
    let mut mask = DigitMask::EMPTY;
    mask.set(1000);
    mask.set(1024);
    assert!(mask.is_empty());
    for rows in [26, 64, 676, 17_576] {
        let whole = SeriesMask::whole(rows);
        assert_eq!(whole.count(), rows);
        assert!(whole.complement().is_empty());
        assert!(!whole.contains(rows as u16));
        assert!(SeriesMask::from_series(rows, [rows as u16, u16::MAX]).is_empty());
        assert_eq!(SeriesMask::from_fn(rows, |_| true), whole);
    }
}
