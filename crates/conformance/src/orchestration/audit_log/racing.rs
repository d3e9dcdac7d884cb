//! Records that race each other, and reads.

use std::collections::BTreeSet;

use tasktrail_domain::orchestration::audit::{AuditFilter, NewAuditEntry};
use tasktrail_domain::write::WriteContext;

use crate::Orchestration;
use crate::fixture::{at, user};
use crate::orchestration::fixture::{Writes, note_about};
use crate::parallel::at_once;

/// Concurrent records are all kept, each at its own position.
pub async fn concurrent_records_are_all_kept(store: &Orchestration) {
    let writes = Writes::default();
    for round in 0..4 {
        let calls = (0..32).map(|n| {
            let entry = note_about(&format!("{round} {n}"));
            recording(store, &writes.at(at(n % 3)), &entry)
        });
        at_once(calls.collect::<Vec<_>>()).await;
    }

    let entries = store.entries(&user("alice"), &AuditFilter::default()).await;

    let positions: BTreeSet<_> = entries.iter().map(|entry| entry.position).collect();
    let ids: BTreeSet<_> = entries.iter().map(|e| e.entity_id.as_str()).collect();
    assert_eq!((entries.len(), positions.len(), ids.len()), (128, 128, 128));
}

/// A record that is repeated at the same time is added once, and no call fails.
pub async fn a_record_that_races_itself_is_added_once(store: &Orchestration) {
    let writes = Writes::default();
    for trial in 0..10 {
        let write = writes.next();
        let entry = note_about(&trial.to_string());
        let calls = (0..8).map(|_| recording(store, &write, &entry));

        at_once(calls.collect::<Vec<_>>()).await;

        assert_eq!(store.changes_of(&write).await.len(), 1);
    }
}

/// Reading the log page by page during writes repeats no entry, and returns all earlier ones.
pub async fn reading_the_log_during_writes_repeats_nothing(store: &Orchestration) {
    let writes = Writes::default();
    let alice = user("alice");
    for second in 0..20 {
        let write = writes.at(at(second));
        store.record(&write, &note_about("before")).await;
    }
    let all = AuditFilter::default();
    let before = store.entries(&alice, &all).await;
    let calls: Vec<_> = (0..60)
        .map(|n| recording(store, &writes.at(at(n % 20)), &note_about("concurrent")))
        .collect();
    let written = tokio::spawn(at_once(calls));

    let walked = store.entry_pages(&alice, &all, 3).await.concat();
    written.await.unwrap();

    assert!(walked.is_sorted_by(|a, b| (a.at, a.position) > (b.at, b.position)));
    let earlier = walked.iter().filter(|e| e.entity_id.as_str() == "before");
    assert!(earlier.eq(&before));
}

fn recording(
    store: &Orchestration,
    context: &WriteContext,
    entry: &NewAuditEntry,
) -> impl Future<Output = ()> + Send + use<> {
    let (store, context, entry) = (store.clone(), context.clone(), entry.clone());
    async move { store.record(&context, &entry).await }
}
