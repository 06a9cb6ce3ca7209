//! The writer's side of the one file of planes a machine has.
//!
//! A new writer never touches the file that readers have mapped: it takes the lock beside it, fills a
//! new file under another name, and renames that into place once it is whole. Readers go on with the
//! old one, which lives as long as somebody maps it, and notice the new one by
//! [`Replica::refreshed`](crate::Replica::refreshed). A writer that dies leaves a file that grows old
//! and says so by its time.
//! The file is rebuilt at every start and never synced: what counts is in the store. `/dev/shm`, or
//! any directory in memory, spares the disk the 142 MB.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use thiserror::Error;

use crate::layout::{
    HEADER_WORDS, LAYOUT_VERSION, MAGIC, POOLS_MAX, ROWS_MAX, entry, entry_start, header, place_pools,
};
use crate::memory::Memory;
use crate::planes::PoolSpec;
use crate::writer::PlanesWriter;

/// Why a file of planes could not be made.
#[derive(Error, Debug)]
pub enum CreateError {
    /// Another process of this machine keeps the file.
    #[error("another process keeps the planes at {}", .0.display())]
    AnotherWriter(PathBuf),
    /// More pools, more rows or a longer name than the layout holds.
    #[error("pool {id} does not fit the layout: {reason}")]
    PoolUnfit {
        /// The pool's name.
        id: String,
        /// Which limit it passes.
        reason: &'static str,
    },
    /// The system's refusal.
    #[error("cannot make the planes at {}: {source}", .path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

/// A file of planes and the right to write to it, held until this is dropped.
pub struct PlanesFile {
    writer: PlanesWriter,
    path: PathBuf,
    /// The published name is taken only once all pools are in.
    unpublished: Option<PathBuf>,
    /// Never read: the lock lasts as long as this is open.
    _lock: File,
}

impl PlanesFile {
    /// Makes a new file beside `path`, not yet visible to readers, every mark in it *not* free.
    ///
    /// # Errors
    /// [`CreateError::AnotherWriter`] while another process holds the lock `<path>.lock`.
    pub fn create(path: &Path, specs: &[PoolSpec]) -> Result<PlanesFile, CreateError> {
        check_specs(specs)?;
        let io = |source| CreateError::Io { path: path.to_owned(), source };
        let lock = take_lock(path)?;
        let unpublished = with_suffix(path, "new");
        // Left behind by a writer that died before publishing: the lock says that nobody is at it.
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&unpublished)
            .map_err(io)?;
        let rows: Vec<usize> = specs.iter().map(|spec| spec.rows as usize).collect();
        let (starts, words) = place_pools(&rows);
        file.set_len((words * size_of::<u64>()) as u64).map_err(io)?;
        let memory = Memory::writable(&file).map_err(io)?;
        write_head(&memory, specs, &starts, generation_at(path) + 1);
        let writer = PlanesWriter::over(memory, specs, &starts);
        Ok(PlanesFile { writer, path: path.to_owned(), unpublished: Some(unpublished), _lock: lock })
    }

    /// Marks the planes as whole and puts them where readers look. A second call changes nothing.
    ///
    /// # Errors
    /// [`CreateError::Io`] where the file cannot be renamed.
    pub fn publish(&mut self) -> Result<(), CreateError> {
        let Some(unpublished) = self.unpublished.take() else {
            return Ok(());
        };
        let planes = self.writer.planes();
        // Release: whoever sees `ready` also sees everything that was stored before.
        planes.memory.words()[header::READY].store(1, Ordering::Release);
        fs::rename(&unpublished, &self.path).map_err(|source| {
            self.unpublished = Some(unpublished);
            CreateError::Io { path: self.path.clone(), source }
        })
    }

    /// The one that changes the planes.
    pub fn writer(&mut self) -> &mut PlanesWriter {
        &mut self.writer
    }

    /// Where readers find it, once published.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for PlanesFile {
    fn drop(&mut self) {
        if let Some(unpublished) = &self.unpublished {
            // A file nobody can open under its name; where it cannot go, the next writer overwrites it.
            let _ = fs::remove_file(unpublished);
        }
    }
}

fn check_specs(specs: &[PoolSpec]) -> Result<(), CreateError> {
    let unfit = |spec: &PoolSpec, reason| Err(CreateError::PoolUnfit { id: spec.id.clone(), reason });
    for (index, spec) in specs.iter().enumerate() {
        if index >= POOLS_MAX {
            return unfit(spec, "a file holds at most 3,168 pools");
        }
        if spec.rows as usize > ROWS_MAX {
            return unfit(spec, "a pool has at most 65,536 rows");
        }
        if spec.id.is_empty() || spec.id.len() > entry::ID_WORDS * size_of::<u64>() {
            return unfit(spec, "a pool's name has 1 to 48 bytes");
        }
        if specs[..index].iter().any(|other| other.pool == spec.pool || other.id == spec.id) {
            return unfit(spec, "it is named twice");
        }
    }
    Ok(())
}

fn take_lock(path: &Path) -> Result<File, CreateError> {
    let io = |source| CreateError::Io { path: path.to_owned(), source };
    let lock = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(with_suffix(path, "lock"))
        .map_err(io)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(CreateError::AnotherWriter(path.to_owned())),
        Err(TryLockError::Error(source)) => Err(io(source)),
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

/// The generation of the file that is there now; 0 where there is none that can be read.
fn generation_at(path: &Path) -> u64 {
    let mut head = [0; HEADER_WORDS * size_of::<u64>()];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut head));
    let (words, _) = head.as_chunks::<8>();
    let word = |index: usize| u64::from_le_bytes(words[index]);
    match read {
        Ok(()) if word(header::MAGIC) == MAGIC => word(header::GENERATION),
        _ => 0,
    }
}

fn write_head(memory: &Memory, specs: &[PoolSpec], starts: &[usize], generation: u64) {
    let words = memory.words();
    let set = |at: usize, value: u64| words[at].store(value, Ordering::Relaxed);
    set(header::MAGIC, MAGIC);
    set(header::VERSION, LAYOUT_VERSION);
    set(header::TOTAL_WORDS, words.len() as u64);
    set(header::POOLS, specs.len() as u64);
    set(header::GENERATION, generation);
    for (index, (spec, &start)) in specs.iter().zip(starts).enumerate() {
        let at = entry_start(index);
        for (word, bytes) in spec.id.as_bytes().chunks(8).enumerate() {
            let mut text = [0; 8];
            text[..bytes.len()].copy_from_slice(bytes);
            set(at + entry::ID + word, u64::from_le_bytes(text));
        }
        set(at + entry::ROWS, spec.rows.into());
        set(at + entry::DATA, start as u64);
    }
}
