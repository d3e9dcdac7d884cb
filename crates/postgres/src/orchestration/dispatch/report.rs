//! Closes attempts as their agents report it.

pub(super) mod statements;

use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde::Deserialize;
use tasktrail_domain::orchestration::TaskState;
use tasktrail_domain::orchestration::audit::{Action, Change, EntityKind};
use tasktrail_domain::orchestration::dispatch::{AttemptResult, Report, ReportOutcome};
use tasktrail_domain::write::WriteContext;
use tasktrail_domain::{JsonText, TaskId};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::statement::Prepared;

use self::statements::{ReportCompleted, Unlocked};
use super::attempt::attempt_of;
use crate::error::corrupt;
use crate::orchestration::closing::{ClosedAttempt, Closing, close_attempts, free_slots};
use crate::orchestration::task_row::task_id_of;
use crate::orchestration::write_log::{Replay, record, replayed};

/// Closes an attempt. One statement suffices for a task that is completed, as most are; everything
/// else is a transaction.
pub(super) async fn report(
    connection: &mut AsyncPgConnection,
    context: &WriteContext,
    report: &Report,
    wait: LockWait,
) -> Result<ReportOutcome, StoreError> {
    if report.result == AttemptResult::Completed {
        let completed = Prepared(ReportCompleted::of(context, report, wait));
        // Read all rows: an error after the first row would mean that the report is rolled back.
        let ready: Vec<Vec<String>> = completed.load(connection).await?;
        if let Some(ready) = ready.into_iter().next() {
            return Ok(ReportOutcome::Recorded {
                state: TaskState::Completed,
                ready: task_ids(ready)?,
                skipped: Vec::new(),
            });
        }
    }
    connection
        .transaction(async |connection| transaction(connection, context, report, wait).await)
        .await
}

async fn transaction(
    connection: &mut AsyncPgConnection,
    context: &WriteContext,
    report: &Report,
    wait: LockWait,
) -> Result<ReportOutcome, StoreError> {
    let closing = Closing {
        attempt: report.attempt.clone(),
        end: report.result.state(),
        report: Some(report),
    };
    let user = &report.attempt.task.user;
    if let Some(earlier) = replayed(connection, user, context.id).await? {
        return repeated(connection, &earlier, report).await;
    }
    let closed = close_attempts(connection, context, vec![closing], wait).await?;
    let [only] = closed.as_slice() else {
        return superseded(connection, context, report).await;
    };
    free_slots(connection, &closed).await?;
    record(connection, context, user, 0, &only.changes, None).await?;
    Ok(recorded(only))
}

fn recorded(closed: &ClosedAttempt) -> ReportOutcome {
    ReportOutcome::Recorded {
        state: closed.after.state,
        ready: closed.became(TaskState::Ready),
        skipped: closed.became(TaskState::Skipped),
    }
}

/// Records a report that came too late.
async fn superseded(
    connection: &mut AsyncPgConnection,
    context: &WriteContext,
    report: &Report,
) -> Result<ReportOutcome, StoreError> {
    let Some(found) = attempt_of(connection, &report.attempt).await? else {
        return Ok(ReportOutcome::Unknown);
    };
    let outcome = ReportOutcome::Superseded {
        state: found.state,
        task: found.task,
    };
    let answer = JsonText::of(&outcome).unwrap_or_default();
    let user = &report.attempt.task.user;
    let changes = [Change::report_superseded(report)];
    record(connection, context, user, 0, &changes, Some(&answer)).await?;
    Ok(outcome)
}

/// The actions of reports that were recorded.
const RECORDED: [Action; 4] = [
    Action::TASK_COMPLETED,
    Action::TASK_FAILED,
    Action::TASK_RELEASED,
    Action::TASK_WAITING,
];

/// The result of an earlier report with the same write id, which its entries in the audit log have.
async fn repeated(
    connection: &mut AsyncPgConnection,
    earlier: &Replay,
    report: &Report,
) -> Result<ReportOutcome, StoreError> {
    let task = report.attempt.task.task.as_str();
    if earlier.action == Action::TASK_REPORT_SUPERSEDED {
        earlier.check(&[Action::TASK_REPORT_SUPERSEDED], EntityKind::Task, task)?;
        return earlier.answer();
    }
    earlier.check(&RECORDED, EntityKind::Task, task)?;
    let state = state_after(earlier, report)?;
    let unlocked = Prepared(Unlocked::of(&report.attempt.task.user, earlier.id));
    let entries: Vec<(String, String)> = unlocked.load(connection).await?;
    let became = |action: Action| {
        let entries = entries.iter().filter(|(of, _)| of == action.as_str());
        task_ids(entries.map(|(_, task)| task.clone()))
    };
    Ok(ReportOutcome::Recorded {
        state,
        ready: became(Action::TASK_READY)?,
        skipped: became(Action::TASK_SKIPPED)?,
    })
}

/// The state of the task in the entry of a report.
fn state_after(earlier: &Replay, report: &Report) -> Result<TaskState, StoreError> {
    #[derive(Deserialize)]
    struct After {
        state: TaskState,
    }

    let after = earlier.after.clone().unwrap_or_default();
    let after: Result<After, _> = after.deserialize();
    let refused = |source| corrupt("audit_log", "after", &report.attempt, source);
    Ok(after.map_err(refused)?.state)
}

fn task_ids(ids: impl IntoIterator<Item = String>) -> Result<Vec<TaskId>, StoreError> {
    let ids = ids.into_iter();
    ids.map(|id| task_id_of("task_state", id)).collect()
}
