use serde_json::json;
use tasktrail_domain::orchestration::agent::{
    Agent, AgentChange, AgentChanges, AgentCommand, AgentDescription, AgentName, AgentType,
    ApplyMode, ApplyOutcome, CommandOutcome, HeartbeatOutcome, HeldAttempt, Lease, LostAttempt,
    Registered, Registration, Retirement, StateRequest,
};
use tasktrail_domain::orchestration::{AgentState, Attempt, TaskState, Version};

use crate::fixture::{
    NOON, UUID, builder, builder_id, description, description_form, has_form, instance, key_form,
    noon, refused, second_attempt, task,
};

#[test]
fn agent_has_a_member_for_each_field() {
    let registration = Registration::new(builder(), instance(), description());
    has_form(
        &registration,
        json!({
            "agent": { "user_id": "alice", "agent_id": "builder-1" },
            "instance": UUID,
            "description": description_form(),
        }),
    );
    has_form(
        &Agent::registered(&registration, noon()),
        json!({
            "key": { "user_id": "alice", "agent_id": "builder-1" },
            "description": description_form(),
            "state": "active",
            "registered_at": NOON, "updated_at": NOON, "version": 1,
            "presence": {
                "instance": UUID, "heartbeat_at": NOON, "open_executions": 0,
                "lease_until": "2026-01-31T12:01:00.000000Z",
            },
        }),
    );
}

#[test]
fn description_needs_only_type_and_name() {
    let form = json!({ "agent_type": "code", "name": "Builder" });
    let read: AgentDescription = serde_json::from_value(form).unwrap();

    let agent_type = AgentType::new("code").unwrap();
    let name = AgentName::new("Builder").unwrap();
    assert_eq!(read, AgentDescription::new(agent_type, name));
    let misspelled = json!({ "agent_type": "code", "name": "Builder", "capabilites": {} });
    assert!(refused::<AgentDescription>(misspelled).starts_with("unknown field `capabilites`"));
}

#[test]
fn registration_returns_what_was_lost() {
    let lost = vec![LostAttempt {
        attempt: second_attempt(),
        state: TaskState::Ready,
    }];
    has_form(
        &Registered::new(false, Version::DEFAULT).with_lost(lost),
        json!({
            "new": false, "version": 1,
            "lost": [{ "attempt": { "task": key_form(), "attempt": 2 }, "state": "ready" }],
        }),
    );
}

#[test]
fn heartbeat_outcomes_are_tagged() {
    let held = |id: &str| HeldAttempt {
        task: task(id),
        attempt: Attempt::MIN,
    };
    has_form(
        &HeartbeatOutcome::Accepted {
            state: AgentState::Draining,
            lease_until: noon(),
            stop: vec![held("a")],
            missing: vec![held("b")],
        },
        json!({
            "outcome": "accepted", "state": "draining", "lease_until": NOON,
            "stop": [{ "task": "a", "attempt": 1 }], "missing": [{ "task": "b", "attempt": 1 }],
        }),
    );
    has_form(
        &HeartbeatOutcome::Replaced {
            instance: instance(),
        },
        json!({ "outcome": "replaced", "instance": UUID }),
    );
    has_form(&HeartbeatOutcome::Retired, json!({ "outcome": "retired" }));
    has_form(&HeartbeatOutcome::Unknown, json!({ "outcome": "unknown" }));
}

#[test]
fn changes_of_an_agent_name_only_what_changes() {
    let changes: AgentChanges =
        serde_json::from_value(json!({ "lease": 5, "expected": 2 })).unwrap();

    let mut expected = AgentChanges::default();
    expected.lease = Some(Lease::MIN);
    expected.expected = Some(Version::DEFAULT.next());
    assert_eq!(changes, expected);
    assert!(refused::<AgentChanges>(json!({ "lesae": 5 })).starts_with("unknown field"));
    assert_eq!(
        refused::<AgentChanges>(json!({ "capacity": 0 })),
        "capacity must be 1 to 1000, got 0"
    );
}

#[test]
fn commands_are_named_after_their_methods() {
    has_form(
        &AgentCommand::Register {
            agent: builder_id(),
            instance: instance(),
            description: description(),
        },
        json!({ "register": {
            "agent": "builder-1", "instance": UUID, "description": description_form(),
        } }),
    );
    let update = AgentCommand::Update {
        agent: builder_id(),
        changes: AgentChanges::default(),
    };
    let form = json!({ "update": { "agent": "builder-1", "changes": {} } });
    assert_eq!(
        serde_json::from_value::<AgentCommand>(form).unwrap(),
        update
    );
    for (request, form) in [
        (StateRequest::Drain, json!("drain")),
        (StateRequest::Resume, json!("resume")),
        (
            StateRequest::Retire(Retirement::IfIdle),
            json!({ "retire": "if_idle" }),
        ),
        (
            StateRequest::Retire(Retirement::ReleasingTasks),
            json!({ "retire": "releasing_tasks" }),
        ),
    ] {
        let agent = builder_id();
        has_form(
            &AgentCommand::SetState { agent, request },
            json!({ "set_state": { "agent": "builder-1", "request": form } }),
        );
    }
    has_form(&ApplyMode::Whole, json!("whole"));
    has_form(&ApplyMode::Itemised, json!("itemised"));
}

#[test]
fn outcomes_of_commands_are_listed() {
    let changed = AgentChange::Changed {
        state: AgentState::Active,
        version: Version::DEFAULT,
        released: vec![],
    };
    let registered = Registered::new(true, Version::DEFAULT);
    has_form(
        &ApplyOutcome::Applied {
            outcomes: vec![
                CommandOutcome::Registered(registered),
                CommandOutcome::Change(changed),
            ],
        },
        json!({ "outcome": "applied", "outcomes": [
            { "registered": { "new": true, "version": 1, "lost": [] } },
            { "change": { "outcome": "changed", "state": "active", "version": 1, "released": [] } },
        ] }),
    );
    for (change, form) in [
        (AgentChange::Unknown, json!({ "outcome": "unknown" })),
        (
            AgentChange::Stale {
                version: Version::DEFAULT,
            },
            json!({ "outcome": "stale", "version": 1 }),
        ),
        (
            AgentChange::Refused {
                state: AgentState::Retired,
            },
            json!({ "outcome": "refused", "state": "retired" }),
        ),
        (
            AgentChange::Busy { open_executions: 2 },
            json!({ "outcome": "busy", "open_executions": 2 }),
        ),
    ] {
        has_form(
            &ApplyOutcome::Refused {
                index: 3,
                reason: CommandOutcome::Change(change),
            },
            json!({ "outcome": "refused", "index": 3, "reason": { "change": form } }),
        );
    }
}
