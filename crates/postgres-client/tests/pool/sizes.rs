//! How many connections the pool opens and closes, and its statistics.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use tasktrail_domain::TaskKey;
use tasktrail_domain::task_history::TaskHistoryRepository;
use tasktrail_postgres::{PoolStatistics, PostgresConfig, PostgresDatabase};
use tasktrail_test_support::{ServerOptions, TableLock, TestDatabase, wait_until};

use crate::locked::{Locked, open};

/// At least two connections, at most four, and seven in a burst.
fn burst(config: PostgresConfig) -> PostgresConfig {
    config.with_connections(2, 4).unwrap().with_burst(3)
}

fn two(config: PostgresConfig) -> PostgresConfig {
    config.with_connections(2, 2).unwrap()
}

/// Makes `number` calls at once.
async fn calls(postgres: &PostgresDatabase, number: usize) {
    let histories = postgres.task_history();
    let task = TaskKey::new("user", "task").unwrap();
    let calls = (0..number).map(|_| histories.status(&task));
    for answer in join_all(calls).await {
        answer.unwrap();
    }
}

fn sizes(statistics: &PoolStatistics) -> (u32, u32, u32, u32) {
    (
        statistics.size,
        statistics.idle,
        statistics.in_use,
        statistics.waiting,
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pool_opens_the_minimum_and_grows_to_the_maximum_plus_burst() {
    let mut locked = Locked::new(burst).await;
    let before = locked.postgres.pool_statistics();
    assert_eq!(sizes(&before), (2, 2, 0, 0));
    assert_eq!((before.maximum, before.usage_percent()), (7, 0.0));

    let saves = locked.saves(10, 7);

    let full = locked.postgres.pool_statistics();
    assert_eq!(sizes(&full), (7, 0, 7, 3));
    assert_eq!((full.opened, full.usage_percent()), (7, 100.0));
    assert_eq!(full.longest_held.unwrap().operation, "task_history.save");
    locked.unlock();
    for save in join_all(saves).await {
        save.unwrap().unwrap();
    }
    let after = locked.postgres.pool_statistics();
    assert_eq!((after.in_use, after.waiting), (0, 0));
    assert_eq!((after.waits.number, after.waits.timed_out), (3, 0));
    assert!(after.waits.longest > Duration::ZERO, "{after:?}");
    assert!(after.waits.total >= after.waits.longest, "{after:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn surplus_connections_are_closed_and_the_minimum_is_kept() {
    let mut locked =
        Locked::new(|config| burst(config).with_idle_timeout(Duration::from_secs(1))).await;
    let saves = locked.saves(7, 7);
    locked.unlock();
    for save in join_all(saves).await {
        save.unwrap().unwrap();
    }

    wait_until("the pool to shrink to the minimum", || {
        locked.postgres.pool_statistics().size == 2
    });

    let statistics = locked.postgres.pool_statistics();
    assert_eq!(statistics.closed.idle, 5);
    assert_eq!((statistics.opened, statistics.idle), (7, 2));
    let sessions = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'tasktrail'
                    AND datname = current_database()";
    wait_until("the server to have two sessions", || {
        locked.database.execute(sessions).unwrap().len() == 2
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_closed_by_the_server_are_replaced_without_a_failed_call() {
    let database = TestDatabase::new();
    let postgres = open(&database, two).await;
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE application_name = 'tasktrail' AND datname = current_database()";
    assert!(database.execute(end).unwrap().len() >= 2);

    wait_until("both connections to be replaced", || {
        let statistics = postgres.pool_statistics();
        statistics.closed.broken == 2 && statistics.idle == 2
    });
    calls(&postgres, 2).await;
    assert_eq!(postgres.pool_statistics().in_use, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn expired_connections_are_closed_on_return() {
    let database = TestDatabase::new();
    let postgres = open(&database, |config| {
        two(config).with_max_lifetime(Duration::from_secs(1))
    })
    .await;

    let runtime = tokio::runtime::Handle::current();
    wait_until("both connections to be replaced", || {
        tokio::task::block_in_place(|| runtime.block_on(calls(&postgres, 2)));
        postgres.pool_statistics().closed.lifetime >= 2
    });

    assert_eq!(postgres.pool_statistics().closed.broken, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leaked_connection_is_counted_with_its_operation() {
    let database = TestDatabase::new();
    let postgres = open(&database, |config| {
        two(config).with_leak_threshold(Duration::from_secs(1))
    })
    .await;
    let histories = postgres.task_history();
    let task = TaskKey::new("user", "task").unwrap();
    // The lock keeps the call from finishing in its first poll.
    let _lock = TableLock::on(&database, "task_summary");
    let mut abandoned = Box::pin(histories.status(&task));
    assert!(abandoned.as_mut().now_or_never().is_none());

    wait_until("the leak to be reported", || {
        postgres.pool_statistics().leaks == 1
    });

    let held = postgres.pool_statistics().longest_held.unwrap();
    assert_eq!(held.operation, "task_history.status");
    assert!(held.held_for >= Duration::from_secs(1), "{held:?}");
    drop(abandoned);
    wait_until("the connection to be returned", || {
        postgres.pool_statistics().in_use == 0
    });
}

/// Whether a call succeeds within `limit`.
async fn answers_within(limit: Duration, postgres: &PostgresDatabase) -> bool {
    let histories = postgres.task_history();
    let task = TaskKey::new("user", "task").unwrap();
    let call = tokio::time::timeout(limit, histories.status(&task)).await;
    call.is_ok_and(|answer| answer.is_ok())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn surplus_suspect_connections_are_closed() {
    let mut locked =
        Locked::new(|config| burst(config).with_idle_timeout(Duration::from_secs(1))).await;
    let saves = locked.saves(7, 7);
    saves[0].abort();
    locked.unlock();
    drop(join_all(saves).await);

    wait_until("the pool to shrink to the minimum", || {
        locked.postgres.pool_statistics().size == 2
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_are_validated_after_an_abandoned_call() {
    let server = ServerOptions::default().start().unwrap();
    let database = TestDatabase::create(&server);
    let postgres = open(&database, |config| {
        config
            .with_connections(4, 4)
            .unwrap()
            .with_idle_timeout(Duration::from_secs(60))
            .with_acquire_timeout(Duration::from_secs(60))
    })
    .await;

    server.freeze();
    let short = Duration::from_millis(300);
    assert!(
        !answers_within(short, &postgres).await,
        "the server is frozen"
    );
    server.thaw();
    // Wait until the server responds again.
    database.execute("SELECT 1").unwrap();
    let long = Duration::from_secs(60);
    assert!(
        answers_within(long, &postgres).await,
        "another connection passes validation"
    );
    assert_eq!(postgres.pool_statistics().closed.broken, 0);

    server.freeze();
    assert!(!answers_within(short, &postgres).await);
    let histories = postgres.task_history();
    let task = TaskKey::new("user", "task").unwrap();
    let waiting = tokio::spawn(async move { histories.status(&task).await });
    wait_until("all remaining connections but one to be closed", || {
        postgres.pool_statistics().closed.broken >= 2
    });
    server.thaw();
    waiting.await.unwrap().unwrap();
}
