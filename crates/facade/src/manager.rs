mod cleanup;
mod connecting;
#[cfg(feature = "postgres")]
mod database;
#[cfg(feature = "postgres")]
mod diagnosis;
mod lifecycle;
mod maintenance;
#[cfg(feature = "postgres")]
mod metrics;
#[cfg(feature = "postgres")]
mod migrations;
mod orchestration;
mod orchestration_cleanup;
mod pace;
#[cfg(feature = "postgres")]
mod partitions;
mod reaping;
mod recovery;
mod transaction;

use std::fmt;
use std::sync::Arc;

use tasktrail_domain::clock::{Clock, SystemClock};
use tasktrail_domain::id::{IdGenerator, RandomIdGenerator};
use tasktrail_domain::repository::{PageRequest, PageSize};
use tasktrail_domain::task_history::{
    CancelOutcome, FinalStatus, FinishOutcome, HistoryEntry, SavedBatch, StepNumber, TaskFilter,
    TaskHistoryRepository, TaskHistoryRepositoryExt, TaskStatus, TaskStepResult, TaskSummary,
};
use tasktrail_domain::{TaskKey, UserId};
use tokio::sync::{Mutex, watch};

#[cfg(feature = "postgres")]
use crate::DatabaseConfig;
use crate::health::Health;
use crate::recorder::Recorder;
#[cfg(feature = "in-memory")]
use crate::store::Connection;
use crate::store::{State, Store};
use crate::{DatabaseError, NewEntry};

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
    /// The number of closes. A change aborts a connect in progress and stops scheduled maintenance.
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
            closed: watch::Sender::default(),
            clock,
            ids,
        }))
    }

    /// Records a step result with the current time, and returns the status of its task.
    ///
    /// Use the status `running` with `completed` for every step but the last, and then
    /// [finish](Self::finish_task) the task: the status of the task is that of its last step until
    /// it is finished. Saving a step again adds a revision. If the returned status is `cancelled`, the task has
    /// been cancelled: stop working on it.
    ///
    /// # Errors
    ///
    /// See [`DatabaseManager`]. If the [effect](tasktrail_domain::repository::Effect) of an error
    /// is unknown, the step may have been recorded, and a second call may add a second revision. To
    /// make a retry idempotent, [record](HistoryEntry::record) the entry yourself, save it through
    /// [`task_history`](Self::task_history), and retry with the same entry.
    pub async fn save_task_history(
        &self,
        task: &TaskKey,
        step: StepNumber,
        step_result: TaskStepResult,
    ) -> Result<TaskStatus> {
        Ok(self.recorder()?.save(task, step, step_result).await?)
    }

    /// Records step results of any number of tasks atomically: all or none.
    ///
    /// # Errors
    ///
    /// As for [`save_task_history`](Self::save_task_history).
    pub async fn save_batch_task_history(
        &self,
        entries: impl IntoIterator<Item = NewEntry> + Send,
    ) -> Result<SavedBatch> {
        Ok(self.recorder()?.save_batch(entries).await?)
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
        Ok(self.recorder()?.cancel(task).await?)
    }

    /// Finishes a task with the current time, unless it is finished: call it when its work has
    /// ended, whatever the status of its last step.
    ///
    /// A task that is not finished stays open, even if its last step is `completed`: another step
    /// may follow. The first finish wins. Later saves are recorded but do not change the status.
    ///
    /// # Errors
    ///
    /// See [`DatabaseManager`]. If the [effect](tasktrail_domain::repository::Effect) of an error
    /// is unknown, call it again: the outcome then is either `Finished`, or `AlreadyFinished` with
    /// your own status.
    pub async fn finish_task(&self, task: &TaskKey, status: FinalStatus) -> Result<FinishOutcome> {
        Ok(self.recorder()?.finish(task, status).await?)
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

    fn recorder(&self) -> Result<Recorder<'static>> {
        Ok(Recorder {
            task_history: self.task_history()?,
            clock: Arc::clone(&self.0.clock),
            ids: Arc::clone(&self.0.ids),
        })
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
}

impl fmt::Debug for DatabaseManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseManager")
            .field("store", &self.0.store)
            .finish_non_exhaustive()
    }
}
