//! The list of the tasks of all users.

use tasktrail_domain::repository::PageRequest;
use tasktrail_domain::task_history::TaskStatus::{Completed, Failed, Running};
use tasktrail_domain::task_history::{
    ErrorCode, FinalStatus, ListAllCursor, ListCursor, StatusSet, TaskFilter, TaskSummary,
};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::{TaskId, UserPrefix};

use crate::History;
use crate::fixture::{Edit, SIMILAR_USERS, Writer, at, page, prefix, task_of, user};

/// An empty store has no tasks of any user.
pub async fn an_empty_store_lists_no_tasks_of_any_user(history: &History) {
    let listed = history
        .list_all_page(&UserPrefix::ALL, &TaskFilter::default(), &page(1))
        .await;

    assert_eq!((listed.items, listed.next), (vec![], None));
}

/// Users are in ascending order, compared byte by byte, and each user's tasks in the order of
/// `list`. Pages of any size return each task once, and the last page has no cursor.
pub async fn the_list_of_all_users_is_sorted_by_user(history: &History) {
    save_for(history, &Writer::default(), &SIMILAR_USERS).await;
    let mut expected = Vec::new();
    for name in SIMILAR_USERS {
        expected.extend(history.list(&user(name), &TaskFilter::default()).await);
    }

    assert_eq!(expected.len(), 3 * SIMILAR_USERS.len());
    for size in [1, 2, 4, 1000] {
        let pages = history
            .list_all_pages(&UserPrefix::ALL, &TaskFilter::default(), size)
            .await;
        assert_eq!(pages.concat(), expected, "by {size}");
    }
}

/// Only users whose ids begin with the prefix are included, also the one that equals it.
pub async fn only_users_with_the_prefix_are_included(history: &History) {
    save_for(history, &Writer::default(), &SIMILAR_USERS).await;

    for start in ["", "a", "al", "alice", "alice-2x", "z", "Ω", "\u{10ffff}"] {
        let matching = SIMILAR_USERS.iter().filter(|name| name.starts_with(start));
        let expected: Vec<_> = matching.flat_map(|name| [*name; 3]).collect();
        for size in [2, 1000] {
            let pages = history
                .list_all_pages(&prefix(start), &TaskFilter::default(), size)
                .await;
            assert_eq!(users_of(&pages.concat()), expected, "{start:?} by {size}");
        }
    }
}

/// The list contains the tasks of each user that the filter accepts. The result does not depend on
/// the page size.
pub async fn a_filter_applies_to_the_tasks_of_all_users(history: &History) {
    save_every_kind(history).await;
    let all = UserPrefix::ALL;
    let everything = history
        .list_all_pages(&all, &TaskFilter::default(), 1000)
        .await
        .concat();
    assert_eq!(everything.len(), 48);

    for filter in every_filter() {
        let accepted = everything.iter().filter(|task| filter.accepts(task));
        let expected: Vec<_> = accepted.cloned().collect();
        for size in [1, 3, 1000] {
            let pages = history.list_all_pages(&all, &filter, size).await;
            assert_eq!(pages.concat(), expected, "{filter:?} by {size}");
        }
    }
}

/// A cursor can be stored as text and parsed again.
pub async fn a_cursor_of_all_users_round_trips_as_text(history: &History) {
    save_for(history, &Writer::default(), &SIMILAR_USERS).await;
    let (all, filter) = (UserPrefix::ALL, TaskFilter::default());
    let expected = history.list_all_pages(&all, &filter, 1000).await.concat();

    let mut walked = Vec::new();
    let mut request = Some(page(2));
    while let Some(asked) = request {
        let given = history.list_all_page(&all, &filter, &asked).await;
        walked.extend(given.items);
        let kept = given.next.map(|cursor| cursor.to_string().parse().unwrap());
        request = asked.next(kept);
    }

    assert_eq!(walked, expected);
}

/// A cursor is a position in the list. No task or user has to exist at that position, and the
/// position may be outside of the prefix.
pub async fn a_cursor_of_all_users_need_not_match_a_task(history: &History) {
    save_for(history, &Writer::default(), &["a", "b", "c"]).await;
    let cursor = |name: &str, last_updated, id: &str| ListAllCursor {
        user: user(name),
        place: ListCursor {
            last_updated,
            task: TaskId::new(id).unwrap(),
        },
    };
    let expected: [(&str, ListAllCursor, &[&str]); 6] = [
        (
            "",
            cursor("aa", at(0), "t0"),
            &["b", "b", "b", "c", "c", "c"],
        ),
        ("", cursor("b", at(1), "t"), &["b", "c", "c", "c"]),
        ("", cursor("b", Timestamp::MIN, "z"), &["c", "c", "c"]),
        ("b", cursor("a", at(0), "t0"), &["b", "b", "b"]),
        ("a", cursor("b", Timestamp::MAX, "z"), &[]),
        ("", cursor("d", Timestamp::MAX, "z"), &[]),
    ];

    for (start, cursor, users) in expected {
        let request = PageRequest {
            after: Some(cursor),
            ..page(10)
        };
        let filter = TaskFilter::default();
        let listed = history
            .list_all_page(&prefix(start), &filter, &request)
            .await;
        assert_eq!(users_of(&listed.items), users, "after {request:?}");
    }
}

