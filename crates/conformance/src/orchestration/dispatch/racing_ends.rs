//! Reports that race cancels and reaps.

use tasktrail_domain::orchestration::dispatch::ReapedAttempt;
use tasktrail_domain::orchestration::task::{CancelOutcome, CancelScope};

use super::racing_reports::{given_attempts, is_recorded, reporting};
use crate::Orchestration;
use crate::fixture::{at, task, user};
use crate::orchestration::fixture::{
    EditRegistration, EditTask, Writes, attempt_at, completed, new_task, plan, registration,
};
use crate::orchestration::soundness::assert_sound;
use crate::parallel::at_once;

/// Of a report and a cancel that race, exactly one ends the task.
pub async fn a_report_or_a_cancel_ends_a_task(orchestration: &Orchestration) {
    let writes = Writes::default();
    for key in given_attempts(orchestration, &writes, 40).await {
        let id = key.task.task.as_str().to_owned();
        let on_it = [
            new_task(&format!("{id} then")).after(&id),
            new_task(&format!("{id} finally")).after_end_of(&id),
        ];
        orchestration.given_tasks(&writes, &plan(on_it)).await;
        let report = reporting(orchestration, &writes.next(), &completed(key));

        let (reported, cancelled) = tokio::join!(
            tokio::spawn(report),
            tokio::spawn(cancelling(orchestration, &writes, &id))
        );

        let reported = is_recorded(&reported.unwrap());
        let cancelled = matches!(cancelled.unwrap(), CancelOutcome::Cancelled { .. });
        assert!(reported != cancelled, "{id}: {reported} {cancelled}");
    }
    assert_sound(orchestration, &user("alice")).await;
}

/// Of a report and reaps that race, exactly one closes the attempt. A reap may leave it for the
/// next call.
pub async fn a_report_or_a_reap_closes_an_attempt(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(1000);
    for trial in 0..20 {
        orchestration.register(&writes.at(at(0)), &builder).await;
        let ids = ["a", "b", "c", "d"].map(|id| format!("{trial} {id}"));
        let tasks = plan(ids.iter().map(|id| new_task(id).attempted(1)));
        orchestration
            .create(&writes.at(at(1)), &user("alice"), &tasks)
            .await;
        for id in &ids {
            let context = writes.at(at(2));
            let agent = &builder.agent.agent;
            orchestration.assign(&context, &task(id), agent).await;
        }
        let reports = ids.iter().map(|id| {
            let report = completed(attempt_at(id, 1));
            reporting(orchestration, &writes.at(at(1000)), &report)
        });
        let reaps = (0..3).map(|_| reaping(orchestration, &writes));

        let (reported, reaped) = tokio::join!(
            at_once(reports.collect::<Vec<_>>()),
            at_once(reaps.collect::<Vec<_>>())
        );

        let reported = reported
            .iter()
            .filter(|outcome| is_recorded(outcome))
            .count();
        let reaped = reaped.concat();
        assert_eq!(reported + reaped.len(), ids.len(), "{reaped:?}");
    }
    assert_sound(orchestration, &user("alice")).await;
}

/// Reaps at once close each execution once.
pub async fn racing_reaps_close_each_execution_once(orchestration: &Orchestration) {
    let writes = Writes::default();
    let keys = given_attempts(orchestration, &writes, 60).await;

    let mut reaped = Vec::new();
    while reaped.len() < keys.len() {
        let reaps = (0..4).map(|_| reaping(orchestration, &writes));
        let racing = at_once(reaps.collect::<Vec<_>>()).await.concat();
        let alone = reaping(orchestration, &writes).await;
        reaped.extend(racing.into_iter().chain(alone));
        assert!(!reaped.is_empty());
    }

    let mut closed: Vec<_> = reaped.into_iter().map(|reaped| reaped.attempt).collect();
    closed.sort();
    assert_eq!(closed, keys);
    assert_sound(orchestration, &user("alice")).await;
}

fn cancelling(
    orchestration: &Orchestration,
    writes: &Writes,
    id: &str,
) -> impl Future<Output = CancelOutcome> + Send + use<> {
    let orchestration = orchestration.clone();
    let (context, task) = (writes.next(), task(id));
    async move {
        orchestration
            .cancel(&context, &task, CancelScope::Task)
            .await
    }
}

/// A reap at 1000 s.
fn reaping(
    orchestration: &Orchestration,
    writes: &Writes,
) -> impl Future<Output = Vec<ReapedAttempt>> + Send + use<> {
    let orchestration = orchestration.clone();
    let context = writes.at(at(1000));
    async move { orchestration.reap(&context).await }
}
