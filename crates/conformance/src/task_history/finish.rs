//! Finishing a task.

use tasktrail_domain::task_history::TaskStatus::{Cancelled, Completed, Failed, Running};
use tasktrail_domain::task_history::{
    CancelOutcome, FinalStatus, FinishOutcome, TaskHistoryRepositoryExt, TaskStatus,
};

use crate::History;
use crate::fixture::{Edit, Writer, at, task};

/// A task can be finished with each of the four final statuses.
pub async fn a_task_is_finished_with_each_final_status(history: &History) {
    let writer = Writer::default();
    for status in FINAL {
        let task = task(&status.to_string());
        history.save(&writer.step(&task, 1, Running)).await;

        let outcome = history.finish(&task, status, at(1)).await;

        let previous = Some(Running);
        assert_eq!(outcome, FinishOutcome::Finished { previous });
        assert_eq!(history.status(&task).await, Some(status.into()));
    }
}

/// The first finish wins. Later ones change nothing and return the recorded status and time.
pub async fn the_first_finish_wins(history: &History) {
    let report = task("report");
    history
        .save(&Writer::default().step(&report, 1, Running))
        .await;
    history.finish(&report, FinalStatus::TimedOut, at(5)).await;
    let finished = history.snapshot().await;

    for (status, time) in FINAL.into_iter().zip([at(1), at(5), at(6), at(7)]) {
        let outcome = history.finish(&report, status, time).await;

        let already_finished = FinishOutcome::AlreadyFinished {
            status: FinalStatus::TimedOut,
            at: at(5),
        };
        assert_eq!(outcome, already_finished);
        assert_eq!(history.snapshot().await, finished);
    }
}

/// A task whose last step is terminal is still open, and can be finished.
pub async fn a_task_whose_last_step_is_terminal_can_be_finished(history: &History) {
    let report = task("report");
    history
        .save(&Writer::default().step(&report, 1, Completed))
        .await;

    let outcome = history.finish(&report, FinalStatus::Failed, at(1)).await;

    let previous = Some(Completed);
    assert_eq!(outcome, FinishOutcome::Finished { previous });
    assert_eq!(history.status(&report).await, Some(Failed));
}

/// Saves after the finish are recorded, but do not change the status.
pub async fn saves_after_a_finish_are_recorded(history: &History) {
    let writer = Writer::default();
    let report = task("report");
    history.save(&writer.step(&report, 1, Running)).await;
    history.finish(&report, FinalStatus::Cancelled, at(1)).await;

    for (step, status) in [(1, Completed), (2, Running), (2, Completed)] {
        let late = writer.step(&report, step, status).recorded(at(9));
        assert_eq!(history.save(&late).await, Cancelled);
    }

    let summary = history.summary(&report).await;
    assert_eq!(history.status(&report).await, Some(Cancelled));
    assert_eq!((summary.entries, summary.finished_at), (4, Some(at(1))));
    assert_eq!(history.steps(&report).await.len(), 2);
}

/// A save repeated after the task was finished returns the final status.
pub async fn a_repeated_save_returns_the_final_status(history: &History) {
    let entry = Writer::default().step(&task("report"), 1, Completed);
    history.save(&entry).await;
    history
        .finish(&entry.task, FinalStatus::Cancelled, at(1))
        .await;

    assert_eq!(history.save(&entry).await, Cancelled);
    assert_eq!(history.trail(&entry.task).await, [entry]);
}

/// A task without entries can be finished. It then has a status, and no steps.
pub async fn an_unknown_task_can_be_finished(history: &History) {
    let report = task("report");

    let outcome = history.finish(&report, FinalStatus::TimedOut, at(1)).await;

    assert_eq!(outcome, FinishOutcome::Finished { previous: None });
    assert_eq!(history.status(&report).await, Some(TaskStatus::TimedOut));
    assert_eq!(history.steps(&report).await, []);
    assert_eq!(history.trail(&report).await, []);
}

/// A finish before the first save wins over later finishes.
pub async fn a_finish_before_the_first_save_wins(history: &History) {
    let report = task("report");
    history.finish(&report, FinalStatus::Cancelled, at(1)).await;

    let second = history.finish(&report, FinalStatus::Completed, at(2)).await;

    let status = FinalStatus::Cancelled;
    let at = at(1);
    assert_eq!(second, FinishOutcome::AlreadyFinished { status, at });
}

/// The first save after a finish returns the final status, whatever its time.
pub async fn the_first_save_after_a_finish_returns_the_final_status(history: &History) {
    let report = task("report");
    history.finish(&report, FinalStatus::Cancelled, at(5)).await;
    let first = Writer::default()
        .step(&report, 1, Completed)
        .recorded(at(1));

    let answer = history.save(&first).await;

    assert_eq!(answer, Cancelled);
    assert_eq!(history.status(&report).await, Some(Cancelled));
    assert_eq!(history.steps(&report).await, [first]);
}

/// A finish does not change the entries of the task or their statuses.
pub async fn a_finish_leaves_entries_unchanged(history: &History) {
    let writer = Writer::default();
    let report = task("report");
    let entries = [
        writer.step(&report, 1, Completed),
        writer.step(&report, 2, Running),
    ];
    history.save_batch(&entries).await;

    history.finish(&report, FinalStatus::Cancelled, at(1)).await;

    assert_eq!(history.steps(&report).await, entries);
    assert_eq!(history.trail(&report).await, entries);
}

/// Cancelling finishes the task with status `cancelled`, and returns the previous state.
pub async fn cancelling_is_finishing_with_cancelled(history: &History) {
    let report = task("report");
    history
        .save(&Writer::default().step(&report, 1, Running))
        .await;

    let first = history.port().cancel(&report, at(1)).await.unwrap();
    let second = history.port().cancel(&report, at(2)).await.unwrap();

    let (previous, status) = (Some(Running), FinalStatus::Cancelled);
    assert_eq!(first, CancelOutcome::Cancelled { previous });
    assert_eq!(second, CancelOutcome::AlreadyFinished { status });
    assert_eq!(history.status(&report).await, Some(Cancelled));
}

const FINAL: [FinalStatus; 4] = [
    FinalStatus::Completed,
    FinalStatus::Cancelled,
    FinalStatus::TimedOut,
    FinalStatus::Failed,
];
