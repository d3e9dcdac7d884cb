//! A task of a plan.

mod form;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

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

    /// Returns a stable hash of the definition and the dependencies. The probability that two
    /// different tasks have the same one is 2⁻¹²².
    ///
    /// A store keeps the fingerprint that a task was created with, to recognize the same plan even
    /// after the task was changed.
    #[must_use]
    pub fn fingerprint(&self) -> Uuid {
        let mut dependencies: Vec<&Dependency> = self.dependencies.iter().collect();
        dependencies.sort();
        // Never fails: all parts are valid JSON already.
        let json = serde_json::to_vec(&(&self.definition, dependencies)).unwrap_or_default();
        Uuid::new_v5(&Uuid::NAMESPACE_OID, &json)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Document;
    use crate::orchestration::task::{Description, MaxAttempts, Priority, Tags, Title, When};

    fn task(json: &str) -> NewTask {
        serde_json::from_str(json).unwrap()
    }

    fn plain() -> NewTask {
        task(r#"{"id": "deploy", "title": "Deploy"}"#)
    }

    fn full() -> NewTask {
        task(
            r#"{"id": "deploy", "title": "Deploy", "description": "To staging",
                "parent": "release", "tags": ["v2", "urgent"],
                "requirements": {"environment": "staging"},
                "required_capabilities": {"agent_type": "ops"}, "context": {"n": 1.0},
                "priority": 10, "max_attempts": 2, "time_limit": 600,
                "dependencies": ["build", {"task_id": "lint", "when": "end"}]}"#,
        )
    }

    /// Stores have fingerprints of existing tasks, so these must never change.
    #[test]
    fn fingerprints_are_stable() {
        let fingerprint = |task: &NewTask| task.fingerprint().to_string();

        assert_eq!(
            fingerprint(&plain()),
            "c1750aea-3222-5056-ab31-6bb8c491a140"
        );
        assert_eq!(fingerprint(&full()), "507b794a-0741-513b-a2bd-f91a4f5bb231");
    }

    #[test]
    fn everything_but_the_id_changes_the_fingerprint() {
        let edits: [fn(&mut NewTask); 12] = [
            |task| task.definition.title = Title::new("Release").unwrap(),
            |task| task.definition.description = Description::default(),
            |task| task.definition.parent = None,
            |task| task.definition.tags = Tags::default(),
            |task| task.definition.requirements = Document::default(),
            |task| task.definition.required_capabilities = Document::default(),
            |task| task.definition.context = Document::default(),
            |task| task.definition.priority = Priority::DEFAULT,
            |task| task.definition.max_attempts = MaxAttempts::DEFAULT,
            |task| task.definition.time_limit = None,
            |task| task.dependencies.truncate(1),
            |task| task.dependencies[1].when = When::Success,
        ];
        let edited = edits.map(|edit| {
            let mut task = full();
            edit(&mut task);
            task
        });
        let mut fingerprints: Vec<_> = edited.iter().map(NewTask::fingerprint).collect();
        fingerprints.extend([plain().fingerprint(), full().fingerprint()]);
        fingerprints.sort();
        fingerprints.dedup();

        assert_eq!(fingerprints.len(), 14);
    }

    #[test]
    fn order_of_dependencies_does_not_change_the_fingerprint() {
        let mut reversed = full();
        reversed.dependencies.reverse();

        assert_eq!(reversed.fingerprint(), full().fingerprint());
    }
}
