//! Task summaries.

use tasktrail_domain::task_history::TaskStatus::{Cancelled, Completed, Failed, Running};
use tasktrail_domain::task_history::{ErrorCode, FinalStatus, TaskFilter, TaskSummary};

use crate::History;
use crate::fixture::{Edit, Writer, at, task, task_of, user};

/// An unknown task has no summary, also if another user has a task with its id.
pub async fn an_unknown_task_has_no_summary(history: &History) {
    history
        .save(&Writer::default().step(&task("report"), 1, Running))
        .await;

    assert_eq!(history.summary_of(&task("other")).await, None);
    assert_eq!(history.summary_of(&task_of("bob", "report")).await, None);
}

/// The summary of a task is the same as in the list of its user's tasks.
pub async fn the_summary_of_a_task_is_the_one_in_the_list(history: &History) {
    let writer = Writer::default();
    for (id, status) in [("a", Running), ("b", Completed), ("c", Failed)] {
        let entry = writer.step(&task(id), 3, status);
        history.save(&entry.failing(ErrorCode::TIMEOUT)).await;
    }
    for id in ["c", "d"] {
        history.finish(&task(id), FinalStatus::Failed, at(1)).await;
    }

    let listed = history.list(&user("alice"), &TaskFilter::default()).await;

    assert_eq!(listed.len(), 4);
    for summary in listed {
        assert_eq!(history.summary_of(&summary.task).await, Some(summary));
    }
}

/// The summary of an open task has its last step, and the times of its start and last activity.
pub async fn an_open_task_has_a_summary(history: &History) {
    let writer = Writer::default();
    let report = task("report");
    let first = writer.step(&report, 1, Completed).recorded(at(1));
    let last = writer
        .step(&report, 2, Failed)
        .failing(ErrorCode::TIMEOUT)
        .recorded(at(3));
    history.save_batch(&[first, last]).await;

    let mut expected = TaskSummary::new(report.clone(), Failed, at(1));
    expected.last_step = Some(2.into());
    expected.error_code = Some(ErrorCode::TIMEOUT);
    expected.entries = 2;
    expected.last_updated = at(3);
    assert_eq!(history.summary(&report).await, expected);
}

/// A task finished before any save is listed, without entries and last step.
pub async fn a_task_finished_before_any_save_has_a_summary(history: &History) {
    let report = task("report");
    history.finish(&report, FinalStatus::Cancelled, at(4)).await;

    let mut expected = TaskSummary::new(report.clone(), Cancelled, at(4));
    expected.finished_at = Some(at(4));
    assert_eq!(history.summary(&report).await, expected);
}

/// A task starts at its earliest time and was last active at its latest, regardless of the order of
/// the saves.
pub async fn a_summary_has_the_earliest_and_the_latest_time(history: &History) {
    let writer = Writer::default();
    let report = task("report");
    for (step, time) in [(1, 5), (9, 2), (0, 8), (9, 6)] {
        let entry = writer.step(&report, step, Running).recorded(at(time));
        history.save(&entry).await;
    }

    let summary = history.summary(&report).await;

    assert_eq!((summary.created_at, summary.last_updated), (at(2), at(8)));
}

/// A finish is activity at its own time, which may be the latest or the earliest.
pub async fn a_finish_counts_as_activity(history: &History) {
    let writer = Writer::default();
    for (id, finish, created, updated) in [("late", 9, 5, 9), ("early", 1, 1, 5)] {
        let task = task(id);
        history
            .save(&writer.step(&task, 1, Running).recorded(at(5)))
            .await;

        history.finish(&task, FinalStatus::Failed, at(finish)).await;

        let summary = history.summary(&task).await;
        assert_eq!(summary.finished_at, Some(at(finish)));
        assert_eq!(
            (summary.created_at, summary.last_updated),
            (at(created), at(updated))
        );
    }
}

/// The error code is that of the newest revision of the highest step only.
pub async fn the_error_code_is_that_of_the_last_step(history: &History) {
    let writer = Writer::default();
    let report = task("report");
    let failed = |step, code| writer.step(&report, step, Failed).failing(code);
    let entries = [
        (failed(2, ErrorCode::TIMEOUT), Some(ErrorCode::TIMEOUT)),
        (failed(1, ErrorCode::DATABASE), Some(ErrorCode::TIMEOUT)),
        (failed(2, ErrorCode::EXECUTION), Some(ErrorCode::EXECUTION)),
        (writer.step(&report, 2, Running), None),
        (failed(1, ErrorCode::DATABASE), None),
    ];

    for (entry, expected) in entries {
        history.save(&entry).await;

        assert_eq!(history.summary(&report).await.error_code, expected);
    }
}

/// Late saves are activity of a finished task. They can change its last step and error code, but
/// not its status or finish time.
pub async fn late_saves_do_not_change_the_finish(history: &History) {
    let writer = Writer::default();
    let report = task("report");
    let failed = |step, code| writer.step(&report, step, Failed).failing(code);
    history.save(&failed(1, ErrorCode::TIMEOUT)).await;
    history.finish(&report, FinalStatus::Cancelled, at(1)).await;
    let finished = history.summary(&report).await;

    history
        .save(&failed(2, ErrorCode::DATABASE).recorded(at(9)))
        .await;

    let mut expected = finished.clone();
    expected.last_step = Some(2.into());
    expected.error_code = Some(ErrorCode::DATABASE);
    expected.entries = 2;
    expected.last_updated = at(9);
    assert_eq!(finished.error_code, Some(ErrorCode::TIMEOUT));
    assert_eq!(
        (finished.status, finished.finished_at),
        (Cancelled, Some(at(1)))
    );
    assert_eq!(history.summary(&report).await, expected);
}

/// After every save the summary matches a replay of the trail.
pub async fn a_summary_equals_the_replay_of_its_trail(history: &History) {
    let writer = Writer::default();
    let report = task("report");
    let statuses = [Running, Failed, Completed, Cancelled];
    for n in 0_u16..20 {
        let entry = writer.step(&report, n * 7 % 5, statuses[usize::from(n % 4)]);
        let entry = entry.recorded(at(u64::from(n * 13 % 19)));
        let failed = entry.clone().failing(ErrorCode::EXECUTION);
        let entry = if entry.step_result.status() == Failed {
            failed
        } else {
            entry
        };

        history.save(&entry).await;

        history.assert_consistent().await;
    }
}
