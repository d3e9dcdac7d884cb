//! What the end of a task does: to the task history, and to the tasks that depend on it.

use tasktrail_domain::TaskId;
use tasktrail_domain::orchestration::TaskState;
use tasktrail_domain::orchestration::audit::{Action, Change};
use tasktrail_domain::orchestration::task::{Settled, TaskProgress, settle};
use tasktrail_domain::timestamp::Timestamp;

use super::write::Write;

/// The tasks that changed because others ended, each in ascending order.
#[derive(Debug, Default)]
pub(super) struct Settlement {
    pub(super) ready: Vec<TaskId>,
    pub(super) skipped: Vec<TaskId>,
}

/// Puts a task into a state, due at once if that is `ready`, and without an agent.
pub(super) fn enter(progress: &mut TaskProgress, state: TaskState, at: Timestamp) {
    progress.state = state;
    progress.changed_at = at;
    progress.agent = None;
    progress.due_at = (state == TaskState::Ready).then_some(at);
    if state != TaskState::Blocked {
        progress.open_dependencies = 0;
    }
}

impl Write<'_> {
    /// Finishes tasks that have ended in the task history, and settles the tasks that depend on them.
    pub(super) fn settle(&mut self, ended: &[TaskId]) -> Settlement {
        let tasks = &self.owner.tasks;
        let ends = ended
            .iter()
            .filter_map(|id| Some((id.clone(), tasks.state(id)?)));
        let ends: Vec<_> = ends.collect();
        let blocked = tasks.blocked_by(ended);
        let settled = settle(ends.iter().cloned(), tasks.dependants(), &blocked);
        for (task, state) in &ends {
            self.finish(task, *state);
        }
        let mut settlement = Settlement::default();
        for change in settled {
            self.apply(&change);
            match change.to {
                TaskState::Ready => settlement.ready.push(change.task),
                TaskState::Skipped => settlement.skipped.push(change.task),
                _ => {}
            }
        }
        settlement
    }

    fn apply(&mut self, settled: &Settled) {
        let Settled {
            task,
            from,
            to,
            open_dependencies,
        } = settled;
        let at = self.context.at;
        self.owner.tasks.change(task, |task| {
            if to != from {
                enter(&mut task.progress, *to, at);
            }
            task.progress.open_dependencies = *open_dependencies;
        });
        let action = match to {
            TaskState::Ready => Action::TASK_READY,
            TaskState::Skipped => Action::TASK_SKIPPED,
            _ => return,
        };
        self.changes.push(Change::state(action, task, *from, *to));
        self.finish(task, *to);
    }
}
