//! Writing the journal: append, then make durable. One writer a directory, held by a file lock.
//!
//! A crash can leave a torn tail, and only in the last segment. It was never acknowledged (the feed is
//! trimmed after `sync` only), so it is cut off and kept beside the segment for whoever wants to look.

use std::collections::HashMap;
use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::Write;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::checkpoint::{self, CHECKPOINT_BYTES, Checkpoint, Signer, read_checkpoints};
use super::durable::write_again;
use super::error::JournalError;
use super::frame::{EntryId, Link, encode_payload, link};
use super::segment::{GENESIS, HEADER_BYTES, SegmentWalk, Step, header, io_error, numbers, path};

/// A segment ends when it has grown past this, so that a copy or a check works on pieces of one size.
const SEGMENT_BYTES: u64 = 64 << 20;

/// The journal, open for writing.
pub struct JournalWriter {
    directory: PathBuf,
    /// Held for as long as the writer lives; the kernel releases it with the process, kill -9 included.
    lock: File,
    segment: File,
    number: u64,
    length: u64,
    chain: Link,
    /// How many frames are on disk or in the buffer.
    frames: u64,
    /// The segment of the last frame on disk, and where in it that frame ends.
    end: (u64, u64),
    seals: Option<Seals>,
    buffer: Vec<u8>,
    heads: HashMap<String, EntryId>,
    poisoned: bool,
}

impl JournalWriter {
    /// Opens the journal in `directory`, checks every link of it, and cuts off a torn tail. It signs nothing.
    ///
    /// # Errors
    /// `Locked` when another process writes here, `Broken` when a link does not fit, `Io`; and what is wrong with its
    /// checkpoints, where there are any.
    pub fn open(directory: &Path) -> Result<Self, JournalError> {
        Self::open_with(directory, None)
    }

    /// The same, and signs checkpoints when asked to.
    ///
    /// # Errors
    /// As [`JournalWriter::open`].
    pub fn open_signing(directory: &Path, signer: Signer) -> Result<Self, JournalError> {
        Self::open_with(directory, Some(signer))
    }

    fn open_with(directory: &Path, signer: Option<Signer>) -> Result<Self, JournalError> {
        std::fs::create_dir_all(directory).map_err(|source| io_error(directory, source))?;
        let lock = take_lock(directory)?;
        let checkpoints = read_checkpoints(directory)?;
        let tail = Tail::find(directory, checkpoints.last())?;
        let segment = tail.open_segment(directory)?;
        let seals = signer.map(|signer| Seals::open(directory, signer, &checkpoints)).transpose()?;
        Ok(Self {
            directory: directory.to_owned(),
            lock,
            segment,
            number: tail.number,
            length: tail.length.max(HEADER_BYTES),
            chain: tail.chain,
            frames: tail.frames,
            end: tail.end,
            seals,
            buffer: Vec::new(),
            heads: tail.heads,
            poisoned: false,
        })
    }

    /// The id of the last entry of a pool; `0-0` when there is none.
    pub fn head(&self, pool: &str) -> EntryId {
        self.heads.get(pool).copied().unwrap_or_default()
    }

    /// Appends one entry of a pool's feed. It is not durable before [`JournalWriter::sync`] returns.
    ///
    /// An entry at or before the pool's head is on disk already and changes nothing: a keeper that died
    /// between `sync` and the trimming of the feed reads such entries again.
    ///
    /// # Errors
    /// `Gap` when the entry does not follow the pool's head, `Entry` when it cannot be read, `Io`.
    pub fn append(&mut self, pool: &str, id: EntryId, entry: &[u8]) -> Result<bool, JournalError> {
        if self.poisoned {
            return Err(JournalError::Poisoned);
        }
        let head = self.head(pool);
        if id <= head {
            return Ok(false);
        }
        let refused =
            |reason: String| JournalError::Entry { pool: pool.to_owned(), revision: id.revision, reason };
        let first_revision =
            crate::codec::feed::decode(entry).map_err(|error| refused(error.to_string()))?.first_revision;
        if first_revision != head.revision + 1 {
            return Err(JournalError::Gap {
                pool: pool.to_owned(),
                expected: head.revision + 1,
                found: first_revision,
            });
        }
        let payload = encode_payload(pool, id, entry).ok_or_else(|| refused("it is too long".to_owned()))?;
        self.push(&payload);
        self.heads.insert(pool.to_owned(), id);
        Ok(true)
    }

