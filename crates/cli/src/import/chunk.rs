use std::hash::{DefaultHasher, Hash, Hasher};

use tasktrail::task_history::{Finish, HistoryEntry, TaskKey};

use super::batch::Batch;
use super::error::BadLine;

/// Where a chunk ends: enough for the store to work well, little enough to hold. Three are held at most: one
/// that is saved, one that was read ahead, and one that is being read.
const MAX_LINES: u64 = 2000;
const MAX_BYTES: usize = 4 << 20;

/// What a line asks for.
#[derive(Debug)]
pub(super) enum Parsed {
    Entry(HistoryEntry),
    Finish(TaskKey, Finish),
}

impl Parsed {
    fn task(&self) -> &TaskKey {
        match self {
            Self::Entry(entry) => &entry.task,
            Self::Finish(task, _) => task,
        }
    }
}

/// How a task was finished, with the number of its line.
pub(super) type FinishLine = (u64, TaskKey, Finish);

/// Lines that were read together, cut in two by their tasks. The halves can be saved at the same time: the
/// lines of a task are all in one, in their order.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    pub(super) halves: [Batch; 2],
    /// How tasks are finished after that: two batches as well, those of a task all in one.
    pub(super) finishes: [Vec<FinishLine>; 2],
    /// How many lines were read for it, bad ones included.
    pub(super) lines: u64,
    pub(super) bad: Vec<BadLine>,
    /// The lines in which something was replaced, and why.
    pub(super) replaced: Vec<BadLine>,
    /// How much of the input was read when it was full.
    pub(super) read_bytes: u64,
    bytes: usize,
}

impl Chunk {
    pub(super) fn push(&mut self, line: u64, bytes: usize, parsed: Parsed) {
        let hash = hash(parsed.task());
        match parsed {
            Parsed::Entry(entry) => {
                if let Some(half) = one_of(&mut self.halves, hash) {
                    half.push(line, entry);
                }
            }
            Parsed::Finish(task, finish) => {
                if let Some(lines) = one_of(&mut self.finishes, hash) {
                    lines.push((line, task, finish));
                }
            }
        }
        self.bytes += bytes;
    }

    /// The lines that tell how tasks were finished.
    pub(super) fn finish_lines(&self) -> impl Iterator<Item = u64> {
        self.finishes.iter().flatten().map(|(line, ..)| *line)
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

/// Always the same one for the same hash.
fn one_of<T>(places: &mut [T], hash: u64) -> Option<&mut T> {
    let number = hash.checked_rem(u64::try_from(places.len()).ok()?)?;
    places.get_mut(usize::try_from(number).ok()?)
}
