//! Updates and batches that race each other, and other calls.

use tasktrail_domain::orchestration::agent::{
    AgentBatch, AgentChange, AgentChanges, AgentCommand, AgentFilter, ApplyOutcome, CommandOutcome,
    Heartbeat, HeartbeatOutcome, StateRequest,
};
use tasktrail_domain::orchestration::audit::{Action, AuditFilter};
use tasktrail_domain::orchestration::dispatch::ExecutionFilter;
use tasktrail_domain::orchestration::{AgentKey, AgentState, Version};
use tasktrail_domain::write::WriteContext;

use crate::Orchestration;
use crate::fixture::{at, user};
use crate::orchestration::fixture::{
    EditRegistration, EditTask, Writes, agent, claim_by, new_task, plan, registration, renaming,
    to_register, to_set, to_update, whole,
};
use crate::orchestration::soundness::assert_sound;
use crate::parallel::at_once;

/// Of racing updates that expect the same version exactly one is applied. The others are stale.
pub async fn exactly_one_of_racing_updates_of_a_version_is_applied(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.given_agent(&writes, &builder).await;
    let mut version = Version::DEFAULT;
    for round in 0..10 {
        let updates = (0..8).map(|n| {
            let mut changes = renaming(&format!("{round} {n}"));
            changes.expected = Some(version);
            updating(store, &writes.next(), &builder.agent, &changes)
        });

        let outcomes = at_once(updates.collect::<Vec<_>>()).await;

        version = version.next();
        let stale = AgentChange::Stale { version };
        let refused = outcomes.iter().filter(|outcome| **outcome == stale).count();
        assert_eq!(refused, 7, "{outcomes:?}");
        let winner = outcomes.iter().position(|outcome| *outcome != stale);
        let agent = store.agent(&builder.agent).await;
        assert_eq!(agent.version, version);
        let name = format!("{round} {}", winner.unwrap());
        assert_eq!(agent.description.name.as_str(), name);
    }
}

/// Racing updates of different fields are all applied, one after the other: each has its own version
/// and its own entry.
pub async fn racing_updates_lose_nothing(store: &Orchestration) {
    let writes = Writes::default();
    for trial in 0..10 {
        let builder = registration(&trial.to_string());
        store.given_agent(&writes, &builder).await;
        let edits: [fn(&mut AgentChanges); 4] = [
            |new| new.agent_type = Some("review".parse().unwrap()),
            |new| new.name = Some("two".parse().unwrap()),
            |new| new.capacity = Some(2.try_into().unwrap()),
            |new| new.lease = Some(90.try_into().unwrap()),
        ];
        let updates = edits.map(|edit| {
            let mut changes = AgentChanges::default();
            edit(&mut changes);
            updating(store, &writes.next(), &builder.agent, &changes)
        });

        let outcomes = at_once(updates).await;

        let mut versions: Vec<_> = outcomes.iter().map(version_of).collect();
        versions.sort_unstable();
        assert_eq!(versions, [2, 3, 4, 5]);
        let expected = builder.of_type("review").with_capacity(2).with_lease(90);
        let agent = store.agent(&expected.agent).await;
        let mut description = expected.description;
        description.name = "two".parse().unwrap();
        assert_eq!(agent.description, description);
    }
    let updates = AuditFilter::default().with_action(Action::AGENT_UPDATED);
    let entries = store.entries(&user("alice"), &updates).await;
    assert_eq!(entries.len(), 40);
}

/// Batches of the same agents in opposite orders are all applied, without a deadlock.
pub async fn batches_in_opposite_orders_do_not_deadlock(store: &Orchestration) {
    let writes = Writes::default();
    let ids: Vec<_> = (0..16).map(|n| n.to_string()).collect();
    let registrations = ids.iter().map(|id| to_register(&registration(id)));
    let registrations = whole(registrations);
    store
        .apply(&writes.next(), &user("alice"), &registrations)
        .await;
    for round in 0..5 {
        let batches = (0..8).map(|n| {
            let name = format!("{round} {n}");
            let commands = ids.iter().map(|id| to_update(id, renaming(&name)));
            applying(store, &writes.next(), &in_another_order(n, commands))
        });

        let outcomes = at_once(batches.collect::<Vec<_>>()).await;

        assert_all_applied(&outcomes);
        // Each batch is applied as a whole, so all agents have the names of the last one.
        let listed = store
            .list_agents(&user("alice"), &AgentFilter::default())
            .await;
        let name = &listed[0].description.name;
        assert!(listed.iter().all(|agent| agent.description.name == *name));
        let version = Version::try_from(1 + 8 * (round + 1)).unwrap();
        assert!(
            listed.iter().all(|agent| agent.version == version),
            "{listed:?}"
        );
    }
}

/// Batches that register the same unknown agents in opposite orders are all applied, and each agent
/// is new for exactly one of them.
pub async fn batches_of_unknown_agents_in_opposite_orders_do_not_deadlock(store: &Orchestration) {
    let writes = Writes::default();
    for round in 0..5 {
        let ids: Vec<_> = (0..16).map(|n| format!("{round} {n}")).collect();
        let batches = (0..8).map(|n| {
            let commands = ids.iter().map(|id| to_register(&registration(id)));
            applying(store, &writes.next(), &in_another_order(n, commands))
        });

        let outcomes = at_once(batches.collect::<Vec<_>>()).await;

        assert_all_applied(&outcomes);
        let new = outcomes.iter().flat_map(outcomes_of).filter(
            |outcome| matches!(outcome, CommandOutcome::Registered(registered) if registered.new),
        );
        assert_eq!(new.count(), ids.len());
    }
}

