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

use crate::store::task_history::{Tasks, count};
use crate::store::transactions::{Lock, TransactionId};
use crate::store::{Data, InMemoryStore};
use crate::view::View;

/// A [`TaskHistoryRepository`] in memory: a view of an [`InMemoryStore`]. Clones share its data.
///
/// A write of a task that a [transaction](crate::InMemoryTransaction) has written waits until that
/// ends. Only then it needs a tokio runtime with the time driver enabled.
#[derive(Clone, Default)]
pub struct InMemoryTaskHistory {
    view: View,
}

impl InMemoryTaskHistory {
    /// Creates an empty repository, in a store of its own.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn of(store: InMemoryStore, transaction: Option<TransactionId>) -> Self {
        Self {
            view: View::of(store, transaction),
        }
    }

    fn read<T>(&self, operation: Operation, read: impl FnOnce(&Tasks) -> T) -> Result<T> {
        self.view.read(operation, |data, _| read(&data.histories))
    }

    /// Waits until no other transaction holds any of `locks`, then runs `change`.
    async fn write<T>(
        &self,
        operation: Operation,
        locks: impl Fn() -> Vec<Lock> + Send,
        change: impl FnOnce(&mut Tasks) -> Result<T> + Send,
    ) -> Result<T> {
        let change = |data: &mut Data| change(&mut data.histories);
        self.view.write(operation, locks, change).await
    }
}

impl InMemoryStore {
    /// Returns the task history of this store.
    #[must_use]
    pub fn task_history(&self) -> InMemoryTaskHistory {
        InMemoryTaskHistory::of(self.clone(), None)
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
        let locks = || Lock::of_entries([entry]);
        let save = |tasks: &mut Tasks| {
            if !tasks.holds(entry).map_err(during(operation::SAVE))? {
                tasks.add(entry);
            }
            // Always a status: after the save the task has an entry.
            let status = tasks.status(&entry.task);
            Ok(status.unwrap_or(entry.step_result.status()))
        };
        self.write(operation::SAVE, locks, save).await
    }

    async fn save_batch(&self, entries: &[HistoryEntry]) -> Result<SavedBatch> {
        let locks = || Lock::of_entries(entries);
        let save = |tasks: &mut Tasks| {
            let new = tasks.new_entries(entries);
            let new = new.map_err(during(operation::SAVE_BATCH))?;
            for entry in &new {
                tasks.add(entry);
            }
            let statuses = entries
                .iter()
                .filter_map(|entry| Some((entry.task.clone(), tasks.status(&entry.task)?)))
                .collect();
            Ok(SavedBatch::new(count(new.len()), statuses))
        };
        self.write(operation::SAVE_BATCH, locks, save).await
    }

    async fn load(
        &self,
        task: &TaskKey,
        page: &PageRequest<StepNumber>,
    ) -> Result<Page<HistoryEntry, StepNumber>> {
        self.read(operation::LOAD, |tasks| {
            let steps = tasks.task(task).map(|task| task.steps(page));
            steps.unwrap_or_else(empty_page)
        })
    }

    async fn trail(
        &self,
        task: &TaskKey,
        page: &PageRequest<TrailCursor>,
    ) -> Result<Page<HistoryEntry, TrailCursor>> {
        self.read(operation::TRAIL, |tasks| {
            let trail = tasks.task(task).map(|task| task.trail(page));
            trail.unwrap_or_else(empty_page)
        })
    }

    async fn status(&self, task: &TaskKey) -> Result<Option<TaskStatus>> {
        self.read(operation::STATUS, |tasks| tasks.status(task))
    }

    async fn summary(&self, task: &TaskKey) -> Result<Option<TaskSummary>> {
        self.read(operation::SUMMARY, |tasks| tasks.summary(task))
    }

    async fn finish(
        &self,
        task: &TaskKey,
        status: FinalStatus,
        at: Timestamp,
    ) -> Result<FinishOutcome> {
        let locks = || vec![Lock::Task(task.clone())];
        let finish = |tasks: &mut Tasks| Ok(tasks.finish(task, status, at));
        self.write(operation::FINISH, locks, finish).await
    }

    async fn finish_batch(&self, finishes: &[(TaskKey, Finish)]) -> Result<Vec<FinishOutcome>> {
        let locks = || {
            let tasks = finishes.iter().map(|(task, _)| task.clone());
            tasks.map(Lock::Task).collect()
        };
        let finish = |tasks: &mut Tasks| {
            let each = finishes.iter();
            Ok(each
                .map(|(task, finish)| tasks.finish(task, finish.status, finish.at))
                .collect())
        };
        self.write(operation::FINISH_BATCH, locks, finish).await
    }

    async fn list(
        &self,
        user: &UserId,
        filter: &TaskFilter,
        page: &PageRequest<ListCursor>,
    ) -> Result<Page<TaskSummary, ListCursor>> {
        self.read(operation::LIST, |tasks| {
            let listed = tasks.listed(user, filter, page);
            Page::of(listed, page.size, ListCursor::of)
        })
    }

    async fn list_all(
        &self,
        users: &UserPrefix,
        filter: &TaskFilter,
        page: &PageRequest<ListAllCursor>,
    ) -> Result<Page<TaskSummary, ListAllCursor>> {
        self.read(operation::LIST_ALL, |tasks| {
            let listed = tasks.listed_of_all(users, filter, page);
            Page::of(listed, page.size, ListAllCursor::of)
        })
    }

    async fn users(
        &self,
        prefix: &UserPrefix,
        page: &PageRequest<UserId>,
    ) -> Result<Page<UserId, UserId>> {
        self.read(operation::USERS, |tasks| {
            let users = tasks.users(prefix, page);
            Page::of(users, page.size, UserId::clone)
        })
    }

    async fn count(&self, scope: &Scope) -> Result<Counts> {
        self.read(operation::COUNT, |tasks| tasks.counts(scope))
    }

    async fn expired(&self, policy: &RetentionPolicy) -> Result<ExpiredCounts> {
        self.read(operation::EXPIRED, |tasks| {
            let mut expired = ExpiredCounts::default();
            for (task, _) in tasks.covered(policy, None) {
                expired.tasks += 1;
                expired.entries += task.entries;
            }
            expired
        })
    }

    /// Skips tasks that a transaction has written.
    async fn remove_expired(
        &self,
        policy: &RetentionPolicy,
        batch: &RemovalLimits,
    ) -> Result<RemovalResult> {
        let transaction = self.view.transaction();
        let mut contents = self.view.contents(operation::REMOVE_EXPIRED)?;
        let mut covered: Vec<_> = contents.read(transaction, |data, transactions| {
            data.histories
                .covered(policy, batch.after.as_ref())
                .filter(|(task, _)| {
                    !transactions.lock_out(transaction, &Lock::Task(task.task.clone()))
                })
                .take(batch.tasks.get() + 1)
                .collect()
        });
        let found = covered.len();
        covered.truncate(batch.admits(covered.iter().map(|(task, _)| task.entries)));
        let tasks = covered.iter().map(|(task, _)| task.task.clone());
        let locks = tasks.map(Lock::Task).collect();
        contents.write(transaction, locks, |data| {
            for (task, _) in &covered {
                data.histories.remove(&task.task);
            }
        });
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
