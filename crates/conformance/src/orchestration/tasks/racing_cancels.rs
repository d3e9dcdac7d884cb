//! Cancels that are concurrent with other writes.

use std::collections::BTreeSet;

use tasktrail_domain::TaskId;
use tasktrail_domain::orchestration::TaskState::{Assigned, Cancelled, Completed, Skipped};
use tasktrail_domain::orchestration::dispatch::{AssignOutcome, ReportOutcome};
use tasktrail_domain::orchestration::task::{CancelOutcome, CancelScope};
use tasktrail_domain::orchestration::{AttemptKey, ExecutionState};
use tasktrail_domain::task_history::TaskStatus;

use super::board::Board;
use super::racing::{assigning, cancelling, reporting};
use crate::fixture::task;
use crate::orchestration::Orchestration;
use crate::orchestration::fixture::{EditTask, completed, new_task, task_id};
use crate::parallel::at_once;

/// Of a cancel and a report at once, exactly one wins, and the other is told so. The task history
/// has the status of the winner.
pub async fn a_cancel_or_a_report_wins(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for trial in 0..30 {
        let [subject, needs] = ["a", "needs"].map(|name| format!("{trial} {name}"));
        board
            .given([new_task(&subject), new_task(&needs).after(&subject)])
            .await;
        let key = AttemptKey::new(task(&subject), board.assign(&subject).await);
        let scope = CancelScope::Task;

        let (cancels, reports) = tokio::join!(
            at_once([cancelling(ports, board.next(), &subject, scope)]),
            at_once([reporting(ports, board.next(), completed(key))]),
        );

        let cancelled = matches!(
            cancels[0],
            CancelOutcome::Cancelled {
                previous: Assigned,
                ..
            }
        );
        let ended = matches!(
            cancels[0],
            CancelOutcome::AlreadyEnded {
                state: Completed,
                ..
            }
        );
        let recorded = matches!(
            reports[0],
            ReportOutcome::Recorded {
                state: Completed,
                ..
            }
        );
        let (state, task) = (ExecutionState::Cancelled, Cancelled);
        let superseded = reports[0] == ReportOutcome::Superseded { state, task };
        let context = format!("{cancels:?} {reports:?}");
        assert!(
            (cancelled && superseded) || (ended && recorded),
            "{context}"
        );
        let status = if cancelled {
            TaskStatus::Cancelled
        } else {
            TaskStatus::Completed
        };
        let finish = board.finish_of(&subject).await.map(|(status, _)| status);
        assert_eq!(finish, Some(status), "{context}");
    }
    assert_eq!(board.occupied().await, 0);
    board.assert_sound().await;
}

/// A task that is cancelled while it is assigned is cancelled afterwards, and the agent's slot is
/// free, whether it got the task or not.
pub async fn a_cancel_that_races_an_assignment_frees_the_slot(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for trial in 0..20 {
        let id = trial.to_string();
        board.given([new_task(&id)]).await;

        let (cancels, assigned) = tokio::join!(
            at_once([cancelling(ports, board.next(), &id, CancelScope::Task)]),
            at_once([assigning(ports, board.next(), &id)]),
        );

        let cancelled = matches!(cancels[0], CancelOutcome::Cancelled { .. });
        assert!(cancelled, "{cancels:?}");
        let (state, agent) = (Cancelled, None);
        let late = assigned[0] == AssignOutcome::NotReady { state, agent };
        let got = matches!(assigned[0], AssignOutcome::Assigned { .. });
        assert!(late || got, "{assigned:?}");
        assert_eq!(board.state(&id).await, Cancelled);
    }
    assert_eq!(board.occupied().await, 0);
    board.assert_sound().await;
}