    fn push(&mut self, payload: &[u8]) {
        self.frames += 1;
        self.chain = link(&self.chain, payload);
        // `encode_payload` has refused what does not fit in 32 bits.
        self.buffer.extend_from_slice(&(payload.len() as u32).to_le_bytes());
        self.buffer.extend_from_slice(payload);
        self.buffer.extend_from_slice(&self.chain);
    }

    /// Makes everything appended so far durable; begins a new segment when this one is full.
    ///
    /// # Errors
    /// `Io`; the writer is poisoned after it, because how much of the tail is on disk is not known.
    pub fn sync(&mut self) -> Result<(), JournalError> {
        if self.poisoned {
            return Err(JournalError::Poisoned);
        }
        if self.buffer.is_empty() {
            return Ok(());
        }
        self.poisoned = true;
        let segment_path = path(&self.directory, self.number);
        let failed = |source| io_error(&segment_path, source);
        self.refuse_if_taken()?;
        self.segment.write_all(&self.buffer).map_err(failed)?;
        self.make_durable().map_err(failed)?;
        self.length += self.buffer.len() as u64;
        self.end = (self.number, self.length);
        self.buffer.clear();
        if self.length >= SEGMENT_BYTES {
            self.number += 1;
            self.segment = create_segment(&self.directory, self.number, &self.chain)?;
            self.length = HEADER_BYTES;
        }
        self.poisoned = false;
        Ok(())
    }

    fn make_durable(&self) -> std::io::Result<()> {
        #[cfg(feature = "sabotage")]
        if crate::sabotage::is_on(crate::sabotage::JOURNAL_WITHOUT_FSYNC) {
            return Ok(());
        }
        self.segment.sync_data()
    }

    /// Signs what is on disk, makes that durable and gives it; `None` where there is nothing new since the last one,
    /// or this writer signs nothing.
    ///
    /// # Errors
    /// As [`JournalWriter::sync`], which it begins with.
    pub fn checkpoint(&mut self, now_ms: u64) -> Result<Option<Checkpoint>, JournalError> {
        self.sync()?;
        self.refuse_if_taken()?;
        let is_news = |seals: &&mut Seals| seals.last.as_ref().is_none_or(|last| last.frames < self.frames);
        let Some(seals) = self.seals.as_mut().filter(is_news).filter(|_| self.frames > 0) else {
            return Ok(None);
        };
        self.poisoned = true;
        let (segment, offset) = self.end;
        let unsigned = Checkpoint {
            number: seals.last.as_ref().map_or(1, |last| last.number + 1),
            frames: self.frames,
            segment,
            offset,
            made_ms: now_ms,
            head: self.chain,
            previous: seals.last.as_ref().map_or([0; 32], Checkpoint::hash),
            key: [0; 32],
            signature: [0; 64],
        };
        let checkpoint = seals.signer.sign(unsigned);
        checkpoint::append(&self.directory, &mut seals.file, &checkpoint)?;
        seals.last = Some(checkpoint.clone());
        self.poisoned = false;
        Ok(Some(checkpoint))
    }

    /// A lock is worth what its name is worth: where somebody has removed the file, or put another directory in the
    /// place of this one, the next keeper locks another file. So a writer that was asleep looks before it writes
    /// whether the name still means its own lock, and whether its files end where it left them.
    fn refuse_if_taken(&self) -> Result<(), JournalError> {
        let lock = lock_path(&self.directory);
        let own = self.lock.metadata().map_err(|source| io_error(&lock, source))?;
        let is_own = |found: Metadata| (found.dev(), found.ino()) == (own.dev(), own.ino());
        if !std::fs::metadata(&lock).is_ok_and(is_own) {
            return Err(JournalError::Taken { path: lock });
        }
        refuse_if_grown(path(&self.directory, self.number), self.length)?;
        self.seals
            .as_ref()
            .map_or(Ok(()), |seals| refuse_if_grown(checkpoint::path(&self.directory), seals.length()))
    }
}

fn refuse_if_grown(path: PathBuf, left_bytes: u64) -> Result<(), JournalError> {
    match std::fs::metadata(&path) {
        Ok(found) if found.len() == left_bytes => Ok(()),
        _ => Err(JournalError::Taken { path }),
    }
}

/// What a writer that signs needs.
struct Seals {
    signer: Signer,
    file: File,
    last: Option<Checkpoint>,
}

impl Seals {
    fn open(directory: &Path, signer: Signer, found: &[Checkpoint]) -> Result<Self, JournalError> {
        let file = checkpoint::open_after(directory, found.len())?;
        Ok(Self { signer, file, last: found.last().cloned() })
    }

