use tasktrail::task_history::HistoryEntry;

/// Entries that are saved together, with their line numbers.
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
}
