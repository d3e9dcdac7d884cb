use tasktrail::repository::RepositoryError;
use tasktrail::task_history::HistoryEntry;

use super::ImportError;

/// Where a batch ends: enough for the store to work well, little enough to hold.
const MAX_LINES: usize = 1000;
const MAX_BYTES: usize = 4 << 20;

/// Lines that are saved together.
#[derive(Debug, Default)]
pub(super) struct Batch {
    entries: Vec<HistoryEntry>,
    lines: Vec<u64>,
    bytes: usize,
}

impl Batch {
    pub(super) fn push(&mut self, line: u64, bytes: usize, entry: HistoryEntry) {
        self.entries.push(entry);
        self.lines.push(line);
        self.bytes += bytes;
    }

    pub(super) fn is_full(&self) -> bool {
        self.entries.len() >= MAX_LINES || self.bytes >= MAX_BYTES
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.lines.clear();
        self.bytes = 0;
    }

    pub(super) fn entries(&self) -> &[HistoryEntry] {
        &self.entries
    }

    /// The entries with the numbers of their lines.
    pub(super) fn lines(&self) -> impl Iterator<Item = (u64, &HistoryEntry)> {
        self.lines.iter().copied().zip(&self.entries)
    }

    /// None of its lines are saved.
    pub(super) fn not_saved(&self, name: &str, source: RepositoryError) -> ImportError {
        let first_line = self.lines.first().copied().unwrap_or_default();
        self.not_saved_from(name, first_line, source)
    }

    /// Its lines from `first_line` on are not saved.
    pub(super) fn not_saved_from(
        &self,
        name: &str,
        first_line: u64,
        source: RepositoryError,
    ) -> ImportError {
        ImportError::Save {
            name: name.to_owned(),
            first_line,
            last_line: self.lines.last().copied().unwrap_or(first_line),
            source,
        }
    }
}
