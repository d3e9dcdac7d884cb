use serde::{Deserialize, Serialize};

use super::NewTask;
use crate::orchestration::task::definition::TaskDefinition;
use crate::orchestration::task::dependency::Dependency;
use crate::orchestration::task::limits::{
    Description, MaxAttempts, Priority, Tags, TimeLimit, Title,
};
use crate::{Document, TaskId};

/// The JSON form of a new task: flat, and with defaults.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTaskForm {
    id: TaskId,
    title: Title,
    #[serde(default)]
    description: Description,
    #[serde(default)]
    requirements: Document,
    #[serde(default)]
    required_capabilities: Document,
    #[serde(default)]
    context: Document,
    #[serde(default)]
    priority: Priority,
    #[serde(default)]
    max_attempts: MaxAttempts,
    #[serde(default)]
    time_limit: Option<TimeLimit>,
    #[serde(default)]
    dependencies: Vec<Dependency>,
    #[serde(default)]
    parent: Option<TaskId>,
    #[serde(default)]
    tags: Tags,
}

impl From<NewTaskForm> for NewTask {
    fn from(form: NewTaskForm) -> Self {
        let definition = TaskDefinition {
            title: form.title,
            description: form.description,
            parent: form.parent,
            tags: form.tags,
            requirements: form.requirements,
            required_capabilities: form.required_capabilities,
            context: form.context,
            priority: form.priority,
            max_attempts: form.max_attempts,
            time_limit: form.time_limit,
        };
        Self::new(form.id, definition).with_dependencies(form.dependencies)
    }
}

impl From<NewTask> for NewTaskForm {
    fn from(task: NewTask) -> Self {
        let definition = task.definition;
        Self {
            id: task.task,
            title: definition.title,
            description: definition.description,
            requirements: definition.requirements,
            required_capabilities: definition.required_capabilities,
            context: definition.context,
            priority: definition.priority,
            max_attempts: definition.max_attempts,
            time_limit: definition.time_limit,
            dependencies: task.dependencies,
            parent: definition.parent,
            tags: definition.tags,
        }
    }
}
