use std::collections::BTreeMap;
use std::collections::hash_map::{Entry, HashMap};

use super::{EntryId, HistoryEntry, TaskStatus};
use crate::TaskKey;

/// The result of saving a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SavedBatch {
    /// Number of entries that are new, not repetitions of an earlier save.
    pub added: u64,
    /// The status of each task in the batch after the save.
    pub statuses: BTreeMap<TaskKey, TaskStatus>,
}

impl SavedBatch {
    /// Creates the result from the number of new entries and the statuses of the tasks.
    #[must_use]
    pub const fn new(added: u64, statuses: BTreeMap<TaskKey, TaskStatus>) -> Self {
        Self { added, statuses }
    }
}

/// The error if the id of an entry is already used for different content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("entry {id} was saved before with other content")]
#[non_exhaustive]
pub struct EntryConflict {
    /// The id of the entry.
    pub id: EntryId,
}

impl EntryConflict {
    /// Creates the error for the entry with this id.
    #[must_use]
    pub const fn new(id: EntryId) -> Self {
        Self { id }
    }
}

/// Returns the entries of a batch without repetitions, in the order given.
///
/// # Errors
///
/// [`EntryConflict`] if two entries of a user have the same id and different content.
pub fn distinct_entries(entries: &[HistoryEntry]) -> Result<Vec<&HistoryEntry>, EntryConflict> {
    let mut first_by_id = HashMap::with_capacity(entries.len());
    let mut distinct = Vec::with_capacity(entries.len());
    for entry in entries {
        match first_by_id.entry((&entry.task.user, entry.id)) {
            Entry::Vacant(place) => {
                place.insert(entry);
                distinct.push(entry);
            }
            Entry::Occupied(first) if first.get().repeats(entry) => {}
            Entry::Occupied(_) => return Err(EntryConflict { id: entry.id }),
        }
    }
    Ok(distinct)
}
