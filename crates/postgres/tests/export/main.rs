//! Exports: a single instant, whole tasks, in order, even if the consumer is slow.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]

mod selection;

use serde_json::json;
use tasktrail_domain::id::{IdGenerator, SequentialIdGenerator};
use tasktrail_domain::task_history::{
    FinalStatus, Finish, HistoryEntry, Scope, StepNumber, TaskHistoryRepository, TaskStatus,
    TaskStepResult,
};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::{TaskKey, UserId};
use tasktrail_postgres::{
    Export, ExportError, ExportSelection, ExportedItem, PostgresConfig, PostgresDatabase,
};
use tasktrail_postgres_admin::Administrable as _;
use tasktrail_test_support::{TestDatabase, wait_until};

struct Store {
    database: TestDatabase,
    postgres: PostgresDatabase,
    ids: SequentialIdGenerator,
}

impl Store {
    async fn new() -> Self {
        let database = TestDatabase::new();
        let config = PostgresConfig::from_url(database.url())
            .and_then(|config| config.with_connections(1, 2))
            .unwrap();
        let postgres = PostgresDatabase::connect(config).await.unwrap();
        postgres.migrate().await.unwrap();
        Self {
            database,
            postgres,
            ids: SequentialIdGenerator::default(),
        }
    }

    fn entry(&self, user: &str, task: &str, step: u16, second: i64) -> HistoryEntry {
        let at = at(second);
        HistoryEntry::new(
            self.ids.next(at).into(),
            TaskKey::new(user, task).unwrap(),
            StepNumber::from(step),
            TaskStepResult::builder("a\u{1}b", TaskStatus::Running)
                .result(json!({ "nul": "\0", "number": 1e17 }))
                .build()
                .unwrap(),
            at,
        )
    }

    async fn save(&self, user: &str, task: &str, step: u16, second: i64) -> HistoryEntry {
        let entry = self.entry(user, task, step, second);
        self.postgres.task_history().save(&entry).await.unwrap();
        entry
    }

    async fn save_many(&self, task: &str, entries: u16) {
        let entries: Vec<_> = (0..entries)
            .map(|step| self.entry("alice", task, step, i64::from(step)))
            .collect();
        let histories = self.postgres.task_history();
        histories.save_batch(&entries).await.unwrap();
    }

    async fn finish(&self, user: &str, task: &str, status: FinalStatus, second: i64) {
        let task = TaskKey::new(user, task).unwrap();
        let finished = self.postgres.task_history();
        finished.finish(&task, status, at(second)).await.unwrap();
    }

    async fn export(&self, selection: &ExportSelection) -> Export {
        self.postgres.export(selection).await.unwrap()
    }

    /// The tasks in an export, with the numbers of their entries.
    async fn exported(&self, selection: &ExportSelection) -> Vec<(String, usize)> {
        let export = self.export(selection).await;
        let (tasks, entries) = (export.tasks(), export.entries());
        let all = all(export).await;
        let mut found: Vec<(String, usize)> = Vec::new();
        for item in all {
            match item {
                ExportedItem::Task(task) => found.push((task.task.to_string(), 0)),
                ExportedItem::Entry(entry) => {
                    let (task, count) = found.last_mut().unwrap();
                    assert_eq!(*task, entry.task.to_string());
                    *count += 1;
                }
            }
        }
        let counted: usize = found.iter().map(|(_, count)| count).sum();
        let totals = (usize::try_from(tasks), usize::try_from(entries));
        assert_eq!(totals, (Ok(found.len()), Ok(counted)));
        found
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000 + 123_456).unwrap()
}

async fn all(mut export: Export) -> Vec<ExportedItem> {
    let mut items = Vec::new();
    while let Some(portion) = export.next_portion().await.unwrap() {
        assert!(!portion.is_empty() && portion.len() <= 1000);
        items.extend(portion);
    }
    assert_eq!(export.next_portion().await.unwrap(), None);
    items
}

fn named(found: &[(&str, usize)]) -> Vec<(String, usize)> {
    let owned = found
        .iter()
        .map(|(task, count)| ((*task).to_owned(), *count));
    owned.collect()
}

#[tokio::test]
async fn tasks_are_exported_by_key_with_trail_and_finish() {
    let store = Store::new().await;
    let late = store.save("bob", "a", 1, 10).await;
    let early = store.save("alice", "z", 2, 10).await;
    let revision = store.save("alice", "z", 2, 5).await;
    let lower_step = store.save("alice", "z", 0, 20).await;
    store.finish("alice", "z", FinalStatus::Failed, 7).await;
    store
        .finish("alice", "never ran", FinalStatus::Cancelled, 8)
        .await;

    let items = all(store.export(&ExportSelection::default()).await).await;

    let tasks: Vec<_> = items
        .iter()
        .filter_map(|item| match item {
            ExportedItem::Task(task) => Some((task.task.to_string(), task.finish, task.entries)),
            ExportedItem::Entry(_) => None,
        })
        .collect();
    let finish = |status, second| {
        Some(Finish {
            status,
            at: at(second),
        })
    };
    assert_eq!(
        tasks,
        [
            (
                "alice/never ran".to_owned(),
                finish(FinalStatus::Cancelled, 8),
                0
            ),
            ("alice/z".to_owned(), finish(FinalStatus::Failed, 7), 3),
            ("bob/a".to_owned(), None, 1),
        ]
    );
    let entries: Vec<_> = items
        .into_iter()
        .filter_map(|item| match item {
            ExportedItem::Entry(entry) => Some(entry),
            ExportedItem::Task(_) => None,
        })
        .collect();
    assert_eq!(entries, [early, revision, lower_step, late]);
}

