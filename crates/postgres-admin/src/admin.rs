//! The work of an operator on a database.

use std::collections::BTreeMap;
use std::time::Duration;

use tasktrail_domain::task_history::{RetentionPolicy, TaskStatus};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_postgres::PostgresDatabase;

use crate::bench_schema::{BenchSchema, BenchSchemaError};
use crate::diagnosis::{self, Diagnosis, DiagnosisError, DiagnosisOptions, IndexFacts};
use crate::maintenance_lock::{self, MaintenanceLock};
use crate::partitions::{self, Partition, PartitionDrop, PartitionError, PartitionOutlook};
use crate::storage::{self, DatabaseContents, StatusCounts, StorageError, StorageStatistics};
use crate::table_maintenance::{
    self, AnalyzedTable, ReindexPlan, Reindexing, TableMaintenanceError,
};

/// What an operator does with a database: diagnosis, table maintenance, partitions, benchmarks.
///
/// Everything works on connections of its own, outside of the pool.
#[derive(Debug, Clone)]
pub struct PostgresAdmin {
    database: PostgresDatabase,
}

/// An operator's work, from the database that it is about.
pub trait Administrable {
    /// The operator's work on this database. Opens no connection.
    fn admin(&self) -> PostgresAdmin;
}

impl Administrable for PostgresDatabase {
    fn admin(&self) -> PostgresAdmin {
        PostgresAdmin {
            database: self.clone(),
        }
    }
}

impl PostgresAdmin {
    /// What the database is like, and what somebody should do about it. Asks on connections of its own,
    /// 5 seconds for a question at most. A question that the server refuses is told among the findings.
    ///
    /// # Errors
    ///
    /// [`DiagnosisError`] if the server cannot be asked at all.
    pub async fn diagnose(&self, options: &DiagnosisOptions) -> Result<Diagnosis, DiagnosisError> {
        diagnosis::diagnose(
            self.database.connector(),
            &self.database.pool_statistics(),
            options,
        )
        .await
    }

    /// Collects what the planner knows of the tables anew, and removes dead rows as well if `vacuum`.
    ///
    /// # Errors
    ///
    /// [`TableMaintenanceError`]; [`NotOwner`](TableMaintenanceError::NotOwner) if the role may not.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the server at work on the table at hand.
    pub async fn analyze(&self, vacuum: bool) -> Result<Vec<AnalyzedTable>, TableMaintenanceError> {
        table_maintenance::analyze(self.database.connector(), vacuum).await
    }

    /// What a [`reindex`](Self::reindex) of all indexes, or those called `only`, would work on. Any role may
    /// ask.
    ///
    /// # Errors
    ///
    /// [`TableMaintenanceError`]
    pub async fn plan_reindex(
        &self,
        only: &[String],
    ) -> Result<ReindexPlan, TableMaintenanceError> {
        table_maintenance::plan(self.database.connector(), only).await
    }

    /// Builds indexes anew, one after the other, while the service goes on, and removes what an
    /// interrupted run has left behind. All of them, or those called `only`.
    ///
    /// `told` hears of each index before it is worked on. When `stop` is ready no other begins, the one at hand is
    /// cancelled on the server, and what was done so far is the answer; what the index at hand leaves
    /// behind is removed by the next run.
    ///
    /// # Errors
    ///
    /// [`TableMaintenanceError`]; [`NotOwner`](TableMaintenanceError::NotOwner) if the role may not, [`Taken`](TableMaintenanceError::Taken)
    /// while another process does it. The indexes that were done stay done.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the server at work on the index at hand.
    pub async fn reindex(
        &self,
        only: &[String],
        told: impl FnMut(&IndexFacts) + Send,
        stop: impl Future<Output = ()> + Send,
    ) -> Result<Reindexing, TableMaintenanceError> {
        table_maintenance::reindex(self.database.connector(), only, told, stop).await
    }

    /// How much room the histories take, and how much was written so far, in one reading on a connection
    /// of its own.
    ///
    /// # Errors
    ///
    /// [`StorageError`]
    pub async fn storage_statistics(&self) -> Result<StorageStatistics, StorageError> {
        storage::statistics(self.database.connector()).await
    }

    /// How many tasks have each status and how many entries those have, counted at one instant on a
    /// connection of its own. A status that no task has is left out.
    ///
    /// Reads a row of every task and none of the entries: the cost grows with the number of tasks only.
    ///
    /// # Errors
    ///
    /// [`StorageError`]
    pub async fn counts_by_status(
        &self,
    ) -> Result<BTreeMap<TaskStatus, StatusCounts>, StorageError> {
        storage::counts_by_status(self.database.connector()).await
    }

    /// What the database holds, looked at on a connection of its own: the first row of a table at most.
    ///
    /// # Errors
    ///
    /// [`StorageError`]
    pub async fn database_contents(&self) -> Result<DatabaseContents, StorageError> {
        storage::contents(self.database.connector()).await
    }

    /// Takes the schema in which benchmarks work, after removing what an earlier one left there.
    ///
    /// # Errors
    ///
    /// [`BenchSchemaError`]; [`Taken`](BenchSchemaError::Taken) while another benchmark has it.
    pub async fn bench_schema(&self) -> Result<BenchSchema, BenchSchemaError> {
        BenchSchema::take(self.database.connector()).await
    }

    /// The partitions of the entries, the oldest first; `None` if all entries are in one table. Changes and
    /// locks nothing.
    ///
    /// # Errors
    ///
    /// [`PartitionError`] if the database cannot be reached or read.
    pub async fn partitions(&self) -> Result<Option<Vec<Partition>>, PartitionError> {
        partitions::list(self.database.connector()).await
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
        partitions::partition(self.database.connector(), now, months_ahead).await
    }

    /// The turn of one process to maintain this store; `None` while another one has it.
    ///
    /// # Errors
    ///
    /// [`StorageError`]
    pub async fn maintenance_lock(&self) -> Result<Option<MaintenanceLock>, StorageError> {
        maintenance_lock::take(self.database.connector()).await
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
        partitions::outlook(self.database.connector(), policy, now).await
    }

    /// Drops the partitions that end before the policy's cutoff and hold little else than tasks which it
    /// covers, the oldest first: at most every tenth entry of one may belong to tasks that stay, which keep
    /// all of theirs. Tells of every partition with entries that was old enough; none is begun after
    /// `within`.
    ///
    /// Each goes in a transaction of its own. Reads go on. Saves wait meanwhile, about a second for a million
    /// entries (`docs/PERFORMANCE.md` has the figure) and 5 seconds at most for a partition, then it is
    /// [given up](PartitionDrop::given_up); a save of a task that went begins a new one. An open transaction that
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
    ) -> Result<Vec<PartitionDrop>, PartitionError> {
        partitions::drop_expired(self.database.connector(), policy, within).await
    }
}
