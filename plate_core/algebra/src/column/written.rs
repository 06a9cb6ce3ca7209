//! Marks exactly as they are written (`777AAA02`), read by a table a place.
//!
//! A template has at most eight places, and a row is read as eight bytes whatever its length: what stands behind a
//! shorter one adds nothing. So there is no branch a place, and none between formats of different lengths.
//! Not here: what people type otherwise (`typed.rs`). A property holds both against each other.
//!
//! Measured and not better: all places in one word, with multiplications instead of tables (a tenth slower).

use crate::format::{Format, FormatId, Formats, Place};

/// Places of a template at most: three digits, three letters, the region's two.
pub(super) const PLACES_MAX: usize = 8;

/// The numbers that a row holds, issued or not.
#[derive(Clone, Copy)]
pub(super) struct Numbers {
    pub(super) digits: u16,
    pub(super) series: u16,
    pub(super) region: u8,
}

/// Every enabled format as its marks are written, each with what the reader wants to know of it.
pub(super) struct WrittenFormats<A> {
    /// The first format of each length.
    by_length: [Option<Box<Written<A>>>; PLACES_MAX + 1],
    /// Further ones, with their lengths. No two formats have the same shape.
    others: Vec<(usize, Written<A>)>,
}

impl<A> WrittenFormats<A> {
    pub(super) fn new(formats: &Formats, about: impl Fn(FormatId, &Format) -> A) -> Self {
        let (mut by_length, mut others) = ([const { None }; PLACES_MAX + 1], Vec::new());
        for (id, format) in formats.enabled() {
            let (length, written) = (format.places().len(), Written::new(format, about(id, format)));
            match by_length.get_mut(length) {
                Some(first @ None) => *first = Some(Box::new(written)),
                _ => others.push((length, written)),
            }
        }
        Self { by_length, others }
    }

    /// What the first `length` bytes hold in the first format of that length.
    #[inline]
    pub(super) fn read(&self, bytes: &[u8; PLACES_MAX], length: usize) -> Option<(&A, Numbers)> {
        let written = self.by_length.get(length)?.as_ref()?;
        Some((&written.about, written.read(bytes)?))
    }

    /// The same in any format of that length.
    pub(super) fn read_any(&self, bytes: &[u8; PLACES_MAX], length: usize) -> Option<(&A, Numbers)> {
        let others = self.others.iter().filter(|(places, _)| *places == length);
        let mut others = others.map(|(_, written)| Some((&written.about, written.read(bytes)?)));
        self.read(bytes, length).or_else(|| others.find_map(|found| found))
    }
}

/// A format as its marks are written: what each byte adds at each place.
///
/// A sum over the places is digits, series and region side by side; a byte that may not stand at its place adds
/// [`REFUSED`], which no sum of others reaches.
struct Written<A> {
    adds: [[u64; 256]; PLACES_MAX],
    about: A,
}

const SERIES: u32 = 16;
const REGION: u32 = 32;
const REFUSED: u64 = 1 << 48;

impl<A> Written<A> {
    fn new(format: &Format, about: A) -> Self {
        let places = format.places();
        let count = |wanted: fn(&Place) -> bool| places.iter().filter(|place| wanted(place)).count();
        let digits = count(|place| matches!(place, Place::Digit(_)));
        let letters = count(|place| matches!(place, Place::Letter(_)));
        let adds = |place: usize| match places.get(place) {
            Some(Place::Digit(index)) => adds(b'0', 10, weight(10, digits, *index)),
            Some(Place::Letter(index)) => adds(b'A', 26, weight(26, letters, *index) << SERIES),
            Some(Place::Region(index)) => adds(b'0', 10, weight(10, 2, *index) << REGION),
            None => [0; 256],
        };
        Self { adds: std::array::from_fn(adds), about }
    }

    #[inline]
    fn read(&self, bytes: &[u8; PLACES_MAX]) -> Option<Numbers> {
        let adds = self.adds.iter().zip(bytes).map(|(adds, byte)| adds[usize::from(*byte)]);
        let sum: u64 = adds.sum();
        let (digits, series, region) = (sum as u16, (sum >> SERIES) as u16, (sum >> REGION) as u8);
        (sum < REFUSED).then_some(Numbers { digits, series, region })
    }
}

/// What the place number `index` of `places` weighs in a number of this base.
fn weight(base: u64, places: usize, index: u8) -> u64 {
    let behind = places.saturating_sub(usize::from(index) + 1);
    (0..behind).fold(1, |weight, _| weight * base)
}

/// What each byte adds: `count` of them from `first` on stand for 0, 1, 2 ..., the others are refused.
fn adds(first: u8, count: u8, weight: u64) -> [u64; 256] {
    let mut adds = [REFUSED; 256];
    for (value, entry) in (0..u64::from(count)).zip(adds.iter_mut().skip(usize::from(first))) {
        *entry = value * weight;
    }
    adds
}
