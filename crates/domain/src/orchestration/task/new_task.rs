//! A task of a plan.

mod form;

use serde::{Deserialize, Serialize};

use self::form::NewTaskForm;
use super::definition::TaskDefinition;
use super::dependency::Dependency;
use crate::TaskId;

/// A task to create.
///
/// As JSON, with only `id` and `title` required:
///
/// ```json
/// {
///   "id": "deploy", "title": "Deploy the service", "description": "",
///   "requirements": { "environment": "staging" },
///   "required_capabilities": { "agent_type": "ops" },
///   "context": {}, "priority": 10, "max_attempts": 3, "time_limit": 600,
///   "dependencies": ["build", { "task_id": "review", "when": "end" }],
///   "parent": "release", "tags": ["v2"]
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "NewTaskForm", into = "NewTaskForm")]
#[non_exhaustive]
pub struct NewTask {
    /// The id, unique among the tasks of the owner.
    pub task: TaskId,
    /// What it is.
    pub definition: TaskDefinition,
    /// What it depends on.
    pub dependencies: Vec<Dependency>,
}

impl NewTask {
    /// Creates a task without dependencies.
    #[must_use]
    pub const fn new(task: TaskId, definition: TaskDefinition) -> Self {
        Self {
            task,
            definition,
            dependencies: Vec::new(),
        }
    }

    /// Sets [`dependencies`](Self::dependencies).
    #[must_use]
    pub fn with_dependencies(mut self, dependencies: Vec<Dependency>) -> Self {
        self.dependencies = dependencies;
        self
    }
}
