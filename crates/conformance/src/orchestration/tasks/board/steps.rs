//! Steps that bring tasks from one state to another.

use tasktrail_domain::orchestration::dispatch::{AssignOutcome, Report, ReportOutcome};
use tasktrail_domain::orchestration::{Attempt, AttemptKey, TaskState};

use super::{Board, worker};
use crate::fixture::{INSTANT, task};
use crate::orchestration::fixture::{EditTask, completed, failed, new_task, waiting};

/// Brings tasks from one state to another.
impl Board<'_> {
    /// Assigns a ready task to the agent.
    pub async fn assign(&self, id: &str) -> Attempt {
        let (next, worker) = (self.next(), worker().agent.agent);
        match self.ports.assign(&next, &task(id), &worker).await {
            AssignOutcome::Assigned { attempt, .. } => attempt,
            other => panic!("{id}: {other:?}"),
        }
    }

    /// Assigns a ready task, and starts it.
    pub async fn start(&self, id: &str) -> Attempt {
        let attempt = self.assign(id).await;
        let next = self.next();
        let key = AttemptKey::new(task(id), attempt);
        self.ports.start(&next, &key).await;
        attempt
    }

    /// Assigns a ready task, and reports that it is completed.
    pub async fn complete(&self, id: &str) -> ReportOutcome {
        self.attempt(id, completed).await
    }

    /// Assigns a ready task, and reports that it failed for good.
    pub async fn fail(&self, id: &str) -> ReportOutcome {
        self.attempt(id, |key| failed(key, None)).await
    }

    /// Assigns a ready task, and reports a question.
    pub async fn ask(&self, id: &str) -> ReportOutcome {
        self.attempt(id, waiting).await
    }

    /// Assigns a ready task with a time limit, and reaps it as soon as that has passed.
    pub async fn time_out(&self, id: &str) {
        self.assign(id).await;
        let limit = self.get(id).await.definition.time_limit.unwrap();
        let deadline = limit.deadline(self.last().at);
        let reap = self.following(self.writes.at(deadline.saturating_add(INSTANT)));
        assert_eq!(self.ports.reap(&reap).await.len(), 1, "{id}");
    }

    /// Ends a ready task. To time out, it needs a time limit and only one attempt.
    pub async fn end(&self, id: &str, state: TaskState) {
        match state {
            TaskState::Completed => drop(self.complete(id).await),
            TaskState::Failed => drop(self.fail(id).await),
            TaskState::Cancelled => drop(self.cancel(id).await),
            TaskState::TimedOut => self.time_out(id).await,
            other => panic!("a ready task does not end as {other}"),
        }
        assert_eq!(self.state(id).await, state, "{id}");
    }

    /// Creates a task in a state. One that is blocked or skipped waits for the task `{id} first`.
    pub async fn given_in(&self, state: TaskState, id: &str) {
        let first = format!("{id} first");
        if matches!(state, TaskState::Blocked | TaskState::Skipped) {
            self.given([new_task(&first), new_task(id).after(&first)])
                .await;
        } else if state == TaskState::TimedOut {
            self.given([new_task(id).attempted(1).limited_to(1)]).await;
        } else {
            self.given([new_task(id)]).await;
        }
        match state {
            TaskState::Blocked | TaskState::Ready => {}
            TaskState::Assigned => drop(self.assign(id).await),
            TaskState::Running => drop(self.start(id).await),
            TaskState::Waiting => drop(self.ask(id).await),
            TaskState::Skipped => drop(self.fail(&first).await),
            ended => self.end(id, ended).await,
        }
        assert_eq!(self.state(id).await, state, "{id}");
    }

    async fn attempt(&self, id: &str, report: impl FnOnce(AttemptKey) -> Report) -> ReportOutcome {
        let attempt = self.assign(id).await;
        let next = self.next();
        let report = report(AttemptKey::new(task(id), attempt));
        self.ports.report(&next, &report).await
    }
}
