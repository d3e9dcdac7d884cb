use std::hash::{DefaultHasher, Hash, Hasher};

use tasktrail::TaskKey;
use tasktrail::task_history::{Finish, HistoryEntry};

use super::batch::Batch;
use super::error::InvalidLine;

/// The size of a chunk: large enough for efficient saves, small enough to bound memory. At most
/// three chunks are in memory: one that is saved, one that is queued, and one that is read.
const MAX_LINES: u64 = 2000;
const MAX_BYTES: usize = 4 << 20;

/// The content of a line.
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

/// The finish of a task, with its line number.
pub(super) type FinishLine = (u64, TaskKey, Finish);

/// Lines that were read together, split into two halves by task. The halves can be saved
/// concurrently: all lines of a task are in the same half, in their order.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    pub(super) halves: [Batch; 2],
    /// The finishes, to be saved after the entries. Split into halves in the same way.
    pub(super) finishes: [Vec<FinishLine>; 2],
    /// Number of lines, including invalid ones.
    pub(super) lines: u64,
    pub(super) invalid: Vec<InvalidLine>,
    /// The lines with replacements, with the reasons.
    pub(super) replaced: Vec<InvalidLine>,
    /// Bytes of the input that were read when the chunk was complete.
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

    /// The numbers of the lines with finishes.
    pub(super) fn finish_lines(&self) -> impl Iterator<Item = u64> {
        self.finishes.iter().flatten().map(|(line, ..)| *line)
    }

    pub(super) fn is_full(&self) -> bool {
        self.lines >= MAX_LINES || self.bytes >= MAX_BYTES
    }
}

/// A hash of the task, which takes less memory than its key.
pub(super) fn hash(task: &TaskKey) -> u64 {
    let mut hasher = DefaultHasher::new();
    task.hash(&mut hasher);
    hasher.finish()
}

/// Selects a place by hash.
fn one_of<T>(places: &mut [T], hash: u64) -> Option<&mut T> {
    let number = hash.checked_rem(u64::try_from(places.len()).ok()?)?;
    places.get_mut(usize::try_from(number).ok()?)
}
