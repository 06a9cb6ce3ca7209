//! The kernels with 256-bit vectors: a row is four loads.
//!
//! As with the wider set, a mask that lies in one half of the row reads one cache line of two.

use std::arch::asm;
use std::arch::x86_64::{
    __m256i, _mm256_add_epi8, _mm256_add_epi64, _mm256_and_si256, _mm256_extract_epi64, _mm256_loadu_si256,
    _mm256_or_si256, _mm256_sad_epu8, _mm256_set1_epi8, _mm256_setr_epi8, _mm256_setzero_si256,
    _mm256_shuffle_epi8, _mm256_srli_epi32, _mm256_storeu_si256, _mm256_testz_si256,
};
use std::ops::Range;
use std::sync::atomic::AtomicU64;

use super::{BLOCK_ROWS, Block, Kernel, Level, ROW_WORDS, RowBits, positions};

static KERNEL: Kernel = Kernel { level: Level::Avx2, hits, count, union };

/// The set, where the machine has the instructions: the only way to reach the functions below.
pub(super) fn kernel() -> Option<&'static Kernel> {
    let there = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi1");
    there.then_some(&KERNEL)
}

fn hits(block: Block<'_>, select: u64, mask: &RowBits) -> u64 {
    // SAFETY: reachable only through `kernel()`, which found these instructions on this machine.
    unsafe { hits_256(block, select, mask) }
}

fn count(block: Block<'_>, select: u64, mask: &RowBits) -> u64 {
    // SAFETY: reachable only through `kernel()`, which found these instructions on this machine.
    unsafe { count_256(block, select, mask) }
}

fn union(block: Block<'_>) -> RowBits {
    // SAFETY: reachable only through `kernel()`, which found these instructions on this machine.
    unsafe { union_256(block) }
}

/// A quarter of a row of shared memory, as four relaxed loads.
#[inline]
#[target_feature(enable = "avx2")]
fn load_shared(words: &[AtomicU64; 4]) -> __m256i {
    let loaded: __m256i;
    // SAFETY: the reference proves 32 readable bytes. The line reads them, writes only its output
    // register, and leaves stack and flags alone. Another process may write these words meanwhile;
    // as assembly the load is outside what the compiler reasons about, like four atomic loads.
    unsafe {
        asm!(
            "vmovdqu {loaded}, [{from}]",
            loaded = lateout(ymm_reg) loaded,
            from = in(reg) words.as_ptr(),
            options(nostack, readonly, preserves_flags),
        );
    }
    loaded
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_own(words: &[u64; 4]) -> __m256i {
    // SAFETY: the reference proves 32 readable bytes, and an unaligned load is asked for.
    unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
}

/// The quarters of row `index`.
#[inline]
fn quarters<'a>(block: Block<'a>, index: u32) -> &'a [[AtomicU64; 4]] {
    let (quarters, _) = block.words().as_chunks::<4>();
    &quarters[index as usize * 4..index as usize * 4 + 4]
}

#[inline]
#[target_feature(enable = "avx2")]
fn mask_quarters(mask: &RowBits) -> [__m256i; 4] {
    let (quarters, _) = mask.as_chunks::<4>();
    [load_own(&quarters[0]), load_own(&quarters[1]), load_own(&quarters[2]), load_own(&quarters[3])]
}

/// The quarters a scan must read, so that it reads no cache line that it does not need.
fn span(mask: &RowBits) -> Range<usize> {
    let touches = |half: usize| mask[half * 8..half * 8 + 8].iter().any(|&word| word != 0);
    match (touches(0), touches(1)) {
        (false, false) => 0..0,
        (true, false) => 0..2,
        (false, true) => 2..4,
        (true, true) => 0..4,
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn hit_in<const FIRST: usize, const END: usize>(block: Block<'_>, index: u32, wanted: &[__m256i; 4]) -> bool {
    let there = quarters(block, index);
    let mut any = _mm256_setzero_si256();
    for quarter in FIRST..END {
        any = _mm256_or_si256(any, _mm256_and_si256(load_shared(&there[quarter]), wanted[quarter]));
    }
    _mm256_testz_si256(any, any) == 0
}

#[target_feature(enable = "avx2,bmi1")]
fn hits_256(block: Block<'_>, select: u64, mask: &RowBits) -> u64 {
    let wanted = mask_quarters(mask);
    match (span(mask).start, span(mask).end) {
        (0, 2) => collect_hits(select, |index| hit_in::<0, 2>(block, index, &wanted)),
        (2, 4) => collect_hits(select, |index| hit_in::<2, 4>(block, index, &wanted)),
        (0, 4) => collect_hits(select, |index| hit_in::<0, 4>(block, index, &wanted)),
        _ => 0,
    }
}

/// Asks each chosen row; a block chosen whole is walked without looking for the next set bit.
#[inline(always)]
fn collect_hits(select: u64, hit: impl Fn(u32) -> bool) -> u64 {
    if select == u64::MAX {
        (0..BLOCK_ROWS as u32).fold(0, |found, index| found | u64::from(hit(index)) << index)
    } else {
        positions(select).fold(0, |found, index| found | u64::from(hit(index)) << index)
    }
}

/// Set bits a 64-bit lane, by a table of nibbles (Muła, Kurz, Lemire: "Faster population counts
/// using AVX2 instructions", 2018): AVX2 has no population count of its own.
#[inline]
#[target_feature(enable = "avx2")]
fn count_lanes(bits: __m256i) -> __m256i {
    let of_nibble = _mm256_setr_epi8(
        0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,
    );
    let nibble = _mm256_set1_epi8(0x0F);
    let low = _mm256_shuffle_epi8(of_nibble, _mm256_and_si256(bits, nibble));
    let high = _mm256_shuffle_epi8(of_nibble, _mm256_and_si256(_mm256_srli_epi32::<4>(bits), nibble));
    _mm256_sad_epu8(_mm256_add_epi8(low, high), _mm256_setzero_si256())
}

#[target_feature(enable = "avx2,bmi1")]
fn count_256(block: Block<'_>, select: u64, mask: &RowBits) -> u64 {
    let wanted = mask_quarters(mask);
    let read = span(mask);
    let mut sum = _mm256_setzero_si256();
    for index in positions(select) {
        let there = quarters(block, index);
        for quarter in read.clone() {
            let bits = _mm256_and_si256(load_shared(&there[quarter]), wanted[quarter]);
            sum = _mm256_add_epi64(sum, count_lanes(bits));
        }
    }
    let lanes = [
        _mm256_extract_epi64::<0>(sum),
        _mm256_extract_epi64::<1>(sum),
        _mm256_extract_epi64::<2>(sum),
        _mm256_extract_epi64::<3>(sum),
    ];
    lanes.into_iter().sum::<i64>().cast_unsigned()
}

#[target_feature(enable = "avx2")]
fn union_256(block: Block<'_>) -> RowBits {
    let mut sums = [_mm256_setzero_si256(); 4];
    for index in 0..block.rows() as u32 {
        for (sum, quarter) in sums.iter_mut().zip(quarters(block, index)) {
            *sum = _mm256_or_si256(*sum, load_shared(quarter));
        }
    }
    let mut all = [0; ROW_WORDS];
    let (quarters, _) = all.as_chunks_mut::<4>();
    for (quarter, sum) in quarters.iter_mut().zip(sums) {
        // SAFETY: the reference proves 32 writable bytes, and an unaligned store is asked for.
        unsafe { _mm256_storeu_si256(quarter.as_mut_ptr().cast(), sum) };
    }
    all
}
