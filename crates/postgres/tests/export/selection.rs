//! The tasks that a selection contains, and the totals that an export of it is compared with.

use tasktrail_domain::UserId;
use tasktrail_domain::task_history::{FinalStatus, Scope, TaskStatus};
use tasktrail_postgres::ExportSelection;

use super::{Store, at, named};

#[tokio::test]
async fn whole_tasks_are_selected_by_user_and_last_activity() {
    let store = Store::new().await;
    for (task, seconds) in [("old", [1, 2]), ("middle", [1, 5]), ("new", [1, 9])] {
        for (step, second) in (0..).zip(seconds) {
            store.save("alice", task, step, second).await;
        }
    }
    store.save("bob", "middle", 0, 5).await;
    store.save("al", "middle", 0, 5).await;
    let of = |scope: Scope, since: Option<i64>, until: Option<i64>| {
        ExportSelection::default()
            .with_scope(scope)
            .with_since(since.map(at))
            .with_until(until.map(at))
    };
    let alice = || Scope::User(UserId::new("alice").unwrap());

    assert_eq!(
        store.exported(&of(Scope::Everyone, Some(5), Some(9))).await,
        named(&[("al/middle", 1), ("alice/middle", 2), ("bob/middle", 1)])
    );
    assert_eq!(
        store.exported(&of(alice(), Some(5), None)).await,
        named(&[("alice/middle", 2), ("alice/new", 2)])
    );
    assert_eq!(
        store.exported(&of(alice(), None, Some(5))).await,
        named(&[("alice/old", 2)])
    );
}

#[tokio::test]
async fn tasks_are_selected_by_their_status() {
    let store = Store::new().await;
    for task in ["finished", "running"] {
        store.save("alice", task, 0, 1).await;
        store.save("alice", task, 1, 2).await;
    }
    for task in ["finished", "never ran"] {
        store.finish("alice", task, FinalStatus::Failed, 3).await;
    }
    let of = |status: TaskStatus| ExportSelection::default().with_statuses(status);

    let failed = of(TaskStatus::Failed);
    let total = store.export(&failed).await.total();
    assert_eq!((total.tasks, total.entries, total.finishes), (2, 2, 2));
    assert_eq!(
        store.exported(&failed).await,
        named(&[("alice/finished", 2), ("alice/never ran", 0)])
    );
    assert_eq!(
        store.exported(&of(TaskStatus::Running)).await,
        named(&[("alice/running", 2)])
    );
    assert_eq!(store.exported(&of(TaskStatus::Completed)).await, []);
}
