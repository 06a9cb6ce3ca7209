//! One row of a column of texts.

use super::written::PLACES_MAX;

/// A row, with what stands behind it in the column: eight bytes are loaded whatever its length, without a branch.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    data: &'a [u8],
    start: usize,
    end: usize,
}

impl<'a> Row<'a> {
    /// The part of a column's data from `start` to `end`.
    #[inline]
    pub(super) fn within(data: &'a [u8], start: usize, end: usize) -> Row<'a> {
        Row { data, start, end }
    }

    #[inline]
    pub(super) fn of(text: &'a [u8]) -> Row<'a> {
        Row { data: text, start: 0, end: text.len() }
    }

    #[inline]
    pub(super) fn len(self) -> usize {
        self.end.wrapping_sub(self.start)
    }

    pub(super) fn text(self) -> &'a [u8] {
        self.data.get(self.start..self.end).unwrap_or_default()
    }

    /// Eight bytes from its beginning; `None` where the data end before.
    #[inline]
    pub(super) fn bytes(self) -> Option<&'a [u8; PLACES_MAX]> {
        // No row begins so far behind that the sum wraps; and were it so, there would be nothing to get.
        self.data.get(self.start..self.start.wrapping_add(PLACES_MAX))?.first_chunk()
    }

    /// The same of a row near the end of the data, with zeros behind it.
    pub(super) fn padded(self) -> [u8; PLACES_MAX] {
        padded(self.text())
    }
}

/// A short row with zeros behind it; two halves that overlap need no loop.
fn padded(row: &[u8]) -> [u8; PLACES_MAX] {
    let bytes = match row.first_chunk().zip(row.last_chunk()) {
        Some((first, last)) => {
            let behind = 8 * (row.len().min(PLACES_MAX) - 4);
            u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << behind
        }
        None => row.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    };
    bytes.to_le_bytes()
}
