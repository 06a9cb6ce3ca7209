//! What a file of the journal ends with, put on the disk once more when it is opened.
//!
//! A writer that ended between its write and its sync, or whose sync failed, leaves bytes that the kernel shows and
//! the disk may not have. Whoever opens the journal next takes them for kept, and the feed is trimmed of them. Another
//! sync does not help: after one that failed the kernel counts the pages as clean and writes nothing. So the same
//! bytes are written over themselves, which makes the pages dirty, and then synced (decision 22).

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

const STEP_BYTES: u64 = 1 << 20;

/// Writes what stands from `begin` to `end` over itself and syncs the file. Whoever dies in between has changed nothing.
pub(super) fn write_again(path: &Path, begin: u64, end: u64) -> io::Result<()> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let mut at = begin;
    while at < end {
        let step = STEP_BYTES.min(end - at);
        write_step_again(&file, at, step)?;
        at += step;
    }
    file.sync_all()
}

fn write_step_again(file: &File, at: u64, step: u64) -> io::Result<()> {
    let mut bytes = vec![0; step as usize];
    file.read_exact_at(&mut bytes, at)?;
    file.write_all_at(&bytes, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a file of any length, and from any place in it, nothing is another byte afterwards.
    #[test]
    fn what_is_written_again_is_the_same() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("segment");
        for (length, begin) in [(0, 0), (1, 0), (STEP_BYTES, 7), (STEP_BYTES * 2 + 3, 0)] {
            let bytes: Vec<u8> = (0..length).map(|number| (number % 251) as u8).collect();
            std::fs::write(&path, &bytes).expect("written");
            write_again(&path, begin, length).expect("written again");
            assert_eq!(std::fs::read(&path).expect("read"), bytes);
        }
    }
}