/// Paging during writes returns no task twice, and every task that did not change.
pub async fn paging_all_users_is_stable_while_tasks_are_written(history: &History) {
    let writer = Writer::default();
    save_for(history, &writer, &["a", "b", "c"]).await;
    let (all, filter) = (UserPrefix::ALL, TaskFilter::default());
    // Updated tasks: already listed, and two ahead, which move to the front of their users' lists.
    let mut touched = [("a", "t2"), ("b", "t1"), ("c", "t0")].into_iter();

    let mut walked = Vec::new();
    let mut request = Some(page(2));
    while let Some(asked) = request {
        let given = history.list_all_page(&all, &filter, &asked).await;
        walked.extend(given.items);
        request = asked.next(given.next);
        if let Some((name, id)) = touched.next() {
            let entry = writer.step(&task_of(name, id), 9, Running);
            history.save(&entry.recorded(at(100))).await;
        }
    }

    let listed: Vec<_> = walked.iter().map(|task| task.task.to_string()).collect();
    assert_eq!(
        listed,
        ["a/t2", "a/t1", "a/t0", "b/t2", "b/t0", "c/t2", "c/t1"]
    );
}

/// After a crash, the open tasks without recent activity are found, whatever their status says.
pub async fn open_tasks_without_recent_activity_are_found(history: &History) {
    let writer = Writer::default();
    for (name, id, status, time) in [
        ("alice", "running", Running, 0),
        ("alice", "active", Running, 9),
        ("bob", "says-completed", Completed, 1),
        ("bob", "finished", Completed, 1),
    ] {
        let entry = writer.step(&task_of(name, id), 1, status);
        history.save(&entry.recorded(at(time))).await;
    }
    let finished = task_of("bob", "finished");
    history
        .finish(&finished, FinalStatus::Completed, at(2))
        .await;

    let filter = TaskFilter::default().with_finished(false).with_until(at(5));
    let found = history.list_all_pages(&UserPrefix::ALL, &filter, 1).await;

    let found: Vec<_> = found
        .concat()
        .iter()
        .map(|task| task.task.to_string())
        .collect();
    assert_eq!(found, ["alice/running", "bob/says-completed"]);
}

/// Saves three tasks for each user: t0, t1 and t2, one second apart.
async fn save_for(history: &History, writer: &Writer, users: &[&str]) {
    let mut entries = Vec::new();
    for name in users {
        for n in 0..3 {
            let entry = writer.step(&task_of(name, &format!("t{n}")), 1, Running);
            entries.push(entry.recorded(at(n)));
        }
    }
    history.save_batch(&entries).await;
}

/// Saves tasks of three users, open and finished, of three statuses, with two error codes, at four
/// instants.
async fn save_every_kind(history: &History) {
    let writer = Writer::default();
    for n in 0..48 {
        let task = task_of(["alice", "bob", "carol"][n % 3], &format!("t{n}"));
        let entry = writer.step(&task, 1, [Running, Completed][n / 3 % 2]);
        let entry = match n / 6 % 3 {
            0 => entry,
            1 => entry.failing(ErrorCode::TIMEOUT),
            _ => entry.failing(ErrorCode::DATABASE),
        };
        let time = at([0, 1, 2, 3][n / 12]);
        history.save(&entry.recorded(time)).await;
        if n % 4 == 0 {
            history.finish(&task, FinalStatus::Completed, time).await;
        }
    }
}

fn every_filter() -> Vec<TaskFilter> {
    let mut filters = Vec::new();
    for statuses in [
        StatusSet::ALL,
        StatusSet::only([Running, Completed]),
        Failed.into(),
    ] {
        for finished in [None, Some(true), Some(false)] {
            for error_code in [None, Some(ErrorCode::TIMEOUT)] {
                for (since, until) in [(None, None), (Some(at(1)), Some(at(3)))] {
                    filters.push(
                        TaskFilter::default()
                            .with_statuses(statuses)
                            .with_finished(finished)
                            .with_error_code(error_code.clone())
                            .with_since(since)
                            .with_until(until),
                    );
                }
            }
        }
    }
    filters
}

fn users_of(tasks: &[TaskSummary]) -> Vec<&str> {
    tasks.iter().map(|task| task.task.user.as_str()).collect()
}
