//! Planes after any snapshot and any changes equal three plain bitmaps; so do all their summaries.

#![allow(clippy::expect_used, reason = "a test may fail")]

use plate_algebra::{FormatId, Region};
use proptest::prelude::*;

use super::*;
use crate::planes::{MarkState, PoolPlanes};

/// Two blocks and a bit: block borders, a short last block, a counter word that is not full.
const ROWS: usize = 141;
const BITS: usize = ROWS * ROW_BITS;

fn pool(region: u8) -> Pool {
    let region = Region::new(region).expect("a region of the test");
    Pool { format: FormatId(0), region }
}

fn spec(region: u8) -> PoolSpec {
    PoolSpec { pool: pool(region), id: format!("person_car.{region:02}"), rows: ROWS as u32 }
}

fn stamp(revision: u64) -> Stamp {
    Stamp { revision, feed: (revision, 0), updated_at_ms: 1_000 + revision.cast_signed() }
}

/// The three planes as the slowest possible thing.
#[derive(Clone)]
struct Reference {
    taken: Vec<u64>,
    issued: Vec<u64>,
    withheld: Vec<u64>,
}

impl Reference {
    fn bits(&self, ordinal: usize) -> PlaneBits {
        let set = |plane: &[u64]| plane.get(ordinal / 64).is_some_and(|word| word >> (ordinal % 64) & 1 == 1);
        PlaneBits { taken: set(&self.taken), issued: set(&self.issued), withheld: set(&self.withheld) }
    }

    fn set(&mut self, ordinal: usize, bits: PlaneBits) {
        for (plane, value) in [
            (&mut self.taken, bits.taken),
            (&mut self.issued, bits.issued),
            (&mut self.withheld, bits.withheld),
        ] {
            plane.resize(BITS / 64, 0);
            let word = &mut plane[ordinal / 64];
            *word = *word & !(1 << (ordinal % 64)) | u64::from(value) << (ordinal % 64);
        }
    }

    fn is_free(&self, ordinal: usize) -> bool {
        self.bits(ordinal).is_free() && ordinal % ROW_BITS < DIGIT_VALUES
    }

    fn image(&self) -> PoolImage<'_> {
        PoolImage { taken: &self.taken, issued: &self.issued, withheld: &self.withheld }
    }
}

fn check(planes: PoolPlanes<'_>, reference: &Reference) -> Result<(), TestCaseError> {
    let mut in_rows = [0u64; ROWS];
    let mut with_digits = [0u64; ROW_BITS];
    for ordinal in 0..BITS {
        let (row, bit) = (ordinal / ROW_BITS, ordinal % ROW_BITS);
        let (series, digits) = (row as u16, bit as u16);
        let (bits, free) = (reference.bits(ordinal), reference.is_free(ordinal));
        prop_assert_eq!(planes.is_free(series, digits), free);
        let expected = match bits {
            PlaneBits { withheld: true, .. } => MarkState::Withheld,
            PlaneBits { issued: true, .. } => MarkState::Issued,
            _ if free => MarkState::Free,
            _ => MarkState::Taken,
        };
        prop_assert_eq!(planes.state(series, digits), Some(expected));
        in_rows[row] += u64::from(free);
        with_digits[bit] += u64::from(free);
    }
    prop_assert_eq!(planes.free(), in_rows.iter().sum::<u64>());
    for (row, &free) in in_rows.iter().enumerate() {
        prop_assert_eq!(planes.free_in_row(row), free);
    }
    for (bit, &free) in with_digits.iter().enumerate() {
        prop_assert_eq!(planes.free_with_digits(bit as u16), free);
        prop_assert_eq!(planes.union()[bit / 64] >> (bit % 64) & 1 == 1, free > 0);
    }
    for block in 0..planes.blocks() {
        let mut union = [0; ROW_WORDS];
        for row in block * BLOCK_ROWS..((block + 1) * BLOCK_ROWS).min(ROWS) {
            union.iter_mut().zip(planes.free_row(row)).for_each(|(sum, word)| *sum |= word);
        }
        prop_assert_eq!(planes.block_union(block), union);
    }
    Ok(())
}

