use tasktrail_domain::orchestration::TaskState;
use tasktrail_domain::orchestration::audit::{Change, EntityKind};
use tasktrail_domain::orchestration::task::{
    ResumeOutcome, Task, TaskChange, TaskChanges, TaskDefinition,
};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::{Document, TaskId};

use crate::store::orchestration::settling::enter;
use crate::store::orchestration::write::Write;

impl Write<'_> {
    pub(crate) fn update_task(&mut self, id: &TaskId, changes: &TaskChanges) -> TaskChange {
        let Some(task) = self.owner.tasks.get(id) else {
            return TaskChange::Unknown;
        };
        let state = task.progress.state;
        let version = task.version;
        if state.is_ended() {
            return TaskChange::AlreadyEnded { state };
        }
        if changes.expected.is_some_and(|expected| expected != version) {
            return TaskChange::Stale { version };
        }
        let definition = changed(&task.definition, changes);
        let before = &task.definition;
        let change = Change::updated(EntityKind::Task, id.clone().into(), before, &definition);
        let Some(change) = change else {
            return TaskChange::Changed { version };
        };
        self.changes.push(change);
        let at = self.context.at;
        self.owner
            .tasks
            .change(id, |task| redefine(task, definition, at));
        TaskChange::Changed {
            version: version.next(),
        }
    }

    pub(crate) fn resume(&mut self, id: &TaskId, answers: &Document) -> ResumeOutcome {
        let Some(task) = self.owner.tasks.get(id) else {
            return ResumeOutcome::Unknown;
        };
        let state = task.progress.state;
        if state != TaskState::Waiting {
            return ResumeOutcome::NotWaiting { state };
        }
        let Ok(context) = task.definition.context.merging("answers", answers) else {
            return ResumeOutcome::TooLarge;
        };
        let mut definition = task.definition.clone();
        definition.context = context;
        let at = self.context.at;
        self.owner.tasks.change(id, |task| {
            if definition != task.definition {
                redefine(task, definition, at);
            }
            enter(&mut task.progress, TaskState::Ready, at);
        });
        self.changes.push(Change::resumed(id, answers));
        ResumeOutcome::Resumed
    }
}

fn redefine(task: &mut Task, definition: TaskDefinition, at: Timestamp) {
    task.definition = definition;
    task.version = task.version.next();
    task.updated_at = at;
}

fn changed(before: &TaskDefinition, changes: &TaskChanges) -> TaskDefinition {
    let mut after = before.clone();
    replace(&mut after.title, changes.title.as_ref());
    replace(&mut after.description, changes.description.as_ref());
    replace(&mut after.tags, changes.tags.as_ref());
    replace(&mut after.requirements, changes.requirements.as_ref());
    replace(&mut after.context, changes.context.as_ref());
    replace(&mut after.priority, changes.priority.as_ref());
    replace(&mut after.max_attempts, changes.max_attempts.as_ref());
    after
}

fn replace<T: Clone>(value: &mut T, new: Option<&T>) {
    if let Some(new) = new {
        value.clone_from(new);
    }
}
