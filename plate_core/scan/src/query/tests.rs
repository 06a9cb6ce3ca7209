//! Queries against a naive reference, over a small country: two formats, three regions.

#![allow(clippy::expect_used, reason = "a test may fail")]

use std::collections::HashSet;

use plate_algebra::{
    DigitMask, Format, Formats, Names, Origin, Pool, Rectangle, Region, RegionInfo, RegionMask, SeriesMask,
};
use proptest::prelude::*;

use super::*;
use crate::kernels::{Kernel, Level, ROW_BITS, ROW_WORDS};
use crate::planes::Stamp;
use crate::replica::pool_specs;
use crate::writer::{PlanesWriter, PoolImage};

const TWO_LETTERS: FormatId = FormatId(0);
const ONE_LETTER: FormatId = FormatId(1);

/// A country small enough to look at every mark: 676 and 26 series in three regions.
fn country() -> Formats {
    let origin = Origin::file("test", 1, 1);
    let names = || Names::new("a", "b", "c");
    let format = |id, template| Format::new(id, template, true, 1, names(), &origin).expect("a format");
    let region = |code| RegionInfo {
        region: Region::new(code).expect("a region"),
        names: names(),
        origin: origin.clone(),
    };
    let formats = vec![format("two", "NNN LL RR"), format("one", "NNN L RR")];
    Formats::new(formats, Vec::new(), [1, 2, 7].map(region).to_vec()).expect("a small country")
}

fn rows(format: FormatId) -> u32 {
    if format == TWO_LETTERS { 676 } else { 26 }
}

/// Which marks are gone, as a rule that costs nothing to ask.
#[derive(Clone, Copy, Debug)]
enum Gone {
    Nothing,
    Everything,
    /// All but about one in this many marks.
    AllButOneIn(u64),
    /// About one in this many marks.
    OneIn(u64),
    /// Everything before this series.
    Before(u16),
}

impl Gone {
    fn has(self, pool: usize, ordinal: usize) -> bool {
        let dice = crate::permutation::mix((pool << 32 | ordinal) as u64);
        match self {
            Gone::Nothing => false,
            Gone::Everything => true,
            Gone::AllButOneIn(many) => !dice.is_multiple_of(many),
            Gone::OneIn(many) => dice.is_multiple_of(many),
            Gone::Before(series) => ordinal / ROW_BITS < usize::from(series),
        }
    }
}

fn planes_of(formats: &Formats, gone: Gone) -> PlanesWriter {
    let specs = pool_specs(formats);
    let mut writer = PlanesWriter::in_memory(&specs).expect("memory");
    for (index, spec) in specs.iter().enumerate() {
        let words = spec.rows as usize * ROW_WORDS;
        let word = |at: usize, has: &dyn Fn(usize) -> bool| {
            (0..64).fold(0u64, |word, bit| word | u64::from(has(at * 64 + bit)) << bit)
        };
        let taken: Vec<u64> = (0..words).map(|at| word(at, &|ordinal| gone.has(index, ordinal))).collect();
        let unissued: Vec<u64> =
            (0..words).map(|at| word(at, &|ordinal| matches!(ordinal % ROW_BITS, 0 | 1000..))).collect();
        let image = PoolImage { taken: &taken, issued: &[], withheld: &unissued };
        writer.load(spec.pool, image, Stamp::default()).expect("a pool of the planes");
    }
    writer
}

fn gone() -> impl Strategy<Value = Gone> {
    prop_oneof![
        1 => Just(Gone::Nothing),
        1 => Just(Gone::Everything),
        3 => (2u64..5000).prop_map(Gone::AllButOneIn),
        2 => (2u64..50).prop_map(Gone::OneIn),
        2 => (0u16..676).prop_map(Gone::Before),
    ]
}

fn digit_mask() -> impl Strategy<Value = DigitMask> {
    prop_oneof![
        3 => (1u16..1000).prop_map(|digits| DigitMask::from_range(digits, digits)),
        3 => (1u16..1000, 1u16..40).prop_map(|(from, many)| DigitMask::from_range(from, from + many)),
        2 => (1u16..10).prop_map(|step| DigitMask::from_fn(|value| value % (step * 111) == 7)),
        1 => Just(DigitMask::from_range(1, 999)),
    ]
}

