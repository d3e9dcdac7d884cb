//! Ids of writes that are used again for another write.

use tasktrail_domain::orchestration::agent::{
    AgentBatch, AgentFilter, Registered, StateRequest, operation,
};
use tasktrail_domain::orchestration::audit::{AuditFilter, EntityKind, operation as audit_log};
use tasktrail_domain::orchestration::dispatch::operation as dispatch;
use tasktrail_domain::orchestration::task::operation as tasks;
use tasktrail_domain::orchestration::{AgentState, Version};
use tasktrail_domain::write::WriteContext;

use crate::Orchestration;
use crate::fixture::{task, user};
use crate::orchestration::fixture::{
    EditRegistration, RETIRE, Writes, agent, agent_id, agent_of, assert_write_conflict, changed,
    claim_by, itemised, note_of, plan_of, registration, registration_of, renaming, to_register,
    to_set, to_update, whole,
};

/// The methods of this port.
const METHODS: [&str; 4] = ["register", "update", "set_state", "apply"];

/// Using the id of a write for another method is a conflict, also for the same agent.
pub async fn the_id_of_a_write_for_another_method_is_a_conflict(store: &Orchestration) {
    let writes = Writes::default();
    for used in METHODS {
        let write = writes.next();
        store.given_agent(&writes, &registration(used)).await;
        call(store, &write, used, used).await;

        for other in METHODS.into_iter().filter(|other| *other != used) {
            assert_conflict(store, &write, other, used).await;
        }
    }
}

/// Using the id of a write for another agent is a conflict, whether that is known or not.
pub async fn the_id_of_a_write_for_another_agent_is_a_conflict(store: &Orchestration) {
    let writes = Writes::default();
    store.given_agent(&writes, &registration("known")).await;
    for method in METHODS {
        store.given_agent(&writes, &registration(method)).await;
        let write = writes.next();
        call(store, &write, method, method).await;

        for other in ["known", "unknown"] {
            assert_conflict(store, &write, method, other).await;
        }
    }
}

/// Using the id of a write of another port is a conflict, and so is using one of this port there.
pub async fn the_id_of_a_write_of_another_port_is_a_conflict(store: &Orchestration) {
    let writes = Writes::default();
    let (builder, alice) = (registration("builder"), user("alice"));
    let [registered, created, claimed, recorded] = [(); 4].map(|()| writes.next());
    store.register(&registered, &builder).await;
    store.create(&created, &alice, &plan_of(["a", "b"])).await;
    store.claim(&claimed, &claim_by(&builder, 1)).await;
    let note = note_of("alice", "import.finished", EntityKind::Agent, "builder");
    store.record(&recorded, &note).await;

    for used in [&created, &claimed, &recorded] {
        for method in METHODS {
            assert_conflict(store, used, method, "builder").await;
        }
    }
    let tasks_again = plan_of(["c"]);
    let created_again = store.tasks.create(&registered, &alice, &tasks_again).await;
    assert_write_conflict(created_again, tasks::CREATE, &registered);
    let (to, task) = (agent_id("builder"), task("b"));
    let assigned = store.dispatch.assign(&registered, &task, &to).await;
    assert_write_conflict(assigned, dispatch::ASSIGN, &registered);
    let recorded_again = store.audit_log.record(&registered, &note).await;
    assert_write_conflict(recorded_again, audit_log::RECORD, &registered);
}

/// Using the id of a batch for one with another number of commands, or for other agents, is a
/// conflict.
pub async fn the_id_of_a_batch_for_another_batch_is_a_conflict(store: &Orchestration) {
    let writes = Writes::default();
    let (write, alice) = (writes.next(), user("alice"));
    let two = ["a", "b"].map(|id| to_register(&registration(id)));
    store.apply(&write, &alice, &whole(two.clone())).await;

    let longer = [&two[..], &[to_set("a", StateRequest::Drain)]].concat();
    let others = ["c", "d"].map(|id| to_register(&registration(id)));
    for batch in [whole(longer), itemised(two[..1].to_vec()), whole(others)] {
        let applied = store.agents.apply(&write, &alice, &batch).await;
        assert_write_conflict(applied, operation::APPLY, &write);
    }
}

