//! The status of an open task.

use tasktrail_domain::task_history::TaskStatus::{self, Completed, Failed, Pending, Running};

use crate::History;
use crate::fixture::{Writer, task};

/// An unknown task has no status; it is not pending.
pub async fn an_unknown_task_has_no_status(history: &History) {
    assert_eq!(history.status(&task("unknown")).await, None);
}

/// An open task has the status of its highest step, not of the step saved last.
pub async fn an_open_task_has_the_status_of_its_highest_step(history: &History) {
    let writer = Writer::default();
    let report = task("report");
    for (step, status) in [(9, Running), (10, Failed), (9, Completed), (0, Pending)] {
        history.save(&writer.step(&report, step, status)).await;
    }

    assert_eq!(history.status(&report).await, Some(Failed));
}

/// The newest revision of the highest step determines the status, so a retry reopens a failed task.
pub async fn an_open_task_has_the_status_of_the_newest_revision(history: &History) {
    let writer = Writer::default();
    let report = task("report");
    for status in TaskStatus::ALL.into_iter().rev() {
        history.save(&writer.step(&report, 1, status)).await;

        assert_eq!(history.status(&report).await, Some(status));
    }
}

/// A terminal last step does not finish its task: further steps can follow.
pub async fn a_terminal_step_does_not_finish_its_task(history: &History) {
    let writer = Writer::default();
    let report = task("report");
    let terminal = TaskStatus::ALL
        .into_iter()
        .filter(|status| status.is_terminal());
    for (step, status) in (0..).step_by(2).zip(terminal) {
        history.save(&writer.step(&report, step, status)).await;

        let next = history.save(&writer.step(&report, step + 1, Running)).await;

        assert_eq!(next, Running);
        assert_eq!(history.status(&report).await, Some(Running));
    }
}