/// Batches, heartbeats and claims of the same agents do not deadlock, and the number of open
/// executions stays right.
pub async fn batches_race_heartbeats_and_claims(store: &Orchestration) {
    let writes = Writes::default();
    let builders: Vec<_> = (0..4)
        .map(|n| registration(&n.to_string()).with_capacity(3))
        .collect();
    for builder in &builders {
        store.given_agent(&writes, builder).await;
    }
    let tasks = (0..20).map(|n| new_task(&n.to_string()).attempted(100));
    store.given_tasks(&writes, &plan(tasks)).await;
    for round in 2..6 {
        let batches = (0..4).map(|n| {
            let commands = builders.iter().flat_map(|builder| {
                let restarted = builder.clone().by_instance(10 * round + n);
                let id = builder.agent.agent.as_str().to_owned();
                let requests = [StateRequest::Drain, StateRequest::Resume];
                [to_register(&restarted)]
                    .into_iter()
                    .chain(requests.map(|request| to_set(&id, request)))
                    .collect::<Vec<_>>()
            });
            applying(store, &writes.next(), &in_another_order(n, commands))
        });
        let batches = batches.collect::<Vec<_>>();
        let others = builders.iter().map(|builder| {
            let (store, builder) = (store.clone(), builder.clone());
            let (claim, beat) = (writes.next(), at(100));
            async move {
                let instance = store.agent(&builder.agent).await.presence.instance;
                let mut current = builder;
                current.instance = instance;
                store.claim(&claim, &claim_by(&current, 3)).await;
                let heartbeat = Heartbeat::new(current.agent, instance, beat);
                store.heartbeat(&heartbeat).await
            }
        });
        let others = others.collect::<Vec<_>>();

        let (outcomes, beats) = tokio::join!(at_once(batches), at_once(others));

        assert_all_applied(&outcomes);
        for outcome in beats {
            let known = !matches!(outcome, HeartbeatOutcome::Unknown);
            assert!(known, "{outcome:?}");
        }
        for builder in &builders {
            let agent = store.agent(&builder.agent).await;
            let open = ExecutionFilter::OpenOfAgent(builder.agent.agent.clone());
            let open = store.executions(&user("alice"), &open).await;
            let count = usize::try_from(agent.presence.open_executions).unwrap();
            assert_eq!((open.len(), agent.state), (count, AgentState::Active));
            let instance = agent.presence.instance;
            assert!(open.iter().all(|execution| execution.instance == instance));
        }
    }
    assert_sound(store, &user("alice")).await;
}

/// Readers of the list see a whole batch completely or not at all.
pub async fn a_whole_batch_becomes_visible_atomically(store: &Orchestration) {
    let writes = Writes::default();
    let ids: Vec<_> = (0..50).map(|n| format!("{n:02}")).collect();
    let batches: Vec<_> = (0..10)
        .map(|n| {
            let described = ids.iter().map(|id| registration(id).with_capacity(n + 1));
            let commands = described.map(|registration| to_register(&registration));
            applying(store, &writes.next(), &whole(commands))
        })
        .collect();
    let written = tokio::spawn(async move {
        for batch in batches {
            batch.await;
        }
    });

    while !written.is_finished() {
        let listed = store
            .list_agents(&user("alice"), &AgentFilter::default())
            .await;
        let capacities = listed.iter().map(|agent| agent.description.capacity);
        let first = listed.first().map(|agent| agent.description.capacity);
        assert!([0, 50].contains(&listed.len()), "{} agents", listed.len());
        assert!(
            capacities
                .into_iter()
                .all(|capacity| Some(capacity) == first)
        );
    }
    written.await.unwrap();
    let last = store.agent(&agent("49")).await;
    assert_eq!(last.description.capacity.get(), 10);
}

/// Rotates the commands, and reverses every other batch.
fn in_another_order(n: u64, commands: impl Iterator<Item = AgentCommand>) -> AgentBatch {
    let mut commands: Vec<_> = commands.collect();
    // Commands for one agent stay in their order: a stable sort by a number that depends on `n`.
    commands.sort_by_key(|command| {
        let agent = command.agent().as_str();
        let place: u64 = agent.bytes().map(u64::from).sum::<u64>() * 31;
        if n.is_multiple_of(2) {
            (place + n) % 17
        } else {
            17 - (place + n) % 17
        }
    });
    whole(commands)
}

#[track_caller]
fn assert_all_applied(outcomes: &[ApplyOutcome]) {
    for outcome in outcomes {
        let applied = matches!(outcome, ApplyOutcome::Applied { .. });
        assert!(applied, "{outcome:?}");
    }
}

fn outcomes_of(outcome: &ApplyOutcome) -> &[CommandOutcome] {
    match outcome {
        ApplyOutcome::Applied { outcomes } => outcomes,
        ApplyOutcome::Refused { .. } => &[],
    }
}

fn version_of(change: &AgentChange) -> i64 {
    match change {
        AgentChange::Changed { version, .. } => version.get(),
        refused => panic!("{refused:?}"),
    }
}

fn updating(
    store: &Orchestration,
    context: &WriteContext,
    agent: &AgentKey,
    changes: &AgentChanges,
) -> impl Future<Output = AgentChange> + Send + use<> {
    let (store, context) = (store.clone(), context.clone());
    let (agent, changes) = (agent.clone(), changes.clone());
    async move { store.update_agent(&context, &agent, &changes).await }
}

fn applying(
    store: &Orchestration,
    context: &WriteContext,
    batch: &AgentBatch,
) -> impl Future<Output = ApplyOutcome> + Send + use<> {
    let (store, context, batch) = (store.clone(), context.clone(), batch.clone());
    async move { store.apply(&context, &user("alice"), &batch).await }
}