fn series_mask(rows: u32) -> impl Strategy<Value = SeriesMask> {
    let last = rows as u16;
    prop_oneof![
        3 => (0..last).prop_map(move |series| SeriesMask::from_series(rows, [series])),
        3 => (0..last, 1u16..80).prop_map(move |(from, many)| SeriesMask::from_series(rows, from..from.saturating_add(many))),
        2 => (0u16..26).prop_map(move |rest| SeriesMask::from_fn(rows, |series| series % 27 == rest)),
        1 => (0u16..26).prop_map(move |rest| SeriesMask::from_fn(rows, |series| series % 26 != rest)),
        1 => Just(SeriesMask::whole(rows)),
    ]
}

fn region_mask() -> impl Strategy<Value = RegionMask> {
    // Region 9 has no planes: it holds no mark and is no error.
    prop::sample::subsequence(vec![1u8, 2, 7, 9], 1..=4)
        .prop_map(|codes| codes.into_iter().filter_map(|code| Region::new(code).ok()).collect())
}

fn area(format: FormatId) -> impl Strategy<Value = Area> {
    let rectangle = (digit_mask(), series_mask(rows(format)), region_mask())
        .prop_map(|(digits, series, regions)| Rectangle { digits, series, regions });
    prop::collection::vec(rectangle, 0..4)
        .prop_map(move |boxes| Area::from_boxes(format, rows(format), boxes))
}

/// One or both formats. Rows stay few enough that a case pages through at most some 10,000 marks.
fn areas() -> impl Strategy<Value = Vec<Area>> {
    (area(TWO_LETTERS), area(ONE_LETTER), 0u8..3).prop_map(|(two, one, which)| match which {
        0 => vec![two],
        1 => vec![one],
        _ => vec![one, two],
    })
}

/// Ranks of an order: disjoint, of both formats.
fn ranks() -> impl Strategy<Value = Vec<Area>> {
    (area(TWO_LETTERS), area(ONE_LETTER), area(TWO_LETTERS)).prop_map(|(first, second, third)| {
        let third = third.subtract(&first);
        vec![first, second, third]
    })
}

/// Every mark of the result, by number, found by asking each mark of the country.
fn reference(planes: &Planes, formats: &Formats, areas: &[Area], free_only: bool) -> Vec<Mark> {
    let mut marks = Vec::new();
    for pool in formats.pools() {
        let here: Vec<_> = areas.iter().filter(|area| area.format == pool.format).collect();
        for series in 0..rows(pool.format) as u16 {
            for digits in 0..1000 {
                let mark = Mark { format: pool.format, region: pool.region, series, digits };
                let wanted = here.iter().any(|area| area.contains(mark));
                if wanted && (!free_only || planes.state(mark) == Some(crate::MarkState::Free)) {
                    marks.push(mark);
                }
            }
        }
    }
    marks
}

/// Page after page, through the bytes of the cursor.
fn all_pages(planes: &Planes, query: &Query<'_>) -> Result<Vec<Mark>, TestCaseError> {
    let (mut query, mut marks) = (query.clone(), Vec::new());
    loop {
        let page = planes.search(&query).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let full = page.marks.len() == query.limit;
        prop_assert!(full || page.next.is_none(), "a short page is the last one");
        marks.extend(page.marks);
        let Some(next) = page.next else { return Ok(marks) };
        query.after =
            Some(Cursor::decode(&next.encode()).map_err(|error| TestCaseError::fail(error.to_string()))?);
    }
}

