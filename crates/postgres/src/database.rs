mod entry_order;

use std::sync::Arc;
use std::time::Duration;

use diesel_async::AsyncPgConnection;
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
use crate::orchestration::PostgresOrchestration;
use crate::schema_check::SchemaDifference;
use crate::task_history::{
    BatchedCalls, Export, ExportError, ExportSelection, GroupCommitStatistics, PostgresTaskHistory,
};

/// A connection to a PostgreSQL database that stores task histories.
///
/// It owns the connection pool and the schema. Clones are cheap and share the pool.
#[derive(Debug, Clone)]
pub struct PostgresDatabase {
    connector: Connector,
    pool: Pool,
    migrations: Migrating,
    /// `None` if calls are not batched.
    batched: Option<Arc<BatchedCalls>>,
    /// `None` unless stale reads from standbys are configured.
    standbys: Option<Arc<Standbys>>,
}

impl PostgresDatabase {
    /// Connects, and opens the configured minimum of connections, at least one. Does not read or
    /// change the schema.
    ///
    /// # Errors
    ///
    /// [`ConnectError`] if no connection can be opened, with the server's error message as its
    /// source, or if settings are [out of range](PostgresConfig::problems); the error lists all of
    /// them.
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
            batched: (writers > 0).then(|| Arc::new(BatchedCalls::start(&pool, writers))),
            connector,
            pool,
            migrations: Migrating::default(),
            standbys,
        })
    }

    /// Applies all pending migrations, and returns the versions that it applied.
    ///
    /// Several processes may call this at the same time. If the schema is up to date, this only
    /// reads it.
    ///
    /// # Errors
    ///
    /// [`MigrateError`]. A migration that fails is rolled back; earlier ones remain applied.
    pub async fn migrate(&self) -> Result<Vec<String>, MigrateError> {
        migrate::reach(
            &self.connector,
            &MigrationTarget::UpToDate,
            &self.migrations,
        )
        .await
    }

    /// Removes the schema with all histories, and returns the versions that it reverted.
    ///
    /// # Errors
    ///
    /// [`MigrateError`]. A migration that cannot be reverted remains applied, and so do the earlier
    /// ones.
    pub async fn revert(&self) -> Result<Vec<String>, MigrateError> {
        migrate::reach(&self.connector, &MigrationTarget::DownAll, &self.migrations).await
    }

    /// Plans how to bring the schema to `target`. Takes no locks and changes nothing.
    ///
    /// # Errors
    ///
    /// [`MigrateError`], also if no migration matches the target, or if the plan would have to
    /// revert a migration of a newer program.
    pub async fn plan_migration(
        &self,
        target: &MigrationTarget,
    ) -> Result<MigrationPlan, MigrateError> {
        migrate::plan(&self.connector, target).await
    }

    /// Carries out a plan, and returns the versions that were applied or reverted. Skips steps that
    /// another process has carried out since the plan was made.
    ///
    /// # Errors
    ///
    /// [`MigrateError`]. A migration that fails is rolled back; earlier ones remain applied. A plan
    /// that reverts migrations fails with [`SchemaChanged`](MigrateError::SchemaChanged), and
    /// changes nothing, if another process has applied further migrations since the plan was made.
    ///
    /// # Cancel safety
    ///
    /// If you drop the future while it waits for another process, nothing changes. If you drop it
    /// later, the server completes or rolls back the current migration. Later ones are not applied.
    pub async fn run_migration(&self, plan: &MigrationPlan) -> Result<Vec<String>, MigrateError> {
        migrate::carry_out(&self.connector, plan, &self.migrations).await
    }

    /// Lists every migration that this program or the database knows, oldest first. Takes no locks
    /// and changes nothing.
    ///
    /// # Errors
    ///
    /// [`MigrateError`] if the database cannot be reached or read.
    pub async fn migrations(&self) -> Result<Vec<MigrationStatus>, MigrateError> {
        migrate::list(&self.connector).await
    }

    /// Compares the tables with those that the migrations create, and returns the differences in
    /// columns, constraints, indexes and comments. Other tables are ignored.
    ///
    /// Also checks that the sequence of the entry ids is above all existing ids. This reads all
    /// rows, and is skipped if the role may not read the sequence. Changes nothing.
    ///
    /// # Errors
    ///
    /// [`MigrateError`] if the database cannot be reached or read.
    pub async fn check_schema(&self) -> Result<Vec<SchemaDifference>, MigrateError> {
        let mut differences = migrate::schema_differences(&self.connector, Duration::ZERO).await?;
        differences.extend(ids::difference(&self.connector).await?);
        Ok(differences)
    }

    /// Returns which migrations are applied and which are pending. Takes no locks and changes
    /// nothing.
    ///
    /// # Errors
    ///
    /// [`MigrateError`] if the database cannot be reached or read.
    pub async fn schema(&self) -> Result<SchemaState, MigrateError> {
        migrate::state(&self.connector).await
    }

    /// Closes the connections, and reports how many calls finished and how many were cancelled.
    ///
    /// New calls of the repositories, and calls that wait for a connection, fail with `Closed`.
    /// Calls that hold a connection may finish until `deadline` has elapsed. Then they are
    /// cancelled on the server, and fail with `Closed` and an unknown effect.
    ///
    /// The same holds for a migration: at the deadline the server cancels it and rolls it back. A
    /// migration that waits for another process stops at once. Schema and health checks use their
    /// own connections and are not affected.
    ///
    /// # Cancel safety
    ///
    /// If you drop the future, the pool stays closed to new calls, and calls in progress continue.
    pub async fn close(&self, deadline: Duration) -> CloseReport {
        let began = Instant::now();
        let connected = self.pool.drain();
        let batched_before = self.batched_calls();
        if let Some(batched) = &self.batched {
            batched.flush(deadline).await;
        }
        let batched_left = self.batched_calls();
        let standbys = async {
            if let Some(standbys) = &self.standbys {
                standbys.close().await;
            }
        };
        let left = deadline.saturating_sub(began.elapsed());
        let (rest, migrations) = (self.pool.close(left), self.migrations.close(left));
        let ((), mut closing, (migrated, given_up)) = tokio::join!(standbys, rest, migrations);
        // A batch has one connection, but contains the calls of many callers.
        let callers = |connections: u32, batched: InFlight| {
            let alone = connections.saturating_sub(batched.statements);
            alone.saturating_add(batched.calls)
        };
        let cancelled = callers(closing.cancelled, batched_left);
        closing.finished = callers(connected, batched_before)
            .saturating_sub(cancelled)
            .saturating_add(migrated);
        closing.cancelled = cancelled.saturating_add(given_up);
        closing.took = began.elapsed();
        closing
    }

    fn batched_calls(&self) -> InFlight {
        let batched = self.batched.as_ref();
        batched
            .map(|batched| batched.under_way())
            .unwrap_or_default()
    }

    /// Opens a connection outside the pool, without a statement timeout.
    ///
    /// # Errors
    ///
    /// [`ConnectError`] with the errors of all hosts.
    pub async fn open_connection(&self) -> Result<AsyncPgConnection, ConnectError> {
        let opened = self.connector.open_alone(Duration::ZERO).await;
        let address = self.connector.config().address();
        opened.map_err(|error| ConnectError::new(address.to_owned(), error))
    }

    /// Returns the connector, which opens connections outside of the pool.
    #[must_use]
    pub fn connector(&self) -> &Connector {
        &self.connector
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Returns the current state of the pool, and counters since it was opened.
    #[must_use]
    pub fn pool_statistics(&self) -> PoolStatistics {
        self.pool.statistics()
    }

    /// Returns counters of the group commit; `None` if it is off.
    #[must_use]
    pub fn group_commit_statistics(&self) -> Option<GroupCommitStatistics> {
        let batched = self.batched.as_ref();
        batched.map(|batched| batched.group_commit())
    }

    /// Returns counters of the batched calls for each kind: saves and status checks. Empty if
    /// batching is off.
    #[must_use]
    pub fn batch_statistics(&self) -> Vec<BatchStatistics> {
        let batched = self.batched.as_ref();
        batched.map_or_else(Vec::new, |batched| batched.statistics().to_vec())
    }

    /// Checks the server, and returns within `limit` even if the server is unresponsive.
    ///
    /// The check opens its own connection, so it works while the pool is full. For the state of the
    /// pool, see [`pool_statistics`](Self::pool_statistics).
    ///
    /// # Errors
    ///
    /// [`HealthError`]
    pub async fn health(&self, limit: Duration) -> Result<ServerHealth, HealthError> {
        health::ask(&self.connector, limit).await
    }

    /// Starts an export of the histories as they are at this instant. It uses its own connection:
    /// [`close`](Self::close) neither waits for it nor ends it.
    ///
    /// # Errors
    ///
    /// [`ExportError`]
    pub async fn export(&self, selection: &ExportSelection) -> Result<Export, ExportError> {
        Export::begin(&self.connector, selection).await
    }

    /// Returns the hosts that serve stale reads; empty unless stale reads are
    /// [configured](PostgresConfig::with_standby_reads).
    #[must_use]
    pub fn standbys(&self) -> Vec<StandbyState> {
        let standbys = self.standbys.as_ref();
        standbys.map_or_else(Vec::new, |standbys| standbys.states())
    }

    /// Returns the [task history](Self::task_history) with reads that may be stale.
    ///
    /// `load`, `trail` and `list` are distributed round-robin over the standbys that lag by at most
    /// the [configured bound](PostgresConfig::with_standby_reads). If no standby qualifies, or one
    /// fails, the primary answers. All other calls use the primary, so a status is never stale. A
    /// caller that has just saved may not see its entry. Without configured standbys this is the
    /// same as [`task_history`](Self::task_history).
    #[must_use]
    pub fn stale_task_history(&self) -> PostgresTaskHistory<'static> {
        match &self.standbys {
            None => self.task_history(),
            Some(standbys) => {
                let source = Source::Standbys(Arc::clone(standbys), self.pool.clone());
                PostgresTaskHistory::new(source, self.batched.clone())
            }
        }
    }

    /// Returns the task history that this database stores.
    #[must_use]
    pub fn task_history(&self) -> PostgresTaskHistory<'static> {
        PostgresTaskHistory::new(Source::Pool(self.pool.clone()), self.batched.clone())
    }

    /// Returns the agents, tasks, dispatch and audit log that this database stores.
    #[must_use]
    pub fn orchestration(&self) -> PostgresOrchestration<'static> {
        PostgresOrchestration::new(Source::Pool(self.pool.clone()))
    }
}
