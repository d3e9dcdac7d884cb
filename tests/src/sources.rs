//! The files of the repository, for tests of its structure.

use std::fs;
use std::path::{Path, PathBuf};

/// The files below a folder with an extension, in order; none if there is no such folder.
#[must_use]
pub fn files_below(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = paths
        .flat_map(|path| {
            if path.is_dir() {
                files_below(&path, extension)
            } else {
                vec![path]
            }
        })
        .filter(|file| file.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort_unstable();
    files
}
