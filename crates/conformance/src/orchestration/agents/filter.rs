//! Filters of the list.

use serde_json::json;
use tasktrail_domain::orchestration::AgentState;
use tasktrail_domain::orchestration::agent::{AgentFilter, StateRequest};

use crate::Orchestration;
use crate::fixture::{INSTANT, at, user};
use crate::orchestration::fixture::{
    EditRegistration, RETIRE, Writes, agent, document, registration,
};

/// Agents are filtered by their state.
pub async fn agents_are_filtered_by_state(store: &Orchestration) {
    let writes = Writes::default();
    for id in ["a", "b", "c", "d"] {
        store.given_agent(&writes, &registration(id)).await;
    }
    for (id, request) in [("b", StateRequest::Drain), ("c", RETIRE)] {
        store.set_state(&writes.next(), &agent(id), request).await;
    }

    for (state, expected) in [
        (None, &["a", "b", "c", "d"][..]),
        (Some(AgentState::Active), &["a", "d"]),
        (Some(AgentState::Draining), &["b"]),
        (Some(AgentState::Retired), &["c"]),
    ] {
        let filter = AgentFilter::default().with_state(state);
        assert_eq!(listed(store, &filter).await, expected, "{state:?}");
    }
}

/// Agents are filtered by their type, as it is now.
pub async fn agents_are_filtered_by_type(store: &Orchestration) {
    let writes = Writes::default();
    for (id, agent_type) in [("a", "code"), ("b", "review"), ("c", "Code"), ("d", "code")] {
        let registration = registration(id).of_type(agent_type);
        store.given_agent(&writes, &registration).await;
    }
    let moved = registration("d").of_type("review");
    store.register(&writes.next(), &moved).await;

    for (agent_type, expected) in [
        ("code", &["a"][..]),
        ("review", &["b", "d"]),
        ("Code", &["c"]),
        ("cod", &[]),
    ] {
        let agent_type = agent_type.parse().ok();
        let filter = AgentFilter::default().with_agent_type(agent_type);
        assert_eq!(listed(store, &filter).await, expected);
    }
}

/// An agent is online at an instant until the end of its lease, that included, and offline after it,
/// in any state.
pub async fn an_agent_is_online_until_the_end_of_its_lease(store: &Orchestration) {
    let writes = Writes::default();
    for (id, lease) in [("a", 10), ("b", 20), ("c", 10)] {
        let registration = registration(id).with_lease(lease);
        store.register(&writes.at(at(0)), &registration).await;
    }
    store
        .set_state(&writes.at(at(1)), &agent("c"), RETIRE)
        .await;

    for (instant, online) in [
        (at(0), &["a", "b", "c"][..]),
        (at(10), &["a", "b", "c"]),
        (at(10).saturating_add(INSTANT), &["b"]),
        (at(20), &["b"]),
        (at(20).saturating_add(INSTANT), &[]),
    ] {
        let offline: Vec<_> = ["a", "b", "c"]
            .into_iter()
            .filter(|id| !online.contains(id))
            .collect();
        for (wanted, expected) in [(true, online), (false, &offline)] {
            let filter = AgentFilter::default().with_online(wanted, instant);
            assert_eq!(listed(store, &filter).await, expected, "{instant}");
        }
    }
}

/// Agents are filtered by what their capabilities contain.
pub async fn agents_are_filtered_by_what_they_can_do(store: &Orchestration) {
    let writes = Writes::default();
    for (id, capabilities) in [
        (
            "a",
            json!({ "languages": ["rust", "go"], "memory": { "gib": 8.0 } }),
        ),
        (
            "b",
            json!({ "languages": ["go"], "memory": { "gib": 16 }, "gpu": true }),
        ),
        ("c", json!({ "languages": "rust", "gpu": null })),
        ("d", json!({})),
    ] {
        let registration = registration(id).capable_of(capabilities);
        store.given_agent(&writes, &registration).await;
    }

    for (required, expected) in [
        (json!({}), &["a", "b", "c", "d"][..]),
        (json!({ "languages": ["go"] }), &["a", "b"]),
        (json!({ "languages": ["go", "rust", "go"] }), &["a"]),
        (json!({ "languages": [] }), &["a", "b"]),
        (json!({ "languages": "rust" }), &["c"]),
        (json!({ "memory": { "gib": 8 } }), &["a"]),
        (json!({ "memory": {} }), &["a", "b"]),
        (json!({ "gpu": null }), &["c"]),
        (json!({ "gpu": true, "languages": ["go"] }), &["b"]),
        (json!({ "gpu": false }), &[]),
    ] {
        let filter = AgentFilter::default().with_capabilities(document(&required));
        assert_eq!(listed(store, &filter).await, expected, "{required}");
    }
}

