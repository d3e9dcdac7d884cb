//! [`PostgresAdmin`], the entry point for operators.

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

/// Operations for an operator: diagnosis, table maintenance, partitions, benchmarks.
///
/// Every operation opens its own connection, outside of the pool.
#[derive(Debug, Clone)]
pub struct PostgresAdmin {
    database: PostgresDatabase,
}

/// Adds [`admin`](Self::admin) to a database.
pub trait Administrable {
    /// Returns the operations for an operator of this database. Opens no connection.
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
    /// Checks the database, and returns the problems and the facts that it found. Limits each query
    /// to 5 seconds; a query that fails becomes a finding itself. Changes nothing.
    ///
    /// # Errors
    ///
    /// [`DiagnosisError`] if the database cannot be reached, or the connection is lost.
    pub async fn diagnose(&self, options: &DiagnosisOptions) -> Result<Diagnosis, DiagnosisError> {
        diagnosis::diagnose(
            self.database.connector(),
            &self.database.pool_statistics(),
            options,
        )
        .await
    }

    /// Collects the planner's statistics of the tables again. With `vacuum` it also removes dead
    /// rows.
    ///
    /// # Errors
    ///
    /// [`TableMaintenanceError`]; [`NotOwner`](TableMaintenanceError::NotOwner) if the role does
    /// not own the tables.
    ///
    /// # Cancel safety
    ///
    /// If you drop the future, the server still completes the current table.
    pub async fn analyze(&self, vacuum: bool) -> Result<Vec<AnalyzedTable>, TableMaintenanceError> {
        table_maintenance::analyze(self.database.connector(), vacuum).await
    }

    /// Plans a [`reindex`](Self::reindex) of the indexes named in `only`, or of all indexes if it
    /// is empty. Any role may call this.
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

    /// Rebuilds the indexes named in `only`, or all indexes if it is empty, one after the other and
    /// concurrently: saves and reads continue. Also removes what an interrupted run left behind.
    ///
    /// Calls `on_index` before it rebuilds an index. When `stop` completes, the rebuild in progress
    /// is cancelled on the server, and the method returns what was done so far. The next run
    /// removes what the cancelled rebuild left behind.
    ///
    /// # Errors
    ///
    /// [`TableMaintenanceError`]; [`NotOwner`](TableMaintenanceError::NotOwner) if the role does
    /// not own the tables, [`Taken`](TableMaintenanceError::Taken) if another process is
    /// reindexing. Indexes that were completed before the error remain rebuilt.
    ///
    /// # Cancel safety
    ///
    /// If you drop the future, the server still completes the current index.
    pub async fn reindex(
        &self,
        only: &[String],
        on_index: impl FnMut(&IndexFacts) + Send,
        stop: impl Future<Output = ()> + Send,
    ) -> Result<Reindexing, TableMaintenanceError> {
        table_maintenance::reindex(self.database.connector(), only, on_index, stop).await
    }

    /// Returns the disk space of the tables, and how much was written to them so far.
    ///
    /// # Errors
    ///
    /// [`StorageError`]
    pub async fn storage_statistics(&self) -> Result<StorageStatistics, StorageError> {
        storage::statistics(self.database.connector()).await
    }

    /// Counts tasks and their entries by task status, at one instant. Statuses without tasks are
    /// omitted.
    ///
    /// Reads one row for each task and no entries, so the cost grows only with the number of tasks.
    ///
    /// # Errors
    ///
    /// [`StorageError`]
    pub async fn counts_by_status(
        &self,
    ) -> Result<BTreeMap<TaskStatus, StatusCounts>, StorageError> {
        storage::counts_by_status(self.database.connector()).await
    }

    /// Returns whether the database is empty, contains histories, or contains other tables. Reads
    /// at most the first row of each table.
    ///
    /// # Errors
    ///
    /// [`StorageError`]
    pub async fn database_contents(&self) -> Result<DatabaseContents, StorageError> {
        storage::contents(self.database.connector()).await
    }