fn by_rank(marks: &[Mark], ranks: &[Area]) -> Vec<Mark> {
    let rank = |mark: &Mark| ranks.iter().position(|area| area.contains(*mark)).unwrap_or(ranks.len());
    let mut marks = marks.to_vec();
    marks.sort_by_key(|mark| (rank(mark), *mark));
    marks
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// In every order the pages, one after the other, are the whole result: no mark twice, none
    /// missing, in the order promised; and the count is their number.
    #[test]
    fn pages_are_the_whole_result_without_repeat_or_gap(
        gone in gone(), areas in areas(), ranks in ranks(), free_only in any::<bool>(),
        seed in any::<u64>(), limit in prop_oneof![Just(1000usize), 20usize..200],
    ) {
        let formats = country();
        let writer = planes_of(&formats, gone);
        let planes = writer.planes();
        let expected = reference(&planes, &formats, &areas, free_only);
        prop_assert_eq!(planes.count(&areas, free_only), Ok(expected.len() as u64));

        let query = |order| Query { areas: &areas, free_only, order, after: None, limit };
        prop_assert_eq!(&all_pages(&planes, &query(Order::Number))?, &expected);
        let ranked = by_rank(&expected, &ranks);
        let prepared = Ranks::from(ranks.clone());
        prop_assert_eq!(&all_pages(&planes, &query(Order::Price(&prepared)))?, &ranked);
        prop_assert_eq!(&all_pages(&planes, &query(Order::Beauty(&prepared)))?, &ranked);
        let mut shuffled = all_pages(&planes, &query(Order::Shuffle(seed)))?;
        shuffled.sort_unstable();
        prop_assert_eq!(&shuffled, &expected);
    }

    /// Every set of kernels gives the same pages and the same counts.
    #[test]
    fn every_kernel_gives_the_same_pages_and_counts(gone in gone(), areas in areas()) {
        let formats = country();
        let planes = planes_of(&formats, gone).planes();
        let query = Query { areas: &areas, free_only: true, order: Order::Number, after: None, limit: 50 };
        let kernels = [Level::Scalar, Level::Avx2, Level::Avx512].into_iter().filter_map(Kernel::of);
        let answers = kernels.map(|kernel| {
            let planes = planes.with_kernel(kernel);
            (planes.search(&query), planes.count(&areas, true))
        });
        let answers: Vec<_> = answers.collect();
        prop_assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
    }

    /// Turning the wheels and gathering what is left give the same order, whatever is cheaper: a
    /// mark's place does not depend on what else is free.
    #[test]
    fn the_shuffled_order_does_not_depend_on_what_is_free(
        many in 2u64..2000, areas in areas(), seed in any::<u64>(),
    ) {
        let formats = country();
        let full = planes_of(&formats, Gone::Nothing).planes();
        let sparse = planes_of(&formats, Gone::AllButOneIn(many)).planes();
        let query = Query { areas: &areas, free_only: true, order: Order::Shuffle(seed), after: None, limit: 1000 };
        let left = all_pages(&sparse, &query)?;
        let all = all_pages(&full, &query)?;
        let still_free: HashSet<Mark> = left.iter().copied().collect();
        let expected: Vec<Mark> = all.into_iter().filter(|mark| still_free.contains(mark)).collect();
        prop_assert_eq!(left, expected);
    }

    /// The nearest marks are the first of all candidates, sorted by the documented likeness.
    #[test]
    fn the_nearest_marks_are_the_likest_free_ones(
        gone in gone(), series in 0u16..676, digits in 1u16..1000, code in prop::sample::select(vec![1u8, 2, 7]),
        limit in 1usize..60,
    ) {
        let formats = country();
        let planes = planes_of(&formats, gone).planes();
        let region = Region::new(code).expect("a region");
        let mark = Mark { format: TWO_LETTERS, region, series, digits };
        let mut candidates: Vec<_> = planes
            .of_format(TWO_LETTERS)
            .flat_map(|pool| candidates_in(pool.pool(), mark))
            .filter(|candidate| planes.state(candidate.1) == Some(crate::MarkState::Free))
            .collect();
        candidates.sort_unstable();
        let expected: Vec<Mark> = candidates.into_iter().map(|candidate| candidate.1).take(limit).collect();
        prop_assert_eq!(planes.nearest(mark, limit), Ok(expected));
    }
}

/// Another region, changed characters, letters kept, distance.
type Likeness = (bool, usize, bool, u16);

