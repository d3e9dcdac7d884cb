//! The JSON documents that several commands print.

use std::collections::BTreeMap;

use serde::Serialize;
use tasktrail::task_history::{
    Counts, EntryId, ErrorCode, HistoryEntry, StepNumber, TaskStatus, TaskStepResult, TaskSummary,
};
use tasktrail::timestamp::Timestamp;
use tasktrail::{TaskId, UserId};

/// A task in a list of tasks.
#[derive(Debug, Serialize)]
pub(crate) struct TaskView<'a> {
    user_id: &'a UserId,
    task_id: &'a TaskId,
    status: TaskStatus,
    error_code: Option<&'a ErrorCode>,
    last_step: Option<StepNumber>,
    entries: u64,
    created_at: Timestamp,
    last_updated: Timestamp,
    finished_at: Option<Timestamp>,
}

impl<'a> TaskView<'a> {
    pub(crate) fn of(summary: &'a TaskSummary) -> Self {
        Self {
            user_id: &summary.task.user,
            task_id: &summary.task.task,
            status: summary.status,
            error_code: summary.error_code.as_ref(),
            last_step: summary.last_step,
            entries: summary.entries,
            created_at: summary.created_at,
            last_updated: summary.last_updated,
            finished_at: summary.finished_at,
        }
    }
}

/// An entry of a history: the keys of an importable line, and the ID of the entry.
#[derive(Debug, Serialize)]
pub(crate) struct EntryView<'a> {
    id: EntryId,
    user_id: &'a UserId,
    task_id: &'a TaskId,
    step: StepNumber,
    recorded_at: Timestamp,
    step_result: &'a TaskStepResult,
}

impl<'a> EntryView<'a> {
    pub(crate) fn of(entry: &'a HistoryEntry) -> Self {
        Self {
            id: entry.id,
            user_id: &entry.task.user,
            task_id: &entry.task.task,
            step: entry.step,
            recorded_at: entry.recorded_at,
            step_result: &entry.step_result,
        }
    }
}

/// The counts of `stats`.
#[derive(Debug, Serialize)]
pub(crate) struct CountsView {
    entries: u64,
    steps: u64,
    tasks: u64,
    users: u64,
    tasks_by_status: BTreeMap<TaskStatus, u64>,
}

impl From<Counts> for CountsView {
    fn from(counts: Counts) -> Self {
        Self {
            entries: counts.entries,
            steps: counts.steps,
            tasks: counts.tasks,
            users: counts.users,
            tasks_by_status: counts.tasks_by_status,
        }
    }
}
