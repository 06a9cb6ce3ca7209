//! The files of the law, read from their folder.

use std::io;
use std::path::Path;

/// Every file below a folder: its path from there, and its bytes.
///
/// # Errors
/// The system's.
pub fn files(root: &Path) -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    gather(root, "", &mut files)?;
    files.sort();
    Ok(files)
}

fn gather(directory: &Path, before: &str, files: &mut Vec<(String, Vec<u8>)>) -> io::Result<()> {
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
