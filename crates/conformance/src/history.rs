//! The repository under test, with methods that panic on an error.

use std::sync::Arc;

use tasktrail_domain::repository::{Page, PageRequest};
use tasktrail_domain::task_history::{
    Counts, ExpiredCounts, FinalStatus, Finish, FinishOutcome, HistoryEntry, ListAllCursor,
    ListCursor, RemovalLimits, RemovalResult, RetentionPolicy, SavedBatch, Scope, StepNumber,
    TaskFilter, TaskHistoryRepository, TaskHistoryRepositoryExt, TaskStatus, TaskSummary,
    TrailCursor,
};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::{TaskKey, UserId, UserPrefix};

use crate::pages::pages;

/// A repository to test, shared with the tasks that a case spawns.
pub type Repository = Arc<dyn TaskHistoryRepository>;

/// The repository under test. Clones share it.
#[derive(Debug, Clone)]
pub struct History(Repository);

/// The methods of the port. Each panics on an error.
impl History {
    /// Wraps a repository to test.
    #[must_use]
    pub fn of(repository: Repository) -> Self {
        Self(repository)
    }

    /// Returns the repository itself, for calls that may fail.
    #[must_use]
    pub fn port(&self) -> &Repository {
        &self.0
    }

    /// Saves an entry.
    pub async fn save(&self, entry: &HistoryEntry) -> TaskStatus {
        self.0.save(entry).await.unwrap()
    }

    /// Saves a batch.
    pub async fn save_batch(&self, entries: &[HistoryEntry]) -> SavedBatch {
        self.0.save_batch(entries).await.unwrap()
    }

    /// Returns a task's status.
    pub async fn status(&self, task: &TaskKey) -> Option<TaskStatus> {
        self.0.status(task).await.unwrap()
    }

    /// Returns a task's summary, or `None` if it is unknown.
    pub async fn summary_of(&self, task: &TaskKey) -> Option<TaskSummary> {
        self.0.summary(task).await.unwrap()
    }

    /// Finishes a task.
    pub async fn finish(
        &self,
        task: &TaskKey,
        status: FinalStatus,
        at: Timestamp,
    ) -> FinishOutcome {
        self.0.finish(task, status, at).await.unwrap()
    }

    /// Finishes several tasks.
    pub async fn finish_batch(&self, finishes: &[(TaskKey, Finish)]) -> Vec<FinishOutcome> {
        self.0.finish_batch(finishes).await.unwrap()
    }

    /// Counts entries, steps, tasks and users.
    pub async fn count(&self, scope: &Scope) -> Counts {
        self.0.count(scope).await.unwrap()
    }

    /// Returns how many tasks and entries a removal would remove.
    pub async fn expired(&self, policy: &RetentionPolicy) -> ExpiredCounts {
        self.0.expired(policy).await.unwrap()
    }

    /// Removes one batch.
    pub async fn remove(&self, policy: &RetentionPolicy, batch: &RemovalLimits) -> RemovalResult {
        self.0.remove_expired(policy, batch).await.unwrap()
    }

    /// Removes everything that a policy covers, in batches.
    pub async fn remove_all(
        &self,
        policy: &RetentionPolicy,
        batch: RemovalLimits,
    ) -> RemovalResult {
        self.0
            .remove_all_expired(policy, batch, |_| ())
            .await
            .unwrap()
    }

    /// Returns one page of a task's steps.
    pub async fn step_page(
        &self,
        task: &TaskKey,
        page: &PageRequest<StepNumber>,
    ) -> Page<HistoryEntry, StepNumber> {
        self.0.load(task, page).await.unwrap()
    }

    /// Returns one page of a task's trail.
    pub async fn trail_page(
        &self,
        task: &TaskKey,
        page: &PageRequest<TrailCursor>,
    ) -> Page<HistoryEntry, TrailCursor> {
        self.0.trail(task, page).await.unwrap()
    }

    /// Returns one page of a user's tasks.
    pub async fn list_page(
        &self,
        user: &UserId,
        filter: &TaskFilter,
        page: &PageRequest<ListCursor>,
    ) -> Page<TaskSummary, ListCursor> {
        self.0.list(user, filter, page).await.unwrap()
    }

    /// Returns one page of the tasks of all users.
    pub async fn list_all_page(
        &self,
        users: &UserPrefix,
        filter: &TaskFilter,
        page: &PageRequest<ListAllCursor>,
    ) -> Page<TaskSummary, ListAllCursor> {
        self.0.list_all(users, filter, page).await.unwrap()
    }

    /// Returns one page of the users.
    pub async fn user_page(
        &self,
        prefix: &UserPrefix,
        page: &PageRequest<UserId>,
    ) -> Page<UserId, UserId> {
        self.0.users(prefix, page).await.unwrap()
    }
}

/// Reads of whole lists, page by page.
impl History {
    /// Returns the current state of all steps of a task.
    pub async fn steps(&self, task: &TaskKey) -> Vec<HistoryEntry> {
        self.step_pages(task, 1000).await.concat()
    }

    /// Returns all revisions of a task.
    pub async fn trail(&self, task: &TaskKey) -> Vec<HistoryEntry> {
        self.trail_pages(task, 1000).await.concat()
    }

    /// Returns all tasks of a user that match a filter.
    pub async fn list(&self, user: &UserId, filter: &TaskFilter) -> Vec<TaskSummary> {
        self.list_pages(user, filter, 1000).await.concat()
    }

    /// Returns the summary of a task, from the list of its user's tasks.
    pub async fn summary(&self, task: &TaskKey) -> TaskSummary {
        let tasks = self.list(&task.user, &TaskFilter::default()).await;
        let found = tasks.into_iter().find(|summary| summary.task == *task);
        found.unwrap_or_else(|| panic!("{task} is not listed"))
    }

    /// Panics unless the summaries, steps and counts of alice and bob match their trails.
    pub async fn assert_consistent(&self) {
        self.snapshot().await.assert_consistent();
    }

    /// Returns a task's steps as pages.
    pub async fn step_pages(&self, task: &TaskKey, size: u64) -> Vec<Vec<HistoryEntry>> {
        pages(size, async |asked| self.step_page(task, asked).await).await
    }

    /// Returns a task's trail as pages.
    pub async fn trail_pages(&self, task: &TaskKey, size: u64) -> Vec<Vec<HistoryEntry>> {
        pages(size, async |asked| self.trail_page(task, asked).await).await
    }

    /// Returns a user's tasks as pages.
    pub async fn list_pages(
        &self,
        user: &UserId,
        filter: &TaskFilter,
        size: u64,
    ) -> Vec<Vec<TaskSummary>> {
        pages(size, async |asked| {
            self.list_page(user, filter, asked).await
        })
        .await
    }

    /// Returns the tasks of all users as pages.
    pub async fn list_all_pages(
        &self,
        users: &UserPrefix,
        filter: &TaskFilter,
        size: u64,
    ) -> Vec<Vec<TaskSummary>> {
        pages(size, async |asked| {
            self.list_all_page(users, filter, asked).await
        })
        .await
    }

    /// Returns the users as pages.
    pub async fn user_pages(&self, prefix: &UserPrefix, size: u64) -> Vec<Vec<UserId>> {
        pages(size, async |asked| self.user_page(prefix, asked).await).await
    }
}
