//! Writes that are repeated with the same id.
//!
//! Each case makes other writes before it repeats one, so that the first result is not the one that
//! a new write would have.

use tasktrail_domain::orchestration::agent::{
    Agent, AgentChange, AgentCommand, AgentFilter, Heartbeat, Registered, StateRequest,
};
use tasktrail_domain::orchestration::audit::{AuditEntry, AuditFilter};
use tasktrail_domain::orchestration::task::{TaskFilter, TaskOverview};
use tasktrail_domain::orchestration::{AgentState, TaskState, Version};

use crate::Orchestration;
use crate::fixture::{at, user};
use crate::orchestration::fixture::{
    EditRegistration, RELEASE, Writes, agent_of, changed, itemised, lost, plan_of, registration,
    registration_of, renaming, to_register, to_set, to_update, whole,
};

/// A repeated registration returns the first result and changes nothing.
pub async fn a_repeated_registration_returns_the_first_result(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    let first = writes.next();
    let registered = store.register(&first, &builder).await;
    store
        .update_agent(&writes.next(), &builder.agent, &renaming("two"))
        .await;
    let before = everything(store).await;

    for _ in 0..2 {
        let repeated = store.register(&first, &builder).await;

        assert_eq!(repeated, registered);
        assert_eq!(repeated, Registered::new(true, Version::DEFAULT));
        assert_eq!(everything(store).await, before);
    }
}

/// A repeated takeover returns the attempts that were lost, and loses no others.
pub async fn a_repeated_takeover_returns_the_attempts_that_were_lost(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    let tasks = plan_of(["a", "b"]);
    store.given_work(&writes, &builder, &tasks).await;
    let (restarted, takeover) = (builder.by_instance(2), writes.next());
    let registered = store.register(&takeover, &restarted).await;
    store.given_claim(&writes, &restarted, 1).await;
    let before = everything(store).await;

    let repeated = store.register(&takeover, &restarted).await;

    assert_eq!(repeated, registered);
    assert_eq!(repeated.lost, [lost("a", 1, TaskState::Ready)]);
    assert_eq!(everything(store).await, before);
}

/// A repeated takeover does not take the agent from an instance that registered after it.
pub async fn a_repeated_takeover_does_not_take_over_again(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.given_agent(&writes, &builder).await;
    let (second, third) = (builder.clone().by_instance(2), builder.by_instance(3));
    let takeover = writes.next();
    let registered = store.register(&takeover, &second).await;
    store.register(&writes.next(), &third).await;
    let before = everything(store).await;

    let repeated = store.register(&takeover, &second).await;

    assert_eq!(repeated, registered);
    assert_eq!(everything(store).await, before);
    let presence = store.agent(&third.agent).await.presence;
    assert_eq!(presence.instance, third.instance);
}

/// A repeated update returns the first result and changes nothing, also if its version is no longer
/// the expected one.
pub async fn a_repeated_update_returns_the_first_result(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.given_agent(&writes, &builder).await;
    let (first, mut two) = (writes.next(), renaming("two"));
    two.expected = Some(Version::DEFAULT);
    let updated = store.update_agent(&first, &builder.agent, &two).await;
    for name in ["three", "four"] {
        store
            .update_agent(&writes.next(), &builder.agent, &renaming(name))
            .await;
    }
    let drain = StateRequest::Drain;
    store.set_state(&writes.next(), &builder.agent, drain).await;
    let before = everything(store).await;

    let repeated = store.update_agent(&first, &builder.agent, &two).await;

    assert_eq!(repeated, updated);
    assert_eq!(
        repeated,
        changed(AgentState::Active, Version::DEFAULT.next())
    );
    assert_eq!(everything(store).await, before);
}

/// A repeated change of the state returns the first result and changes nothing, also if the state has
/// changed since.
pub async fn a_repeated_change_of_the_state_returns_the_first_result(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.given_agent(&writes, &builder).await;
    let drains = [
        (writes.next(), StateRequest::Drain),
        (writes.next(), StateRequest::Resume),
        (writes.next(), StateRequest::Drain),
    ];
    for (write, request) in &drains {
        store.set_state(write, &builder.agent, *request).await;
    }
    store
        .update_agent(&writes.next(), &builder.agent, &renaming("two"))
        .await;
    let before = everything(store).await;

    for (write, request) in &drains {
        let repeated = store.set_state(write, &builder.agent, *request).await;

        assert_eq!(repeated, changed(request.state(), Version::DEFAULT));
        assert_eq!(everything(store).await, before);
    }
}

/// A repeated retirement returns the attempts that were released, and retires an agent that has
/// registered since no second time.
pub async fn a_repeated_retirement_returns_the_attempts_that_were_released(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.given_work(&writes, &builder, &plan_of(["a"])).await;
    let retirement = writes.next();
    store.set_state(&retirement, &builder.agent, RELEASE).await;
    store.register(&writes.next(), &builder).await;
    store.given_claim(&writes, &builder, 1).await;
    let before = everything(store).await;

    let repeated = store.set_state(&retirement, &builder.agent, RELEASE).await;

    let released = AgentChange::Changed {
        state: AgentState::Retired,
        version: Version::DEFAULT,
        released: vec![lost("a", 1, TaskState::Ready)],
    };
    assert_eq!(repeated, released);
    assert_eq!(everything(store).await, before);
}

/// A repeated batch returns the first outcomes and changes nothing, whether it is whole or itemised.
/// The outcomes include those of commands that changed nothing.
pub async fn a_repeated_batch_returns_the_first_outcomes(store: &Orchestration) {
    let writes = Writes::default();
    for owner in ["alice", "bob"] {
        let builder = registration_of(&agent_of(owner, "builder"));
        store.given_agent(&writes, &builder).await;
        let mut commands: Vec<AgentCommand> = vec![
            to_set("builder", StateRequest::Resume),
            to_update("builder", renaming("two")),
            to_register(&registration("new")),
        ];
        let batch = if owner == "alice" {
            whole(commands)
        } else {
            commands.push(to_set("unknown", RELEASE));
            itemised(commands)
        };
        let (first, owner) = (writes.next(), user(owner));
        let applied = store.apply(&first, &owner, &batch).await;
        let later = whole([
            to_set("builder", StateRequest::Drain),
            to_update("new", renaming("three")),
        ]);
        store.apply(&writes.next(), &owner, &later).await;
        let before = everything(store).await;

        let repeated = store.apply(&first, &owner, &batch).await;

        assert_eq!(repeated, applied);
        assert_eq!(everything(store).await, before);
    }
}

/// A repeated heartbeat returns the same and changes nothing.
pub async fn a_repeated_heartbeat_changes_nothing(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.given_work(&writes, &builder, &plan_of(["a"])).await;
    let heartbeat = Heartbeat::new(builder.agent, builder.instance, at(50)).with_held(vec![]);
    let accepted = store.heartbeat(&heartbeat).await;
    let before = everything(store).await;

    assert_eq!(store.heartbeat(&heartbeat).await, accepted);
    assert_eq!(everything(store).await, before);
}

/// The agents, the tasks and the audit log of alice and bob.
async fn everything(
    store: &Orchestration,
) -> Vec<(Vec<Agent>, Vec<TaskOverview>, Vec<AuditEntry>)> {
    let mut all = Vec::new();
    for owner in ["alice", "bob"].map(user) {
        all.push((
            store.list_agents(&owner, &AgentFilter::default()).await,
            store.list_tasks(&owner, &TaskFilter::default()).await,
            store.entries(&owner, &AuditFilter::default()).await,
        ));
    }
    all
}
