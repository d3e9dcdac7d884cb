//! Storage statistics, database contents, and the schema of benchmarks.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]

use tasktrail_domain::TaskKey;
use tasktrail_domain::clock::{Clock, SystemClock};
use tasktrail_domain::id::{IdGenerator, RandomIdGenerator};
use tasktrail_domain::task_history::{
    HistoryEntry, StepNumber, TaskHistoryRepository, TaskStatus, TaskStepResult,
};
use tasktrail_postgres::{PostgresConfig, PostgresDatabase};
use tasktrail_postgres_admin::Administrable as _;
use tasktrail_postgres_admin::{BenchSchemaError, DatabaseContents};
use tasktrail_test_support::{ServerOptions, TestDatabase, wait_until};

async fn open(
    database: &TestDatabase,
    change: impl FnOnce(PostgresConfig) -> PostgresConfig,
) -> PostgresDatabase {
    let config = PostgresConfig::from_url(database.url())
        .and_then(|config| config.with_connections(1, 1))
        .unwrap();
    PostgresDatabase::connect(change(config)).await.unwrap()
}

async fn save(postgres: &PostgresDatabase, step: u16) {
    let now = SystemClock.now();
    let entry = HistoryEntry::new(
        RandomIdGenerator::default().next(now).into(),
        TaskKey::new("alice", "report").unwrap(),
        StepNumber::from(step),
        TaskStepResult::builder("fetch", TaskStatus::Completed)
            .build()
            .unwrap(),
        now,
    );
    postgres.task_history().save(&entry).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn saved_rows_are_counted_once_the_connection_has_ended() {
    // The log position is that of the whole server, so other tests must not write to it.
    let server = ServerOptions::default().start().unwrap();
    let database = TestDatabase::create(&server);
    let asking = open(&database, |config| config).await;
    let nothing = asking.admin().storage_statistics().await.unwrap();
    asking.migrate().await.unwrap();
    let before = asking.admin().storage_statistics().await.unwrap();
    let saving = open(&database, |config| config).await;
    for step in 0..10 {
        save(&saving, step).await;
    }
    let during = asking.admin().storage_statistics().await.unwrap();

    saving.close(std::time::Duration::from_secs(10)).await;

    let runtime = tokio::runtime::Handle::current();
    let read = || {
        runtime
            .block_on(asking.admin().storage_statistics())
            .unwrap()
    };
    let after = tokio::task::block_in_place(|| {
        wait_until("the connection has ended", || read().tasks.rows_added > 0);
        read()
    });
    assert_eq!(nothing.entries.table_bytes, 0);
    assert_eq!((before.entries.live_rows, before.tasks.rows_died), (0, 0));
    assert_eq!(
        (after.entries.live_rows, after.entries.rows_added),
        (10, 10)
    );
    assert_eq!(after.entries.rows_died, 0);
    assert_eq!(
        (after.tasks.live_rows, after.tasks.rows_died),
        (1, 9),
        "each save after the first replaces the summary"
    );
    assert!(after.entries.table_bytes > 0 && after.entries.index_bytes > 0);
    let written = during.log_bytes - before.log_bytes;
    assert!((1_000..100_000).contains(&written), "{written}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_of_a_partitioned_table_are_counted_once() {
    let database = TestDatabase::new();
    let postgres = open(&database, |config| config).await;
    postgres.migrate().await.unwrap();
    postgres
        .admin()
        .partition(SystemClock.now(), 1)
        .await
        .unwrap();
    for step in 0..10 {
        save(&postgres, step).await;
    }

    postgres.admin().analyze(false).await.unwrap();

    let runtime = tokio::runtime::Handle::current();
    let read = || {
        runtime
            .block_on(postgres.admin().storage_statistics())
            .unwrap()
    };
    let rows = tokio::task::block_in_place(|| {
        wait_until("rows are counted", || read().entries.live_rows > 0);
        read().entries.live_rows
    });
    assert_eq!(rows, 10);
}

#[tokio::test]
async fn database_contents_are_distinguished() {
    let database = TestDatabase::new();
    let postgres = open(&database, |config| config).await;
    assert_eq!(
        postgres.admin().database_contents().await.unwrap(),
        DatabaseContents::Nothing
    );

    postgres.migrate().await.unwrap();
    assert_eq!(
        postgres.admin().database_contents().await.unwrap(),
        DatabaseContents::EmptySchema
    );

    let others = "CREATE SCHEMA \"my shop\"; CREATE TABLE \"my shop\".\"Order\" (id int);
                  CREATE TABLE b (id int); CREATE TABLE c (id int); CREATE TABLE a (id int)";
    database.execute(others).unwrap();
    assert_eq!(
        postgres.admin().database_contents().await.unwrap(),
        DatabaseContents::OtherTables {
            first: [r#""my shop"."Order""#, "public.a", "public.b"]
                .map(str::to_owned)
                .into(),
            count: 4
        }
    );

    save(&postgres, 0).await;
    assert_eq!(
        postgres.admin().database_contents().await.unwrap(),
        DatabaseContents::Histories
    );
}

#[tokio::test]
async fn finished_task_without_entries_counts_as_history() {
    let database = TestDatabase::new();
    let postgres = open(&database, |config| config).await;
    postgres.migrate().await.unwrap();
    let task = TaskKey::new("alice", "report").unwrap();
    let status = tasktrail_domain::task_history::FinalStatus::Cancelled;
    let now = SystemClock.now();
    postgres
        .task_history()
        .finish(&task, status, now)
        .await
        .unwrap();

    assert_eq!(
        postgres.admin().database_contents().await.unwrap(),
        DatabaseContents::Histories
    );
}

#[tokio::test]
async fn benchmark_is_isolated_and_removes_its_schema() {
    let database = TestDatabase::new();
    let service = open(&database, |config| config).await;
    service.migrate().await.unwrap();
    save(&service, 0).await;
    let schema = service.admin().bench_schema().await.unwrap();

    let bench = open(&database, PostgresConfig::in_bench_schema).await;
    bench.migrate().await.unwrap();
    save(&bench, 0).await;
    save(&bench, 1).await;

    let rows = |table: &str| {
        let counted = database.execute(&format!("SELECT count(*) FROM {table}"));
        counted.map(|rows| rows.into_iter().flatten().flatten().next())
    };
    let entries = rows("tasktrail_bench.task_history").unwrap();
    assert_eq!(entries.as_deref(), Some("2"));
    schema.remove().await.unwrap();
    assert!(rows("tasktrail_bench.task_history").is_err());
    let entries = rows("public.task_history").unwrap();
    assert_eq!(entries.as_deref(), Some("1"));
}

#[tokio::test]
async fn bench_schema_is_exclusive_and_the_next_benchmark_cleans_up() {
    let database = TestDatabase::new();
    let postgres = open(&database, |config| config).await;
    let first = postgres.admin().bench_schema().await.unwrap();
    database
        .execute("CREATE TABLE tasktrail_bench.left_over (id int)")
        .unwrap();

    let second = postgres.admin().bench_schema().await;
    assert!(matches!(second, Err(BenchSchemaError::Taken)), "{second:?}");
    assert_eq!(
        postgres.admin().database_contents().await.unwrap(),
        DatabaseContents::Nothing
    );

    // As after a kill: the connection ends, and the schema remains.
    drop(first);
    let mut taken = postgres.admin().bench_schema().await;
    while matches!(taken, Err(BenchSchemaError::Taken)) {
        tokio::task::yield_now().await;
        taken = postgres.admin().bench_schema().await;
    }
    let left = database.execute("SELECT FROM tasktrail_bench.left_over");
    assert!(left.is_err(), "{left:?}");
    taken.unwrap().remove().await.unwrap();
}

#[tokio::test]
async fn foreign_schema_with_the_reserved_name_is_kept() {
    let database = TestDatabase::new();
    let theirs = "CREATE SCHEMA tasktrail_bench; CREATE TABLE tasktrail_bench.theirs (id int)";
    database.execute(theirs).unwrap();
    let postgres = open(&database, |config| config).await;

    match postgres.admin().bench_schema().await {
        Err(BenchSchemaError::Foreign) => {}
        other => panic!("{other:?}"),
    }
    database
        .execute("SELECT id FROM tasktrail_bench.theirs")
        .unwrap();
}
