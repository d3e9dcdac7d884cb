use std::collections::BTreeMap;

use tasktrail_domain::TaskId;
use tasktrail_domain::orchestration::TaskState;
use tasktrail_domain::orchestration::audit::Change;
use tasktrail_domain::orchestration::task::{
    Dependency, DependencyChange, Task, TaskPlan, When, find_cycle, state_at_creation,
};

use crate::store::orchestration::owner::Owner;
use crate::store::orchestration::settling::{Settlement, enter};
use crate::store::orchestration::write::Write;

/// How many tasks are read at most to find a cycle.
const MAX_READ: usize = 100_000;

impl Write<'_> {
    pub(crate) fn add_dependencies(
        &mut self,
        id: &TaskId,
        dependencies: &[Dependency],
    ) -> DependencyChange {
        let added = match self.owner.new_dependencies(id, dependencies) {
            Ok(added) => added,
            Err(refused) => return refused,
        };
        self.owner.tasks.add_dependencies(id, &added);
        self.changed(id, &added, Change::dependencies_added)
    }

    pub(crate) fn remove_dependencies(
        &mut self,
        id: &TaskId,
        prerequisites: &[TaskId],
    ) -> DependencyChange {
        let removed = match self.owner.changeable(id) {
            Ok(task) => task.dependencies.iter(),
            Err(refused) => return refused,
        };
        let removed = removed.filter(|edge| prerequisites.contains(&edge.prerequisite));
        let removed: Vec<_> = removed.cloned().collect();
        self.owner.tasks.remove_dependencies(id, &removed);
        self.changed(id, &removed, Change::dependencies_removed)
    }

    /// Puts a task whose dependencies were changed into the state that they require.
    fn changed(
        &mut self,
        id: &TaskId,
        changed: &[Dependency],
        entry: fn(&TaskId, TaskState, TaskState, &[Dependency]) -> Change,
    ) -> DependencyChange {
        let Some(from) = self.owner.tasks.state(id) else {
            return DependencyChange::Unknown;
        };
        if changed.is_empty() {
            return unskipped(from);
        }
        let (to, open) = self.owner.required_state(id);
        let at = self.context.at;
        self.owner.tasks.change(id, |task| {
            if from != to {
                enter(&mut task.progress, to, at);
            }
            task.progress.open_dependencies = open;
            task.updated_at = at;
        });
        self.changes.push(entry(id, from, to, changed));
        let ended = to.is_ended().then(|| id.clone());
        let Settlement { skipped, .. } = self.settle(ended.as_slice());
        DependencyChange::Changed { state: to, skipped }
    }
}

impl Owner {
    /// Returns those of the dependencies that a task does not have, sorted, if they can be added.
    fn new_dependencies(
        &self,
        id: &TaskId,
        dependencies: &[Dependency],
    ) -> Result<Vec<Dependency>, DependencyChange> {
        let task = self.changeable(id)?;
        let existing = task.dependencies.iter();
        let mut known: BTreeMap<&TaskId, When> = existing
            .map(|edge| (&edge.prerequisite, edge.when))
            .collect();
        let mut added = Vec::new();
        for dependency in dependencies {
            let Dependency { prerequisite, when } = dependency;
            if self.tasks.get(prerequisite).is_none() {
                let prerequisite = prerequisite.clone();
                return Err(DependencyChange::UnknownPrerequisite { prerequisite });
            }
            match known.insert(prerequisite, *when) {
                None => added.push(dependency.clone()),
                Some(same) if same == *when => {}
                Some(_) => {
                    let prerequisite = prerequisite.clone();
                    return Err(DependencyChange::Differs { prerequisite });
                }
            }
        }
        added.sort();
        if known.len() > TaskPlan::MAX_DEPENDENCIES_OF_A_TASK {
            return Err(DependencyChange::TooLarge);
        }
        self.check_cycle(id, &added)?;
        Ok(added)
    }

    /// Returns a task if its dependencies can be changed: if it is blocked or ready.
    fn changeable(&self, id: &TaskId) -> Result<&Task, DependencyChange> {
        let task = self.tasks.get(id).ok_or(DependencyChange::Unknown)?;
        match task.progress.state {
            TaskState::Blocked | TaskState::Ready => Ok(task),
            state => Err(DependencyChange::TooLate { state }),
        }
    }

    fn check_cycle(&self, id: &TaskId, added: &[Dependency]) -> Result<(), DependencyChange> {
        let starts = || added.iter().map(|edge| &edge.prerequisite);
        let reachable = self.tasks.prerequisites_of(starts(), MAX_READ);
        let reachable = reachable.ok_or(DependencyChange::TooLarge)?;
        match find_cycle(id, starts(), &reachable) {
            Some(tasks) => Err(DependencyChange::Cycle { tasks }),
            None => Ok(()),
        }
    }

    /// Returns the state that the dependencies of a blocked or ready task require, and the number of
    /// them that are open.
    fn required_state(&self, id: &TaskId) -> (TaskState, u32) {
        let dependencies = self.tasks.get(id).map(|task| &task.dependencies);
        let each = dependencies.into_iter().flatten();
        state_at_creation(
            each.filter_map(|edge| Some((edge.when, self.tasks.state(&edge.prerequisite)?))),
        )
    }
}

fn unskipped(state: TaskState) -> DependencyChange {
    DependencyChange::Changed {
        state,
        skipped: Vec::new(),
    }
}