#[tokio::test]
async fn trails_across_partitions_keep_their_order() {
    let store = Store::new().await;
    let month = 31 * 24 * 60 * 60;
    let first = store.save("alice", "a", 1, month).await;
    store
        .postgres
        .admin()
        .partition(at(2 * month), 3)
        .await
        .unwrap();
    let later = store.save("alice", "a", 1, 4 * month).await;
    let earlier = store.save("alice", "a", 1, 3 * month).await;

    let items = all(store.export(&ExportSelection::default()).await).await;

    let expected = [first, later, earlier].map(ExportedItem::Entry);
    assert_eq!(items[1..], expected);
    assert_ne!(store.postgres.admin().partitions().await.unwrap(), None);
}

#[tokio::test]
async fn empty_store_exports_nothing() {
    let store = Store::new().await;

    assert_eq!(store.exported(&ExportSelection::default()).await, []);
}

#[tokio::test]
async fn large_export_is_complete() {
    let store = Store::new().await;
    store.save_many("a", 4).await;
    store.save_many("long", 25_000).await;
    let fill = "INSERT INTO task_summary
                    (user_id, task_id, finished_status, finished_at, entries, created_at, last_updated)
                SELECT 'carol', lpad(n::text, 5, '0'), 'failed', now(), 0, now(), now()
                FROM generate_series(1, 1700) AS n";
    store.database.execute(fill).unwrap();
    store.save("dave", "last", 0, 1).await;

    let found = store.exported(&ExportSelection::default()).await;

    assert_eq!(found.len(), 1703);
    assert!(found.is_sorted());
    assert_eq!(found[..2], named(&[("alice/a", 4), ("alice/long", 25_000)]));
    assert_eq!(found[1702..], named(&[("dave/last", 1)]));
}

#[tokio::test]
async fn export_excludes_later_writes() {
    let store = Store::new().await;
    for task in ["a", "b", "c"] {
        store.save_many(task, 9000).await;
    }
    let export = store.export(&ExportSelection::default()).await;

    store.save("alice", "c", 1, 1).await;
    store.save("zoe", "new", 1, 1).await;
    store.finish("alice", "c", FinalStatus::Failed, 1).await;
    store
        .database
        .execute("DELETE FROM task_history WHERE task_id = 'c'")
        .unwrap();

    let items = all(export).await;
    let unfinished = items.iter().filter(|item| match item {
        ExportedItem::Task(task) => task.finish.is_none(),
        ExportedItem::Entry(_) => false,
    });
    assert_eq!(unfinished.count(), 3);
    assert_eq!(items.len(), 3 + 27_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_timeouts_do_not_end_an_export_with_a_slow_consumer() {
    let store = Store::new().await;
    store.save_many("a", 2100).await;
    let limits = format!(
        "ALTER DATABASE {0} SET idle_in_transaction_session_timeout = 100;
         ALTER DATABASE {0} SET statement_timeout = 100",
        store.database.name()
    );
    store.database.execute(&limits).unwrap();
    let export = store.export(&ExportSelection::default()).await;

    let waiting = "SELECT 1 FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid()
                   AND xact_start IS NOT NULL AND clock_timestamp() - state_change > '300 ms'";
    tokio::task::block_in_place(|| {
        wait_until("it has waited", || {
            !store.database.execute(waiting).unwrap().is_empty()
        });
    });

    assert_eq!(all(export).await.len(), 2101);
}

#[tokio::test]
async fn corrupt_row_fails_the_export() {
    let store = Store::new().await;
    store.save("alice", "a", 0, 1).await;
    let spoil = "UPDATE task_history SET result = '{}'";
    store.database.execute(spoil).unwrap();
    let mut export = store.export(&ExportSelection::default()).await;

    let error = loop {
        match export.next_portion().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("it ended as if it were complete"),
            Err(error) => break error,
        }
    };

    let ExportError::Read(source) = error else {
        panic!("{error:?}")
    };
    assert!(
        source
            .to_string()
            .starts_with("task_history.result of alice/a")
    );
    assert_eq!(export.next_portion().await.unwrap(), None);
}

#[tokio::test]
async fn trail_that_differs_from_its_summary_fails_the_export() {
    for spoil in [
        "DELETE FROM task_history WHERE task_id = 'b' AND step = 0",
        "DELETE FROM task_history WHERE task_id = 'b'",
        "UPDATE task_summary SET entries = 1 WHERE task_id = 'b'",
    ] {
        let store = Store::new().await;
        for task in ["a", "b", "c"] {
            store.save_many(task, 2).await;
        }
        store.save("bob", "b", 0, 1).await;
        store.database.execute(spoil).unwrap();
        let alice = ExportSelection::default()
            .with_scope(Scope::User(UserId::new("alice").unwrap()))
            .with_since(at(1));

        for selection in [&ExportSelection::default(), &alice] {
            let mut export = store.export(selection).await;
            let error = loop {
                match export.next_portion().await {
                    Ok(Some(_)) => {}
                    Ok(None) => panic!("it ended as if it were complete"),
                    Err(error) => break error,
                }
            };
            assert!(
                matches!(&error, ExportError::Trail { task, .. } if task.to_string() == "alice/b"),
                "{spoil}: {error}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_export_closes_its_connection() {
    let store = Store::new().await;
    store.save_many("a", 20_000).await;
    let export = store.export(&ExportSelection::default()).await;

    drop(export);

    let open = "SELECT 1 FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid()
                AND xact_start IS NOT NULL";
    tokio::task::block_in_place(|| {
        wait_until("no transaction is left", || {
            store.database.execute(open).unwrap().is_empty()
        });
    });
}
