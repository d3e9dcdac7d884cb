use serde_json::json;
use tasktrail_domain::orchestration::task::{
    CancelOutcome, CancelScope, DependencyChange, Priority, RemovedTasks, ResumeOutcome,
    TaskChange, TaskChanges, TaskCounts, TaskEdge, TaskGraph, TaskOverview, When,
};
use tasktrail_domain::orchestration::{TaskState, Version};

use crate::fixture::{
    NOON, build, definition_form, has_form, key_form, noon, progress_form, ready_task, refused,
    task,
};

#[test]
fn task_has_a_member_for_each_field() {
    has_form(
        &ready_task(),
        json!({
            "key": key_form(), "definition": definition_form(),
            "dependencies": ["a", { "task_id": "b", "when": "end" }],
            "progress": progress_form(), "updated_at": NOON, "version": 1,
        }),
    );
    let overview = TaskOverview::of(&ready_task());
    let overview_form = json!({
        "key": key_form(), "title": "Build", "parent": null, "priority": 0,
        "progress": progress_form(),
    });
    has_form(&overview, overview_form.clone());
    let edge = TaskEdge {
        task: task("build"),
        prerequisite: task("a"),
        when: When::Success,
    };
    has_form(
        &TaskGraph::new(vec![overview], vec![edge], true),
        json!({
            "tasks": [overview_form],
            "edges": [{ "task": "build", "prerequisite": "a", "when": "success" }],
            "truncated": true,
        }),
    );
    let counts = TaskCounts::from([(TaskState::Ready, 2), (TaskState::TimedOut, 1)]);
    has_form(&counts, json!({ "ready": 2, "timed_out": 1 }));
}

#[test]
fn outcomes_of_changes_of_a_task_are_tagged() {
    let version = Version::DEFAULT;
    let state = TaskState::Failed;
    has_form(
        &TaskChange::Changed { version },
        json!({ "outcome": "changed", "version": 1 }),
    );
    has_form(
        &TaskChange::Stale { version },
        json!({ "outcome": "stale", "version": 1 }),
    );
    has_form(
        &TaskChange::AlreadyEnded { state },
        json!({ "outcome": "already_ended", "state": "failed" }),
    );
    has_form(&TaskChange::Unknown, json!({ "outcome": "unknown" }));
    let changes: TaskChanges = serde_json::from_value(json!({ "priority": 1 })).unwrap();
    let mut expected = TaskChanges::default();
    expected.priority = Some(Priority::new(1).unwrap());
    assert_eq!(changes, expected);
    assert!(refused::<TaskChanges>(json!({ "parent": "a" })).starts_with("unknown field"));
}

#[test]
fn outcomes_of_changes_of_dependencies_are_tagged() {
    let prerequisite = || task("a");
    for (change, form) in [
        (
            DependencyChange::Changed {
                state: TaskState::Blocked,
                skipped: vec![task("z")],
            },
            json!({ "outcome": "changed", "state": "blocked", "skipped": ["z"] }),
        ),
        (
            DependencyChange::TooLate {
                state: TaskState::Running,
            },
            json!({ "outcome": "too_late", "state": "running" }),
        ),
        (
            DependencyChange::Cycle {
                tasks: vec![task("a"), task("b"), task("a")],
            },
            json!({ "outcome": "cycle", "tasks": ["a", "b", "a"] }),
        ),
        (
            DependencyChange::Differs {
                prerequisite: prerequisite(),
            },
            json!({ "outcome": "differs", "prerequisite": "a" }),
        ),
        (
            DependencyChange::UnknownPrerequisite {
                prerequisite: prerequisite(),
            },
            json!({ "outcome": "unknown_prerequisite", "prerequisite": "a" }),
        ),
        (
            DependencyChange::TooLarge,
            json!({ "outcome": "too_large" }),
        ),
        (DependencyChange::Unknown, json!({ "outcome": "unknown" })),
    ] {
        has_form(&change, form);
    }
}

#[test]
fn outcomes_of_cancel_and_resume_are_tagged() {
    has_form(
        &CancelOutcome::Cancelled {
            previous: TaskState::Running,
            descendants: vec![task("a")],
            skipped: vec![task("b")],
        },
        json!({
            "outcome": "cancelled", "previous": "running", "descendants": ["a"], "skipped": ["b"],
        }),
    );
    has_form(
        &CancelOutcome::AlreadyEnded {
            state: TaskState::Completed,
            at: noon(),
        },
        json!({ "outcome": "already_ended", "state": "completed", "at": NOON }),
    );
    has_form(&CancelOutcome::Unknown, json!({ "outcome": "unknown" }));
    has_form(&CancelScope::Task, json!("task"));
    has_form(&CancelScope::Descendants, json!("descendants"));
    has_form(&ResumeOutcome::Resumed, json!({ "outcome": "resumed" }));
    has_form(
        &ResumeOutcome::NotWaiting {
            state: TaskState::Ready,
        },
        json!({ "outcome": "not_waiting", "state": "ready" }),
    );
    has_form(&ResumeOutcome::TooLarge, json!({ "outcome": "too_large" }));
    has_form(&ResumeOutcome::Unknown, json!({ "outcome": "unknown" }));
    has_form(
        &RemovedTasks::new(2, Some(build())),
        json!({ "tasks": 2, "next": key_form() }),
    );
}
