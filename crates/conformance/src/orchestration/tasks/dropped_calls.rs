//! Calls that are dropped before they return.

use tasktrail_domain::orchestration::TaskState::{Blocked, Cancelled, Ready, Skipped};
use tasktrail_domain::orchestration::task::{CancelOutcome, CancelScope, TaskFilter};

use super::board::Board;
use super::expected::success;
use super::retention::everything;
use crate::fixture::{page, task, user};
use crate::orchestration::Orchestration;
use crate::orchestration::fixture::{EditTask, new_task, plan};
use crate::parallel::dropped_after;

/// Numbers of yields after which calls are dropped: immediately, during the call, and after it.
const TURNS: [u32; 12] = [0, 1, 2, 3, 4, 8, 16, 64, 256, 512, 1024, 4096];

/// A dropped creation creates all tasks of the plan or none, and can be retried.
pub async fn a_dropped_creation_leaves_all_or_nothing(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for turns in TURNS {
        let before = count(ports).await;
        let first = format!("{turns} first");
        let others = (0..29).map(|number| new_task(&format!("{turns} {number}")).after(&first));
        let plan = plan(others.chain([new_task(&first)]));
        let context = board.next();

        dropped_after(turns, ports.create(&context, &user("alice"), &plan)).await;

        for _ in 0..5 {
            let created = count(ports).await - before;
            assert!(
                [0, 30].contains(&created),
                "{created} of 30 after {turns} turns"
            );
        }
        ports.create(&context, &user("alice"), &plan).await;
        assert_eq!(count(ports).await, before + 30);
    }
    board.assert_sound().await;
}

/// A dropped cancel cancels the task with its descendants, and skips what needs them, or changes
/// nothing. Retried, it has the answer of the first call.
pub async fn a_dropped_cancel_leaves_all_or_nothing(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for turns in TURNS {
        let [subject, part, needs] = ["a", "part", "needs"].map(|name| format!("{turns} {name}"));
        let plan = [
            new_task(&subject),
            new_task(&part).part_of(&subject),
            new_task(&needs).after(&part),
        ];
        board.given(plan).await;
        board.start(&part).await;
        let (context, key) = (board.next(), task(&subject));
        let scope = CancelScope::Descendants;

        dropped_after(turns, ports.cancel(&context, &key, scope)).await;

        let again = ports.cancel(&context, &key, scope).await;
        let CancelOutcome::Cancelled {
            descendants,
            skipped,
            ..
        } = again
        else {
            panic!("{again:?}")
        };
        assert_eq!((descendants.len(), skipped.len()), (1, 1));
        let states = board.states([&subject, &part, &needs]).await;
        assert_eq!(states, [Cancelled, Cancelled, Skipped]);
        assert_eq!(board.changes().await.len(), 3);
    }
    assert_eq!(board.occupied().await, 0);
    board.assert_sound().await;
}

/// A dropped change of dependencies changes the dependencies and the state, or neither.
pub async fn a_dropped_change_of_dependencies_leaves_all_or_nothing(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given([new_task("first")]).await;
    let first = [task("first").task];
    for turns in TURNS {
        let id = turns.to_string();
        board.given([new_task(&id)]).await;
        let (add, remove, key) = (board.next(), board.next(), task(&id));

        dropped_after(
            turns,
            ports.add_dependencies(&add, &key, &[success("first")]),
        )
        .await;
        ports
            .add_dependencies(&add, &key, &[success("first")])
            .await;
        assert_eq!(board.state(&id).await, Blocked);
        dropped_after(turns, ports.remove_dependencies(&remove, &key, &first)).await;
        ports.remove_dependencies(&remove, &key, &first).await;

        assert_eq!(board.state(&id).await, Ready);
        assert_eq!(ports.changes_of(&add).await.len(), 1);
        assert_eq!(ports.changes_of(&remove).await.len(), 1);
    }
    board.assert_sound().await;
}

/// A dropped removal removes its whole batch or nothing.
pub async fn a_dropped_removal_of_tasks_leaves_all_or_nothing(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for turns in TURNS {
        let ids = (0..6).map(|number| format!("{turns} {number}"));
        board.given(ids.clone().map(|id| new_task(&id))).await;
        for id in ids {
            board.cancel(&id).await;
        }

        dropped_after(turns, ports.remove_expired(&everything(), &page(6))).await;

        for _ in 0..5 {
            let left = count(ports).await;
            assert!([0, 6].contains(&left), "{left} of 6 after {turns} turns");
        }
        ports.remove_expired(&everything(), &page(6)).await;
        assert_eq!(count(ports).await, 0);
    }
}

async fn count(ports: &Orchestration) -> usize {
    ports
        .list_tasks(&user("alice"), &TaskFilter::default())
        .await
        .len()
}