    /// The bytes of the checkpoints so far: each has the number of its place.
    fn length(&self) -> u64 {
        self.last.as_ref().map_or(0, |last| last.number * CHECKPOINT_BYTES as u64)
    }
}

/// Where the journal ends, as found when it is opened.
struct Tail {
    number: u64,
    length: u64,
    chain: Link,
    /// The chain with which the last segment begins; needed when its header must be written again.
    header_chain: Link,
    heads: HashMap<String, EntryId>,
    frames: u64,
    /// The segment of the last frame, and where in it that frame ends.
    end: (u64, u64),
    exists: bool,
}

impl Tail {
    /// Reads the whole journal; it must come as far as the last checkpoint, and be there what was signed.
    fn find(directory: &Path, signed: Option<&Checkpoint>) -> Result<Self, JournalError> {
        let mut tail = Self {
            number: 1,
            length: 0,
            chain: GENESIS,
            header_chain: GENESIS,
            heads: HashMap::new(),
            frames: 0,
            end: (0, 0),
            exists: false,
        };
        let numbers = numbers(directory)?;
        let last = numbers.last().copied();
        for number in numbers {
            tail.number = number;
            tail.exists = true;
            tail.header_chain = tail.chain;
            tail.read_segment(directory, number, Some(number) == last, signed)?;
        }
        match signed {
            Some(signed) if signed.frames > tail.frames => {
                let (number, found) = (signed.number, tail.frames);
                Err(JournalError::Cut { number, signed: signed.frames, found })
            }
            _ => Ok(tail),
        }
    }

    fn read_segment(
        &mut self,
        directory: &Path,
        number: u64,
        last: bool,
        signed: Option<&Checkpoint>,
    ) -> Result<(), JournalError> {
        let Some(mut walk) = SegmentWalk::open(directory, number, &self.chain)? else {
            self.length = 0;
            return Ok(());
        };
        loop {
            match walk.step()? {
                Step::Frame(frame) => {
                    self.heads.insert(frame.pool, frame.id);
                    self.frames += 1;
                    self.end = (number, walk.offset());
                    if let Some(signed) = signed.filter(|signed| signed.frames == self.frames) {
                        signed.agree(self.frames, walk.chain(), self.end)?;
                    }
                }
                Step::Torn if !last => {
                    return Err(walk.broken("it ends inside a frame, and another segment follows"));
                }
                Step::Torn => {
                    keep_torn_bytes(directory, number, walk.offset())?;
                    break;
                }
                Step::End => break,
            }
        }
        self.chain = *walk.chain();
        self.length = walk.offset();
        Ok(())
    }

    fn open_segment(&self, directory: &Path) -> Result<File, JournalError> {
        if !self.exists || self.length < HEADER_BYTES {
            return create_segment(directory, self.number, &self.header_chain);
        }
        let path = path(directory, self.number);
        let failed = |source| io_error(&path, source);
        let file = OpenOptions::new().append(true).open(&path).map_err(failed)?;
        file.set_len(self.length).map_err(failed)?;
        // The whole segment: how far its last sync reached, nobody has written down.
        write_again(&path, 0, self.length).map_err(failed)?;
        Ok(file)
    }
}

fn lock_path(directory: &Path) -> PathBuf {
    directory.join("journal.lock")
}

fn take_lock(directory: &Path) -> Result<File, JournalError> {
    let path = lock_path(directory);
    let failed = |source| io_error(&path, source);
    let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(JournalError::Locked { directory: directory.to_owned() }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// Creates a segment and makes its name durable: the directory is synced too, or a power loss could leave
/// frames in a file that no directory names.
fn create_segment(directory: &Path, number: u64, chain: &Link) -> Result<File, JournalError> {
    let path = path(directory, number);
    let failed = |source| io_error(&path, source);
    let mut file = OpenOptions::new().create(true).write(true).truncate(true).open(&path).map_err(failed)?;
    file.write_all(&header(number, chain)).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(failed)?;
    Ok(file)
}

/// Copies what follows the last whole frame to `<segment>.torn`, before it is cut off.
fn keep_torn_bytes(directory: &Path, number: u64, offset: u64) -> Result<(), JournalError> {
    let segment = path(directory, number);
    let bytes = std::fs::read(&segment).map_err(|source| io_error(&segment, source))?;
    let torn = bytes.get(offset as usize..).unwrap_or_default();
    let beside = segment.with_extension(format!("torn-{offset}"));
    std::fs::write(&beside, torn).map_err(|source| io_error(&beside, source))
}