/// A call that is a conflict changes nothing and leaves no entry.
pub async fn a_conflict_changes_nothing(store: &Orchestration) {
    let writes = Writes::default();
    let (write, alice) = (writes.next(), user("alice"));
    store.register(&write, &registration("builder")).await;
    store.given_agent(&writes, &registration("other")).await;
    let everything = async || {
        let agents = store.list_agents(&alice, &AgentFilter::default()).await;
        (agents, store.entries(&alice, &AuditFilter::default()).await)
    };
    let before = everything().await;

    for method in METHODS {
        assert_conflict(store, &write, method, "other").await;
    }

    assert_eq!(everything().await, before);
}

/// The same id under another owner is another write.
pub async fn the_same_id_under_another_owner_is_another_write(store: &Orchestration) {
    let write = Writes::default().next();
    for owner in ["alice", "bob"] {
        let builder = registration_of(&agent_of(owner, owner));

        let registered = store.register(&write, &builder).await;

        assert_eq!(registered, Registered::new(true, Version::DEFAULT));
        let changes = store.changes_of_owner(&user(owner), &write).await;
        assert_eq!(changes.len(), 1);
    }
}

/// A write that changed nothing leaves no trace, so its id can be used for another write.
pub async fn a_write_that_changed_nothing_leaves_its_id_unused(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.given_agent(&writes, &builder).await;
    let write = writes.next();
    let key = &builder.agent;

    store.register(&write, &builder).await;
    store.update_agent(&write, key, &renaming("builder")).await;
    store.set_state(&write, key, StateRequest::Resume).await;
    let nothing = whole([to_set("builder", StateRequest::Resume)]);
    store.apply(&write, &user("alice"), &nothing).await;
    let drained = store.set_state(&write, key, StateRequest::Drain).await;

    assert_eq!(drained, changed(AgentState::Draining, Version::DEFAULT));
    assert_eq!(store.changes_of(&write).await.len(), 1);
}

/// A write that was refused leaves no trace, so the same id is then a new write.
pub async fn a_refused_write_leaves_its_id_unused(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.given_work(&writes, &builder, &plan_of(["a"])).await;
    let (write, key) = (writes.next(), &builder.agent);
    let mut stale = renaming("two");
    stale.expected = Some(99.try_into().unwrap());

    store
        .update_agent(&write, &agent("unknown"), &renaming("two"))
        .await;
    store.update_agent(&write, key, &stale).await;
    store.set_state(&write, key, RETIRE).await;
    let refused = whole([to_register(&registration("new")), to_set("builder", RETIRE)]);
    store.apply(&write, &user("alice"), &refused).await;
    let updated = store.update_agent(&write, key, &renaming("two")).await;

    let version = Version::DEFAULT.next();
    assert_eq!(updated, changed(AgentState::Active, version));
    assert_eq!(store.changes_of(&write).await.len(), 1);
}

/// Calls a method that changes an agent.
async fn call(store: &Orchestration, context: &WriteContext, method: &str, id: &str) {
    let agent = agent(id);
    let restarted = registration(id).by_instance(2);
    match method {
        "register" => drop(store.register(context, &restarted).await),
        "update" => drop(store.update_agent(context, &agent, &renaming("two")).await),
        "set_state" => drop(store.set_state(context, &agent, StateRequest::Drain).await),
        _ => drop(store.apply(context, &user("alice"), &batch(id)).await),
    }
    assert!(!store.changes_of(context).await.is_empty(), "{method}");
}

/// Panics unless a method refuses the id of a write.
async fn assert_conflict(store: &Orchestration, context: &WriteContext, method: &str, id: &str) {
    let (agents, agent) = (&store.agents, agent(id));
    let (restarted, two) = (registration(id).by_instance(2), renaming("two"));
    let drain = StateRequest::Drain;
    match method {
        "register" => {
            let answer = agents.register(context, &restarted).await;
            assert_write_conflict(answer, operation::REGISTER, context);
        }
        "update" => {
            let answer = agents.update(context, &agent, &two).await;
            assert_write_conflict(answer, operation::UPDATE, context);
        }
        "set_state" => {
            let answer = agents.set_state(context, &agent, drain).await;
            assert_write_conflict(answer, operation::SET_STATE, context);
        }
        _ => {
            let answer = agents.apply(context, &user("alice"), &batch(id)).await;
            assert_write_conflict(answer, operation::APPLY, context);
        }
    }
}

/// A batch of two commands that begins as the other methods do.
fn batch(id: &str) -> AgentBatch {
    let restarted = registration(id).by_instance(2);
    itemised([to_register(&restarted), to_update(id, renaming("two"))])
}
