//! Plans that are created concurrently with other writes.

use std::error::Error;

use tasktrail_domain::orchestration::AttemptKey;
use tasktrail_domain::orchestration::TaskState::{Blocked, Ready, Skipped};
use tasktrail_domain::orchestration::task::{CancelScope, PlanConflict, PlanOutcome};
use tasktrail_domain::repository::ErrorKind;

use super::board::Board;
use super::racing::{cancelling, creating, reporting};
use crate::fixture::task;
use crate::orchestration::Orchestration;
use crate::orchestration::fixture::{EditTask, completed, failed, new_task, plan, plan_of};
use crate::parallel::at_once;

/// A task that is created while its prerequisites end is never left blocked, and never started too
/// early: it is ready after they completed, and skipped if one of them failed.
pub async fn a_plan_that_races_the_ends_of_its_prerequisites_is_settled(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for trial in 0..20 {
        let [a, b] = ["a", "b"].map(|name| format!("{trial} {name}"));
        board.given([new_task(&a), new_task(&b)]).await;
        let [first, second] = [board.start(&a).await, board.assign(&b).await];
        let fails = trial % 3 == 0;
        let first = AttemptKey::new(task(&a), first);
        let first = if fails {
            failed(first, None)
        } else {
            completed(first)
        };
        let reports = [first, completed(AttemptKey::new(task(&b), second))];
        let reports = reports.map(|report| reporting(ports, board.next(), report));
        let ids: Vec<String> = (0..4)
            .map(|number| format!("{trial} next {number}"))
            .collect();
        let plans = ids.iter().map(|id| {
            let below = new_task(&format!("{id} below")).after(id);
            let both = plan([new_task(id).after(&a).after_end_of(&b), below]);
            creating(ports, board.next(), both)
        });

        let (created, _) = tokio::join!(at_once(plans), at_once(reports));

        for (answer, id) in created.into_iter().zip(&ids) {
            let outcome = answer.unwrap();
            assert!(
                matches!(outcome, PlanOutcome::Created { .. }),
                "{outcome:?}"
            );
            let below = if fails { Skipped } else { Blocked };
            let expected = if fails {
                [Skipped, below]
            } else {
                [Ready, below]
            };
            let states = board.states([id, &format!("{id} below")]).await;
            assert_eq!(states, expected, "{id}");
        }
    }
    board.assert_sound().await;
}

/// A task that is created while its prerequisite is cancelled is skipped, or ready if it waits for
/// the end.
pub async fn a_plan_that_races_a_cancel_is_settled(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for trial in 0..20 {
        let [first, needs, follows] =
            ["first", "needs", "follows"].map(|name| format!("{trial} {name}"));
        board.given([new_task(&first)]).await;
        let both = plan([
            new_task(&needs).after(&first),
            new_task(&follows).after_end_of(&first),
        ]);

        let (created, _) = tokio::join!(
            at_once([creating(ports, board.next(), both)]),
            at_once([cancelling(ports, board.next(), &first, CancelScope::Task)]),
        );

        for answer in created {
            answer.unwrap();
        }
        let states = board.states([&needs, &follows]).await;
        assert_eq!(states, [Skipped, Ready], "{trial}");
    }
    board.assert_sound().await;
}

/// Of equal plans that are created at once, exactly one is created; the others are known, whether
/// they are repetitions of one write or not.
pub async fn equal_plans_are_created_once(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for trial in 0..10 {
        let tasks = || {
            let first = format!("{trial} a");
            let second = new_task(&format!("{trial} b")).after(&first);
            plan([new_task(&first), second])
        };
        let repeated = board.next();
        let repeats = trial % 2 == 0;
        let creations = (0..8).map(|_| {
            let context = if repeats {
                repeated.clone()
            } else {
                board.next()
            };
            creating(ports, context, tasks())
        });

        let answers = at_once(creations).await;

        let mut created = 0;
        for answer in answers {
            match answer.unwrap() {
                PlanOutcome::Created { .. } => created += 1,
                PlanOutcome::Known { tasks } => assert_eq!(tasks.len(), 2),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(created, 1, "{trial}");
    }
    board.assert_sound().await;
}

/// Of plans that share a task, exactly one is created. The others conflict, and create nothing.
pub async fn overlapping_plans_are_created_once(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for trial in 0..10 {
        let shared = format!("{trial} m");
        let plans = ["a", "b", "y", "z"].map(|name| {
            let own = format!("{trial} {name}");
            creating(ports, board.next(), plan_of([own.as_str(), &shared]))
        });

        let answers = at_once(plans).await;

        let mut created = 0;
        for (answer, name) in answers.into_iter().zip(["a", "b", "y", "z"]) {
            let own = ports.find_task(&task(&format!("{trial} {name}"))).await;
            match answer {
                Ok(outcome) => {
                    assert!(
                        matches!(outcome, PlanOutcome::Created { .. }),
                        "{outcome:?}"
                    );
                    assert!(own.is_some(), "{name}");
                    created += 1;
                }
                Err(error) => {
                    let cause = error.source().and_then(|cause| cause.downcast_ref());
                    let expected = PlanConflict::new(task(&shared).task);
                    assert_eq!(error.kind(), ErrorKind::Conflict, "{error:?}");
                    assert_eq!(cause, Some(&expected), "{error:?}");
                    assert_eq!(own, None, "{name}");
                }
            }
        }
        assert_eq!(created, 1, "{trial}");
    }
    board.assert_sound().await;
}
