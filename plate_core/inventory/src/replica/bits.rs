//! From the store's bitmaps to words of a plane.
//!
//! In a Redis bitmap the bit of ordinal `n` is the one with value `128 >> (n % 8)` of byte `n / 8`: the first bit
//! is the highest. In a plane it is bit `n % 64`, counted from the lowest, of word `n / 64`. Eight bytes read as
//! one big-endian number have the first bit at the top, so reversing that number is all.

use crate::feed::PlaneBits;

/// The words of a bitmap; bytes it does not have are zero.
pub(super) fn words(bitmap: &[u8]) -> Vec<u64> {
    let (whole, rest) = bitmap.as_chunks::<8>();
    let mut words: Vec<u64> = whole.iter().map(|bytes| u64::from_be_bytes(*bytes).reverse_bits()).collect();
    if !rest.is_empty() {
        let mut last = [0; 8];
        for (byte, given) in last.iter_mut().zip(rest) {
            *byte = *given;
        }
        words.push(u64::from_be_bytes(last).reverse_bits());
    }
    words
}

/// A transition's planes in the words of the crate that keeps bitmaps.
pub(super) fn of_planes(planes: PlaneBits) -> plate_scan::PlaneBits {
    let PlaneBits { taken, issued, withheld } = planes;
    plate_scan::PlaneBits { taken, issued, withheld }
}
