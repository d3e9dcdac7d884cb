//! Creating plans.

use serde_json::json;
use tasktrail_domain::orchestration::TaskState::{
    Assigned, Blocked, Cancelled, Completed, Failed, Ready, Running, Skipped, TimedOut, Waiting,
};
use tasktrail_domain::orchestration::audit::Change;
use tasktrail_domain::orchestration::task::{
    Description, PlanOutcome, PlannedTask, Tag, Tags, Task, TaskProgress,
};
use tasktrail_domain::orchestration::{TaskState, Version};
use tasktrail_domain::task_history::TaskStatus;

use super::board::Board;
use super::expected::{end, success};
use crate::fixture::{task, user};
use crate::orchestration::Orchestration;
use crate::orchestration::fixture::{EditTask, document, new_task, task_id};

/// A created task comes back as it was planned, with the time of the write and the version 1.
pub async fn a_created_task_comes_back_as_planned(ports: &Orchestration) {
    let board = Board::of(ports).await;
    let mut deploy = new_task("deploy")
        .after("test")
        .after_end_of("review")
        .part_of("test")
        .requiring(json!({ "agent_type": "ops", "gib": 8 }))
        .with_priority(-7)
        .attempted(1000)
        .limited_to(600);
    deploy.definition.description = Description::new("to \u{10ffff}\n").unwrap();
    deploy.definition.tags = Tags::new(["b", "a"].map(|tag| Tag::new(tag).unwrap())).unwrap();
    deploy.definition.requirements = document(&json!({ "branch": ["main", null, 1.5] }));
    deploy.definition.context = document(&json!({ "why": { "": "" } }));

    board
        .given([deploy.clone(), new_task("test"), new_task("review")])
        .await;

    let progress = TaskProgress::created(Blocked, 2, board.last().at);
    let mut expected = Task::new(task("deploy"), deploy.definition, progress);
    expected.dependencies = vec![end("review"), success("test")];
    assert_eq!(board.get("deploy").await, expected);
    assert_eq!(expected.version, Version::DEFAULT);
    board.assert_sound().await;
}

/// The answer has the tasks in the order of the plan, and so has the audit log.
pub async fn a_plan_is_answered_in_its_order(ports: &Orchestration) {
    let board = Board::of(ports).await;

    let created = board
        .create([new_task("a").after("c"), new_task("c"), new_task("b")])
        .await;

    let states = [("b", Ready), ("c", Ready), ("a", Blocked)];
    let tasks = planned(states);
    assert_eq!(created, PlanOutcome::Created { tasks });
    let entries = states.map(|(id, state)| Change::created(&task_id(id), state));
    assert_eq!(board.changes().await, entries);
    board.assert_sound().await;
}

/// A task is blocked while a prerequisite is open, whatever its state and what is waited for.
pub async fn a_task_is_blocked_while_a_prerequisite_is_open(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for state in [Blocked, Ready, Assigned, Running, Waiting] {
        let first = state.as_str();
        board.given_in(state, first).await;
        let (needs, follows) = (format!("needs {first}"), format!("follows {first}"));

        board
            .given([
                new_task(&needs).after(first),
                new_task(&follows).after_end_of(first),
            ])
            .await;

        let blocked = TaskProgress::created(Blocked, 1, board.last().at);
        assert_eq!(board.progress(&needs).await, blocked, "{needs}");
        assert_eq!(board.progress(&follows).await, blocked, "{follows}");
    }
    board.assert_sound().await;
}

/// A prerequisite that has ended counts as it ended: success is met only by a completed one, and
/// the end by each.
pub async fn a_prerequisite_that_ended_counts_as_it_ended(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for state in [Completed, Failed, Cancelled, TimedOut, Skipped] {
        let first = state.as_str();
        board.given_in(state, first).await;
        let (needs, follows) = (format!("needs {first}"), format!("follows {first}"));

        board
            .given([
                new_task(&needs).after(first),
                new_task(&follows).after_end_of(first),
            ])
            .await;

        let expected = if state == Completed { Ready } else { Skipped };
        let [expected, ready] =
            [expected, Ready].map(|state| TaskProgress::created(state, 0, board.last().at));
        assert_eq!(board.progress(&needs).await, expected, "{needs}");
        assert_eq!(board.progress(&follows).await, ready, "{follows}");
    }
    board.assert_sound().await;
}

