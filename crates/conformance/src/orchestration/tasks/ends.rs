//! What the end of a task does to those that depend on it, and to the task history.

use tasktrail_domain::orchestration::TaskState::{
    Blocked, Cancelled, Completed, Failed, Ready, Skipped, TimedOut,
};
use tasktrail_domain::task_history::{FinalStatus, FinishOutcome, TaskStatus};

use super::board::Board;
use super::expected::{made_ready, made_skipped, success};
use crate::fixture::{Writer, at, task};
use crate::orchestration::Orchestration;
use crate::orchestration::fixture::{EditTask, new_task};

/// A task becomes ready, due at the time of the write, when its last open prerequisite completes.
/// One that stays blocked has no entry, and stays so since the time since which it is.
pub async fn a_task_is_ready_when_its_last_prerequisite_ends(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given(["a", "b"].map(new_task)).await;
    board
        .given([new_task("c").after("a").after_end_of("b")])
        .await;
    let before = board.progress("c").await;

    board.complete("a").await;

    let after = board.progress("c").await;
    assert_eq!((after.state, after.open_dependencies), (Blocked, 1));
    assert_eq!(after.changed_at, before.changed_at);
    assert_eq!(board.changes().await.len(), 1);

    board.complete("b").await;

    let (after, now) = (board.progress("c").await, board.last().at);
    assert_eq!((after.state, after.open_dependencies), (Ready, 0));
    assert_eq!((after.due_at, after.changed_at), (Some(now), now));
    assert_eq!(board.changes().await[1..], [made_ready("c")]);
    board.assert_sound().await;
}

/// However a prerequisite ends, it makes those ready that wait for its end, and skips those for
/// which it had to succeed, unless it completed.
pub async fn each_end_settles_the_dependants(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for state in [Completed, Failed, Cancelled, TimedOut, Skipped] {
        let [first, subject, needs, follows] =
            ["first", "subject", "needs", "follows"].map(|name| format!("{state} {name}"));
        let task = new_task(&subject).attempted(1).limited_to(1);
        let task = if state == Skipped {
            task.after(&first)
        } else {
            task
        };
        board
            .given([
                new_task(&first),
                task,
                new_task(&needs).after(&subject),
                new_task(&follows).after_end_of(&subject),
            ])
            .await;

        if state == Skipped {
            board.fail(&first).await;
        } else {
            board.end(&subject, state).await;
        }

        let entry = if state == Completed {
            made_ready(&needs)
        } else {
            made_skipped(&needs)
        };
        let mut entries = vec![made_ready(&follows), entry];
        if state == Skipped {
            entries.push(made_skipped(&subject));
        }
        assert_eq!(board.changes().await[1..], entries, "{state}");
        let expected = if state == Completed { Ready } else { Skipped };
        let states = board.states([&needs, &follows]).await;
        assert_eq!(states, [expected, Ready], "{state}");
        board.cancel(&first).await;
    }
    board.assert_sound().await;
}

/// A task is skipped as soon as one prerequisite did not succeed, while others are open. Their ends
/// change nothing then.
pub async fn a_task_is_skipped_while_other_prerequisites_are_open(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given(["a", "b"].map(new_task)).await;
    board.given([new_task("c").after("a").after("b")]).await;
    board.fail("b").await;
    let skipped = board.progress("c").await;
    assert_eq!((skipped.state, skipped.open_dependencies), (Skipped, 0));
    assert_eq!(skipped.changed_at, board.last().at);

    board.complete("a").await;

    assert_eq!(board.progress("c").await, skipped);
    assert_eq!(board.changes().await.len(), 1);
    board.assert_sound().await;
}

/// Skips pass on through all levels, in one write: each task changes once, however many ways lead
/// to it, and the entries are sorted by task.
pub async fn skips_pass_on_through_all_levels(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board
        .given([
            new_task("root"),
            new_task("left").after("root"),
            new_task("right").after("root"),
            new_task("join").after("left").after("right"),
            new_task("leaf").after("join"),
            new_task("clean").after_end_of("left").after_end_of("leaf"),
            new_task("later").after_end_of("join").after("other"),
            new_task("other"),
        ])
        .await;

    board.fail("root").await;

    let skipped = ["join", "leaf", "left", "right"].map(made_skipped);
    let mut entries = vec![made_ready("clean")];
    entries.extend(skipped);
    assert_eq!(board.changes().await[1..], entries);
    let later = board.progress("later").await;
    assert_eq!((later.state, later.open_dependencies), (Blocked, 1));
    board.assert_sound().await;
}

