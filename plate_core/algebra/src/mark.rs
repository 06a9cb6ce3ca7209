//! A mark, the character string that is allocated, and the pool it belongs to.
//!
//! Both are small values: a mark is what four numbers say, not text. Text is made and read by
//! [`crate::Formats`], which knows the templates.

use crate::{
    format::{FormatId, Formats},
    ordinal::{Ordinal, OrdinalError},
    region::Region,
};

/// One mark. Its order is that of its pool, then of its ordinal.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Mark {
    /// Its shape.
    pub format: FormatId,
    /// Its region.
    pub region: Region,
    /// Its letters as a number to the base 26: AAA is 0, AAB is 1.
    pub series: u16,
    /// Its digits as a number: 007 is 7.
    pub digits: u16,
}

/// All marks of one format in one region.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Pool {
    /// The shape of its marks.
    pub format: FormatId,
    /// The region of its marks.
    pub region: Region,
}

impl Mark {
    /// The pool this mark belongs to.
    pub const fn pool(&self) -> Pool {
        Pool { format: self.format, region: self.region }
    }

    /// Its place in its pool: the row is the series, the bit is the digits.
    pub const fn ordinal(&self) -> Ordinal {
        Ordinal::new(self.series, self.digits)
    }

    /// The mark at a place of a pool; the inverse of [`Mark::pool`] with [`Mark::ordinal`].
    ///
    /// Fails for a pool that does not exist, for a row beyond the last series and for digits that are not
    /// issued (the padding up to 1,024 among them).
    pub fn at(pool: Pool, ordinal: Ordinal, formats: &Formats) -> Result<Mark, OrdinalError> {
        let mark =
            Mark { format: pool.format, region: pool.region, series: ordinal.row(), digits: ordinal.bit() };
        formats.check(mark)?;
        Ok(mark)
    }
}
