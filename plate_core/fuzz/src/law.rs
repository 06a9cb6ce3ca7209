//! The files of the law, read from their folder.

use std::io;
use std::path::Path;

/// Where the tariffs stand.
pub const TARIFFS: &str = "tariffs/";

/// Paths below the law's folder, and what the files have.
pub type Files = Vec<(String, Vec<u8>)>;

/// Every file below a folder: its path from there, and its bytes.
///
/// # Errors
/// The system's.
pub fn files(root: &Path) -> io::Result<Files> {
    let mut files = Vec::new();
    gather(root, "", &mut files)?;
    files.sort();
    Ok(files)
}

fn gather(directory: &Path, before: &str, files: &mut Files) -> io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        let name = format!("{before}{}", path.file_name().unwrap_or_default().to_string_lossy());
        if path.is_dir() {
            gather(&path, &format!("{name}/"), files)?;
        } else {
            files.push((name, std::fs::read(&path)?));
        }
    }
    Ok(())
}

/// A file with its path on the first line, so that one input has both.
#[must_use]
pub fn on_one_sheet(path: &str, bytes: &[u8]) -> Vec<u8> {
    [path.as_bytes(), b"\n", bytes].concat()
}

/// The law with what such a sheet says in place of the file of that path, or beside the others.
#[must_use]
pub fn with_sheet(law: &Files, sheet: &[u8]) -> Files {
    let end = sheet.iter().position(|byte| *byte == b'\n').unwrap_or(sheet.len());
    let path = String::from_utf8_lossy(&sheet[..end]).into_owned();
    let bytes = sheet.get(end + 1..).unwrap_or_default().to_vec();
    let mut files: Files = law.iter().filter(|(other, _)| *other != path).cloned().collect();
    files.push((path, bytes));
    files
}
