//! Findings about tables, indexes and transactions.

use std::time::Duration;

use tasktrail_domain::clock::{Clock, SystemClock};
use tasktrail_postgres_admin::Administrable as _;
use tasktrail_postgres_admin::diagnosis::{DiagnosisOptions, FindingCode, Severity};
use tasktrail_test_support::{TableLock, TestDatabase, wait_until};

use super::store::{Store, diagnosis, open, sound, the, troubles};

#[tokio::test]
async fn healthy_store_has_facts_and_no_warnings() {
    let store = Store::new().await;
    store.fill(1_000, 10);
    store.run("ANALYZE");

    let found = store.diagnosis().await;

    assert_eq!(troubles(&found), Vec::<&_>::new());
    let connection = found.connection.unwrap();
    assert_eq!(connection.schema.as_deref(), Some("public"));
    assert_eq!((connection.encrypted, connection.remote), (false, false));
    assert_eq!(connection.statement_timeout_ms, 30_000);
    let names: Vec<_> = found.tables.iter().map(|table| &*table.name).collect();
    assert_eq!(names[..3], ["task_history", "task_summary", "agent"]);
    assert_eq!(names.len(), 11, "{names:?}");
    assert!(
        found
            .tables
            .iter()
            .all(|table| table.table_bytes > 0 && table.last_analyze.is_some())
    );
    assert_eq!(found.indexes.len(), 25, "{:?}", found.indexes);
    assert!(found.indexes.iter().all(|index| index.valid));
    let with_rows = found
        .indexes
        .iter()
        .filter(|index| names[..2].contains(&&*index.table));
    let estimated: Vec<_> = with_rows
        .map(|index| index.estimated_bytes.is_some())
        .collect();
    assert_eq!(estimated, [true; 5]);
    assert!(found.wraparound.unwrap().left > 1_000_000_000);
}

#[tokio::test]
async fn far_future_tasks_are_named_with_their_dates() {
    let store = Store::new().await;
    store.fill(20, 10);
    store.run(
        "UPDATE task_summary SET last_updated = '2400-01-01T00:00:00Z' WHERE task_id = 'task-7'",
    );

    let found = store.diagnosis().await;

    let finding = the(&found, FindingCode::FarFuture);
    assert_eq!(finding.severity, Severity::Warning);
    assert!(finding.summary.starts_with("1 tasks "), "{finding:?}");
    assert!(
        finding
            .evidence
            .contains("alice/task-7 at 2400-01-01T00:00:00Z"),
        "{finding:?}"
    );
}

#[tokio::test]
async fn growth_predicts_when_the_disk_is_full() {
    let store = Store::new().await;
    store.fill(10_000, 10);
    let options = DiagnosisOptions::default().with_disk_free(1_000_000);

    let found = store.postgres.admin().diagnose(&options).await.unwrap();

    let growth = found.growth.as_ref().unwrap();
    assert_eq!(growth.entries, 10_000);
    let rate = growth.entries_per_day.unwrap();
    assert!((990..=1_010).contains(&rate), "{growth:?}");
    assert!((100..2_000).contains(&growth.bytes_per_entry), "{growth:?}");
    assert_eq!(
        growth.days_until_full,
        Some(1_000_000 / growth.bytes_per_day.unwrap())
    );
    assert_eq!(
        the(&found, FindingCode::DiskFull).severity,
        Severity::Critical
    );
    assert_eq!(
        found.findings[0].code,
        FindingCode::DiskFull,
        "the most severe is first"
    );
}

#[tokio::test]
async fn database_without_tables_is_reported() {
    let database = TestDatabase::create(sound());
    let postgres = open(database.url()).await;

    let found = diagnosis(&postgres).await;

    let missing = the(&found, FindingCode::SchemaMissing);
    assert_eq!(missing.severity, Severity::Critical);
    assert_eq!(troubles(&found).len(), 1, "{:?}", found.findings);
    assert!(found.tables.is_empty() && found.growth.is_none());
}

#[tokio::test]
async fn missing_invalid_and_unused_indexes_are_reported() {
    let store = Store::new().await;
    store.run("DROP INDEX task_summary_list_idx");
    store.run("CREATE INDEX task_history_step_idx_ccnew ON task_history (user_id, task_id)");
    store.run(
        "UPDATE pg_index SET indisvalid = false
         WHERE indexrelid = 'task_history_step_idx_ccnew'::regclass",
    );
    store.run("CREATE INDEX theirs_idx ON task_history (recorded_at)");

    let found = store.diagnosis().await;

    let missing = the(&found, FindingCode::MissingIndex);
    assert!(
        missing.summary.contains("task_summary_list_idx"),
        "{missing:?}"
    );
    let invalid = the(&found, FindingCode::InvalidIndex);
    assert!(
        invalid.summary.contains("task_history_step_idx_ccnew"),
        "{invalid:?}"
    );
    assert!(invalid.advice.contains("tasktrail reindex"), "{invalid:?}");
    let unused = the(&found, FindingCode::UnusedIndex);
    assert!(unused.summary.contains("theirs_idx"), "{unused:?}");
    assert_eq!(unused.severity, Severity::Notice);
    let differs = found
        .findings
        .iter()
        .filter(|found| found.code == FindingCode::SchemaDrift);
    let differs: Vec<_> = differs.map(|found| &*found.summary).collect();
    assert_eq!(
        differs,
        ["the index task_history.theirs_idx differs from the one that the migrations create"],
        "an invalid index is reported once"
    );
}

