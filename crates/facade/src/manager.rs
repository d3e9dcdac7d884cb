mod cleanup;
#[cfg(feature = "postgres")]
mod database;
#[cfg(feature = "postgres")]
mod diagnosis;
mod maintenance;
#[cfg(feature = "postgres")]
mod metrics;
#[cfg(feature = "postgres")]
mod migrations;
#[cfg(feature = "postgres")]
mod partitions;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tasktrail_domain::clock::{Clock, SystemClock};
use tasktrail_domain::id::{IdGenerator, RandomIdGenerator};
use tasktrail_domain::repository::{CloseReport, PageRequest, PageSize};
use tasktrail_domain::task_history::{
    CancelOutcome, HistoryEntry, SavedBatch, StepNumber, TaskFilter, TaskHistoryRepository,
    TaskHistoryRepositoryExt, TaskStatus, TaskStepResult, TaskSummary,
};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::{TaskKey, UserId};
use tokio::sync::{Mutex, Notify, watch};

#[cfg(feature = "postgres")]
use crate::DatabaseConfig;
use crate::DatabaseError;
use crate::health::Health;
use crate::store::{Connection, State, Store};

type Result<T> = std::result::Result<T, DatabaseError>;

/// Connects to a store of task histories, and records and queries what tasks did.
///
/// Create a manager with [`new`](Self::new) for PostgreSQL or [`in_memory`](Self::in_memory) for
/// tests, then call [`connect`](Self::connect). The methods take the current time from the
/// manager's clock and generate the entry ids. To retry a save yourself, to page or to filter, use
/// the port, which [`task_history`](Self::task_history) returns.
/// Method names follow the system that Tasktrail replaces; `docs/MIGRATING.md` compares the two.
///
/// Cheap to clone: clones share the connections, and [`close`](Self::close) on one closes all.
///
/// # Errors
///
/// Every method that works on histories fails with
///
/// - [`NotConnected`](DatabaseError::NotConnected) before [`connect`](Self::connect),
/// - [`Closed`](DatabaseError::Closed) after [`close`](Self::close),
/// - [`Repository`](DatabaseError::Repository) if the operation itself fails.
#[derive(Clone)]
pub struct DatabaseManager(Arc<Inner>);

struct Inner {
    store: Store,
    state: State,
    /// Held while a connection is being opened, so that concurrent callers open only one.
    connecting: Mutex<()>,
    /// Aborts a connect in progress.
    closing: Notify,
    /// The number of closes; stops scheduled maintenance when it changes.
    closed: watch::Sender<u64>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGenerator>,
}

impl DatabaseManager {
    /// Creates a manager of the histories in a PostgreSQL database. It does not connect yet.
    #[cfg(feature = "postgres")]
    #[must_use]
    pub fn new(config: DatabaseConfig) -> Self {
        Self::new_with(
            config,
            Arc::new(SystemClock),
            Arc::new(RandomIdGenerator::default()),
        )
    }

    /// Like [`new`](Self::new), with your own clock and entry id generator.
    #[cfg(feature = "postgres")]
    #[must_use]
    pub fn new_with(
        config: DatabaseConfig,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdGenerator>,
    ) -> Self {
        let store = Store::Postgres(Box::new(config));
        Self::of(store, State::default(), clock, ids)
    }

    /// Creates a manager of histories in memory, connected from the start. Its last clone drops
    /// them.
    #[cfg(feature = "in-memory")]
    #[must_use]
    pub fn in_memory() -> Self {
        Self::in_memory_with(
            Arc::new(SystemClock),
            Arc::new(RandomIdGenerator::default()),
        )
    }

    /// Like [`in_memory`](Self::in_memory), with your own clock and entry id generator: for tests
    /// that control the time, with a [`ManualClock`](tasktrail_domain::clock::ManualClock).
    #[cfg(feature = "in-memory")]
    #[must_use]
    pub fn in_memory_with(clock: Arc<dyn Clock>, ids: Arc<dyn IdGenerator>) -> Self {
        let store = tasktrail_in_memory::InMemoryStore::new();
        let state = State::connected(Connection::in_memory(&store));
        Self::of(Store::InMemory(store), state, clock, ids)
    }

    fn of(store: Store, state: State, clock: Arc<dyn Clock>, ids: Arc<dyn IdGenerator>) -> Self {
        Self(Arc::new(Inner {
            store,
            state,
            connecting: Mutex::default(),
            closing: Notify::new(),
            closed: watch::Sender::default(),
            clock,
            ids,
        }))
    }

