//! Changes of the description.

use serde_json::json;
use tasktrail_domain::orchestration::agent::{
    Agent, AgentChange, AgentChanges, Heartbeat, StateRequest,
};
use tasktrail_domain::orchestration::dispatch::{ClaimOutcome, EmptyClaim};
use tasktrail_domain::orchestration::{AgentState, Version};

use crate::Orchestration;
use crate::fixture::at;
use crate::orchestration::fixture::{
    EditRegistration, RETIRE, Writes, agent, attempt_at, changed, changes, claim_by, completed,
    document, plan_of, registration, renaming,
};

/// An update changes the fields that it names, and keeps the others. Each update with a difference
/// increases the version.
pub async fn an_update_changes_the_fields_that_it_names(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").capable_of(json!({ "gpu": true, "memory": 8 }));
    let registered = writes.next();
    store.register(&registered, &builder).await;
    let mut expected = Agent::registered(&builder, registered.at);
    let edits: [fn(&mut AgentChanges); 7] = [
        |new| new.agent_type = Some("review".parse().unwrap()),
        |new| new.name = Some("Builder 1".parse().unwrap()),
        |new| new.capabilities = Some(document(&json!({ "memory": 16 }))),
        |new| new.metadata = Some(document(&json!({ "host": "a" }))),
        |new| new.capacity = Some(2.try_into().unwrap()),
        |new| new.lease = Some(61.try_into().unwrap()),
        |new| {
            new.name = Some("Builder 2".parse().unwrap());
            new.capacity = Some(3.try_into().unwrap());
        },
    ];

    for edit in edits {
        let (changes, write) = (changes(edit), writes.next());
        apply(&changes, &mut expected);
        expected.version = expected.version.next();
        expected.updated_at = write.at;

        let outcome = store.update_agent(&write, &builder.agent, &changes).await;

        assert_eq!(outcome, changed(AgentState::Active, expected.version));
        assert_eq!(store.agent(&builder.agent).await, expected);
    }
}

/// An update that names no field, or only values that the agent has already, changes nothing.
pub async fn an_update_without_a_difference_changes_nothing(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").capable_of(json!({ "memory": 8 }));
    store.given_agent(&writes, &builder).await;
    let before = store.agent(&builder.agent).await;
    let same = changes(|same| {
        same.capabilities = Some(document(&json!({ "memory": 8.0 })));
        same.capacity = Some(builder.description.capacity);
    });

    for changes in [AgentChanges::default(), renaming("builder"), same] {
        let outcome = store
            .update_agent(&writes.next(), &builder.agent, &changes)
            .await;

        assert_eq!(outcome, changed(AgentState::Active, Version::DEFAULT));
        assert_eq!(store.agent(&builder.agent).await, before);
    }
}

/// An update that expects the version that the agent has is applied.
pub async fn an_update_of_the_expected_version_is_applied(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.given_agent(&writes, &builder).await;

    let mut version = Version::DEFAULT;
    for name in ["one", "two", "three"] {
        let mut changes = renaming(name);
        changes.expected = Some(version);
        version = version.next();

        let outcome = store
            .update_agent(&writes.next(), &builder.agent, &changes)
            .await;

        assert_eq!(outcome, changed(AgentState::Active, version));
    }
}

/// An update that expects another version than the agent has changes nothing, and returns that
/// version, also if it has no difference.
pub async fn an_update_of_another_version_is_stale(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.given_agent(&writes, &builder).await;
    store
        .update_agent(&writes.next(), &builder.agent, &renaming("two"))
        .await;
    let before = store.agent(&builder.agent).await;

    for (name, expected) in [("three", 1), ("two", 1), ("three", 3), ("three", i64::MAX)] {
        let mut changes = renaming(name);
        changes.expected = Some(expected.try_into().unwrap());
        let outcome = store
            .update_agent(&writes.next(), &builder.agent, &changes)
            .await;

        let version = Version::DEFAULT.next();
        assert_eq!(outcome, AgentChange::Stale { version });
        assert_eq!(store.agent(&builder.agent).await, before);
    }
}