    /// Creates the schema for benchmarks, and first removes one that an earlier benchmark left
    /// behind.
    ///
    /// # Errors
    ///
    /// [`BenchSchemaError`]; [`Taken`](BenchSchemaError::Taken) if another benchmark is running.
    pub async fn bench_schema(&self) -> Result<BenchSchema, BenchSchemaError> {
        BenchSchema::take(self.database.connector()).await
    }

    /// Lists the partitions of the entries, oldest first; `None` if all entries are in one table.
    /// Takes no locks and changes nothing.
    ///
    /// # Errors
    ///
    /// [`PartitionError`] if the database cannot be reached or read.
    pub async fn partitions(&self) -> Result<Option<Vec<Partition>>, PartitionError> {
        partitions::list(self.database.connector()).await
    }

    /// Partitions the entries by month, unless they are partitioned already, and creates the
    /// partitions for the month of `now` and for `months_ahead` further months. Returns the new
    /// partitions.
    ///
    /// Saves and reads continue. A plain table becomes the first partition, without copying its
    /// rows. While the server checks its rows, saves of entries whose ids are dated more than a
    /// week after `now` are refused. Entries dated more than a year ahead are moved to the last
    /// partition, up to 10 000.
    ///
    /// Several processes may call this. The role must own the tables, and needs the privilege to
    /// create tables. If a run is interrupted (by a signal or a failover), call this again soon:
    /// until then a check constraint remains, which refuses ids from the start of a later month on.
    ///
    /// # Errors
    ///
    /// [`PartitionError`]. Completed steps remain, and another call continues from there.
    pub async fn partition(
        &self,
        now: Timestamp,
        months_ahead: u32,
    ) -> Result<Vec<Partition>, PartitionError> {
        partitions::partition(self.database.connector(), now, months_ahead).await
    }

    /// Takes the lock that lets one process at a time maintain this store; `None` if another
    /// process holds it.
    ///
    /// # Errors
    ///
    /// [`StorageError`]
    pub async fn maintenance_lock(&self) -> Result<Option<MaintenanceLock>, StorageError> {
        maintenance_lock::take(self.database.connector()).await
    }

    /// Explains why a cleanup by this policy keeps partitions, and when it can drop the next one.
    ///
    /// Returns the partitions with entries, oldest first, up to the first one that ends after the
    /// cutoff. If the policy or the role prevents all drops, returns only the oldest one. `None` if
    /// the entries are in one table.
    ///
    /// Takes no locks and changes nothing. Counts all entries of a small partition that ends before
    /// the cutoff, and a sample of 1 % of a large one.
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

    /// Drops the partitions that end before the policy's cutoff, oldest first, and returns the
    /// result for each such partition with entries.
    ///
    /// A partition is dropped only if at most one tenth of its entries belongs to tasks that the
    /// policy retains. Retained tasks keep all their entries. No partition is started once `within`
    /// has elapsed.
    ///
    /// Each partition is dropped in its own transaction. Reads continue. Saves wait, for about one
    /// second per million entries (see `docs/PERFORMANCE.md`) and at most 5 seconds for a
    /// partition: then the drop is [given up](PartitionDrop::given_up). A later save of a removed
    /// task starts a new task. An open transaction that has read the history, such as an export,
    /// prevents drops.
    ///
    /// Does nothing if the entries are in one table, or if the policy covers a single user or keeps
    /// the newest tasks of each user.
    ///
    /// # Errors
    ///
    /// [`PartitionError`] if no partition could be started. The failure of a single partition is
    /// returned in its result.
    ///
    /// # Cancel safety
    ///
    /// A partition is dropped completely or not at all. The server ends the current step.
    pub async fn drop_expired_partitions(
        &self,
        policy: &RetentionPolicy,
        within: Option<Duration>,
    ) -> Result<Vec<PartitionDrop>, PartitionError> {
        partitions::drop_expired(self.database.connector(), policy, within).await
    }
}
