//! Takeovers that race each other, and other calls.

use tasktrail_domain::orchestration::agent::HeartbeatOutcome;
use tasktrail_domain::orchestration::dispatch::{ClaimOutcome, ExecutionFilter, ReportOutcome};
use tasktrail_domain::orchestration::task::CancelScope;
use tasktrail_domain::orchestration::{ExecutionState, TaskState};

use super::calls::{assert_chain, beating, claiming, registering};
use crate::Orchestration;
use crate::fixture::{at, task, user};
use crate::orchestration::fixture::{
    EditRegistration, Writes, agent_id, attempt_at, completed, instance, lost, new_task, plan,
    plan_of, registration, task_id,
};
use crate::orchestration::soundness::assert_sound;
use crate::parallel::at_once;

/// If several instances register at once, each open execution is lost to exactly one of them, and the
/// last one has the agent.
pub async fn each_execution_is_lost_to_one_of_racing_instances(store: &Orchestration) {
    let writes = Writes::default();
    for trial in 0..10 {
        let id = trial.to_string();
        let builder = registration(&id).with_capacity(4);
        let names: Vec<_> = (0..4).map(|n| format!("{id} {n}")).collect();
        let tasks = plan_of(names.iter().map(String::as_str));
        store.given_work(&writes, &builder, &tasks).await;
        let calls = (2..6).map(|number| {
            let restarted = builder.clone().by_instance(number);
            registering(store, &writes.at(at(1000)), &restarted)
        });

        let answers = at_once(calls.collect::<Vec<_>>()).await;

        let mut taken: Vec<_> = answers.into_iter().flat_map(|answer| answer.lost).collect();
        taken.sort_by(|a, b| a.attempt.cmp(&b.attempt));
        let each = names.iter().map(|name| lost(name, 1, TaskState::Ready));
        assert_eq!(taken, each.collect::<Vec<_>>());
        for name in &names {
            let progress = store.task(&task(name)).await.progress;
            assert_eq!((progress.attempts, progress.counted_attempts), (1, 1));
        }
        assert_chain(store, &builder).await;
        let cancelled = names.iter().map(|name| {
            let (store, write, name) = (store.clone(), writes.next(), name.clone());
            async move { store.cancel(&write, &task(&name), CancelScope::Task).await }
        });
        at_once(cancelled.collect::<Vec<_>>()).await;
    }
    assert_sound(store, &user("alice")).await;
}

/// Heartbeats of the previous instance that race a takeover do not undo it, and those that start
/// after it return `Replaced`.
pub async fn heartbeats_that_race_a_takeover_do_not_undo_it(store: &Orchestration) {
    let writes = Writes::default();
    for trial in 0..10 {
        let builder = registration(&trial.to_string());
        store.register(&writes.at(at(0)), &builder).await;
        let restarted = builder.clone().by_instance(2);
        let beats = (0..8).map(|second| beating(store, &builder, at(second)));
        let takeover = registering(store, &writes.at(at(20)), &restarted);
        let late = async {
            takeover.await;
            beating(store, &builder, at(500)).await
        };

        let (outcomes, late) = tokio::join!(at_once(beats.collect::<Vec<_>>()), late);

        let replaced = HeartbeatOutcome::Replaced {
            instance: instance(2),
        };
        assert_eq!(late, replaced);
        for outcome in outcomes {
            let accepted = matches!(outcome, HeartbeatOutcome::Accepted { .. });
            assert!(accepted || outcome == replaced, "{outcome:?}");
        }
        let presence = store.agent(&builder.agent).await.presence;
        assert_eq!(presence.instance, restarted.instance);
        assert_eq!(presence.lease_until, at(80));
    }
}

/// Claims of the previous instance that race a takeover leave no execution to it: each one is lost,
/// or was not given.
pub async fn claims_that_race_a_takeover_leave_nothing_to_the_old_instance(store: &Orchestration) {
    let writes = Writes::default();
    let tasks = (0..40).map(|n| new_task(&format!("{n:02}")));
    store.given_tasks(&writes, &plan(tasks)).await;
    let mut builder = registration("builder").with_capacity(4);
    store.given_agent(&writes, &builder).await;
    for number in 2..10 {
        let restarted = builder.clone().by_instance(number);
        let claims = (0..4).map(|_| claiming(store, &writes.next(), &builder));
        let takeover = registering(store, &writes.next(), &restarted);

        let (claims, registered) = tokio::join!(at_once(claims.collect::<Vec<_>>()), takeover);

        let given: usize = claims.iter().map(given).sum();
        assert_eq!(registered.lost.len(), given, "{claims:?}");
        let open = ExecutionFilter::OpenOfAgent(agent_id("builder"));
        assert_eq!(store.executions(&user("alice"), &open).await, []);
        let presence = store.agent(&restarted.agent).await.presence;
        assert_eq!(presence.open_executions, 0);
        builder = restarted;
    }
    assert_sound(store, &user("alice")).await;
}

/// A report that races a takeover is recorded before it, or superseded because the execution is lost.
pub async fn a_report_that_races_a_takeover_is_recorded_or_superseded(store: &Orchestration) {
    let writes = Writes::default();
    for trial in 0..20 {
        let id = trial.to_string();
        let builder = registration(&id);
        let tasks = plan_of([id.as_str()]);
        store.given_work(&writes, &builder, &tasks).await;
        let report = completed(attempt_at(&id, 1));
        let (of_report, of_takeover) = (writes.next(), writes.next());
        let takeover = registering(store, &of_takeover, &builder.clone().by_instance(2));

        let (reported, registered) = tokio::join!(store.report(&of_report, &report), takeover);

        let execution = ExecutionFilter::OfTask(task_id(&id));
        let execution = store.executions(&user("alice"), &execution).await.remove(0);
        let state = store.task(&task(&id)).await.progress.state;
        match reported {
            ReportOutcome::Recorded { .. } => {
                assert_eq!(registered.lost, []);
                assert_eq!(execution.state, ExecutionState::Completed);
                assert_eq!(state, TaskState::Completed);
            }
            superseded => {
                assert_eq!(registered.lost, [lost(&id, 1, TaskState::Ready)]);
                let (state, task) = (ExecutionState::Lost, TaskState::Ready);
                assert_eq!(superseded, ReportOutcome::Superseded { state, task });
                assert_eq!(execution.state, ExecutionState::Lost);
            }
        }
        // Leaves nothing to claim for the next trial.
        let scope = CancelScope::Task;
        store.cancel(&writes.next(), &task(&id), scope).await;
    }
    assert_sound(store, &user("alice")).await;
}

/// The number of tasks that a claim got.
fn given(claim: &ClaimOutcome) -> usize {
    match claim {
        ClaimOutcome::Claimed { tasks } => tasks.len(),
        ClaimOutcome::Empty { .. } => 0,
    }
}
