mod entry_order;

use std::sync::Arc;
use std::time::Duration;

use tasktrail_domain::repository::CloseReport;
use tasktrail_postgres_client::batching::{BatchStatistics, InFlight};
use tasktrail_postgres_client::config::PostgresConfig;
use tasktrail_postgres_client::connection::Connector;
use tasktrail_postgres_client::error::{ConnectError, InvalidSettings};
use tasktrail_postgres_client::pool::{Pool, PoolStatistics};
use tasktrail_postgres_client::source::Source;
use tasktrail_postgres_client::standbys::{StandbyState, Standbys};
use tokio::time::Instant;

use crate::entry_order as ids;
use crate::error::MigrateError;
use crate::health::{self, HealthError, ServerHealth};
use crate::migrate::{
    self, Migrating, MigrationPlan, MigrationStatus, MigrationTarget, SchemaState,
};
use crate::schema_check::{self, SchemaDifference};
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
    /// with every setting that is [out of its range](PostgresConfig::problems).
    pub async fn connect(config: PostgresConfig) -> Result<Self, ConnectError> {
        let address = config.address().to_owned();
        let problems = config.problems();
        if !problems.is_empty() {
            return Err(ConnectError::new(address, InvalidSettings(problems).into()));
        }
        let connector =
            Connector::new(config).map_err(|error| ConnectError::new(address, error.into()))?;
        let pool = Pool::open(connector.clone()).await?;
        let writers = connector.config().group_commit_writers();
        let lag = connector.config().standby_lag();
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
    /// migrations back fails with [`SchemaChanged`](MigrateError::SchemaChanged), and changes nothing, if others
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
    pub async fn close(&self, deadline: Duration) -> CloseReport {
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
        let callers = |connections: u32, shared: InFlight| {
            let alone = connections.saturating_sub(shared.statements);
            alone.saturating_add(shared.calls)
        };
        let cancelled = callers(closing.cancelled, shared_left);
        CloseReport {
            finished: callers(connected, shared)
                .saturating_sub(cancelled)
                .saturating_add(migrated),
            cancelled: cancelled.saturating_add(given_up),
            took: began.elapsed(),
            ..closing
        }
    }

    fn shared_calls(&self) -> InFlight {
        let shared = self.shared.as_ref();
        shared.map(|shared| shared.under_way()).unwrap_or_default()
    }

    /// Opens connections outside of the pool.
    #[must_use]
    pub fn connector(&self) -> &Connector {
        &self.connector
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
    pub fn batch_statistics(&self) -> Vec<BatchStatistics> {
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

    /// Begins to export histories as they stand now, on a connection of its own, which a
    /// [`close`](Self::close) does not wait for and does not end.
    ///
    /// # Errors
    ///
    /// [`ExportError`]
    pub async fn export(&self, selection: &ExportSelection) -> Result<Export, ExportError> {
        Export::begin(&self.connector, selection).await
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

    /// The task history that is stored here.
    #[must_use]
    pub fn task_history(&self) -> PostgresTaskHistory<'static> {
        PostgresTaskHistory::new(Source::Pool(self.pool.clone()), self.shared.clone())
    }
}