/// The type of an agent is one of its capabilities, and a member `agent_type` of the capabilities
/// has no effect.
pub async fn agents_are_filtered_by_their_type_as_a_capability(store: &Orchestration) {
    let writes = Writes::default();
    for (id, agent_type, capabilities) in [
        ("a", "code", json!({ "gpu": true })),
        ("b", "review", json!({ "gpu": true, "agent_type": "code" })),
        ("c", "code", json!({ "agent_type": "review" })),
    ] {
        let registration = registration(id)
            .of_type(agent_type)
            .capable_of(capabilities);
        store.given_agent(&writes, &registration).await;
    }

    for (required, expected) in [
        (json!({ "agent_type": "code" }), &["a", "c"][..]),
        (json!({ "agent_type": "review" }), &["b"]),
        (json!({ "agent_type": "code", "gpu": true }), &["a"]),
        (json!({ "agent_type": ["code"] }), &[]),
        (json!({ "agent_type": null }), &[]),
        (json!({ "agent_type": {} }), &[]),
    ] {
        let filter = AgentFilter::default().with_capabilities(document(&required));
        assert_eq!(listed(store, &filter).await, expected, "{required}");
    }
}

/// An agent is listed if it meets all conditions of a filter.
pub async fn conditions_on_agents_combine(store: &Orchestration) {
    let writes = Writes::default();
    for (id, agent_type, gpu, second) in [
        ("all", "code", true, 100),
        ("cpu", "code", false, 100),
        ("draining", "code", true, 100),
        ("offline", "code", true, 0),
        ("review", "review", true, 100),
    ] {
        let registration = registration(id)
            .of_type(agent_type)
            .capable_of(json!({ "gpu": gpu }));
        store.register(&writes.at(at(second)), &registration).await;
    }
    let drain = StateRequest::Drain;
    store
        .set_state(&writes.at(at(101)), &agent("draining"), drain)
        .await;
    let filter = AgentFilter::default()
        .with_state(AgentState::Active)
        .with_agent_type("code".parse().ok())
        .with_online(true, at(102))
        .with_capabilities(document(&json!({ "gpu": true })));

    assert_eq!(listed(store, &filter).await, ["all"]);
    let anywhere = filter.with_online(false, at(102));
    assert_eq!(listed(store, &anywhere).await, ["offline"]);
}

/// Pages of a filtered list return each accepted agent once, however many others are between them.
pub async fn pages_of_filtered_agents_give_each_once(store: &Orchestration) {
    let writes = Writes::default();
    for n in 0..40 {
        let rare = n % 13 == 12;
        let registration = registration(&format!("{n:02}"))
            .of_type(if rare { "rare" } else { "code" })
            .capable_of(json!({ "rare": rare }));
        store.given_agent(&writes, &registration).await;
    }

    for filter in [
        AgentFilter::default().with_agent_type("rare".parse().ok()),
        AgentFilter::default().with_capabilities(document(&json!({ "rare": true }))),
    ] {
        for size in [1, 2, 3, 1000] {
            let pages = store.agent_pages(&user("alice"), &filter, size).await;
            let listed = pages.concat();
            let ids: Vec<_> = listed.iter().map(|a| a.key.agent.as_str()).collect();
            assert_eq!(ids, ["12", "25", "38"]);
        }
    }
}

async fn listed(store: &Orchestration, filter: &AgentFilter) -> Vec<String> {
    let listed = store.list_agents(&user("alice"), filter).await;
    let ids = listed.iter().map(|agent| agent.key.agent.to_string());
    ids.collect()
}
