use tasktrail::repository::RepositoryError;
use tasktrail::task_history::HistoryEntry;

use super::ImportError;

/// Lines that are saved together.
#[derive(Debug, Default)]
pub(super) struct Batch {
    entries: Vec<HistoryEntry>,
    lines: Vec<u64>,
}

impl Batch {
    pub(super) fn push(&mut self, line: u64, entry: HistoryEntry) {
        self.entries.push(entry);
        self.lines.push(line);
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
