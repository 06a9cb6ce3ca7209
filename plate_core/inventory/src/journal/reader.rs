//! Reading the journal while it may still be growing.
//!
//! A reader never repairs: a tail that is not whole yet is the end for now, and damage is an error.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use super::error::JournalError;
use super::frame::{Frame, Link};
use super::segment::{GENESIS, SegmentWalk, Step, numbers};
use crate::feed::{FeedEntry, Transition};

/// The frames of a journal in the order in which they were written, each link checked.
pub struct Frames {
    directory: PathBuf,
    left: VecDeque<u64>,
    walk: Option<SegmentWalk>,
    chain: Link,
    place: (u64, u64),
}

/// Begins to read a journal from its first segment.
///
/// # Errors
/// `Io` when the directory cannot be listed. An empty directory is a journal without entries.
pub fn read_frames(directory: &Path) -> Result<Frames, JournalError> {
    Ok(Frames {
        directory: directory.to_owned(),
        left: numbers(directory)?.into(),
        walk: None,
        chain: GENESIS,
        place: (0, 0),
    })
}

impl Frames {
    /// The link of the last frame that was given.
    pub(super) fn head(&self) -> &Link {
        &self.chain
    }

    /// The segment of the last frame that was given, and where in it that frame ends.
    pub(super) fn place(&self) -> (u64, u64) {
        self.place
    }

    fn advance(&mut self) -> Result<Option<Frame>, JournalError> {
        loop {
            let Some(walk) = self.walk.as_mut() else {
                match self.left.pop_front() {
                    None => return Ok(None),
                    Some(number) => self.walk = SegmentWalk::open(&self.directory, number, &self.chain)?,
                }
                continue;
            };
            match walk.step()? {
                Step::Frame(frame) => {
                    (self.chain, self.place) = (*walk.chain(), (walk.number(), walk.offset()));
                    return Ok(Some(frame));
                }
                Step::Torn if !self.left.is_empty() => {
                    return Err(walk.broken("it ends inside a frame, and another segment follows"));
                }
                Step::End | Step::Torn => self.walk = None,
            }
        }
    }
}

impl Iterator for Frames {
    type Item = Result<Frame, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.advance().transpose()
    }
}

/// Everything that ever happened to one mark, oldest first, with the server time of each transition.
///
/// Reads the whole journal and decodes the entries of one pool: 6 million imported marks are about 30 MB,
/// which is read in less time than an index would cost to keep.
///
/// # Errors
/// Those of [`read_frames`], and `Entry` for bytes that are no feed entry.
pub fn read_history(
    directory: &Path,
    pool: &str,
    ordinal: u32,
) -> Result<Vec<(i64, Transition)>, JournalError> {
    let mut history = Vec::new();
    for frame in read_frames(directory)? {
        let frame = frame?;
        if frame.pool != pool {
            continue;
        }
        let FeedEntry { server_ms, transitions, .. } = decode(&frame)?;
        let of_this_mark = transitions.into_iter().filter(|step| step.ordinal == Some(ordinal));
        history.extend(of_this_mark.map(|step| (server_ms, step)));
    }
    Ok(history)
}

/// The entry of a frame.
pub(super) fn decode(frame: &Frame) -> Result<FeedEntry, JournalError> {
    crate::codec::feed::decode(&frame.entry).map_err(|error| frame.refused(&error))
}
