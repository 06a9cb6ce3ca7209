//! Which file of `patterns/kz` says what, by its path, and their content hash.
//!
//! Paths are relative to `patterns/kz` with forward slashes. A path that belongs to nothing is a fault,
//! because a misnamed file would be law that silently does not apply.

use crate::canonical;
use crate::fault::{Fault, Origin};
use crate::source::{FaultSink, Source, shortened};

/// The domain of a rule book's revision hash.
const REVISION_DOMAIN: &str = "plates.rulebook.1";

/// What a file is about.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(super) enum Kind {
    Regions,
    Mci,
    Foreign,
    Format,
    Tariff,
    Withheld,
    Beauty,
    Words,
}

impl Kind {
    /// The kind of a file by its path.
    pub(super) fn of(path: &str) -> Option<Kind> {
        let stem = path.strip_suffix(".toml")?;
        match stem.split_once('/') {
            None => match stem {
                "regions" => Some(Kind::Regions),
                "mci" => Some(Kind::Mci),
                _ => None,
            },
            Some((_, name)) if name.is_empty() || name.contains('/') => None,
            Some(("formats", "foreign")) => Some(Kind::Foreign),
            Some(("formats", _)) => Some(Kind::Format),
            Some(("tariffs", _)) => Some(Kind::Tariff),
            Some(("withheld", _)) => Some(Kind::Withheld),
            Some(("beauty", _)) => Some(Kind::Beauty),
            Some(("words", _)) => Some(Kind::Words),
            Some(_) => None,
        }
    }

    /// Whether every pattern is compiled against what this file says.
    fn is_shape(self) -> bool {
        matches!(self, Kind::Regions | Kind::Format | Kind::Foreign)
    }
}

/// A file that is TOML at least.
pub(super) struct File {
    pub(super) kind: Kind,
    pub(super) source: Source,
    /// The SHA-256 of its canonical content.
    pub(super) hash: String,
}

/// The files that are TOML, and which kinds some file was lost of.
pub(super) struct Files {
    files: Vec<File>,
    lost: Vec<Kind>,
}

impl Files {
    /// Sorts the files by path and parses each once; what is no TOML is reported and left out.
    pub(super) fn read(given: &[(String, Vec<u8>)], sink: &FaultSink) -> Files {
        let mut sorted: Vec<&(String, Vec<u8>)> = given.iter().collect();
        sorted.sort_by(|left, right| left.0.cmp(&right.0));
        let mut files = Files { files: Vec::new(), lost: Vec::new() };
        let mut before: Option<&str> = None;
        for (path, bytes) in sorted {
            let head = Origin::file(&shortened(path), 1, 1);
            if before.replace(path) == Some(path) {
                sink.push(Fault::at(&head, "file_repeated", "This file was given twice."));
                continue;
            }
            let Some(kind) = Kind::of(path) else {
                sink.push(
                    Fault::at(&head, "file_unknown", "A file of this name says nothing.").expecting(EXPECTED),
                );
                continue;
            };
            match read_one(kind, path, bytes, sink) {
                Some(file) => files.files.push(file),
                None => files.lost.push(kind),
            }
        }
        files
    }

    /// Whether every file was TOML that says what marks look like.
    pub(super) fn shapes_are_sound(&self) -> bool {
        !self.lost.iter().any(|kind| kind.is_shape())
    }

    /// Whether some file of a kind was lost, so that what refers to it cannot be judged.
    pub(super) fn lost(&self, kind: Kind) -> bool {
        self.lost.contains(&kind)
    }

    /// The files of a kind, by path.
    pub(super) fn of(&self, kind: Kind) -> Vec<&Source> {
        self.files.iter().filter(|file| file.kind == kind).map(|file| &file.source).collect()
    }

    /// A file that there must be exactly one of.
    pub(super) fn one(&self, kind: Kind, path: &str, sink: &FaultSink) -> Option<&Source> {
        let found = self.of(kind).into_iter().next();
        if found.is_none() && !self.lost(kind) {
            let message = format!("The rule book has no {path}.");
            sink.push(Fault::at(&Origin::file(path, 1, 1), "file_missing", message));
        }
        found
    }

    /// Path and content hash of each file, by path.
    pub(super) fn hashes(&self) -> Vec<(String, String)> {
        self.files.iter().map(|file| (file.source.name().to_owned(), file.hash.clone())).collect()
    }
}

/// What a path may look like.
const EXPECTED: [&str; 8] = [
    "regions.toml",
    "mci.toml",
    "formats/foreign.toml",
    "formats/NAME.toml",
    "tariffs/NAME.toml",
    "withheld/NAME.toml",
    "beauty/NAME.toml",
    "words/NAME.toml",
];

/// Reads one file as far as TOML goes.
pub(super) fn read_one(kind: Kind, path: &str, bytes: &[u8], sink: &FaultSink) -> Option<File> {
    let source = Source::read(path, bytes, sink)?;
    let hash = canonical::sha256_hex("plates.file.1", &canonical::spell(source.parse(sink)?.get_ref()));
    Some(File { kind, source, hash })
}

/// The revision of a rule book: a hash over path and content hash of every file, sorted by path.
pub(super) fn revision(hashes: &[(String, String)]) -> String {
    let mut sorted: Vec<&(String, String)> = hashes.iter().collect();
    sorted.sort();
    let lines: Vec<String> = sorted.iter().map(|(path, hash)| format!("{hash}  {path}\n")).collect();
    canonical::sha256_hex(REVISION_DOMAIN, &lines.concat())
}
