use std::collections::BTreeMap;
mod entry_order;
mod partitions;

use std::sync::Arc;
use std::time::Duration;

use tasktrail_domain::repository::Closing;
use tasktrail_domain::task_history::TaskStatus;
use tokio::time::Instant;

use crate::bench_schema::{BenchSchema, BenchSchemaError};
use crate::care::{self, AnalyzedTable, CareError, ReindexPlan, Reindexing};
use crate::config::PostgresConfig;
use crate::connection::Connector;
use crate::diagnosis::{self, Diagnosis, DiagnosisError, DiagnosisOptions, IndexFacts};
use crate::entry_order as ids;
use crate::error::{ConnectError, InvalidSettings, MigrateError};
use crate::health::{self, HealthError, ServerHealth};
use crate::migrate::{
    self, Migrating, MigrationPlan, MigrationStatus, MigrationTarget, SchemaState,
};
use crate::pool::{Pool, PoolStatistics};
use crate::schema_check::{self, SchemaDifference};
use crate::sharing::{SharingStatistics, UnderWay};
use crate::source::Source;
use crate::standbys::{StandbyState, Standbys};
use crate::storage::{self, Holdings, StatusCounts, StorageError, StorageStatistics};
use crate::task_history::{
    Export, ExportError, ExportSelection, GroupCommitStatistics, PostgresTaskHistory, SharedCalls,
};

/// A PostgreSQL database: its connections, its schema, its repositories. Clones share the pool.
#[derive(Debug, Clone)]
pub struct PostgresDatabase {
    connector: Connector,
    pool: Pool,
    migrations: Migrating,
    /// Only if calls share statements.
    shared: Option<Arc<SharedCalls>>,
    /// Only if reads from standbys are configured.
    standbys: Option<Arc<Standbys>>,
}

impl PostgresDatabase {
    /// Opens the pool with its minimum of connections, one at least. The schema is left alone.
    ///
    /// # Errors
    ///
    /// [`ConnectError`], with the server's own words as its source, if no connection can be opened, or
    /// with every setting that is [out of its range](PostgresConfig::faults).
    pub async fn connect(config: PostgresConfig) -> Result<Self, ConnectError> {
        let address = config.address().to_owned();
        let faults = config.faults();
        if !faults.is_empty() {
            return Err(ConnectError::new(address, InvalidSettings(faults).into()));
        }
        let connector =
            Connector::new(config).map_err(|error| ConnectError::new(address, error.into()))?;
        let pool = Pool::open(connector.clone()).await?;
        let writers = connector.config().group_commit_writers;
        let lag = connector.config().standby_lag;
        let standbys = lag.map(|lag| Standbys::watch(&connector, lag));
        Ok(Self {
            shared: (writers > 0).then(|| Arc::new(SharedCalls::start(&pool, writers))),
            connector,
            pool,
            migrations: Migrating::default(),
            standbys,
        })
    }

    /// Brings the schema up to date, and tells which migrations that took.
    ///
    /// Any number of processes may do so at once. A current schema is only looked at.
    ///
    /// # Errors
    ///
    /// [`MigrateError`]; a migration that failed was rolled back, those before it stay.
    pub async fn migrate(&self) -> Result<Vec<String>, MigrateError> {
        migrate::reach(
            &self.connector,
            &MigrationTarget::UpToDate,
            &self.migrations,
        )
        .await
    }

    /// Removes the whole schema, and with it every history, and tells which migrations were undone.
    ///
    /// # Errors
    ///
    /// [`MigrateError`]; a migration that could not be undone stays, and those before it.
    pub async fn revert(&self) -> Result<Vec<String>, MigrateError> {
        migrate::reach(&self.connector, &MigrationTarget::DownAll, &self.migrations).await
    }

    /// What it takes to bring the schema there, as things stand. Changes and locks nothing.
    ///
    /// # Errors
    ///
    /// [`MigrateError`], also if the target names no migration, or a newer program's would have to be
    /// taken back.
    pub async fn plan_migration(
        &self,
        target: &MigrationTarget,
    ) -> Result<MigrationPlan, MigrateError> {
        migrate::plan(&self.connector, target).await
    }

