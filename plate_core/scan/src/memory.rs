//! The mapped memory as a slice of atomic words: the second and last place with `unsafe`.
//!
//! Another process may write to a mapped file at any moment, so its words are only ever seen as
//! atomics. Whoever maps a file read-only can load them; a store to such memory would end the
//! process, and [`crate::planes::PlanesWriter`], which alone stores, only exists over memory that
//! was mapped for writing.
//! The file must not be shortened while it is mapped (a read behind its end is a SIGBUS): its
//! writer gives it its length before anybody can open it, and replaces a file by renaming.

use std::fs::File;
use std::io;
use std::sync::atomic::AtomicU64;

use memmap2::{MmapMut, MmapOptions, MmapRaw};

/// Words shared with other threads, or with other processes.
pub(crate) struct Memory {
    map: MmapRaw,
    writable: bool,
}

impl Memory {
    /// Zeroed memory of this process alone.
    pub fn anonymous(words: usize) -> io::Result<Memory> {
        let map = MmapRaw::from(MmapMut::map_anon(words * size_of::<u64>())?);
        Ok(Memory { map, writable: true })
    }

    /// A file for reading; its length is rounded down to whole words.
    pub fn read_only(file: &File) -> io::Result<Memory> {
        let map = MmapOptions::new().map_raw_read_only(file)?;
        Ok(Memory { map, writable: false })
    }

    /// A file for reading and writing.
    pub fn writable(file: &File) -> io::Result<Memory> {
        let map = MmapOptions::new().map_raw(file)?;
        Ok(Memory { map, writable: true })
    }

    /// Whether words may be stored.
    pub fn is_writable(&self) -> bool {
        self.writable
    }

    /// All words.
    pub fn words(&self) -> &[AtomicU64] {
        // SAFETY: the map lives as long as `self`, starts at a page (so aligned for 8 bytes), and
        // covers `len` bytes. Every access anywhere is atomic or an `asm!` load, so that concurrent
        // writers are no data race; on a read-only map only loads happen, as `is_writable` is asked
        // before a `PlanesWriter` exists.
        unsafe { std::slice::from_raw_parts(self.map.as_ptr().cast(), self.map.len() / size_of::<u64>()) }
    }
}
