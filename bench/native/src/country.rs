//! The country on its opening day, made without a store: 351 million marks of persons' cars, 5.9 million gone.
//!
//! 2.6 million stand in the first series of each region, as numbers are handed out in order; 1.8 million are
//! the dearest digits, gone in every second region; the rest lies anywhere. So there are blocks that are full,
//! digits of which nothing is left, and everything in between, and it takes seconds to make.
//! Not here: the registry that people try the service with (`plates demo-registry`).

use plate_algebra::{DigitMask, FormatId, Mark, RuleBook};
use plate_scan::kernels::ROW_WORDS;
use plate_scan::{Change, PlaneBits, PlanesWriter, PoolImage, PoolSpec, Stamp, pool_specs};

use crate::law::persons;

/// Series of three letters.
pub const SERIES: u16 = 26 * 26 * 26;
/// Series that are handed out already.
const HANDED_OUT: usize = 130;
/// One mark in so many has been asked for, wherever it lies.
const ONE_IN: u64 = 218;

/// The planes of the country, and how many marks are issued.
#[must_use]
pub fn opening_day(book: &RuleBook) -> (PlanesWriter, u64) {
    let specs = specs(book);
    let mut writer = PlanesWriter::in_memory(&specs).expect("142 MB of memory");
    let withheld = withheld(book, persons(book.formats()));
    let mut issued_marks = 0;
    for (region, spec) in specs.iter().enumerate() {
        let issued = issued(region, &withheld);
        issued_marks += issued.iter().map(|word| u64::from(word.count_ones())).sum::<u64>();
        load(&mut writer, spec, &[], &issued, &withheld);
    }
    (writer, issued_marks)
}

/// The persons' pools.
fn specs(book: &RuleBook) -> Vec<PoolSpec> {
    let format = persons(book.formats());
    pool_specs(book.formats()).into_iter().filter(|spec| spec.pool.format == format).collect()
}

fn load(writer: &mut PlanesWriter, spec: &PoolSpec, taken: &[u64], issued: &[u64], withheld: &[u64]) {
    let image = PoolImage { taken, issued, withheld };
    writer.load(spec.pool, image, Stamp::default()).expect("a pool of the planes");
}

/// The words of a plane of one region, every bit as `wanted` says.
fn plane(wanted: impl Fn(usize, usize) -> bool) -> Vec<u64> {
    let mut words = vec![0; usize::from(SERIES) * ROW_WORDS];
    for row in 0..usize::from(SERIES) {
        for digits in 0..ROW_WORDS * 64 {
            words[row * ROW_WORDS + digits / 64] |= u64::from(wanted(row, digits)) << (digits % 64);
        }
    }
    words
}

/// What the law withholds, with 000 and the padding.
fn withheld(book: &RuleBook, format: FormatId) -> Vec<u64> {
    let mut words = plane(|_, digits| digits == 0 || digits > 999);
    for mark in book.withheld(format).iter() {
        words[usize::from(mark.series) * ROW_WORDS + usize::from(mark.digits) / 64] |=
            1 << (mark.digits % 64);
    }
    words
}

fn issued(region: usize, withheld: &[u64]) -> Vec<u64> {
    let mut words = plane(|row, digits| {
        let dear = region.is_multiple_of(2) && (digits < 10 || digits == 777);
        row < HANDED_OUT || dear || dice((region << 32 | row << 10 | digits) as u64).is_multiple_of(ONE_IN)
    });
    words.iter_mut().zip(withheld).for_each(|(word, withheld)| *word &= !withheld);
    words
}

/// A number from a number: the same country in every run.
fn dice(seed: u64) -> u64 {
    let word = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let word = (word ^ word >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ word >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ word >> 31
}

/// A country in which every 777 is gone but one, in the last row of the last region; and that one.
///
/// The summaries say at once that 19 regions and nearly all blocks have none.
#[must_use]
pub fn sold_out(book: &RuleBook) -> (PlanesWriter, Mark) {
    let left = book.formats().parse("777ZZZ20").expect("a mark");
    let taken = plane(|_, digits| digits == 777);
    (all_alike(&specs(book), &taken, left), left)
}

/// The digits and the parity of series that are gone in [`sold_out_unseen`].
pub const ODD: u16 = 1;

/// A country in which the odd digits of every second series are gone but one mark, and no summary tells:
/// their neighbours, one row further, are all free.
#[must_use]
pub fn sold_out_unseen(book: &RuleBook) -> (PlanesWriter, Mark) {
    let left = book.formats().parse("777ZZZ20").expect("a mark");
    assert_eq!((left.series % 2, left.digits % 2), (ODD, ODD), "it must be one of those asked for");
    let taken = plane(|row, digits| row % 2 == usize::from(ODD) && digits % 2 == usize::from(ODD));
    (all_alike(&specs(book), &taken, left), left)
}

/// One region, the first that is handed out, in which every 777 is gone but one in the last row.
#[must_use]
pub fn one_region(book: &RuleBook) -> PlanesWriter {
    let specs: Vec<PoolSpec> = specs(book).into_iter().take(1).collect();
    let left =
        Mark { digits: 777, series: SERIES - 1, format: specs[0].pool.format, region: specs[0].pool.region };
    all_alike(&specs, &plane(|row, digits| row < HANDED_OUT || digits == 777), left)
}

/// Every region with the same marks taken, but for one that is free.
fn all_alike(specs: &[PoolSpec], taken: &[u64], left: Mark) -> PlanesWriter {
    let mut writer = PlanesWriter::in_memory(specs).expect("142 MB of memory");
    let padding = plane(|_, digits| digits == 0 || digits > 999);
    specs.iter().for_each(|spec| load(&mut writer, spec, taken, &[], &padding));
    let free = [Change { ordinal: left.ordinal().get(), bits: PlaneBits::default() }];
    writer.apply(left.pool(), &free, Stamp::default()).expect("a pool of the planes");
    writer
}

/// The mirror class of the tariff: first digit = third, 101 to 989.
#[must_use]
pub fn mirror_digits() -> DigitMask {
    DigitMask::from_fn(|value| value / 100 == value % 10 && value / 10 % 10 != value % 10 && value > 100)
}
