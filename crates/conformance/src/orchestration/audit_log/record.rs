//! Entries that a service adds itself.

use serde_json::json;
use tasktrail_domain::orchestration::agent::AgentFilter;
use tasktrail_domain::orchestration::audit::{AuditEntry, AuditFilter, Change, EntityKind};
use tasktrail_domain::orchestration::task::TaskFilter;
use tasktrail_domain::write::Note;

use crate::Orchestration;
use crate::fixture::{at, user};
use crate::orchestration::fixture::{
    Writes, actor, note_about, note_of, payload, plan_of, registration,
};

/// A recorded entry is listed as it was given, with the context of its write.
pub async fn a_recorded_entry_is_listed_as_it_was_given(store: &Orchestration) {
    let mut write = Writes::default().at(at(7));
    write.note = Note::new("nightly").ok();
    write.actor = actor("system:maintenance");
    let before = payload(&json!({ "rows": 1 }));
    let after = payload(&json!({ "rows": [2, 3] }));
    let entry = note_about("store").with_fields(before.clone(), after.clone());

    store.record(&write, &entry).await;

    let listed = all(store).await;
    assert_eq!(listed.len(), 1);
    let listed = &listed[0];
    assert_eq!(listed.user, user("alice"));
    assert_eq!((listed.write_id, listed.ordinal), (write.id, 0));
    assert_eq!((listed.at, &listed.actor), (at(7), &write.actor));
    assert_eq!(listed.action.as_str(), "import.finished");
    assert_eq!(listed.entity, EntityKind::Other);
    assert_eq!(listed.entity_id.as_str(), "store");
    assert_eq!(listed.before.as_ref(), Some(before.as_json()));
    assert_eq!(listed.after.as_ref(), Some(after.as_json()));
    assert_eq!(listed.note, write.note);
}

/// An entry may be about an agent, a task or anything else, whether it exists or not.
pub async fn an_entry_may_be_about_anything(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.given_work(&writes, &builder, &plan_of(["a"])).await;

    for (kind, id) in [
        (EntityKind::Agent, "builder"),
        (EntityKind::Agent, "unknown"),
        (EntityKind::Task, "a"),
        (EntityKind::Task, "unknown"),
        (EntityKind::Other, "a"),
    ] {
        let (write, entry) = (writes.next(), note_of("alice", "reviewed", kind, id));
        store.record(&write, &entry).await;

        assert_eq!(store.changes_of(&write).await, [Change::from(entry)]);
    }
}

/// An entry may have fields before, after, both or none.
pub async fn an_entry_may_have_fields_before_or_after_or_none(store: &Orchestration) {
    let writes = Writes::default();
    let fields = payload(&json!({ "n": 1 }));

    for (before, after) in [
        (None, None),
        (Some(fields.clone()), None),
        (None, Some(fields.clone())),
        (Some(fields.clone()), Some(fields)),
    ] {
        let write = writes.next();
        let entry = note_about("store").with_fields(before, after);
        store.record(&write, &entry).await;

        assert_eq!(store.changes_of(&write).await, [Change::from(entry)]);
    }
}

/// A field that is `null` is not a missing one.
pub async fn a_null_is_not_a_missing_field(store: &Orchestration) {
    let write = Writes::default().next();
    let null = payload(&json!(null));
    let entry = note_about("store").with_fields(null.clone(), None);

    store.record(&write, &entry).await;

    let changes = store.changes_of(&write).await;
    assert_eq!(changes[0].before.as_ref(), Some(null.as_json()));
    assert_eq!(changes[0].after, None);
}

/// A recorded entry adds itself to the log, and changes nothing else.
pub async fn a_recorded_entry_changes_nothing_else(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.given_work(&writes, &builder, &plan_of(["a"])).await;
    let alice = user("alice");
    let rest = async || {
        let agents = store.list_agents(&alice, &AgentFilter::default()).await;
        (
            agents,
            store.list_tasks(&alice, &TaskFilter::default()).await,
        )
    };
    let (before, entries) = (rest().await, all(store).await);

    for (kind, id) in [(EntityKind::Agent, "builder"), (EntityKind::Task, "a")] {
        let entry = note_of("alice", "reviewed", kind, id);
        store.record(&writes.next(), &entry).await;
    }

    assert_eq!(rest().await, before);
    let after = all(store).await;
    assert_eq!(after.len(), entries.len() + 2);
    assert_eq!(after[2..], entries);
}

/// Positions are in the order in which the entries were accepted, whatever their times.
pub async fn entries_are_accepted_in_the_order_of_their_positions(store: &Orchestration) {
    let writes = Writes::default();
    for second in [5, 1, 9, 5, 0] {
        let write = writes.at(at(second));
        let entry = note_about(&second.to_string());
        store.record(&write, &entry).await;
    }

    let mut entries = all(store).await;

    entries.sort_by_key(|entry| entry.position);
    let ids: Vec<_> = entries.iter().map(|e| e.entity_id.as_str()).collect();
    assert_eq!(ids, ["5", "1", "9", "5", "0"]);
    assert!(entries.is_sorted_by(|a, b| a.position < b.position));
}

async fn all(store: &Orchestration) -> Vec<AuditEntry> {
    store.entries(&user("alice"), &AuditFilter::default()).await
}
