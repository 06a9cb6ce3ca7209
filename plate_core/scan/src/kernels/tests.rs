//! Every set of kernels answers as the plain one does, and the plain one as a slow reference.

#![allow(clippy::expect_used, reason = "a test may fail")]

use std::sync::atomic::AtomicU64;

use proptest::prelude::*;

use super::{Block, Kernel, Level, ROW_BITS, ROW_WORDS, RowBits};

fn shared(words: &[u64]) -> Vec<AtomicU64> {
    words.iter().map(|&word| AtomicU64::new(word)).collect()
}

fn sets_of_this_machine() -> Vec<&'static Kernel> {
    [Level::Scalar, Level::Avx2, Level::Avx512].into_iter().filter_map(Kernel::of).collect()
}

fn set(words: &[u64], bit: usize) -> bool {
    words[bit / 64] >> (bit % 64) & 1 == 1
}

/// Bit by bit, with no cleverness to be wrong about.
fn reference_hits(words: &[u64], select: u64, mask: &RowBits) -> u64 {
    let rows = words.chunks_exact(ROW_WORDS).enumerate();
    rows.filter(|(row, bits)| {
        select >> row & 1 == 1 && (0..ROW_BITS).any(|bit| set(bits, bit) && set(mask, bit))
    })
    .fold(0, |found, (row, _)| found | 1 << row)
}

fn reference_count(words: &[u64], select: u64, mask: &RowBits) -> u64 {
    let rows = words.chunks_exact(ROW_WORDS).enumerate();
    rows.filter(|(row, _)| select >> row & 1 == 1)
        .map(|(_, bits)| (0..ROW_BITS).filter(|&bit| set(bits, bit) && set(mask, bit)).count() as u64)
        .sum()
}

/// A word that is empty, full, sparse or anything: the shapes real rows and masks have.
fn word() -> impl Strategy<Value = u64> {
    prop_oneof![
        4 => Just(0u64),
        1 => Just(u64::MAX),
        2 => (0u32..64).prop_map(|bit| 1u64 << bit),
        2 => any::<u64>(),
    ]
}

/// Masks over the whole row, over one half, and over a single digit value.
fn mask() -> impl Strategy<Value = RowBits> {
    let whole = prop::array::uniform16(word());
    let half = (prop::array::uniform16(word()), 0usize..2).prop_map(|(mut bits, half)| {
        bits[half * 8..half * 8 + 8].fill(0);
        bits
    });
    let single = (0usize..ROW_BITS).prop_map(|bit| {
        let mut bits = [0; ROW_WORDS];
        bits[bit / 64] = 1 << (bit % 64);
        bits
    });
    prop_oneof![whole, half, single]
}

fn rows() -> impl Strategy<Value = Vec<u64>> {
    (0usize..=64).prop_flat_map(|rows| prop::collection::vec(word(), rows * ROW_WORDS))
}

proptest! {
    /// Hits, counts and unions equal the bit-by-bit reference on every level this machine has.
    #[test]
    fn every_level_equals_the_reference(words in rows(), mask in mask(), select in word()) {
        let memory = shared(&words);
        let block = Block::at(&memory, 0);
        for kernel in sets_of_this_machine() {
            prop_assert_eq!(kernel.hits(block, select, &mask), reference_hits(&words, select, &mask));
            prop_assert_eq!(kernel.count(block, select, &mask), reference_count(&words, select, &mask));
            let mut union = [0; ROW_WORDS];
            for row in words.chunks_exact(ROW_WORDS) {
                union.iter_mut().zip(row).for_each(|(sum, word)| *sum |= word);
            }
            prop_assert_eq!(kernel.union(block), union);
        }
    }
}

/// A block never reaches past the end of its plane, and a selection of absent rows chooses nothing.
#[test]
fn rows_beyond_the_end_are_neither_hit_nor_counted() {
    let memory = shared(&[u64::MAX; 70 * ROW_WORDS]);
    for (first_row, rows) in [(0, 64), (64, 6), (69, 1), (70, 0), (1000, 0)] {
        let block = Block::at(&memory, first_row);
        assert_eq!(block.rows(), rows);
        assert_eq!(block.every_row().count_ones() as usize, rows);
        for kernel in sets_of_this_machine() {
            assert_eq!(kernel.hits(block, u64::MAX, &[u64::MAX; ROW_WORDS]), block.every_row());
            assert_eq!(kernel.count(block, u64::MAX, &[u64::MAX; ROW_WORDS]), (rows * ROW_BITS) as u64);
        }
    }
}

/// The set in use is the best one the machine offers.
#[test]
fn the_detected_set_is_the_highest_level_there_is() {
    let best = sets_of_this_machine().into_iter().map(Kernel::level).max();
    assert_eq!(Some(Kernel::detected().level()), best);
}
