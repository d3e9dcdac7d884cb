use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;

use tasktrail_domain::TaskId;
use tasktrail_domain::orchestration::TaskState;
use tasktrail_domain::orchestration::task::{
    Dependant, Dependants, Dependency, NewTask, Prerequisites, Task, TaskOverview,
};

use super::queues::Queues;
use super::task_lists::TaskLists;

/// The tasks of an owner, and their dependencies.
#[derive(Debug, Clone, Default)]
pub(crate) struct TaskTable {
    tasks: BTreeMap<TaskId, CreatedTask>,
    /// The dependencies, by prerequisite.
    dependants: Dependants,
    pub(super) lists: TaskLists,
    /// The ready tasks.
    pub(super) queues: Queues,
}

#[derive(Debug, Clone)]
struct CreatedTask {
    task: Task,
    /// To recognize the same plan.
    created_with: NewTask,
}

impl TaskTable {
    pub(crate) fn get(&self, id: &TaskId) -> Option<&Task> {
        self.tasks.get(id).map(|created| &created.task)
    }

    pub(super) fn state(&self, id: &TaskId) -> Option<TaskState> {
        self.get(id).map(|task| task.progress.state)
    }

    /// Returns whether the task with this id was created exactly like this; `None` if it does not
    /// exist.
    pub(super) fn is_created_with(&self, task: &NewTask) -> Option<bool> {
        let created = self.tasks.get(&task.task)?;
        Some(created.created_with == *task)
    }

    pub(super) fn insert(&mut self, task: Task) {
        let id = task.key.task.clone();
        self.lists.insert(&TaskOverview::of(&task));
        self.queues.insert(&task);
        for dependency in &task.dependencies {
            self.add_edge(&id, dependency);
        }
        let created_with = NewTask::new(id.clone(), task.definition.clone())
            .with_dependencies(task.dependencies.clone());
        self.tasks.insert(id, CreatedTask { task, created_with });
    }

    /// Changes a task, but not its dependencies.
    pub(super) fn change(&mut self, id: &TaskId, change: impl FnOnce(&mut Task)) {
        let Some(CreatedTask { task, .. }) = self.tasks.get_mut(id) else {
            return;
        };
        self.lists.remove(&TaskOverview::of(task));
        self.queues.remove(task);
        change(task);
        self.lists.insert(&TaskOverview::of(task));
        self.queues.insert(task);
    }

    /// Adds dependencies that a task does not have.
    pub(super) fn add_dependencies(&mut self, id: &TaskId, added: &[Dependency]) {
        for dependency in added {
            self.add_edge(id, dependency);
        }
        self.change(id, |task| {
            task.dependencies.extend_from_slice(added);
            task.dependencies.sort();
        });
    }

    pub(super) fn remove_dependencies(&mut self, id: &TaskId, removed: &[Dependency]) {
        for dependency in removed {
            if let Some(dependants) = self.dependants.get_mut(&dependency.prerequisite) {
                dependants.retain(|(dependant, _)| dependant != id);
            }
        }
        let kept = |dependency: &Dependency| !removed.contains(dependency);
        self.change(id, |task| task.dependencies.retain(kept));
    }

    /// Removes a task with its dependencies and those on it.
    pub(super) fn remove(&mut self, id: &TaskId) {
        let Some(task) = self.get(id).cloned() else {
            return;
        };
        self.remove_dependencies(id, &task.dependencies);
        for (dependant, when) in self.dependants.remove(id).unwrap_or_default() {
            let prerequisite = id.clone();
            self.remove_dependencies(&dependant, &[Dependency { prerequisite, when }]);
        }
        self.lists.remove(&TaskOverview::of(&task));
        self.queues.remove(&task);
        self.tasks.remove(id);
    }

    /// Returns the tasks after one, in the order of their ids.
    pub(super) fn after(&self, id: Option<&TaskId>) -> impl Iterator<Item = &Task> {
        let after = id.map_or(Bound::Unbounded, Bound::Excluded);
        let tasks = self.tasks.range::<TaskId, _>((after, Bound::Unbounded));
        tasks.map(|(_, created)| &created.task)
    }

    pub(super) fn dependants(&self) -> &Dependants {
        &self.dependants
    }

    /// Returns the blocked tasks that depend on one of `ended`, directly or through blocked tasks.
    pub(super) fn blocked_by(&self, ended: &[TaskId]) -> BTreeMap<TaskId, Dependant> {
        let mut blocked = BTreeMap::new();
        let mut queue: VecDeque<_> = ended.iter().collect();
        while let Some(prerequisite) = queue.pop_front() {
            for (id, _) in self.dependants.get(prerequisite).into_iter().flatten() {
                let progress = self.get(id).map(|task| &task.progress);
                let progress = progress.filter(|progress| progress.state == TaskState::Blocked);
                let Some(progress) = progress.filter(|_| !blocked.contains_key(id)) else {
                    continue;
                };
                let dependant = Dependant {
                    state: progress.state,
                    open_dependencies: progress.open_dependencies,
                };
                blocked.insert(id.clone(), dependant);
                queue.push_back(id);
            }
        }
        blocked
    }

    /// Returns the prerequisites of `starts`, of their prerequisites, and so on; `None` if these are
    /// more than `limit` tasks.
    pub(super) fn prerequisites_of<'t>(
        &'t self,
        starts: impl Iterator<Item = &'t TaskId>,
        limit: usize,
    ) -> Option<Prerequisites> {
        let mut prerequisites = Prerequisites::new();
        let mut queue: VecDeque<_> = starts.collect();
        while let Some(id) = queue.pop_front() {
            if prerequisites.contains_key(id) {
                continue;
            }
            if prerequisites.len() == limit {
                return None;
            }
            let task = self.get(id).into_iter();
            let of_task = task.flat_map(|task| &task.dependencies);
            let of_task = of_task.map(|edge| &edge.prerequisite);
            queue.extend(of_task.clone());
            prerequisites.insert(id.clone(), of_task.cloned().collect());
        }
        Some(prerequisites)
    }

    fn add_edge(&mut self, id: &TaskId, dependency: &Dependency) {
        let of_prerequisite = self.dependants.entry(dependency.prerequisite.clone());
        let edge = (id.clone(), dependency.when);
        of_prerequisite.or_default().push(edge);
    }
}
