//! The repository under test, as cases use it: an error of the store fails the case.

use std::sync::Arc;

use tasktrail_domain::repository::{Page, PageRequest};
use tasktrail_domain::task_history::{
    Counts, ExpiredCounts, FinalStatus, Finish, FinishOutcome, HistoryEntry, ListCursor,
    RemovalLimits, RemovalResult, RetentionPolicy, SavedBatch, Scope, StepNumber, TaskFilter,
    TaskHistoryRepository, TaskHistoryRepositoryExt, TaskKey, TaskStatus, TaskSummary, TrailCursor,
    UserId,
};
use tasktrail_domain::timestamp::Timestamp;

use crate::fixture::page;
use crate::snapshot::Snapshot;

/// A repository to test, shared with whatever runs beside the case.
pub type Repository = Arc<dyn TaskHistoryRepository>;

/// The repository under test; clones share it.
#[derive(Debug, Clone)]
pub struct History(Repository);

/// The methods of the port, and the walks through whole lists.
impl History {
    /// Tests `repository`.
    #[must_use]
    pub fn of(repository: Repository) -> Self {
        Self(repository)
    }

    /// The repository itself, for calls that may be refused.
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

    /// Tells a task's status.
    pub async fn status(&self, task: &TaskKey) -> Option<TaskStatus> {
        self.0.status(task).await.unwrap()
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

    /// Counts.
    pub async fn count(&self, scope: &Scope) -> Counts {
        self.0.count(scope).await.unwrap()
    }

    /// Tells what a removal would remove.
    pub async fn expired(&self, policy: &RetentionPolicy) -> ExpiredCounts {
        self.0.expired(policy).await.unwrap()
    }

    /// Removes one batch.
    pub async fn remove(&self, policy: &RetentionPolicy, batch: &RemovalLimits) -> RemovalResult {
        self.0.remove_expired(policy, batch).await.unwrap()
    }

    /// Removes batch by batch whatever a policy covers.
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

    /// One page of a task's steps.
    pub async fn step_page(
        &self,
        task: &TaskKey,
        page: &PageRequest<StepNumber>,
    ) -> Page<HistoryEntry, StepNumber> {
        self.0.load(task, page).await.unwrap()
    }

    /// One page of a task's trail.
    pub async fn trail_page(
        &self,
        task: &TaskKey,
        page: &PageRequest<TrailCursor>,
    ) -> Page<HistoryEntry, TrailCursor> {
        self.0.trail(task, page).await.unwrap()
    }

    /// One page of a user's tasks.
    pub async fn list_page(
        &self,
        user: &UserId,
        filter: &TaskFilter,
        page: &PageRequest<ListCursor>,
    ) -> Page<TaskSummary, ListCursor> {
        self.0.list(user, filter, page).await.unwrap()
    }
}

/// Walks through whole lists, page by page.
impl History {
    /// The current state of all steps of a task.
    pub async fn steps(&self, task: &TaskKey) -> Vec<HistoryEntry> {
        self.step_pages(task, 1000).await.concat()
    }

    /// All revisions of a task.
    pub async fn trail(&self, task: &TaskKey) -> Vec<HistoryEntry> {
        self.trail_pages(task, 1000).await.concat()
    }

    /// All tasks of a user that pass a filter.
    pub async fn list(&self, user: &UserId, filter: &TaskFilter) -> Vec<TaskSummary> {
        self.list_pages(user, filter, 1000).await.concat()
    }

    /// What the list tells of a task.
    pub async fn summary(&self, task: &TaskKey) -> TaskSummary {
        let tasks = self.list(&task.user, &TaskFilter::default()).await;
        let found = tasks.into_iter().find(|summary| summary.task == *task);
        found.unwrap_or_else(|| panic!("{task} is not listed"))
    }

    /// Everything about alice and bob.
    pub async fn snapshot(&self) -> Snapshot {
        Snapshot::of(self).await
    }

    /// Fails unless everything about alice and bob is what their trails add up to.
    pub async fn assert_consistent(&self) {
        self.snapshot().await.assert_consistent();
    }

    /// The pages of a task's steps.
    pub async fn step_pages(&self, task: &TaskKey, size: u64) -> Vec<Vec<HistoryEntry>> {
        let mut pages = Vec::new();
        let mut request = Some(page(size));
        while let Some(asked) = request {
            let given = self.step_page(task, &asked).await;
            request = turn(&asked, given, &mut pages);
        }
        pages
    }

    /// The pages of a task's trail.
    pub async fn trail_pages(&self, task: &TaskKey, size: u64) -> Vec<Vec<HistoryEntry>> {
        let mut pages = Vec::new();
        let mut request = Some(page(size));
        while let Some(asked) = request {
            let given = self.trail_page(task, &asked).await;
            request = turn(&asked, given, &mut pages);
        }
        pages
    }

    /// The pages of a user's tasks.
    pub async fn list_pages(
        &self,
        user: &UserId,
        filter: &TaskFilter,
        size: u64,
    ) -> Vec<Vec<TaskSummary>> {
        let mut pages = Vec::new();
        let mut request = Some(page(size));
        while let Some(asked) = request {
            let given = self.list_page(user, filter, &asked).await;
            request = turn(&asked, given, &mut pages);
        }
        pages
    }
}

/// Keeps a page, and asks for the next one.
///
/// Fails if the page is too long, or empty behind another, or if its cursor does not go on.
fn turn<T, C: PartialEq>(
    asked: &PageRequest<C>,
    given: Page<T, C>,
    pages: &mut Vec<Vec<T>>,
) -> Option<PageRequest<C>> {
    let (held, size) = (given.items.len(), asked.size.get());
    assert!(held <= size, "{held} items on a page of {size}");
    assert!(
        held > 0 || pages.is_empty(),
        "no item behind the page before"
    );
    assert!(
        given.next.is_none() || given.next != asked.after,
        "the walk does not go on"
    );
    pages.push(given.items);
    asked.next(given.next)
}