/// A task that is skipped when it is created is finished in the task history, and skips the tasks
/// of the plan for which it had to succeed.
pub async fn a_task_skipped_at_creation_skips_those_that_need_it(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given_in(Failed, "build").await;

    let created = board
        .create([
            new_task("a deploy").after("test").after("design"),
            new_task("clean").after_end_of("test"),
            new_task("design"),
            new_task("test").after("build"),
        ])
        .await;

    let states = [
        ("design", Ready),
        ("test", Skipped),
        ("a deploy", Skipped),
        ("clean", Ready),
    ];
    let tasks = planned(states);
    assert_eq!(created, PlanOutcome::Created { tasks });
    let entries = states.map(|(id, state)| Change::created(&task_id(id), state));
    assert_eq!(board.changes().await, entries);
    let finish = Some((TaskStatus::Cancelled, board.last().at));
    assert_eq!(board.finish_of("test").await, finish);
    assert_eq!(board.finish_of("a deploy").await, finish);
    assert_eq!(board.finish_of("clean").await, None);
    board.assert_sound().await;
}

/// The creation of an open task writes nothing to the task history.
pub async fn an_open_task_is_unknown_to_the_history(ports: &Orchestration) {
    let board = Board::of(ports).await;

    board.given([new_task("a"), new_task("b").after("a")]).await;

    for id in ["a", "b"] {
        assert_eq!(ports.history.summary(&task(id)).await.unwrap(), None);
    }
}

/// A parent is grouping only: neither the task nor the parent waits for the other, also if the
/// parent has ended, or depends on its part.
pub async fn a_parent_blocks_nothing(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given_in(Failed, "old").await;

    board
        .given([
            new_task("release").after("build"),
            new_task("build").part_of("release"),
            new_task("test").part_of("build"),
            new_task("report").part_of("old"),
        ])
        .await;

    let states = board.states(["build", "test", "report", "release"]).await;
    assert_eq!(states, [Ready, Ready, Ready, Blocked]);
    board.fail("test").await;
    board.complete("build").await;
    assert_eq!(board.state("release").await, Ready);
    board.assert_sound().await;
}

/// A plan with a prerequisite that does not exist is refused. The first task of the plan with one
/// is named, with the first of its prerequisites that does not exist.
pub async fn a_plan_with_an_unknown_prerequisite_is_refused(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given([new_task("known")]).await;

    let refused = board
        .create([
            new_task("a").after("b").after("unknown 1"),
            new_task("b")
                .after("unknown 3")
                .after("unknown 2")
                .after("known"),
            new_task("c"),
        ])
        .await;

    let expected = PlanOutcome::UnknownPrerequisite {
        task: task_id("b"),
        prerequisite: task_id("unknown 2"),
    };
    assert_eq!(refused, expected);
    assert_nothing_created(&board, ["a", "b", "c"]).await;
}

/// A plan with a parent that does not exist is refused, before its prerequisites are examined.
pub async fn a_plan_with_an_unknown_parent_is_refused(ports: &Orchestration) {
    let board = Board::of(ports).await;

    let refused = board
        .create([
            new_task("a").after("unknown"),
            new_task("b").part_of("nothing"),
            new_task("c").part_of("none"),
        ])
        .await;

    let (task, parent) = (task_id("b"), task_id("nothing"));
    assert_eq!(refused, PlanOutcome::UnknownParent { task, parent });
    assert_nothing_created(&board, ["a", "b", "c"]).await;
}

async fn assert_nothing_created<const N: usize>(board: &Board<'_>, ids: [&str; N]) {
    for id in ids {
        assert_eq!(board.ports.find_task(&task(id)).await, None, "{id}");
    }
    assert_eq!(board.changes().await, []);
    let counts = board.ports.counts(&user("alice")).await;
    assert!(counts.values().sum::<u64>() <= 1, "{counts:?}");
}

fn planned<const N: usize>(states: [(&str, TaskState); N]) -> Vec<PlannedTask> {
    let planned = states.map(|(id, state)| PlannedTask {
        task: task_id(id),
        state,
    });
    planned.into()
}
