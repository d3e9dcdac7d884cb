use std::collections::BTreeMap;
use std::collections::hash_map::{Entry, HashMap};

use super::{EntryId, HistoryEntry, TaskKey, TaskStatus};

/// What came of saving a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SavedBatch {
    /// How many of its entries were not there before.
    pub added: u64,
    /// The status of each task of the batch after the save.
    pub statuses: BTreeMap<TaskKey, TaskStatus>,
}

/// An entry was saved under an id that stands for other content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("entry {id} was saved before with other content")]
pub struct EntryConflict {
    /// The id.
    pub id: EntryId,
}

/// The entries of a batch without those that repeat an earlier one, in the order given.
///
/// # Errors
///
/// [`EntryConflict`] if two entries of a user have the same id and other content.
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
