//! The marks of one pool by number: series after series, in each by digits.
//!
//! Three sieves, each finer than the one before: the pool's union (is anything of these digits left
//! at all?), the unions of 64 rows each, the rows themselves. All three are the same kernel.

use std::ops::ControlFlow;

use super::selection::{Part, Selection, both};
use crate::kernels::{BLOCK_ROWS, DIGIT_VALUES, ROW_BITS, RowBits, positions};
use crate::planes::{Planes, PoolPlanes};

/// Calls `found` with series and digits of each wanted mark from ordinal `from` on, until it breaks.
pub(super) fn walk(
    planes: &Planes,
    pool: PoolPlanes<'_>,
    selection: &mut Selection,
    free_only: bool,
    from: u32,
    mut found: impl FnMut(u16, u16) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let digits = if free_only { both(&selection.digits, &pool.union()) } else { selection.digits };
    if digits.iter().all(|&word| word == 0) {
        return ControlFlow::Continue(());
    }
    let mut row_walk = RowWalk { planes, pool, free_only, parts: Vec::new(), from: from as usize };
    let first_block = from as usize / ROW_BITS / BLOCK_ROWS;
    for (group, wanted) in selection.blocks.into_iter().enumerate().skip(first_block / 64) {
        let first = group * 64;
        // Blocks before the first one were on an earlier page.
        let mut live = wanted & u64::MAX << first_block.saturating_sub(first).min(63);
        if free_only && live != 0 {
            live = planes.kernel().hits(pool.union_block(first), live, &digits);
        }
        for block in positions(live) {
            row_walk.block(first + block as usize, selection, &mut found)?;
        }
    }
    ControlFlow::Continue(())
}

struct RowWalk<'a> {
    planes: &'a Planes,
    pool: PoolPlanes<'a>,
    free_only: bool,
    parts: Vec<Part>,
    from: usize,
}

impl RowWalk<'_> {
    fn block(
        &mut self,
        block: usize,
        selection: &mut Selection,
        found: &mut impl FnMut(u16, u16) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let first_row = block * BLOCK_ROWS;
        selection.parts(block, &mut self.parts);
        let hits = self.hits(block);
        // The order of numbers runs across the parts, so rows are taken from all of them at once.
        for row in positions(hits) {
            let bits = self.bits(first_row, row);
            let start = (first_row + row as usize) * ROW_BITS;
            if start + ROW_BITS <= self.from {
                continue;
            }
            for (index, &word) in bits.iter().enumerate() {
                for bit in positions(word) {
                    let digits = index * 64 + bit as usize;
                    if start + digits >= self.from && digits < DIGIT_VALUES {
                        found((first_row + row as usize) as u16, digits as u16)?;
                    }
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// The rows of a block that have a wanted mark.
    fn hits(&self, block: usize) -> u64 {
        let rows = self.pool.free_block(block);
        let of_part = |part: &Part| {
            if self.free_only {
                self.planes.kernel().hits(rows, part.rows, &part.digits)
            } else {
                part.rows & rows.every_row()
            }
        };
        self.parts.iter().fold(0, |hits, part| hits | of_part(part))
    }

    /// The wanted marks of one row.
    fn bits(&self, first_row: usize, row: u32) -> RowBits {
        let part = self.parts.iter().find(|part| part.rows >> row & 1 == 1);
        let wanted = part.map_or([0; 16], |part| part.digits);
        if self.free_only { both(&wanted, &self.pool.free_row(first_row + row as usize)) } else { wanted }
    }
}
