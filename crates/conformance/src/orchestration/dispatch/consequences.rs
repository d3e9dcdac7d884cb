//! What the end of an attempt does to the tasks that depend on its task, and to the task history.

use std::sync::Arc;

use tasktrail_domain::orchestration::TaskState;
use tasktrail_domain::orchestration::audit::{Action, Change};
use tasktrail_domain::orchestration::dispatch::{AfterAttempt, Report, ReportOutcome};
use tasktrail_domain::task_history::{FinalStatus, TaskStatus};
use tasktrail_domain::write::WriteContext;

use crate::fixture::{at, task};
use crate::orchestration::fixture::{
    EditRegistration, EditTask, Writes, attempt, attempt_at, completed, failed, new_task, plan,
    registration, released, task_id, task_ids, waiting,
};
use crate::{History, Orchestration};

/// A completed task makes those ready whose last open dependency it was, due at the time of the
/// report. They are returned in ascending order.
pub async fn a_completed_task_unlocks_those_that_waited_for_it(orchestration: &Orchestration) {
    let writes = Writes::default();
    let tasks = plan([
        new_task("a"),
        new_task("b"),
        new_task("only a").after("a"),
        new_task("end of a").after_end_of("a"),
        new_task("a and b").after("a").after("b"),
        new_task("after only a").after("only a"),
    ]);
    let builder = registration("builder").with_capacity(2);
    orchestration.given_work(&writes, &builder, &tasks).await;

    let context = writes.at(at(40));
    let first = report(orchestration, &context, completed(attempt_at("a", 1))).await;
    let second = report(orchestration, &writes.next(), completed(attempt_at("b", 1))).await;

    let completed = TaskState::Completed;
    assert_eq!(first, recorded(completed, &["end of a", "only a"], &[]));
    assert_eq!(second, recorded(completed, &["a and b"], &[]));
    let unlocked = orchestration.task(&task("only a")).await.progress;
    assert_eq!(
        (unlocked.due_at, unlocked.changed_at),
        (Some(at(40)), at(40))
    );
    assert_eq!(unlocked.open_dependencies, 0);
    let blocked = orchestration.task(&task("after only a")).await.progress;
    assert_eq!(blocked.state, TaskState::Blocked);
}

/// A task that stays blocked has one open dependency less, no entry in the audit log, and keeps the
/// time of its last change.
pub async fn a_task_that_stays_blocked_waits_for_one_less(orchestration: &Orchestration) {
    let writes = Writes::default();
    let tasks = plan([
        new_task("a"),
        new_task("b"),
        new_task("c").after("a").after_end_of("b"),
    ]);
    let builder = registration("builder").with_capacity(2);
    orchestration.given_work(&writes, &builder, &tasks).await;
    let mut expected = orchestration.task(&task("c")).await.progress;

    let context = writes.next();
    report(orchestration, &context, completed(attempt_at("b", 1))).await;

    expected.open_dependencies = 1;
    assert_eq!(orchestration.task(&task("c")).await.progress, expected);
    let logged = orchestration.changes_of(&context).await;
    assert_eq!(logged.len(), 1, "{logged:?}");
}

/// A task that fails skips those for which it had to succeed, those for which these had to succeed,
/// and so on. Tasks that waited for its end only are unlocked.
pub async fn a_failed_task_skips_those_that_needed_its_success(orchestration: &Orchestration) {
    let writes = Writes::default();
    let tasks = plan([
        new_task("a"),
        new_task("needs a").after("a"),
        new_task("needs that").after("needs a").after("a"),
        new_task("end of a").after_end_of("a"),
        new_task("end of needs a").after_end_of("needs a"),
        new_task("needs end of a").after("end of a"),
    ]);
    orchestration
        .given_work(&writes, &registration("builder"), &tasks)
        .await;

    let context = writes.at(at(40));
    let outcome = report(orchestration, &context, failed(attempt_at("a", 1), None)).await;

    let ready = ["end of a", "end of needs a"];
    let skipped = ["needs a", "needs that"];
    assert_eq!(outcome, recorded(TaskState::Failed, &ready, &skipped));
    for id in skipped {
        let progress = orchestration.task(&task(id)).await.progress;
        assert_eq!(progress.state, TaskState::Skipped);
        assert_eq!((progress.open_dependencies, progress.due_at), (0, None));
        assert_eq!(progress.changed_at, at(40));
    }
    let blocked = orchestration.task(&task("needs end of a")).await.progress;
    assert_eq!(blocked.state, TaskState::Blocked);
}

/// The audit log has the end of the attempt, and after it the tasks that became ready or were
/// skipped, in ascending order.
pub async fn consequences_are_logged_after_their_cause(orchestration: &Orchestration) {
    let writes = Writes::default();
    let tasks = plan([
        new_task("m"),
        new_task("a").after("m"),
        new_task("b").after_end_of("m"),
        new_task("y").after_end_of("a"),
        new_task("z").after("a"),
    ]);
    orchestration
        .given_work(&writes, &registration("builder"), &tasks)
        .await;

    let context = writes.next();
    let failure = failed(attempt_at("m", 1), None);
    report(orchestration, &context, failure.clone()).await;

    let after = AfterAttempt {
        state: TaskState::Failed,
        counted_attempts: 1,
        due_at: None,
        error_code: failure.result.error().map(|error| error.code.clone()),
    };
    let (task, end) = (task_id("m"), failure.result.state());
    let cause = Change::attempt_ended(&task, attempt(1), TaskState::Assigned, end, &after);
    let settled = |action, id, to| Change::state(action, &task_id(id), TaskState::Blocked, to);
    let ready = |id| settled(Action::TASK_READY, id, TaskState::Ready);
    let skipped = |id| settled(Action::TASK_SKIPPED, id, TaskState::Skipped);
    assert_eq!(
        orchestration.changes_of(&context).await,
        [cause, skipped("a"), ready("b"), ready("y"), skipped("z")]
    );
}

