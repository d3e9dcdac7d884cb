use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// More files are not looked at.
const MAX_FILES: usize = 20_000;

/// More is not read, of all files together.
const MAX_READ_BYTES: u64 = 64 << 20;

/// Folders full of what was generated or downloaded.
const LEFT_OUT: [&str; 3] = ["target", "node_modules", ".git"];

/// The files of a folder and its folders, in the order of their names.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) files: Vec<FoundFile>,
    pub(super) folders: usize,
    /// Folders and files that could not be looked into.
    pub(super) unreadable: usize,
    /// Whether there are more files than are looked at.
    pub(super) has_more: bool,
}

/// A file as it was found.
#[derive(Debug, Clone)]
pub(super) struct FoundFile {
    pub(super) path: PathBuf,
    /// Its path inside of the folder.
    pub(super) name: String,
    pub(super) bytes: u64,
}

impl Listing {
    /// Walks a folder; links are not followed.
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
                found.look_at(&entry, root, &mut folders);
            }
            if found.has_more {
                break;
            }
        }
        Ok(found)
    }

    fn look_at(&mut self, entry: &fs::DirEntry, root: &Path, folders: &mut Vec<PathBuf>) {
        let Ok(about) = entry.metadata() else {
            self.unreadable += 1;
            return;
        };
        let left_out = || LEFT_OUT.iter().any(|name| entry.file_name() == *name);
        let path = entry.path();
        if about.is_dir() && !left_out() {
            folders.push(path);
        } else if about.is_file() && self.files.len() == MAX_FILES {
            self.has_more = true;
        } else if about.is_file() {
            let name = path.strip_prefix(root).unwrap_or(&path);
            self.files.push(FoundFile {
                name: name.to_string_lossy().into_owned(),
                bytes: about.len(),
                path,
            });
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// The files whose contents are read: as many as fit the limit, in their order.
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
    /// Reads the file piece by piece; no more than it had when it was found, for some never end.
    pub(super) fn read(&self, mut piece: impl FnMut(&[u8])) -> io::Result<()> {
        if self.bytes == 0 {
            return Ok(());
        }
        let mut reader = File::open(&self.path)?.take(self.bytes);
        let mut room = vec![0; 64 << 10];
        loop {
            let count = reader.read(&mut room)?;
            if count == 0 {
                return Ok(());
            }
            piece(room.get(..count).unwrap_or_default());
        }
    }
}
