//! Table maintenance: statistics, dead rows and indexes.

use tasktrail_postgres_admin::Administrable as _;
use tasktrail_postgres_admin::TableMaintenanceError;
use tasktrail_test_support::{TableLock, TestDatabase, wait_until};

use super::store::{Store, open, sound};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn analyze_updates_statistics_and_vacuum_removes_dead_rows() {
    let store = Store::new().await;
    store.run(
        "ALTER TABLE task_summary SET (autovacuum_enabled = off);
               ALTER TABLE task_history SET (autovacuum_enabled = off)",
    );
    store.fill(1_000, 1);
    store.run("UPDATE task_summary SET last_updated = now()");

    let analyzed = store.postgres.admin().analyze(false).await.unwrap();
    let vacuumed = store.postgres.admin().analyze(true).await.unwrap();

    let rows =
        |table: &tasktrail_postgres_admin::AnalyzedTable| (table.rows_before, table.rows_after);
    assert_eq!(
        analyzed[..2].iter().map(rows).collect::<Vec<_>>(),
        [(0, 1_000), (0, 1_000)]
    );
    assert_eq!(vacuumed[1].dead_before, 1_000);
    assert_eq!(vacuumed[1].dead_after, 0);
}

#[tokio::test]
async fn analyze_without_tables_is_refused() {
    let database = TestDatabase::create(sound());
    let postgres = open(database.url()).await;

    let refused = postgres.admin().analyze(false).await.unwrap_err();

    assert!(
        matches!(refused, TableMaintenanceError::NoSchema),
        "{refused}"
    );
}

#[tokio::test]
async fn reindex_removes_free_space() {
    let store = Store::new().await;
    store.fill(20_000, 1);
    store.run("DELETE FROM task_summary WHERE task_id NOT LIKE '%7'");
    let mut started = Vec::new();
    let only = ["task_summary_pkey".to_owned()];

    let done = store
        .postgres
        .admin()
        .reindex(
            &only,
            |index| started.push(index.name.clone()),
            std::future::pending(),
        )
        .await
        .unwrap();

    assert_eq!(started, only);
    let [pkey] = done.done.as_slice() else {
        panic!("{done:?}");
    };
    assert!(pkey.bytes_after < pkey.bytes_before / 5, "{pkey:?}");
    assert!(!done.stopped && done.removed.is_empty());
}

#[tokio::test]
async fn stopped_reindex_starts_no_further_index() {
    let store = Store::new().await;

    let stopped = store
        .postgres
        .admin()
        .reindex(&[], |_| {}, async {})
        .await
        .unwrap();
    let admin = store.postgres.admin();
    let next = admin.reindex(&[], |_| {}, std::future::pending());
    let next = next.await.unwrap();

    assert!(stopped.stopped && stopped.done.len() <= 1, "{stopped:?}");
    assert_eq!((next.done.len(), next.stopped), (25, false));
    assert!(store.postgres.check_schema().await.unwrap().is_empty());
}

#[tokio::test]
async fn unknown_index_is_refused_by_reindex_and_plan() {
    let store = Store::new().await;
    let only = ["nothing".to_owned()];

    let refused = store
        .postgres
        .admin()
        .reindex(&only, |_| {}, async {})
        .await;
    let planned = store.postgres.admin().plan_reindex(&only).await;

    for refused in [refused.unwrap_err(), planned.unwrap_err()] {
        assert!(
            matches!(refused, TableMaintenanceError::UnknownIndex { .. }),
            "{refused}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn next_reindex_removes_leftovers_of_a_stopped_one() {
    let store = Store::new().await;
    // A concurrent reindex waits for transactions that may see the old index.
    store.run("CREATE TABLE theirs (id int)");
    let reader = TableLock::on(&store.database, "theirs");
    let only = ["task_summary_list_idx".to_owned()];
    let built = async {
        let waits = "SELECT 1 FROM pg_stat_progress_create_index WHERE phase LIKE 'waiting%'";
        tokio::task::block_in_place(|| {
            wait_until("the reindex waits for the reader", || {
                !store.database.execute(waits).unwrap().is_empty()
            });
        });
    };

    let stopped = store.postgres.admin().reindex(&only, |_| {}, built).await;
    drop(reader);
    let next = store
        .postgres
        .admin()
        .reindex(&only, |_| {}, std::future::pending())
        .await;

    let stopped = stopped.unwrap();
    assert!(stopped.stopped && stopped.done.is_empty(), "{stopped:?}");
    let next = next.unwrap();
    assert_eq!(next.removed, ["public.task_summary_list_idx_ccnew"]);
    assert_eq!(next.done.len(), 1);
    assert!(store.postgres.check_schema().await.unwrap().is_empty());
}
