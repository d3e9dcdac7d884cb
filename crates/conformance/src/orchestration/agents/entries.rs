//! The entries of writes in the audit log.

use serde_json::json;
use tasktrail_domain::orchestration::agent::{AgentDescription, StateRequest};
use tasktrail_domain::orchestration::audit::{AuditFilter, Change, EntityKind};
use tasktrail_domain::orchestration::{AgentState, ExecutionState, TaskState};
use tasktrail_domain::write::Note;

use crate::Orchestration;
use crate::fixture::user;
use crate::orchestration::fixture::{
    EditRegistration, EditTask, RELEASE, RETIRE, Writes, actor, agent, agent_id, attempt_at,
    attempt_ended, became_ready, document, itemised, new_task, plan, plan_of, registration,
    renaming, to_register, to_set, to_update, was_skipped,
};

/// The entry of a new agent has its description, its instance and its state, and nothing before.
pub async fn the_entry_of_a_new_agent_has_all_fields(store: &Orchestration) {
    let write = Writes::default().next();
    let builder = registration("builder")
        .with_capacity(2)
        .capable_of(json!({ "gpu": true }));

    store.register(&write, &builder).await;

    let changes = store.changes_of(&write).await;
    let expected = Change::registered(None, (&builder, AgentState::Active));
    assert_eq!(changes, Vec::from_iter(expected));
    let fields = json!({
        "agent_type": "code",
        "name": "builder",
        "capabilities": { "gpu": true },
        "metadata": {},
        "capacity": 2,
        "lease": 60,
        "instance": builder.instance,
        "state": "active",
    });
    assert_eq!(changes[0].before, None);
    assert_eq!(changes[0].after.as_ref().unwrap(), &fields);
}

/// The entry of a known agent has the fields that changed, before and after: of the description, the
/// instance, and the state.
pub async fn the_entry_of_a_known_agent_has_what_changed(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.given_agent(&writes, &builder).await;
    store
        .set_state(&writes.next(), &builder.agent, RETIRE)
        .await;
    let active = AgentState::Active;
    let revived = builder.clone().by_instance(2).of_type("review");
    let larger = revived.clone().with_capacity(4);

    let mut before = (&builder, AgentState::Retired);
    for after in [&revived, &larger, &builder] {
        let write = writes.next();
        store.register(&write, after).await;

        let expected = Change::registered(Some(before), (after, active));
        let changes = store.changes_of(&write).await;
        assert_eq!(changes, Vec::from_iter(expected));
        assert_eq!(changes.len(), 1);
        before = (after, active);
    }
}

/// A registration that extends only the lease has no entry.
pub async fn a_registration_that_changes_nothing_has_no_entry(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.given_agent(&writes, &builder).await;
    let write = writes.next();

    store.register(&write, &builder).await;

    assert_eq!(store.changes_of(&write).await, []);
}

/// A takeover has an entry for the registration, then one for each lost attempt in the order of
/// their tasks, each followed by those of the tasks that it settles, by ascending id.
pub async fn a_takeover_has_an_entry_for_each_lost_attempt_and_what_follows(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(3);
    let tasks = plan([
        new_task("c"),
        new_task("a"),
        new_task("b").attempted(1),
        new_task("z").after_end_of("b"),
        new_task("y").after("b"),
        new_task("x").after_end_of("y"),
        new_task("w").after_end_of("b").after_end_of("c"),
    ]);
    store.given_work(&writes, &builder, &tasks).await;
    store.start(&writes.next(), &attempt_at("b", 1)).await;
    let (restarted, write) = (builder.clone().by_instance(2), writes.next());

    store.register(&write, &restarted).await;

    let active = AgentState::Active;
    let registered = Change::registered(Some((&builder, active)), (&restarted, active));
    let (lost, ready) = (ExecutionState::Lost, TaskState::Ready);
    let expected = [
        registered.unwrap(),
        attempt_ended("a", 1, TaskState::Assigned, lost, ready),
        attempt_ended("b", 1, TaskState::Running, lost, TaskState::Failed),
        became_ready("x"),
        was_skipped("y"),
        became_ready("z"),
        attempt_ended("c", 1, TaskState::Assigned, lost, ready),
    ];
    assert_eq!(store.changes_of(&write).await, expected);
}

/// The entry of an update has the fields that changed, before and after.
pub async fn an_update_has_the_changed_fields(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").capable_of(json!({ "gpu": true }));
    store.given_agent(&writes, &builder).await;
    let mut changes = renaming("two");
    changes.capabilities = Some(document(&json!({ "gpu": false })));
    changes.capacity = Some(builder.description.capacity);
    let write = writes.next();

    store.update_agent(&write, &builder.agent, &changes).await;

    let mut after = builder.description.clone();
    after.name = "two".parse().unwrap();
    after.capabilities = document(&json!({ "gpu": false }));
    let expected = updated("builder", &builder.description, &after);
    assert_eq!(store.changes_of(&write).await, [expected]);
}

/// An update without a difference has no entry.
pub async fn an_update_that_changes_nothing_has_no_entry(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.given_agent(&writes, &builder).await;
    let (write, same) = (writes.next(), renaming("builder"));

    store.update_agent(&write, &builder.agent, &same).await;

    assert_eq!(store.changes_of(&write).await, []);
}

