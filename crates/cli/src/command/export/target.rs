use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Stdout, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::NamedTempFile;

use super::format::is_compressed;
use crate::failure::Failure;

const BUFFER_BYTES: usize = 64 << 10;

/// The target of an export.
#[derive(Debug)]
pub(super) struct Target {
    /// The name given by the user.
    name: PathBuf,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Stdout,
    /// A file. An existing path has its symbolic links resolved.
    File {
        path: PathBuf,
        replace: bool,
    },
    /// An existing pipe or device. It is written directly and never replaced.
    Special,
}

impl Target {
    /// Checks the target before the export; `-` is standard output.
    pub(super) fn of(name: &Path, force: bool) -> Result<Self, Failure> {
        let target = |place| Self {
            name: name.to_owned(),
            place,
        };
        if name.as_os_str() == "-" {
            return Ok(target(Place::Stdout));
        }
        let shown = name.display();
        let failed = |error| Failure::error(format!("cannot write {shown}: {error}"));
        let about = match fs::metadata(name) {
            Ok(about) => about,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(target(Place::File {
                    path: name.to_owned(),
                    replace: force,
                }));
            }
            Err(error) => return Err(failed(error)),
        };
        if about.is_dir() {
            Err(Failure::error(format!("{shown} is a directory")))
        } else if !about.is_file() {
            Ok(target(Place::Special))
        } else if force {
            let path = fs::canonicalize(name).map_err(failed)?;
            Ok(target(Place::File {
                path,
                replace: true,
            }))
        } else {
            Err(Failure::error(format!(
                "{shown} already exists: pass --force to overwrite it"
            )))
        }
    }

    pub(super) fn is_file(&self) -> bool {
        matches!(self.place, Place::File { .. })
    }

    pub(super) fn is_stdout(&self) -> bool {
        matches!(self.place, Place::Stdout)
    }

    /// Opens the target. A file does not appear under its name before [`Sink::finish`].
    pub(super) fn open(&self) -> io::Result<Sink<'_>> {
        let raw = match &self.place {
            Place::Stdout => Raw::Stdout(io::stdout()),
            Place::Special => Raw::File(OpenOptions::new().write(true).open(&self.name)?),
            Place::File { path, .. } => Raw::Temporary(beside(path)?),
        };
        let buffered = BufWriter::with_capacity(BUFFER_BYTES, raw);
        let out = if is_compressed(&self.name) {
            // Compressing small writes one by one takes five times as long.
            let encoder = GzEncoder::new(buffered, Compression::default());
            Out::Gzip(BufWriter::with_capacity(BUFFER_BYTES, encoder))
        } else {
            Out::Plain(buffered)
        };
        Ok(Sink { target: self, out })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Place::Stdout => f.write_str("standard output"),
            _ => self.name.display().fmt(f),
        }
    }
}

/// Creates a temporary file in the same directory, so that it can be renamed to `path`. It is
/// removed when dropped, unless it was renamed.
fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    builder.prefix(".tasktrail-export-").suffix(".part");
    // Keep the permissions of a replaced file. A new file gets the usual ones (0666 and the umask);
    // temporary files would be private.
    #[cfg(unix)]
    let permissions = {
        use std::os::unix::fs::PermissionsExt;
        fs::metadata(path).map_or_else(
            |_| fs::Permissions::from_mode(0o666),
            |replaced| replaced.permissions(),
        )
    };
    #[cfg(unix)]
    builder.permissions(permissions);
    builder.tempfile_in(directory.unwrap_or(Path::new(".")))
}

/// An open target.
pub(super) struct Sink<'t> {
    target: &'t Target,
    out: Out,
}

enum Out {
    Plain(BufWriter<Raw>),
    Gzip(BufWriter<GzEncoder<BufWriter<Raw>>>),
}

enum Raw {
    Stdout(Stdout),
    File(File),
    Temporary(NamedTempFile),
}

impl Sink<'_> {
    /// Flushes the output, and renames the temporary file. Returns the size of the file, or `None`
    /// if the target is not a file.
    pub(super) fn finish(self) -> io::Result<Option<u64>> {
        let buffered = match self.out {
            Out::Plain(out) => out,
            Out::Gzip(out) => out.into_inner()?.finish()?,
        };
        let mut raw = buffered.into_inner()?;
        raw.flush()?;
        let (Raw::Temporary(file), Place::File { path, replace }) = (raw, &self.target.place)
        else {
            return Ok(None);
        };
        // A crash of the machine must not leave a named file without its content.
        file.as_file().sync_all()?;
        let bytes = file.as_file().metadata()?.len();
        if *replace {
            file.persist(path)?;
        } else {
            file.persist_noclobber(path)?;
        }
        Ok(Some(bytes))
    }
}

impl Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.out {
            Out::Plain(out) => out.write(bytes),
            Out::Gzip(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.out {
            Out::Plain(out) => out.flush(),
            Out::Gzip(out) => out.flush(),
        }
    }
}

impl Write for Raw {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(out) => out.write(bytes),
            Self::File(out) => out.write(bytes),
            Self::Temporary(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(out) => out.flush(),
            Self::File(out) => out.flush(),
            Self::Temporary(out) => out.flush(),
        }
    }
}
