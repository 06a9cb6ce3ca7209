//! What can be wrong with a journal, each with the place where it was seen.

use std::io;
use std::path::PathBuf;

/// Why the journal could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another process writes this journal. Two writers would interleave two chains.
    #[error(
        "the journal in {directory} is being written by another keeper; stop that one or give this one another directory"
    )]
    Locked {
        /// The journal's directory.
        directory: PathBuf,
    },
    /// The bytes on disk are not what was written.
    #[error(
        "the journal is broken in {segment} at byte {offset}: {reason}; restore this file from a copy before anything is sold"
    )]
    Broken {
        /// The segment file.
        segment: PathBuf,
        /// Where in the file the first bad frame begins.
        offset: u64,
        /// What did not fit.
        reason: &'static str,
    },
    /// An entry does not follow the last one of its pool. Writing it would hide the loss of those between.
    #[error("{pool}: revisions {expected} to {found} are missing between the journal and the feed")]
    Gap {
        /// The pool's id.
        pool: String,
        /// The revision that should have come next.
        expected: u64,
        /// The first revision of the entry that came.
        found: u64,
    },
    /// An entry cannot be read, or exceeds a bound of the format.
    #[error("{pool}: entry {revision} cannot be journalled: {reason}")]
    Entry {
        /// The pool's id.
        pool: String,
        /// The last revision of the entry.
        revision: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// A checkpoint is not what was signed, or does not follow the one before.
    #[error("{path}: checkpoint {number} is broken: {reason}; restore the file from a copy")]
    CheckpointBroken {
        /// The file of checkpoints.
        path: PathBuf,
        /// Which of them.
        number: u64,
        /// What did not fit.
        reason: &'static str,
    },
    /// The journal ends before a checkpoint that was signed over it.
    #[error(
        "checkpoint {number} was signed over {signed} entries, and the journal has {found}: its end was cut off; \
         restore the segments from a copy before anything is sold"
    )]
    Cut {
        /// The first checkpoint that is not reached.
        number: u64,
        /// How many entries it counted.
        signed: u64,
        /// How many there are.
        found: u64,
    },
    /// The journal, or a checkpoint of it, is another one than was signed or witnessed.
    #[error(
        "the journal is not the one of checkpoint {number}: it was written anew; restore it from a copy before \
         anything is sold"
    )]
    Rewritten {
        /// The checkpoint.
        number: u64,
    },
    /// A witness saw a checkpoint that is not there any more.
    #[error(
        "checkpoint {number} was seen elsewhere, and the journal has {found}: the end of both was cut off; restore \
         them from a copy before anything is sold"
    )]
    CheckpointsCut {
        /// The checkpoint that was seen.
        number: u64,
        /// How many there are.
        found: u64,
    },
    /// A checkpoint is signed with a key that is not trusted.
    #[error("checkpoint {number} is signed with the key {key}, which is not one of ours")]
    KeyUnknown {
        /// The checkpoint.
        number: u64,
        /// The public key, in hexadecimal.
        key: String,
    },
    /// What was given as a witness is no checkpoint of ours.
    #[error("the witness of checkpoint {number} is not signed by a trusted key: it proves nothing")]
    WitnessRefused {
        /// The number it names.
        number: u64,
    },
    /// Somebody else has the journal now.
    #[error(
        "{path} is not as this writer left it: another keeper has taken the journal over; nothing was written to it"
    )]
    Taken {
        /// The lock or the segment.
        path: PathBuf,
    },
    /// The caller ended it.
    #[error("ended before the end of the journal")]
    Interrupted,
    /// A write failed earlier, so the tail on disk is unknown until the journal is opened anew.
    #[error("an earlier write to the journal failed; open it anew before writing more")]
    Poisoned,
    /// The disk or the file system refused.
    #[error("{path}: {source}")]
    Io {
        /// The file or directory concerned.
        path: PathBuf,
        /// The operating system's reason.
        #[source]
        source: io::Error,
    },
}

impl JournalError {
    /// A stable word for the error's kind, for logs and problems.
    pub fn slug(&self) -> &'static str {
        match self {
            Self::Locked { .. } => "journal_locked",
            Self::Broken { .. } => "journal_broken",
            Self::Gap { .. } => "journal_gap",
            Self::Entry { .. } => "journal_entry_refused",
            Self::CheckpointBroken { .. } => "checkpoint_broken",
            Self::Cut { .. } => "journal_cut",
            Self::Rewritten { .. } => "journal_rewritten",
            Self::CheckpointsCut { .. } => "checkpoints_cut",
            Self::KeyUnknown { .. } => "checkpoint_key_unknown",
            Self::WitnessRefused { .. } => "witness_refused",
            Self::Taken { .. } => "journal_taken",
            Self::Interrupted => "interrupted",
            Self::Poisoned => "journal_poisoned",
            Self::Io { .. } => "journal_io",
        }
    }
}