/// Cancels and reports of tasks with overlapping dependants end each task once: each is skipped by
/// one of the calls, and none has an open dependency of a task that ended.
pub async fn ends_with_overlapping_dependants_skip_each_task_once(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for trial in 0..5 {
        let layers: Vec<Vec<String>> = (0..4)
            .map(|layer| {
                (0..6)
                    .map(|place| format!("{trial} {layer} {place}"))
                    .collect()
            })
            .collect();
        let mut tasks: Vec<_> = layers[0].iter().map(|id| new_task(id)).collect();
        for (above, below) in layers.iter().zip(&layers[1..]) {
            for (place, id) in below.iter().enumerate() {
                let task = new_task(id)
                    .after(&above[place])
                    .after(&above[(place + 1) % 6]);
                tasks.push(task.after_end_of(&above[(place + 3) % 6]));
            }
        }
        board.given(tasks).await;
        let mut reports = Vec::new();
        for id in &layers[0][4..] {
            let key = AttemptKey::new(task(id), board.assign(id).await);
            reports.push(reporting(ports, board.next(), completed(key)));
        }
        let ends = [
            &layers[0][0],
            &layers[0][2],
            &layers[1][4],
            &layers[2][1],
            &layers[3][5],
        ]
        .map(|id| cancelling(ports, board.next(), id, CancelScope::Task));

        let (cancels, _) = tokio::join!(at_once(ends), at_once(reports));

        let mut seen: BTreeSet<TaskId> = BTreeSet::new();
        for answer in cancels {
            if let CancelOutcome::Cancelled { skipped, .. } = answer {
                for id in skipped {
                    assert_eq!(board.state(id.as_str()).await, Skipped, "{id}");
                    assert!(seen.insert(id.clone()), "{id} is skipped twice");
                }
            }
        }
        assert!(!seen.is_empty());
    }
    board.assert_sound().await;
}

/// Cancels of a tree and of trees within it cancel each task once.
pub async fn cancels_of_overlapping_trees_cancel_each_task_once(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for trial in 0..5 {
        let ids: Vec<String> = (0..31)
            .map(|number| format!("{trial} {number:02}"))
            .collect();
        let below = (1..31).map(|number: usize| {
            let part = new_task(&ids[number]).part_of(&ids[(number - 1) / 2]);
            // The right part waits for the left one.
            if number.is_multiple_of(2) {
                part.after(&ids[number - 1])
            } else {
                part
            }
        });
        board.given(below.chain([new_task(&ids[0])])).await;
        let scope = CancelScope::Descendants;
        let cancels = [0, 1, 2, 4, 5, 9]
            .map(|number: usize| cancelling(ports, board.next(), &ids[number], scope));

        let answers = at_once(cancels).await;

        let mut cancelled = Vec::new();
        for (answer, number) in answers.into_iter().zip([0, 1, 2, 4, 5, 9]) {
            match answer {
                CancelOutcome::Cancelled { descendants, .. } => {
                    cancelled.push(task_id(&ids[number]));
                    cancelled.extend(descendants);
                }
                CancelOutcome::AlreadyEnded { .. } => {}
                CancelOutcome::Unknown => panic!("{} is unknown", ids[number]),
            }
        }
        let unique: BTreeSet<_> = cancelled.iter().cloned().collect();
        assert_eq!(unique.len(), cancelled.len(), "{cancelled:?}");
        for id in &ids {
            let expected = if unique.contains(&task_id(id)) {
                Cancelled
            } else {
                Skipped
            };
            assert_eq!(board.state(id).await, expected, "{id}");
        }
    }
    board.assert_sound().await;
}

/// Repetitions of one cancel at once have the same answer, and leave the entries of one.
pub async fn a_cancel_repeated_at_once_has_one_answer(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for trial in 0..10 {
        let [subject, part, needs] = ["a", "part", "needs"].map(|name| format!("{trial} {name}"));
        board
            .given([
                new_task(&subject),
                new_task(&part).part_of(&subject),
                new_task(&needs).after(&part),
            ])
            .await;
        let context = board.next();
        let scope = CancelScope::Descendants;
        let cancels = (0..8).map(|_| cancelling(ports, context.clone(), &subject, scope));

        let answers = at_once(cancels).await;

        let won = matches!(answers[0], CancelOutcome::Cancelled { .. });
        assert!(won, "{answers:?}");
        assert!(
            answers.iter().all(|answer| *answer == answers[0]),
            "{answers:?}"
        );
        assert_eq!(board.changes().await.len(), 3);
    }
    board.assert_sound().await;
}
