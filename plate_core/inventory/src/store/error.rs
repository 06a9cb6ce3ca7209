//! Why the store has no answer, and above all whether something may have been done all the same.

use crate::codec::{Malformed, TooLong};
use crate::engine::Certainty;
use crate::settings::SettingInvalid;

use super::contract::ContractFault;

/// Why a call to the store has no answers.
///
/// The line that matters runs between [`StoreError::Unknown`] and the rest: a write that was sent and not
/// answered may have taken effect, and the same request id must be sent again until a definite answer comes
/// (ARCHITECTURE.md, invariant 8). Nothing here is told apart by the text of a message, with one exception that the
/// server leaves no choice about and that does not reach a caller (`Function not found`).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The store cannot be reached, or refused to carry anything out. Nothing took effect.
    #[error("the store is not available: {detail}")]
    Unavailable {
        /// What the connection or the server said.
        detail: String,
    },
    /// It was sent, and no answer came. It may have taken effect.
    #[error("the store did not answer, and what was asked may have taken effect: {detail}")]
    Unknown {
        /// What became of the connection.
        detail: String,
    },
    /// The server's memory limit is reached: it takes no new holds, and goes on with expiry, release and payment.
    #[error("the store is full: {detail}")]
    Full {
        /// What the server said.
        detail: String,
    },
    /// The server answered with an error of its own: a key of another kind, a right it does not grant, a fault
    /// in a function. Functions judge before they write, so normally nothing took effect; it is not promised.
    #[error("the store answered with an error: {detail}")]
    Faulty {
        /// What the server said.
        detail: String,
    },
    /// The server's answer could not be read. What was asked took effect, or did not.
    #[error("the store's answer could not be read: {0}")]
    Malformed(#[from] Malformed),
    /// The server's answer breaks a promise of the inventory, so it is not passed on. What was asked took effect, or
    /// did not.
    #[error("the store's answer cannot be true: {promise}")]
    PromiseBroken {
        /// What does not hold of it.
        promise: &'static str,
    },
    /// A text of an item is longer than its layout allows. Nothing was sent.
    #[error("{0}")]
    TooLong(#[from] TooLong),
    /// A batch that is empty or has more items than one call takes. Nothing was sent.
    #[error("a batch has 1 to {most} items, not {found}")]
    BatchSize {
        /// How many it has.
        found: usize,
        /// How many one call takes.
        most: usize,
    },
    /// An item that lacks what its verb needs. Nothing was sent.
    #[error("item {index} names no applicant, and {verb} needs one")]
    NoApplicant {
        /// Which item, from 0.
        index: usize,
        /// The verb.
        verb: &'static str,
    },
    /// The server is one that could lose marks, or its data are of a later version. Nothing was done.
    #[error("the store's settings can lose marks: {} faults, first {}", .0.len(), first(.0))]
    Contract(Vec<ContractFault>),
    /// A store that is to be restored and is not empty. Nothing was written.
    #[error("the store is not empty: it has {key}; restore into a new data directory, or empty this store")]
    NotEmpty {
        /// A key that it has.
        key: String,
    },
    /// The caller ended a long look at the store. Nothing was written.
    #[error("ended before everything was looked at")]
    Interrupted,
    /// Settings outside their bounds. Nothing was sent.
    #[error("{}", first_setting(.0))]
    Settings(Vec<SettingInvalid>),
    /// A URL that cannot be used.
    #[error("the store's URL cannot be used: {detail}")]
    Url {
        /// Why not.
        detail: String,
    },
    /// A document is not at the version that the writer has read. Nothing was written.
    #[error("the document is at version {found}, not {expected}")]
    DocumentConflict {
        /// The version the writer expected.
        expected: u64,
        /// The version that stands.
        found: u64,
    },
    /// Too much of a feed waits for the journal: no keeper writes it. Nothing was written.
    #[error("too much of the feed of {pool} waits for the journal")]
    FeedBacklogged {
        /// The pool without marks whose feed it is.
        pool: &'static str,
    },
}

fn first_setting(faults: &[SettingInvalid]) -> String {
    faults.first().map_or_else(String::new, ToString::to_string)
}

fn first(faults: &[ContractFault]) -> String {
    faults.first().map_or_else(String::new, ToString::to_string)
}

impl Certainty for StoreError {
    fn nothing_applied(&self) -> bool {
        !matches!(
            self,
            Self::Unknown { .. } | Self::Faulty { .. } | Self::Malformed(_) | Self::PromiseBroken { .. }
        )
    }
}

impl StoreError {
    /// What a part of a call failed with, after others may have taken effect: then nothing is certain any more,
    /// and only the same request ids, sent again, tell what became of each item.
    pub(crate) fn midway(self, others_done: bool) -> Self {
        if others_done && self.nothing_applied() { Self::Unknown { detail: self.to_string() } } else { self }
    }

    /// What an error of the client means for what was sent.
    pub(super) fn of_sent(error: &redis::RedisError) -> Self {
        let detail = error.to_string();
        match error.code() {
            Some(code) => Self::of_code(code, detail),
            None => Self::Unknown { detail },
        }
    }

    /// The same, with the node of a cluster that it is about.
    pub(super) fn at(mut self, address: &str) -> Self {
        if let Self::Unavailable { detail } | Self::Unknown { detail } | Self::Faulty { detail } = &mut self {
            *detail = format!("{address}: {detail}");
        }
        self
    }

    /// What the connection or the server said, where one of them said something.
    pub(super) fn said(self) -> String {
        match self {
            Self::Unavailable { detail } | Self::Unknown { detail } | Self::Faulty { detail } => detail,
            other => other.to_string(),
        }
    }

    /// An error that happened before anything of a call was sent.
    pub(super) fn of_unsent(error: &redis::RedisError) -> Self {
        Self::Unavailable { detail: error.to_string() }
    }

    /// What an error code of the server means. Those of the first group are given before a command runs.
    pub(super) fn of_code(code: &str, detail: String) -> Self {
        match code {
            "LOADING" | "BUSY" | "MASTERDOWN" | "READONLY" | "NOREPLICAS" | "MISCONF" | "CLUSTERDOWN"
            | "TRYAGAIN" | "MOVED" | "ASK" | "NOAUTH" | "WRONGPASS" | "NOPERM" | "EXECABORT" => {
                Self::Unavailable { detail }
            }
            "OOM" => Self::Full { detail },
            _ => Self::Faulty { detail },
        }
    }
}
