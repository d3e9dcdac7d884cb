//! Removals that are concurrent with each other and with other writes.

use tasktrail_domain::orchestration::TaskState::Ready;
use tasktrail_domain::orchestration::task::{DependencyChange, PlanOutcome};

use super::board::Board;
use super::expected::end;
use super::racing::{adding, creating, removing_dependencies, removing_tasks};
use super::retention::remaining;
use crate::fixture::task;
use crate::orchestration::Orchestration;
use crate::orchestration::fixture::{EditTask, new_task, plan, task_id};
use crate::parallel::at_once;

/// Concurrent removals remove each task once.
pub async fn concurrent_removals_remove_each_task_once(ports: &Orchestration) {
    let board = Board::of(ports).await;
    let ids: Vec<String> = (0..40).map(|number| format!("{number:02}")).collect();
    let chain = (1..40).map(|number| new_task(&ids[number]).after(&ids[number - 1]));
    board.given(chain.chain([new_task("00")])).await;
    board.cancel("00").await;
    board
        .given([new_task("open").after_end_of("07").part_of("21")])
        .await;

    let removed = at_once([1, 3, 7, 100].map(|size| removing_tasks(ports, size))).await;

    assert_eq!(removed.iter().sum::<u64>(), 38, "{removed:?}");
    assert_eq!(remaining(ports).await, ["open", "21", "07"]);
    board.assert_sound().await;
}

/// A plan that is created while the tasks that it refers to are removed finds them, and then they
/// are kept; or it does not, and is refused.
pub async fn a_plan_that_races_a_removal_is_whole_or_refused(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for trial in 0..20 {
        let [first, parent] = ["first", "parent"].map(|name| format!("{trial} {name}"));
        board.given([new_task(&first), new_task(&parent)]).await;
        board.complete(&first).await;
        board.cancel(&parent).await;
        let next = format!("{trial} next");
        let creation = plan([new_task(&next).after(&first).part_of(&parent)]);

        let (created, _) = tokio::join!(
            at_once([creating(ports, board.next(), creation)]),
            at_once([removing_tasks(ports, 10)]),
        );

        for answer in created {
            let created = matches!(answer.unwrap(), PlanOutcome::Created { .. });
            assert_eq!(ports.find_task(&task(&next)).await.is_some(), created);
            if created {
                assert_eq!(board.state(&next).await, Ready);
                assert!(ports.find_task(&task(&first)).await.is_some());
                assert!(ports.find_task(&task(&parent)).await.is_some());
                board.cancel(&next).await;
            }
        }
    }
    board.assert_sound().await;
}

/// A dependency that is added while its prerequisite is removed finds it, and then it is kept; or
/// it does not, and is refused.
pub async fn an_addition_that_races_a_removal_is_kept_or_refused(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for trial in 0..20 {
        let [first, next] = ["first", "next"].map(|name| format!("{trial} {name}"));
        board.given([new_task(&first), new_task(&next)]).await;
        board.complete(&first).await;

        let (added, _) = tokio::join!(
            at_once([adding(ports, board.next(), &next, &[end(&first)])]),
            at_once([removing_tasks(ports, 10)]),
        );

        let exists = ports.find_task(&task(&first)).await.is_some();
        let (state, skipped) = (Ready, Vec::new());
        let expected = if exists {
            DependencyChange::Changed { state, skipped }
        } else {
            let prerequisite = task_id(&first);
            DependencyChange::UnknownPrerequisite { prerequisite }
        };
        assert_eq!(added, [expected], "{trial}");
        board.cancel(&next).await;
    }
    board.assert_sound().await;
}

/// Removals of the same dependencies at once remove each once: the audit log has each one time.
pub async fn concurrent_removals_of_dependencies_remove_each_once(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for trial in 0..10 {
        let ids: Vec<String> = (0..5).map(|number| format!("{trial} {number}")).collect();
        let last = format!("{trial} last");
        let subject = ids.iter().fold(new_task(&last), |task, id| task.after(id));
        board
            .given(ids.iter().map(|id| new_task(id)).chain([subject]))
            .await;
        let writes: Vec<_> = (0..5).map(|_| board.next()).collect();
        let removals = writes.iter().enumerate().map(|(place, context)| {
            let some = [place, (place + 1) % 5].map(|place| task_id(&ids[place]));
            removing_dependencies(ports, context.clone(), &last, &some)
        });

        at_once(removals).await;

        assert_eq!(board.state(&last).await, Ready);
        let mut removed = 0;
        for context in &writes {
            for change in ports.changes_of(context).await {
                let before = change.before.unwrap();
                removed += before.as_str().matches(&format!("\"{trial} ")).count();
            }
        }
        assert_eq!(removed, 5, "{trial}");
    }
    board.assert_sound().await;
}
