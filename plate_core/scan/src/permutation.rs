//! A seeded permutation of 0 to n − 1 that needs no table, and its inverse.
//!
//! A Feistel network permutes numbers of an even count of bits; numbers that fall behind n are sent
//! through again until they fall before it (fewer than four times on average). Not for secrets: for
//! showing people different marks first.

/// Four rounds make a Feistel network look random where its halves are small (Luby and Rackoff).
const ROUNDS: u64 = 4;

/// A permutation of the numbers below its length.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Permutation {
    length: u32,
    half_bits: u32,
    keys: [u64; ROUNDS as usize],
}

impl Permutation {
    pub fn new(length: u32, seed: u64) -> Permutation {
        let bits = u32::BITS - length.saturating_sub(1).leading_zeros();
        let mut keys = [0; ROUNDS as usize];
        for (round, key) in (1..).zip(&mut keys) {
            *key = mix(seed.wrapping_add(round));
        }
        Permutation { length, half_bits: bits.div_ceil(2).max(1), keys }
    }

    pub fn len(&self) -> u32 {
        self.length
    }

    /// Where `index`, which must be below the length, goes.
    pub fn at(&self, index: u32) -> u32 {
        let mut value = self.forward(index);
        while value >= self.length {
            value = self.forward(value);
        }
        value
    }

    /// What goes to `value`, which must be below the length.
    pub fn index_of(&self, value: u32) -> u32 {
        let mut index = self.backward(value);
        while index >= self.length {
            index = self.backward(index);
        }
        index
    }

    fn forward(&self, value: u32) -> u32 {
        let (mut left, mut right) = self.split(value);
        for key in self.keys {
            (left, right) = (right, left ^ self.round(right, key));
        }
        left << self.half_bits | right
    }

    fn backward(&self, value: u32) -> u32 {
        let (mut left, mut right) = self.split(value);
        for key in self.keys.into_iter().rev() {
            (left, right) = (right ^ self.round(left, key), left);
        }
        left << self.half_bits | right
    }

    fn split(&self, value: u32) -> (u32, u32) {
        (value >> self.half_bits, value & self.half_mask())
    }

    fn round(&self, half: u32, key: u64) -> u32 {
        mix(u64::from(half) ^ key) as u32 & self.half_mask()
    }

    fn half_mask(&self) -> u32 {
        (1 << self.half_bits) - 1
    }
}

/// Spreads every bit over all 64 (the finaliser of SplitMix64: Steele, Lea and Flood, 2014).
pub(crate) fn mix(word: u64) -> u64 {
    let word = word.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let word = (word ^ word >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ word >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ word >> 31
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Every number is reached once, and the inverse finds the way back.
        #[test]
        fn every_number_is_reached_exactly_once(length in 1u32..5000, seed in any::<u64>()) {
            let permutation = Permutation::new(length, seed);
            let mut reached = vec![false; length as usize];
            for index in 0..length {
                let value = permutation.at(index);
                prop_assert!(!std::mem::replace(&mut reached[value as usize], true));
                prop_assert_eq!(permutation.index_of(value), index);
            }
        }
    }

    /// Seeds give different orders: of 64 seeds no two begin with the same four numbers.
    #[test]
    fn different_seeds_begin_differently() {
        let begin = |seed| [0, 1, 2, 3].map(|index| Permutation::new(17_576, seed).at(index));
        let mut begins: Vec<_> = (0..64).map(begin).collect();
        begins.sort_unstable();
        begins.dedup();
        assert_eq!(begins.len(), 64);
    }
}