    /// Opens the connections and brings the schema up to date.
    ///
    /// Does nothing if the manager is connected and the schema is up to date. You can call it
    /// concurrently, and again after [`close`](Self::close). After an error the manager is in the
    /// state that it had before, and the next call tries again: connections to a schema that
    /// `connect` refuses are never used for saves.
    ///
    /// The connections belong to the tokio runtime that runs this call. Other runtimes can use the
    /// manager while that runtime runs. After it has shut down, calls fail with the kind
    /// [`Closed`](tasktrail_domain::repository::ErrorKind::Closed) and the reason; to recover, call
    /// [`close`](Self::close), then `connect`.
    ///
    /// # Errors
    ///
    /// - [`Config`](DatabaseError::Config), with every setting that is out of range.
    /// - [`Connect`](DatabaseError::Connect), with the server's error message.
    /// - [`Migrate`](DatabaseError::Migrate) if the schema cannot be used or brought up to date.
    /// - [`Closed`](DatabaseError::Closed) if the manager is closed during the call.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the manager in the state that it had before. The server finishes
    /// the current migration or rolls it back; later migrations are not applied.
    pub async fn connect(&self) -> Result<()> {
        let _only_one = self.0.connecting.lock().await;
        if let Ok(connection) = self.0.state.connection() {
            return connection.migrate().await.map(drop);
        }
        let connection = self.open().await?;
        let opening = self.0.state.opening(connection.clone());
        let migrated = connection.migrate().await;
        if migrated.is_ok() && opening.admit() {
            return Ok(());
        }
        // If `admit` failed, a concurrent close closes the connection as well. That is harmless.
        connection.close(Duration::ZERO).await;
        migrated.and(Err(DatabaseError::Closed))
    }

    /// Opens the connections without checking or migrating the schema: the first half of
    /// [`connect`](Self::connect).
    ///
    /// # Errors
    ///
    /// As for [`connect`](Self::connect), except `Migrate`.
    pub async fn init_connection_pool(&self) -> Result<()> {
        let _only_one = self.0.connecting.lock().await;
        if self.0.state.connection().is_err() {
            let connection = self.open().await?;
            self.0.state.set(connection);
        }
        Ok(())
    }

    /// Opens a connection, unless the manager is closed during the call.
    async fn open(&self) -> Result<Connection> {
        tokio::select! {
            opened = Connection::open(&self.0.store) => opened,
            () = self.0.closing.notified() => Err(DatabaseError::Closed),
        }
    }

    /// Brings the schema up to date, and returns the migrations that were applied: the second half
    /// of [`connect`](Self::connect).
    ///
    /// Any number of processes can call it concurrently. If the schema is up to date, it runs no
    /// DDL and takes no lock.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](DatabaseError::NotConnected), [`Closed`](DatabaseError::Closed), or
    /// [`Migrate`](DatabaseError::Migrate). A failed migration is rolled back.
    pub async fn init_database_schema(&self) -> Result<Vec<String>> {
        self.0.state.connection()?.migrate().await
    }

    /// Records a step result with the current time, and returns the status of its task.
    ///
    /// Saving a step again adds a revision. If the returned status is `cancelled`, the task has
    /// been cancelled: stop working on it.
    ///
    /// # Errors
    ///
    /// See [`DatabaseManager`]. If the [effect](tasktrail_domain::repository::Effect) of an error
    /// is unknown, the step may have been recorded, and a second call may add a second revision. To
    /// make a retry idempotent, build the [`HistoryEntry`] yourself, save it through
    /// [`task_history`](Self::task_history), and retry with the same entry.
    pub async fn save_task_history(
        &self,
        task: &TaskKey,
        step: StepNumber,
        step_result: TaskStepResult,
    ) -> Result<TaskStatus> {
        let entry = self.entry(self.0.clock.now(), task.clone(), step, step_result);
        Ok(self.task_history()?.save(&entry).await?)
    }

    /// Records step results of any number of tasks atomically: all or none.
    ///
    /// # Errors
    ///
    /// As for [`save_task_history`](Self::save_task_history).
    pub async fn save_batch_task_history(
        &self,
        steps: impl IntoIterator<Item = (TaskKey, StepNumber, TaskStepResult)> + Send,
    ) -> Result<SavedBatch> {
        let now = self.0.clock.now();
        let entries: Vec<_> = steps
            .into_iter()
            .map(|(task, step, step_result)| self.entry(now, task, step, step_result))
            .collect();
        Ok(self.task_history()?.save_batch(&entries).await?)
    }

    fn entry(
        &self,
        now: Timestamp,
        task: TaskKey,
        step: StepNumber,
        step_result: TaskStepResult,
    ) -> HistoryEntry {
        HistoryEntry {
            id: self.0.ids.next(now).into(),
            task,
            step,
            step_result,
            recorded_at: now,
        }
    }

    /// Returns the newest revision of every step of a task, ascending by step. For an unknown task
    /// the result is empty.
    ///
    /// # Errors
    ///
    /// See [`DatabaseManager`].
    pub async fn load_task_history(&self, task: &TaskKey) -> Result<Vec<HistoryEntry>> {
        Ok(self.task_history()?.load_all(task).await?)
    }

