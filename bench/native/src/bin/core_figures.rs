//! The core's side of figures: one line asks for a round, one line of JSON answers what it came to.
//!
//! Rounds are asked for from Python (`bench/core.py`), so that a peer that runs there can take its turn between
//! two of them. Every answer is asserted here before it is timed; a wrong one ends the program.
//!
//! ```text
//! first_page          every pattern of the mix: p50, p99 and the slowest, by its median
//! worst               sold out but for the last row, with and without the help of the summaries
//! count               exact counts over the country: the slowest of the mix, and one that no summary helps
//! scan                one region: free marks of the mirror class
//! region PATH         writes that region's free marks to a file, for a peer
//! kernels             the same region by the dispatched kernels and by plain code
//! classify            every mark of the country by the tables
//! preview             what a draft would move
//! ```

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench may stop, and prints its result"
)]

use std::cell::OnceCell;
use std::io::BufRead;

use plate_algebra::classify::{NO_MARK, NOT_OFFERED};
use plate_algebra::{Acquired, Area, Mark, Rectangle, RuleBook, SeriesMask};
use plate_bench::country::{self, ODD, SERIES};
use plate_bench::timing::{median_micros, micros, share_of};
use plate_bench::{law, mix};
use plate_scan::kernels::{Kernel, Level};
use plate_scan::{Order, Planes, PlanesWriter, Query};

/// Marks of a page, as the API gives them.
const PAGE: usize = 20;
/// Calls of which the median is taken, in one round.
const CALLS: usize = 9;
/// The same for calls that take milliseconds.
const LONG_CALLS: usize = 3;

fn main() {
    let core = Core::new();
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("a line of text");
        let (question, argument) = line.split_once(' ').unwrap_or((&line, ""));
        println!("{}", core.answer(question, argument));
    }
}

/// Everything that is asked, made when it is first asked for.
struct Core {
    book: RuleBook,
    mix: Vec<Area>,
    opening_day: OnceCell<(PlanesWriter, u64)>,
    sold_out: OnceCell<(PlanesWriter, Mark)>,
    sold_out_unseen: OnceCell<(PlanesWriter, Mark)>,
}

impl Core {
    fn new() -> Core {
        let book = law::book();
        Core {
            mix: mix::areas(&book),
            book,
            opening_day: OnceCell::new(),
            sold_out: OnceCell::new(),
            sold_out_unseen: OnceCell::new(),
        }
    }

    fn answer(&self, question: &str, argument: &str) -> String {
        match question {
            "first_page" => self.first_page(),
            "worst" => self.worst(),
            "count" => self.count(),
            "scan" => self.scan(),
            "region" => self.region(argument),
            "kernels" => self.kernels(),
            "classify" => self.classify(),
            "preview" => self.preview(),
            other => panic!("no such question: {other}"),
        }
    }

    fn country(&self) -> Planes {
        self.opening_day.get_or_init(|| country::opening_day(&self.book)).0.planes()
    }

    fn first_page(&self) -> String {
        let planes = self.country();
        let times: Vec<f64> = self.mix.iter().map(|area| page_micros(&planes, area)).collect();
        let issued_marks = self.opening_day.get().map_or(0, |(_, issued)| *issued);
        json(&[
            ("p50_us", share_of(times.clone(), 0.5)),
            ("p99_us", share_of(times.clone(), 0.99)),
            ("slowest_us", share_of(times, 1.0)),
            ("patterns", self.mix.len() as f64),
            ("issued_marks", issued_marks as f64),
        ])
    }

    /// Both are sold out but for the last row; the slower one is the worst.
    fn worst(&self) -> String {
        let (seen, left) = self.sold_out.get_or_init(|| country::sold_out(&self.book));
        let seen_us = last_row_micros(&seen.planes(), &self.every_777(), *left);
        let (unseen, left) = self.sold_out_unseen.get_or_init(|| country::sold_out_unseen(&self.book));
        let unseen_us = last_row_micros(&unseen.planes(), &self.odd_in_odd(), *left);
        json(&[
            ("us", seen_us.max(unseen_us)),
            ("summaries_tell_us", seen_us),
            ("no_summary_tells_us", unseen_us),
        ])
    }

