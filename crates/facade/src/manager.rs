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
use tasktrail_domain::repository::{CloseReport, PageRequest, PageSize};
use tasktrail_domain::task_history::{
    CancelOutcome, EntryIdGenerator, HistoryEntry, RandomEntryIdGenerator, SavedBatch, StepNumber,
    TaskFilter, TaskHistoryRepository, TaskHistoryRepositoryExt, TaskKey, TaskStatus,
    TaskStepResult, TaskSummary, UserId,
};
use tasktrail_domain::timestamp::Timestamp;
use tokio::sync::{Mutex, Notify, watch};

#[cfg(feature = "postgres")]
use crate::DatabaseConfig;
use crate::DatabaseError;
use crate::health::Health;
use crate::store::{Connection, State, Store};

type Result<T> = std::result::Result<T, DatabaseError>;

/// The way to the task histories: connects, and records and tells what tasks did.
///
/// The methods carry the names of the system that this one follows; `docs/MIGRATING.md` compares
/// them. They take the time from the manager's clock and make the ids of entries. Who needs to
/// repeat a save by hand, to page, or to filter works with the port itself, which
/// [`task_history`](Self::task_history) gives.
///
/// A cheap handle: clones share the connections, and a [`close`](Self::close).
///
/// # Errors
///
/// Every method that works on histories fails with [`NotConnected`](DatabaseError::NotConnected)
/// before [`connect`](Self::connect), with [`Closed`](DatabaseError::Closed) after
/// [`close`](Self::close), and else with [`Repository`](DatabaseError::Repository).
#[derive(Clone)]
pub struct DatabaseManager(Arc<Inner>);

struct Inner {
    store: Store,
    state: State,
    /// Held while a connection is being opened, so that two callers do not open two.
    connecting: Mutex<()>,
    /// Tells who is opening one that it is no longer wanted.
    closing: Notify,
    /// Changes with every close.
    closed: watch::Sender<u64>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn EntryIdGenerator>,
}

impl DatabaseManager {
    /// A manager of the histories on a PostgreSQL database. Connects to nothing yet.
    #[cfg(feature = "postgres")]
    #[must_use]
    pub fn new(config: DatabaseConfig) -> Self {
        Self::new_with(
            config,
            Arc::new(SystemClock),
            Arc::new(RandomEntryIdGenerator::default()),
        )
    }

