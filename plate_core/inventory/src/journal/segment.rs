//! Segment files: their names, their headers, and the walk over the frames of one.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use super::error::JournalError;
use super::frame::{FRAME_OVERHEAD_BYTES, Frame, Link, MAX_PAYLOAD_BYTES, decode_payload, link};

const MAGIC: &[u8; 8] = b"PLATEJ01";

/// Magic, number, chain.
pub(super) const HEADER_BYTES: u64 = 8 + 8 + 32;

/// The chain before the first segment.
pub(super) const GENESIS: Link = [0; 32];

/// A walk over one segment stops in one of these ways.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A whole frame whose link fits.
    Frame(Frame),
    /// The file ends with the frame before.
    End,
    /// The file ends inside a frame: what a crash in the middle of a write leaves.
    Torn,
}

/// The path of a segment by number. Ten digits keep the names in order for 300 years at ten a second.
pub(super) fn path(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{number:010}.journal"))
}

/// The numbers of the segments in a directory, in order.
pub(super) fn numbers(directory: &Path) -> Result<Vec<u64>, JournalError> {
    let failed = |source| JournalError::Io { path: directory.to_owned(), source };
    let mut numbers = Vec::new();
    for item in std::fs::read_dir(directory).map_err(failed)? {
        let name = item.map_err(failed)?.file_name();
        let number = name
            .to_str()
            .and_then(|name| name.strip_suffix(".journal"))
            .and_then(|stem| stem.parse::<u64>().ok());
        numbers.extend(number);
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// The header of a segment.
pub(super) fn header(number: u64, chain: &Link) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(48);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&number.to_le_bytes());
    bytes.extend_from_slice(chain);
    bytes
}

/// A segment being read, frame by frame, each link checked.
pub(super) struct SegmentWalk {
    path: PathBuf,
    number: u64,
    file: BufReader<File>,
    length: u64,
    offset: u64,
    chain: Link,
}

impl SegmentWalk {
    /// Opens a segment that must continue from `chain`. `Ok(None)` when not even its header is whole, which
    /// only the crash that created it can leave.
    pub(super) fn open(directory: &Path, number: u64, chain: &Link) -> Result<Option<Self>, JournalError> {
        let path = path(directory, number);
        let file = File::open(&path).map_err(|source| io_error(&path, source))?;
        let length = file.metadata().map_err(|source| io_error(&path, source))?.len();
        if length < HEADER_BYTES {
            return Ok(None);
        }
        let file = BufReader::with_capacity(1 << 18, file);
        let mut walk = Self { path, number, file, length, offset: 0, chain: *chain };
        let mut found = vec![0; HEADER_BYTES as usize];
        walk.read(&mut found)?;
        if found == header(number, chain) {
            walk.offset = HEADER_BYTES;
            Ok(Some(walk))
        } else {
            Err(walk.broken("its header does not continue the segment before it"))
        }
    }

    /// The link after the last whole frame.
    pub(super) fn chain(&self) -> &Link {
        &self.chain
    }

    /// The segment's number.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// The offset after the last whole frame.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// The next frame, or how the segment ends.
    ///
    /// # Errors
    /// `Broken` when a frame is whole and its link does not fit: that is damage, never a crash.
    pub(super) fn step(&mut self) -> Result<Step, JournalError> {
        let left = self.length.saturating_sub(self.offset);
        if left == 0 {
            return Ok(Step::End);
        }
        if left < FRAME_OVERHEAD_BYTES {
            return Ok(Step::Torn);
        }
        let mut length = [0; 4];
        self.read(&mut length)?;
        let length = u32::from_le_bytes(length);
        if length == 0 && self.rest_is_zero()? {
            return Ok(Step::Torn);
        }
        if length > MAX_PAYLOAD_BYTES {
            return Err(self.broken("a length that was never written"));
        }
        if left < FRAME_OVERHEAD_BYTES + u64::from(length) {
            return Ok(Step::Torn);
        }
        self.frame(length)
    }

    /// After a power loss a file system may have grown the file without its bytes: zeros to the end. No
    /// payload is empty, so such a tail is told apart from a damaged frame.
    fn rest_is_zero(&mut self) -> Result<bool, JournalError> {
        let mut rest = Vec::new();
        self.file.read_to_end(&mut rest).map_err(|source| io_error(&self.path, source))?;
        Ok(rest.iter().all(|&byte| byte == 0))
    }

    fn frame(&mut self, length: u32) -> Result<Step, JournalError> {
        let mut payload = vec![0; length as usize];
        self.read(&mut payload)?;
        let mut found: Link = [0; 32];
        self.read(&mut found)?;
        let expected = link(&self.chain, &payload);
        if found != expected {
            return Err(self.broken("a frame whose link does not fit"));
        }
        let frame = decode_payload(&payload).ok_or_else(|| self.broken("a payload that cannot be read"))?;
        self.chain = expected;
        self.offset += FRAME_OVERHEAD_BYTES + u64::from(length);
        Ok(Step::Frame(frame))
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<(), JournalError> {
        self.file.read_exact(buffer).map_err(|source| io_error(&self.path, source))
    }

    pub(super) fn broken(&self, reason: &'static str) -> JournalError {
        JournalError::Broken { segment: self.path.clone(), offset: self.offset, reason }
    }
}

/// An error of the file system with the path it concerns.
pub(super) fn io_error(path: &Path, source: io::Error) -> JournalError {
    JournalError::Io { path: path.to_owned(), source }
}
