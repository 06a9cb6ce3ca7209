//! How fast the replica is searched: `cargo bench -p plate-scan --bench search`.
//!
//! The country: 351 million marks of persons' cars in 20 regions, 5.9 million of them issued, half of
//! those in series from AAA on and half anywhere, and the dearest digits gone in every second region.
//! Figures are medians over rounds; what is compared is measured in the same round, in turns, and the
//! ratio is the median of the rounds' ratios. Every answer is checked before it is timed.
//! No harness: two medians and a percentile need no framework, and the table is the result.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench may stop, and prints its result"
)]

mod mix;

use std::hint::black_box;
use std::time::Instant;

use plate_algebra::{Area, DigitMask, FormatId, Formats, Mark, Origin, Pattern, SeriesMask, fixtures};
use plate_scan::kernels::{Kernel, Level};
use plate_scan::{Change, Order, PlaneBits, Planes, PlanesWriter, PoolImage, Query, Stamp, pool_specs};

const ROUNDS: usize = 15;
const PERSONS: FormatId = FormatId(0);
const ROW_WORDS: usize = 16;

fn main() {
    let formats = fixtures::kazakhstan().expect("the fixture is a rule book");
    let (mut writer, loaded_ms) = country(&formats);
    let planes = writer.planes();
    let issued = formats.whole(PERSONS).count() - planes.count_free(&formats.whole(PERSONS));
    println!("kernels {:?}, {issued} marks issued, country loaded in {loaded_ms:.0} ms", Kernel::detected());
    kernels(&planes);
    let patterns = compile(&formats, &mix::patterns());
    pages(&planes, &patterns);
    counts(&planes, &formats, &patterns);
    preview(&planes, &formats);
    applying(&mut writer, &formats);
    sold_out(&mut writer, &formats);
}

/// A number from a number: the same country in every run.
fn dice(seed: u64) -> u64 {
    let word = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let word = (word ^ word >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ word >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ word >> 31
}

fn country(formats: &Formats) -> (PlanesWriter, f64) {
    let specs = pool_specs(formats);
    let mut writer = PlanesWriter::in_memory(&specs).expect("142 MB of memory");
    let mut seconds = 0.0;
    for (index, spec) in specs.iter().enumerate() {
        let words = spec.rows as usize * ROW_WORDS;
        let mut issued = vec![0u64; words];
        let mut withheld = vec![0u64; words];
        for row in 0..spec.rows as usize {
            withheld[row * ROW_WORDS] = 1;
            withheld[row * ROW_WORDS + 15] = u64::MAX << 40;
            let serial = spec.rows == 17_576 && row < 130;
            for digits in 1..1000 {
                let dear = index % 2 == 0 && (digits < 10 || digits == 777);
                let anywhere = dice((index << 32 | row << 10 | digits) as u64).is_multiple_of(230);
                let gone = serial || dear || anywhere;
                issued[row * ROW_WORDS + digits / 64] |= u64::from(gone) << (digits % 64);
            }
        }
        let image = PoolImage { taken: &[], issued: &issued, withheld: &withheld };
        let start = Instant::now();
        writer.load(spec.pool, image, Stamp::default()).expect("a pool of the planes");
        seconds += start.elapsed().as_secs_f64();
    }
    (writer, seconds * 1e3)
}

fn compile(formats: &Formats, patterns: &[String]) -> Vec<Vec<Area>> {
    let compile = |text: &String| {
        let pattern = Pattern::compile(text, &Origin::input("bench"), formats).expect("a pattern of the mix");
        let areas: Vec<Area> =
            pattern.areas().iter().filter(|area| area.format == PERSONS).cloned().collect();
        assert!(pattern.count() > 0, "{text} matches nothing");
        areas
    };
    patterns.iter().map(compile).collect()
}

/// Microseconds of one call.
fn micros<T>(call: impl FnOnce() -> T) -> f64 {
    let start = Instant::now();
    black_box(call());
    start.elapsed().as_secs_f64() * 1e6
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn percentile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * share) as usize]
}

/// One region, every row asked for the 80 mirror digits: each set of kernels beside the plain one.
fn kernels(planes: &Planes) {
    let pool = planes.pools().next().expect("a pool");
    let mirror = DigitMask::from_fn(|value| value / 100 == value % 10 && value > 0).0;
    let scan = |kernel: &Kernel| -> u64 {
        let hits = |block| kernel.hits(pool.free_block(block), u64::MAX, &mirror);
        (0..pool.blocks()).map(|block| u64::from(hits(block).count_ones())).sum()
    };
    let count = |kernel: &Kernel| -> u64 {
        let count = |block| kernel.count(pool.free_block(block), u64::MAX, &mirror);
        (0..pool.blocks()).map(count).sum()
    };
    let plain = Kernel::of(Level::Scalar).expect("plain code runs everywhere");
    for level in [Level::Scalar, Level::Avx2, Level::Avx512] {
        let Some(kernel) = Kernel::of(level) else { continue };
        assert_eq!((scan(kernel), count(kernel)), (scan(plain), count(plain)));
        let rounds = 0..ROUNDS * 20;
        let each = rounds.map(|_| {
            [
                micros(|| scan(plain)),
                micros(|| scan(kernel)),
                micros(|| count(plain)),
                micros(|| count(kernel)),
            ]
        });
        let each: Vec<_> = each.collect();
        let of = |at: usize| median(each.iter().map(|times| times[at]).collect());
        let ratio = |a: usize, b: usize| median(each.iter().map(|times| times[a] / times[b]).collect());
        println!(
            "region {level:?}: scan {:.1} us ({:.2} x plain), count {:.1} us ({:.2} x plain)",
            of(1),
            ratio(0, 1),
            of(3),
            ratio(2, 3)
        );
    }
}