    /// Like [`new`](Self::new), with other sources of times and entry ids than the machine's.
    #[cfg(feature = "postgres")]
    #[must_use]
    pub fn new_with(
        config: DatabaseConfig,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn EntryIdGenerator>,
    ) -> Self {
        let store = Store::Postgres(Box::new(config));
        let state = State::default();
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

    /// A manager of histories in memory, connected from the start. They end with its last clone.
    #[cfg(feature = "in-memory")]
    #[must_use]
    pub fn in_memory() -> Self {
        Self::in_memory_with(
            Arc::new(SystemClock),
            Arc::new(RandomEntryIdGenerator::default()),
        )
    }

    /// Like [`in_memory`](Self::in_memory), with other sources of times and entry ids than the
    /// machine's: for tests in which the time stands still.
    #[cfg(feature = "in-memory")]
    #[must_use]
    pub fn in_memory_with(clock: Arc<dyn Clock>, ids: Arc<dyn EntryIdGenerator>) -> Self {
        let histories = tasktrail_in_memory::InMemoryTaskHistory::new();
        let state = State::connected(Connection::in_memory(histories.clone()));
        let store = Store::InMemory(histories);
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
    /// Does nothing if it is connected and the schema is current; may be called from several places at once,
    /// and again after [`close`](Self::close). Nothing is saved through connections whose schema was refused:
    /// after an error the manager is as it was before, and connects at the next call.
    ///
    /// What is connected lives on the tokio runtime that this call ran on. Other runtimes may use the manager
    /// for as long as that one runs; after it has shut down calls fail with the kind `Closed` and the
    /// reason, and a [`close`](Self::close) and another `connect` begin anew.
    ///
    /// # Errors
    ///
    /// [`Config`](DatabaseError::Config) with every setting that is out of its range,
    /// [`Connect`](DatabaseError::Connect) with the server's own words,
    /// [`Migrate`](DatabaseError::Migrate), or [`Closed`](DatabaseError::Closed) if the manager is closed
    /// meanwhile.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the manager as it was before. The server finishes the migration that it is
    /// working on, or rolls it back; those after it are not applied.
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
        // A close that came first has ended it, or is about to.
        connection.close(Duration::ZERO).await;
        migrated.and(Err(DatabaseError::Closed))
    }

    /// Opens the connections and leaves the schema alone: the first half of
    /// [`connect`](Self::connect).
    ///
    /// # Errors
    ///
    /// [`Config`](DatabaseError::Config) with every setting that is out of its range, or
    /// [`Connect`](DatabaseError::Connect) with the server's own words.
    pub async fn init_connection_pool(&self) -> Result<()> {
        let _only_one = self.0.connecting.lock().await;
        if self.0.state.connection().is_err() {
            let connection = self.open().await?;
            self.0.state.set(connection);
        }
        Ok(())
    }

    /// A connection, unless the manager is closed meanwhile.
    async fn open(&self) -> Result<Connection> {
        tokio::select! {
            opened = Connection::open(&self.0.store) => opened,
            () = self.0.closing.notified() => Err(DatabaseError::Closed),
        }
    }

    /// Brings the schema up to date, and tells which migrations that took: the second half of
    /// [`connect`](Self::connect).
    ///
    /// Any number of processes may do so at once. On a current schema no DDL runs and no lock is
    /// taken.
    ///
    /// # Errors
    ///
    /// [`Migrate`](DatabaseError::Migrate); a migration that failed was rolled back.
    pub async fn init_database_schema(&self) -> Result<Vec<String>> {
        self.0.state.connection()?.migrate().await
    }

    /// Records what came of a step, now, and tells the status of its task.
    ///
    /// A step that was saved before gets a new revision. If the answer is `cancelled`, the task was
    /// cancelled in the meantime: stop working on it.
    ///
    /// # Errors
    ///
    /// See [`DatabaseManager`]. After an error whose effect is unknown the step may be recorded all
    /// the same; a second call would record a second revision. Who must not have that saves a
    /// [`HistoryEntry`] of his own through [`task_history`](Self::task_history) and repeats it.
    pub async fn save_task_history(
        &self,
        task: &TaskKey,
        step: StepNumber,
        step_result: TaskStepResult,
    ) -> Result<TaskStatus> {
        let entry = self.entry(self.0.clock.now(), task.clone(), step, step_result);
        Ok(self.task_history()?.save(&entry).await?)
    }

    /// Records several steps, of any tasks, all or none.
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
            id: self.0.ids.next(now),
            task,
            step,
            step_result,
            recorded_at: now,
        }
    }

    /// The current state of every step of a task, ascending by step; empty for an unknown task.
    ///
    /// # Errors
    ///
    /// See [`DatabaseManager`].
    pub async fn load_task_history(&self, task: &TaskKey) -> Result<Vec<HistoryEntry>> {
        Ok(self.task_history()?.load_all(task).await?)
    }

    /// Cancels a task, now, unless it is finished.
    ///
    /// Saves that arrive later are recorded and change nothing about that, also those of a task
    /// that nobody has recorded yet.
    ///
    /// # Errors
    ///
    /// See [`DatabaseManager`].
    pub async fn mark_task_as_cancelled(&self, task: &TaskKey) -> Result<CancelOutcome> {
        let now = self.0.clock.now();
        Ok(self.task_history()?.cancel(task, now).await?)
    }

    /// The status of a task; `None` for an unknown one.
    ///
    /// # Errors
    ///
    /// See [`DatabaseManager`].
    pub async fn check_task_status(&self, task: &TaskKey) -> Result<Option<TaskStatus>> {
        Ok(self.task_history()?.status(task).await?)
    }

    /// A user's tasks, the latest activity first, at most `limit` of them.
    ///
    /// # Errors
    ///
    /// See [`DatabaseManager`].
    pub async fn get_user_tasks(&self, user: &UserId, limit: PageSize) -> Result<Vec<TaskSummary>> {
        let (filter, page) = (TaskFilter::default(), PageRequest::first(limit));
        Ok(self.task_history()?.list(user, &filter, &page).await?.items)
    }

    /// The port itself. After a [`close`](Self::close) get it anew.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](DatabaseError::NotConnected) or [`Closed`](DatabaseError::Closed).
    pub fn task_history(&self) -> Result<Arc<dyn TaskHistoryRepository>> {
        Ok(self.0.state.connection()?.task_history)
    }

    /// The same port, with reads that may be stale: for what people look at.
    ///
    /// With standbys configured (`standby.max_lag` of the configuration), `load`, `trail` and `list` are
    /// answered by those that lag no more than that, in turn, and by the primary when there is none.
    /// Everything else asks the primary; a status is never stale. In memory it is the port itself.
    ///
    /// # Errors
    ///
    /// As for [`task_history`](Self::task_history).
    pub fn stale_task_history(&self) -> Result<Arc<dyn TaskHistoryRepository>> {
        Ok(self.0.state.connection()?.stale_task_history)
    }

    /// How the store is: asks the server, in no more time than the configured limit (2 seconds by
    /// default), also when it is frozen. Never fails: what is wrong is in the answer.
    #[cfg_attr(
        not(feature = "postgres"),
        expect(clippy::unused_async, reason = "what is in memory need not be asked")
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

    /// The state of the connections now, and what became of them since they were opened; `None` for
    /// histories in memory, which have none.
    ///
    /// # Errors
    ///
    /// As for [`task_history`](Self::task_history).
    #[cfg(feature = "postgres")]
    pub fn pool_statistics(&self) -> Result<Option<tasktrail_postgres::PoolStatistics>> {
        let connection = self.0.state.connection()?;
        let database = connection.database();
        Ok(database.map(|database| database.postgres.pool_statistics()))
    }

    /// Ends the connections, when the calls that are under way have finished, and tells what it did.
    ///
    /// Later calls fail with [`Closed`](DatabaseError::Closed), those that wait for a connection as
    /// well. Calls that have one may finish within the configured time (`close_timeout`, 10 seconds by
    /// default); then they are cancelled, and fail with `Closed` and an unknown effect.
    /// [`connect`](Self::connect) opens it again; histories in memory are still there then. A port that
    /// was taken before stays closed on PostgreSQL; in memory it goes on.
    ///
    /// A connect that is under way is given up. A migration that is under way is a call like others: it may
    /// finish within that time, and is then cancelled on the server, which undoes the one that it was at.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the waiting: no call begins any more, but those under way go on.
    pub async fn close(&self) -> CloseReport {
        self.close_within(self.0.store.close_timeout()).await
    }

    /// Like [`close`](Self::close), with another time for the calls that are under way.
    pub async fn close_within(&self, deadline: Duration) -> CloseReport {
        self.0.closing.notify_waiters();
        self.0.closed.send_modify(|times| *times += 1);
        let under_way = self.0.state.close();
        let mut closing = match under_way {
            Some(connection) => connection.close(deadline).await,
            None => CloseReport::default(),
        };
        let _only_one = self.0.connecting.lock().await;
        // What was opened while this waited.
        if let Some(connection) = self.0.state.close() {
            closing = connection.close(deadline).await;
        }
        tracing::info!(?closing, "the database manager was closed");
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
