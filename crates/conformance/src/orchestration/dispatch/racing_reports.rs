//! Reports that race other writes about the same tasks.

use std::sync::Arc;

use tasktrail_domain::orchestration::dispatch::{Report, ReportOutcome, StartOutcome};
use tasktrail_domain::orchestration::{AttemptKey, TaskState};
use tasktrail_domain::repository::ErrorKind;
use tasktrail_domain::write::WriteContext;

use crate::Orchestration;
use crate::fixture::{at, task, user};
use crate::orchestration::fixture::{
    EditRegistration, EditTask, Writes, attempt_at, completed, failed, new_task, plan, plan_of,
    registration, released, task_id, waiting,
};
use crate::orchestration::soundness::assert_sound;
use crate::parallel::at_once;

/// Of reports that race, exactly one is recorded. The others return what it made of the attempt.
pub async fn one_of_racing_reports_is_recorded(orchestration: &Orchestration) {
    let writes = Writes::default();
    let keys = given_attempts(orchestration, &writes, 20).await;
    for key in keys {
        let reports = [
            completed(key.clone()),
            failed(key.clone(), None),
            failed(key.clone(), at(0)),
            released(key.clone(), at(0)),
            waiting(key),
        ];
        let racing = reports.iter().chain(&reports);
        let calls = racing.map(|report| reporting(orchestration, &writes.next(), report));

        let outcomes = at_once(calls.collect::<Vec<_>>()).await;

        let winner = outcomes.iter().position(is_recorded).unwrap();
        let end = reports[winner % reports.len()].result.state();
        for (place, outcome) in outcomes.iter().enumerate() {
            let lost = matches!(outcome, ReportOutcome::Superseded { state, .. } if *state == end);
            assert!(lost || place == winner, "{outcomes:?}");
        }
    }
    assert_sound(orchestration, &user("alice")).await;
}

/// Equal reports at once, with the same id of their write, all return the same outcome.
pub async fn equal_reports_at_once_return_the_same(orchestration: &Orchestration) {
    let writes = Writes::default();
    for key in given_attempts(orchestration, &writes, 20).await {
        let id = key.task.task.as_str().to_owned();
        let on_it = [new_task(&format!("{id} then")).after(&id)];
        orchestration.given_tasks(&writes, &plan(on_it)).await;
        let (context, report) = (writes.next(), completed(key));

        let calls = (0..8).map(|_| reporting(orchestration, &context, &report));
        let outcomes = at_once(calls.collect::<Vec<_>>()).await;

        let recorded = ReportOutcome::Recorded {
            state: TaskState::Completed,
            ready: vec![task_id(&format!("{id} then"))],
            skipped: Vec::new(),
        };
        assert!(
            outcomes.iter().all(|outcome| *outcome == recorded),
            "{outcomes:?}"
        );
        assert_eq!(orchestration.changes_of(&context).await.len(), 2);
    }
    assert_sound(orchestration, &user("alice")).await;
}

/// Reports of all prerequisites of a task at once unlock it, in exactly one of the outcomes.
pub async fn prerequisites_that_complete_at_once_unlock_a_task(orchestration: &Orchestration) {
    let writes = Writes::default();
    for (trial, keys) in given_attempts(orchestration, &writes, 80)
        .await
        .chunks(4)
        .enumerate()
    {
        let id = format!("then {trial}");
        let dependant = keys.iter().fold(new_task(&id), |task, key| {
            task.after(key.task.task.as_str())
        });
        orchestration.given_tasks(&writes, &plan([dependant])).await;

        let reports = keys
            .iter()
            .map(|key| reporting(orchestration, &writes.next(), &completed(key.clone())));
        let outcomes = at_once(reports.collect::<Vec<_>>()).await;

        let unlocked = outcomes.iter().flat_map(|outcome| match outcome {
            ReportOutcome::Recorded { ready, .. } => ready.as_slice(),
            _ => &[],
        });
        assert!(unlocked.eq([&task_id(&id)]), "{outcomes:?}");
        let state = orchestration.task(&task(&id)).await.progress.state;
        assert_eq!(state, TaskState::Ready);
    }
    assert_sound(orchestration, &user("alice")).await;
}

