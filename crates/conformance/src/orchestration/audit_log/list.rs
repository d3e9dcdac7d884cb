//! The order of the log, and its pages.

use serde_json::json;
use tasktrail_domain::orchestration::Payload;
use tasktrail_domain::orchestration::audit::{AuditCursor, AuditEntry, AuditFilter};
use tasktrail_domain::repository::{PageRequest, PageSize};
use tasktrail_domain::timestamp::Timestamp;

use crate::Orchestration;
use crate::fixture::{at, page, user};
use crate::orchestration::fixture::{
    Writes, note_about, payload, plan_of, registration, to_register, whole,
};

/// A log without entries is empty.
pub async fn a_log_without_entries_is_empty(store: &Orchestration) {
    let all = AuditFilter::default();
    let listed = store
        .entry_page(&user("nobody"), &all, &PageRequest::default())
        .await;

    assert_eq!((listed.items, listed.next), (vec![], None));
}

/// Entries are listed by descending time, whatever the order in which they were accepted.
pub async fn the_latest_entries_come_first(store: &Orchestration) {
    record_at(store, &[3, 1, 4, 0, 5, 2]).await;

    let times = all(store).await.into_iter().map(|entry| entry.at);

    assert!(times.eq((0..6).rev().map(at)));
}

/// Entries of one time are listed by descending position: the last one that was accepted first. So
/// are those of one write.
pub async fn entries_of_one_time_come_in_descending_order_of_acceptance(store: &Orchestration) {
    let writes = Writes::default();
    let write = writes.at(at(1));
    let alice = user("alice");
    store
        .create(&write, &alice, &plan_of(["a", "b", "c"]))
        .await;
    for id in ["d", "e"] {
        store.record(&writes.at(at(1)), &note_about(id)).await;
    }

    let listed = all(store).await;

    let ids: Vec<_> = listed.iter().map(|e| e.entity_id.as_str()).collect();
    assert_eq!(ids, ["e", "d", "c", "b", "a"]);
    assert!(listed.is_sorted_by(|a, b| a.position > b.position));
    let ordinals: Vec<_> = listed.iter().map(|entry| entry.ordinal).collect();
    assert_eq!(ordinals, [0, 0, 2, 1, 0]);
}

/// Pages of any size return each entry once, in the order of the list, also within one write.
pub async fn pages_of_the_log_give_each_entry_once(store: &Orchestration) {
    let writes = Writes::default();
    for second in [2, 1, 2] {
        let ids = ["a", "b", "c"].map(|id| format!("{id} {}", writes.next().id));
        let plan = plan_of(ids.iter().map(String::as_str));
        let write = writes.at(at(second));
        store.create(&write, &user("alice"), &plan).await;
    }
    let expected = all(store).await;

    for size in [1, 2, 3, 7, 1000] {
        let pages = store
            .entry_pages(&user("alice"), &AuditFilter::default(), size)
            .await;
        assert_eq!(pages.concat(), expected);
    }
    assert_eq!(expected.len(), 9);
    let place = |entry: &AuditEntry| (entry.at, entry.position);
    assert!(expected.is_sorted_by(|a, b| place(a) > place(b)));
}

/// A page has 100 entries by default, and 1000 at most.
pub async fn a_page_has_100_entries_by_default(store: &Orchestration) {
    let writes = Writes::default();
    for batch in 0..2 {
        let commands = (0..600).map(|n| to_register(&registration(&format!("{batch} {n}"))));
        let batch = whole(commands);
        store.apply(&writes.next(), &user("alice"), &batch).await;
    }
    let (alice, all) = (user("alice"), AuditFilter::default());

    let default = store
        .entry_page(&alice, &all, &PageRequest::default())
        .await;
    let greatest = PageRequest::first(PageSize::MAX);
    let greatest = store.entry_page(&alice, &all, &greatest).await;

    assert_eq!((default.items.len(), default.next.is_some()), (100, true));
    assert_eq!(
        (greatest.items.len(), greatest.next.is_some()),
        (1000, true)
    );
}

