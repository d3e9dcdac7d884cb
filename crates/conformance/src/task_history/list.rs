//! The order of the list, and its pages.

use tasktrail_domain::TaskId;
use tasktrail_domain::repository::{PageRequest, PageSize};
use tasktrail_domain::task_history::TaskStatus::Running;
use tasktrail_domain::task_history::{FinalStatus, ListCursor, TaskFilter, TaskSummary};
use tasktrail_domain::timestamp::Timestamp;

use crate::History;
use crate::fixture::{Edit, Writer, at, page, task, user};

/// An unknown user has no tasks.
pub async fn an_unknown_user_has_no_tasks(history: &History) {
    let all = TaskFilter::default();
    let listed = history
        .list_page(&user("nobody"), &all, &PageRequest::default())
        .await;

    assert_eq!((listed.items, listed.next), (vec![], None));
}

/// The list starts with the latest activity: a save, a finish, or the save of an earlier step.
pub async fn the_list_starts_with_the_latest_activity(history: &History) {
    let writer = Writer::default();
    for (id, time) in [("a", 1), ("b", 3), ("c", 2), ("d", 0), ("e", 4)] {
        let entry = writer.step(&task(id), 5, Running).recorded(at(time));
        history.save(&entry).await;
    }
    history.finish(&task("a"), FinalStatus::Failed, at(6)).await;
    history
        .save(&writer.step(&task("d"), 1, Running).recorded(at(5)))
        .await;

    assert_eq!(ids(&all(history).await), ["a", "d", "e", "b", "c"]);
}

/// Tasks with the same instant are in descending order of task ID, compared byte by byte.
pub async fn at_the_same_instant_the_greatest_task_id_comes_first(history: &History) {
    let descending = [
        "𝄞", "\u{ffff}", "ж", "é", "ä", "z", "b", "a\u{301}", "ab", "aB", "a-b", "a b", "a", "_",
        "Z", "B", "A", "2", "10", "1", "-",
    ];
    save_all_at_once(history, &descending).await;

    assert_eq!(ids(&all(history).await), descending);
    for size in [1, 2, 5] {
        let pages = history
            .list_pages(&user("alice"), &TaskFilter::default(), size)
            .await;
        assert_eq!(ids(&pages.concat()), descending);
    }
}

/// Pages of any size return each task once, in list order, and the last page has no cursor.
pub async fn pages_of_the_list_give_each_task_once(history: &History) {
    save_pairs_at_the_same_instant(history, &Writer::default(), 7).await;
    let expected = all(history).await;

    for size in [1, 2, 3, 7, 1000] {
        let pages = history
            .list_pages(&user("alice"), &TaskFilter::default(), size)
            .await;
        assert_eq!(pages.concat(), expected);
    }
    assert_eq!(ids(&expected), ["t6", "t5", "t4", "t3", "t2", "t1", "t0"]);
}

/// A page has 100 tasks by default, and 1000 at most.
pub async fn a_page_holds_100_tasks_by_default(history: &History) {
    let ids: Vec<_> = (0..1001).map(|n| n.to_string()).collect();
    let ids: Vec<_> = ids.iter().map(String::as_str).collect();
    save_all_at_once(history, &ids).await;
    let (alice, all) = (user("alice"), TaskFilter::default());

    let default = history
        .list_page(&alice, &all, &PageRequest::default())
        .await;
    let greatest = PageRequest::first(PageSize::MAX);
    let greatest = history.list_page(&alice, &all, &greatest).await;

    assert_eq!((default.items.len(), default.next.is_some()), (100, true));
    assert_eq!(
        (greatest.items.len(), greatest.next.is_some()),
        (1000, true)
    );
}

/// A cursor can be stored as text and parsed again.
pub async fn a_list_cursor_round_trips_as_text(history: &History) {
    let ids = ["a/b", "tâche 1", "%7B\"}", "it's", "-", "🦀"];
    save_all_at_once(history, &ids).await;
    let (alice, filter) = (user("alice"), TaskFilter::default());
    let expected = all(history).await;

    let mut walked = Vec::new();
    let mut request = Some(page(1));
    while let Some(asked) = request {
        let given = history.list_page(&alice, &filter, &asked).await;
        walked.extend(given.items);
        let kept = given.next.map(|cursor| cursor.to_string().parse().unwrap());
        request = asked.next(kept);
    }

    assert_eq!(walked, expected);
}

/// A cursor is a position in the list. No task has to exist at that position.
pub async fn a_list_cursor_need_not_match_a_task(history: &History) {
    save_pairs_at_the_same_instant(history, &Writer::default(), 4).await;
    let place = |last_updated, id: &str| ListCursor {
        last_updated,
        task: TaskId::new(id).unwrap(),
    };
    let expected: [(ListCursor, &[&str]); 6] = [
        (place(Timestamp::MAX, "t0"), &["t3", "t2", "t1", "t0"]),
        (place(at(1), "t3"), &["t2", "t1", "t0"]),
        (place(at(1), "t20"), &["t2", "t1", "t0"]),
        (place(at(1), "t"), &["t1", "t0"]),
        (place(at(0), "t1"), &["t0"]),
        (place(Timestamp::MIN, "z"), &[]),
    ];

    for (cursor, tasks) in expected {
        let request = PageRequest {
            after: Some(cursor),
            ..page(10)
        };
        let filter = TaskFilter::default();
        let listed = history.list_page(&user("alice"), &filter, &request).await;
        assert_eq!(ids(&listed.items), tasks, "after {:?}", request.after);
    }
}

/// Paging during writes returns no task twice, and every task that did not change.
pub async fn paging_is_stable_while_tasks_are_written(history: &History) {
    let writer = Writer::default();
    save_pairs_at_the_same_instant(history, &writer, 12).await;
    let (alice, filter) = (user("alice"), TaskFilter::default());
    // Updated tasks: already listed, far ahead, and next in the list.
    let mut touched = [["t11", "t0"], ["t10", "t5"], ["t9", "t2"]].into_iter();

    let mut walked = Vec::new();
    let mut request = Some(page(2));
    while let Some(asked) = request {
        let given = history.list_page(&alice, &filter, &asked).await;
        walked.extend(given.items);
        request = asked.next(given.next);
        for id in touched.next().into_iter().flatten().chain(["new"]) {
            let entry = writer.step(&task(id), 9, Running).recorded(at(100));
            history.save(&entry).await;
        }
    }

    let expected = ["t11", "t10", "t9", "t8", "t7", "t6", "t4", "t3", "t1"];
    assert_eq!(ids(&walked), expected);
}

async fn all(history: &History) -> Vec<TaskSummary> {
    history.list(&user("alice"), &TaskFilter::default()).await
}

fn ids(tasks: &[TaskSummary]) -> Vec<&str> {
    tasks
        .iter()
        .map(|summary| summary.task.task.as_str())
        .collect()
}

/// Saves tasks in pairs with the same instant: t0 and t1, t2 and t3, and so on.
async fn save_pairs_at_the_same_instant(history: &History, writer: &Writer, count: u64) {
    for n in 0..count {
        let entry = writer.step(&task(&format!("t{n}")), 1, Running);
        history.save(&entry.recorded(at(n / 2))).await;
    }
}

async fn save_all_at_once(history: &History, ids: &[&str]) {
    let writer = Writer::default();
    let entries: Vec<_> = ids
        .iter()
        .map(|id| writer.step(&task(id), 1, Running))
        .collect();
    history.save_batch(&entries).await;
}
