//! Records that are repeated, and ids of writes that are used again.

use serde_json::json;
use tasktrail_domain::orchestration::agent::operation as agents;
use tasktrail_domain::orchestration::audit::{AuditFilter, Change, EntityKind, operation};
use tasktrail_domain::orchestration::task::operation as tasks;

use crate::Orchestration;
use crate::fixture::user;
use crate::orchestration::fixture::{
    Writes, assert_write_conflict, claim_by, note_about, note_of, payload, plan_of, registration,
};

/// Repeating a record adds no entry, also after other writes.
pub async fn a_repeated_record_adds_nothing(store: &Orchestration) {
    let writes = Writes::default();
    let (write, alice) = (writes.next(), user("alice"));
    let entry = note_about("store").with_fields(None, payload(&json!({ "rows": 1 })));
    store.record(&write, &entry).await;
    store.record(&writes.next(), &note_about("store")).await;
    let all = AuditFilter::default();
    let before = store.entries(&alice, &all).await;

    for _ in 0..2 {
        store.record(&write, &entry).await;

        assert_eq!(store.entries(&alice, &all).await, before);
    }
    assert_eq!(store.changes_of(&write).await, [Change::from(entry)]);
}

/// Using the id of a record for another subject is a conflict.
pub async fn the_id_of_a_record_for_another_subject_is_a_conflict(store: &Orchestration) {
    let write = Writes::default().next();
    let entry = note_of("alice", "reviewed", EntityKind::Task, "a");
    store.record(&write, &entry).await;

    for (kind, id) in [
        (EntityKind::Task, "b"),
        (EntityKind::Agent, "a"),
        (EntityKind::Other, "a"),
    ] {
        let other = note_of("alice", "reviewed", kind, id);
        let recorded = store.audit_log.record(&write, &other).await;
        assert_write_conflict(recorded, operation::RECORD, &write);
    }
    assert_eq!(store.changes_of(&write).await, [Change::from(entry)]);
}

/// Using the id of a write of another port for a record is a conflict, and the reverse, also about
/// the same agent or task.
pub async fn the_id_of_another_write_for_a_record_is_a_conflict(store: &Orchestration) {
    let writes = Writes::default();
    let (builder, alice) = (registration("builder"), user("alice"));
    let [registered, created, claimed, recorded] = [(); 4].map(|()| writes.next());
    store.register(&registered, &builder).await;
    store.create(&created, &alice, &plan_of(["a"])).await;
    store.claim(&claimed, &claim_by(&builder, 1)).await;
    let of_agent = note_of("alice", "reviewed", EntityKind::Agent, "builder");
    let of_task = note_of("alice", "reviewed", EntityKind::Task, "a");
    store.record(&recorded, &of_agent).await;

    for (used, entry) in [
        (&registered, &of_agent),
        (&created, &of_task),
        (&claimed, &of_task),
    ] {
        let answer = store.audit_log.record(used, entry).await;
        assert_write_conflict(answer, operation::RECORD, used);
    }
    let answer = store.agents.register(&recorded, &builder).await;
    assert_write_conflict(answer, agents::REGISTER, &recorded);
    let answer = store.tasks.create(&recorded, &alice, &plan_of(["b"])).await;
    assert_write_conflict(answer, tasks::CREATE, &recorded);
}
