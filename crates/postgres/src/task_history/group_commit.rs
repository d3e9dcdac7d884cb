//! Batches saves (group commit). Each caller gets the result of its own entry, after the commit.

mod answers;
mod locked;
mod round;

use tasktrail_domain::TaskKey;
use tasktrail_domain::repository::Operation;
use tasktrail_domain::task_history::{HistoryEntry, TaskStatus, operation};
use tasktrail_postgres_client::batching::{BatchStatistics, Batchable, Sending};
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::pool::Pool;

use super::operations;
use super::save::{STATEMENT_BYTES, STATEMENT_ENTRIES};

/// The batchable kind of saves. Each save in a batch succeeds or fails independently.
#[derive(Debug)]
pub(crate) struct Saves;

impl Batchable for Saves {
    type Request = HistoryEntry;
    type Key = TaskKey;
    type Answer = TaskStatus;

    const OPERATION: Operation = operation::SAVE;
    const MAX_REQUESTS: usize = STATEMENT_ENTRIES;
    const MAX_BYTES: usize = STATEMENT_BYTES;

    fn size_bytes(entry: &HistoryEntry) -> usize {
        entry.step_result.size_bytes()
    }

    fn key(entry: &HistoryEntry) -> &TaskKey {
        &entry.task
    }

    async fn single(pool: &Pool, entry: &HistoryEntry) -> Sending<TaskStatus> {
        match pool.run(&operations::Save(entry, LockWait::BRIEF)).await {
            Err(error) if error.is_lock_timeout() => Sending::Blocked,
            saved => Sending::Answered(saved.map_err(|error| error.during(operation::SAVE))),
        }
    }

    async fn batched(
        pool: &Pool,
        entries: &[HistoryEntry],
        wait: LockWait,
    ) -> Vec<Sending<TaskStatus>> {
        round::save(pool, entries, wait).await
    }
}

/// Counters of the group commit since the database was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupCommitStatistics {
    /// Number of queued and running saves.
    pub under_way: u32,
    /// Saves sent in their own statement, because no other save was in flight.
    pub single: u64,
    /// Saves sent in a batch, or after waiting in the queue.
    pub grouped: u64,
    /// Number of statements for these.
    pub statements: u64,
}

impl From<BatchStatistics> for GroupCommitStatistics {
    fn from(saves: BatchStatistics) -> Self {
        Self {
            under_way: saves.under_way,
            single: saves.single,
            grouped: saves.batched,
            statements: saves.statements,
        }
    }
}
