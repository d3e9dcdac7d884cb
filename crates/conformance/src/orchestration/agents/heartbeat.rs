//! Heartbeats that extend the lease.

use tasktrail_domain::orchestration::agent::{
    Heartbeat, HeartbeatOutcome, Registration, StateRequest,
};
use tasktrail_domain::orchestration::audit::AuditFilter;
use tasktrail_domain::orchestration::{AgentState, TaskState};
use tasktrail_domain::timestamp::Timestamp;

use crate::Orchestration;
use crate::fixture::{at, task, user};
use crate::orchestration::fixture::{
    EditRegistration, RETIRE, Writes, changes, instance, plan_of, registration,
};

/// A heartbeat extends the lease to its time plus the agent's lease.
pub async fn a_heartbeat_extends_the_lease(store: &Orchestration) {
    let builder = registration("builder").with_lease(90);
    store.register(&Writes::default().at(at(0)), &builder).await;

    for second in [0, 1, 50, 500] {
        let outcome = store.heartbeat(&heartbeat(&builder, at(second))).await;

        assert_eq!(outcome, accepted(AgentState::Active, at(second + 90)));
        let presence = store.agent(&builder.agent).await.presence;
        assert_eq!(presence.heartbeat_at, at(second));
        assert_eq!(presence.lease_until, at(second + 90));
    }
}

/// A lease is never shortened by a late heartbeat. The latest heartbeat is kept.
pub async fn a_late_heartbeat_does_not_shorten_the_lease(store: &Orchestration) {
    let builder = registration("builder");
    store.register(&Writes::default().at(at(0)), &builder).await;
    store.heartbeat(&heartbeat(&builder, at(100))).await;

    for second in [99, 50, 0] {
        let outcome = store.heartbeat(&heartbeat(&builder, at(second))).await;

        assert_eq!(outcome, accepted(AgentState::Active, at(160)));
        let presence = store.agent(&builder.agent).await.presence;
        assert_eq!(
            (presence.heartbeat_at, presence.lease_until),
            (at(100), at(160))
        );
    }
}

/// A heartbeat extends the lease by the one that the agent has now, and does not shorten it if that
/// is shorter than before.
pub async fn a_heartbeat_uses_the_current_lease_of_the_agent(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.register(&writes.at(at(0)), &builder).await;

    for (lease, second, until) in [(5, 10, 60), (300, 20, 320)] {
        let changes = changes(|changes| changes.lease = Some(lease.try_into().unwrap()));
        let write = writes.at(at(second));
        store.update_agent(&write, &builder.agent, &changes).await;

        let outcome = store.heartbeat(&heartbeat(&builder, at(second))).await;

        assert_eq!(outcome, accepted(AgentState::Active, at(until)));
    }
}

/// The heartbeat of an agent whose lease has ended is accepted, and the agent is online again.
pub async fn a_heartbeat_after_the_end_of_the_lease_is_accepted(store: &Orchestration) {
    let builder = registration("builder");
    store.register(&Writes::default().at(at(0)), &builder).await;

    let outcome = store.heartbeat(&heartbeat(&builder, at(1000))).await;

    assert_eq!(outcome, accepted(AgentState::Active, at(1060)));
    let presence = store.agent(&builder.agent).await.presence;
    assert!(presence.is_online(at(1060)), "{presence:?}");
}

/// The heartbeat of a draining agent is accepted and reports that it is draining.
pub async fn a_heartbeat_of_a_draining_agent_is_accepted(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.given_agent(&writes, &builder).await;
    let drain = StateRequest::Drain;
    store.set_state(&writes.next(), &builder.agent, drain).await;

    let outcome = store.heartbeat(&heartbeat(&builder, at(10))).await;

    assert_eq!(outcome, accepted(AgentState::Draining, at(70)));
}

/// The heartbeat of a replaced instance changes nothing, and names the instance that registered
/// last, also of a retired agent.
pub async fn the_heartbeat_of_a_replaced_instance_changes_nothing(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.given_agent(&writes, &builder).await;
    let restarted = builder.clone().by_instance(2);
    store.register(&writes.next(), &restarted).await;
    let replaced = HeartbeatOutcome::Replaced {
        instance: instance(2),
    };

    for retire in [false, true] {
        if retire {
            store
                .set_state(&writes.next(), &builder.agent, RETIRE)
                .await;
        }
        let before = store.agent(&builder.agent).await;
        for replaced_instance in [builder.clone(), builder.clone().by_instance(3)] {
            let late = heartbeat(&replaced_instance, at(100));
            assert_eq!(store.heartbeat(&late).await, replaced);
        }
        assert_eq!(store.agent(&builder.agent).await, before);
    }
}

/// The heartbeat of a retired agent changes nothing.
pub async fn the_heartbeat_of_a_retired_agent_changes_nothing(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.given_agent(&writes, &builder).await;
    store
        .set_state(&writes.next(), &builder.agent, RETIRE)
        .await;
    let before = store.agent(&builder.agent).await;

    let outcome = store.heartbeat(&heartbeat(&builder, at(100))).await;

    assert_eq!(outcome, HeartbeatOutcome::Retired);
    assert_eq!(store.agent(&builder.agent).await, before);
}

/// The heartbeat of an agent that is not registered does not register it.
pub async fn the_heartbeat_of_an_unknown_agent_registers_nothing(store: &Orchestration) {
    let builder = registration("builder");

    let outcome = store.heartbeat(&heartbeat(&builder, at(100))).await;

    assert_eq!(outcome, HeartbeatOutcome::Unknown);
    assert_eq!(store.find_agent(&builder.agent).await, None);
}

/// A heartbeat changes nothing but the heartbeat and the lease of its agent.
pub async fn a_heartbeat_changes_only_the_presence(store: &Orchestration) {
    let writes = Writes::default();
    let (builder, other) = (registration("builder"), registration("other"));
    store.given_agent(&writes, &other).await;
    store.given_work(&writes, &builder, &plan_of(["a"])).await;
    let other_before = store.agent(&other.agent).await;
    let mut expected = store.agent(&builder.agent).await;

    store.heartbeat(&heartbeat(&builder, at(100))).await;

    expected.presence.heartbeat_at = at(100);
    expected.presence.lease_until = at(160);
    assert_eq!(store.agent(&builder.agent).await, expected);
    assert_eq!(store.agent(&other.agent).await, other_before);
    let state = store.task(&task("a")).await.progress.state;
    assert_eq!(state, TaskState::Assigned);
}

/// A heartbeat has no entry in the audit log.
pub async fn a_heartbeat_has_no_entry(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.given_agent(&writes, &builder).await;
    let (alice, all) = (user("alice"), AuditFilter::default());
    let before = store.entries(&alice, &all).await;

    store.heartbeat(&heartbeat(&builder, at(100))).await;
    let naming = heartbeat(&builder, at(200)).with_held(vec![]);
    store.heartbeat(&naming).await;

    assert_eq!(store.entries(&alice, &all).await, before);
}

fn heartbeat(of: &Registration, at: Timestamp) -> Heartbeat {
    Heartbeat::new(of.agent.clone(), of.instance, at)
}

fn accepted(state: AgentState, lease_until: Timestamp) -> HeartbeatOutcome {
    HeartbeatOutcome::Accepted {
        state,
        lease_until,
        stop: vec![],
        missing: vec![],
    }
}
