//! Dependencies that are changed concurrently with other writes.

use tasktrail_domain::orchestration::AttemptKey;
use tasktrail_domain::orchestration::TaskState::{Assigned, Blocked, Ready, Skipped};
use tasktrail_domain::orchestration::dispatch::AssignOutcome;
use tasktrail_domain::orchestration::task::DependencyChange;

use super::board::Board;
use super::expected::{end, success};
use super::racing::{adding, assigning, removing_dependencies, reporting};
use crate::fixture::task;
use crate::orchestration::Orchestration;
use crate::orchestration::fixture::{
    EditTask, attempt, completed, failed, new_task, task_id, task_ids,
};
use crate::parallel::at_once;

/// Of two halves of a cycle that are added at once, exactly one is added; the other is refused with
/// the cycle.
pub async fn exactly_one_half_of_a_cycle_is_added(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for trial in 0..20 {
        let [a, b] = ["a", "b"].map(|name| format!("{trial} {name}"));
        board.given([new_task(&a), new_task(&b)]).await;
        let halves = [(&a, &b), (&b, &a)]
            .map(|(task, first)| adding(ports, board.next(), task, &[success(first)]));

        let answers = at_once(halves).await;

        let added = DependencyChange::Changed {
            state: Blocked,
            skipped: Vec::new(),
        };
        let cycle = |ids: [&String; 3]| DependencyChange::Cycle {
            tasks: task_ids(ids.map(String::as_str)),
        };
        let one = [added.clone(), cycle([&b, &a, &b])];
        let other = [cycle([&a, &b, &a]), added];
        assert!(answers == one || answers == other, "{answers:?}");
    }
    board.assert_sound().await;
}

/// Of the dependencies of a long ring that are added at once, all but one are added.
pub async fn all_but_one_dependency_of_a_ring_are_added(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for trial in 0..5 {
        let ids: Vec<String> = (0..8).map(|place| format!("{trial} {place}")).collect();
        board.given(ids.iter().map(|id| new_task(id))).await;
        let ring = (0..8).map(|place| {
            let next = success(&ids[(place + 1) % 8]);
            adding(ports, board.next(), &ids[place], &[next])
        });

        let answers = at_once(ring).await;

        let cycles = answers.iter().filter_map(|answer| match answer {
            DependencyChange::Cycle { tasks } => Some(tasks.len()),
            DependencyChange::Changed { .. } => None,
            other => panic!("{other:?}"),
        });
        assert_eq!(cycles.collect::<Vec<_>>(), [9], "{trial}");
    }
    board.assert_sound().await;
}

/// A dependency that is added while its prerequisite ends is settled: its task is ready after the
/// completion, and skipped after a failure.
pub async fn an_addition_that_races_an_end_is_settled(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for trial in 0..20 {
        let [first, needs, below] =
            ["first", "needs", "below"].map(|name| format!("{trial} {name}"));
        board
            .given([
                new_task(&first),
                new_task(&needs),
                new_task(&below).after(&needs),
            ])
            .await;
        let key = AttemptKey::new(task(&first), board.assign(&first).await);
        let completes = trial % 2 == 0;
        let report = if completes {
            completed(key)
        } else {
            failed(key, None)
        };

        let (answers, _) = tokio::join!(
            at_once([adding(ports, board.next(), &needs, &[success(&first)])]),
            at_once([reporting(ports, board.next(), report)]),
        );

        let changed = matches!(answers[0], DependencyChange::Changed { .. });
        assert!(changed, "{answers:?}");
        let expected = if completes {
            [Ready, Blocked]
        } else {
            [Skipped; 2]
        };
        assert_eq!(board.states([&needs, &below]).await, expected, "{trial}");
    }
    board.assert_sound().await;
}

/// A dependency that is removed while its prerequisite fails was removed in time, and its task is
/// ready; or too late, and its task is skipped.
pub async fn a_removal_that_races_a_failure_is_in_time_or_too_late(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for trial in 0..20 {
        let [first, needs] = ["first", "needs"].map(|name| format!("{trial} {name}"));
        board
            .given([new_task(&first), new_task(&needs).after(&first)])
            .await;
        let key = AttemptKey::new(task(&first), board.assign(&first).await);
        let removal = [task_id(&first)];

        let (answers, _) = tokio::join!(
            at_once([removing_dependencies(ports, board.next(), &needs, &removal)]),
            at_once([reporting(ports, board.next(), failed(key, None))]),
        );

        let (in_time, too_late) = (
            DependencyChange::Changed {
                state: Ready,
                skipped: Vec::new(),
            },
            DependencyChange::TooLate { state: Skipped },
        );
        let state = board.state(&needs).await;
        let expected = if state == Ready { in_time } else { too_late };
        assert_eq!(answers, [expected], "{trial}: {state}");
    }
    board.assert_sound().await;
}

/// A dependency that is added while its task is assigned was added in time, and the task is
/// blocked; or too late, and the agent has the task.
pub async fn an_addition_that_races_an_assignment_is_in_time_or_too_late(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for trial in 0..20 {
        let [first, needs] = ["first", "needs"].map(|name| format!("{trial} {name}"));
        board.given([new_task(&first), new_task(&needs)]).await;

        let (added, assigned) = tokio::join!(
            at_once([adding(ports, board.next(), &needs, &[end(&first)])]),
            at_once([assigning(ports, board.next(), &needs)]),
        );

        let blocked = AssignOutcome::NotReady {
            state: Blocked,
            agent: None,
        };
        let in_time = DependencyChange::Changed {
            state: Blocked,
            skipped: Vec::new(),
        };
        let has_it = AssignOutcome::Assigned {
            attempt: attempt(1),
            deadline: None,
        };
        let too_late = DependencyChange::TooLate { state: Assigned };
        let (change, outcome) = if board.state(&needs).await == Blocked {
            (in_time, blocked)
        } else {
            (too_late, has_it)
        };
        assert_eq!(added, [change], "{trial}");
        assert_eq!(assigned, [outcome], "{trial}");
    }
    board.assert_sound().await;
}

/// The last prerequisites of a task may end, and its other dependencies be removed, all at once: it
/// becomes ready exactly once.
pub async fn ends_and_removals_at_once_make_a_task_ready_once(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for trial in 0..10 {
        let ids: Vec<String> = (0..6).map(|number| format!("{trial} {number}")).collect();
        let last = format!("{trial} last");
        let subject = ids.iter().fold(new_task(&last), |task, id| task.after(id));
        board
            .given(ids.iter().map(|id| new_task(id)).chain([subject]))
            .await;
        let mut reports = Vec::new();
        for id in &ids[..4] {
            let key = AttemptKey::new(task(id), board.assign(id).await);
            reports.push(reporting(ports, board.next(), completed(key)));
        }
        let removals = ids[4..]
            .iter()
            .map(|id| removing_dependencies(ports, board.next(), &last, &[task_id(id)]));

        tokio::join!(at_once(reports), at_once(removals));

        assert_eq!(board.state(&last).await, Ready, "{trial}");
        assert_eq!(board.get(&last).await.dependencies.len(), 4);
    }
    board.assert_sound().await;
}
