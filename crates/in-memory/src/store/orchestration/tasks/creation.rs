use std::error::Error;

use tasktrail_domain::TaskId;
use tasktrail_domain::orchestration::WriteConflict;
use tasktrail_domain::orchestration::audit::Change;
use tasktrail_domain::orchestration::task::{
    NewTask, PlanConflict, PlanOutcome, PlannedTask, Task, TaskPlan, TaskProgress, operation,
    state_at_creation,
};
use tasktrail_domain::write::WriteContext;

use crate::store::orchestration::owner::Owner;
use crate::store::orchestration::purpose::{Purpose, Subject};
use crate::store::orchestration::task_table::TaskTable;
use crate::store::orchestration::write::{EndedTask, Write};

impl Owner {
    /// Creates a plan, unless it was created before. A repetition returns the current states.
    ///
    /// The error is a [`WriteConflict`] or a [`PlanConflict`].
    pub(crate) fn create(
        &mut self,
        context: &WriteContext,
        plan: &TaskPlan,
    ) -> Result<(PlanOutcome, Vec<EndedTask>), Box<dyn Error + Send + Sync>> {
        let ids = plan.tasks().iter().map(|task| task.task.clone());
        let purpose = Purpose::new(operation::CREATE, Subject::Tasks(ids.collect()));
        let known = self.log.answer::<PlanOutcome>(context.id, &purpose)?;
        if let Some(tasks) = created_before(&self.tasks, plan)? {
            return Ok((PlanOutcome::Known { tasks }, Vec::new()));
        }
        if known.is_some() {
            // The tasks were removed since.
            return Err(WriteConflict::new(context.id).into());
        }
        let create = |write: &mut Write<'_>| write.create(plan);
        Ok(self.write(context, purpose, create)?)
    }
}

/// Returns the tasks of a plan if all of them exist, and `None` if none does.
fn created_before(
    tasks: &TaskTable,
    plan: &TaskPlan,
) -> Result<Option<Vec<PlannedTask>>, PlanConflict> {
    let differs = |task: &&NewTask| {
        let same = tasks.is_created_with(task);
        same.is_some_and(|same| !same)
    };
    if let Some(task) = plan.tasks().iter().find(differs) {
        return Err(PlanConflict::new(task.task.clone()));
    }
    let existing = plan.tasks().iter().filter_map(|task| {
        let state = tasks.state(&task.task)?;
        let task = task.task.clone();
        Some(PlannedTask { task, state })
    });
    let existing: Vec<_> = existing.collect();
    match existing.first() {
        None => Ok(None),
        Some(first) if existing.len() < plan.tasks().len() => {
            Err(PlanConflict::new(first.task.clone()))
        }
        Some(_) => Ok(Some(existing)),
    }
}

impl Write<'_> {
    /// Creates a plan none of whose tasks exists.
    fn create(&mut self, plan: &TaskPlan) -> PlanOutcome {
        if let Some(unknown) = self.unknown_parent(plan) {
            return unknown;
        }
        if let Some(unknown) = self.unknown_prerequisite(plan) {
            return unknown;
        }
        // Prerequisites come first, so each task finds the states of its own.
        let tasks = plan.tasks().iter().map(|task| self.create_task(task));
        PlanOutcome::Created {
            tasks: tasks.collect(),
        }
    }

    fn unknown_parent(&self, plan: &TaskPlan) -> Option<PlanOutcome> {
        let mut unknown = plan.external_parents();
        unknown.retain(|parent| self.owner.tasks.get(parent).is_none());
        plan.tasks().iter().find_map(|task| {
            let parent = task.definition.parent.as_ref()?;
            unknown
                .contains(parent)
                .then(|| PlanOutcome::UnknownParent {
                    task: task.task.clone(),
                    parent: parent.clone(),
                })
        })
    }

    fn unknown_prerequisite(&self, plan: &TaskPlan) -> Option<PlanOutcome> {
        let mut unknown = plan.external_prerequisites();
        unknown.retain(|prerequisite| self.owner.tasks.get(prerequisite).is_none());
        plan.tasks().iter().find_map(|task| {
            let prerequisites = task.dependencies.iter().map(|edge| &edge.prerequisite);
            let mut unknown = prerequisites.filter(|task| unknown.contains(task));
            unknown
                .next()
                .map(|prerequisite: &TaskId| PlanOutcome::UnknownPrerequisite {
                    task: task.task.clone(),
                    prerequisite: prerequisite.clone(),
                })
        })
    }

    fn create_task(&mut self, new: &NewTask) -> PlannedTask {
        let tasks = &self.owner.tasks;
        let prerequisites = new.dependencies.iter();
        let (state, open) = state_at_creation(
            prerequisites.filter_map(|edge| Some((edge.when, tasks.state(&edge.prerequisite)?))),
        );
        let progress = TaskProgress::created(state, open, self.context.at);
        let key = self.owner.task_key(&new.task);
        let mut task = Task::new(key, new.definition.clone(), progress);
        task.dependencies.clone_from(&new.dependencies);
        self.owner.tasks.insert(task);
        self.changes.push(Change::created(&new.task, state));
        self.finish(&new.task, state);
        PlannedTask {
            task: new.task.clone(),
            state,
        }
    }
}
