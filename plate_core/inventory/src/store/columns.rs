//! The arguments of a call, one after the other in one buffer: a call of 64 holds has some 450 of them, and an
//! allocation for each would cost more than all that is written into them.

use crate::codec::{TooLong, Writer};

/// Arguments in one buffer.
pub(super) struct Columns {
    bytes: Writer,
    ends: Vec<usize>,
}

impl Columns {
    pub(super) fn with_capacity(values: usize, bytes: usize) -> Self {
        Self { bytes: Writer(Vec::with_capacity(bytes)), ends: Vec::with_capacity(values) }
    }

    /// Adds the value that `write` writes.
    pub(super) fn value(&mut self, write: impl FnOnce(&mut Writer) -> &mut Writer) {
        write(&mut self.bytes);
        self.ends.push(self.bytes.0.len());
    }

    /// Adds the value that `write` writes, if it can be written.
    pub(super) fn try_value(
        &mut self,
        write: impl FnOnce(&mut Writer) -> Result<(), TooLong>,
    ) -> Result<(), TooLong> {
        write(&mut self.bytes)?;
        self.ends.push(self.bytes.0.len());
        Ok(())
    }

    /// The values, in order.
    pub(super) fn values(&self) -> impl Iterator<Item = &[u8]> {
        let mut from = 0;
        self.ends.iter().map(move |end| {
            let value = self.bytes.0.get(from..*end).unwrap_or_default();
            from = *end;
            value
        })
    }
}