    /// Cancels a task with the current time, unless it is finished.
    ///
    /// Later saves are recorded but do not change the status. You can cancel a task that has no
    /// entries yet; its first save then returns `cancelled`.
    ///
    /// # Errors
    ///
    /// See [`DatabaseManager`].
    pub async fn mark_task_as_cancelled(&self, task: &TaskKey) -> Result<CancelOutcome> {
        let now = self.0.clock.now();
        Ok(self.task_history()?.cancel(task, now).await?)
    }

    /// Returns the status of a task; `None` if the task is unknown.
    ///
    /// # Errors
    ///
    /// See [`DatabaseManager`].
    pub async fn check_task_status(&self, task: &TaskKey) -> Result<Option<TaskStatus>> {
        Ok(self.task_history()?.status(task).await?)
    }

    /// Returns at most `limit` tasks of a user, latest activity first.
    ///
    /// # Errors
    ///
    /// See [`DatabaseManager`].
    pub async fn get_user_tasks(&self, user: &UserId, limit: PageSize) -> Result<Vec<TaskSummary>> {
        let (filter, page) = (TaskFilter::default(), PageRequest::first(limit));
        Ok(self.task_history()?.list(user, &filter, &page).await?.items)
    }

    /// Returns the port, for paging, filtering and idempotent retries. After a
    /// [`close`](Self::close) and another [`connect`](Self::connect), call this again.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](DatabaseError::NotConnected) or [`Closed`](DatabaseError::Closed).
    pub fn task_history(&self) -> Result<Arc<dyn TaskHistoryRepository>> {
        Ok(self.0.state.connection()?.task_history)
    }

    /// Returns the port with reads that may be stale, for dashboards and other views that tolerate
    /// replication lag.
    ///
    /// If standbys are configured (setting `standby.max_lag`), `load`, `trail` and `list` read from
    /// the standbys that lag by no more than that, in turn, or from the primary if there is none.
    /// All other methods use the primary, so a status is never stale. In memory this is the same
    /// port as [`task_history`](Self::task_history).
    ///
    /// # Errors
    ///
    /// As for [`task_history`](Self::task_history).
    pub fn stale_task_history(&self) -> Result<Arc<dyn TaskHistoryRepository>> {
        Ok(self.0.state.connection()?.stale_task_history)
    }

    /// Checks the health of the store: for readiness probes.
    ///
    /// Queries the server and returns within the configured limit (setting `health_timeout`, 2
    /// seconds by default), even if the server is unresponsive. Never fails: problems are reported
    /// in [`Health::reasons`].
    #[cfg_attr(
        not(feature = "postgres"),
        expect(clippy::unused_async, reason = "the in-memory store needs no query")
    )]
    pub async fn health(&self) -> Health {
        match self.0.state.connection() {
            Err(error) => Health::without_connection(&error),
            #[cfg(feature = "postgres")]
            Ok(connection) => match connection.database() {
                Some(database) => Health::of(database, self.0.store.health_timeout()).await,
                None => Health::default(),
            },
            #[cfg(not(feature = "postgres"))]
            Ok(_memory) => Health::default(),
        }
    }

    /// Closes the connections once the calls in flight have finished, and reports what it did.
    ///
    /// Calls that wait for a connection, and all later calls, fail with
    /// [`Closed`](DatabaseError::Closed). Calls that hold a connection have until the configured
    /// timeout to finish (setting `close_timeout`, 10 seconds by default). After that they are
    /// cancelled, and fail with `Closed` and an unknown effect.
    ///
    /// [`connect`](Self::connect) opens the manager again. On PostgreSQL a port that was obtained
    /// before the close stays closed. In memory the histories are kept, and such a port keeps
    /// working.
    ///
    /// A connect in progress is aborted. A migration in progress counts as a call in flight: at the
    /// timeout it is cancelled on the server, which rolls the current migration back.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the waiting only: the manager is closed to new calls, and calls in
    /// flight continue.
    pub async fn close(&self) -> CloseReport {
        self.close_within(self.0.store.close_timeout()).await
    }

    /// Like [`close`](Self::close), with your own timeout for the calls in flight.
    pub async fn close_within(&self, deadline: Duration) -> CloseReport {
        self.0.closing.notify_waiters();
        self.0.closed.send_modify(|times| *times += 1);
        let connection = self.0.state.close();
        let mut closing = match connection {
            Some(connection) => connection.close(deadline).await,
            None => CloseReport::default(),
        };
        let _only_one = self.0.connecting.lock().await;
        // A concurrent connect may have opened another one during the wait.
        if let Some(connection) = self.0.state.close() {
            closing = connection.close(deadline).await;
        }
        tracing::info!(?closing, "database manager closed");
        closing
    }
}

impl fmt::Debug for DatabaseManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseManager")
            .field("store", &self.0.store)
            .finish_non_exhaustive()
    }
}
