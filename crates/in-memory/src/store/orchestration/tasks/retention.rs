use tasktrail_domain::orchestration::TaskState;
use tasktrail_domain::orchestration::task::{RemovedTasks, Task, TaskRetention};
use tasktrail_domain::repository::PageRequest;
use tasktrail_domain::{TaskId, TaskKey};

use crate::store::orchestration::owner::Owner;
use crate::store::task_history::count;

/// A batch of tasks to remove.
pub(crate) struct ExpiredBatch {
    pub(crate) tasks: Vec<TaskKey>,
    /// The last task that was examined, if another covered one follows.
    next: Option<TaskKey>,
}

impl ExpiredBatch {
    /// Examines the tasks that the retention covers, in the order of their keys. `owners` are those in
    /// its scope, in ascending order, from that of the last batch on.
    pub(crate) fn of<'o>(
        owners: impl Iterator<Item = &'o Owner>,
        retention: &TaskRetention,
        batch: &PageRequest<TaskKey>,
    ) -> Self {
        let size = batch.size.get();
        let covered = owners.flat_map(|owner| {
            let after = batch.after.as_ref();
            let after = after.filter(|after| after.user == owner.user);
            let covered = owner.covered(retention, after.map(|after| &after.task));
            covered.map(move |task| (owner, task))
        });
        let mut examined: Vec<_> = covered.take(size + 1).collect();
        let more = examined.len() > size;
        examined.truncate(size);
        let next = examined.last().filter(|_| more);
        let next = next.map(|(_, task)| task.key.clone());
        let removable = |(owner, task): &(&Owner, &Task)| owner.is_removable(&task.key.task);
        examined.retain(removable);
        let tasks = examined.iter().map(|(_, task)| task.key.clone());
        Self {
            tasks: tasks.collect(),
            next,
        }
    }

    pub(crate) fn removed(self) -> RemovedTasks {
        RemovedTasks::new(count(self.tasks.len()), self.next)
    }
}

impl Owner {
    /// Counts the tasks that the retention would remove.
    pub(crate) fn count_expired(&self, retention: &TaskRetention) -> u64 {
        let covered = self.covered(retention, None);
        let removable = covered.filter(|task| self.is_removable(&task.key.task));
        count(removable.count())
    }

    /// Removes an ended task with its dependencies and executions.
    pub(crate) fn remove(&mut self, id: &TaskId) {
        self.tasks.remove(id);
        self.executions.remove_of(id);
    }

    fn covered(
        &self,
        retention: &TaskRetention,
        after: Option<&TaskId>,
    ) -> impl Iterator<Item = &Task> {
        let (states, ended_before) = (retention.states, retention.ended_before);
        self.tasks.after(after).filter(move |task| {
            let ended_at = task.progress.ended_at();
            states.contains(task.progress.state) && ended_at.is_some_and(|at| at < ended_before)
        })
    }

    /// Whether a task is neither a prerequisite nor the parent of an open task.
    fn is_removable(&self, id: &TaskId) -> bool {
        let dependants = self.tasks.dependants().get(id).into_iter().flatten();
        let dependants = dependants.map(|(task, _)| task);
        let mut others = dependants.chain(self.tasks.lists.parts(id));
        let is_ended = |task: &TaskId| self.tasks.state(task).is_none_or(TaskState::is_ended);
        others.all(is_ended)
    }
}
