//! The partitions of the entries, and whose turn it is to look after them.

use std::time::Duration;

use tasktrail_domain::task_history::RetentionPolicy;
use tasktrail_domain::timestamp::Timestamp;

use super::PostgresDatabase;
use crate::maintenance_turn::{self, MaintenanceTurn};
use crate::partitions::{self, Partition, PartitionError, PartitionOutlook, Retired};
use crate::storage::StorageError;

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
    /// looks through it, saves of entries whose ids are more than a week ahead of `now` are refused. Up to 10 000
    /// entries that are dated more than a year ahead are moved to the last partition. Any
    /// number of processes may call it; the role must own the tables and be allowed to create some. What was
    /// ended half-way (a signal, a failover) is to be called again soon: until then the check that was to prove
    /// the range of the table refuses ids behind it, from the beginning of a later month on.
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

    /// The turn of one process to maintain this store; `None` while another one has it.
    ///
    /// # Errors
    ///
    /// [`StorageError`]
    pub async fn maintenance_turn(&self) -> Result<Option<MaintenanceTurn>, StorageError> {
        maintenance_turn::take(&self.connector).await
    }

    /// Why a cleanup by a policy keeps partitions, and when it can drop the next one: the partitions with
    /// entries, the oldest first, up to the first that ends after the cutoff; only the oldest one if nothing
    /// can be dropped by this policy or role. `None` if the entries are in one table.
    ///
    /// Changes and locks nothing. Looks at about every hundredth entry of a large partition that ends
    /// before the cutoff, and at all entries of a small one.
    ///
    /// # Errors
    ///
    /// [`PartitionError`] if the database cannot be reached or read.
    pub async fn partition_outlook(
        &self,
        policy: &RetentionPolicy,
        now: Timestamp,
    ) -> Result<Option<Vec<PartitionOutlook>>, PartitionError> {
        partitions::outlook(&self.connector, policy, now).await
    }

    /// Drops the partitions that end before the policy's cutoff and hold little else than tasks which it
    /// covers, the oldest first: at most every tenth entry of one may belong to tasks that stay, which keep
    /// all of theirs. Tells of every partition with entries that was old enough; none is begun after
    /// `within`.
    ///
    /// Each goes in a transaction of its own. Reads go on. Saves wait meanwhile, about a second for a million
    /// entries (`docs/PERFORMANCE.md` has the figure) and 5 seconds at most for a partition, then it is
    /// [given up](Retired::given_up); a save of a task that went begins a new one. An open transaction that
    /// has read the history, such as an export, keeps partitions from being dropped. Nothing happens where the entries are in one table, where
    /// the policy is about one user, and where it keeps the newest of each.
    ///
    /// # Errors
    ///
    /// [`PartitionError`] if nothing could be begun. What was in the way of a partition is told with it.
    ///
    /// # Cancel safety
    ///
    /// A partition is dropped as a whole or not at all. The server ends the step that it is at.
    pub async fn drop_expired_partitions(
        &self,
        policy: &RetentionPolicy,
        within: Option<Duration>,
    ) -> Result<Vec<Retired>, PartitionError> {
        partitions::retire(&self.connector, policy, within).await
    }
}
