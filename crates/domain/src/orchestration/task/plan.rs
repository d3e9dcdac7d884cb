use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::definition::TaskDefinition;
use super::dependency::Dependency;
use super::plan_form::{NewTaskForm, PlanForm};
use crate::orchestration::TaskState;
use crate::{InvalidValue, TaskId};

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

/// Tasks that are created together, with dependencies among them and on existing tasks.
///
/// 1 to 10 000 tasks, each with up to 1000 dependencies, and up to 100 000 dependencies in total. It
/// has no cycle, no task that depends on itself, no two tasks with the same id, and no dependency
/// twice. As JSON: `{"tasks": [{"id": "build", "title": "Build"}]}`.
///
/// ```
/// use tasktrail_domain::orchestration::task::TaskPlan;
///
/// let plan: TaskPlan = serde_json::from_str(
///     r#"{"tasks": [{"id": "test", "title": "Test", "dependencies": ["build"]},
///                   {"id": "build", "title": "Build"}]}"#,
/// )?;
/// assert_eq!(plan.tasks()[0].task.as_str(), "build");
///
/// let cycle = r#"{"tasks": [{"id": "a", "title": "A", "dependencies": ["b"]},
///                           {"id": "b", "title": "B", "dependencies": ["a"]}]}"#;
/// let error = serde_json::from_str::<TaskPlan>(cycle).unwrap_err();
/// assert!(error.to_string().contains("free of cycles, got a -> b -> a"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "PlanForm", into = "PlanForm")]
pub struct TaskPlan {
    tasks: Vec<NewTask>,
}

impl TaskPlan {
    /// Maximum number of tasks.
    pub const MAX_TASKS: usize = 10_000;
    /// Maximum number of dependencies of a task.
    pub const MAX_DEPENDENCIES_OF_A_TASK: usize = 1000;
    /// Maximum number of dependencies of all tasks.
    pub const MAX_DEPENDENCIES: usize = 100_000;

    /// Validates tasks, and sorts them: prerequisites first, otherwise by id.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if a limit of a [`TaskPlan`] is exceeded. It names a task that is the cause,
    /// or the tasks of a cycle.
    pub fn new(tasks: Vec<NewTask>) -> Result<Self, InvalidValue> {
        if tasks.is_empty() || tasks.len() > Self::MAX_TASKS {
            return Err(InvalidValue::new("tasks", "1 to 10000", tasks.len()));
        }
        let total: usize = tasks.iter().map(|task| task.dependencies.len()).sum();
        if total > Self::MAX_DEPENDENCIES {
            let limit = "at most 100000 in a plan";
            return Err(InvalidValue::new("dependencies", limit, total));
        }
        let mut by_id = BTreeMap::new();
        for mut task in tasks {
            check_dependencies(&task)?;
            task.dependencies.sort();
            if let Some(first) = by_id.insert(task.task.clone(), task) {
                let limit = "free of repeated ids";
                return Err(InvalidValue::new("tasks", limit, first.task));
            }
        }
        Ok(Self {
            tasks: prerequisites_first(by_id)?,
        })
    }

    /// Returns the tasks: prerequisites first, otherwise by id.
    #[must_use]
    pub fn tasks(&self) -> &[NewTask] {
        &self.tasks
    }

    /// Returns the prerequisites that are not in the plan, and so have to exist.
    #[must_use]
    pub fn external_prerequisites(&self) -> BTreeSet<&TaskId> {
        let own: BTreeSet<&TaskId> = self.tasks.iter().map(|task| &task.task).collect();
        let dependencies = self.tasks.iter().flat_map(|task| &task.dependencies);
        let prerequisites = dependencies.map(|dependency| &dependency.prerequisite);
        prerequisites.filter(|task| !own.contains(task)).collect()
    }

    /// Returns the parents that are not in the plan, and so have to exist.
    #[must_use]
    pub fn external_parents(&self) -> BTreeSet<&TaskId> {
        let own: BTreeSet<&TaskId> = self.tasks.iter().map(|task| &task.task).collect();
        let parents = self
            .tasks
            .iter()
            .filter_map(|task| task.definition.parent.as_ref());
        parents.filter(|task| !own.contains(task)).collect()
    }
}