/// Every mark of a pool with one thing changed, and how like it is, straight from the definition.
fn candidates_in(pool: Pool, mark: Mark) -> Vec<(Likeness, Mark)> {
    let Pool { format, region } = pool;
    let elsewhere = region != mark.region;
    let letters = |series: u16| [series / 26, series % 26];
    let places = |digits: u16| [digits / 100, digits / 10 % 10, digits % 10];
    let others = (0..676).filter(|&series| series != mark.series || elsewhere).map(|series| {
        let changed = letters(series).iter().zip(letters(mark.series)).filter(|(a, b)| **a != *b).count();
        let likeness = (elsewhere, changed, false, series.abs_diff(mark.series));
        (likeness, Mark { format, region, series, digits: mark.digits })
    });
    let same_letters = (0..1000).filter(|&digits| digits != mark.digits).map(|digits| {
        let changed = places(digits).iter().zip(places(mark.digits)).filter(|(a, b)| **a != *b).count();
        let likeness = (elsewhere, changed, true, digits.abs_diff(mark.digits));
        (likeness, Mark { format, region, series: mark.series, digits })
    });
    others.chain(same_letters).collect()
}

fn whole(formats: &Formats, format: FormatId) -> Area {
    formats.whole(format)
}

/// A cursor fits only its own query: areas, order, ranks, seed and the choice of free ones.
#[test]
fn a_cursor_of_another_query_is_refused_by_name() {
    let formats = country();
    let planes = planes_of(&formats, Gone::Nothing).planes();
    let (two, one) = ([whole(&formats, TWO_LETTERS)], [whole(&formats, ONE_LETTER)]);
    let ranks = Ranks::from(two.to_vec());
    let own = Query { areas: &two, free_only: true, order: Order::Shuffle(5), after: None, limit: 10 };
    let page = planes.search(&own).expect("a page");
    assert_eq!(page.marks.len(), 10);
    let after = page.next;
    assert!(planes.search(&Query { after, limit: 20, ..own.clone() }).is_ok(), "the limit may change");
    let others = [
        Query { areas: &one, ..own.clone() },
        Query { free_only: false, ..own.clone() },
        Query { order: Order::Number, ..own.clone() },
        Query { order: Order::Shuffle(6), ..own.clone() },
        Query { order: Order::Price(&ranks), ..own.clone() },
        Query { order: Order::Beauty(&ranks), ..own.clone() },
    ];
    for query in others {
        let refused = planes.search(&Query { after, ..query });
        assert_eq!(refused, Err(QueryError::CursorOfAnotherQuery));
    }
    let priced = planes.search(&Query { order: Order::Price(&ranks), ..own.clone() }).expect("a page");
    let beautiful = Query { order: Order::Beauty(&ranks), after: priced.next, ..own };
    assert_eq!(planes.search(&beautiful), Err(QueryError::CursorOfAnotherQuery));
}

/// Bytes that are no cursor have names; a forged place gives a page, or none, and never a panic.
#[test]
fn bytes_that_are_no_cursor_are_refused_by_name() {
    let formats = country();
    let planes = planes_of(&formats, Gone::Nothing).planes();
    let areas = [whole(&formats, ONE_LETTER)];
    for order in [Order::Number, Order::Shuffle(1)] {
        let query = Query { areas: &areas, free_only: true, order, after: None, limit: 3 };
        let good = planes.search(&query).expect("a page").next.expect("a next page").encode();
        let with = |at: usize, byte: u8| {
            let mut bytes = good.clone();
            bytes[at] = byte;
            Cursor::decode(&bytes)
        };
        assert_eq!(Cursor::decode(&good[..17]), Err(CursorError::Length(17)));
        assert_eq!(Cursor::decode(&[]), Err(CursorError::Length(0)));
        assert_eq!(with(0, 2), Err(CursorError::Version(2)));
        assert_eq!(with(1, 2), Err(CursorError::Kind(2)));
        for byte in [0x00, 0x7F, 0xFF] {
            let mut forged = good.clone();
            forged[10..].fill(byte);
            for kind in [0, 1] {
                forged[1] = kind;
                let after = Some(Cursor::decode(&forged).expect("a well-formed cursor"));
                let page = planes.search(&Query { after, ..query.clone() }).expect("its digest is right");
                assert!(page.marks.len() <= 3);
            }
        }
    }
}

