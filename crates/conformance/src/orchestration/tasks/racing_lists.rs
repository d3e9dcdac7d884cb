//! Lists that are read during writes.

use std::collections::BTreeSet;

use tasktrail_domain::orchestration::TaskState::Ready;
use tasktrail_domain::orchestration::task::{CancelScope, TaskCounts, TaskFilter};

use super::board::Board;
use super::racing::{cancelling, creating, listing};
use crate::fixture::user;
use crate::orchestration::Orchestration;
use crate::orchestration::fixture::{EditTask, new_task, plan};
use crate::parallel::at_once;

/// A list that is read page by page during creations and cancels has no task twice, and each task
/// that is not changed.
pub async fn reading_tasks_during_writes_repeats_and_misses_nothing(ports: &Orchestration) {
    let board = Board::of(ports).await;
    let (mut kept, mut creations, mut cancels) = (BTreeSet::new(), Vec::new(), Vec::new());
    for number in 0..40 {
        let id = format!("{number:02}");
        board.given([new_task(&id)]).await;
        if number % 3 == 0 {
            cancels.push(cancelling(ports, board.next(), &id, CancelScope::Task));
        } else {
            kept.insert(id.clone());
        }
        let new = plan([new_task(&format!("new {id}"))]);
        creations.push(creating(ports, board.next(), new));
    }
    let filter = TaskFilter::default().with_states(Ready);
    let readers = (1..5).map(|size| listing(ports, filter.clone(), size));

    let (lists, created, _) = tokio::join!(at_once(readers), at_once(creations), at_once(cancels));

    for answer in created {
        answer.unwrap();
    }
    for list in lists {
        let ids: Vec<String> = list.iter().map(|task| task.key.task.to_string()).collect();
        let unique: BTreeSet<String> = ids.iter().cloned().collect();
        assert_eq!(unique.len(), ids.len(), "{ids:?}");
        let missed: Vec<_> = kept.difference(&unique).collect();
        assert!(missed.is_empty(), "{missed:?}");
    }
    board.assert_sound().await;
}

/// The counts are those of one instant: a plan becomes visible whole.
pub async fn counts_during_creations_have_whole_plans(ports: &Orchestration) {
    let board = Board::of(ports).await;
    let creations = (0..20).map(|trial| {
        let first = format!("{trial} first");
        let below = (0..4).map(|number| new_task(&format!("{trial} {number}")).after(&first));
        creating(ports, board.next(), plan(below.chain([new_task(&first)])))
    });
    let readers = (0..4).map(|_| {
        let ports = ports.clone();
        async move {
            let mut seen = Vec::new();
            for _ in 0..20 {
                seen.push(ports.counts(&user("alice")).await);
            }
            seen
        }
    });

    let (seen, created) = tokio::join!(at_once(readers), at_once(creations));

    for answer in created {
        answer.unwrap();
    }
    for counts in seen.into_iter().flatten() {
        let counts: TaskCounts = counts;
        let mut of_state = counts.values().copied();
        let (blocked, ready) = (of_state.next().unwrap_or(0), of_state.next().unwrap_or(0));
        assert_eq!(blocked, 4 * ready, "{counts:?}");
    }
    board.assert_sound().await;
}