/// The first page of 20 of every pattern of the mix, in each order.
fn pages(planes: &Planes, patterns: &[Vec<Area>]) {
    let tiers = tiers();
    let orders = [("number", Order::Number), ("price", Order::Price(&tiers)), ("shuffle", Order::Shuffle(7))];
    for (name, order) in orders {
        let median_of = |areas: &Vec<Area>| {
            let query = Query { areas, free_only: true, order, after: None, limit: 20 };
            assert!(planes.search(&query).is_ok());
            median((0..ROUNDS).map(|_| micros(|| planes.search(&query))).collect())
        };
        report(&format!("first page by {name}"), patterns.iter().map(median_of).collect());
    }
}

/// Medians of each pattern: the middle one, the 99th of 100, and the slowest with its pattern.
fn report(what: &str, medians: Vec<f64>) {
    let (at, worst) = medians.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1)).expect("some");
    println!(
        "{what}, {} patterns: p50 {:.1} us, p99 {:.1} us, worst {worst:.1} us ({})",
        medians.len(),
        percentile(medians.clone(), 0.5),
        percentile(medians, 0.99),
        mix::patterns()[at]
    );
}

/// Prices as the tariff of 2026 has them, in the rough: six classes of digits, letters alike or not.
fn tiers() -> Vec<Area> {
    let alike = SeriesMask::from_fn(17_576, |series| series % 703 == 0);
    let classes: [&dyn Fn(u16) -> bool; 4] = [
        &|digits| digits / 100 == digits % 10 && digits > 100 && digits % 111 != 0,
        &|digits| digits % 10 == 0 && digits < 100,
        &|digits| digits % 100 == 0 || digits % 111 == 0 && digits != 777,
        &|digits| digits < 10 || digits == 777,
    ];
    let mut rest = DigitMask::from_range(1, 999);
    let mut masks = Vec::new();
    for class in classes {
        let mask = DigitMask::from_fn(|digits| digits > 0 && class(digits)).and(&rest);
        rest = rest.minus(&mask);
        masks.push(mask);
    }
    masks.insert(0, rest);
    let regions = (1..=20).filter_map(|code| plate_algebra::Region::new(code).ok()).collect();
    let area = |(digits, series): (&DigitMask, SeriesMask)| {
        let rectangle = plate_algebra::Rectangle { digits: *digits, series, regions };
        Area::from_boxes(PERSONS, 17_576, vec![rectangle])
    };
    let differ = masks.iter().map(|digits| (digits, alike.complement()));
    let same = masks.iter().map(|digits| (digits, alike.clone()));
    differ.chain(same).map(area).collect()
}

/// The exact number of free marks of every pattern, over the country.
fn counts(planes: &Planes, formats: &Formats, patterns: &[Vec<Area>]) {
    let median_of =
        |areas: &Vec<Area>| median((0..ROUNDS).map(|_| micros(|| planes.count(areas, true))).collect());
    report("exact national count", patterns.iter().map(median_of).collect());
    // Half of all series and half of all digits: no summary helps, every second row is counted.
    let digits = DigitMask::from_fn(|value| value % 2 == 1);
    let series = SeriesMask::from_fn(17_576, |series| series % 2 == 0);
    let rectangle = plate_algebra::Rectangle { digits, series, regions: formats.region_mask() };
    let area = Area::from_boxes(PERSONS, 17_576, vec![rectangle]);
    let plain = planes.with_kernel(Kernel::of(Level::Scalar).expect("plain code"));
    assert_eq!(plain.count_free(&area), planes.count_free(&area));
    let times = (0..ROUNDS).map(|_| micros(|| planes.count_free(&area))).collect();
    println!("national count, checkerboard (worst case): {:.0} us", median(times));
}

/// A preview's counts: every pair of ten tiers of two tariffs, moved by one class of digits.
fn preview(planes: &Planes, formats: &Formats) {
    let tiers = tiers();
    let moved = Area::from_boxes(PERSONS, 17_576, tiers[1].rectangles().to_vec()).union(&tiers[6]);
    let mut areas: Vec<Area> =
        tiers.iter().flat_map(|tier| [tier.intersect(&moved), tier.subtract(&moved)]).collect();
    areas.extend(tiers.iter().cloned());
    let whole = planes.count_free(&formats.whole(PERSONS));
    assert_eq!(tiers.iter().map(|tier| planes.count_free(tier)).sum::<u64>(), whole);
    let times = (0..ROUNDS).map(|_| micros(|| areas.iter().map(|area| planes.count_free(area)).sum::<u64>()));
    println!("free marks of a preview's {} areas: {:.0} us", areas.len(), median(times.collect()));
}

