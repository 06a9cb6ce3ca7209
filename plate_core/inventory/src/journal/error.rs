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
            Self::Poisoned => "journal_poisoned",
            Self::Io { .. } => "journal_io",
        }
    }
}