/// A task becomes ready through a diamond once all of its sides have completed.
pub async fn a_diamond_opens_level_by_level(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board
        .given([
            new_task("a"),
            new_task("b").after("a"),
            new_task("c").after("a"),
            new_task("d").after("a").after("b").after("c"),
        ])
        .await;

    let ids = ["b", "c", "d"];
    board.complete("a").await;
    assert_eq!(board.changes().await[1..], ["b", "c"].map(made_ready));
    assert_eq!(board.states(ids).await, [Ready, Ready, Blocked]);
    board.complete("c").await;
    assert_eq!(board.states(ids).await, [Ready, Completed, Blocked]);
    board.complete("b").await;
    assert_eq!(board.states(ids).await, [Completed, Completed, Ready]);
    board.assert_sound().await;
}

/// A task may have many dependants. All become ready together.
pub async fn many_dependants_become_ready_together(ports: &Orchestration) {
    let board = Board::of(ports).await;
    let ids: Vec<String> = (0..300).map(|number| format!("{number:03}")).collect();
    let dependants = ids.iter().map(|id| new_task(id).after("root"));
    board.given(dependants.chain([new_task("root")])).await;

    board.complete("root").await;

    let entries: Vec<_> = ids.iter().map(|id| made_ready(id)).collect();
    assert_eq!(board.changes().await[1..], entries);
    board.assert_sound().await;
}

/// A task that ends is finished in the task history with the status of its state, at the time of
/// the write, although it has no steps there.
pub async fn an_ended_task_is_finished_in_the_history(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for (state, status) in [
        (Completed, TaskStatus::Completed),
        (Failed, TaskStatus::Failed),
        (Cancelled, TaskStatus::Cancelled),
        (TimedOut, TaskStatus::TimedOut),
        (Skipped, TaskStatus::Cancelled),
    ] {
        board.given_in(state, state.as_str()).await;

        let finish = Some((status, board.last().at));
        assert_eq!(board.finish_of(state.as_str()).await, finish, "{state}");
        let ended_at = board.progress(state.as_str()).await.ended_at();
        assert_eq!(ended_at, Some(board.last().at), "{state}");
    }
}

/// The steps of a task stay in the task history, and a save after the end returns its status.
pub async fn an_ended_task_keeps_its_steps(ports: &Orchestration) {
    let board = Board::of(ports).await;
    let steps = Writer::default().steps(&task("a"), 3);
    board.given([new_task("a")]).await;
    for step in &steps[..2] {
        let open = ports.history.save(step).await.unwrap();
        assert_eq!(open, TaskStatus::Running);
    }

    board.fail("a").await;

    let late = ports.history.save(&steps[2]).await.unwrap();
    assert_eq!(late, TaskStatus::Failed);
    let summary = ports.history.summary(&task("a")).await.unwrap().unwrap();
    assert_eq!(summary.entries, 3);
    board.assert_sound().await;
}

/// A task that is finished only in the task history stays open here. Its end here keeps the first
/// finish there.
pub async fn a_finish_in_the_history_alone_ends_nothing(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given([new_task("a"), new_task("b").after("a")]).await;
    let before = board.get("a").await;
    let key = task("a");
    let finish = ports.history.finish(&key, FinalStatus::Failed, at(0));
    let won = FinishOutcome::Finished { previous: None };
    assert_eq!(finish.await.unwrap(), won);

    assert_eq!(board.get("a").await, before);
    board.complete("a").await;

    assert_eq!(board.states(["a", "b"]).await, [Completed, Ready]);
    let first = Some((TaskStatus::Failed, at(0)));
    assert_eq!(board.finish_of("a").await, first);
}

/// A dependency that is added counts like one that the task was created with.
pub async fn added_dependencies_are_settled_alike(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given(["a", "b", "c"].map(new_task)).await;
    board.add("b", [success("a")]).await;
    board.add("c", [success("b")]).await;

    board.cancel("a").await;

    assert_eq!(board.changes().await[1..], ["b", "c"].map(made_skipped));
    assert_eq!(board.states(["b", "c"]).await, [Skipped; 2]);
    board.assert_sound().await;
}
