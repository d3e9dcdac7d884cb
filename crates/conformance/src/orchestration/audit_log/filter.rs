//! Filters of the log.

use tasktrail_domain::orchestration::agent::StateRequest;
use tasktrail_domain::orchestration::audit::{
    Action, AuditFilter, CustomAction, EntityId, EntityKind,
};
use tasktrail_domain::orchestration::dispatch::ReportOutcome;

use crate::Orchestration;
use crate::fixture::{INSTANT, at, user};
use crate::orchestration::fixture::{
    Writes, actor, agent, agent_id, attempt_at, completed, note_about, note_of, plan_of,
    registration, task_id,
};

/// Entries are filtered by their subject: its kind and its id.
pub async fn entries_are_filtered_by_their_subject(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("a");
    store
        .given_work(&writes, &builder, &plan_of(["a", "aa"]))
        .await;
    store.record(&writes.next(), &note_about("a")).await;
    let reported = store
        .report(&writes.next(), &completed(attempt_at("a", 1)))
        .await;
    assert!(matches!(reported, ReportOutcome::Recorded { .. }));

    let nothing: [&str; 0] = [];
    let agent: EntityId = agent_id("a").into();
    let task: EntityId = task_id("a").into();
    for (kind, id, expected) in [
        (EntityKind::Agent, agent, &["agent.registered"][..]),
        (
            EntityKind::Task,
            task.clone(),
            &["task.completed", "task.claimed", "task.created"],
        ),
        (EntityKind::Other, task, &["import.finished"]),
        (EntityKind::Task, task_id("aa").into(), &["task.created"]),
        (EntityKind::Task, task_id("A").into(), &nothing),
    ] {
        let filter = AuditFilter::default().with_entity(kind, id);
        assert_eq!(actions(store, &filter).await, expected, "{filter:?}");
    }
}

/// Entries are filtered by their actor: its kind and its name.
pub async fn entries_are_filtered_by_their_actor(store: &Orchestration) {
    let writes = Writes::default();
    for (by, id) in [
        ("user:ann", "1"),
        ("agent:ann", "2"),
        ("user:anna", "3"),
        ("user:ann", "4"),
        ("service:ann", "5"),
        ("system:ann", "6"),
    ] {
        let mut write = writes.next();
        write.actor = actor(by);
        store.record(&write, &note_about(id)).await;
    }

    for (by, expected) in [
        ("user:ann", &["4", "1"][..]),
        ("agent:ann", &["2"]),
        ("user:anna", &["3"]),
        ("service:ann", &["5"]),
        ("system:ann", &["6"]),
        ("user:an", &[]),
    ] {
        let filter = AuditFilter::default().with_actor(actor(by));
        assert_eq!(ids(store, &filter).await, expected, "{by}");
    }
}

/// Entries are filtered by their action, of a port or of the service.
pub async fn entries_are_filtered_by_their_action(store: &Orchestration) {
    let writes = Writes::default();
    store.given_agent(&writes, &registration("a")).await;
    let drain = StateRequest::Drain;
    store.set_state(&writes.next(), &agent("a"), drain).await;
    store.given_agent(&writes, &registration("b")).await;
    store.record(&writes.next(), &note_about("c")).await;

    let custom = |text| CustomAction::new(text).unwrap().action().clone();
    for (action, expected) in [
        (Action::AGENT_REGISTERED, &["b", "a"][..]),
        (Action::AGENT_DRAINED, &["a"]),
        (Action::AGENT_RETIRED, &[]),
        (custom("import.finished"), &["c"]),
        (custom("import"), &[]),
    ] {
        let filter = AuditFilter::default().with_action(action);
        assert_eq!(ids(store, &filter).await, expected, "{filter:?}");
    }
}

