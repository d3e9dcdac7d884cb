use std::fmt;

use async_trait::async_trait;

use super::{
    Counts, ExpiredCounts, FinalStatus, Finish, FinishOutcome, HistoryEntry, ListCursor,
    RemovalLimits, RemovalResult, RetentionPolicy, SavedBatch, Scope, StepNumber, TaskFilter,
    TaskKey, TaskStatus, TaskSummary, TrailCursor, UserId,
};
use crate::repository::{Page, PageRequest, Result, port};
use crate::timestamp::Timestamp;

/// Records what tasks did, step by step, and tells it again.
///
/// # Contract
///
/// Every implementation passes the suite of `tasktrail-conformance`, in which each sentence of this
/// documentation is a test. Besides the [rules of every port](crate::repository):
///
/// - Another user's task does not exist: the same task id under two users is two tasks.
/// - However many writers work on one task at the same time, every entry is kept, and the summary
///   equals what a replay of the entries in the order of the trail gives.
/// - A finish that races saves is never lost.
///
/// # Errors
///
/// Every method may fail with `Unavailable`, `TimedOut`, `Contention`, `Refused`, `Closed`, `Corrupt`
/// or `Unexpected` (see [`ErrorKind`](crate::repository::ErrorKind)); the methods name only what is
/// theirs. Reads have no effect; of a failed write [`effect`](crate::repository::RepositoryError::effect)
/// tells whether it may have been applied.
#[port("task_history")]
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait TaskHistoryRepository: fmt::Debug + Send + Sync {
    /// Saves one entry and tells the status of its task after the save.
    ///
    /// Adds the entry and never changes or removes another. An entry that was saved before (same
    /// id) changes nothing, also when its `recorded_at` differs, and is answered like a first save,
    /// so a save may be repeated after any failure. The answer is the status of the *task*, by
    /// which a worker learns that its task was cancelled.
    ///
    /// # Errors
    ///
    /// `Conflict`, with [`EntryConflict`](super::EntryConflict) as its source, if the user has an
    /// entry of this id with another task, step or step result. Nothing is saved then.
    #[idempotent]
    async fn save(&self, entry: &HistoryEntry) -> Result<TaskStatus>;

    /// Saves entries of any tasks and users, all or none, and tells what was new and how the tasks
    /// stand.
    ///
    /// Entries of one task are accepted in the order given. A repetition, of an earlier save or
    /// within the batch, changes nothing. An empty batch is saved at once.
    ///
    /// # Errors
    ///
    /// `Conflict` like [`save`](Self::save), for the whole batch, also if two of its entries
    /// contradict each other. Nothing is saved then.
    #[idempotent]
    async fn save_batch(&self, entries: &[HistoryEntry]) -> Result<SavedBatch>;

    /// Loads the current state of a task's steps: the newest revision of each, ascending by step.
    ///
    /// Newest is what the store accepted last, whatever the times say. An unknown task has no steps. A
    /// page of large results may hold fewer entries than its size, but at least one; only a missing
    /// `next` ends a walk.
    #[idempotent]
    async fn load(
        &self,
        task: &TaskKey,
        page: &PageRequest<StepNumber>,
    ) -> Result<Page<HistoryEntry, StepNumber>>;

    /// Loads all revisions of all steps of a task, in the order in which the store accepted them.
    ///
    /// An unknown task has no trail. A page may be short as in [`load`](Self::load). A save that is under
    /// way while the trail is walked page by page may be missed.
    #[idempotent]
    async fn trail(
        &self,
        task: &TaskKey,
        page: &PageRequest<TrailCursor>,
    ) -> Result<Page<HistoryEntry, TrailCursor>>;

    /// Tells a task's status: the one it was finished with, else that of the newest revision of its
    /// highest step.
    ///
    /// An unknown task has no status.
    #[idempotent]
    async fn status(&self, task: &TaskKey) -> Result<Option<TaskStatus>>;

    /// Finishes a task at `at`, once: the first finish wins.
    ///
    /// Later finishes change nothing and are told the status and time that stand; later saves are recorded
    /// but never change it. A task that nobody has recorded yet can be finished: its first save,
    /// whenever it arrives, finds it finished. Entries are left alone.
    #[once]
    async fn finish(
        &self,
        task: &TaskKey,
        status: FinalStatus,
        at: Timestamp,
    ) -> Result<FinishOutcome>;

    /// Finishes tasks of any users, all or none, and returns the outcomes in the order given.
    ///
    /// Each outcome is the one that [`finish`](Self::finish) returns. Of several finishes of one task the
    /// first counts, and the others come too late. An empty batch finishes nothing. Batches that hold the
    /// same tasks in different orders do not deadlock.
    #[once]
    async fn finish_batch(&self, finishes: &[(TaskKey, Finish)]) -> Result<Vec<FinishOutcome>>;

    /// Lists a user's tasks that pass the filter, the latest activity first; at the same instant
    /// the greatest task id comes first.
    ///
    /// While tasks are being written nothing is listed twice in one walk, and nothing that did not
    /// change is missed. The cost of a page depends neither on how long the tasks' histories are nor
    /// on how many tasks the user has.
    #[idempotent]
    async fn list(
        &self,
        user: &UserId,
        filter: &TaskFilter,
        page: &PageRequest<ListCursor>,
    ) -> Result<Page<TaskSummary, ListCursor>>;

    /// Counts entries, steps, tasks and users, all at the same instant.
    ///
    /// The cost grows with the size of the history in scope.
    #[idempotent]
    async fn count(&self, scope: &Scope) -> Result<Counts>;

    /// Tells how much [`remove_expired`](Self::remove_expired) would remove, and removes nothing.
    #[idempotent]
    async fn expired(&self, policy: &RetentionPolicy) -> Result<ExpiredCounts>;

    /// Removes one batch of the tasks that the policy covers, whole tasks only, in the order of
    /// their keys.
    ///
    /// A task is removed with all its entries, and is unknown afterwards. A task with activity at
    /// or after the cutoff keeps all of its entries, and so do the newest of each user that the policy
    /// keeps. Which these are is found once in a walk, when it reaches the user: those that were among
    /// the newest then, and those with activity since, are kept by the rest of that walk. The cost of a
    /// batch depends neither on how many tasks a user has nor, but for the batch that reaches the user, on
    /// how many the policy keeps. A batch keeps to its bounds, and is one transaction. Walking on with [`RemovalResult::next`] reaches every covered task; a walk may be
    /// broken off and begun anew at any time, and two at once remove each task once. A task that
    /// another transaction is writing to is left for the next walk.
    #[once]
    async fn remove_expired(
        &self,
        policy: &RetentionPolicy,
        batch: &RemovalLimits,
    ) -> Result<RemovalResult>;
}