/// Draining, resuming and retiring have their own actions, with the state before and after. An agent
/// that already is in the requested state has no entry.
pub async fn changes_of_the_state_have_their_own_actions(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.given_agent(&writes, &builder).await;

    let mut from = AgentState::Active;
    for request in [
        StateRequest::Drain,
        StateRequest::Resume,
        StateRequest::Drain,
        RETIRE,
    ] {
        let [write, again] = [writes.next(), writes.next()];
        for write in [&write, &again] {
            store.set_state(write, &builder.agent, request).await;
        }

        let expected = Change::agent_state(&agent_id("builder"), from, request.state());
        assert_eq!(store.changes_of(&write).await, [expected]);
        assert_eq!(store.changes_of(&again).await, []);
        from = request.state();
    }
}

/// A retirement that releases executions has an entry for the agent, then one for each released
/// attempt in the order of their tasks.
pub async fn a_retirement_has_an_entry_for_each_released_attempt(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(2);
    let tasks = plan([new_task("b"), new_task("a").attempted(1)]);
    store.given_work(&writes, &builder, &tasks).await;
    store.start(&writes.next(), &attempt_at("b", 1)).await;
    let write = writes.next();

    store.set_state(&write, &builder.agent, RELEASE).await;

    let (active, retired) = (AgentState::Active, AgentState::Retired);
    let (released, ready) = (ExecutionState::Released, TaskState::Ready);
    let expected = [
        Change::agent_state(&agent_id("builder"), active, retired),
        attempt_ended("a", 1, TaskState::Assigned, released, ready),
        attempt_ended("b", 1, TaskState::Running, released, ready),
    ];
    assert_eq!(store.changes_of(&write).await, expected);
}

/// A batch has the entries of its commands in the order given, each as its method has them.
pub async fn a_batch_has_the_entries_of_its_commands_in_order(store: &Orchestration) {
    let writes = Writes::default();
    let (builder, other) = (registration("builder"), registration("other"));
    store.given_agent(&writes, &other).await;
    store
        .given_work(&writes, &builder, &plan_of(["a", "b"]))
        .await;
    store.given_claim(&writes, &other, 1).await;
    let (restarted, new) = (builder.clone().by_instance(2), registration("new"));
    let batch = itemised([
        to_set("other", StateRequest::Resume),
        to_set("other", RELEASE),
        to_set("unknown", RETIRE),
        to_register(&restarted),
        to_update("builder", renaming("two")),
        to_update("builder", renaming("two")),
        to_register(&new),
    ]);
    let write = writes.next();

    store.apply(&write, &user("alice"), &batch).await;

    let (active, retired) = (AgentState::Active, AgentState::Retired);
    let (released, ready) = (ExecutionState::Released, TaskState::Ready);
    let registered = Change::registered(Some((&builder, active)), (&restarted, active));
    let mut renamed = builder.description.clone();
    renamed.name = "two".parse().unwrap();
    let expected = [
        Change::agent_state(&agent_id("other"), active, retired),
        attempt_ended("b", 1, TaskState::Assigned, released, ready),
        registered.unwrap(),
        attempt_ended("a", 1, TaskState::Assigned, ExecutionState::Lost, ready),
        updated("builder", &builder.description, &renamed),
        Change::registered(None, (&new, active)).unwrap(),
    ];
    assert_eq!(store.changes_of(&write).await, expected);
}

/// A change that is refused has no entry.
pub async fn a_refused_change_has_no_entry(store: &Orchestration) {
    let writes = Writes::default();
    let (busy, retired) = (registration("busy"), registration("retired"));
    store.given_work(&writes, &busy, &plan_of(["a"])).await;
    store.given_agent(&writes, &retired).await;
    store
        .set_state(&writes.next(), &retired.agent, RETIRE)
        .await;
    let (alice, all) = (user("alice"), AuditFilter::default());
    let before = store.entries(&alice, &all).await;
    let mut stale = renaming("two");
    stale.expected = Some(99.try_into().unwrap());

    for (id, request) in [
        ("busy", RETIRE),
        ("retired", StateRequest::Resume),
        ("unknown", RETIRE),
    ] {
        store.set_state(&writes.next(), &agent(id), request).await;
    }
    store
        .update_agent(&writes.next(), &busy.agent, &stale)
        .await;
    let unknown = agent("unknown");
    store
        .update_agent(&writes.next(), &unknown, &renaming("two"))
        .await;

    assert_eq!(store.entries(&alice, &all).await, before);
}

/// The entries of a write have its id, its time, its actor and its note.
pub async fn entries_have_the_context_of_their_write(store: &Orchestration) {
    let writes = Writes::default();
    let note = Note::new("after the deployment").ok();
    let mut write = writes.next().with_note(note);
    write.actor = actor("user:ann");

    store.register(&write, &registration("builder")).await;

    let of_ann = AuditFilter::default().with_actor(actor("user:ann"));
    let entries = store.entries(&user("alice"), &of_ann).await;
    assert_eq!(entries.len(), 1);
    // Compares each entry with the whole context.
    assert_eq!(store.changes_of(&write).await.len(), 1);
}

fn updated(id: &str, before: &AgentDescription, after: &AgentDescription) -> Change {
    let changed = Change::updated(EntityKind::Agent, agent_id(id).into(), before, after);
    changed.unwrap()
}
