//! Saves of batches.

use diesel_async::{AsyncConnection, AsyncPgConnection};
use tasktrail_domain::task_history::{HistoryEntry, SavedBatch, distinct_entries};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::lock_wait::LockWait;

use super::{ATTEMPTS, STATEMENT_BYTES, STATEMENT_ENTRIES, statement};
use crate::error::conflict;

/// Saves all entries or none, in one transaction of statements of bounded size.
pub(in crate::task_history) async fn batch(
    connection: &mut AsyncPgConnection,
    entries: &[HistoryEntry],
    wait: LockWait,
) -> Result<SavedBatch, StoreError> {
    let mut sorted = distinct_entries(entries).map_err(conflict)?;
    if sorted.is_empty() {
        return Ok(SavedBatch::default());
    }
    // By task, so that batches lock summaries in the same order. The sort is stable, so the entries
    // of a task are saved in the given order.
    sorted.sort_by_key(|entry| &entry.task);
    for _ in 0..ATTEMPTS {
        match transaction(connection, &sorted, wait).await {
            // Repeat the whole batch: otherwise entries that were removed would be saved after
            // later ones.
            Err(StoreError::ConcurrentlyRemoved) => {}
            saved => return saved,
        }
    }
    Err(StoreError::ConcurrentlyRemoved)
}

async fn transaction(
    connection: &mut AsyncPgConnection,
    sorted: &[&HistoryEntry],
    wait: LockWait,
) -> Result<SavedBatch, StoreError> {
    connection
        .transaction(async |connection| {
            let mut total = SavedBatch::default();
            for entries in bounded(sorted) {
                let saved = statement(connection, entries, wait).await?;
                total.added += saved.added;
                total.statuses.extend(saved.statuses);
            }
            Ok(total)
        })
        .await
}

/// Splits entries into groups for one statement each.
fn bounded<'a, 'e>(entries: &'a [&'e HistoryEntry]) -> Vec<&'a [&'e HistoryEntry]> {
    let mut statements = Vec::new();
    let (mut begin, mut bytes) = (0, 0_usize);
    for (index, entry) in entries.iter().enumerate() {
        let size = entry.step_result.size_bytes();
        let full =
            index - begin == STATEMENT_ENTRIES || bytes.saturating_add(size) > STATEMENT_BYTES;
        if full && index > begin {
            statements.extend(entries.get(begin..index));
            (begin, bytes) = (index, 0);
        }
        bytes = bytes.saturating_add(size);
    }
    statements.extend(entries.get(begin..));
    statements
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use tasktrail_domain::TaskKey;
    use tasktrail_domain::task_history::{
        EntryId, ResultLimit, StepNumber, TaskStatus, TaskStepResult,
    };
    use tasktrail_domain::timestamp::Timestamp;

    use super::*;

    fn entry(bytes: usize) -> HistoryEntry {
        let large = TaskStepResult::builder("step", TaskStatus::Running)
            .result(Value::from("x".repeat(bytes)))
            .limit(ResultLimit::UNLIMITED);
        HistoryEntry::new(
            EntryId::derived(Timestamp::default(), [0; 10]),
            TaskKey::new("user", "task").unwrap(),
            StepNumber::MIN,
            large.build().unwrap(),
            Timestamp::default(),
        )
    }

    #[test]
    fn statement_has_limited_entries_and_bytes() {
        let lengths = |entries: &[HistoryEntry]| {
            let entries: Vec<_> = entries.iter().collect();
            bounded(&entries)
                .iter()
                .map(|part| part.len())
                .collect::<Vec<_>>()
        };
        let mebibytes = |number: usize| entry(number << 20);

        assert_eq!(lengths(&vec![entry(1); 1001]), [500, 500, 1]);
        assert_eq!(
            lengths(&[mebibytes(9), mebibytes(9), mebibytes(3), entry(1)]),
            [1, 3]
        );
        assert_eq!(lengths(&[entry(1), mebibytes(17), entry(1)]), [1, 1, 1]);
    }
}
