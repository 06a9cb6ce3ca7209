//! How fast the replica is searched: `cargo bench -p plate-scan --bench search`.
//!
//! The country: 351 million marks of persons' cars in 20 regions, 5.9 million of them issued, half of
//! those in series from AAA on and half anywhere, and the dearest digits gone in every second region.
//! For whoever works on the engine; what is promised is measured by `bench/native`, on the same mix.
//! Figures are medians over rounds; what is compared is measured in the same round, in turns, and the
//! ratio is the median of the rounds' ratios. Every answer is checked before it is timed.
//! No harness: two medians and a percentile need no framework, and the table is the result.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench may stop, and prints its result"
)]

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use plate_algebra::{Acquired, Area, Date, DigitMask, FormatId, Formats, Mark, Origin, RuleBook, SeriesMask};
use plate_scan::kernels::{Kernel, Level};
use plate_scan::{
    Change, Order, PlaneBits, Planes, PlanesWriter, PoolImage, Query, Ranks, Stamp, pool_specs,
};

const ROUNDS: usize = 15;
/// The format of the bench.
const PERSONS: &str = "person_car";
const ROW_WORDS: usize = 16;

fn main() {
    let law = law();
    let book = RuleBook::compile(&law).expect("a rule book without faults");
    let formats = book.formats().clone();
    let (mut writer, loaded_ms) = country(&formats);
    let planes = writer.planes();
    let issued =
        formats.whole(persons(&formats)).count() - planes.count_free(&formats.whole(persons(&formats)));
    println!("kernels {:?}, {issued} marks issued, country loaded in {loaded_ms:.0} ms", Kernel::detected());
    kernels(&planes);
    let patterns: Vec<Vec<Area>> = mix().map(|text| compile(&book, text)).collect();
    pages(&planes, &book, &patterns);
    counts(&planes, &formats, &patterns);
    preview(&planes, &book, &law);
    applying(&mut writer, &formats);
    sold_out(&mut writer, &book);
}

/// Every file of `patterns/kz`: path and bytes.
fn law() -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../patterns/kz");
    let (mut files, mut directories) = (Vec::new(), vec![root.clone()]);
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).expect("patterns/kz").flatten() {
            if entry.path().is_dir() {
                directories.push(entry.path());
            } else {
                let name = entry.path().strip_prefix(&root).expect("below it").to_string_lossy().into_owned();
                files.push((name, std::fs::read(entry.path()).expect("a file")));
            }
        }
    }
    files
}

