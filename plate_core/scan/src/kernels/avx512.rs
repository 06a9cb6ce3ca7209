//! The kernels with 512-bit vectors: a row is two loads.
//!
//! A mask that lies in one half of the row (`7?7` lies between bits 707 and 797) reads only that
//! half: one cache line of two, which halves the time of a scan that waits for memory.

use std::arch::asm;
use std::arch::x86_64::{
    __m512i, _mm512_add_epi64, _mm512_and_si512, _mm512_loadu_si512, _mm512_or_si512, _mm512_popcnt_epi64,
    _mm512_reduce_add_epi64, _mm512_setzero_si512, _mm512_storeu_si512, _mm512_ternarylogic_epi64,
    _mm512_test_epi64_mask,
};
use std::sync::atomic::AtomicU64;

use super::{BLOCK_ROWS, Block, Kernel, Level, ROW_WORDS, RowBits, positions};

static KERNEL: Kernel = Kernel { level: Level::Avx512, hits, count, union };

/// The set, where the machine has the instructions: the only way to reach the functions below.
pub(super) fn kernel() -> Option<&'static Kernel> {
    let there = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512vpopcntdq")
        && is_x86_feature_detected!("popcnt")
        && is_x86_feature_detected!("bmi1");
    there.then_some(&KERNEL)
}

fn hits(block: Block<'_>, select: u64, mask: &RowBits) -> u64 {
    // SAFETY: reachable only through `kernel()`, which found these instructions on this machine.
    unsafe { hits_512(block, select, mask) }
}

fn count(block: Block<'_>, select: u64, mask: &RowBits) -> u64 {
    // SAFETY: reachable only through `kernel()`, which found these instructions on this machine.
    unsafe { count_512(block, select, mask) }
}

fn union(block: Block<'_>) -> RowBits {
    // SAFETY: reachable only through `kernel()`, which found these instructions on this machine.
    unsafe { union_512(block) }
}

/// Half of a row of shared memory, as eight relaxed loads.
#[inline]
#[target_feature(enable = "avx512f")]
fn load_shared(words: &[AtomicU64; 8]) -> __m512i {
    let loaded: __m512i;
    // SAFETY: the reference proves 64 readable bytes. The line reads them, writes only its output
    // register, and leaves stack and flags alone. Another process may write these words meanwhile;
    // as assembly the load is outside what the compiler reasons about, like eight atomic loads.
    unsafe {
        asm!(
            "vmovdqu64 {loaded}, [{from}]",
            loaded = lateout(zmm_reg) loaded,
            from = in(reg) words.as_ptr(),
            options(nostack, readonly, preserves_flags),
        );
    }
    loaded
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load_own(words: &[u64; 8]) -> __m512i {
    // SAFETY: the reference proves 64 readable bytes, and an unaligned load is asked for.
    unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
}

/// The halves of row `index`.
#[inline]
fn halves<'a>(block: Block<'a>, index: u32) -> [&'a [AtomicU64; 8]; 2] {
    let (halves, _) = block.words().as_chunks::<8>();
    [&halves[index as usize * 2], &halves[index as usize * 2 + 1]]
}

#[inline]
#[target_feature(enable = "avx512f")]
fn mask_halves(mask: &RowBits) -> [__m512i; 2] {
    let (halves, _) = mask.as_chunks::<8>();
    [load_own(&halves[0]), load_own(&halves[1])]
}

/// Which halves a mask touches: the scan reads no cache line that it does not need.
enum Span {
    Nothing,
    Half(usize),
    Both,
}

fn span(mask: &RowBits) -> Span {
    let touches = |half: usize| mask[half * 8..half * 8 + 8].iter().any(|&word| word != 0);
    match (touches(0), touches(1)) {
        (false, false) => Span::Nothing,
        (true, false) => Span::Half(0),
        (false, true) => Span::Half(1),
        (true, true) => Span::Both,
    }
}

#[target_feature(enable = "avx512f,bmi1")]
fn hits_512(block: Block<'_>, select: u64, mask: &RowBits) -> u64 {
    match span(mask) {
        Span::Nothing => 0,
        Span::Half(half) => {
            let wanted = mask_halves(mask)[half];
            let hit = |index: u32| {
                let there = load_shared(halves(block, index)[half]);
                _mm512_test_epi64_mask(there, wanted) != 0
            };
            collect_hits(select, hit)
        }
        Span::Both => {
            let [low, high] = mask_halves(mask);
            let hit = |index: u32| {
                let [first, second] = halves(block, index);
                let high_bits = _mm512_and_si512(load_shared(second), high);
                // 0xEA is (a & b) | c: the low half joins the high one in a single instruction.
                let all = _mm512_ternarylogic_epi64::<0xEA>(load_shared(first), low, high_bits);
                _mm512_test_epi64_mask(all, all) != 0
            };
            collect_hits(select, hit)
        }
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

#[target_feature(enable = "avx512f,avx512vpopcntdq,popcnt,bmi1")]
fn count_512(block: Block<'_>, select: u64, mask: &RowBits) -> u64 {
    let wanted = mask_halves(mask);
    let mut sum = _mm512_setzero_si512();
    let mut add = |index: u32, half: usize| {
        let there = _mm512_and_si512(load_shared(halves(block, index)[half]), wanted[half]);
        sum = _mm512_add_epi64(sum, _mm512_popcnt_epi64(there));
    };
    match span(mask) {
        Span::Nothing => {}
        Span::Half(half) => positions(select).for_each(|index| add(index, half)),
        Span::Both => positions(select).for_each(|index| {
            add(index, 0);
            add(index, 1);
        }),
    }
    _mm512_reduce_add_epi64(sum).cast_unsigned()
}

#[target_feature(enable = "avx512f")]
fn union_512(block: Block<'_>) -> RowBits {
    let mut sums = [_mm512_setzero_si512(); 2];
    for index in 0..block.rows() as u32 {
        for (sum, half) in sums.iter_mut().zip(halves(block, index)) {
            *sum = _mm512_or_si512(*sum, load_shared(half));
        }
    }
    let mut all = [0; ROW_WORDS];
    let (halves, _) = all.as_chunks_mut::<8>();
    for (half, sum) in halves.iter_mut().zip(sums) {
        // SAFETY: the reference proves 64 writable bytes, and an unaligned store is asked for.
        unsafe { _mm512_storeu_si512(half.as_mut_ptr().cast(), sum) };
    }
    all
}
