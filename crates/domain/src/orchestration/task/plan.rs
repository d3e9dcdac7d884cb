mod order;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use self::order::in_order;
use super::dependency::Dependency;
use super::new_task::NewTask;
use crate::{InvalidValue, TaskId};

/// Tasks that are created together, with dependencies among them and on existing tasks.
///
/// 1 to 10 000 tasks, each with up to 1000 dependencies, and up to 100 000 dependencies and 64 MiB of
/// text and documents in total.
/// No two tasks have the same id, no task has a dependency twice, and neither dependencies nor
/// parents form a cycle. As JSON: `{"tasks": [{"id": "build", "title": "Build"}]}`.
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
    /// Maximum number of bytes of the titles, descriptions and documents of all tasks, as compact
    /// JSON.
    pub const MAX_BYTES: usize = 64 * 1024 * 1024;

    /// Validates tasks, and sorts them: prerequisites first, otherwise by id.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if a limit of a [`TaskPlan`] is exceeded. It names a task that is the
    /// cause, or the tasks of a cycle.
    pub fn new(tasks: Vec<NewTask>) -> Result<Self, InvalidValue> {
        if tasks.is_empty() || tasks.len() > Self::MAX_TASKS {
            return Err(InvalidValue::new("tasks", "1 to 10000", tasks.len()));
        }
        let total: usize = tasks.iter().map(|task| task.dependencies.len()).sum();
        if total > Self::MAX_DEPENDENCIES {
            let limit = "at most 100000 in a plan";
            return Err(InvalidValue::new("dependencies", limit, total));
        }
        let bytes: usize = tasks.iter().map(|task| task.definition.bytes()).sum();
        if bytes > Self::MAX_BYTES {
            let limit = "at most 67108864 bytes of text and documents";
            return Err(InvalidValue::new("tasks", limit, bytes));
        }
        let mut by_id = BTreeMap::new();
        for mut task in tasks {
            check_task(&task)?;
            task.dependencies.sort();
            if let Some(first) = by_id.insert(task.task.clone(), task) {
                let limit = "free of repeated ids";
                return Err(InvalidValue::new("tasks", limit, first.task));
            }
        }
        in_order(&by_id, |task| task.definition.parent.as_ref())
            .map_err(|cycle| has_cycle("parent", &cycle))?;
        let order: Vec<TaskId> = in_order(&by_id, prerequisites)
            .map_err(|cycle| has_cycle("dependencies", &cycle))?
            .into_iter()
            .cloned()
            .collect();
        let tasks = order.iter().filter_map(|id| by_id.remove(id)).collect();
        Ok(Self { tasks })
    }

    /// Returns the tasks: prerequisites first, otherwise by id.
    #[must_use]
    pub fn tasks(&self) -> &[NewTask] {
        &self.tasks
    }

    /// Returns the prerequisites that are not in the plan, and so have to exist.
    #[must_use]
    pub fn external_prerequisites(&self) -> BTreeSet<&TaskId> {
        self.external(self.tasks.iter().flat_map(prerequisites))
    }

    /// Returns the parents that are not in the plan, and so have to exist.
    #[must_use]
    pub fn external_parents(&self) -> BTreeSet<&TaskId> {
        let definitions = self.tasks.iter().map(|task| &task.definition);
        self.external(definitions.filter_map(|definition| definition.parent.as_ref()))
    }

    /// Returns those of `tasks` that are not in the plan.
    fn external<'t>(&self, tasks: impl Iterator<Item = &'t TaskId>) -> BTreeSet<&'t TaskId> {
        let own: BTreeSet<&TaskId> = self.tasks.iter().map(|task| &task.task).collect();
        tasks.filter(|task| !own.contains(task)).collect()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanForm {
    tasks: Vec<NewTask>,
}

impl TryFrom<PlanForm> for TaskPlan {
    type Error = InvalidValue;

    fn try_from(form: PlanForm) -> Result<Self, Self::Error> {
        Self::new(form.tasks)
    }
}

impl From<TaskPlan> for PlanForm {
    fn from(plan: TaskPlan) -> Self {
        Self { tasks: plan.tasks }
    }
}

/// Refuses what is invalid whatever else is in the plan.
fn check_task(task: &NewTask) -> Result<(), InvalidValue> {
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

fn prerequisites(task: &NewTask) -> impl Iterator<Item = &TaskId> {
    task.dependencies
        .iter()
        .map(|dependency| &dependency.prerequisite)
}

fn has_cycle(field: &'static str, cycle: &[&TaskId]) -> InvalidValue {
    const NAMED: usize = 10;
    let mut names: Vec<&str> = cycle.iter().map(|id| id.as_str()).collect();
    let unnamed = names.len().saturating_sub(NAMED);
    if unnamed > 0 {
        let last = names.len() - 1;
        names.splice(last - unnamed..last, ["…"]);
    }
    InvalidValue::new(field, "free of cycles", names.join(" -> "))
}

#[cfg(test)]
mod tests;