/// Prerequisites that end at once, some without success, skip a task and those after it once.
pub async fn prerequisites_that_end_at_once_skip_a_task(orchestration: &Orchestration) {
    let writes = Writes::default();
    for (trial, keys) in given_attempts(orchestration, &writes, 80)
        .await
        .chunks(4)
        .enumerate()
    {
        let [then, last] = ["then", "last"].map(|id| format!("{id} {trial}"));
        let dependant = keys.iter().fold(new_task(&then), |task, key| {
            task.after(key.task.task.as_str())
        });
        let tasks = plan([dependant, new_task(&last).after(&then)]);
        orchestration.given_tasks(&writes, &tasks).await;

        let reports = keys.iter().enumerate().map(|(place, key)| {
            let report = match place % 2 {
                0 => completed(key.clone()),
                _ => failed(key.clone(), None),
            };
            persisting(orchestration, &writes.next(), &report)
        });
        let outcomes = at_once(reports.collect::<Vec<_>>()).await;

        let skipped = outcomes.iter().flat_map(|outcome| match outcome {
            ReportOutcome::Recorded { skipped, .. } => skipped.as_slice(),
            _ => &[],
        });
        assert!(
            skipped.eq([&task_id(&last), &task_id(&then)]),
            "{outcomes:?}"
        );
    }
    assert_sound(orchestration, &user("alice")).await;
}

/// A start that races a report of the same attempt comes before it, or finds it closed.
pub async fn a_start_that_races_a_report_is_whole(orchestration: &Orchestration) {
    let writes = Writes::default();
    for key in given_attempts(orchestration, &writes, 40).await {
        let report = reporting(orchestration, &writes.next(), &completed(key.clone()));
        let start = starting(orchestration, &writes, &key);

        let (reported, started) = tokio::join!(tokio::spawn(report), tokio::spawn(start));

        let (reported, started) = (reported.unwrap(), started.unwrap());
        assert!(is_recorded(&reported), "{reported:?}");
        assert!(!matches!(started, StartOutcome::Unknown), "{started:?}");
    }
    assert_sound(orchestration, &user("alice")).await;
}

/// Assigns `count` tasks to the agent `builder`, and returns the attempts in ascending order. The
/// lease of the agent ends at 400 s.
pub(super) async fn given_attempts(
    orchestration: &Orchestration,
    writes: &Writes,
    count: usize,
) -> Vec<AttemptKey> {
    let builder = registration("builder").with_capacity(1000).with_lease(400);
    let ids: Vec<_> = (100..100 + count).map(|n| n.to_string()).collect();
    let tasks = plan_of(ids.iter().map(String::as_str));
    orchestration.register(&writes.at(at(0)), &builder).await;
    orchestration.given_tasks(writes, &tasks).await;
    let limit = count.try_into().unwrap();
    orchestration.given_claim(writes, &builder, limit).await;
    ids.iter().map(|id| attempt_at(id, 1)).collect()
}

pub(super) const fn is_recorded(outcome: &ReportOutcome) -> bool {
    matches!(outcome, ReportOutcome::Recorded { .. })
}

pub(super) fn reporting(
    orchestration: &Orchestration,
    context: &WriteContext,
    report: &Report,
) -> impl Future<Output = ReportOutcome> + Send + use<> {
    let orchestration = orchestration.clone();
    let (context, report) = (context.clone(), report.clone());
    async move { orchestration.report(&context, &report).await }
}

/// A report that is retried while it fails because of contention.
fn persisting(
    orchestration: &Orchestration,
    context: &WriteContext,
    report: &Report,
) -> impl Future<Output = ReportOutcome> + Send + use<> {
    let dispatch = Arc::clone(&orchestration.dispatch);
    let (context, report) = (context.clone(), report.clone());
    async move {
        loop {
            match dispatch.report(&context, &report).await {
                Err(error) if error.kind() == ErrorKind::Contention => {}
                outcome => return outcome.unwrap(),
            }
        }
    }
}

fn starting(
    orchestration: &Orchestration,
    writes: &Writes,
    attempt: &AttemptKey,
) -> impl Future<Output = StartOutcome> + Send + use<> {
    let orchestration = orchestration.clone();
    let (context, attempt) = (writes.next(), attempt.clone());
    async move { orchestration.start(&context, &attempt).await }
}