fn plane() -> impl Strategy<Value = Vec<u64>> {
    let word = prop_oneof![3 => Just(0u64), 1 => Just(u64::MAX), 2 => any::<u64>()];
    (0..=BITS / 64).prop_flat_map(move |words| prop::collection::vec(word.clone(), words))
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    // Few rows and digits, so that the same mark, row and block change again and again.
    let ordinal = (prop::sample::select(vec![0usize, 1, 63, 64, 127, 128, 140]), 0usize..ROW_BITS)
        .prop_map(|(row, bit)| (row * ROW_BITS + bit) as u32);
    let bits = (any::<bool>(), any::<bool>(), any::<bool>())
        .prop_map(|(taken, issued, withheld)| PlaneBits { taken, issued, withheld });
    let change = (ordinal, bits).prop_map(|(ordinal, bits)| Change { ordinal, bits });
    prop::collection::vec(change, 0..200)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// A snapshot, then changes, then another snapshot: bits, counts and summaries are always those
    /// of the reference.
    #[test]
    fn planes_and_summaries_equal_a_plain_reference(
        taken in plane(), issued in plane(), withheld in plane(), changes in changes(), again in plane(),
    ) {
        let mut writer = PlanesWriter::in_memory(&[spec(1), spec(2)]).expect("memory");
        let mut reference = Reference { taken, issued, withheld };
        writer.load(pool(2), reference.image(), stamp(5)).expect("a pool of the planes");
        check(writer.planes().pool(pool(2)).expect("a pool of the planes"), &reference)?;

        writer.apply(pool(2), &changes, stamp(6)).expect("ordinals within the pool");
        for change in &changes {
            reference.set(change.ordinal as usize, change.bits);
        }
        let planes = writer.planes();
        check(planes.pool(pool(2)).expect("a pool of the planes"), &reference)?;
        prop_assert_eq!(planes.pool(pool(2)).map(PoolPlanes::stamp), Some(stamp(6)));
        prop_assert_eq!(planes.pool(pool(1)).map(PoolPlanes::free), Some(0), "the other pool is untouched");

        reference.issued = again;
        writer.load(pool(2), reference.image(), stamp(9)).expect("a pool of the planes");
        check(planes.pool(pool(2)).expect("a pool of the planes"), &reference)?;
    }
}

/// Of a batch with one ordinal behind the pool's end nothing is applied, and the stamp stays.
#[test]
fn a_batch_with_an_ordinal_behind_the_end_changes_nothing() {
    let mut writer = PlanesWriter::in_memory(&[spec(1)]).expect("memory");
    let empty = PoolImage { taken: &[], issued: &[], withheld: &[] };
    writer.load(pool(1), empty, stamp(1)).expect("a pool of the planes");
    let free = writer.planes().pool(pool(1)).map(PoolPlanes::free);
    assert_eq!(free, Some((ROWS * DIGIT_VALUES) as u64));

    let taken = PlaneBits { taken: true, ..PlaneBits::default() };
    let batch = [Change { ordinal: 7, bits: taken }, Change { ordinal: BITS as u32, bits: taken }];
    let refused = writer.apply(pool(1), &batch, stamp(2));
    assert_eq!(refused, Err(WriteError::OrdinalBeyond { id: "person_car.01".into(), ordinal: BITS as u32 }));
    assert_eq!(writer.planes().pool(pool(1)).map(PoolPlanes::free), free);
    assert_eq!(writer.planes().pool(pool(1)).map(PoolPlanes::stamp), Some(stamp(1)));
}

/// Unknown pools and planes that are too long are named, not cut off.
#[test]
fn a_snapshot_that_does_not_fit_is_refused_by_name() {
    let mut writer = PlanesWriter::in_memory(&[spec(1)]).expect("memory");
    let long = vec![0; BITS / 64 + 1];
    let image = PoolImage { taken: &[], issued: &long, withheld: &[] };
    assert_eq!(
        writer.load(pool(1), image, stamp(1)),
        Err(WriteError::PlaneTooLong { id: "person_car.01".into(), words: BITS / 64 + 1, most: BITS / 64 })
    );
    assert_eq!(writer.set_stamp(pool(3), stamp(1)), Err(WriteError::PoolMissing(pool(3))));
    assert_eq!(
        writer.planes().pool(pool(1)).map(PoolPlanes::free),
        Some(0),
        "a pool not loaded offers nothing"
    );
}

/// A pool that is cleared offers nothing, whatever it was, and has followed nothing.
#[test]
fn a_cleared_pool_offers_nothing() {
    let mut writer = PlanesWriter::in_memory(&[spec(1)]).expect("memory");
    let empty = PoolImage { taken: &[], issued: &[], withheld: &[] };
    writer.load(pool(1), empty, stamp(1)).expect("a pool of the planes");
    writer.clear(pool(1)).expect("a pool of the planes");
    let planes = writer.planes();
    let cleared = planes.pool(pool(1)).expect("a pool of the planes");
    assert_eq!((cleared.free(), cleared.union(), cleared.stamp()), (0, [0; ROW_WORDS], Stamp::default()));
    assert_eq!(cleared.state(3, 7), Some(MarkState::Taken));
}