#[tokio::test]
async fn index_advice_can_be_executed_on_either_layout() {
    let store = Store::new().await;
    for layout in ["plain", "partitioned"] {
        if layout == "partitioned" {
            let now = SystemClock.now();
            store.postgres.admin().partition(now, 1).await.unwrap();
        }
        store.run("DROP INDEX task_history_step_idx");
        store.run("CREATE INDEX \"Theirs\" ON task_history (recorded_at)");
        let found = store.diagnosis().await;

        let missing = &the(&found, FindingCode::MissingIndex).advice;
        let statement = missing.rsplit(": ").next().unwrap();
        let definition = statement.split("USING ").nth(1).unwrap();
        for table in store
            .postgres
            .admin()
            .partitions()
            .await
            .unwrap()
            .unwrap_or_default()
        {
            store.run(&format!(
                "CREATE INDEX CONCURRENTLY ON {} USING {definition}",
                table.name
            ));
        }
        store.run(statement);
        let unused = &the(&found, FindingCode::UnusedIndex).advice;
        for statement in unused.split(": ").nth(1).unwrap().split("; ") {
            store.run(statement);
        }

        let differences = store.postgres.check_schema().await.unwrap();
        assert!(differences.is_empty(), "{layout}: {differences:?}");
        let found = store.diagnosis().await;
        assert_eq!(troubles(&found), Vec::<&_>::new(), "{layout}");
        let steps = found.indexes.iter();
        let steps = steps.filter(|index| index.family == "task_history_step_idx");
        let tables = found.tables[0].partitions.max(1);
        assert_eq!(u64::try_from(steps.count()).unwrap(), tables, "{layout}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_rows_are_reported_with_the_cause() {
    let store = Store::new().await;
    store.run("ALTER TABLE task_summary SET (autovacuum_enabled = off)");
    store.fill(20_001, 1);
    store.run("UPDATE task_summary SET last_updated = now()");

    let runtime = tokio::runtime::Handle::current();
    let look = || runtime.block_on(store.diagnosis());
    let found = tokio::task::block_in_place(|| {
        wait_until("the server has counted the dead rows", || {
            look().tables[1].dead_rows == 20_001
        });
        look()
    });

    let dead = the(&found, FindingCode::DeadTuples);
    assert_eq!(
        dead.evidence,
        "20001 dead and 20001 live rows, last vacuum never"
    );
    let off = the(&found, FindingCode::AutovacuumOff);
    assert!(off.summary.contains("task_summary"), "{off:?}");
    the(&found, FindingCode::StaleStatistics);
}

#[tokio::test]
async fn long_transaction_is_reported_with_its_process() {
    let store = Store::new().await;
    store.run("CREATE TABLE theirs (id int)");
    let _open = TableLock::on(&store.database, "theirs");
    let options = DiagnosisOptions::default().with_long_transaction(Duration::ZERO);

    let found = store.postgres.admin().diagnose(&options).await.unwrap();

    let open = the(&found, FindingCode::LongTransaction);
    let transaction = &found.long_transactions[0];
    assert_eq!(
        (&*transaction.state, transaction.holds_vacuum),
        ("active", true)
    );
    let process = format!("pg_terminate_backend({})", transaction.pid);
    assert!(open.advice.contains(&process), "{open:?}");
}

/// The facts of a partitioned table are the sum of its partitions.
#[tokio::test]
async fn partitions_are_added_up_and_reindexed_one_by_one() {
    let store = Store::new().await;
    let made = store
        .postgres
        .admin()
        .partition(SystemClock.now(), 1)
        .await
        .unwrap();
    let partitions = made.len();
    store.fill(2_000, 10);
    store.postgres.admin().analyze(true).await.unwrap();

    let found = store.diagnosis().await;
    let steps = ["task_history_step_idx".to_owned()];
    let reindexed = store
        .postgres
        .admin()
        .reindex(&steps, |_| {}, std::future::pending())
        .await;

    assert_eq!(troubles(&found), Vec::<&_>::new());
    let entries = &found.tables[0];
    assert_eq!(usize::try_from(entries.partitions).unwrap(), partitions);
    assert_eq!(entries.live_rows, 2_000);
    assert!(entries.last_vacuum.is_some() && entries.index_bytes > 0);
    let parts = found
        .indexes
        .iter()
        .filter(|index| index.family == steps[0]);
    assert_eq!(parts.count(), partitions, "{:?}", found.indexes);
    assert_eq!(found.growth.unwrap().entries, 2_000);
    assert_eq!(reindexed.unwrap().done.len(), partitions);
}
