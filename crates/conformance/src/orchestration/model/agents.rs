//! Writes to agents.

use proptest::prelude::*;
use proptest::sample::select;
use tasktrail_domain::orchestration::agent::{
    AgentBatch, AgentChanges, AgentCommand, AgentDescription, ApplyMode, Capacity, Heartbeat,
    HeldAttempt, Lease, Registration, Retirement, StateRequest,
};
use tasktrail_domain::orchestration::{Attempt, Version};

use super::Write;
use super::values::{agent, agent_name, name, owner, run, skills, small_document};
use crate::fixture::at;

pub(super) fn write() -> BoxedStrategy<Write> {
    let register = (agent(), run(), description()).prop_map(|(agent, run, description)| {
        Write::Register(Registration::new(agent, run, description))
    });
    let update = (agent(), changes()).prop_map(|(agent, to)| Write::UpdateAgent(agent, to));
    let set_state = (agent(), request()).prop_map(|(agent, to)| Write::SetState(agent, to));
    let mode = select(vec![ApplyMode::Whole, ApplyMode::Itemised]);
    let commands = prop::collection::vec(command(), 1..=4);
    let apply = (owner(), mode, commands).prop_map(|(owner, mode, commands)| {
        Write::Apply(owner, AgentBatch::new(mode, commands).unwrap())
    });
    prop_oneof![
        6 => register.boxed(),
        2 => update.boxed(),
        2 => set_state.boxed(),
        2 => apply.boxed(),
    ]
    .boxed()
}

/// A heartbeat at about this second.
pub(super) fn heartbeat(now: u64) -> impl Strategy<Value = Heartbeat> {
    let held = (name(), 1_i64..4).prop_map(|(task, attempt)| HeldAttempt {
        task,
        attempt: Attempt::new(attempt).unwrap(),
    });
    let held = prop::option::of(prop::collection::vec(held, 0..=3));
    (agent(), run(), 0_u64..10, held).prop_map(move |(agent, run, late, held)| {
        let heartbeat = Heartbeat::new(agent, run, at(now.saturating_sub(late)));
        match held {
            Some(held) => heartbeat.with_held(held),
            None => heartbeat,
        }
    })
}

fn command() -> impl Strategy<Value = AgentCommand> {
    let register =
        (agent_name(), run(), description()).prop_map(|(agent, instance, description)| {
            AgentCommand::Register {
                agent,
                instance,
                description,
            }
        });
    let update = (agent_name(), changes())
        .prop_map(|(agent, changes)| AgentCommand::Update { agent, changes });
    let set_state = (agent_name(), request())
        .prop_map(|(agent, request)| AgentCommand::SetState { agent, request });
    prop_oneof![register, update, set_state]
}

fn description() -> impl Strategy<Value = AgentDescription> {
    let agent_type = prop_oneof![3 => Just("code"), 1 => Just("review")];
    let name = select(vec!["one", "two"]);
    (
        agent_type,
        name,
        skills(),
        small_document(),
        capacity(),
        lease(),
    )
        .prop_map(
            |(agent_type, name, capabilities, metadata, capacity, lease)| {
                AgentDescription::new(agent_type.parse().unwrap(), name.parse().unwrap())
                    .with_capabilities(capabilities)
                    .with_metadata(metadata)
                    .with_capacity(capacity)
                    .with_lease(lease)
            },
        )
}

fn changes() -> impl Strategy<Value = AgentChanges> {
    let name = prop::option::of(select(vec!["one", "three"]));
    let expected = prop::option::weighted(0.3, 1_i64..4);
    let (capacity, lease) = (prop::option::of(capacity()), prop::option::of(lease()));
    (name, prop::option::of(skills()), capacity, lease, expected).prop_map(
        |(name, capabilities, capacity, lease, expected)| {
            let mut changes = AgentChanges::default();
            changes.name = name.map(|name| name.parse().unwrap());
            changes.capabilities = capabilities;
            changes.capacity = capacity;
            changes.lease = lease;
            changes.expected = expected.map(|version| Version::new(version).unwrap());
            changes
        },
    )
}

fn request() -> impl Strategy<Value = StateRequest> {
    select(vec![
        StateRequest::Drain,
        StateRequest::Resume,
        StateRequest::Resume,
        StateRequest::Retire(Retirement::IfIdle),
        StateRequest::Retire(Retirement::ReleasingTasks),
    ])
}

fn capacity() -> impl Strategy<Value = Capacity> {
    (1_i64..4).prop_map(|tasks| Capacity::new(tasks).unwrap())
}

fn lease() -> impl Strategy<Value = Lease> {
    select(vec![5, 60, 600]).prop_map(|seconds| Lease::new(seconds).unwrap())
}