    /// Carries a plan out, and tells the versions that were applied or taken back. What others have done
    /// since it was made is left out.
    ///
    /// # Errors
    ///
    /// [`MigrateError`]; a migration that failed was rolled back, those before it stay. A plan that takes
    /// migrations back fails with [`Overtaken`](MigrateError::Overtaken), and changes nothing, if others
    /// have applied further ones since.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future while it waits for another process changes nothing. Later, the server finishes
    /// the migration that it is working on, or rolls it back; those after it are not applied.
    pub async fn run_migration(&self, plan: &MigrationPlan) -> Result<Vec<String>, MigrateError> {
        migrate::carry_out(&self.connector, plan, &self.migrations).await
    }

    /// Every migration that this program or the database has, the oldest first. Changes and locks nothing.
    ///
    /// # Errors
    ///
    /// [`MigrateError`] if the database cannot be reached or read.
    pub async fn migrations(&self) -> Result<Vec<MigrationStatus>, MigrateError> {
        migrate::list(&self.connector).await
    }

    /// How the tables of the histories differ from what this program expects: columns, constraints,
    /// indexes, comments; nothing if they are as its migrations make them. Other tables do not count. Also
    /// whether the sequence of the ids is beyond all of them, for which all rows are read, unless the role
    /// may not read it. Changes and locks nothing.
    ///
    /// # Errors
    ///
    /// [`MigrateError`] if the database cannot be reached or read.
    pub async fn check_schema(&self) -> Result<Vec<SchemaDifference>, MigrateError> {
        let mut differences = schema_check::differences(&self.connector, Duration::ZERO).await?;
        differences.extend(ids::difference(&self.connector).await?);
        Ok(differences)
    }

    /// Which migrations have been applied and which are pending. Changes and locks nothing.
    ///
    /// # Errors
    ///
    /// [`MigrateError`] if the database cannot be reached or read.
    pub async fn schema(&self) -> Result<SchemaState, MigrateError> {
        migrate::state(&self.connector).await
    }

    /// Ends the connections, and tells what that took.
    ///
    /// Calls of the repositories fail with `Closed` from now on, those that wait for a connection
    /// included. Calls that have one may finish until `deadline` has passed; then they are cancelled on
    /// the server and fail with `Closed` and an unknown effect.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the waiting: no call begins any more, but those under way go on.
    ///
    /// A migration that is under way may finish as well, and is cancelled on the server at the deadline, which
    /// undoes it; one that waits for another process is given up at once. Questions after the schema and the
    /// health have connections of their own, and go on.
    pub async fn close(&self, deadline: Duration) -> Closing {
        let began = Instant::now();
        let connected = self.pool.drain();
        let shared = self.shared_calls();
        if let Some(shared) = &self.shared {
            shared.flush(deadline).await;
        }
        let shared_left = self.shared_calls();
        let standbys = async {
            if let Some(standbys) = &self.standbys {
                standbys.close().await;
            }
        };
        let left = deadline.saturating_sub(began.elapsed());
        let (rest, migrations) = (self.pool.close(left), self.migrations.close(left));
        let ((), closing, (migrated, given_up)) = tokio::join!(standbys, rest, migrations);
        // A shared statement has one connection and the calls of many callers.
        let callers = |connections: u32, shared: UnderWay| {
            let alone = connections.saturating_sub(shared.statements);
            alone.saturating_add(shared.calls)
        };
        let cancelled = callers(closing.cancelled, shared_left);
        Closing {
            finished: callers(connected, shared)
                .saturating_sub(cancelled)
                .saturating_add(migrated),
            cancelled: cancelled.saturating_add(given_up),
            took: began.elapsed(),
            ..closing
        }
    }

    fn shared_calls(&self) -> UnderWay {
        let shared = self.shared.as_ref();
        shared.map(|shared| shared.under_way()).unwrap_or_default()
    }

    /// The state of the connections now, and what became of them since they were opened.
    #[must_use]
    pub fn pool_statistics(&self) -> PoolStatistics {
        self.pool.statistics()
    }

    /// What the group commit has done; `None` if it is switched off.
    #[must_use]
    pub fn group_commit_statistics(&self) -> Option<GroupCommitStatistics> {
        let shared = self.shared.as_ref();
        shared.map(|shared| shared.group_commit())
    }

    /// What became of the calls that share statements, kind by kind: saves and status checks. Nothing if
    /// that is switched off.
    #[must_use]
    pub fn sharing_statistics(&self) -> Vec<SharingStatistics> {
        let shared = self.shared.as_ref();
        shared.map_or_else(Vec::new, |shared| shared.statistics().to_vec())
    }

