use std::hash::{DefaultHasher, Hash, Hasher};

use tasktrail::task_history::{HistoryEntry, TaskKey};

use super::BadLine;
use super::batch::Batch;

/// Where a portion ends: enough for the store to work well, little enough to hold. Three are held at most: one
/// that is saved, one that was read ahead, and one that is being read.
const MAX_LINES: u64 = 2000;
const MAX_BYTES: usize = 4 << 20;

/// Lines that were read together, cut in two by their tasks. The halves can be saved at the same time: the
/// lines of a task are all in one, in their order.
#[derive(Debug, Default)]
pub(super) struct Portion {
    pub(super) halves: [Batch; 2],
    /// How many lines were read for it, bad ones included.
    pub(super) lines: u64,
    pub(super) bad: Vec<BadLine>,
    /// How much of the input was read when it was full.
    pub(super) read_bytes: u64,
    bytes: usize,
}

impl Portion {
    pub(super) fn push(&mut self, line: u64, bytes: usize, entry: HistoryEntry) {
        let [even, odd] = &mut self.halves;
        let half = if hash(&entry.task).is_multiple_of(2) {
            even
        } else {
            odd
        };
        half.push(line, entry);
        self.bytes += bytes;
    }

    pub(super) fn is_full(&self) -> bool {
        self.lines >= MAX_LINES || self.bytes >= MAX_BYTES
    }
}

/// Tells tasks apart in less room than their keys take.
pub(super) fn hash(task: &TaskKey) -> u64 {
    let mut hasher = DefaultHasher::new();
    task.hash(&mut hasher);
    hasher.finish()
}
