//! Draining, resuming and retiring.

use tasktrail_domain::orchestration::agent::{AgentChange, Registration, StateRequest};
use tasktrail_domain::orchestration::dispatch::{
    AssignOutcome, ClaimOutcome, EmptyClaim, ReportOutcome, StartOutcome, Unavailable,
};
use tasktrail_domain::orchestration::{AgentState, TaskState, Version};

use crate::Orchestration;
use crate::fixture::task;
use crate::orchestration::fixture::{
    RELEASE, RETIRE, Writes, agent, attempt_at, changed, claim_by, completed, plan_of,
    registration, renaming,
};

/// An active agent is drained, and a draining one is resumed.
pub async fn an_agent_is_drained_and_resumed(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.given_agent(&writes, &builder).await;
    let mut expected = store.agent(&builder.agent).await;

    for request in [StateRequest::Drain, StateRequest::Resume] {
        let write = writes.next();

        let outcome = store.set_state(&write, &builder.agent, request).await;

        assert_eq!(outcome, changed(request.state(), Version::DEFAULT));
        (expected.state, expected.updated_at) = (request.state(), write.at);
        assert_eq!(store.agent(&builder.agent).await, expected);
    }
}

/// An agent without open executions is retired, whether it is active or draining.
pub async fn an_idle_agent_is_retired(store: &Orchestration) {
    let writes = Writes::default();
    let [active, draining] = ["active", "draining"].map(registration);
    store.given_agent(&writes, &active).await;
    store.given_agent(&writes, &draining).await;
    let drain = StateRequest::Drain;
    store
        .set_state(&writes.next(), &draining.agent, drain)
        .await;

    for builder in [active, draining] {
        let outcome = store
            .set_state(&writes.next(), &builder.agent, RETIRE)
            .await;

        assert_eq!(outcome, changed(AgentState::Retired, Version::DEFAULT));
        let state = store.agent(&builder.agent).await.state;
        assert_eq!(state, AgentState::Retired);
        let claim = store.claim(&writes.next(), &claim_by(&builder, 1)).await;
        let reason = EmptyClaim::Retired;
        assert_eq!(claim, ClaimOutcome::Empty { reason });
    }
}

/// An agent that already is in the requested state is unchanged.
pub async fn an_agent_in_the_requested_state_is_unchanged(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.given_agent(&writes, &builder).await;

    for (into, again) in [
        (None, vec![StateRequest::Resume]),
        (Some(StateRequest::Drain), vec![StateRequest::Drain]),
        (Some(RETIRE), vec![RETIRE, RELEASE]),
    ] {
        if let Some(request) = into {
            store
                .set_state(&writes.next(), &builder.agent, request)
                .await;
        }
        let before = store.agent(&builder.agent).await;
        for request in again {
            let outcome = store
                .set_state(&writes.next(), &builder.agent, request)
                .await;

            assert_eq!(outcome, changed(request.state(), Version::DEFAULT));
            assert_eq!(store.agent(&builder.agent).await, before);
        }
    }
}

/// A retired agent is neither drained nor resumed: only a registration makes it active.
pub async fn a_retired_agent_is_neither_drained_nor_resumed(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.given_agent(&writes, &builder).await;
    store
        .set_state(&writes.next(), &builder.agent, RETIRE)
        .await;
    let before = store.agent(&builder.agent).await;

    for request in [StateRequest::Drain, StateRequest::Resume] {
        let outcome = store
            .set_state(&writes.next(), &builder.agent, request)
            .await;

        let state = AgentState::Retired;
        assert_eq!(outcome, AgentChange::Refused { state });
        assert_eq!(store.agent(&builder.agent).await, before);
    }
}

/// The state of an agent that is not registered cannot be changed.
pub async fn the_state_of_an_unknown_agent_cannot_be_changed(store: &Orchestration) {
    let writes = Writes::default();

    for request in [StateRequest::Drain, StateRequest::Resume, RETIRE, RELEASE] {
        let outcome = store
            .set_state(&writes.next(), &agent("builder"), request)
            .await;

        assert_eq!(outcome, AgentChange::Unknown);
        assert_eq!(store.find_agent(&agent("builder")).await, None);
    }
}

/// A draining agent gets no new tasks: neither by a claim nor by an assignment. Resumed, it gets
/// tasks again.
pub async fn a_draining_agent_gets_no_new_tasks(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.given_agent(&writes, &builder).await;
    store.given_tasks(&writes, &plan_of(["a"])).await;
    set(store, &writes, &builder, StateRequest::Drain).await;

    let claim = store.claim(&writes.next(), &claim_by(&builder, 1)).await;
    let to = &builder.agent.agent;
    let assigned = store.assign(&writes.next(), &task("a"), to).await;

    let reason = EmptyClaim::Draining;
    assert_eq!(claim, ClaimOutcome::Empty { reason });
    let reason = Unavailable::Draining;
    assert_eq!(assigned, AssignOutcome::Unavailable { reason });
    set(store, &writes, &builder, StateRequest::Resume).await;
    store.given_claim(&writes, &builder, 1).await;
}

/// A draining agent keeps its tasks, and can start and finish them.
pub async fn a_draining_agent_finishes_its_tasks(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.given_work(&writes, &builder, &plan_of(["a"])).await;

    set(store, &writes, &builder, StateRequest::Drain).await;

    let presence = store.agent(&builder.agent).await.presence;
    assert_eq!(presence.open_executions, 1);
    let attempt = attempt_at("a", 1);
    let started = store.start(&writes.next(), &attempt).await;
    assert!(matches!(started, StartOutcome::Started { .. }));
    let reported = store.report(&writes.next(), &completed(attempt)).await;
    let state = TaskState::Completed;
    let recorded = ReportOutcome::Recorded {
        state,
        ready: vec![],
        skipped: vec![],
    };
    assert_eq!(reported, recorded);
}

/// A change of the state keeps the version, which counts the changes of the description.
pub async fn a_change_of_the_state_keeps_the_version(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.given_agent(&writes, &builder).await;
    store
        .update_agent(&writes.next(), &builder.agent, &renaming("two"))
        .await;

    for request in [StateRequest::Drain, StateRequest::Resume, RETIRE] {
        let outcome = store
            .set_state(&writes.next(), &builder.agent, request)
            .await;

        let version = Version::DEFAULT.next();
        let AgentChange::Changed { version: found, .. } = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(found, version);
        assert_eq!(store.agent(&builder.agent).await.version, version);
    }
}

async fn set(
    store: &Orchestration,
    writes: &Writes,
    registration: &Registration,
    request: StateRequest,
) {
    let agent = &registration.agent;
    let outcome = store.set_state(&writes.next(), agent, request).await;
    assert_eq!(outcome, changed(request.state(), Version::DEFAULT));
}