/// Pages of large entries return each one once. They may be shorter than requested.
pub async fn pages_of_large_entries_give_each_once(store: &Orchestration) {
    let writes = Writes::default();
    for n in 0..24 {
        let text = "x".repeat(Payload::MAX_BYTES - 100);
        let after = payload(&json!({ "n": n, "text": text }));
        let entry = note_about(&n.to_string()).with_fields(None, after);
        store.record(&writes.next(), &entry).await;
    }

    for size in [5, 1000] {
        let pages = store
            .entry_pages(&user("alice"), &AuditFilter::default(), size)
            .await;
        let ids = pages.iter().flatten().map(|e| e.entity_id.to_string());
        assert!(ids.eq((0..24).rev().map(|n| n.to_string())));
    }
}

/// A cursor can be stored as text and parsed again.
pub async fn an_audit_cursor_round_trips_as_text(store: &Orchestration) {
    let writes = Writes::default();
    for time in [Timestamp::MIN, at(0), at(0), Timestamp::MAX] {
        store.record(&writes.at(time), &note_about("a")).await;
    }
    let (alice, filter) = (user("alice"), AuditFilter::default());
    let expected = all(store).await;

    let mut walked = Vec::new();
    let mut request = Some(page(1));
    while let Some(asked) = request {
        let given = store.entry_page(&alice, &filter, &asked).await;
        walked.extend(given.items);
        let kept = given.next.map(|cursor| cursor.to_string().parse().unwrap());
        request = asked.next(kept);
    }

    assert_eq!(walked, expected);
}

/// A cursor is a position in the list. No entry has to exist at that position.
pub async fn an_audit_cursor_need_not_match_an_entry(store: &Orchestration) {
    record_at(store, &[1, 1, 3]).await;
    let listed = all(store).await;
    let second = listed[1].position;
    let place = |at, position| AuditCursor { at, position };

    for (cursor, expected) in [
        (place(Timestamp::MAX, 0), &listed[..]),
        (place(at(3), i64::MAX), &listed),
        (place(at(3), i64::MIN), &listed[1..]),
        (place(at(2), 0), &listed[1..]),
        (place(at(1), i64::MAX), &listed[1..]),
        (place(at(1), second), &listed[2..]),
        (place(at(1), i64::MIN), &[]),
        (place(Timestamp::MIN, i64::MAX), &[]),
    ] {
        let request = PageRequest {
            after: Some(cursor),
            ..page(10)
        };
        let all = AuditFilter::default();
        let listed = store.entry_page(&user("alice"), &all, &request).await;
        assert_eq!(listed.items, expected, "after {cursor:?}");
        assert_eq!(listed.next, None);
    }
}

/// Reading page by page while entries are added returns no entry twice, and each one that was there
/// before.
pub async fn paging_is_stable_while_entries_are_added(store: &Orchestration) {
    let writes = Writes::default();
    let add = async |seconds: &[u64]| {
        for second in seconds {
            let entry = note_about(&second.to_string());
            store.record(&writes.at(at(*second)), &entry).await;
        }
    };
    add(&[1, 3, 5, 5, 7, 9]).await;
    let (alice, filter) = (user("alice"), AuditFilter::default());
    let before = all(store).await;
    // At the position of the reader, before it and after it.
    let mut arriving = [[9, 8, 5], [10, 5, 2]].into_iter();

    let mut walked = Vec::new();
    let mut request = Some(page(2));
    while let Some(asked) = request {
        let given = store.entry_page(&alice, &filter, &asked).await;
        walked.extend(given.items);
        request = asked.next(given.next);
        if let Some(seconds) = arriving.next() {
            add(&seconds).await;
        }
    }

    assert!(walked.is_sorted_by(|a, b| (a.at, a.position) > (b.at, b.position)));
    assert!(before.iter().all(|entry| walked.contains(entry)));
}

async fn all(store: &Orchestration) -> Vec<AuditEntry> {
    store.entries(&user("alice"), &AuditFilter::default()).await
}

/// Records an entry at each of these seconds, in this order.
async fn record_at(store: &Orchestration, seconds: &[u64]) {
    let writes = Writes::default();
    for second in seconds {
        let write = writes.at(at(*second));
        store.record(&write, &note_about("store")).await;
    }
}