    fn count(&self) -> String {
        let planes = self.country();
        let count = |area: &Area| median_micros(CALLS, || planes.count_free(area));
        let mix: Vec<f64> = self.mix.iter().map(count).collect();
        // Half of the series and half of the digits: no count of rows or of digits helps.
        let area = self.odd_in_odd();
        let plain = planes.with_kernel(kernel(Level::Scalar));
        assert_eq!(planes.count_free(&area), plain.count_free(&area));
        let every_second_us = median_micros(LONG_CALLS, || planes.count_free(&area));
        let slowest_us = share_of(mix.clone(), 1.0);
        json(&[
            ("us", slowest_us.max(every_second_us)),
            ("mix_p50_us", share_of(mix, 0.5)),
            ("mix_slowest_us", slowest_us),
            ("no_summary_helps_us", every_second_us),
        ])
    }

    fn scan(&self) -> String {
        let planes = self.country();
        let (mut marks, mut rows) = (0, 0);
        let count_us = median_micros(CALLS, || marks = count(&planes, Kernel::detected()));
        let rows_us = median_micros(CALLS, || rows = hits(&planes, Kernel::detected()));
        json(&[("count_us", count_us), ("marks", marks as f64), ("rows_us", rows_us), ("rows", rows as f64)])
    }

    /// The free marks of the region as little-endian words, 16 a row.
    fn region(&self, path: &str) -> String {
        let planes = self.country();
        let pool = planes.pools().next().expect("a region");
        let words = (0..pool.rows()).flat_map(|row| pool.free_row(row));
        let bytes: Vec<u8> = words.flat_map(u64::to_le_bytes).collect();
        std::fs::write(path, &bytes).expect("a place to write to");
        json(&[("bytes", bytes.len() as f64)])
    }

    fn kernels(&self) -> String {
        let planes = self.country();
        let (plain, fast) = (kernel(Level::Scalar), Kernel::detected());
        assert_eq!(hits(&planes, plain), hits(&planes, fast));
        assert_eq!(count(&planes, plain), count(&planes, fast));
        json(&[
            ("scalar_rows_us", median_micros(CALLS, || hits(&planes, plain))),
            ("rows_us", median_micros(CALLS, || hits(&planes, fast))),
            ("scalar_count_us", median_micros(CALLS, || count(&planes, plain))),
            ("count_us", median_micros(CALLS, || count(&planes, fast))),
            ("vector_bits", f64::from(vector_bits(fast.level()))),
        ])
    }

    /// A code for every mark of persons' cars, region after region, written to memory that is used again.
    fn classify(&self) -> String {
        let format = law::persons(self.book.formats());
        let classifier = self.book.classifier(Acquired::Chosen, law::day()).expect("a tariff");
        let regions = self.book.formats().regions().len();
        let mut codes = classifier.classify_column(format);
        self.assert_tiers(&codes);
        codes.fill(0);
        let us = micros(|| (0..regions).for_each(|_| classifier.classify_column_into(format, &mut codes)));
        self.assert_tiers(&codes);
        json(&[("ms", us / 1e3), ("marks", (regions * usize::from(SERIES) * 999) as f64)])
    }

    /// Each tier has exactly as many marks in a region as the compiler says.
    fn assert_tiers(&self, codes: &[u8]) {
        let tariff = self.book.tariff_in_force(law::day()).expect("a tariff");
        let format = law::persons(self.book.formats());
        let mut found = [0_u64; 256];
        codes.iter().for_each(|code| found[usize::from(*code)] += 1);
        for (number, tier) in (0..).zip(&tariff.tiers) {
            let id = plate_algebra::TierId(number);
            let area = tariff.tier_area(Acquired::Chosen, id, format).expect("an area");
            let regions = self.book.formats().regions().len() as u64;
            assert_eq!(found[usize::from(number)] * regions, area.count(), "{}", tier.id);
        }
        assert_eq!(found[usize::from(NOT_OFFERED)], 0);
        assert_eq!(found[usize::from(NO_MARK)], u64::from(SERIES) * 25, "000 and the padding");
    }