/// What the follower does with a batch of 128 holds anywhere in a region.
fn applying(writer: &mut PlanesWriter, formats: &Formats) {
    let pool = formats.pools()[1];
    let taken = PlaneBits { taken: true, ..PlaneBits::default() };
    let batch = |round: usize, bits| -> Vec<Change> {
        let ordinal = |item: usize| {
            let at = dice((round << 8 | item) as u64);
            (((at % 17_576) << 10) | ((at >> 32) % 999 + 1)) as u32
        };
        (0..128).map(|item| Change { ordinal: ordinal(item), bits }).collect()
    };
    let times = (0..ROUNDS * 10).map(|round| {
        let batch = batch(round, taken);
        micros(|| writer.apply(pool, &batch, Stamp::default()))
    });
    println!("apply a transition, in batches of 128: {:.3} us each", median(times.collect()) / 128.0);
    for round in 0..ROUNDS * 10 {
        writer.apply(pool, &batch(round, PlaneBits::default()), Stamp::default()).expect("a pool");
    }
}

/// `777 *` with every 777 of the country taken but that of the last row of the last region, and the
/// nearest marks to one whose own likenesses are all gone.
fn sold_out(writer: &mut PlanesWriter, formats: &Formats) {
    let taken = PlaneBits { taken: true, ..PlaneBits::default() };
    let last = formats.parse("777ZZZ20").expect("a mark");
    for pool in formats.pools().into_iter().filter(|pool| pool.format == PERSONS) {
        let all = (0..17_576u16).map(|series| Mark {
            format: pool.format,
            region: pool.region,
            series,
            digits: 777,
        });
        let gone = all
            .filter(|mark| *mark != last)
            .map(|mark| Change { ordinal: mark.ordinal().get(), bits: taken });
        let changes: Vec<Change> = gone.collect();
        writer.apply(pool, &changes, Stamp::default()).expect("a pool");
    }
    let free = Change { ordinal: last.ordinal().get(), bits: PlaneBits::default() };
    writer.apply(last.pool(), &[free], Stamp::default()).expect("a pool");
    let planes = writer.planes();
    let sets = compile(formats, &["digits:777".to_owned()]);
    for (name, order) in [("number", Order::Number), ("shuffle", Order::Shuffle(3))] {
        let query = Query { areas: &sets[0], free_only: true, order, after: None, limit: 20 };
        assert_eq!(planes.search(&query).map(|page| page.marks), Ok(vec![last]));
        let times = (0..ROUNDS * 10).map(|_| micros(|| planes.search(&query)));
        println!("sold out but for the last row, by {name}: {:.0} us", median(times.collect()));
    }
    let near = formats.parse("555ABC07").expect("a mark");
    let times = (0..ROUNDS * 10).map(|_| micros(|| planes.nearest(near, 5)));
    println!("nearest 5: {:.1} us", median(times.collect()));
    let gone = formats.parse("777AAA01").expect("a mark");
    let times = (0..ROUNDS * 10).map(|_| micros(|| planes.nearest(gone, 1000)));
    println!("nearest 1000 where all like digits are gone: {:.0} us", median(times.collect()));
    checkerboard(writer, formats);
}

/// No summary helps: in every block the odd digits are left in odd rows only, and even rows are asked.
fn checkerboard(writer: &mut PlanesWriter, formats: &Formats) {
    for pool in formats.pools().into_iter().filter(|pool| pool.format == PERSONS) {
        let mut taken = vec![0u64; 17_576 * ROW_WORDS];
        for row in (0..17_576).step_by(2) {
            taken[row * ROW_WORDS..(row + 1) * ROW_WORDS].fill(u64::MAX);
        }
        let image = PoolImage { taken: &taken, issued: &[], withheld: &[] };
        writer.load(pool, image, Stamp::default()).expect("a pool");
    }
    let series = SeriesMask::from_fn(17_576, |series| series % 2 == 0);
    let digits = DigitMask::from_fn(|value| value % 2 == 1);
    let rectangle = plate_algebra::Rectangle { digits, series, regions: formats.region_mask() };
    let areas = [Area::from_boxes(PERSONS, 17_576, vec![rectangle])];
    let planes = writer.planes();
    let query = Query { areas: &areas, free_only: true, order: Order::Number, after: None, limit: 20 };
    assert_eq!(planes.search(&query).map(|page| page.marks.len()), Ok(0));
    let times = (0..ROUNDS).map(|_| micros(|| planes.search(&query)));
    println!("sold out where no summary helps (every second row): {:.0} us", median(times.collect()));
}
