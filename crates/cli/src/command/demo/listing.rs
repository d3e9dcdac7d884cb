use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Maximum number of files to inspect.
const MAX_FILES: usize = 20_000;

/// Maximum number of bytes to read, in all files together.
const MAX_READ_BYTES: u64 = 64 << 20;

/// Folders with generated or downloaded files, which are skipped.
const SKIPPED_FOLDERS: [&str; 3] = ["target", "node_modules", ".git"];

/// The files of a folder and its subfolders; each folder is sorted by name.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) files: Vec<FoundFile>,
    pub(super) folders: usize,
    /// Number of folders and files that cannot be read.
    pub(super) unreadable: usize,
    /// Whether the folder has more than the maximum number of files.
    pub(super) has_more: bool,
}

/// A file, with its size at the time of the listing.
#[derive(Debug, Clone)]
pub(super) struct FoundFile {
    pub(super) path: PathBuf,
    /// Path relative to the folder.
    pub(super) name: String,
    pub(super) bytes: u64,
}

impl Listing {
    /// Lists a folder recursively. Symbolic links are not followed.
    pub(super) fn under(root: &Path) -> io::Result<Self> {
        let mut found = Self::default();
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) if folder == root => return Err(error),
                Err(_) => {
                    found.unreadable += 1;
                    continue;
                }
            };
            found.folders += 1;
            let mut paths: Vec<_> = entries.flatten().collect();
            paths.sort_by_key(fs::DirEntry::file_name);
            for entry in paths {
                found.inspect(&entry, root, &mut folders);
            }
            if found.has_more {
                break;
            }
        }
        Ok(found)
    }

    fn inspect(&mut self, entry: &fs::DirEntry, root: &Path, folders: &mut Vec<PathBuf>) {
        let Ok(metadata) = entry.metadata() else {
            self.unreadable += 1;
            return;
        };
        let is_skipped = || {
            SKIPPED_FOLDERS
                .iter()
                .any(|name| entry.file_name() == *name)
        };
        let path = entry.path();
        if metadata.is_dir() && !is_skipped() {
            folders.push(path);
        } else if metadata.is_file() && self.files.len() == MAX_FILES {
            self.has_more = true;
        } else if metadata.is_file() {
            let name = path.strip_prefix(root).unwrap_or(&path);
            self.files.push(FoundFile {
                name: name.to_string_lossy().into_owned(),
                bytes: metadata.len(),
                path,
            });
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Selects the files to read, in their order, up to the limit of bytes.
    pub(super) fn to_read(&self) -> Vec<FoundFile> {
        let mut left = MAX_READ_BYTES;
        let fitting = self.files.iter().filter(|file| {
            let fits = file.bytes <= left;
            if fits {
                left -= file.bytes;
            }
            fits
        });
        fitting.cloned().collect()
    }
}

impl FoundFile {
    /// Reads the file in pieces. Stops at its listed size, because some files never end.
    pub(super) fn read(&self, mut piece: impl FnMut(&[u8])) -> io::Result<()> {
        if self.bytes == 0 {
            return Ok(());
        }
        let mut reader = File::open(&self.path)?.take(self.bytes);
        let mut buffer = vec![0; 64 << 10];
        loop {
            let count = reader.read(&mut buffer)?;
            if count == 0 {
                return Ok(());
            }
            piece(buffer.get(..count).unwrap_or_default());
        }
    }
}
