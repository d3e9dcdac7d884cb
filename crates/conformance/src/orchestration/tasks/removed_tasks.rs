//! What is left of a removed task.

use tasktrail_domain::orchestration::TaskState::{Blocked, Ready};
use tasktrail_domain::orchestration::audit::{AuditFilter, EntityKind};
use tasktrail_domain::orchestration::dispatch::ExecutionFilter;
use tasktrail_domain::orchestration::task::{DependencyChange, PlanOutcome};
use tasktrail_domain::task_history::TaskStatus;

use super::board::Board;
use super::expected::{end, success};
use super::retention::{ended_before, everything, remove};
use crate::fixture::{task, user};
use crate::orchestration::Orchestration;
use crate::orchestration::fixture::{EditTask, new_task, task_id};

/// A removed task is gone with its executions and dependencies, in both directions. Its entries in
/// the audit log and its task history are kept.
pub async fn a_task_is_removed_with_its_dependencies_and_executions(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board
        .given([
            new_task("a"),
            new_task("b").after("a"),
            new_task("c").after("b").after_end_of("a"),
        ])
        .await;
    for id in ["a", "b", "c"] {
        board.complete(id).await;
    }
    let second = board.progress("b").await.changed_at;
    board.given([new_task("d").after("c")]).await;

    // Only `a` ended before `b`.
    assert_eq!(remove(ports, &ended_before(second)).await, 1);
    assert_eq!(board.get("b").await.dependencies, []);
    assert_eq!(board.get("c").await.dependencies, [success("b")]);
    // `c` is a prerequisite of `d`.
    assert_eq!(remove(ports, &everything()).await, 1);

    assert_eq!(ports.find_task(&task("a")).await, None);
    assert_eq!(board.get("c").await.dependencies, []);
    assert_eq!(ports.graph(&task("a")).await.tasks, []);
    let filter = ExecutionFilter::OfTask(task_id("a"));
    assert_eq!(ports.executions(&user("alice"), &filter).await, []);
    let history = board.finish_of("a").await.map(|(status, _)| status);
    assert_eq!(history, Some(TaskStatus::Completed));
    board.assert_sound().await;
    let filter = AuditFilter::default().with_entity(EntityKind::Task, task_id("a"));
    let entries = ports.entries(&user("alice"), &filter).await;
    let actions: Vec<_> = entries.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["task.completed", "task.assigned", "task.created"]);
}

/// The prerequisites of a removed task can end as if it had never existed.
pub async fn the_prerequisites_of_a_removed_task_can_end(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board
        .given([
            new_task("a"),
            new_task("b").after("a"),
            new_task("c").after("a"),
        ])
        .await;
    board.cancel("b").await;
    assert_eq!(remove(ports, &everything()).await, 1);

    board.complete("a").await;

    assert_eq!(board.state("c").await, Ready);
    board.assert_sound().await;
}

/// A removed task is unknown: its id can be used for another task, and nothing can depend on it.
pub async fn the_id_of_a_removed_task_is_free(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given([new_task("a"), new_task("b")]).await;
    board.cancel("a").await;
    remove(ports, &everything()).await;

    let prerequisite = task_id("a");
    let unknown = DependencyChange::UnknownPrerequisite { prerequisite };
    assert_eq!(board.add("b", [end("a")]).await, unknown);
    let created = board
        .create([new_task("a").with_priority(9), new_task("c").after("a")])
        .await;
    assert!(
        matches!(created, PlanOutcome::Created { .. }),
        "{created:?}"
    );

    assert_eq!(board.states(["a", "c"]).await, [Ready, Blocked]);
}
