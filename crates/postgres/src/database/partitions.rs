//! The partitions of the entries, and whose turn it is to look after them.

use tasktrail_domain::task_history::RetentionPolicy;
use tasktrail_domain::timestamp::Timestamp;

use super::PostgresDatabase;
use crate::partitions::{self, MaintenanceTurn, Partition, PartitionError, Retired};

impl PostgresDatabase {
    /// The partitions of the entries, the oldest first; `None` if all entries are in one table. Changes and
    /// locks nothing.
    ///
    /// # Errors
    ///
    /// [`PartitionError`] if the database cannot be reached or read.
    pub async fn partitions(&self) -> Result<Option<Vec<Partition>>, PartitionError> {
        partitions::list(&self.connector).await
    }

    /// Partitions the entries by month unless they are, makes partitions for the month of `now` and so many
    /// after it, and gives those that were not there before.
    ///
    /// Saves and reads go on. A table that was plain becomes the first partition as it is; while the server
    /// looks through it, saves of entries whose ids are more than a week ahead of `now` are refused. Any
    /// number of processes may call it; the role must own the tables and be allowed to create some.
    ///
    /// # Errors
    ///
    /// [`PartitionError`]; what was done so far stays, and another call goes on.
    pub async fn partition(
        &self,
        now: Timestamp,
        months_ahead: u32,
    ) -> Result<Vec<Partition>, PartitionError> {
        partitions::partition(&self.connector, now, months_ahead).await
    }

    /// The turn of one process to maintain the database; `None` while another one has it.
    ///
    /// # Errors
    ///
    /// [`PartitionError`] if the database cannot be reached.
    pub async fn maintenance_turn(&self) -> Result<Option<MaintenanceTurn>, PartitionError> {
        partitions::maintenance_turn(&self.connector).await
    }

    /// Drops the partitions that end before the policy's cutoff and hold little else than tasks which it
    /// covers, the oldest first: at most every tenth entry of one may belong to tasks that stay, which keep
    /// all of theirs. Tells of every partition with entries that was old enough.
    ///
    /// Each goes in a transaction of its own. Reads and saves go on; a save of a task that goes waits, and
    /// begins a new one. Nothing happens where the entries are in one table, or where the policy keeps the
    /// newest of each user.
    ///
    /// # Errors
    ///
    /// [`PartitionError`]; partitions that were dropped before stay so.
    ///
    /// # Cancel safety
    ///
    /// A partition is dropped as a whole or not at all.
    pub async fn drop_expired_partitions(
        &self,
        policy: &RetentionPolicy,
    ) -> Result<Vec<Retired>, PartitionError> {
        partitions::retire(&self.connector, policy).await
    }
}