fn check_dependencies(task: &NewTask) -> Result<(), InvalidValue> {
    let count = task.dependencies.len();
    if count > TaskPlan::MAX_DEPENDENCIES_OF_A_TASK {
        let limit = "at most 1000 of a task";
        let value = format_args!("{count} of {}", task.task);
        return Err(InvalidValue::new("dependencies", limit, value));
    }
    let mut seen = BTreeSet::new();
    for Dependency { prerequisite, .. } in &task.dependencies {
        if *prerequisite == task.task {
            let limit = "on other tasks";
            return Err(InvalidValue::new("dependencies", limit, &task.task));
        }
        if !seen.insert(prerequisite) {
            let limit = "free of repetitions";
            let value = format_args!("{prerequisite} twice for {}", task.task);
            return Err(InvalidValue::new("dependencies", limit, value));
        }
    }
    if task.definition.parent.as_ref() == Some(&task.task) {
        return Err(InvalidValue::new("parent", "another task", &task.task));
    }
    Ok(())
}

/// Sorts tasks, prerequisites first.
fn prerequisites_first(mut tasks: BTreeMap<TaskId, NewTask>) -> Result<Vec<NewTask>, InvalidValue> {
    let mut open: BTreeMap<TaskId, usize> = BTreeMap::new();
    let mut dependants: BTreeMap<TaskId, Vec<TaskId>> = BTreeMap::new();
    let mut ready = BTreeSet::new();
    for task in tasks.values() {
        let own = |dependency: &&Dependency| tasks.contains_key(&dependency.prerequisite);
        let inner: Vec<_> = task.dependencies.iter().filter(own).collect();
        if inner.is_empty() {
            ready.insert(task.task.clone());
        }
        open.insert(task.task.clone(), inner.len());
        for dependency in inner {
            let of_prerequisite = dependants.entry(dependency.prerequisite.clone());
            of_prerequisite.or_default().push(task.task.clone());
        }
    }
    let mut sorted = Vec::with_capacity(tasks.len());
    while let Some(id) = ready.pop_first() {
        for dependant in dependants.remove(&id).unwrap_or_default() {
            if let Some(count) = open.get_mut(&dependant) {
                *count -= 1;
                if *count == 0 {
                    ready.insert(dependant);
                }
            }
        }
        sorted.extend(tasks.remove(&id));
    }
    if tasks.is_empty() {
        Ok(sorted)
    } else {
        Err(cycle(&tasks))
    }
}

/// Finds a cycle among tasks each of which depends on another one of them.
fn cycle(tasks: &BTreeMap<TaskId, NewTask>) -> InvalidValue {
    let next = |id: &TaskId| {
        let dependencies = tasks.get(id).map(|task| task.dependencies.as_slice());
        let mut within = dependencies.unwrap_or_default().iter();
        within.find(|dependency| tasks.contains_key(&dependency.prerequisite))
    };
    let mut path: Vec<&TaskId> = tasks.keys().take(1).collect();
    let mut steps: BTreeMap<&TaskId, usize> = BTreeMap::new();
    while let Some(last) = path.last() {
        if let Some(start) = steps.insert(last, path.len() - 1) {
            path.drain(..start);
            break;
        }
        let Some(dependency) = next(last) else { break };
        path.push(&dependency.prerequisite);
    }
    const NAMED: usize = 10;
    let mut names: Vec<&str> = path.iter().map(|id| id.as_str()).collect();
    let more = names.len().saturating_sub(NAMED + 1);
    if more > 0 {
        names.drain(NAMED - 1..NAMED - 1 + more);
        names.insert(NAMED - 1, "…");
    }
    InvalidValue::new("dependencies", "free of cycles", names.join(" -> "))
}

/// The result of creating a plan.
///
/// Exhaustive, so that your `match` needs no wildcard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum PlanOutcome {
    /// All tasks of the plan were created.
    Created {
        /// The tasks in the order of the plan, with their states.
        tasks: Vec<PlannedTask>,
    },
    /// The plan was created before.
    Known {
        /// The tasks in the order of the plan, with their current states.
        tasks: Vec<PlannedTask>,
    },
    /// A prerequisite is neither in the plan nor in the store. Nothing was created.
    UnknownPrerequisite {
        /// The task of the plan.
        task: TaskId,
        /// Its prerequisite.
        prerequisite: TaskId,
    },
    /// A parent is neither in the plan nor in the store. Nothing was created.
    UnknownParent {
        /// The task of the plan.
        task: TaskId,
        /// Its parent.
        parent: TaskId,
    },
}

/// A task of a plan, and its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedTask {
    /// The task.
    pub task: TaskId,
    /// Its state.
    pub state: TaskState,
}

/// A task of a plan has the id of an existing one that was created with another definition, or
/// without the other tasks of the plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the task {task} exists already, with a different definition or without the rest of the plan"
)]
pub struct PlanConflict {
    task: TaskId,
}

impl PlanConflict {
    /// Creates the error.
    #[must_use]
    pub const fn new(task: TaskId) -> Self {
        Self { task }
    }

    /// Returns the task.
    #[must_use]
    pub const fn task(&self) -> &TaskId {
        &self.task
    }
}
