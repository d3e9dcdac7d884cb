use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;

use super::error::ImportError;

/// The first two bytes of every gzip file. A JSON line cannot start with them.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

const BUFFER_BYTES: usize = 64 << 10;

/// The input of an import. Gzip is detected by content, independent of the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
}

/// Converts a path; `-` is standard input.
impl From<PathBuf> for Source {
    fn from(path: PathBuf) -> Self {
        if path.as_os_str() == "-" {
            Self::Stdin
        } else {
            Self::File(path)
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin => f.write_str("stdin"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

/// An open source. Gzip is decompressed.
pub(super) struct Input {
    pub(super) size_bytes: Option<u64>,
    pub(super) read_bytes: ReadBytes,
    pub(super) reader: Box<dyn BufRead + Send>,
}

impl Source {
    pub(super) fn open(&self) -> Result<Input, ImportError> {
        let failed = |source| ImportError::Open {
            name: self.to_string(),
            source,
        };
        match self {
            Self::Stdin => Input::of(io::stdin(), None).map_err(failed),
            Self::File(path) => {
                let file = File::open(path).map_err(failed)?;
                let metadata = file.metadata().map_err(failed)?;
                let size_bytes = metadata.is_file().then_some(metadata.len());
                Input::of(file, size_bytes).map_err(failed)
            }
        }
    }
}

impl Input {
    fn of(raw: impl Read + Send + 'static, size_bytes: Option<u64>) -> io::Result<Self> {
        let read_bytes = ReadBytes::default();
        let counted = Counted {
            raw,
            read_bytes: read_bytes.clone(),
        };
        let mut reader = BufReader::with_capacity(BUFFER_BYTES, counted);
        // A pipe can return one byte at a time, so `fill_buf` could return too few bytes.
        let mut start = Vec::with_capacity(GZIP_MAGIC.len());
        reader.by_ref().take(2).read_to_end(&mut start)?;
        let is_gzip = start == GZIP_MAGIC;
        let whole = Cursor::new(start).chain(reader);
        let reader: Box<dyn BufRead + Send> = if is_gzip {
            let inflated = MultiGzDecoder::new(whole);
            Box::new(BufReader::with_capacity(BUFFER_BYTES, inflated))
        } else {
            Box::new(whole)
        };
        Ok(Self {
            size_bytes,
            read_bytes,
            reader,
        })
    }
}

/// Number of bytes read from an input, before decompression.
#[derive(Debug, Clone, Default)]
pub(super) struct ReadBytes(Arc<AtomicU64>);

impl ReadBytes {
    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

struct Counted<R> {
    raw: R,
    read_bytes: ReadBytes,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.raw.read(buffer)?;
        let bytes = u64::try_from(count).unwrap_or(u64::MAX);
        self.read_bytes.0.fetch_add(bytes, Ordering::Relaxed);
        Ok(count)
    }
}
