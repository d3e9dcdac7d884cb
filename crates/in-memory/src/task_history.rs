//! The task history in memory.

use std::fmt;

use async_trait::async_trait;
use tasktrail_domain::repository::{
    Effect, ErrorKind, Operation, Page, PageRequest, RepositoryError, Result,
};
use tasktrail_domain::task_history::{
    Counts, EntryConflict, ExpiredCounts, FinalStatus, Finish, FinishOutcome, HistoryEntry,
    ListAllCursor, ListCursor, RemovalCursor, RemovalLimits, RemovalResult, RetentionPolicy,
    SavedBatch, Scope, StepNumber, TaskFilter, TaskHistoryRepository, TaskStatus, TaskSummary,
    TrailCursor, operation,
};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::{TaskKey, UserId, UserPrefix};

use crate::store::InMemoryStore;
use crate::store::task_history::count;

/// A [`TaskHistoryRepository`] in memory: a view of an [`InMemoryStore`]. Clones share its data.
#[derive(Clone, Default)]
pub struct InMemoryTaskHistory {
    store: InMemoryStore,
}

impl InMemoryTaskHistory {
    /// Creates an empty repository, in a store of its own.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl InMemoryStore {
    /// Returns the task history of this store.
    #[must_use]
    pub fn task_history(&self) -> InMemoryTaskHistory {
        InMemoryTaskHistory {
            store: self.clone(),
        }
    }
}

impl fmt::Debug for InMemoryTaskHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InMemoryTaskHistory")
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl TaskHistoryRepository for InMemoryTaskHistory {
    async fn save(&self, entry: &HistoryEntry) -> Result<TaskStatus> {
        let tasks = &mut self.store.lock().tasks;
        if !tasks.holds(entry).map_err(during(operation::SAVE))? {
            tasks.add(entry);
        }
        // Always a status: after the save the task has an entry.
        Ok(tasks
            .status(&entry.task)
            .unwrap_or(entry.step_result.status()))
    }

    async fn save_batch(&self, entries: &[HistoryEntry]) -> Result<SavedBatch> {
        let tasks = &mut self.store.lock().tasks;
        let new = tasks
            .new_entries(entries)
            .map_err(during(operation::SAVE_BATCH))?;
        for entry in &new {
            tasks.add(entry);
        }
        let statuses = entries
            .iter()
            .filter_map(|entry| Some((entry.task.clone(), tasks.status(&entry.task)?)))
            .collect();
        Ok(SavedBatch::new(count(new.len()), statuses))
    }

    async fn load(
        &self,
        task: &TaskKey,
        page: &PageRequest<StepNumber>,
    ) -> Result<Page<HistoryEntry, StepNumber>> {
        let tasks = &self.store.lock().tasks;
        let steps = tasks.task(task).map(|task| task.steps(page));
        Ok(steps.unwrap_or_else(empty_page))
    }

    async fn trail(
        &self,
        task: &TaskKey,
        page: &PageRequest<TrailCursor>,
    ) -> Result<Page<HistoryEntry, TrailCursor>> {
        let tasks = &self.store.lock().tasks;
        let trail = tasks.task(task).map(|task| task.trail(page));
        Ok(trail.unwrap_or_else(empty_page))
    }

    async fn status(&self, task: &TaskKey) -> Result<Option<TaskStatus>> {
        Ok(self.store.lock().tasks.status(task))
    }

    async fn summary(&self, task: &TaskKey) -> Result<Option<TaskSummary>> {
        Ok(self.store.lock().tasks.summary(task))
    }

    async fn finish(
        &self,
        task: &TaskKey,
        status: FinalStatus,
        at: Timestamp,
    ) -> Result<FinishOutcome> {
        Ok(self.store.lock().tasks.finish(task, status, at))
    }

    async fn finish_batch(&self, finishes: &[(TaskKey, Finish)]) -> Result<Vec<FinishOutcome>> {
        let tasks = &mut self.store.lock().tasks;
        let each = finishes.iter();
        Ok(each
            .map(|(task, finish)| tasks.finish(task, finish.status, finish.at))
            .collect())
    }

    async fn list(
        &self,
        user: &UserId,
        filter: &TaskFilter,
        page: &PageRequest<ListCursor>,
    ) -> Result<Page<TaskSummary, ListCursor>> {
        let tasks = &self.store.lock().tasks;
        Ok(Page::of(
            tasks.listed(user, filter, page),
            page.size,
            ListCursor::of,
        ))
    }

    async fn list_all(
        &self,
        users: &UserPrefix,
        filter: &TaskFilter,
        page: &PageRequest<ListAllCursor>,
    ) -> Result<Page<TaskSummary, ListAllCursor>> {
        let tasks = &self.store.lock().tasks;
        let listed = tasks.listed_of_all(users, filter, page);
        Ok(Page::of(listed, page.size, ListAllCursor::of))
    }

    async fn users(
        &self,
        prefix: &UserPrefix,
        page: &PageRequest<UserId>,
    ) -> Result<Page<UserId, UserId>> {
        let users = self.store.lock().tasks.users(prefix, page);
        Ok(Page::of(users, page.size, UserId::clone))
    }

    async fn count(&self, scope: &Scope) -> Result<Counts> {
        let tasks = &self.store.lock().tasks;
        let mut counts = Counts::default();
        let mut last_user = None;
        for (key, task) in tasks.in_scope(scope, None) {
            counts.entries += count(task.entry_count());
            counts.steps += count(task.step_count());
            counts.tasks += 1;
            counts.users += u64::from(last_user != Some(&key.user));
            last_user = Some(&key.user);
            if let Some(status) = task.status() {
                *counts.tasks_by_status.entry(status).or_default() += 1;
                if !task.is_finished() {
                    *counts.open_tasks_by_status.entry(status).or_default() += 1;
                }
            }
        }
        Ok(counts)
    }

    async fn expired(&self, policy: &RetentionPolicy) -> Result<ExpiredCounts> {
        let mut expired = ExpiredCounts::default();
        for (task, _) in self.store.lock().tasks.covered(policy, None) {
            expired.tasks += 1;
            expired.entries += task.entries;
        }
        Ok(expired)
    }

    async fn remove_expired(
        &self,
        policy: &RetentionPolicy,
        batch: &RemovalLimits,
    ) -> Result<RemovalResult> {
        let tasks = &mut self.store.lock().tasks;
        let mut covered: Vec<_> = tasks
            .covered(policy, batch.after.as_ref())
            .take(batch.tasks.get() + 1)
            .collect();
        let found = covered.len();
        covered.truncate(batch.admits(covered.iter().map(|(task, _)| task.entries)));
        for (task, _) in &covered {
            tasks.remove(task);
        }
        let last = covered.last().map(|(task, last_kept)| RemovalCursor {
            task: task.task.clone(),
            last_kept: last_kept.clone(),
        });
        let entries = covered.iter().map(|(task, _)| task.entries).sum();
        let next = last.filter(|_| found > covered.len());
        Ok(RemovalResult::new(count(covered.len()), entries, next))
    }
}

fn during(operation: Operation) -> impl Fn(EntryConflict) -> RepositoryError {
    move |conflict| {
        RepositoryError::new(operation, ErrorKind::Conflict, Effect::NotApplied)
            .with_source(conflict)
    }
}

fn empty_page<T, C>() -> Page<T, C> {
    Page {
        items: Vec::new(),
        next: None,
    }
}
