//! Dropped calls: no statement continues on the server, and no busy connection is reused.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failed step of a test is a panic, and a figure is printed"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::join_all;
use tasktrail_conformance::fixture::Writer;
use tasktrail_domain::TaskKey;
use tasktrail_domain::repository::{ErrorKind, PageRequest};
use tasktrail_domain::task_history::{HistoryEntry, TaskHistoryRepository, TaskStatus};
use tasktrail_postgres::{PostgresConfig, PostgresDatabase, PostgresTaskHistory};
use tasktrail_test_support::{TableLock, TestDatabase, wait_until};

/// The acquire timeout of the pool.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

async fn histories(database: &TestDatabase, connections: u32) -> Arc<PostgresTaskHistory<'static>> {
    let config = PostgresConfig::from_url(database.url())
        .and_then(|config| config.with_connections(connections, connections))
        .unwrap()
        .with_acquire_timeout(ACQUIRE_TIMEOUT)
        .with_group_commit(0);
    let postgres = PostgresDatabase::connect(config).await.unwrap();
    postgres.migrate().await.unwrap();
    Arc::new(postgres.task_history())
}

/// Number of other sessions of the database that execute a statement or wait for a lock.
fn active(database: &TestDatabase) -> usize {
    let sessions = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()
                    AND pid <> pg_backend_pid() AND state <> 'idle'
                    AND backend_type = 'client backend' AND query NOT LIKE '%AS holding'";
    database.execute(sessions).unwrap().len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_calls_end_on_the_server_and_free_their_connections() {
    let database = TestDatabase::new();
    let histories = histories(&database, 4).await;
    let task = TaskKey::new("user", "task").unwrap();
    let entries = Writer::default().steps(&task, 4);
    let lock = TableLock::on(&database, "task_history");
    let calls: Vec<_> = entries
        .into_iter()
        .map(|entry| {
            let histories = Arc::clone(&histories);
            tokio::spawn(async move { histories.save(&entry).await })
        })
        .collect();
    wait_until("four saves wait for the table", || active(&database) == 4);
    let refused = histories
        .save(&Writer::default().steps(&task, 5)[4])
        .await
        .unwrap_err();
    assert_eq!(
        refused.kind(),
        ErrorKind::Contention,
        "all four connections are in use"
    );

    let dropped = Instant::now();
    for call in &calls {
        call.abort();
    }

    // The lock is still held, so the saves end because they were dropped.
    wait_until("no save is left on the server", || active(&database) == 0);
    drop(lock);
    let page = PageRequest::default();
    let reads = (0..4).map(|_| histories.load(&task, &page));
    let loaded = futures_util::future::try_join_all(reads).await.unwrap();
    println!("4 of 4 connections back after {:?}", dropped.elapsed());
    assert!(
        loaded.iter().all(|page| page.items.is_empty()),
        "a dropped save left something"
    );
}

/// Saves each entry, but drops some calls after one or more polls, in no particular order. Returns
/// how many calls were dropped. Of four calls, one is dropped after its first poll and one is
/// awaited, so both kinds occur on any machine.
async fn drop_midway(histories: &PostgresTaskHistory<'_>, entries: &[HistoryEntry]) -> u32 {
    let mut dropped = 0;
    for (number, entry) in (0..).zip(entries) {
        let mut save = Box::pin(histories.save(entry));
        let until = Instant::now() + Duration::from_micros(number * 7919 % 30_000);
        let mut done = save.as_mut().now_or_never().is_some();
        let goes_on = || match number % 4 {
            0 => false,
            1 => true,
            _ => Instant::now() < until,
        };
        while !done && goes_on() {
            tokio::task::yield_now().await;
            done = save.as_mut().now_or_never().is_some();
        }
        dropped += u32::from(!done);
    }
    dropped
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_calls_among_two_thousand_leave_nothing_behind() {
    let database = TestDatabase::new();
    let histories = histories(&database, 4).await;
    let task = TaskKey::new("user", "task").unwrap();
    let entries = Writer::default().steps(&task, 2000);

    let callers = entries
        .chunks(entries.len() / 8)
        .map(|entries| drop_midway(&histories, entries));
    let dropped: u32 = join_all(callers).await.into_iter().sum();

    wait_until("no statement is left on the server", || {
        active(&database) == 0
    });
    let kept = histories
        .load(&task, &PageRequest::default())
        .await
        .unwrap();
    assert!(kept.items.iter().all(|entry| entries.contains(entry)));
    println!("{dropped} of 2000 calls dropped midway: no statement and no connection left over");
    assert!((400..=1500).contains(&dropped), "{dropped}");
    for entry in &entries {
        assert_eq!(histories.save(entry).await.unwrap(), TaskStatus::Running);
    }
    let sessions = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()
                    AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
    wait_until("no connection is left over", || {
        database.execute(sessions).unwrap().len() <= 4
    });
}
