//! Filters of the list of tasks.

use tasktrail_domain::orchestration::TaskState::{Cancelled, Failed, Ready};
use tasktrail_domain::orchestration::TaskStateSet;
use tasktrail_domain::orchestration::task::TaskFilter;
use tasktrail_domain::timestamp::Timestamp;

use super::board::Board;
use super::list::listed;
use crate::fixture::{INSTANT, at, user};
use crate::orchestration::Orchestration;
use crate::orchestration::fixture::{EditTask, new_task, plan_of, task_id};

/// Tasks are filtered by their state. No states accept no task.
pub async fn tasks_are_filtered_by_state(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for state in TaskStateSet::ALL.iter() {
        board.given_in(state, state.as_str()).await;
    }

    for state in TaskStateSet::ALL.iter() {
        let filter = TaskFilter::default().with_states(state);
        let mut found = listed(ports, &filter).await;
        found.retain(|id| !id.ends_with(" first"));
        assert_eq!(found, [state.as_str()]);
    }
    let some = TaskFilter::default().with_states(TaskStateSet::only([Cancelled, Failed]));
    assert_eq!(
        listed(ports, &some).await,
        ["skipped first", "cancelled", "failed"]
    );
    let none = TaskFilter::default().with_states(TaskStateSet::only([]));
    assert_eq!(listed(ports, &none).await, Vec::<String>::new());
    let open = TaskFilter::default().with_states(TaskStateSet::open());
    assert_eq!(listed(ports, &open).await.len(), 6);
}

/// The filter uses the current state only.
pub async fn the_state_filter_uses_the_current_state(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given(["a", "b"].map(new_task)).await;
    let ready = TaskFilter::default().with_states(Ready);
    assert_eq!(listed(ports, &ready).await, ["b", "a"]);

    board.assign("b").await;

    assert_eq!(listed(ports, &ready).await, ["a"]);
}

/// Tasks are filtered by the task that they are a part of, also if that does not exist. Parts of
/// parts are not included.
pub async fn tasks_are_filtered_by_parent(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given(["a", "b"].map(new_task)).await;
    board
        .given([
            new_task("c").part_of("a"),
            new_task("d").part_of("a"),
            new_task("e").part_of("c"),
            new_task("f").part_of("b"),
        ])
        .await;

    for (parent, parts) in [
        ("a", vec!["d", "c"]),
        ("c", vec!["e"]),
        ("d", vec![]),
        ("x", vec![]),
    ] {
        let filter = TaskFilter::default().with_parent(task_id(parent));
        assert_eq!(listed(ports, &filter).await, parts, "{parent}");
    }
}

/// Tasks are filtered by their creation: since is inclusive, and until exclusive.
pub async fn tasks_are_filtered_by_creation(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for (id, second) in [("a", 1), ("b", 2), ("c", 3)] {
        let context = board.writes.at(at(second));
        ports.create(&context, &user("alice"), &plan_of([id])).await;
    }
    let between = async |since: Option<Timestamp>, until: Option<Timestamp>| {
        let filter = TaskFilter::default().with_created(since, until);
        listed(ports, &filter).await.concat()
    };

    assert_eq!(between(Some(at(2)), None).await, "cb");
    assert_eq!(between(None, Some(at(2))).await, "a");
    assert_eq!(between(Some(at(2)), Some(at(3))).await, "b");
    assert_eq!(
        between(Some(at(2).saturating_add(INSTANT)), None).await,
        "c"
    );
    assert_eq!(
        between(None, Some(at(2).saturating_add(INSTANT))).await,
        "ba"
    );
    assert_eq!(between(Some(at(3)), Some(at(2))).await, "");
    assert_eq!(
        between(Some(Timestamp::MIN), Some(Timestamp::MAX)).await,
        "cba"
    );
}

/// The conditions of a filter combine, also over pages.
pub async fn conditions_of_a_task_filter_combine(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given(["p", "q"].map(new_task)).await;
    let mut expected = Vec::new();
    for number in 0..12 {
        let id = format!("{number:02}");
        let parent = if number % 2 == 0 { "p" } else { "q" };
        board.given([new_task(&id).part_of(parent)]).await;
        if number % 3 == 0 {
            board.cancel(&id).await;
        }
        if number % 6 == 0 && number > 0 {
            expected.insert(0, id);
        }
    }
    let first = board.get("01").await.progress.created_at;
    let filter = TaskFilter::default()
        .with_states(Cancelled)
        .with_parent(task_id("p"))
        .with_created(first, None);

    assert_eq!(listed(ports, &filter).await, expected);
    let wider = filter.with_states(TaskStateSet::only([Ready, Cancelled]));
    let pages = ports.task_pages(&user("alice"), &wider, 2).await;
    let ids: Vec<_> = pages
        .concat()
        .iter()
        .map(|task| task.key.task.to_string())
        .collect();
    assert_eq!(ids, ["10", "08", "06", "04", "02"]);
}
