//! Exports while partitions are dropped.

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use tasktrail_domain::TaskKey;
use tasktrail_domain::task_history::RetentionPolicy;
use tasktrail_domain::task_history::TaskStatus::Running;
use tasktrail_domain::task_history::{TaskHistoryRepository, TaskHistoryRepositoryExt};
use tasktrail_postgres::{Export, ExportSelection, ExportedItem};
use tasktrail_test_support::{TestDatabase, wait_until};

use super::drop_expired::{aged, drop_expired, failure};
use super::fixture::{EntryFactory, on, open};

/// Number of entries of a task in an export.
async fn exported(mut export: Export, task: &TaskKey) -> usize {
    let mut entries = 0;
    while let Some(portion) = export.next_portion().await.unwrap() {
        let of_task = |item: &&ExportedItem| match item {
            ExportedItem::Task(_) => false,
            ExportedItem::Entry(entry) => entry.task == *task,
        };
        entries += portion.iter().filter(of_task).count();
    }
    entries
}

/// SQL that replaces a partition by a copy, as a drop does.
fn swap(database: &TestDatabase, partition: &str) -> String {
    let bounds = format!(
        "SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE oid = '{partition}'::regclass"
    );
    let bounds = database.execute(&bounds).unwrap();
    let bounds = bounds[0][0].as_deref().unwrap();
    format!(
        "CREATE TABLE copy (LIKE {partition} INCLUDING ALL);
         INSERT INTO copy SELECT * FROM {partition};
         DROP TABLE {partition};
         ALTER TABLE copy RENAME TO {partition};
         ALTER TABLE task_history ATTACH PARTITION {partition} {bounds}"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn export_includes_a_partition_that_is_replaced_as_it_starts() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    let (_, tasks) = aged(&postgres).await;
    let alive = tasks.last().unwrap();
    let swap = swap(&database, "task_history_2026_01");
    let mut other = AsyncPgConnection::establish(&database.url()).await.unwrap();
    let lock = "BEGIN; LOCK TABLE ONLY task_history IN ACCESS EXCLUSIVE MODE";
    other.batch_execute(lock).await.unwrap();

    let exporting = tokio::spawn({
        let (postgres, alive) = (postgres.clone(), alive.clone());
        async move {
            let export = postgres.export(&ExportSelection::default()).await.unwrap();
            exported(export, &alive).await
        }
    });
    let waiting = "SELECT 1 FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    tokio::task::block_in_place(|| {
        wait_until("the export waits for the lock", || {
            !database.execute(waiting).unwrap().is_empty()
        });
    });
    other.batch_execute(&swap).await.unwrap();
    other.batch_execute("COMMIT").await.unwrap();

    assert_eq!(exporting.await.unwrap(), 2);
}

#[tokio::test]
async fn export_prevents_a_drop_but_no_save() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    let (factory, tasks) = aged(&postgres).await;
    let histories = postgres.task_history();
    let last = many(&factory, 5_000);
    histories.save_batch(&last).await.unwrap();
    let policy = RetentionPolicy::terminal_before(on("2026-02-15"));
    let export = postgres.export(&ExportSelection::default()).await.unwrap();

    let refused = drop_expired(&postgres, &policy).await;

    assert!(
        failure(&refused).contains("could not be locked"),
        "{refused:?}"
    );
    assert!(refused[0].saves_held.is_zero(), "{refused:?}");
    assert_eq!(exported(export, &tasks[0]).await, 2);
    let results = drop_expired(&postgres, &policy).await;
    assert!(results[0].dropped, "{results:?}");
    assert_eq!(histories.trail_all(&tasks[0]).await.unwrap(), []);
}

/// More entries than an export reads ahead, of a task that is retained.
fn many(factory: &EntryFactory, entries: u16) -> Vec<tasktrail_domain::task_history::HistoryEntry> {
    let task = tasktrail_conformance::fixture::task_of("zoe", "long");
    let steps = (0..entries).map(|step| factory.step(&task, step, Running, on("2026-03-03")));
    steps.collect()
}
