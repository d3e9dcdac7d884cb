//! Cancelling a task.

use tasktrail_domain::orchestration::TaskState::{
    self, Assigned, Blocked, Cancelled, Completed, Failed, Ready, Running, Skipped, TimedOut,
    Waiting,
};
use tasktrail_domain::orchestration::agent::{Heartbeat, HeartbeatOutcome};
use tasktrail_domain::orchestration::audit::Change;
use tasktrail_domain::orchestration::dispatch::{ExecutionFilter, ReportOutcome};
use tasktrail_domain::orchestration::task::CancelOutcome;
use tasktrail_domain::orchestration::{AttemptKey, ExecutionState};
use tasktrail_domain::task_history::TaskStatus;

use super::board::{Board, worker};
use super::expected::{made_cancelled, made_ready, made_skipped};
use crate::fixture::{Writer, task, user};
use crate::orchestration::Orchestration;
use crate::orchestration::fixture::{
    EditTask, attempt, completed, held, new_task, payload, task_id, task_ids,
};

/// A task is cancelled at once in each state until it ends. Its previous state is returned.
pub async fn a_task_is_cancelled_in_each_open_state(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for state in [Blocked, Ready, Assigned, Running, Waiting] {
        let id = state.as_str();
        board.given_in(state, id).await;
        let mut expected = board.get(id).await;

        let cancelled = board.cancel(id).await;

        assert_eq!(cancelled, cancelled_from(state, [], []));
        let now = board.last().at;
        expected.progress.state = Cancelled;
        expected.progress.agent = None;
        expected.progress.open_dependencies = 0;
        expected.progress.due_at = None;
        expected.progress.changed_at = now;
        assert_eq!(board.get(id).await, expected);
        assert_eq!(board.changes().await, [made_cancelled(id, state)]);
        let finish = Some((TaskStatus::Cancelled, now));
        assert_eq!(board.finish_of(id).await, finish, "{state}");
    }
    assert_eq!(board.occupied().await, 0);
    board.assert_sound().await;
}

/// A task that has ended is not changed. Its state and the time of its end are returned.
pub async fn an_ended_task_is_not_cancelled(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for state in [Completed, Failed, Cancelled, TimedOut, Skipped] {
        let id = state.as_str();
        board.given_in(state, id).await;
        let (before, at) = (board.get(id).await, board.last().at);
        board
            .given([new_task(&format!("{state} part")).part_of(id)])
            .await;

        for answer in [
            board.cancel(id).await,
            board.cancel_with_descendants(id).await,
        ] {
            assert_eq!(answer, CancelOutcome::AlreadyEnded { state, at });
            assert_eq!(board.get(id).await, before);
            assert_eq!(board.changes().await, []);
        }
        assert_eq!(board.state(&format!("{state} part")).await, Ready);
    }
    board.assert_sound().await;
}

/// An unknown task is not cancelled, and not finished in the task history.
pub async fn an_unknown_task_is_not_cancelled(ports: &Orchestration) {
    let board = Board::of(ports).await;

    assert_eq!(board.cancel("a").await, CancelOutcome::Unknown);
    assert_eq!(
        board.cancel_with_descendants("a").await,
        CancelOutcome::Unknown
    );

    assert_eq!(ports.find_task(&task("a")).await, None);
    assert_eq!(ports.history.summary(&task("a")).await.unwrap(), None);
    assert_eq!(board.changes().await, []);
}

/// A cancel skips the tasks that need the task, and makes those ready that wait for its end.
pub async fn a_cancel_settles_the_dependants(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board
        .given([
            new_task("a"),
            new_task("needs").after("a"),
            new_task("needs too").after("needs"),
            new_task("follows").after_end_of("a"),
        ])
        .await;

    let cancelled = board.cancel("a").await;

    assert_eq!(cancelled, cancelled_from(Ready, [], ["needs", "needs too"]));
    let entries = [
        made_cancelled("a", Ready),
        made_ready("follows"),
        made_skipped("needs"),
        made_skipped("needs too"),
    ];
    assert_eq!(board.changes().await, entries);
    board.assert_sound().await;
}

