//! The values of agents, and agents of different owners.

use serde_json::json;
use tasktrail_domain::Document;
use tasktrail_domain::orchestration::agent::{
    Agent, AgentDescription, AgentFilter, Capacity, Lease, Registration,
};
use tasktrail_domain::timestamp::Timestamp;

use crate::Orchestration;
use crate::fixture::{SIMILAR_USERS, USERS, user};
use crate::orchestration::fixture::{
    EditRegistration, Writes, agent, agent_of, instance, registration, registration_of,
};

/// An agent that is not registered is not found, also if the owner has another one, or another owner
/// has one with its id.
pub async fn an_unknown_agent_is_not_found(store: &Orchestration) {
    let writes = Writes::default();
    assert_eq!(store.find_agent(&agent("builder")).await, None);

    store.given_agent(&writes, &registration("other")).await;
    let of_bob = registration_of(&agent_of("bob", "builder"));
    store.given_agent(&writes, &of_bob).await;

    assert_eq!(store.find_agent(&agent("builder")).await, None);
}

/// Ids, names and types may hold any characters but NUL, in up to 255 bytes.
pub async fn ids_and_names_may_hold_any_characters(store: &Orchestration) {
    let writes = Writes::default();
    let longest = ["x".repeat(255), "🦀".repeat(63)];
    let awkward = [
        " ",
        "\t\n",
        "'; --",
        "\\N",
        "%_",
        "é",
        "e\u{301}",
        "🦀",
        "\u{10ffff}",
        "␛",
    ];
    for text in awkward
        .into_iter()
        .chain(longest.iter().map(String::as_str))
    {
        let agent_type = text.parse().unwrap();
        let description = AgentDescription::new(agent_type, text.parse().unwrap());
        let key = agent_of(text, text);
        assert_kept(
            store,
            &writes,
            Registration::new(key, instance(1), description),
        )
        .await;
    }
}

/// Capabilities and metadata come back as equal documents.
pub async fn documents_come_back_with_equal_values(store: &Orchestration) {
    let writes = Writes::default();
    let documents: [&str; 6] = [
        "{}",
        r#"{"":{"":[]},"a":[[],{},null,true,""]}"#,
        r#"{"bb":1,"a":2,"ä":3,"A":4}"#,
        r#"{"n":[1.5,1.0,1e2,-0,1e-7,123456789012345678901234567890,0.1]}"#,
        r#"{"␛":"␛u0000 \\u0000","\\":"\"\u001f\u007f"}"#,
        r#"{"user_id":"bob","agent_type":"other"}"#,
    ];
    for (n, text) in documents.into_iter().enumerate() {
        let mut builder = registration(&n.to_string());
        builder.description.capabilities = text.parse().unwrap();
        builder.description.metadata = text.parse().unwrap();
        assert_kept(store, &writes, builder).await;
    }
}

/// Documents of the greatest size and depth come back.
pub async fn the_greatest_documents_come_back(store: &Orchestration) {
    let writes = Writes::default();
    let frame = json!({ "text": "" }).to_string().len();
    let longest = json!({ "text": "x".repeat(Document::MAX_BYTES - frame) });
    let deepest = (1..Document::MAX_DEPTH).fold(json!({}), |inner, _| json!({ "a": inner }));

    for (id, document) in [("longest", longest), ("deepest", deepest)] {
        let mut builder = registration(id).capable_of(document);
        builder.description.metadata = builder.description.capabilities.clone();
        assert_kept(store, &writes, builder).await;
    }
}

/// The least and the greatest capacity and lease come back, and times to the microsecond. The end of
/// a lease is at most the last time.
pub async fn the_limits_of_numbers_and_times_come_back(store: &Orchestration) {
    let writes = Writes::default();
    let times = [
        Timestamp::MIN,
        Timestamp::from_micros(-1).unwrap(),
        Timestamp::from_micros(1_767_268_800_123_457).unwrap(),
        Timestamp::MAX,
    ];
    let limits = [(Capacity::MIN, Lease::MIN), (Capacity::MAX, Lease::MAX)];
    for (n, at) in times.into_iter().enumerate() {
        for (m, (capacity, lease)) in limits.into_iter().enumerate() {
            let mut builder = registration(&format!("{n} {m}"));
            (builder.description.capacity, builder.description.lease) = (capacity, lease);

            store.register(&writes.at(at), &builder).await;

            let expected = Agent::registered(&builder, at);
            assert_eq!(store.agent(&builder.agent).await, expected);
        }
    }
}

/// The same agent id under two owners is two agents, also if the owners are similar.
pub async fn the_same_id_under_two_owners_is_two_agents(store: &Orchestration) {
    let writes = Writes::default();
    let owners = [&USERS[..], &SIMILAR_USERS[..]].concat();
    let mut expected: Vec<(&str, Agent)> = Vec::new();
    for owner in owners {
        if expected.iter().any(|(known, _)| *known == owner) {
            continue;
        }
        let write = writes.next();
        let builder = registration_of(&agent_of(owner, "builder")).of_type(owner);
        assert!(store.register(&write, &builder).await.new, "{owner}");
        expected.push((owner, Agent::registered(&builder, write.at)));
    }

    for (owner, agent) in expected {
        assert_eq!(store.agent(&agent.key).await, agent);
        let all = AgentFilter::default();
        assert_eq!(store.list_agents(&user(owner), &all).await, [agent]);
    }
}

/// Registers an agent, and panics unless `get` and `list` return it as it was given.
async fn assert_kept(store: &Orchestration, writes: &Writes, builder: Registration) {
    let write = writes.next();
    store.register(&write, &builder).await;

    let expected = Agent::registered(&builder, write.at);
    assert_eq!(store.agent(&builder.agent).await, expected);
    let all = AgentFilter::default();
    let listed = store.list_agents(&builder.agent.user, &all).await;
    assert!(
        listed.contains(&expected),
        "{} is not listed",
        builder.agent
    );
}
