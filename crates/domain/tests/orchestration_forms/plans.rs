use serde_json::json;
use tasktrail_domain::orchestration::TaskState;
use tasktrail_domain::orchestration::task::{
    Dependency, Description, MaxAttempts, NewTask, PlanOutcome, PlannedTask, Priority, Tag, Tags,
    TaskDefinition, TaskPlan, Title,
};

use crate::fixture::{definition, document, has_form, refused, task};

#[test]
fn new_task_needs_only_id_and_title() {
    let minimal: NewTask =
        serde_json::from_value(json!({ "id": "build", "title": "Build" })).unwrap();
    let title = Title::new("Build").unwrap();
    assert_eq!(
        minimal,
        NewTask::new(task("build"), TaskDefinition::new(title))
    );

    let mut definition = definition();
    definition.description = Description::new("All of it").unwrap();
    definition.parent = Some(task("release"));
    definition.tags = Tags::new([Tag::new("v2").unwrap()]).unwrap();
    definition.required_capabilities = document(&json!({ "agent_type": "code" }));
    definition.context = document(&json!({ "commit": "f00" }));
    definition.priority = Priority::MAX;
    definition.max_attempts = MaxAttempts::MIN;
    let dependencies = vec![Dependency::success(task("a")), Dependency::end(task("b"))];
    has_form(
        &NewTask::new(task("build"), definition).with_dependencies(dependencies),
        json!({
            "id": "build", "title": "Build", "description": "All of it",
            "requirements": { "target": "release" },
            "required_capabilities": { "agent_type": "code" },
            "context": { "commit": "f00" }, "priority": 1000, "max_attempts": 1,
            "time_limit": 600, "dependencies": ["a", { "task_id": "b", "when": "end" }],
            "parent": "release", "tags": ["v2"],
        }),
    );
    assert!(
        refused::<NewTask>(json!({ "id": "a", "title": "A", "prio": 1 }))
            .starts_with("unknown field `prio`")
    );
}

#[test]
fn plan_is_a_list_of_tasks() {
    let title = Title::new("Build").unwrap();
    let new = NewTask::new(task("build"), TaskDefinition::new(title));
    let plan = TaskPlan::new(vec![new.clone()]).unwrap();
    has_form(
        &plan,
        json!({ "tasks": [serde_json::to_value(&new).unwrap()] }),
    );
    assert_eq!(
        refused::<TaskPlan>(json!({ "tasks": [] })),
        "tasks must be 1 to 10000, got 0"
    );
    assert!(refused::<TaskPlan>(json!({ "tasks": [], "name": "x" })).contains("unknown field"));
}

#[test]
fn plan_outcomes_are_tagged() {
    let tasks = || {
        vec![PlannedTask {
            task: task("build"),
            state: TaskState::Blocked,
        }]
    };
    let tasks_form = json!([{ "task": "build", "state": "blocked" }]);
    has_form(
        &PlanOutcome::Created { tasks: tasks() },
        json!({ "outcome": "created", "tasks": tasks_form }),
    );
    has_form(
        &PlanOutcome::Known { tasks: tasks() },
        json!({ "outcome": "known", "tasks": tasks_form }),
    );
    has_form(
        &PlanOutcome::UnknownPrerequisite {
            task: task("build"),
            prerequisite: task("a"),
        },
        json!({ "outcome": "unknown_prerequisite", "task": "build", "prerequisite": "a" }),
    );
    has_form(
        &PlanOutcome::UnknownParent {
            task: task("build"),
            parent: task("release"),
        },
        json!({ "outcome": "unknown_parent", "task": "build", "parent": "release" }),
    );
}
