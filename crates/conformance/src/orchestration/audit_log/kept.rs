//! Entries are kept as they are.

use tasktrail_domain::orchestration::TaskState;
use tasktrail_domain::orchestration::agent::StateRequest;
use tasktrail_domain::orchestration::audit::{AuditEntry, AuditFilter};
use tasktrail_domain::orchestration::task::{CancelScope, TaskRetention};
use tasktrail_domain::task_history::Scope;

use crate::Orchestration;
use crate::fixture::{at, page, task, user};
use crate::orchestration::fixture::{
    EditRegistration, EditTask, RELEASE, Writes, attempt_at, completed, failed, new_task,
    note_about, plan, registration, renaming, task_ids,
};

/// No write of any port changes or removes an entry.
pub async fn no_write_changes_or_removes_an_entry(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(4);
    let tasks = plan([
        new_task("a"),
        new_task("b"),
        new_task("c"),
        new_task("d").after("c"),
    ]);
    store.given_work(&writes, &builder, &tasks).await;
    let mut known = Vec::new();
    assert_grown(store, &mut known).await;

    store.start(&writes.next(), &attempt_at("a", 1)).await;
    assert_grown(store, &mut known).await;
    let report = completed(attempt_at("a", 1));
    store.report(&writes.next(), &report).await;
    assert_grown(store, &mut known).await;
    store.report(&writes.next(), &report).await;
    assert_grown(store, &mut known).await;
    let failed = failed(attempt_at("b", 1), None);
    store.report(&writes.next(), &failed).await;
    assert_grown(store, &mut known).await;
    let remaining = task_ids(["c"]);
    store
        .remove_dependencies(&writes.next(), &task("d"), &remaining)
        .await;
    assert_grown(store, &mut known).await;
    let scope = CancelScope::Task;
    store.cancel(&writes.next(), &task("c"), scope).await;
    assert_grown(store, &mut known).await;
    let renamed = renaming("two");
    store
        .update_agent(&writes.next(), &builder.agent, &renamed)
        .await;
    assert_grown(store, &mut known).await;
    let drain = StateRequest::Drain;
    store.set_state(&writes.next(), &builder.agent, drain).await;
    assert_grown(store, &mut known).await;
    store.record(&writes.next(), &note_about("store")).await;
    assert_grown(store, &mut known).await;
    let restarted = builder.by_instance(2);
    store.register(&writes.next(), &restarted).await;
    assert_grown(store, &mut known).await;
    store
        .set_state(&writes.next(), &restarted.agent, RELEASE)
        .await;
    assert_grown(store, &mut known).await;
}

/// The entries of tasks that are removed because they ended long ago are kept.
pub async fn the_entries_of_removed_tasks_are_kept(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    let tasks = plan([new_task("a")]);
    store.given_work(&writes, &builder, &tasks).await;
    let report = completed(attempt_at("a", 1));
    store.report(&writes.next(), &report).await;
    assert_eq!(
        store.task(&task("a")).await.progress.state,
        TaskState::Completed
    );
    let before = all(store).await;

    let retention = TaskRetention::ended_before(Scope::User(user("alice")), at(1000));
    let removed = store.remove_expired(&retention, &page(10)).await;

    assert_eq!(removed.tasks, 1);
    assert_eq!(store.find_task(&task("a")).await, None);
    assert_eq!(all(store).await, before);
}

/// Panics unless the log has the entries that it had, and more.
async fn assert_grown(store: &Orchestration, known: &mut Vec<AuditEntry>) {
    let now = all(store).await;
    assert!(now.len() > known.len(), "{now:?}");
    assert!(known.iter().all(|entry| now.contains(entry)), "{now:?}");
    *known = now;
}

async fn all(store: &Orchestration) -> Vec<AuditEntry> {
    store.entries(&user("alice"), &AuditFilter::default()).await
}