    /// What the server says of itself, in no more time than `limit`, also when it is frozen.
    ///
    /// It is asked on a connection of its own: a pool whose connections are all in use is told by
    /// [`pool_statistics`](Self::pool_statistics), not by this.
    ///
    /// # Errors
    ///
    /// [`HealthError`]
    pub async fn health(&self, limit: Duration) -> Result<ServerHealth, HealthError> {
        health::ask(&self.connector, limit).await
    }

    /// How much room the histories take, and how much was written so far, in one reading on a connection
    /// of its own.
    ///
    /// # Errors
    ///
    /// [`StorageError`]
    pub async fn storage_statistics(&self) -> Result<StorageStatistics, StorageError> {
        storage::statistics(&self.connector).await
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
        storage::counts_by_status(&self.connector).await
    }

    /// What the database holds, looked at on a connection of its own: the first row of a table at most.
    ///
    /// # Errors
    ///
    /// [`StorageError`]
    pub async fn holdings(&self) -> Result<Holdings, StorageError> {
        storage::holdings(&self.connector).await
    }

    /// Begins to export histories as they stand now, on a connection of its own, which a
    /// [`close`](Self::close) does not wait for and does not end.
    ///
    /// # Errors
    ///
    /// [`ExportError`]
    pub async fn export(&self, selection: &ExportSelection) -> Result<Export, ExportError> {
        Export::begin(&self.connector, selection).await
    }

    /// Takes the schema in which benchmarks work, after removing what an earlier one left there.
    ///
    /// # Errors
    ///
    /// [`BenchSchemaError`]; [`Taken`](BenchSchemaError::Taken) while another benchmark has it.
    pub async fn bench_schema(&self) -> Result<BenchSchema, BenchSchemaError> {
        BenchSchema::take(&self.connector).await
    }

    /// The hosts from which reads that may be stale are answered; none unless that is
    /// [configured](PostgresConfig::with_standby_reads).
    #[must_use]
    pub fn standbys(&self) -> Vec<StandbyState> {
        let standbys = self.standbys.as_ref();
        standbys.map_or_else(Vec::new, |standbys| standbys.states())
    }

    /// The same task history as [`task_history`](Self::task_history), whose reads may be stale.
    ///
    /// `load`, `trail` and `list` are answered in turn by the standbys that show what was committed at
    /// most [so long ago](PostgresConfig::with_standby_reads), and by the primary when there is none or
    /// it fails. Everything else asks the primary: a status is never stale. A caller that has just
    /// saved may not see it here. Without standbys configured it is the same.
    #[must_use]
    pub fn stale_task_history(&self) -> PostgresTaskHistory<'static> {
        match &self.standbys {
            None => self.task_history(),
            Some(standbys) => {
                let source = Source::Standbys(Arc::clone(standbys), self.pool.clone());
                PostgresTaskHistory::new(source, self.shared.clone())
            }
        }
    }

    /// What the database is like, and what somebody should do about it. Asks on connections of its own,
    /// 5 seconds for a question at most. A question that the server refuses is told among the findings.
    ///
    /// # Errors
    ///
    /// [`DiagnosisError`] if the server cannot be asked at all.
    pub async fn diagnose(&self, options: &DiagnosisOptions) -> Result<Diagnosis, DiagnosisError> {
        diagnosis::diagnose(&self.connector, &self.pool_statistics(), options).await
    }

    /// Collects what the planner knows of the tables anew, and removes dead rows as well if `vacuum`.
    ///
    /// # Errors
    ///
    /// [`CareError`]; [`NotOwner`](CareError::NotOwner) if the role may not.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the server at work on the table at hand.
    pub async fn analyze(&self, vacuum: bool) -> Result<Vec<AnalyzedTable>, CareError> {
        care::analyze(&self.connector, vacuum).await
    }

    /// What a [`reindex`](Self::reindex) of all indexes, or those called `only`, would work on. Any role may
    /// ask.
    ///
    /// # Errors
    ///
    /// [`CareError`]
    pub async fn plan_reindex(&self, only: &[String]) -> Result<ReindexPlan, CareError> {
        care::plan(&self.connector, only).await
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
    /// [`CareError`]; [`NotOwner`](CareError::NotOwner) if the role may not, [`Taken`](CareError::Taken)
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
    ) -> Result<Reindexing, CareError> {
        care::reindex(&self.connector, only, told, stop).await
    }

    /// The task history that is stored here.
    #[must_use]
    pub fn task_history(&self) -> PostgresTaskHistory<'static> {
        PostgresTaskHistory::new(Source::Pool(self.pool.clone()), self.shared.clone())
    }
}
