//! The whole life of a store through PgBouncer in transaction mode leaves nothing in its sessions.

use std::future::pending;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::try_join_all;
use tasktrail_conformance::fixture::{Edit, Writer, task_of};
use tasktrail_domain::id::{IdGenerator, SequentialIdGenerator};
use tasktrail_domain::task_history::{
    HistoryEntry, RemovalLimits, RetentionPolicy, TaskHistoryRepository, TaskHistoryRepositoryExt,
    TaskStatus,
};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_postgres::{ExportSelection, PostgresDatabase};
use tasktrail_postgres_admin::Administrable as _;
use tasktrail_postgres_admin::diagnosis::DiagnosisOptions;
use tasktrail_test_support::PoolMode::Transaction;
use tasktrail_test_support::{TestDatabase, wait_until};

use super::fixture::{Fixture, patient};

fn on(day: &str) -> Timestamp {
    format!("{day}T00:00:00Z").parse().unwrap()
}

fn entry(ids: &SequentialIdGenerator, task: &str, step: u16, day: &str) -> HistoryEntry {
    let entry = Writer::default().step(&task_of("alice", task), step, TaskStatus::Completed);
    entry.recorded(on(day)).under(ids.next(on(day)).into())
}

/// Asserts that no session of PgBouncer holds a lock or a transaction.
fn assert_nothing_held(database: &TestDatabase) {
    let held = "SELECT locktype FROM pg_locks JOIN pg_stat_activity USING (pid)
                WHERE datname = current_database() AND pid <> pg_backend_pid()
                  AND (locktype = 'advisory' OR state LIKE 'idle in transaction%')";
    wait_until("no lock and no transaction is left", || {
        database.execute(held).unwrap().is_empty()
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn life_of_a_store_leaves_no_lock_transaction_or_setting() {
    let fixture = Fixture::migrated(Transaction).await;
    let (owner, runtime) = (fixture.owner().await, fixture.runtime().await);
    save_and_drop_calls(&runtime).await;
    partition(&owner).await;
    remove(&owner, &runtime).await;
    let exported = runtime.export(&ExportSelection::default()).await.unwrap();
    drop(exported);
    let diagnosis = owner.admin().diagnose(&DiagnosisOptions::default()).await;
    assert!(diagnosis.unwrap().connection.unwrap().through_pooler);
    owner.admin().analyze(true).await.unwrap();
    let reindexed = owner.admin().reindex(&[], |_index| {}, pending()).await;
    assert!(!reindexed.unwrap().done.is_empty());
    drop(owner.admin().maintenance_lock().await.unwrap().unwrap());
    assert_eq!(owner.check_schema().await.unwrap(), []);

    assert_nothing_held(&fixture.database);
    // Opening a connection checks the settings of the session that it gets.
    try_join_all((0..10).map(|_| runtime.connector().open_alone(Duration::ZERO)))
        .await
        .unwrap();
    let direct = PostgresDatabase::connect(patient(&fixture.database.url())).await;
    let lock = direct.unwrap().admin().maintenance_lock().await.unwrap();
    assert!(lock.is_some(), "a lock was left behind");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn held_lock_excludes_other_processes_but_holds_nothing_back() {
    let fixture = Fixture::migrated(Transaction).await;
    let (owner, runtime) = (fixture.owner().await, fixture.runtime().await);
    let direct = PostgresDatabase::connect(patient(&fixture.database.url())).await;
    let direct = direct.unwrap();

    let lock = owner.admin().maintenance_lock().await.unwrap().unwrap();

    assert!(runtime.admin().maintenance_lock().await.unwrap().is_none());
    assert!(direct.admin().maintenance_lock().await.unwrap().is_none());
    let holder = "SELECT backend_xmin IS NULL AND backend_xid IS NULL FROM pg_stat_activity
                  WHERE datname = current_database() AND state = 'idle in transaction'";
    let held = fixture.database.execute(holder).unwrap();
    assert_eq!(held, [[Some("t".to_owned())]]);
    let options = DiagnosisOptions::default().with_long_transaction(Duration::ZERO);
    let diagnosis = direct.admin().diagnose(&options).await.unwrap();
    assert_eq!(diagnosis.long_transactions, []);
    drop(lock);
    assert_nothing_held(&fixture.database);
    assert!(direct.admin().maintenance_lock().await.unwrap().is_some());
}

/// Saves entries, drops some calls while they run, and saves their entries again.
async fn save_and_drop_calls(runtime: &PostgresDatabase) {
    let (histories, ids) = (runtime.task_history(), SequentialIdGenerator::default());
    for number in 0..20 {
        let entry = entry(&ids, &format!("task-{number}"), 0, "2026-01-05");
        // Polled once, so that the statement is sent.
        let _dropped = histories.save(&entry).now_or_never();
        histories.save(&entry).await.unwrap();
    }
    let far = entry(&ids, "far", 0, "2400-01-01");
    histories.save(&far).await.unwrap();
    let alice = task_of("alice", "task-7");
    assert_eq!(histories.trail_all(&alice).await.unwrap().len(), 1);
}

/// Partitions a table with an entry that is dated years ahead, and extends it.
async fn partition(owner: &PostgresDatabase) {
    for month in ["2026-02-10", "2026-03-10"] {
        owner.admin().partition(on(month), 1).await.unwrap();
    }
    let partitions = owner.admin().partitions().await.unwrap();
    assert!(partitions.unwrap().len() > 3);
}

/// Drops the partition with the old entries, and removes rows one by one.
async fn remove(owner: &PostgresDatabase, runtime: &PostgresDatabase) {
    let policy = RetentionPolicy::every_task_before(on("2026-04-01"));
    let admin = owner.admin();
    let outlook = admin.partition_outlook(&policy, on("2026-04-01")).await;
    assert!(outlook.unwrap().is_some());
    let dropped = admin.drop_expired_partitions(&policy, None).await;
    let dropped = dropped.unwrap();
    assert!(
        dropped.iter().any(|partition| partition.dropped),
        "{dropped:?}"
    );
    let limits = RemovalLimits::default();
    let histories = runtime.task_history();
    histories.remove_expired(&policy, &limits).await.unwrap();
}
