//! Where a page ended, as opaque bytes that only fit their own query.
//!
//! ```text
//! byte 0       version, 1
//! byte 1       0: by number, price or beauty; 1: shuffled
//! bytes 2..10  digest of the query (areas, free only, order, ranks or seed), little-endian
//! bytes 10..   rank u16, format u8, region u8, ordinal u32   or   turn u32, block u32
//! ```
//!
//! The digest is a mixing of words, not a signature: whoever forges a cursor gets a page of the
//! marks he could have asked for anyway. It is the same on every machine and in every process, and
//! changes with a tariff whose areas change, so that no page mixes two laws.

use plate_algebra::{Area, Pool};
use thiserror::Error;

use super::{Order, Query, QueryError, Ranks};

const VERSION: u8 = 1;
const ORDERED: u8 = 0;
const SHUFFLED: u8 = 1;
/// Length of every cursor.
const BYTES: usize = 18;

/// A place in the order of a query.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Place {
    /// By rank, pool and ordinal.
    Ordered { rank: u16, format: u8, region: u8, ordinal: u32 },
    /// By turn, and in a turn by the place of the block.
    Shuffled { turn: u32, block: u32 },
}

impl Place {
    pub fn ordered(rank: u16, pool: Pool, ordinal: u32) -> Place {
        Place::Ordered { rank, format: pool.format.0, region: pool.region.code(), ordinal }
    }
}

/// Where a page ended. Opaque: bytes in, bytes out.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Cursor {
    digest: u64,
    place: Place,
}

/// Why bytes are no cursor.
#[derive(Copy, Clone, PartialEq, Eq, Error, Debug)]
pub enum CursorError {
    /// A cursor has exactly 18 bytes.
    #[error("a cursor has {BYTES} bytes, not {0}")]
    Length(usize),
    /// Made by another version of this program.
    #[error("cursor version {0} is not known")]
    Version(u8),
    /// Neither an ordered nor a shuffled place.
    #[error("cursor kind {0} is not known")]
    Kind(u8),
}

impl CursorError {
    /// A stable slug for each cause.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            CursorError::Length(_) => "cursor_length",
            CursorError::Version(_) => "cursor_version",
            CursorError::Kind(_) => "cursor_kind",
        }
    }
}

impl Cursor {
    pub(super) fn new(digest: u64, place: Place) -> Cursor {
        Cursor { digest, place }
    }

    /// The place, if the cursor was made for the query with this digest.
    pub(super) fn place_in(self, digest: u64) -> Result<Place, QueryError> {
        if self.digest == digest { Ok(self.place) } else { Err(QueryError::CursorOfAnotherQuery) }
    }

    /// The bytes to hand out.
    #[must_use]
    pub fn encode(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(BYTES);
        let kind = if matches!(self.place, Place::Ordered { .. }) { ORDERED } else { SHUFFLED };
        bytes.extend([VERSION, kind]);
        bytes.extend(self.digest.to_le_bytes());
        match self.place {
            Place::Ordered { rank, format, region, ordinal } => {
                bytes.extend(rank.to_le_bytes());
                bytes.extend([format, region]);
                bytes.extend(ordinal.to_le_bytes());
            }
            Place::Shuffled { turn, block } => {
                bytes.extend(turn.to_le_bytes());
                bytes.extend(block.to_le_bytes());
            }
        }
        bytes
    }

    /// Reads what [`Cursor::encode`] wrote.
    ///
    /// # Errors
    /// See [`CursorError`]. Whether it fits a query is asked when the query is made.
    pub fn decode(bytes: &[u8]) -> Result<Cursor, CursorError> {
        let &bytes: &[u8; BYTES] = bytes.try_into().map_err(|_| CursorError::Length(bytes.len()))?;
        let [version, kind, d0, d1, d2, d3, d4, d5, d6, d7, a, b, c, d, e, f, g, h] = bytes;
        if version != VERSION {
            return Err(CursorError::Version(version));
        }
        let last = u32::from_le_bytes([e, f, g, h]);
        let place = match kind {
            ORDERED => {
                Place::Ordered { rank: u16::from_le_bytes([a, b]), format: c, region: d, ordinal: last }
            }
            SHUFFLED => Place::Shuffled { turn: u32::from_le_bytes([a, b, c, d]), block: last },
            _ => return Err(CursorError::Kind(kind)),
        };
        Ok(Cursor { digest: u64::from_le_bytes([d0, d1, d2, d3, d4, d5, d6, d7]), place })
    }
}

/// What a cursor must agree with: everything of a query but its limit.
pub(super) fn digest_of(query: &Query<'_>) -> u64 {
    let mut digest = Digest::new();
    digest.add_areas(query.areas);
    digest.add(query.free_only.into());
    match query.order {
        Order::Number => digest.add(0),
        Order::Price(_) => digest.add(1),
        Order::Beauty(_) => digest.add(2),
        Order::Shuffle(seed) => {
            digest.add(3);
            digest.add(seed);
        }
    }
    digest.add(query.order.ranks().map_or(0, Ranks::digest));
    digest.finish()
}

/// The same of areas alone.
pub(super) fn digest_of_areas(areas: &[Area]) -> u64 {
    let mut digest = Digest::new();
    digest.add_areas(areas);
    digest.finish()
}

/// Four lanes of multiply-and-fold, so that four words are under way at once: an area
/// that is many rectangles is some 100 KB, and a page must not wait for them.
struct Digest {
    lanes: [u64; 4],
    words: u64,
}

/// Odd numbers without a pattern: the fractional parts of the square roots of 2, 3, 5 and 7.
const LANES: [u64; 4] =
    [0x6A09_E667_F3BC_C909, 0xBB67_AE85_84CA_A73B, 0x3C6E_F372_FE94_F82B, 0xA54F_F53A_5F1D_36F1];

impl Digest {
    fn new() -> Digest {
        Digest { lanes: LANES, words: 0 }
    }

    fn add(&mut self, word: u64) {
        self.add_words(&[word]);
    }

    fn add_words(&mut self, words: &[u64]) {
        for part in words.chunks(4) {
            for ((lane, &word), &odd) in self.lanes.iter_mut().zip(part).zip(&LANES) {
                *lane = fold(*lane ^ word, odd);
            }
        }
        // The length too, so that words cannot move from one list to the next.
        self.words = fold(self.words ^ words.len() as u64, LANES[0]);
    }

    fn add_areas(&mut self, areas: &[Area]) {
        self.add(areas.len() as u64);
        for area in areas {
            self.add_words(&[area.format.0.into(), area.rectangles().len() as u64]);
            for rectangle in area.rectangles() {
                let regions = rectangle.regions.0;
                self.add_words(&[regions as u64, (regions >> 64) as u64]);
                self.add_words(&rectangle.digits.0);
                self.add_words(rectangle.series.words());
            }
        }
    }

    fn finish(self) -> u64 {
        self.lanes.into_iter().fold(self.words, |all, lane| fold(all ^ lane, LANES[1]))
    }
}

/// Both halves of a 128-bit product: every bit of the word reaches every bit of the result.
fn fold(word: u64, odd: u64) -> u64 {
    // Added first, since a product with 0 would forget everything before it.
    let product = u128::from(word.wrapping_add(odd)) * u128::from(odd);
    (product as u64) ^ (product >> 64) as u64
}
