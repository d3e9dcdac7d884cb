//! The list of tasks.

use tasktrail_domain::TaskKey;
use tasktrail_domain::orchestration::TaskState::{self, Cancelled, Ready};
use tasktrail_domain::orchestration::TaskStateSet;
use tasktrail_domain::orchestration::task::{TaskCursor, TaskFilter, TaskOverview};
use tasktrail_domain::repository::PageRequest;

use super::board::Board;
use crate::fixture::{at, page, task, user};
use crate::orchestration::Orchestration;
use crate::orchestration::fixture::{EditTask, new_task, plan_of, task_id};

/// An owner without tasks has an empty list.
pub async fn an_owner_without_tasks_has_an_empty_list(ports: &Orchestration) {
    let page = ports
        .task_page(&user("alice"), &TaskFilter::default(), &page(10))
        .await;

    assert_eq!((page.items, page.next), (vec![], None));
}

/// The list starts with the task that was created last, and for equal instants with the greatest
/// id. The creation counts, not later changes.
pub async fn the_list_starts_with_the_latest_creation(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for (second, ids) in [(20, ["b", "a"]), (10, ["z", "é"]), (30, ["B", "c"])] {
        let context = board.writes.at(at(second));
        ports.create(&context, &user("alice"), &plan_of(ids)).await;
    }
    board.cancel("z").await;

    assert_eq!(
        listed(ports, &TaskFilter::default()).await,
        ["c", "B", "b", "a", "é", "z"]
    );
}

/// A listed task is the overview of the task, in each state.
pub async fn a_listed_task_is_the_overview_of_the_task(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for state in TaskStateSet::ALL.iter() {
        board.given_in(state, state.as_str()).await;
    }
    board
        .given([new_task("x").part_of("ready").with_priority(7)])
        .await;

    let tasks = ports
        .list_tasks(&user("alice"), &TaskFilter::default())
        .await;

    assert_eq!(tasks.len(), TaskState::ALL.len() + 3);
    for overview in tasks {
        let task = ports.task(&overview.key).await;
        assert_eq!(overview, TaskOverview::of(&task));
    }
}

/// Pages of any size give each task once, in the order of the list.
pub async fn pages_of_tasks_give_each_task_once(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for first in ["a", "b", "c"] {
        let ids: Vec<String> = (0..5).map(|number| format!("{first}{number}")).collect();
        board.given(ids.iter().map(|id| new_task(id))).await;
    }
    board.cancel("b2").await;
    let filters = [
        TaskFilter::default(),
        TaskFilter::default().with_states(Ready),
        TaskFilter::default().with_states(TaskStateSet::only([Ready, Cancelled])),
    ];
    for filter in &filters {
        let whole = ports.list_tasks(&user("alice"), filter).await;
        for size in [1, 2, 7, 15, 16] {
            let pages = ports.task_pages(&user("alice"), filter, size).await;
            assert_eq!(pages.concat(), whole, "{size}");
        }
    }
}

/// A page holds up to 100 tasks by default, and up to 1000.
pub async fn a_page_of_tasks_holds_100_by_default(ports: &Orchestration) {
    let board = Board::of(ports).await;
    let ids: Vec<String> = (0..1001).map(|number| format!("{number:04}")).collect();
    board.given(ids.iter().map(|id| new_task(id))).await;

    for (request, size) in [(PageRequest::default(), 100), (page(1000), 1000)] {
        let page = ports
            .task_page(&user("alice"), &TaskFilter::default(), &request)
            .await;
        assert_eq!(page.items.len(), size);
        assert_eq!(page.next, page.items.last().map(TaskCursor::of));
    }
}

/// A cursor need not match a task: the page starts after its place.
pub async fn a_cursor_of_tasks_need_not_match_a_task(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for (second, ids) in [(10, ["a", "c"]), (20, ["b", "d"])] {
        let context = board.writes.at(at(second));
        ports.create(&context, &user("alice"), &plan_of(ids)).await;
    }
    let after = async |second, id: &str| {
        let cursor = TaskCursor {
            created_at: at(second),
            task: task_id(id),
        };
        let cursor: TaskCursor = cursor.to_string().parse().unwrap();
        let page = page(10);
        let page = page.next(Some(cursor)).unwrap();
        let page = ports
            .task_page(&user("alice"), &TaskFilter::default(), &page)
            .await;
        ids(page.items.iter().map(|task| &task.key))
    };

    assert_eq!(after(30, "a").await, ["d", "b", "c", "a"]);
    assert_eq!(after(20, "c").await, ["b", "c", "a"]);
    assert_eq!(after(15, "zz").await, ["c", "a"]);
    assert_eq!(after(10, "c").await, ["a"]);
    assert_eq!(after(10, "a").await, Vec::<String>::new());
}

/// Between two pages, tasks that are created, changed or removed from the filter do not make others
/// appear twice or not at all.
pub async fn paging_tasks_is_stable_while_tasks_are_written(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for id in ["a", "b", "c", "d", "e", "f"] {
        board.given([new_task(id)]).await;
    }
    let open = TaskFilter::default().with_states(Ready);
    let alice = user("alice");
    let first = ports.task_page(&alice, &open, &page(2)).await;
    assert_eq!(ids(first.items.iter().map(|task| &task.key)), ["f", "e"]);

    board.given([new_task("new")]).await;
    board.cancel("e").await;
    board.cancel("c").await;
    let next = page(10).next(first.next).unwrap();
    let second = ports.task_page(&alice, &open, &next).await;

    assert_eq!(
        ids(second.items.iter().map(|task| &task.key)),
        ["d", "b", "a"]
    );
}

/// Returns the ids of the listed tasks.
pub(super) async fn listed(ports: &Orchestration, filter: &TaskFilter) -> Vec<String> {
    let tasks = ports.list_tasks(&user("alice"), filter).await;
    ids(tasks.iter().map(|task| &task.key))
}

fn ids<'k>(keys: impl IntoIterator<Item = &'k TaskKey>) -> Vec<String> {
    let keys = keys.into_iter();
    keys.map(|key| {
        assert_eq!(*key, task(key.task.as_str()));
        key.task.to_string()
    })
    .collect()
}