/// The execution of a cancelled task is closed as cancelled, and the slot of its agent is free: the
/// agent can get another task at once.
pub async fn a_cancel_frees_the_slot_of_the_agent(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given(["a", "b"].map(new_task)).await;
    board.assign("a").await;
    board.start("b").await;
    assert_eq!(board.occupied().await, 2);

    board.cancel("a").await;
    assert_eq!(board.occupied().await, 1);
    board.cancel("b").await;
    assert_eq!(board.occupied().await, 0);

    let filter = ExecutionFilter::OfTask(task_id("b"));
    let executions = ports.executions(&user("alice"), &filter).await;
    assert_eq!(executions.len(), 1);
    assert_eq!(executions[0].state, ExecutionState::Cancelled);
    assert_eq!(executions[0].closed_at, Some(board.last().at));
    let open = ExecutionFilter::OpenOfAgent(worker().agent.agent);
    assert_eq!(ports.executions(&user("alice"), &open).await, []);
    board.assert_sound().await;
}

/// The attempt of a cancelled task does not count as failed.
pub async fn a_cancelled_attempt_is_not_counted(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given([new_task("a")]).await;
    board.start("a").await;

    board.cancel("a").await;

    let progress = board.progress("a").await;
    assert_eq!((progress.attempts, progress.counted_attempts), (1, 0));
    assert_eq!(progress.error_code, None);
}

/// The agent learns of a cancel at its next heartbeat: it must stop the attempt.
pub async fn a_heartbeat_stops_the_attempt_of_a_cancelled_task(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given(["a", "b"].map(new_task)).await;
    board.start("a").await;
    board.assign("b").await;
    board.cancel("a").await;

    let (agent, at) = (worker(), board.last().at);
    let heartbeat = Heartbeat::new(agent.agent, agent.instance, at);
    let heartbeat = heartbeat.with_held(vec![held("a", 1), held("b", 1)]);
    let HeartbeatOutcome::Accepted { stop, missing, .. } = ports.heartbeat(&heartbeat).await else {
        panic!("the heartbeat is refused")
    };

    assert_eq!((stop, missing), (vec![held("a", 1)], vec![]));
}

/// The agent learns of a cancel at its next report, which changes nothing, but is kept in the audit
/// log.
pub async fn a_report_after_a_cancel_is_superseded(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board
        .given([new_task("a"), new_task("b").after_end_of("a")])
        .await;
    let key = AttemptKey::new(task("a"), board.start("a").await);
    board.cancel("a").await;
    let before = board.get("a").await;

    let next = board.next();
    let report = completed(key).with_output(payload(&serde_json::json!({ "rows": 9 })));
    let superseded = ports.report(&next, &report).await;

    let (state, task) = (ExecutionState::Cancelled, Cancelled);
    assert_eq!(superseded, ReportOutcome::Superseded { state, task });
    assert_eq!(board.get("a").await, before);
    assert_eq!(board.changes().await, [Change::report_superseded(&report)]);
    board.assert_sound().await;
}

/// The agent learns of a cancel at its next save in the task history, which returns `cancelled`.
pub async fn a_save_after_a_cancel_of_a_task_returns_cancelled(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given([new_task("a")]).await;
    let steps = Writer::default().steps(&task("a"), 2);
    assert_eq!(board.start("a").await, attempt(1));
    let saved = ports.history.save(&steps[0]).await.unwrap();
    assert_eq!(saved, TaskStatus::Running);

    board.cancel("a").await;

    let saved = ports.history.save(&steps[1]).await.unwrap();
    assert_eq!(saved, TaskStatus::Cancelled);
}

fn cancelled_from<const D: usize, const S: usize>(
    previous: TaskState,
    descendants: [&str; D],
    skipped: [&str; S],
) -> CancelOutcome {
    CancelOutcome::Cancelled {
        previous,
        descendants: task_ids(descendants),
        skipped: task_ids(skipped),
    }
}
