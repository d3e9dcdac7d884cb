//! What users and workers do with a report: each change of the service's table is committed together
//! with its entry in the history.

use std::sync::Arc;

use serde_json::json;
use tasktrail::repository::{PageRequest, PageSize};
use tasktrail::task_history::{
    FinalStatus, HistoryEntry, StepNumber, TaskFilter, TaskStatus, TaskStepResult,
};
use tasktrail::{DatabaseManager, TaskKey, UserId, UserPrefix};
use uuid::Uuid;

use crate::reports::{Report, Reports, Result};

/// The steps of a report. `Ordered` is recorded with the order, `Delivered` with the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The user has ordered it.
    Ordered,
    /// Its data is collected.
    Collected,
    /// Its pages are rendered.
    Rendered,
    /// It can be fetched.
    Delivered,
}

/// The orders of all users.
#[derive(Debug, Clone)]
pub struct Orders {
    history: DatabaseManager,
    reports: Arc<dyn Reports>,
}

impl Orders {
    /// Creates the orders that are recorded in `history`.
    #[must_use]
    pub fn new(history: DatabaseManager, reports: Arc<dyn Reports>) -> Self {
        Self { history, reports }
    }

    /// Orders a report.
    ///
    /// # Errors
    ///
    /// If the order cannot be recorded. Then there is neither a report nor a task.
    #[expect(clippy::disallowed_methods, reason = "an id of the service's own")]
    pub async fn place(&self, user: UserId, title: &str) -> Result<TaskKey> {
        let task = TaskKey::new(user, Uuid::now_v7().to_string())?;
        let report = Report {
            user_id: task.user.to_string(),
            id: task.task.to_string(),
            title: title.to_owned(),
            url: None,
        };
        let ordered = result(
            Step::Ordered,
            TaskStatus::Pending,
            json!({ "title": title }),
        )?;
        self.history
            .transaction(async |transaction| {
                self.reports.insert(transaction, &report).await?;
                let first = Step::Ordered.number();
                transaction.save_task_history(&task, first, ordered).await?;
                Ok(task.clone())
            })
            .await
    }

    /// Records a step of a report in progress, and returns the status of its task: `Cancelled` if the
    /// worker should stop.
    ///
    /// # Errors
    ///
    /// If the step cannot be recorded.
    pub async fn record(
        &self,
        task: &TaskKey,
        step: Step,
        what: serde_json::Value,
    ) -> Result<TaskStatus> {
        let result = result(step, TaskStatus::Running, what)?;
        let saved = self.history.save_task_history(task, step.number(), result);
        Ok(saved.await?)
    }

    /// Records the last step, and finishes the task.
    ///
    /// # Errors
    ///
    /// If this cannot be recorded. Then the report has no address, and its task is still open.
    pub async fn deliver(&self, task: &TaskKey, url: &str) -> Result<()> {
        let delivered = result(
            Step::Delivered,
            TaskStatus::Completed,
            json!({ "url": url }),
        )?;
        self.history
            .transaction(async |transaction| {
                let last = Step::Delivered.number();
                let status = transaction.save_task_history(task, last, delivered).await?;
                if status == TaskStatus::Completed {
                    transaction
                        .finish_task(task, FinalStatus::Completed)
                        .await?;
                    self.reports.set_url(transaction, task, url).await?;
                }
                Ok(())
            })
            .await
    }

    /// Returns a report with its history; `None` if the user has no such report.
    ///
    /// # Errors
    ///
    /// If they cannot be read.
    pub async fn find(&self, task: &TaskKey) -> Result<Option<(Report, Vec<HistoryEntry>)>> {
        self.history
            .transaction(async |transaction| {
                let Some(report) = self.reports.find(transaction, task).await? else {
                    return Ok(None);
                };
                Ok(Some((report, transaction.load_task_history(task).await?)))
            })
            .await
    }

    /// Returns the last step that was recorded of a report.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub async fn last_step(&self, task: &TaskKey) -> Result<Option<Step>> {
        let steps = self.history.load_task_history(task).await?;
        Ok(steps.last().and_then(|entry| Step::of(entry.step)))
    }

    /// Returns the tasks of all users that are not finished: after a crash, what was in progress. Other
    /// processes may be at work on them, so this is for a service that runs as one process.
    ///
    /// # Errors
    ///
    /// If they cannot be read.
    pub async fn unfinished(&self) -> Result<Vec<TaskKey>> {
        let history = self.history.task_history()?;
        let open = TaskFilter::default().with_finished(false);
        let (mut tasks, mut page) = (Vec::new(), PageRequest::first(PageSize::MAX));
        loop {
            let found = history.list_all(&UserPrefix::ALL, &open, &page).await?;
            tasks.extend(found.items.into_iter().map(|summary| summary.task));
            match found.next {
                Some(next) => page.after = Some(next),
                None => return Ok(tasks),
            }
        }
    }
}

impl Step {
    const ALL: [Self; 4] = [
        Self::Ordered,
        Self::Collected,
        Self::Rendered,
        Self::Delivered,
    ];

    fn of(number: StepNumber) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.number() == number)
    }

    fn number(self) -> StepNumber {
        StepNumber::from(match self {
            Self::Ordered => 0,
            Self::Collected => 1,
            Self::Rendered => 2,
            Self::Delivered => 3_u16,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Ordered => "ordered",
            Self::Collected => "collected",
            Self::Rendered => "rendered",
            Self::Delivered => "delivered",
        }
    }
}

fn result(step: Step, status: TaskStatus, what: serde_json::Value) -> Result<TaskStepResult> {
    let result = TaskStepResult::builder(step.name(), status)
        .completed(true)
        .result(what)
        .build()?;
    Ok(result)
}
