//! Filtering the list of tasks.

use tasktrail_domain::task_history::TaskStatus::{self, Cancelled, Completed, Failed, Running};
use tasktrail_domain::task_history::{ErrorCode, FinalStatus, StatusSet, TaskFilter};
use tasktrail_domain::timestamp::Timestamp;

use crate::History;
use crate::fixture::{Edit, INSTANT, Writer, at, task, user, with_error, with_status};

/// Only tasks with a status in the filter are listed. With an empty status set, none are.
pub async fn tasks_are_filtered_by_status(history: &History) {
    let writer = Writer::default();
    for status in TaskStatus::ALL {
        history
            .save(&writer.step(&task(status.as_str()), 1, status))
            .await;
    }

    for status in TaskStatus::ALL {
        assert_eq!(
            ids(history, &with_status([status])).await,
            [status.as_str()]
        );
    }
    assert_eq!(
        ids(history, &with_status([Failed, Running])).await,
        ["running", "failed"]
    );
    assert_eq!(ids(history, &with_status([])).await, [""; 0]);
    assert_eq!(ids(history, &TaskFilter::default()).await.len(), 6);
}

/// The status filter compares the current status of a task only: if it is finished, its final
/// status.
pub async fn the_status_filter_uses_the_current_status_only(history: &History) {
    let writer = Writer::default();
    history.save(&writer.step(&task("a"), 1, Running)).await;
    history.save(&writer.step(&task("a"), 1, Failed)).await;
    assert_eq!(ids(history, &with_status([Failed])).await, ["a"]);

    history
        .finish(&task("a"), FinalStatus::Cancelled, at(1))
        .await;
    history.save(&writer.step(&task("a"), 2, Completed)).await;

    assert_eq!(ids(history, &with_status([Cancelled])).await, ["a"]);
    assert_eq!(
        ids(history, &with_status([Running, Failed, Completed])).await,
        [""; 0]
    );
}

/// The finish filter distinguishes finished tasks from open ones, whatever their status.
pub async fn tasks_are_filtered_by_finish(history: &History) {
    let writer = Writer::default();
    for (id, status) in [("a", Running), ("b", Completed), ("c", Completed)] {
        history.save(&writer.step(&task(id), 1, status)).await;
    }
    for (id, status) in [("c", FinalStatus::Completed), ("d", FinalStatus::Failed)] {
        history.finish(&task(id), status, at(0)).await;
    }
    let finished = |finished| TaskFilter::default().with_finished(finished);
    let open = finished(false);

    assert_eq!(ids(history, &finished(true)).await, ["d", "c"]);
    assert_eq!(ids(history, &open).await, ["b", "a"]);
    assert_eq!(ids(history, &open.with_statuses(Completed)).await, ["b"]);
    let running = finished(true).with_statuses(Running);
    assert_eq!(ids(history, &running).await, [""; 0]);
}

/// The error code filter compares the code of the last step only. Custom codes work as well.
pub async fn tasks_are_filtered_by_error_code(history: &History) {
    let writer = Writer::default();
    let own = ErrorCode::new("Eigener Fehler №1").unwrap();
    let failed = |id, step, code| writer.step(&task(id), step, Failed).failing(code);
    let entries = [
        failed("timeout", 1, ErrorCode::TIMEOUT),
        failed("own", 1, own.clone()),
        failed("later", 1, ErrorCode::TIMEOUT),
        failed("later", 2, ErrorCode::DATABASE),
        failed("repaired", 1, ErrorCode::TIMEOUT),
        writer.step(&task("repaired"), 1, Running),
    ];
    history.save_batch(&entries).await;

    assert_eq!(
        ids(history, &with_error(ErrorCode::TIMEOUT)).await,
        ["timeout"]
    );
    assert_eq!(
        ids(history, &with_error(ErrorCode::DATABASE)).await,
        ["later"]
    );
    assert_eq!(ids(history, &with_error(own)).await, ["own"]);
    assert_eq!(
        ids(history, &with_error(ErrorCode::VALIDATION)).await,
        [""; 0]
    );
}

/// `since` is inclusive, `until` is exclusive.
pub async fn since_is_inclusive_and_until_is_exclusive(history: &History) {
    save_around(history, at(5)).await;
    let since = |since| TaskFilter::default().with_since(since);
    let until = |until| TaskFilter::default().with_until(until);

    assert_eq!(ids(history, &since(at(5))).await, ["after", "at"]);
    assert_eq!(ids(history, &until(at(5))).await, ["before"]);
}

/// All conditions of a filter have to match. The result does not depend on the page size.
pub async fn conditions_of_a_filter_combine(history: &History) {
    save_every_kind(history).await;
    let everything = history.list(&user("alice"), &TaskFilter::default()).await;
    assert_eq!(everything.len(), 48);

    for filter in every_filter() {
        let expected: Vec<_> = everything
            .iter()
            .filter(|task| filter.accepts(task))
            .collect();
        for size in [1, 3, 1000] {
            let listed = history
                .list_pages(&user("alice"), &filter, size)
                .await
                .concat();
            assert_eq!(
                listed.iter().collect::<Vec<_>>(),
                expected,
                "{filter:?} by {size}"
            );
        }
    }
}

async fn ids(history: &History, filter: &TaskFilter) -> Vec<String> {
    let listed = history.list(&user("alice"), filter).await;
    listed
        .iter()
        .map(|summary| summary.task.task.to_string())
        .collect()
}

/// Saves three tasks: a microsecond before an instant, at it, and a microsecond after it.
async fn save_around(history: &History, instant: Timestamp) {
    let writer = Writer::default();
    let (before, after) = (
        instant.saturating_sub(INSTANT),
        instant.saturating_add(INSTANT),
    );
    for (id, time) in [("before", before), ("at", instant), ("after", after)] {
        history
            .save(&writer.step(&task(id), 1, Running).recorded(time))
            .await;
    }
}

/// Saves tasks of four statuses with three error codes at four instants.
async fn save_every_kind(history: &History) {
    let writer = Writer::default();
    for n in 0..48 {
        let task = task(&format!("t{n}"));
        let entry = writer.step(&task, 1, [Running, Failed][n % 2]);
        let entry = match n % 3 {
            0 => entry,
            1 => entry.failing(ErrorCode::TIMEOUT),
            _ => entry.failing(ErrorCode::DATABASE),
        };
        let time = at([0, 1, 2, 3][n / 3 % 4]);
        history.save(&entry.recorded(time)).await;
        if n % 5 == 0 {
            history.finish(&task, FinalStatus::Cancelled, time).await;
        }
    }
}

fn every_filter() -> Vec<TaskFilter> {
    let times = [None, Some(at(1)), Some(at(3))];
    let mut filters = Vec::new();
    for statuses in [
        StatusSet::ALL,
        Failed.into(),
        StatusSet::only([Running, Cancelled]),
    ] {
        for error_code in [None, Some(ErrorCode::TIMEOUT)] {
            for (since, until) in times
                .iter()
                .flat_map(|since| times.map(|until| (*since, until)))
            {
                for finished in [None, Some(true), Some(false)] {
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
