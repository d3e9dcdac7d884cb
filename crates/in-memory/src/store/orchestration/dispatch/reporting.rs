use tasktrail_domain::orchestration::agent::HeldAttempt;
use tasktrail_domain::orchestration::audit::Change;
use tasktrail_domain::orchestration::dispatch::{Execution, Report, ReportOutcome, StartOutcome};
use tasktrail_domain::orchestration::task::Task;
use tasktrail_domain::orchestration::{AttemptKey, ExecutionState, TaskState};

use crate::store::orchestration::write::Write;

impl Write<'_> {
    pub(crate) fn start(&mut self, attempt: &AttemptKey) -> StartOutcome {
        let held = held(attempt);
        let Some(execution) = self.owner.executions.get(&held) else {
            return StartOutcome::Unknown;
        };
        match execution.state {
            ExecutionState::Assigned => self.start_assigned(&held),
            ExecutionState::Running => StartOutcome::Started {
                deadline: execution.deadline,
            },
            state => StartOutcome::Closed { state },
        }
    }

    fn start_assigned(&mut self, attempt: &HeldAttempt) -> StartOutcome {
        let at = self.context.at;
        let id = &attempt.task;
        let task = self.owner.tasks.get(id);
        let limit = task.and_then(|task| task.definition.time_limit);
        let deadline = limit.map(|limit| limit.deadline(at));
        self.owner
            .executions
            .change(attempt, |execution: &mut Execution| {
                execution.state = ExecutionState::Running;
                execution.started_at = Some(at);
                execution.deadline = deadline;
            });
        self.owner.tasks.change(id, |task: &mut Task| {
            task.progress.state = TaskState::Running;
            task.progress.changed_at = at;
        });
        self.changes.push(Change::started(id, attempt.attempt));
        StartOutcome::Started { deadline }
    }

    pub(crate) fn report(&mut self, report: &Report) -> ReportOutcome {
        let attempt = held(&report.attempt);
        let execution = self.owner.executions.get(&attempt);
        let task = self.owner.tasks.state(&attempt.task);
        let (Some(execution), Some(task)) = (execution, task) else {
            return ReportOutcome::Unknown;
        };
        let state = execution.state;
        if !state.is_open() {
            self.changes.push(Change::report_superseded(report));
            return ReportOutcome::Superseded { state, task };
        }
        match self.close(&attempt, report.result.state(), Some(report)) {
            Some((state, settlement)) => ReportOutcome::Recorded {
                state,
                ready: settlement.ready,
                skipped: settlement.skipped,
            },
            None => ReportOutcome::Unknown,
        }
    }
}

fn held(attempt: &AttemptKey) -> HeldAttempt {
    HeldAttempt {
        task: attempt.task.task.clone(),
        attempt: attempt.attempt,
    }
}
