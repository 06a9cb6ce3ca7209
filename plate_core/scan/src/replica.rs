//! The readers' side of the file of planes: opened once, mapped read-only, checked before use.
//!
//! Whoever made the file may be of another version, or have died half-way: magic, layout version,
//! length, readiness and every directory entry are checked, and each failure has its name.
//! The directory names pools by text, so a file does not depend on the rule book's numbering.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use plate_algebra::Formats;
use thiserror::Error;

use crate::layout::{HEADER_WORDS, LAYOUT_VERSION, MAGIC, POOLS_MAX, PoolLayout, entry, entry_start, header};
use crate::memory::Memory;
use crate::planes::{Placed, Planes, PoolSpec};

/// Why a file of planes cannot be read.
#[derive(Error, Debug)]
pub enum ReplicaError {
    /// No file is there: no writer has published one yet.
    #[error("there are no planes at {}", .0.display())]
    Missing(PathBuf),
    /// The file is something else.
    #[error("the file holds no planes")]
    NotPlanes,
    /// The file was made by another version of this program.
    #[error("the planes have layout {found}, this program reads {expected}")]
    OtherLayout {
        /// The file's version.
        found: u64,
        /// This program's.
        expected: u64,
    },
    /// The writer has not filled it yet.
    #[error("the planes are not ready yet")]
    NotReady,
    /// The file's length or a directory entry contradicts its header.
    #[error("the planes are damaged: {0}")]
    Damaged(&'static str),
    /// The rule book has a pool that the file lacks.
    #[error("the planes lack the pool {0}")]
    PoolMissing(String),
    /// The rule book and the file disagree about a pool's size.
    #[error("the planes of {id} have {found} rows, the rule book says {expected}")]
    RowsDiffer {
        /// The pool's name.
        id: String,
        /// The file's rows.
        found: u64,
        /// The rule book's.
        expected: u32,
    },
    /// The system's refusal.
    #[error("cannot read the planes: {0}")]
    Io(#[from] io::Error),
}

impl ReplicaError {
    /// A stable slug for each cause.
    #[must_use]
    pub fn slug(&self) -> &'static str {
        match self {
            ReplicaError::Missing(_) => "planes_missing",
            ReplicaError::NotPlanes => "not_planes",
            ReplicaError::OtherLayout { .. } => "other_layout",
            ReplicaError::NotReady => "planes_not_ready",
            ReplicaError::Damaged(_) => "planes_damaged",
            ReplicaError::PoolMissing(_) => "pool_missing",
            ReplicaError::RowsDiffer { .. } => "rows_differ",
            ReplicaError::Io(_) => "planes_unreadable",
        }
    }
}

/// The machine's planes, mapped read-only into this process.
#[derive(Clone)]
pub struct Replica {
    planes: Planes,
    path: PathBuf,
    /// Device and inode: which file this is, whatever stands under the path by now. An inode is not
    /// given to another file while somebody maps it.
    file: (u64, u64),
}

impl Replica {
    /// Maps the file and checks that it holds every pool of the rule book.
    ///
    /// # Errors
    /// Each way in which it does not: see [`ReplicaError`].
    pub fn open(path: &Path, formats: &Formats) -> Result<Replica, ReplicaError> {
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(ReplicaError::Missing(path.to_owned()));
            }
            opened => opened?,
        };
        let metadata = file.metadata()?;
        if metadata.len() < (HEADER_WORDS * size_of::<u64>()) as u64 {
            return Err(ReplicaError::NotPlanes);
        }
        let memory = Memory::read_only(&file)?;
        let pools = read_head(&memory, formats)?;
        let planes = Planes::over(memory, pools);
        Ok(Replica { planes, path: path.to_owned(), file: identity(&metadata) })
    }

    /// The planes, to be asked and searched.
    #[must_use]
    pub fn planes(&self) -> &Planes {
        &self.planes
    }

    /// How long ago, on the store's clock, the planes were known to be complete. Not below 0.
    #[must_use]
    pub fn age_ms(&self, now_ms: i64) -> i64 {
        now_ms.saturating_sub(self.planes.updated_at_ms()).max(0)
    }

    /// Which of the files that stood under this path it is: each writer makes the next one.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.planes.memory.words()[header::GENERATION].load(Ordering::Relaxed)
    }

    /// The file that stands under the path now, if it is another one than this.
    ///
    /// One `stat`, about a microsecond: cheap enough to be asked before a search.
    ///
    /// # Errors
    /// As [`Replica::open`]; the present one can be used on.
    pub fn refreshed(&self, formats: &Formats) -> Result<Option<Replica>, ReplicaError> {
        match fs::metadata(&self.path) {
            Ok(metadata) if identity(&metadata) == self.file => Ok(None),
            Ok(_) => Replica::open(&self.path, formats).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(ReplicaError::Missing(self.path.clone()))
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// Checks the header, and finds each pool of the rule book in the directory.
fn read_head(memory: &Memory, formats: &Formats) -> Result<Vec<Placed>, ReplicaError> {
    let words = memory.words();
    // Acquire: whoever sees `ready` also sees everything that was stored before.
    let word = |at: usize| words[at].load(Ordering::Acquire);
    if word(header::MAGIC) != MAGIC {
        return Err(ReplicaError::NotPlanes);
    }
    if word(header::VERSION) != LAYOUT_VERSION {
        return Err(ReplicaError::OtherLayout { found: word(header::VERSION), expected: LAYOUT_VERSION });
    }
    if word(header::READY) != 1 {
        return Err(ReplicaError::NotReady);
    }
    if word(header::TOTAL_WORDS) != words.len() as u64 {
        return Err(ReplicaError::Damaged("its length is not what its header says"));
    }
    let pools = usize::try_from(word(header::POOLS)).unwrap_or(usize::MAX);
    if pools > POOLS_MAX || entry_start(pools) > words.len() {
        return Err(ReplicaError::Damaged("its directory does not fit into it"));
    }
    let directory: Vec<Found> = (0..pools).map(|index| Found::at(index, &word)).collect();
    let find = |id: String| {
        let index = directory.iter().position(|found| found.id == id.as_bytes());
        index.map(|index| (index, &directory[index])).ok_or(ReplicaError::PoolMissing(id))
    };
    let place = |pool| {
        let id = formats.pool_id(pool);
        let rows = formats.get(pool.format).rows();
        let (index, found) = find(id.clone())?;
        if found.rows != u64::from(rows) {
            return Err(ReplicaError::RowsDiffer { id, found: found.rows, expected: rows });
        }
        let layout = PoolLayout { rows: rows as usize };
        let data = usize::try_from(found.data).unwrap_or(usize::MAX);
        if data.checked_add(layout.words()).is_none_or(|end| end > words.len()) {
            return Err(ReplicaError::Damaged("a pool lies behind its end"));
        }
        Ok(Placed { spec: PoolSpec { pool, id, rows }, index, data, layout })
    };
    formats.pools().into_iter().map(place).collect()
}

/// A directory entry as it stands in the file.
struct Found {
    id: Vec<u8>,
    rows: u64,
    data: u64,
}

impl Found {
    fn at(index: usize, word: &impl Fn(usize) -> u64) -> Found {
        let start = entry_start(index);
        let mut id: Vec<u8> =
            (0..entry::ID_WORDS).flat_map(|part| word(start + entry::ID + part).to_le_bytes()).collect();
        id.truncate(id.iter().position(|&byte| byte == 0).unwrap_or(id.len()));
        Found { id, rows: word(start + entry::ROWS), data: word(start + entry::DATA) }
    }
}

/// The pools of a rule book, as planes are made for them.
#[must_use]
pub fn pool_specs(formats: &Formats) -> Vec<PoolSpec> {
    let spec = |pool: plate_algebra::Pool| PoolSpec {
        pool,
        id: formats.pool_id(pool),
        rows: formats.get(pool.format).rows(),
    };
    formats.pools().into_iter().map(spec).collect()
}
