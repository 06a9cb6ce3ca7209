//! A seeded permutation of 0 to n − 1 that needs no table, and its inverse.
//!
//! A Feistel network over a grid of a × b places, the smallest nearly square one that holds n (Black
//! and Rogaway, "Ciphers with arbitrary finite domains", 2002): each round moves one coordinate by an
//! amount that follows from the other. The few numbers that land behind n are sent through again.
//! Not for secrets: for showing people different marks first, so the round is one multiplication.

/// Four rounds make a Feistel network look random where its halves are small (Luby and Rackoff, 1988).
const ROUNDS: usize = 4;

/// A permutation of the numbers below its length.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Permutation {
    length: u32,
    /// Rows and columns of the grid; number = row × columns + column.
    rows: u32,
    columns: u32,
    keys: [u64; ROUNDS],
}

impl Permutation {
    pub fn new(length: u32, seed: u64) -> Permutation {
        let root = length.max(1).isqrt();
        let columns = if root * root < length { root + 1 } else { root };
        let mut keys = [0; ROUNDS];
        for (round, key) in (1..).zip(&mut keys) {
            // Odd, so that no round forgets the coordinate it is given.
            *key = mix(seed.wrapping_add(round)) | 1;
        }
        Permutation { length, rows: length.div_ceil(columns).max(1), columns, keys }
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
        let [first, second, third, fourth] = self.keys;
        let (mut row, mut column) = (value / self.columns, value % self.columns);
        row = turned(row, amount(column, first, self.rows), self.rows);
        column = turned(column, amount(row, second, self.columns), self.columns);
        row = turned(row, amount(column, third, self.rows), self.rows);
        column = turned(column, amount(row, fourth, self.columns), self.columns);
        row * self.columns + column
    }

    fn backward(&self, value: u32) -> u32 {
        let [first, second, third, fourth] = self.keys;
        let (mut row, mut column) = (value / self.columns, value % self.columns);
        column = turned_back(column, amount(row, fourth, self.columns), self.columns);
        row = turned_back(row, amount(column, third, self.rows), self.rows);
        column = turned_back(column, amount(row, second, self.columns), self.columns);
        row = turned_back(row, amount(column, first, self.rows), self.rows);
        row * self.columns + column
    }
}

/// A number below `end` that follows from `other` and the key.
fn amount(other: u32, key: u64, end: u32) -> u32 {
    let spread = (u64::from(other) + 1).wrapping_mul(key);
    below((spread ^ spread >> 29).wrapping_mul(key) >> 32, end)
}

/// Scales 32 random bits to a number below `end`, by a multiplication where a remainder would divide.
pub(crate) fn below(bits: u64, end: u32) -> u32 {
    (((bits & 0xFFFF_FFFF) * u64::from(end)) >> 32) as u32
}

/// `(place + by) mod end`, for two numbers below `end`.
pub(crate) fn turned(place: u32, by: u32, end: u32) -> u32 {
    let sum = place + by;
    if sum >= end { sum - end } else { sum }
}

/// `(place − by) mod end`, for two numbers below `end`.
pub(crate) fn turned_back(place: u32, by: u32, end: u32) -> u32 {
    if place >= by { place - by } else { place + end - by }
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

    /// Neighbours go apart: of the first 100 of 10,000 numbers each hundred gets some, none many.
    #[test]
    fn neighbours_are_spread() {
        for seed in 0..20 {
            let permutation = Permutation::new(10_000, seed);
            let mut hundreds = [0; 100];
            (0..100).for_each(|index| hundreds[permutation.at(index) as usize / 100] += 1);
            let most = hundreds.into_iter().max();
            let empty = hundreds.into_iter().filter(|&count| count == 0).count();
            // Balls into bins: 37 empty on average, hardly ever more than 8 in one.
            assert!(most <= Some(10) && empty < 65, "seed {seed}: most {most:?}, empty {empty}");
        }
    }
}
