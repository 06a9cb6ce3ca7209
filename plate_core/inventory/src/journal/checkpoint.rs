//! Checkpoints: what the journal was at a moment, signed, beside the segments.
//!
//! A chain of hashes shows every edit inside it. It does not show a tail that was cut off at a frame's edge, nor a
//! journal that was written anew as a whole. A checkpoint says how many frames there were and what the last link was,
//! and it is signed; each repeats the hash of the one before, so the last one's signature covers them all.
//!
//! What stands in no file of this directory is a tail that was cut from both, journal and checkpoints, and what
//! somebody signs who has the private key. Against the first helps a checkpoint that is kept elsewhere (a *witness*),
//! against the second a witness too: it is older than what he signs.
//!
//! ```text
//! checkpoints.signed = checkpoint*                           one after the other, 200 bytes each
//! checkpoint = number:u64  frames:u64  segment:u64  offset:u64  made_ms:u64
//!              head:[32]  previous:[32]  key:[32]  signature:[64]
//! ```
//!
//! `head` is the last link, `previous` the SHA-256 of the whole checkpoint before (zeros for the first), and the
//! signature is over a line that names its purpose and everything before it. Integers are little-endian.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use super::durable::write_again;
use super::error::JournalError;
use super::frame::Link;
use super::segment::io_error;

/// The bytes of a checkpoint.
pub const CHECKPOINT_BYTES: usize = SIGNED_BYTES + 64;
const SIGNED_BYTES: usize = 5 * 8 + 3 * 32;
/// So that a signature of ours can never be taken for one over something else.
const PURPOSE: &[u8] = b"plates journal checkpoint 1\n";
const FILE_NAME: &str = "checkpoints.signed";

/// A public key.
pub type PublicKey = [u8; 32];

/// What the journal was at a moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checkpoint {
    /// 1 for the first, one more with each.
    pub number: u64,
    /// How many frames the journal had.
    pub frames: u64,
    /// The segment that the last of them is in.
    pub segment: u64,
    /// Where in it that frame ends.
    pub offset: u64,
    /// When it was signed, ms since the epoch, by the machine's clock: a statement, never compared.
    pub made_ms: u64,
    /// The last frame's link.
    pub head: Link,
    /// The hash of the checkpoint before.
    pub previous: Link,
    /// Whose signature it is.
    pub key: PublicKey,
    /// The signature.
    pub signature: [u8; 64],
}

impl Checkpoint {
    /// Reads one; `None` for bytes of another length.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != CHECKPOINT_BYTES {
            return None;
        }
        let number = |at: usize| Some(u64::from_le_bytes(bytes.get(8 * at..8 * at + 8)?.try_into().ok()?));
        let link = |at: usize| bytes.get(at..at + 32)?.try_into().ok();
        Some(Self {
            number: number(0)?,
            frames: number(1)?,
            segment: number(2)?,
            offset: number(3)?,
            made_ms: number(4)?,
            head: link(40)?,
            previous: link(72)?,
            key: link(104)?,
            signature: bytes.get(SIGNED_BYTES..)?.try_into().ok()?,
        })
    }

    /// Its bytes, as they stand in the file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.signed();
        bytes.extend_from_slice(&self.signature);
        bytes
    }

    fn signed(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(CHECKPOINT_BYTES);
        for number in [self.number, self.frames, self.segment, self.offset, self.made_ms] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        for link in [&self.head, &self.previous, &self.key] {
            bytes.extend_from_slice(link);
        }
        bytes
    }

    /// Whether the signature is that of the key it names.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        let message = [PURPOSE, &self.signed()].concat();
        let key = VerifyingKey::from_bytes(&self.key);
        key.is_ok_and(|key| key.verify_strict(&message, &Signature::from_bytes(&self.signature)).is_ok())
    }

    /// What the next one repeats as `previous`.
    #[must_use]
    pub fn hash(&self) -> Link {
        Sha256::digest(self.to_bytes()).into()
    }
}

/// Signs checkpoints. It never shows its key.
pub struct Signer(SigningKey);

impl Signer {
    /// A signer of a private key's 32 bytes.
    #[must_use]
    pub fn new(private: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(private))
    }

    /// The public key: what others verify by.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        self.0.verifying_key().to_bytes()
    }

    /// Fills in key and signature.
    #[must_use]
    pub fn sign(&self, checkpoint: Checkpoint) -> Checkpoint {
        let named = Checkpoint { key: self.public(), ..checkpoint };
        let message = [PURPOSE, &named.signed()].concat();
        Checkpoint { signature: self.0.sign(&message).to_bytes(), ..named }
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Signer")
    }
}

/// The file of a journal's checkpoints.
pub(super) fn path(directory: &Path) -> PathBuf {
    directory.join(FILE_NAME)
}

/// The checkpoints of a journal, each linked to the one before and the last of each key signed. What a crash left of
/// one at the end of the file was never said to anybody, and is passed over: a part of one, or the zeros of a file
/// system that grew the file without its bytes.
///
/// # Errors
/// `CheckpointBroken`, `Io`.
pub fn read_checkpoints(directory: &Path) -> Result<Vec<Checkpoint>, JournalError> {
    let path = path(directory);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(io_error(&path, source)),
    };
    let written = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    let whole = written.div_ceil(CHECKPOINT_BYTES);
    let found: Vec<Checkpoint> =
        bytes.chunks_exact(CHECKPOINT_BYTES).take(whole).filter_map(Checkpoint::from_bytes).collect();
    match fault_of(&found) {
        None => Ok(found),
        Some((number, reason)) => Err(JournalError::CheckpointBroken { path, number, reason }),
    }
}

/// The first checkpoint that does not follow the one before it, and why.
fn fault_of(found: &[Checkpoint]) -> Option<(u64, &'static str)> {
    let (mut number, mut frames, mut previous) = (0, 0, [0; 32]);
    for (at, one) in found.iter().enumerate() {
        number += 1;
        if one.number != number || one.previous != previous {
            return Some((number, "it does not follow the one before"));
        }
        if one.frames < frames {
            return Some((number, "it counts fewer entries than the one before"));
        }
        let is_last_of_key = found.get(at + 1).is_none_or(|next| next.key != one.key);
        if is_last_of_key && !one.is_signed() {
            return Some((number, "its signature is not that of its key"));
        }
        (frames, previous) = (one.frames, one.hash());
    }
    None
}

/// Opens the file for the next checkpoint after `count` whole ones.
pub(super) fn open_after(directory: &Path, count: usize) -> Result<File, JournalError> {
    let path = path(directory);
    let failed = |source| io_error(&path, source);
    let file = OpenOptions::new().create(true).append(true).open(&path).map_err(failed)?;
    let length = (count * CHECKPOINT_BYTES) as u64;
    file.set_len(length).map_err(failed)?;
    // The last one alone can be without its sync: no other is made after a sync that failed.
    write_again(&path, length.saturating_sub(CHECKPOINT_BYTES as u64), length).map_err(failed)?;
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(failed)?;
    Ok(file)
}

/// Appends a checkpoint and makes it durable.
pub(super) fn append(directory: &Path, file: &mut File, checkpoint: &Checkpoint) -> Result<(), JournalError> {
    let failed = |source| io_error(&path(directory), source);
    file.write_all(&checkpoint.to_bytes()).map_err(failed)?;
    file.sync_data().map_err(failed)
}