/// Limits, and areas that could hold a mark twice, are refused by name.
#[test]
fn a_query_outside_its_bounds_is_refused_by_name() {
    let formats = country();
    let planes = planes_of(&formats, Gone::Nothing).planes();
    let areas = [whole(&formats, ONE_LETTER)];
    let query = Query { areas: &areas, free_only: true, order: Order::Number, after: None, limit: 1 };
    for limit in [0, 1001, usize::MAX] {
        let refused = planes.search(&Query { limit, ..query.clone() });
        assert_eq!(refused, Err(QueryError::LimitOutOfRange(limit)));
        let mark = areas[0].iter().next().expect("a mark");
        assert_eq!(planes.nearest(mark, limit), Err(QueryError::LimitOutOfRange(limit)));
        assert_eq!(planes.ordinary(&areas[0], 1, limit), Err(QueryError::LimitOutOfRange(limit)));
    }
    for limit in [1, 1000] {
        assert_eq!(planes.search(&Query { limit, ..query.clone() }).map(|page| page.marks.len()), Ok(limit));
    }
    let twice = [areas[0].clone(), areas[0].clone()];
    assert_eq!(planes.count(&twice, true), Err(QueryError::FormatTwice(ONE_LETTER)));
    let refused = planes.search(&Query { areas: &twice, ..query });
    assert_eq!(refused, Err(QueryError::FormatTwice(ONE_LETTER)));
}

/// A page that ends exactly with the last mark says that there is no next one.
#[test]
fn the_last_full_page_has_no_next() {
    let formats = country();
    let planes = planes_of(&formats, Gone::Nothing).planes();
    let region = RegionMask::of(Region::new(2).expect("a region"));
    let (digits, series) = (DigitMask::from_range(1, 10), SeriesMask::from_series(26, [3]));
    let areas = [Area::from_boxes(ONE_LETTER, 26, vec![Rectangle { digits, series, regions: region }])];
    let ranks = Ranks::from(areas.to_vec());
    for order in [Order::Number, Order::Price(&ranks), Order::Shuffle(9)] {
        let query = Query { areas: &areas, free_only: true, order, after: None, limit: 10 };
        let page = planes.search(&query).expect("a page");
        assert_eq!((page.marks.len(), page.next), (10, None));
    }
}

/// A shuffled page is spread: of twenty marks at least ten series, and more than one region.
#[test]
fn a_shuffled_page_is_spread_over_the_country() {
    let formats = country();
    let planes = planes_of(&formats, Gone::OneIn(50)).planes();
    let areas = [whole(&formats, TWO_LETTERS)];
    for seed in 0..20 {
        let query =
            Query { areas: &areas, free_only: true, order: Order::Shuffle(seed), after: None, limit: 20 };
        let marks = planes.search(&query).expect("a page").marks;
        let series: HashSet<u16> = marks.iter().map(|mark| mark.series).collect();
        let digits: HashSet<u16> = marks.iter().map(|mark| mark.digits).collect();
        let regions: HashSet<u8> = marks.iter().map(|mark| mark.region.code()).collect();
        assert!(series.len() >= 10 && digits.len() >= 10 && regions.len() == 3, "{marks:?}");
    }
}

/// Candidates for somebody who takes any mark: free, of the area, the same for one seed, and mostly
/// different for another.
#[test]
fn ordinary_candidates_differ_from_seed_to_seed() {
    let formats = country();
    let planes = planes_of(&formats, Gone::OneIn(3)).planes();
    let area = whole(&formats, TWO_LETTERS);
    let candidates = |seed| planes.ordinary(&area, seed, 8).expect("candidates");
    let mut seen = HashSet::new();
    for seed in 0..50 {
        let marks = candidates(seed);
        assert_eq!(marks, candidates(seed));
        assert!(
            marks
                .iter()
                .all(|mark| area.contains(*mark) && planes.state(*mark) == Some(crate::MarkState::Free))
        );
        seen.extend(marks);
    }
    assert!(seen.len() > 380, "of 400 candidates {} are different", seen.len());
}
