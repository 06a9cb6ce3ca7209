//! The planes of a pool as the journal tells them, in the store's own layout: two bits a mark, withheld before issued.
//!
//! Because the layout is the store's, comparing the two is comparing bytes. That a mark is taken its record says.

use crate::feed::PlaneBits;
use crate::settings::{PoolShape, ROW_ORDINALS};
use crate::store::planes;

/// Marks a byte.
const MARKS_A_BYTE: u32 = 4;

/// The planes of one pool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Planes(Vec<u8>);

impl Planes {
    /// The planes of a pool that was founded and not touched since: what is never issued is withheld.
    pub(super) fn founded(shape: PoolShape) -> Self {
        let bits = |ordinal: u32| if shape.never_issued(ordinal) { 1 << (7 - ordinal % 8) } else { 0 };
        let one_row: Vec<u8> =
            (0..ROW_ORDINALS / 8).map(|byte| (8 * byte..8 * byte + 8).map(bits).sum()).collect();
        Self(planes::together(&[], &one_row).repeat(shape.rows as usize))
    }

    /// What is said of a mark that has no record.
    pub fn of(&self, ordinal: u32) -> PlaneBits {
        let byte = self.0.get((ordinal / MARKS_A_BYTE) as usize).copied().unwrap_or_default();
        let two = byte >> shift(ordinal);
        PlaneBits { taken: false, issued: two & 1 != 0, withheld: two & 2 != 0 }
    }

    /// The bytes, as the store has them.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Notes what stands of a mark now. Of an ordinal beyond the last row the store keeps nothing either.
    pub(super) fn set(&mut self, ordinal: u32, bits: PlaneBits) {
        if let Some(byte) = self.0.get_mut((ordinal / MARKS_A_BYTE) as usize) {
            let two = u8::from(bits.withheld) << 1 | u8::from(bits.issued);
            *byte = *byte & !(3 << shift(ordinal)) | two << shift(ordinal);
        }
    }
}

/// A byte's first mark has its highest bits.
fn shift(ordinal: u32) -> u32 {
    2 * (MARKS_A_BYTE - 1 - ordinal % MARKS_A_BYTE)
}