/// A report that does not end the task changes nothing for the tasks that depend on it.
pub async fn a_task_that_goes_on_unlocks_nothing(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(3);
    let ids = ["a", "b", "c"];
    let dependant = ids
        .iter()
        .fold(new_task("x"), |task, id| task.after_end_of(id));
    let tasks = plan(ids.map(new_task).into_iter().chain([dependant]));
    orchestration.given_work(&writes, &builder, &tasks).await;
    let expected = orchestration.task(&task("x")).await;

    let reports = [
        (failed(attempt_at("a", 1), at(90)), TaskState::Ready),
        (released(attempt_at("b", 1), at(90)), TaskState::Ready),
        (waiting(attempt_at("c", 1)), TaskState::Waiting),
    ];
    for (sent, state) in reports {
        let outcome = report(orchestration, &writes.next(), sent).await;
        assert_eq!(outcome, recorded(state, &[], &[]));
    }

    assert_eq!(orchestration.task(&task("x")).await, expected);
    let history = History::of(Arc::clone(&orchestration.history));
    for id in ids {
        assert_eq!(history.status(&task(id)).await, None);
    }
}

/// A task that ends is finished in the task history at the time of the report, and so are those
/// that are skipped because of that.
pub async fn ended_tasks_are_finished_in_the_history(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(2);
    let tasks = plan([
        new_task("completed"),
        new_task("failed"),
        new_task("ready").after("completed"),
        new_task("skipped").after("failed"),
    ]);
    orchestration.given_work(&writes, &builder, &tasks).await;

    let context = writes.at(at(40));
    let report_of_success = completed(attempt_at("completed", 1));
    report(orchestration, &context, report_of_success).await;
    let context = writes.at(at(41));
    let report_of_failure = failed(attempt_at("failed", 1), None);
    report(orchestration, &context, report_of_failure).await;

    let history = History::of(Arc::clone(&orchestration.history));
    for (id, status, finished_at) in [
        ("completed", TaskStatus::Completed, 40),
        ("failed", TaskStatus::Failed, 41),
        ("skipped", TaskStatus::Cancelled, 41),
    ] {
        let summary = history.summary(&task(id)).await;
        assert_eq!(summary.status, status);
        assert_eq!(summary.finished_at, Some(at(finished_at)));
        assert_eq!(summary.entries, 0);
    }
    assert_eq!(history.status(&task("ready")).await, None);
}

/// A task that was finished in the task history only is still reported here, and its finish there
/// is kept.
pub async fn a_finish_in_the_history_is_kept(orchestration: &Orchestration) {
    let writes = Writes::default();
    let tasks = plan([new_task("a"), new_task("b").after("a")]);
    orchestration
        .given_work(&writes, &registration("builder"), &tasks)
        .await;
    let history = History::of(Arc::clone(&orchestration.history));
    history
        .finish(&task("a"), FinalStatus::Cancelled, at(9))
        .await;
    history
        .finish(&task("b"), FinalStatus::TimedOut, at(9))
        .await;

    let context = writes.at(at(40));
    let failure = failed(attempt_at("a", 1), None);
    let outcome = report(orchestration, &context, failure).await;

    assert_eq!(outcome, recorded(TaskState::Failed, &[], &["b"]));
    for (id, status) in [("a", TaskStatus::Cancelled), ("b", TaskStatus::TimedOut)] {
        let summary = history.summary(&task(id)).await;
        assert_eq!((summary.status, summary.finished_at), (status, Some(at(9))));
    }
}

/// A chain of 1000 tasks, and 1000 tasks that wait for the same one, are all skipped.
pub async fn many_tasks_are_skipped_at_once(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(1);
    let id = |n: usize| format!("{n:04}");
    let chain = (1..=1000).map(|n| new_task(&id(n)).after(&id(n - 1)));
    let fan = (1001..=2000).map(|n| new_task(&id(n)).after(&id(0)));
    let tasks = plan([new_task(&id(0))].into_iter().chain(chain).chain(fan));
    orchestration.given_work(&writes, &builder, &tasks).await;

    let failure = failed(attempt_at(&id(0), 1), None);
    let outcome = report(orchestration, &writes.next(), failure).await;

    let ids: Vec<_> = (1..=2000).map(id).collect();
    let ids: Vec<_> = ids.iter().map(String::as_str).collect();
    assert_eq!(outcome, recorded(TaskState::Failed, &[], &ids));
}

async fn report(
    orchestration: &Orchestration,
    context: &WriteContext,
    report: Report,
) -> ReportOutcome {
    orchestration.report(context, &report).await
}

fn recorded(state: TaskState, ready: &[&str], skipped: &[&str]) -> ReportOutcome {
    let [ready, skipped] = [ready, skipped].map(|ids| task_ids(ids.iter().copied()));
    ReportOutcome::Recorded {
        state,
        ready,
        skipped,
    }
}
