//! Whether the states of tasks are what their dependencies say.

use std::collections::BTreeSet;

use tasktrail_domain::TaskId;
use tasktrail_domain::orchestration::TaskState;
use tasktrail_domain::orchestration::audit::Action;
use tasktrail_domain::task_history::FinalStatus;

use super::content::{Content, TaskRecord};

/// How many dependencies of a task are open, and whether one of them can never be met.
#[derive(Default)]
struct Dependencies {
    open: u32,
    broken: bool,
}

pub(super) fn assert_sound(content: &Content) {
    let removed = has_removed_tasks(content);
    for (id, record) in &content.tasks {
        let progress = &record.task.progress;
        let Dependencies { open, broken } = dependencies_of(content, record);
        let state = progress.state;
        let expected = if state.is_ended() { 0 } else { open };
        assert_eq!(progress.open_dependencies, expected, "{id} is {state}");
        assert_eq!(state == TaskState::Blocked, expected > 0, "{id} is {state}");
        assert!(
            state.is_ended() || !broken,
            "{id} is {state}, but a prerequisite did not succeed"
        );
        assert!(
            state != TaskState::Skipped || broken || removed,
            "{id} is skipped without a cause"
        );
        let due = progress.due_at.is_some();
        assert_eq!(due, state == TaskState::Ready, "{id} is {state}");
        assert_finished(id, record);
    }
}

fn dependencies_of(content: &Content, record: &TaskRecord) -> Dependencies {
    let mut found = Dependencies::default();
    for dependency in &record.task.dependencies {
        let (id, prerequisite) = (&record.task.key, &dependency.prerequisite);
        let prerequisite = content.tasks.get(prerequisite);
        let prerequisite = prerequisite.unwrap_or_else(|| panic!("{id}: no {dependency:?}"));
        match dependency.when.is_met(prerequisite.task.progress.state) {
            None => found.open += 1,
            Some(met) => found.broken |= !met,
        }
    }
    found
}

/// Panics unless the task is finished in the task history exactly if it has ended.
fn assert_finished(id: &TaskId, record: &TaskRecord) {
    let state = record.task.progress.state;
    let finish = record.summary.as_ref().and_then(|summary| {
        let status: FinalStatus = summary.status.try_into().ok()?;
        Some((status, summary.finished_at?))
    });
    let expected = state.final_status().zip(record.task.progress.ended_at());
    assert_eq!(finish, expected, "{id} is {state}; its history");
}

/// Returns whether tasks were removed: then the causes of skips may be missing.
fn has_removed_tasks(content: &Content) -> bool {
    let created = (content.entries.iter()).filter(|entry| entry.action == Action::TASK_CREATED);
    let created: BTreeSet<&str> = created.map(|entry| entry.entity_id.as_str()).collect();
    created.len() > content.tasks.len()
}
