//! Creating a plan again.

use std::error::Error;
use std::fmt::Debug;

use serde_json::json;
use tasktrail_domain::orchestration::TaskState::{self, Assigned, Blocked, Completed, Ready};
use tasktrail_domain::orchestration::task::{
    Description, NewTask, PlanConflict, PlanOutcome, PlannedTask, Tag, Tags, TaskChanges, Title,
    operation,
};
use tasktrail_domain::repository::{Effect, ErrorKind, Result};

use super::board::Board;
use super::expected::end;
use crate::fixture::{task, user};
use crate::orchestration::Orchestration;
use crate::orchestration::fixture::{EditTask, document, new_task, plan, task_id};

/// Creating the same plan again changes nothing and returns the current states, also with another
/// write id, and whatever the order in which the tasks were given.
pub async fn the_same_plan_again_returns_the_current_states(ports: &Orchestration) {
    let board = Board::of(ports).await;
    let tasks = || {
        [
            new_task("a"),
            new_task("b").after("a"),
            new_task("c").after("b"),
        ]
    };
    board.given(tasks()).await;
    board.complete("a").await;
    board.assign("b").await;
    let before = board.get("b").await;

    let mut again = tasks();
    again.reverse();
    let known = board.create(again).await;

    let states = known_as([("a", Completed), ("b", Assigned), ("c", Blocked)]);
    assert_eq!(known, states);
    assert_eq!(board.changes().await, []);
    assert_eq!(board.get("b").await, before);
    board.assert_sound().await;
}

/// A plan is known by the definitions that its tasks were created with, also if they were changed
/// since, and their dependencies, too.
pub async fn the_same_plan_is_known_after_changes(ports: &Orchestration) {
    let board = Board::of(ports).await;
    let tasks = || [new_task("a"), new_task("b").after("a")];
    board.given(tasks()).await;
    let mut changes = TaskChanges::default();
    changes.title = Some(Title::new("another").unwrap());
    board.update("a", &changes).await;
    board.remove("b", ["a"]).await;
    board.add("a", [end("b")]).await;
    let before = board.get("a").await;

    let known = board.create(tasks()).await;

    assert_eq!(known, known_as([("a", Blocked), ("b", Ready)]));
    assert_eq!(board.changes().await, []);
    assert_eq!(board.get("a").await, before);
    changes.title = Some(Title::new("a").unwrap());
    board.update("a", &changes).await;
    assert_eq!(board.create(tasks()).await, known);
}

/// A task with the same id and another definition, or other dependencies, is a conflict, whatever
/// differs. Nothing is
/// created.
pub async fn another_definition_of_a_task_is_a_conflict(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given([new_task("a"), new_task("b")]).await;
    let before = board.get("a").await;

    for (what, other) in other_definitions() {
        let context = board.next();
        let other = plan([other, new_task("b")]);
        let answer = ports.tasks.create(&context, &user("alice"), &other).await;

        assert_plan_conflict(answer, "a", what);
        assert_eq!(board.get("a").await, before, "{what}");
        assert_eq!(board.changes().await, [], "{what}");
    }
}

/// A plan of which some tasks exist and others do not is a conflict. Nothing is created.
pub async fn a_plan_of_known_and_new_tasks_is_a_conflict(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given([new_task("b")]).await;

    let (context, partly) = (board.next(), plan(["a", "b", "c"].map(new_task)));
    let answer = ports.tasks.create(&context, &user("alice"), &partly).await;

    assert_plan_conflict(answer, "b", "partly known");
    for id in ["a", "c"] {
        assert_eq!(ports.find_task(&task(id)).await, None, "{id}");
    }
    assert_eq!(board.changes().await, []);
    board.assert_sound().await;
}

/// A plan that is known is answered as known, before its references are examined.
pub async fn a_conflict_comes_before_unknown_references(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given([new_task("b")]).await;

    let (context, partly) = (
        board.next(),
        plan([new_task("a").after("none"), new_task("b")]),
    );
    let answer = ports.tasks.create(&context, &user("alice"), &partly).await;

    assert_plan_conflict(answer, "b", "partly known");
}

/// Documents with equal values are equal, however they are spelled.
pub async fn spellings_of_a_definition_are_the_same_definition(ports: &Orchestration) {
    let board = Board::of(ports).await;
    let spelled = |text: &str| {
        let mut task = new_task("a");
        task.definition.context = text.parse().unwrap();
        task
    };
    board.given([spelled(r#"{"a":1.50,"b":1e2}"#)]).await;

    let known = board.create([spelled(r#"{ "b": 100, "a": 1.5 }"#)]).await;

    assert_eq!(known, known_as([("a", Ready)]));
}

/// The same ids under another owner are other tasks, of any definition.
pub async fn another_owner_may_plan_the_same_ids(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given([new_task("a"), new_task("b")]).await;

    let (context, others) = (board.next(), plan([new_task("a").with_priority(9)]));
    let created = ports.create(&context, &user("bob"), &others).await;

    assert!(
        matches!(created, PlanOutcome::Created { .. }),
        "{created:?}"
    );
}

fn other_definitions() -> Vec<(&'static str, NewTask)> {
    let with = |change: fn(&mut NewTask)| {
        let mut task = new_task("a");
        change(&mut task);
        task
    };
    let json = json!({ "a": 1 });
    let titled = with(|task| task.definition.title = Title::new("A").unwrap());
    let described = with(|task| task.definition.description = Description::new("x").unwrap());
    let tagged = with(|task| task.definition.tags = Tags::new([Tag::new("x").unwrap()]).unwrap());
    let mut required = new_task("a");
    required.definition.requirements = document(&json);
    let mut context = new_task("a");
    context.definition.context = document(&json);
    vec![
        ("title", titled),
        ("description", described),
        ("parent", new_task("a").part_of("b")),
        ("tags", tagged),
        ("requirements", required),
        ("capabilities", new_task("a").requiring(json)),
        ("context", context),
        ("priority", new_task("a").with_priority(1)),
        ("attempts", new_task("a").attempted(4)),
        ("time limit", new_task("a").limited_to(1)),
        ("dependencies", new_task("a").after("b")),
    ]
}

fn known_as<const N: usize>(states: [(&str, TaskState); N]) -> PlanOutcome {
    let tasks = states.map(|(id, state)| PlannedTask {
        task: task_id(id),
        state,
    });
    let tasks = tasks.into();
    PlanOutcome::Known { tasks }
}

/// Panics unless a creation failed because of a task, without any effect.
#[track_caller]
fn assert_plan_conflict<T: Debug>(answer: Result<T>, id: &str, what: &str) {
    let error = answer.expect_err(what);
    let cause = error.source().and_then(|cause| cause.downcast_ref());
    assert_eq!(error.kind(), ErrorKind::Conflict, "{what}: {error:?}");
    assert_eq!(error.effect(), Effect::NotApplied, "{what}: {error:?}");
    assert_eq!(error.operation(), operation::CREATE, "{what}: {error:?}");
    let expected = PlanConflict::new(task_id(id));
    assert_eq!(cause, Some(&expected), "{what}: {error:?}");
}
