//! The kernels in plain integer code: the definition the others are held against.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{Block, ROW_WORDS, RowBits, positions};

fn row<'a>(block: Block<'a>, index: u32) -> &'a [AtomicU64] {
    let start = index as usize * ROW_WORDS;
    &block.words()[start..start + ROW_WORDS]
}

pub(super) fn hits(block: Block<'_>, select: u64, mask: &RowBits) -> u64 {
    let hit = |index: u32| {
        let words = row(block, index).iter().zip(mask);
        words.fold(0, |found, (word, wanted)| found | (word.load(Ordering::Relaxed) & wanted)) != 0
    };
    positions(select).filter(|&index| hit(index)).fold(0, |found, index| found | 1 << index)
}

pub(super) fn count(block: Block<'_>, select: u64, mask: &RowBits) -> u64 {
    let ones = |index: u32| -> u64 {
        let words = row(block, index).iter().zip(mask);
        words.map(|(word, wanted)| u64::from((word.load(Ordering::Relaxed) & wanted).count_ones())).sum()
    };
    positions(select).map(ones).sum()
}

pub(super) fn union(block: Block<'_>) -> RowBits {
    let mut all = [0; ROW_WORDS];
    for words in block.words().chunks_exact(ROW_WORDS) {
        for (sum, word) in all.iter_mut().zip(words) {
            *sum |= word.load(Ordering::Relaxed);
        }
    }
    all
}
