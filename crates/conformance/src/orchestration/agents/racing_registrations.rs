//! Registrations that race each other, and other calls.

use serde_json::Value;
use tasktrail_domain::orchestration::agent::{
    AgentChange, Heartbeat, HeartbeatOutcome, Registered, Registration,
};
use tasktrail_domain::orchestration::audit::{Action, AuditFilter, EntityKind};
use tasktrail_domain::orchestration::dispatch::{
    ClaimOutcome, EmptyClaim, ExecutionFilter, ReportOutcome,
};
use tasktrail_domain::orchestration::task::CancelScope;
use tasktrail_domain::orchestration::{AgentState, ExecutionState, TaskState, Version};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::write::WriteContext;

use crate::Orchestration;
use crate::fixture::{at, task, user};
use crate::orchestration::fixture::{
    EditRegistration, RETIRE, Writes, agent_id, attempt_at, claim_by, completed, instance, lost,
    new_task, plan, plan_of, registration, task_id,
};
use crate::orchestration::soundness::assert_sound;
use crate::parallel::at_once;

/// Of racing registrations of an unknown agent exactly one is new, whatever their instances are.
pub async fn exactly_one_of_racing_registrations_is_new(store: &Orchestration) {
    let writes = Writes::default();
    for trial in 0..10 {
        let builder = registration(&trial.to_string());
        let same = (0..8).map(|_| builder.clone());
        let others = (2..10).map(|number| builder.clone().by_instance(number));
        let calls = same.chain(others).map(|registration| {
            let write = writes.at(at(trial));
            registering(store, &write, &registration)
        });

        let answers = at_once(calls.collect::<Vec<_>>()).await;

        let new = answers.iter().filter(|answer| answer.new).count();
        assert_eq!(new, 1, "{answers:?}");
        assert!(
            answers.iter().all(|a| a.version == Version::DEFAULT),
            "{answers:?}"
        );
        assert_chain(store, &builder).await;
    }
}

/// A registration that is repeated at the same time is applied once, and all calls return the same.
pub async fn a_registration_that_races_itself_is_applied_once(store: &Orchestration) {
    let writes = Writes::default();
    for trial in 0..10 {
        let builder = registration(&trial.to_string());
        let write = writes.next();
        let calls = (0..8).map(|_| registering(store, &write, &builder));

        let answers = at_once(calls.collect::<Vec<_>>()).await;

        assert_eq!(answers, vec![Registered::new(true, Version::DEFAULT); 8]);
        assert_eq!(store.changes_of(&write).await.len(), 1);
    }
}

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

/// A claim that races a retirement gets a task and the agent is busy, or the agent is retired and
/// the claim gets nothing.
pub async fn a_claim_that_races_a_retirement_wins_or_gets_nothing(store: &Orchestration) {
    let writes = Writes::default();
    for trial in 0..20 {
        let id = trial.to_string();
        let builder = registration(&id);
        store.given_agent(&writes, &builder).await;
        store.given_tasks(&writes, &plan_of([id.as_str()])).await;
        let write = writes.next();
        let retirement = store.set_state(&write, &builder.agent, RETIRE);

        let claim = claiming(store, &writes.next(), &builder);
        let (claimed, retired) = tokio::join!(claim, retirement);

        let agent = store.agent(&builder.agent).await;
        let open = agent.presence.open_executions;
        match claimed {
            ClaimOutcome::Claimed { .. } => {
                let open_executions = 1;
                assert_eq!(retired, AgentChange::Busy { open_executions });
                assert_eq!((agent.state, open), (AgentState::Active, 1));
            }
            empty @ ClaimOutcome::Empty { .. } => {
                let reason = EmptyClaim::Retired;
                assert_eq!(empty, ClaimOutcome::Empty { reason });
                assert_eq!((agent.state, open), (AgentState::Retired, 0));
                let cancel = writes.next();
                store.cancel(&cancel, &task(&id), CancelScope::Task).await;
            }
        }
    }
    assert_sound(store, &user("alice")).await;
}

/// Of racing heartbeats the latest one determines the lease, in whatever order they arrive.
pub async fn racing_heartbeats_keep_the_latest_lease(store: &Orchestration) {
    let writes = Writes::default();
    for trial in 0..10 {
        let builder = registration(&trial.to_string());
        store.register(&writes.at(at(0)), &builder).await;
        let beats = (0..16).map(|n| beating(store, &builder, at(n * 7 % 16)));

        let outcomes = at_once(beats.collect::<Vec<_>>()).await;

        for (n, outcome) in (0..).zip(outcomes) {
            let HeartbeatOutcome::Accepted { lease_until, .. } = outcome else {
                panic!("{outcome:?}")
            };
            assert!(lease_until >= at(n * 7 % 16 + 60), "{lease_until}");
        }
        let presence = store.agent(&builder.agent).await.presence;
        assert_eq!(
            (presence.heartbeat_at, presence.lease_until),
            (at(15), at(75))
        );
    }
}

/// Panics unless each registration of an agent took it over from the one before it, and the last one
/// has it.
async fn assert_chain(store: &Orchestration, builder: &Registration) {
    let of_agent = AuditFilter::default()
        .with_entity(EntityKind::Agent, builder.agent.agent.clone())
        .with_action(Action::AGENT_REGISTERED);
    let mut entries = store.entries(&user("alice"), &of_agent).await;
    entries.sort_by_key(|entry| entry.position);
    let mut current = Value::Null;
    for entry in entries {
        let before = entry.before.map(|fields| fields.to_value().unwrap());
        let before = before.unwrap_or_default()["instance"].clone();
        assert_eq!(before, current);
        current = entry.after.unwrap().to_value().unwrap()["instance"].clone();
    }
    let presence = store.agent(&builder.agent).await.presence;
    assert_eq!(current, presence.instance.to_string());
}

fn registering(
    store: &Orchestration,
    context: &WriteContext,
    registration: &Registration,
) -> impl Future<Output = Registered> + Send + use<> {
    let (store, context, registration) = (store.clone(), context.clone(), registration.clone());
    async move { store.register(&context, &registration).await }
}

fn beating(
    store: &Orchestration,
    of: &Registration,
    at: Timestamp,
) -> impl Future<Output = HeartbeatOutcome> + Send + use<> {
    let heartbeat = Heartbeat::new(of.agent.clone(), of.instance, at);
    let store = store.clone();
    async move { store.heartbeat(&heartbeat).await }
}

/// A claim of one task.
fn claiming(
    store: &Orchestration,
    context: &WriteContext,
    by: &Registration,
) -> impl Future<Output = ClaimOutcome> + Send + use<> {
    let (store, context, claim) = (store.clone(), context.clone(), claim_by(by, 1));
    async move { store.claim(&context, &claim).await }
}

/// The number of tasks that a claim got.
fn given(claim: &ClaimOutcome) -> usize {
    match claim {
        ClaimOutcome::Claimed { tasks } => tasks.len(),
        ClaimOutcome::Empty { .. } => 0,
    }
}
