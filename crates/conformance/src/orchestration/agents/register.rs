//! Registrations of agents without executions.

use serde_json::json;
use tasktrail_domain::orchestration::agent::{
    Agent, Heartbeat, HeartbeatOutcome, Registered, Registration, StateRequest,
};
use tasktrail_domain::orchestration::{AgentState, Version};

use crate::Orchestration;
use crate::fixture::at;
use crate::orchestration::fixture::{
    EditRegistration, RETIRE, Writes, claim_by, document, plan_of, registration,
};
use crate::orchestration::situation::claimed;

/// An unknown agent becomes active, with the description and the instance of the registration.
pub async fn an_unknown_agent_becomes_active(store: &Orchestration) {
    let write = Writes::default().next();
    let builder = registration("builder").with_capacity(3).with_lease(90);

    let registered = store.register(&write, &builder).await;

    assert_eq!(registered, Registered::new(true, Version::DEFAULT));
    let expected = Agent::registered(&builder, write.at);
    assert_eq!(store.agent(&builder.agent).await, expected);
}

/// A retired agent that registers becomes active again. It was known before.
pub async fn a_retired_agent_becomes_active_again(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.given_agent(&writes, &builder).await;
    store
        .set_state(&writes.next(), &builder.agent, RETIRE)
        .await;
    let again = writes.next();

    let registered = store.register(&again, &builder).await;

    let agent = store.agent(&builder.agent).await;
    assert_eq!(registered, Registered::new(false, Version::DEFAULT));
    assert_eq!(
        (agent.state, agent.updated_at),
        (AgentState::Active, again.at)
    );
}

/// An agent that is draining stays so when it registers, also as a new instance.
pub async fn a_draining_agent_that_registers_stays_draining(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.given_agent(&writes, &builder).await;
    let drain = StateRequest::Drain;
    store.set_state(&writes.next(), &builder.agent, drain).await;

    for instance in [1, 2] {
        let builder = builder.clone().by_instance(instance);
        store.register(&writes.next(), &builder).await;

        let agent = store.agent(&builder.agent).await;
        assert_eq!(agent.state, AgentState::Draining);
        assert_eq!(agent.presence.instance, builder.instance);
    }
}

/// A known agent takes the description of the registration, and keeps the time of its first
/// registration.
pub async fn a_known_agent_takes_the_description_of_the_registration(store: &Orchestration) {
    let writes = Writes::default();
    let first = writes.next();
    let builder = registration("builder");
    store.register(&first, &builder).await;
    let changed = builder
        .of_type("review")
        .capable_of(json!({ "languages": ["rust"] }))
        .with_capacity(5);
    let second = writes.next();

    let registered = store.register(&second, &changed).await;

    let version = Version::DEFAULT.next();
    assert_eq!(registered, Registered::new(false, version));
    let mut expected = Agent::registered(&changed, second.at);
    (expected.registered_at, expected.version) = (first.at, version);
    assert_eq!(store.agent(&changed.agent).await, expected);
}

/// The version increases by one with each registration whose description differs, in any field.
pub async fn each_difference_of_a_description_increases_the_version(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.given_agent(&writes, &builder).await;
    let edits: [fn(&mut Registration); 6] = [
        |other| other.description.agent_type = "review".parse().unwrap(),
        |other| other.description.name = "Builder 1".parse().unwrap(),
        |other| other.description.capabilities = document(&json!({ "gpu": true })),
        |other| other.description.metadata = document(&json!({ "host": "a" })),
        |other| other.description.capacity = 2.try_into().unwrap(),
        |other| other.description.lease = 61.try_into().unwrap(),
    ];

    let (mut current, mut version) = (builder, Version::DEFAULT);
    for edit in edits {
        edit(&mut current);
        version = version.next();

        let registered = store.register(&writes.next(), &current).await;

        assert_eq!(registered, Registered::new(false, version));
        let agent = store.agent(&current.agent).await;
        assert_eq!(
            (agent.version, agent.description),
            (version, current.description.clone())
        );
    }
}

/// A registration with the same description keeps the version, and the time of the last change.
pub async fn the_same_description_keeps_the_version(store: &Orchestration) {
    let writes = Writes::default();
    let first = writes.next();
    let builder = registration("builder").capable_of(json!({ "memory": 8 }));
    store.register(&first, &builder).await;

    for instance in [1, 2, 2] {
        let builder = builder
            .clone()
            .by_instance(instance)
            .capable_of(json!({ "memory": 8.0 }));
        let registered = store.register(&writes.next(), &builder).await;

        assert_eq!(registered, Registered::new(false, Version::DEFAULT));
        let agent = store.agent(&builder.agent).await;
        assert_eq!(
            (agent.version, agent.updated_at),
            (Version::DEFAULT, first.at)
        );
    }
}

/// The lease of an agent that registers again is extended as by a heartbeat, with the lease of the
/// registration.
pub async fn a_registration_extends_the_lease_like_a_heartbeat(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.register(&writes.at(at(0)), &builder).await;
    let longer = builder.clone().with_lease(90);

    for (registration, second, until) in [(&builder, 10, 70), (&longer, 20, 110)] {
        store.register(&writes.at(at(second)), registration).await;

        let presence = store.agent(&builder.agent).await.presence;
        assert_eq!(presence.heartbeat_at, at(second));
        assert_eq!(presence.lease_until, at(until));
    }
}

/// A lease is never shortened: not by a registration that comes late, and not by one with a shorter
/// lease.
pub async fn a_late_registration_does_not_shorten_the_lease(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.register(&writes.at(at(100)), &builder).await;
    let shorter = builder.clone().with_lease(5);

    for (registration, second, heartbeat) in [(&builder, 40, 100), (&shorter, 110, 110)] {
        store.register(&writes.at(at(second)), registration).await;

        let presence = store.agent(&builder.agent).await.presence;
        assert_eq!(presence.heartbeat_at, at(heartbeat));
        assert_eq!(presence.lease_until, at(160));
    }
}

/// The description and the instance of a registration take effect at once.
pub async fn a_registration_takes_effect_at_once(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.given_agent(&writes, &builder).await;
    store.given_tasks(&writes, &plan_of(["a", "b", "c"])).await;
    let restarted = builder.by_instance(2).with_capacity(2).with_lease(600);

    store.register(&writes.at(at(10)), &restarted).await;

    let heartbeat = Heartbeat::new(restarted.agent.clone(), restarted.instance, at(20));
    let extended = HeartbeatOutcome::Accepted {
        state: AgentState::Active,
        lease_until: at(620),
        stop: vec![],
        missing: vec![],
    };
    assert_eq!(store.heartbeat(&heartbeat).await, extended);
    let claim = claim_by(&restarted, 3);
    let claimed = claimed(store.claim(&writes.at(at(20)), &claim).await);
    assert_eq!(claimed.len(), 2, "{claimed:?}");
}
