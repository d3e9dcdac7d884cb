//! The task history in memory.

mod list_index;
mod store;
mod task;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tasktrail_domain::repository::{
    Effect, ErrorKind, Operation, Page, PageRequest, RepositoryError, Result,
};
use tasktrail_domain::task_history::{
    Counts, EntryConflict, ExpiredCounts, FinalStatus, Finish, FinishOutcome, HistoryEntry,
    ListCursor, RemovalCursor, RemovalLimits, RemovalResult, RetentionPolicy, SavedBatch, Scope,
    StepNumber, TaskFilter, TaskHistoryRepository, TaskKey, TaskStatus, TaskSummary, TrailCursor,
    UserId, operation,
};
use tasktrail_domain::timestamp::Timestamp;

use self::store::Store;
use self::task::count;

/// A [`TaskHistoryRepository`] in memory. Clones share its data.
#[derive(Clone, Default)]
pub struct InMemoryTaskHistory {
    // A std mutex: it is held briefly and never across an await, and makes each method atomic.
    store: Arc<Mutex<Store>>,
}

impl InMemoryTaskHistory {
    /// Creates an empty repository.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        // Only a failed allocation can panic while the lock is held.
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
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
        let mut store = self.store();
        if !store.holds(entry).map_err(during(operation::SAVE))? {
            store.add(entry);
        }
        // Always a status: after the save the task has an entry.
        Ok(store
            .status(&entry.task)
            .unwrap_or(entry.step_result.status()))
    }

    async fn save_batch(&self, entries: &[HistoryEntry]) -> Result<SavedBatch> {
        let mut store = self.store();
        let new = store
            .new_entries(entries)
            .map_err(during(operation::SAVE_BATCH))?;
        for entry in &new {
            store.add(entry);
        }
        let statuses = entries
            .iter()
            .filter_map(|entry| Some((entry.task.clone(), store.status(&entry.task)?)))
            .collect();
        Ok(SavedBatch {
            added: count(new.len()),
            statuses,
        })
    }

    async fn load(
        &self,
        task: &TaskKey,
        page: &PageRequest<StepNumber>,
    ) -> Result<Page<HistoryEntry, StepNumber>> {
        let store = self.store();
        let steps = store.task(task).map(|task| task.steps(page));
        Ok(steps.unwrap_or_else(empty_page))
    }

    async fn trail(
        &self,
        task: &TaskKey,
        page: &PageRequest<TrailCursor>,
    ) -> Result<Page<HistoryEntry, TrailCursor>> {
        let store = self.store();
        let trail = store.task(task).map(|task| task.trail(page));
        Ok(trail.unwrap_or_else(empty_page))
    }

    async fn status(&self, task: &TaskKey) -> Result<Option<TaskStatus>> {
        Ok(self.store().status(task))
    }

    async fn finish(
        &self,
        task: &TaskKey,
        status: FinalStatus,
        at: Timestamp,
    ) -> Result<FinishOutcome> {
        Ok(self.store().finish(task, status, at))
    }

    async fn finish_batch(&self, finishes: &[(TaskKey, Finish)]) -> Result<Vec<FinishOutcome>> {
        let mut store = self.store();
        let each = finishes.iter();
        Ok(each
            .map(|(task, finish)| store.finish(task, finish.status, finish.at))
            .collect())
    }

    async fn list(
        &self,
        user: &UserId,
        filter: &TaskFilter,
        page: &PageRequest<ListCursor>,
    ) -> Result<Page<TaskSummary, ListCursor>> {
        let store = self.store();
        Ok(Page::of(
            store.listed(user, filter, page),
            page.size,
            ListCursor::of,
        ))
    }

    async fn count(&self, scope: &Scope) -> Result<Counts> {
        let store = self.store();
        let mut counts = Counts::default();
        let mut last_user = None;
        for (key, task) in store.in_scope(scope, None) {
            counts.entries += count(task.entry_count());
            counts.steps += count(task.step_count());
            counts.tasks += 1;
            counts.users += u64::from(last_user != Some(&key.user));
            last_user = Some(&key.user);
            if let Some(status) = task.status() {
                *counts.tasks_by_status.entry(status).or_default() += 1;
            }
        }
        Ok(counts)
    }

    async fn expired(&self, policy: &RetentionPolicy) -> Result<ExpiredCounts> {
        let mut expired = ExpiredCounts::default();
        for (task, _) in self.store().covered(policy, None) {
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
        let mut store = self.store();
        let mut covered: Vec<_> = store
            .covered(policy, batch.after.as_ref())
            .take(batch.tasks.get() + 1)
            .collect();
        let found = covered.len();
        covered.truncate(batch.admits(covered.iter().map(|(task, _)| task.entries)));
        for (task, _) in &covered {
            store.remove(task);
        }
        let last = covered.last().map(|(task, last_kept)| RemovalCursor {
            task: task.task.clone(),
            last_kept: last_kept.clone(),
        });
        Ok(RemovalResult {
            tasks: count(covered.len()),
            entries: covered.iter().map(|(task, _)| task.entries).sum(),
            next: last.filter(|_| found > covered.len()),
        })
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