fn persons(formats: &Formats) -> FormatId {
    formats.by_id(PERSONS).expect("a format of the law")
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

/// The published mix: 200 patterns as drivers type them.
fn mix() -> impl Iterator<Item = &'static str> {
    let file = include_str!("../../../bench/data/patterns-200.txt");
    file.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

fn compile(book: &RuleBook, text: &str) -> Vec<Area> {
    let pattern = book.pattern(text, &Origin::input("bench")).expect("a pattern of the mix");
    assert!(pattern.count() > 0, "{text} matches nothing");
    vec![pattern.area(persons(book.formats())).clone()]
}

/// Microseconds of one call.
fn micros<T>(call: impl FnOnce() -> T) -> f64 {
    let start = Instant::now();
    black_box(call());
    start.elapsed().as_secs_f64() * 1e6
}

/// Median and fastest of calls that take milliseconds: on a busy machine the median is that of being interrupted.
fn long(times: impl Iterator<Item = f64>) -> String {
    let times: Vec<f64> = times.collect();
    let fastest = times.iter().copied().fold(f64::INFINITY, f64::min);
    format!("{:.0} us, fastest {fastest:.0} us", median(times))
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
    let pool = planes.pools().max_by_key(|pool| pool.rows()).expect("a pool");
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
fn pages(planes: &Planes, book: &RuleBook, patterns: &[Vec<Area>]) {
    let (prices, scores) = (Ranks::from(by_price(book)), Ranks::from(by_beauty(book)));
    println!("ranks of beauty prepared in {:.0} us", micros(|| Ranks::from(by_beauty(book))));
    println!("{} prices, {} scores of beauty", prices.len(), scores.len());
    let orders = [
        ("number", Order::Number),
        ("price", Order::Price(&prices)),
        ("beauty", Order::Beauty(&scores)),
        ("shuffle", Order::Shuffle(7)),
    ];
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
        mix().nth(at).unwrap_or_default()
    );
}

/// The areas of each price in the tariff of 2026, the cheapest first.
fn by_price(book: &RuleBook) -> Vec<Area> {
    let areas =
        book.price_areas(day(), Acquired::Chosen, persons(book.formats())).expect("a tariff and an MCI");
    let mut areas: Vec<_> = areas.into_iter().map(|(_, amount, area)| (amount, area)).collect();
    areas.sort_by_key(|(amount, _)| *amount);
    areas.into_iter().map(|(_, area)| area).collect()
}

/// The areas of each score of beauty, the highest first.
fn by_beauty(book: &RuleBook) -> Vec<Area> {
    let mut areas: Vec<_> = book.beauty_areas(persons(book.formats())).to_vec();
    areas.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    areas.into_iter().map(|(_, area)| area).collect()
}

fn day() -> Date {
    Date::new(2026, 7, 1).expect("a day")
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
    let area = Area::from_boxes(persons(formats), 17_576, vec![rectangle]);
    let plain = planes.with_kernel(Kernel::of(Level::Scalar).expect("plain code"));
    assert_eq!(plain.count_free(&area), planes.count_free(&area));
    let times = (0..ROUNDS * 4).map(|_| micros(|| planes.count_free(&area)));
    println!("national count, checkerboard (worst case): {}", long(times));
}

/// A preview over the country: mirror digits become dearer, and one round number an ordinary one.
fn preview(planes: &Planes, book: &RuleBook, law: &[(String, Vec<u8>)]) {
    let file = law.iter().find(|(name, _)| name == "tariffs/kz-2026.toml").expect("the tariff of 2026");
    let text = String::from_utf8(file.1.clone()).expect("text");
    let draft = text.replace("mci = \"15\"", "mci = \"20\"").replace("100 | 200 | 300", "200 | 300");
    let candidate = book.with_tariff("kz-2026", draft.as_bytes()).expect("a draft without faults");
    let count_free = |area: &Area| planes.count_free(area);
    let preview = || book.preview(&candidate, day(), Acquired::Chosen, Some(&count_free)).expect("prices");
    assert!(preview().moves.iter().any(|moved| moved.free_marks.is_some_and(|free| free > 0)));
    let times = (0..ROUNDS).map(|_| micros(preview));
    println!("preview over the country, {} moves: {:.0} us", preview().moves.len(), median(times.collect()));
}

/// What the follower does with a batch of 128 holds anywhere in a region.
fn applying(writer: &mut PlanesWriter, formats: &Formats) {
    let pool = formats.pool("person_car.02").expect("a pool");
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
fn sold_out(writer: &mut PlanesWriter, book: &RuleBook) {
    let formats = book.formats();
    let taken = PlaneBits { taken: true, ..PlaneBits::default() };
    let last = formats.parse("777ZZZ20").expect("a mark");
    for pool in formats.pools().into_iter().filter(|pool| pool.format == persons(formats)) {
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
    let areas = compile(book, "digits:777");
    for (name, order) in [("number", Order::Number), ("shuffle", Order::Shuffle(3))] {
        let query = Query { areas: &areas, free_only: true, order, after: None, limit: 20 };
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
    for pool in formats.pools().into_iter().filter(|pool| pool.format == persons(formats)) {
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
    let areas = [Area::from_boxes(persons(formats), 17_576, vec![rectangle])];
    let planes = writer.planes();
    let query = Query { areas: &areas, free_only: true, order: Order::Number, after: None, limit: 20 };
    assert_eq!(planes.search(&query).map(|page| page.marks.len()), Ok(0));
    let times = (0..ROUNDS * 4).map(|_| micros(|| planes.search(&query)));
    println!("sold out where no summary helps (every second row): {}", long(times));
}
