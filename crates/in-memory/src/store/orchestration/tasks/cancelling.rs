use std::collections::BTreeSet;

use tasktrail_domain::TaskId;
use tasktrail_domain::orchestration::TaskState;
use tasktrail_domain::orchestration::agent::HeldAttempt;
use tasktrail_domain::orchestration::audit::{Action, Change};
use tasktrail_domain::orchestration::task::{CancelOutcome, CancelScope, Task};

use crate::store::orchestration::owner::Owner;
use crate::store::orchestration::settling::{Settlement, enter};
use crate::store::orchestration::write::Write;

impl Write<'_> {
    pub(crate) fn cancel(&mut self, id: &TaskId, scope: CancelScope) -> CancelOutcome {
        let Some(task) = self.owner.tasks.get(id) else {
            return CancelOutcome::Unknown;
        };
        let previous = task.progress.state;
        if let Some(at) = task.progress.ended_at() {
            return CancelOutcome::AlreadyEnded {
                state: previous,
                at,
            };
        }
        let descendants = match scope {
            CancelScope::Task => Vec::new(),
            CancelScope::Descendants => self.owner.open_descendants(id),
        };
        let mut cancelled = vec![id.clone()];
        cancelled.extend_from_slice(&descendants);
        for task in &cancelled {
            self.cancel_one(task);
        }
        let Settlement { skipped, .. } = self.settle(&cancelled);
        CancelOutcome::Cancelled {
            previous,
            descendants,
            skipped,
        }
    }

    fn cancel_one(&mut self, id: &TaskId) {
        let Some(task) = self.owner.tasks.get(id) else {
            return;
        };
        let from = task.progress.state;
        if let Some(attempt) = self.owner.open_attempt(task) {
            self.close_cancelled(&attempt);
        }
        let at = self.context.at;
        let cancel = |task: &mut Task| enter(&mut task.progress, TaskState::Cancelled, at);
        self.owner.tasks.change(id, cancel);
        let change = Change::state(Action::TASK_CANCELLED, id, from, TaskState::Cancelled);
        self.changes.push(change);
    }
}

impl Owner {
    /// Returns the open ones of a task's parts, of their parts, and so on, in ascending order.
    fn open_descendants(&self, id: &TaskId) -> Vec<TaskId> {
        let mut descendants = BTreeSet::new();
        let mut parents = vec![id];
        while let Some(parent) = parents.pop() {
            for part in self.tasks.lists.parts(parent) {
                if descendants.insert(part) {
                    parents.push(part);
                }
            }
        }
        let is_open = |task: &TaskId| {
            self.tasks
                .state(task)
                .is_some_and(|state| !state.is_ended())
        };
        descendants.remove(id);
        let open = descendants.into_iter().filter(|task| is_open(task));
        open.cloned().collect()
    }

    fn open_attempt(&self, task: &Task) -> Option<HeldAttempt> {
        let agent = task.progress.agent.as_ref()?;
        let open = self.executions.open_of(agent);
        open.into_iter()
            .find(|attempt| attempt.task == task.key.task)
    }
}
