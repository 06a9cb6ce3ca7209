//! Planes as the store has them, and as everybody else does.
//!
//! The store asks two things of a mark at once, whether it is on the road and whether it is never offered, so it has both
//! bits side by side: one command reads them. A reader of a whole pool wants each plane by itself.

/// Makes one bitmap of both planes: two bits a mark, withheld before issued. A plane that is shorter ends in zeros.
#[must_use]
pub fn together(issued: &[u8], withheld: &[u8]) -> Vec<u8> {
    let bytes = issued.len().max(withheld.len());
    let byte = |plane: &[u8], at: usize| plane.get(at).copied().unwrap_or_default();
    let pair = |at: usize| (spread(byte(withheld, at)) << 1 | spread(byte(issued, at))).to_be_bytes();
    (0..bytes).flat_map(pair).collect()
}

/// The two planes of such a bitmap: issued, withheld. Each ends with the last mark that it says something of.
pub(super) fn apart(planes: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let pair = |pair: &[u8]| {
        let pair = u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or_default()]);
        (gather(pair), gather(pair >> 1))
    };
    let (issued, withheld) = planes.chunks(2).map(pair).unzip();
    (without_end(issued), without_end(withheld))
}

/// A plane without the zeros at its end.
fn without_end(mut plane: Vec<u8>) -> Vec<u8> {
    plane.truncate(plane.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1));
    plane
}

/// A bitmap of these ordinals.
pub(super) fn of_fields(ordinals: &[u32]) -> Vec<u8> {
    let bytes = ordinals.iter().max().map_or(0, |highest| *highest as usize / 8 + 1);
    let mut plane = vec![0; bytes];
    for ordinal in ordinals {
        if let Some(byte) = plane.get_mut(*ordinal as usize / 8) {
            *byte |= 128 >> (ordinal % 8);
        }
    }
    plane
}

/// Puts a zero before each bit of a byte.
fn spread(byte: u8) -> u16 {
    let mut bits = u16::from(byte);
    bits = (bits | bits << 4) & 0x0F0F;
    bits = (bits | bits << 2) & 0x3333;
    (bits | bits << 1) & 0x5555
}

/// The second of each two bits.
fn gather(pair: u16) -> u8 {
    let mut bits = pair & 0x5555;
    bits = (bits | bits >> 1) & 0x3333;
    bits = (bits | bits >> 2) & 0x0F0F;
    bits = (bits | bits >> 4) & 0x00FF;
    bits.to_be_bytes()[1]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Two planes put together come apart as they were, but for zeros at their ends.
        #[test]
        fn planes_come_apart_as_they_went_together(
            issued in prop::collection::vec(any::<u8>(), 0..300),
            withheld in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let joined = together(&issued, &withheld);
            prop_assert_eq!(joined.len(), 2 * issued.len().max(withheld.len()));
            prop_assert_eq!(apart(&joined), (without_end(issued), without_end(withheld)));
        }
    }

    /// The first mark of a byte has its highest bits, and withheld stands before issued.
    #[test]
    fn the_first_bit_is_the_one_of_withheld() {
        assert_eq!(together(&[0b1000_0000], &[0]), [0b0100_0000, 0]);
        assert_eq!(together(&[0], &[0b1000_0001]), [0b1000_0000, 0b0000_0010]);
        assert_eq!(of_fields(&[0, 9]), [0b1000_0000, 0b0100_0000]);
    }
}
