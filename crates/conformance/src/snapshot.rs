//! Everything that a history returns, to compare it and to check that it is consistent.

use std::collections::BTreeMap;

use tasktrail_domain::task_history::{
    Counts, HistoryEntry, Scope, TaskFilter, TaskStatus, TaskSummary,
};

use crate::History;
use crate::fixture::{USERS, user};
use crate::replay::{replay, replay_steps};

/// Everything about alice and bob, and the counts of all users.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The tasks of each user, in list order.
    pub tasks: Vec<TaskRecord>,
    /// The counts of all users.
    pub counts: Counts,
}

/// Everything about one task.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskRecord {
    /// Its summary in the list.
    pub summary: TaskSummary,
    /// Its status, from [`History::status`].
    pub status: Option<TaskStatus>,
    /// The current state of its steps.
    pub steps: Vec<HistoryEntry>,
    /// All revisions.
    pub trail: Vec<HistoryEntry>,
}

impl History {
    /// Reads everything about alice and bob.
    pub async fn snapshot(&self) -> Snapshot {
        Snapshot::of(self).await
    }
}

impl Snapshot {
    pub(crate) async fn of(history: &History) -> Self {
        let mut tasks = Vec::new();
        for user in USERS.map(user) {
            for summary in history.list(&user, &TaskFilter::default()).await {
                tasks.push(TaskRecord::of(history, summary).await);
            }
        }
        let counts = history.count(&Scope::Everyone).await;
        Self { tasks, counts }
    }

    /// Panics unless summaries, steps and counts match the trails.
    ///
    /// Other users than alice and bob must not have tasks.
    #[track_caller]
    pub fn assert_consistent(&self) {
        for record in &self.tasks {
            record.assert_consistent();
        }
        assert_eq!(self.counts, self.counted());
    }

    fn counted(&self) -> Counts {
        let mut counts = Counts::default();
        let mut by_user = BTreeMap::<_, u64>::new();
        for record in &self.tasks {
            counts.tasks += 1;
            counts.entries += u64::try_from(record.trail.len()).unwrap();
            counts.steps += u64::try_from(record.steps.len()).unwrap();
            let status = record.summary.status;
            *counts.tasks_by_status.entry(status).or_default() += 1;
            if !record.summary.is_finished() {
                *counts.open_tasks_by_status.entry(status).or_default() += 1;
            }
            *by_user.entry(&record.summary.task.user).or_default() += 1;
        }
        counts.users = by_user.len().try_into().unwrap();
        counts
    }
}

impl TaskRecord {
    async fn of(history: &History, summary: TaskSummary) -> Self {
        let task = &summary.task;
        Self {
            status: history.status(task).await,
            steps: history.steps(task).await,
            trail: history.trail(task).await,
            summary,
        }
    }

    #[track_caller]
    fn assert_consistent(&self) {
        let summary = &self.summary;
        let finish = summary
            .finished_at
            .map(|at| (summary.status.try_into().unwrap(), at));
        let replayed = replay(&summary.task, &self.trail, finish);
        assert_eq!(Some(summary), replayed.as_ref(), "{:?}", self.trail);
        assert_eq!(self.status, Some(summary.status), "{}", summary.task);
        assert_eq!(self.steps, replay_steps(&self.trail), "{}", summary.task);
    }
}