/// Entries are filtered by their time: from `since` on, that included, and before `until`.
pub async fn since_is_inclusive_and_until_is_exclusive(store: &Orchestration) {
    let writes = Writes::default();
    for second in [1, 2, 2, 3] {
        let write = writes.at(at(second));
        let entry = note_about(&second.to_string());
        store.record(&write, &entry).await;
    }
    let after = |second| at(second).saturating_add(INSTANT);

    for (since, until, expected) in [
        (None, None, &["3", "2", "2", "1"][..]),
        (Some(at(2)), None, &["3", "2", "2"]),
        (Some(after(2)), None, &["3"]),
        (None, Some(at(2)), &["1"]),
        (None, Some(after(2)), &["2", "2", "1"]),
        (Some(at(2)), Some(at(3)), &["2", "2"]),
        (Some(at(2)), Some(at(2)), &[]),
        (Some(at(3)), Some(at(1)), &[]),
    ] {
        let filter = AuditFilter::default().with_time(since, until);
        assert_eq!(ids(store, &filter).await, expected, "{filter:?}");
    }
}

/// An entry is listed if it meets all conditions of a filter.
pub async fn conditions_on_entries_combine(store: &Orchestration) {
    let writes = Writes::default();
    let (task, other) = (EntityKind::Task, EntityKind::Other);
    for (kind, id, by, action, second) in [
        (task, "a", "user:ann", "reviewed", 5),
        (task, "a", "user:ann", "reviewed", 6),
        (other, "a", "user:ann", "reviewed", 5),
        (task, "b", "user:ann", "reviewed", 5),
        (task, "a", "user:bob", "reviewed", 5),
        (task, "a", "user:ann", "read", 5),
        (task, "a", "user:ann", "reviewed", 4),
        (task, "a", "user:ann", "reviewed", 7),
    ] {
        let mut write = writes.at(at(second));
        write.actor = actor(by);
        let entry = note_of("alice", action, kind, id);
        store.record(&write, &entry).await;
    }
    let all = AuditFilter::default();
    let of_task = all.clone().with_entity(task, task_id("a"));
    let by_ann = of_task.clone().with_actor(actor("user:ann"));
    let reviewed = CustomAction::new("reviewed").unwrap().action().clone();
    let reviews = by_ann.clone().with_action(reviewed.clone());
    let in_time = reviews.clone().with_time(at(5), at(7));
    let reviews_of_ann = all.with_actor(actor("user:ann")).with_action(reviewed);

    for (filter, expected) in [
        (of_task, 6),
        (by_ann, 5),
        (reviews, 4),
        (in_time, 2),
        (reviews_of_ann.with_time(at(5), at(6)), 3),
    ] {
        assert_eq!(ids(store, &filter).await.len(), expected, "{filter:?}");
    }
}

/// Pages of a filtered log return each accepted entry once, however many others are between them.
pub async fn pages_of_filtered_entries_give_each_once(store: &Orchestration) {
    let writes = Writes::default();
    for n in 0..40 {
        let rare = n % 13 == 12;
        let mut write = writes.next();
        write.actor = actor(if rare { "user:ann" } else { "user:bob" });
        let action = if rare { "reviewed" } else { "read" };
        let kind = if rare {
            EntityKind::Task
        } else {
            EntityKind::Other
        };
        let entry = note_of("alice", action, kind, "a");
        store.record(&write, &entry).await;
    }
    let all = AuditFilter::default();
    let expected = store
        .entries(&user("alice"), &all.clone().with_actor(actor("user:ann")))
        .await;
    assert_eq!(expected.len(), 3);
    let reviewed = CustomAction::new("reviewed").unwrap().action().clone();

    for filter in [
        all.clone().with_actor(actor("user:ann")),
        all.clone().with_action(reviewed.clone()),
        all.clone().with_entity(EntityKind::Task, task_id("a")),
        all.with_entity(EntityKind::Task, task_id("a"))
            .with_actor(actor("user:ann"))
            .with_action(reviewed)
            .with_time(at(0), at(100)),
    ] {
        for size in [1, 2, 3, 1000] {
            let pages = store.entry_pages(&user("alice"), &filter, size).await;
            assert_eq!(pages.concat(), expected, "{filter:?}");
        }
    }
}

async fn ids(store: &Orchestration, filter: &AuditFilter) -> Vec<String> {
    let entries = store.entries(&user("alice"), filter).await;
    let ids = entries.iter().map(|entry| entry.entity_id.to_string());
    ids.collect()
}

async fn actions(store: &Orchestration, filter: &AuditFilter) -> Vec<String> {
    let entries = store.entries(&user("alice"), filter).await;
    let actions = entries.iter().map(|entry| entry.action.to_string());
    actions.collect()
}
