//! Several stores in a database, each in its schema.

use std::sync::Arc;

use tasktrail_domain::task_history::{
    FinalStatus, RemovalLimits, RetentionPolicy, TaskHistoryRepository, TaskStatus,
};
use tasktrail_postgres::ExportSelection;
use tasktrail_postgres_admin::Administrable as _;
use tasktrail_postgres_admin::diagnosis::DiagnosisOptions;
use tasktrail_test_support::{TestDatabase, wait_until};

use super::schemas::{finish, store_in};
use super::{VERSIONS, in_schema, tables};

#[tokio::test]
async fn two_stores_in_one_database_are_isolated() {
    let database = TestDatabase::new();
    let (one, other) = (
        in_schema(&database, "one").await,
        in_schema(&database, "other").await,
    );
    one.migrate().await.unwrap();
    other.migrate().await.unwrap();

    assert_eq!(
        finish(&one, FinalStatus::Completed).await,
        Some(TaskStatus::Completed)
    );
    assert_eq!(
        finish(&other, FinalStatus::Failed).await,
        Some(TaskStatus::Failed)
    );

    let december = "2025-12-20T00:00:00Z".parse().unwrap();
    one.admin().partition(december, 1).await.unwrap();
    assert!(one.admin().partitions().await.unwrap().is_some());
    assert!(other.admin().partitions().await.unwrap().is_none());
    let diagnosis = one
        .admin()
        .diagnose(&DiagnosisOptions::default())
        .await
        .unwrap();
    assert!(
        diagnosis
            .tables
            .iter()
            .all(|table| table.qualified.starts_with("one."))
    );
    assert_eq!(diagnosis.connection.unwrap().schema.as_deref(), Some("one"));
    let mut export = one.export(&ExportSelection::default()).await.unwrap();
    while export.next_portion().await.unwrap().is_some() {}
    assert_eq!(export.tasks(), 1);
    let analyzed = other.admin().analyze(false).await.unwrap();
    assert_eq!(analyzed.len(), 11);

    let turns = (
        one.admin().maintenance_lock().await.unwrap(),
        other.admin().maintenance_lock().await.unwrap(),
    );
    assert!(
        turns.0.is_some() && turns.1.is_some(),
        "each store has its own maintenance lock"
    );
    let far = RetentionPolicy::every_task_before("2099-01-01T00:00:00Z".parse().unwrap());
    let batch = RemovalLimits::default();
    one.task_history()
        .remove_expired(&far, &batch)
        .await
        .unwrap();
    assert_eq!(
        finish(&other, FinalStatus::Completed).await,
        Some(TaskStatus::Failed)
    );
    one.revert().await.unwrap();
    assert_eq!(other.check_schema().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_processes_migrate_each_schema_once() {
    let database = TestDatabase::new();
    let mut migrating = Vec::new();
    for schema in ["one", "other"].repeat(4) {
        let postgres = in_schema(&database, schema).await;
        migrating.push(tokio::spawn(async move {
            postgres.migrate().await.unwrap().len()
        }));
    }
    let mut applied = 0;
    for process in migrating {
        applied += process.await.unwrap();
    }

    assert_eq!(applied, 2 * VERSIONS.len());
    assert_eq!(
        tables(&database),
        [store_in("one"), store_in("other")].concat()
    );
}

/// Holds the migration lock of `public`, whose key is the one of earlier versions.
const HOLD: &str = "SELECT pg_advisory_lock(8386110886492922217); SELECT pg_sleep(60)";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrations_of_different_schemas_run_concurrently() {
    let database = Arc::new(TestDatabase::new());
    let holder = Arc::clone(&database);
    let holder = tokio::task::spawn_blocking(move || holder.execute(HOLD));
    wait_until("the lock is held", || {
        let held = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted";
        !database.execute(held).unwrap().is_empty()
    });

    let migrated = in_schema(&database, "shop").await.migrate().await;

    let let_go = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                  WHERE datname = current_database() AND query LIKE '%pg_sleep(60)'
                    AND pid <> pg_backend_pid()";
    database.execute(let_go).unwrap();
    holder.await.unwrap().unwrap_err();
    assert_eq!(migrated.unwrap(), VERSIONS);
}
