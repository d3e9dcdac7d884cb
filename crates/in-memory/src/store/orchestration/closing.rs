//! The end of an attempt.

use tasktrail_domain::orchestration::agent::{HeldAttempt, LostAttempt};
use tasktrail_domain::orchestration::audit::Change;
use tasktrail_domain::orchestration::dispatch::{Execution, Report, after_attempt};
use tasktrail_domain::orchestration::{AgentId, ExecutionState, TaskState};
use tasktrail_domain::timestamp::Timestamp;

use super::settling::{Settlement, enter};
use super::write::Write;

impl Write<'_> {
    /// Closes an open execution. Returns the state of the task after that, and what it settled; `None`
    /// if there is no such task.
    pub(super) fn close(
        &mut self,
        attempt: &HeldAttempt,
        end: ExecutionState,
        report: Option<&Report>,
    ) -> Option<(TaskState, Settlement)> {
        let at = self.context.at;
        let task = self.owner.tasks.get(&attempt.task)?;
        let from = task.progress.state;
        let counted = task.progress.counted_attempts;
        let result = report.map(|report| &report.result);
        let after = after_attempt(end, result, counted, task.definition.max_attempts, at);

        let close = |execution: &mut Execution| close(execution, end, report, at);
        self.owner.executions.change(attempt, close);
        self.owner.tasks.change(&attempt.task, |task| {
            let progress = &mut task.progress;
            enter(progress, after.state, at);
            progress.counted_attempts = after.counted_attempts;
            progress.due_at = after.due_at;
            if let Some(code) = &after.error_code {
                progress.error_code = Some(code.clone());
            }
        });
        let HeldAttempt { task, attempt } = attempt;
        let change = Change::attempt_ended(task, *attempt, from, end, &after);
        self.changes.push(change);
        let ended = after.state.is_ended().then(|| task.clone());
        Some((after.state, self.settle(ended.as_slice())))
    }

    /// Closes all open executions of an agent, in the order of their tasks.
    pub(super) fn close_all(&mut self, agent: &AgentId, end: ExecutionState) -> Vec<LostAttempt> {
        let open = self.owner.executions.open_of(agent);
        let close = |attempt: &HeldAttempt| {
            let (state, _) = self.close(attempt, end, None)?;
            let attempt = self.owner.attempt_key(attempt);
            Some(LostAttempt { attempt, state })
        };
        open.iter().filter_map(close).collect()
    }

    /// Closes the open execution of a task that was cancelled.
    pub(super) fn close_cancelled(&mut self, attempt: &HeldAttempt) {
        let at = self.context.at;
        let close = |execution: &mut Execution| {
            close(execution, ExecutionState::Cancelled, None, at);
        };
        self.owner.executions.change(attempt, close);
    }
}

fn close(execution: &mut Execution, end: ExecutionState, report: Option<&Report>, at: Timestamp) {
    execution.state = end;
    execution.closed_at = Some(at);
    if let Some(report) = report {
        execution.output.clone_from(&report.output);
        execution.error = report.result.error().cloned();
        execution.usage = report.usage;
    }
}
