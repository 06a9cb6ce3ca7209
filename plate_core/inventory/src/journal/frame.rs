//! One frame: an entry of a pool's feed with its place in the chain.

use sha2::{Digest, Sha256};

/// The bytes of a link.
pub(super) type Link = [u8; 32];

/// A frame longer than this was never written: a batch is at most 128 items, and 128 items of the largest
/// record (about 400 bytes, twice) are 100 KiB; a document has at most 1 MiB
/// ([`crate::store::DOCUMENT_MAX_BYTES`]), and its name and act less than another KiB. Twice the greater of
/// them bounds what a damaged length can ask for.
pub(super) const MAX_PAYLOAD_BYTES: u32 = 2 << 20;

/// Length field before, link after.
pub(super) const FRAME_OVERHEAD_BYTES: u64 = 4 + 32;

/// The stream id of a feed entry: the revision of its last transition, and a sequence that is 0 today.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId {
    /// The pool's revision after the entry.
    pub revision: u64,
    /// The second half of a stream id.
    pub sequence: u64,
}

impl EntryId {
    /// Reads `"<revision>-<sequence>"`, as the store writes it.
    ///
    /// ```
    /// use plate_inventory::journal::EntryId;
    /// assert_eq!(EntryId::parse("17-0"), Some(EntryId { revision: 17, sequence: 0 }));
    /// assert_eq!(EntryId::parse("17"), None);
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let (revision, sequence) = text.split_once('-')?;
        Some(Self { revision: revision.parse().ok()?, sequence: sequence.parse().ok()? })
    }
}

impl std::fmt::Display for EntryId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}-{}", self.revision, self.sequence)
    }
}

/// One entry as the journal holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The pool's id, for example `person_car.02`.
    pub pool: String,
    /// The entry's id in the pool's feed.
    pub id: EntryId,
    /// The feed's bytes, unchanged; `codec::feed::decode` reads them.
    pub entry: Vec<u8>,
}

impl Frame {
    /// The refusal of an entry that cannot be read.
    pub(super) fn refused(&self, error: &crate::codec::Malformed) -> super::JournalError {
        let (pool, revision) = (self.pool.clone(), self.id.revision);
        super::JournalError::Entry { pool, revision, reason: error.to_string() }
    }
}

/// The payload of a frame, ready to be linked.
pub(super) fn encode_payload(pool: &str, id: EntryId, entry: &[u8]) -> Option<Vec<u8>> {
    let pool_length = u8::try_from(pool.len()).ok()?;
    let mut payload = Vec::with_capacity(1 + pool.len() + 16 + entry.len());
    payload.push(pool_length);
    payload.extend_from_slice(pool.as_bytes());
    payload.extend_from_slice(&id.revision.to_le_bytes());
    payload.extend_from_slice(&id.sequence.to_le_bytes());
    payload.extend_from_slice(entry);
    let fits = u32::try_from(payload.len()).is_ok_and(|length| length <= MAX_PAYLOAD_BYTES);
    fits.then_some(payload)
}

/// Reads a payload back; `None` when its own lengths do not fit.
pub(super) fn decode_payload(payload: &[u8]) -> Option<Frame> {
    let (&pool_length, rest) = payload.split_first()?;
    let (pool, rest) = rest.split_at_checked(usize::from(pool_length))?;
    let (revision, rest) = rest.split_first_chunk::<8>()?;
    let (sequence, entry) = rest.split_first_chunk::<8>()?;
    Some(Frame {
        pool: std::str::from_utf8(pool).ok()?.to_owned(),
        id: EntryId { revision: u64::from_le_bytes(*revision), sequence: u64::from_le_bytes(*sequence) },
        entry: entry.to_vec(),
    })
}

/// The link that follows `previous` over this payload.
pub(super) fn link(previous: &Link, payload: &[u8]) -> Link {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    Sha256::new()
        .chain_update(previous)
        .chain_update(length.to_le_bytes())
        .chain_update(payload)
        .finalize()
        .into()
}
