use std::fmt;

use async_trait::async_trait;

use super::{
    Counts, ExpiredCounts, FinalStatus, Finish, FinishOutcome, HistoryEntry, ListAllCursor,
    ListCursor, RemovalLimits, RemovalResult, RetentionPolicy, SavedBatch, Scope, StepNumber,
    TaskFilter, TaskStatus, TaskSummary, TrailCursor,
};
use crate::repository::{Page, PageRequest, Result, port};
use crate::timestamp::Timestamp;
use crate::{TaskKey, UserId, UserPrefix};

/// Records what tasks did, step by step, and queries it.
///
/// # Contract
///
/// Every implementation passes the suite of `tasktrail-conformance`, which tests each sentence of
/// this documentation. In addition to the [rules of every port](crate::repository):
///
/// - Users are isolated: the same task id under two users is two tasks.
/// - With any number of concurrent writers to a task, every entry is kept, and the summary equals
///   the result of replaying the entries in the order of the trail.
/// - A finish is never lost to concurrent saves.
///
/// # Errors
///
/// Every method can fail with `Unavailable`, `TimedOut`, `Contention`, `Refused`, `Closed`,
/// `Corrupt` or `Unexpected` (see [`ErrorKind`](crate::repository::ErrorKind)). The methods
/// document only additional errors. Reads have no effect. For a failed write,
/// [`effect`](crate::repository::RepositoryError::effect) returns whether it may have been applied.
#[port("task_history")]
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait TaskHistoryRepository: fmt::Debug + Send + Sync {
    /// Saves one entry, and returns the status of its task after the save.
    ///
    /// Adds the entry, and never changes or removes another one. Saving an entry again (same id)
    /// changes nothing, even if its `recorded_at` differs, and returns the same as a first save. So
    /// you can retry a save after any failure. The returned status is that of the *task*: it
    /// informs a worker that its task has been cancelled.
    ///
    /// # Errors
    ///
    /// `Conflict`, with [`EntryConflict`](super::EntryConflict) as its source, if the user has an
    /// entry with this id and a different task, step or step result. Nothing is saved in this case.
    #[idempotent]
    async fn save(&self, entry: &HistoryEntry) -> Result<TaskStatus>;

    /// Saves entries of any tasks and users atomically, and returns the number of new entries and
    /// the statuses of the tasks.
    ///
    /// Entries of one task are accepted in the order given. Repetitions, of an earlier save or
    /// within the batch, change nothing. An empty batch always succeeds.
    ///
    /// # Errors
    ///
    /// `Conflict` as for [`save`](Self::save), also if two entries of the batch conflict with each
    /// other. Nothing of the batch is saved in this case.
    #[idempotent]
    async fn save_batch(&self, entries: &[HistoryEntry]) -> Result<SavedBatch>;

    /// Loads the newest revision of each step of a task, ascending by step.
    ///
    /// The newest revision is the one that the store accepted last, regardless of `recorded_at`.
    /// For an unknown task the page is empty. A page with large results may have fewer entries than
    /// requested, but at least one. The list ends only when `next` is `None`.
    #[read]
    async fn load(
        &self,
        task: &TaskKey,
        page: &PageRequest<StepNumber>,
    ) -> Result<Page<HistoryEntry, StepNumber>>;

    /// Loads the trail of a task: all revisions of all steps, in the order in which the store
    /// accepted them.
    ///
    /// For an unknown task the page is empty. A page may be shorter than requested, as for
    /// [`load`](Self::load). Entries that are saved while you read the pages may be missed.
    #[read]
    async fn trail(
        &self,
        task: &TaskKey,
        page: &PageRequest<TrailCursor>,
    ) -> Result<Page<HistoryEntry, TrailCursor>>;

    /// Returns the status of a task: its final status if it is finished, otherwise the status of
    /// the newest revision of its highest step.
    ///
    /// Returns `None` for an unknown task.
    #[read]
    async fn status(&self, task: &TaskKey) -> Result<Option<TaskStatus>>;

    /// Returns the summary of a task: with its status, whether it is finished, and its times.
    ///
    /// Returns `None` for an unknown task.
    #[read]
    async fn summary(&self, task: &TaskKey) -> Result<Option<TaskSummary>>;

    /// Finishes a task at the time `at`. The first finish wins.
    ///
    /// Later calls change nothing, and return the recorded status and time. Later saves are
    /// recorded, but do not change the final status. A task without entries can be finished as
    /// well; later saves then return the final status. A finish does not change entries.
    #[once]
    async fn finish(
        &self,
        task: &TaskKey,
        status: FinalStatus,
        at: Timestamp,
    ) -> Result<FinishOutcome>;

    /// Finishes tasks of any users atomically, and returns the outcomes in the order given.
    ///
    /// Each outcome is the same as that of [`finish`](Self::finish). If the batch has several
    /// finishes of one task, the first one wins. An empty batch changes nothing. Concurrent batches
    /// with the same tasks in different orders do not deadlock.
    #[once]
    async fn finish_batch(&self, finishes: &[(TaskKey, Finish)]) -> Result<Vec<FinishOutcome>>;

    /// Lists the tasks of a user that the filter accepts, sorted by descending last activity, and
    /// by descending task id for equal instants.
    ///
    /// With concurrent writes, no task is listed twice over all pages, and no unchanged task is
    /// missed. The cost of a page depends neither on the length of the histories nor on the number
    /// of tasks of the user. Only a filter by [`finished`](TaskFilter::finished) has to pass the
    /// tasks with the requested terminal statuses that it does not accept.
    #[read]
    async fn list(
        &self,
        user: &UserId,
        filter: &TaskFilter,
        page: &PageRequest<ListCursor>,
    ) -> Result<Page<TaskSummary, ListCursor>>;

    /// Lists the tasks of all users that the filter accepts: by ascending user, and the tasks of
    /// each user in the order of [`list`](Self::list). Only users that match the prefix are
    /// included.
    ///
    /// A query for operators and for recovery, because it crosses users: never pass its result to
    /// one of them.
    ///
    /// With concurrent writes, no task is listed twice over all pages, and no unchanged task is
    /// missed. The cost of a page does not depend on the length of the histories. It grows with the
    /// number of users that the page passes, including those without a task to list, and with a
    /// filter by finish as that of `list` does.
    #[read]
    async fn list_all(
        &self,
        users: &UserPrefix,
        filter: &TaskFilter,
        page: &PageRequest<ListAllCursor>,
    ) -> Result<Page<TaskSummary, ListAllCursor>>;

    /// Lists the users with at least one task that match the prefix, in ascending order. The cursor
    /// is the last user of the page, and need not have a task.
    ///
    /// A query for operators, because it crosses users: never pass its result to one of them. The
    /// cost of a page does not depend on the number of tasks.
    #[read]
    async fn users(
        &self,
        prefix: &UserPrefix,
        page: &PageRequest<UserId>,
    ) -> Result<Page<UserId, UserId>>;

    /// Counts entries, steps, tasks and users, and tasks and open tasks by status, all at the same
    /// instant.
    ///
    /// The cost grows with the size of the history in scope.
    #[read]
    async fn count(&self, scope: &Scope) -> Result<Counts>;

    /// Counts what [`remove_expired`](Self::remove_expired) would remove. Removes nothing.
    #[read]
    async fn expired(&self, policy: &RetentionPolicy) -> Result<ExpiredCounts>;

    /// Removes one batch of the tasks that the policy covers, in the order of their keys. Tasks are
    /// removed only as a whole.
    ///
    /// A task is removed with all of its entries, and is unknown afterwards. A task with activity
    /// at or after the cutoff keeps all of its entries, as do the newest tasks of each user that
    /// the policy keeps. A run determines the newest tasks once, when it reaches the user. The rest
    /// of the run keeps these tasks, and those with activity since then.
    ///
    /// A batch is one transaction, and stays within its limits. Its cost does not depend on the
    /// number of tasks of a user. Only the batch that reaches a user also depends on the number of
    /// tasks that the policy keeps.
    ///
    /// To remove every covered task, continue with [`RemovalResult::next`] until it is `None`. You
    /// can stop at any time and start again from the beginning. Two concurrent runs remove each
    /// task once. A task that another transaction is writing to is left for the next run.
    #[once]
    async fn remove_expired(
        &self,
        policy: &RetentionPolicy,
        batch: &RemovalLimits,
    ) -> Result<RemovalResult>;
}