    fn preview(&self) -> String {
        let planes = self.country();
        let draft = law::draft(&self.book);
        let count_free = |area: &Area| planes.count_free(area);
        let preview =
            || self.book.preview(&draft, law::day(), Acquired::Chosen, Some(&count_free)).expect("prices");
        let moves = preview().moves;
        let mirror = moves.iter().find(|one| one.marks == 80 * 17_550 * 20 + 80 * 650 * 20);
        let free = mirror.and_then(|one| one.free_marks).expect("mirror numbers become dearer");
        assert!(free > 0);
        json(&[("ms", median_micros(LONG_CALLS, preview) / 1e3), ("moves", moves.len() as f64)])
    }

    fn every_777(&self) -> Area {
        mix::area(&self.book, "digits:777")
    }

    /// The odd digits of every second series, in every region.
    fn odd_in_odd(&self) -> Area {
        let formats = self.book.formats();
        let rows = u32::from(SERIES);
        let digits = plate_algebra::DigitMask::from_fn(|value| value % 2 == ODD);
        let series = SeriesMask::from_fn(rows, |series| series % 2 == ODD);
        let rectangle = Rectangle { digits, series, regions: formats.region_mask() };
        Area::from_boxes(law::persons(formats), rows, vec![rectangle])
    }
}

fn page_micros(planes: &Planes, area: &Area) -> f64 {
    let areas = std::slice::from_ref(area);
    let query = Query { areas, free_only: true, order: Order::Number, after: None, limit: PAGE };
    let page = planes.search(&query).expect("a query");
    let wanted = |mark: &Mark| {
        area.contains(*mark)
            && planes.pool(mark.pool()).is_some_and(|pool| pool.is_free(mark.series, mark.digits))
    };
    assert!(page.marks.iter().all(wanted), "a mark that was not asked for, or is not free");
    assert_eq!(page.marks.len() as u64, planes.count_free(area).min(PAGE as u64));
    median_micros(CALLS, || planes.search(&query))
}

fn last_row_micros(planes: &Planes, area: &Area, left: Mark) -> f64 {
    let areas = std::slice::from_ref(area);
    let query = Query { areas, free_only: true, order: Order::Number, after: None, limit: PAGE };
    assert_eq!(planes.search(&query).map(|page| page.marks), Ok(vec![left]));
    median_micros(LONG_CALLS, || planes.search(&query))
}

/// Free marks of the mirror class in the first region, row by row, without the summaries.
fn count(planes: &Planes, kernel: &Kernel) -> u64 {
    let pool = planes.pools().next().expect("a region");
    let mirror = country::mirror_digits().0;
    (0..pool.blocks()).map(|block| kernel.count(pool.free_block(block), u64::MAX, &mirror)).sum()
}

/// Series of the first region with any free mark of the mirror class.
fn hits(planes: &Planes, kernel: &Kernel) -> u64 {
    let pool = planes.pools().next().expect("a region");
    let mirror = country::mirror_digits().0;
    let hits = |block| kernel.hits(pool.free_block(block), u64::MAX, &mirror);
    (0..pool.blocks()).map(|block| u64::from(hits(block).count_ones())).sum()
}

fn kernel(level: Level) -> &'static Kernel {
    Kernel::of(level).expect("plain code runs everywhere")
}

fn vector_bits(level: Level) -> u16 {
    match level {
        Level::Scalar => 64,
        Level::Avx2 => 256,
        Level::Avx512 => 512,
    }
}

/// An object of numbers; a number that is none would be no JSON, and none is made here.
fn json(fields: &[(&str, f64)]) -> String {
    let fields = fields.iter().map(|(name, value)| format!("\"{name}\": {value}"));
    format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
}
