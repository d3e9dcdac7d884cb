//! Logs of different owners.

use tasktrail_domain::orchestration::audit::{AuditFilter, Change, EntityKind};

use crate::Orchestration;
use crate::fixture::{SIMILAR_USERS, at, user};
use crate::orchestration::fixture::{Writes, agent_of, note_of, registration_of};

/// The entries of another owner are not listed, whatever the filter.
pub async fn the_entries_of_another_owner_are_not_listed(store: &Orchestration) {
    let writes = Writes::default();
    for owner in ["alice", "bob"] {
        let builder = registration_of(&agent_of(owner, "builder"));
        store.given_agent(&writes, &builder).await;
        let entry = note_of(owner, "reviewed", EntityKind::Agent, "builder");
        store.record(&writes.next(), &entry).await;
    }
    let all = AuditFilter::default();
    let of_agent = (all.clone()).with_entity(EntityKind::Agent, agent_of("bob", "builder").agent);

    for owner in ["alice", "bob"].map(user) {
        for filter in [&all, &of_agent, &all.clone().with_time(at(0), at(100))] {
            let entries = store.entries(&owner, filter).await;
            assert_eq!(entries.len(), 2);
            assert!(entries.iter().all(|entry| entry.user == owner));
        }
    }
    assert_eq!(store.entries(&user("carol"), &all).await, []);
}

/// The same id of a write under two owners is two writes: neither is a repetition.
pub async fn the_same_write_id_under_two_owners_is_two_writes(store: &Orchestration) {
    let write = Writes::default().next();
    for owner in ["alice", "bob"] {
        let entry = note_of(owner, "reviewed", EntityKind::Other, owner);

        store.record(&write, &entry).await;

        let changes = store.changes_of_owner(&user(owner), &write).await;
        assert_eq!(changes, [Change::from(entry)]);
    }
}

/// Owners whose ids are similar have different logs.
pub async fn similar_owners_have_different_logs(store: &Orchestration) {
    let writes = Writes::default();
    for owner in SIMILAR_USERS {
        let entry = note_of(owner, "reviewed", EntityKind::Other, owner);
        store.record(&writes.next(), &entry).await;
    }

    for owner in SIMILAR_USERS {
        let entries = store.entries(&user(owner), &AuditFilter::default()).await;
        let ids: Vec<_> = entries.iter().map(|e| e.entity_id.as_str()).collect();
        assert_eq!(ids, [owner]);
    }
}