/// An agent that is not registered is unknown to an update, whatever version it expects.
pub async fn an_unknown_agent_cannot_be_updated(store: &Orchestration) {
    let writes = Writes::default();
    let mut expecting = renaming("two");
    expecting.expected = Some(Version::DEFAULT);

    for changes in [renaming("two"), expecting] {
        let outcome = store
            .update_agent(&writes.next(), &agent("builder"), &changes)
            .await;

        assert_eq!(outcome, AgentChange::Unknown);
        assert_eq!(store.find_agent(&agent("builder")).await, None);
    }
}

/// An agent in any state can be updated, and keeps its state.
pub async fn an_agent_in_any_state_can_be_updated(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.given_agent(&writes, &builder).await;

    let mut version = Version::DEFAULT;
    for request in [StateRequest::Drain, StateRequest::Resume, RETIRE] {
        store
            .set_state(&writes.next(), &builder.agent, request)
            .await;
        version = version.next();
        let name = renaming(&version.to_string());

        let outcome = store
            .update_agent(&writes.next(), &builder.agent, &name)
            .await;

        assert_eq!(outcome, changed(request.state(), version));
    }
}

/// A capacity may be less than the number of open executions: nothing is taken away, and the agent
/// gets no task until it has room.
pub async fn a_capacity_below_the_open_executions_takes_nothing_away(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(3);
    let tasks = plan_of(["a", "b", "c", "d"]);
    store.given_work(&writes, &builder, &tasks).await;
    let fewer = changes(|fewer| fewer.capacity = Some(2.try_into().unwrap()));

    store
        .update_agent(&writes.next(), &builder.agent, &fewer)
        .await;

    for (id, open) in [("a", 3), ("b", 2)] {
        let presence = store.agent(&builder.agent).await.presence;
        assert_eq!(presence.open_executions, open);
        let claim = store.claim(&writes.next(), &claim_by(&builder, 1)).await;
        let reason = EmptyClaim::Full;
        assert_eq!(claim, ClaimOutcome::Empty { reason });
        store
            .report(&writes.next(), &completed(attempt_at(id, 1)))
            .await;
    }
    let claimed = store.given_claim(&writes, &builder, 3).await;
    assert_eq!(claimed.len(), 1, "{claimed:?}");
}

/// A new lease has no effect on the lease that the agent has until its next heartbeat.
pub async fn a_new_lease_counts_from_the_next_heartbeat_on(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.register(&writes.at(at(0)), &builder).await;
    let longer = changes(|longer| longer.lease = Some(600.try_into().unwrap()));

    let write = writes.at(at(50));
    store.update_agent(&write, &builder.agent, &longer).await;

    let presence = store.agent(&builder.agent).await.presence;
    assert_eq!(
        (presence.heartbeat_at, presence.lease_until),
        (at(0), at(60))
    );
    let heartbeat = Heartbeat::new(builder.agent.clone(), builder.instance, at(1));
    store.heartbeat(&heartbeat).await;
    let presence = store.agent(&builder.agent).await.presence;
    assert_eq!(presence.lease_until, at(601));
}

/// Changes the description of an agent as an update does.
fn apply(changes: &AgentChanges, agent: &mut Agent) {
    let description = &mut agent.description;
    let changes = changes.clone();
    description.agent_type = changes.agent_type.unwrap_or(description.agent_type.clone());
    description.name = changes.name.unwrap_or(description.name.clone());
    let capabilities = description.capabilities.clone();
    description.capabilities = changes.capabilities.unwrap_or(capabilities);
    description.metadata = changes.metadata.unwrap_or(description.metadata.clone());
    description.capacity = changes.capacity.unwrap_or(description.capacity);
    description.lease = changes.lease.unwrap_or(description.lease);
}
