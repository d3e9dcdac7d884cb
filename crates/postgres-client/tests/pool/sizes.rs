//! What the pool opens, what it gives back, what it tells.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use tasktrail_domain::task_history::{TaskHistoryRepository, TaskKey};
use tasktrail_postgres::{PoolStatistics, PostgresConfig, PostgresDatabase};
use tasktrail_test_support::{ServerOptions, TableLock, TestDatabase, wait_until};

use crate::locked::{Locked, open};

/// Two connections, four in use, seven in a burst.
fn burst(config: PostgresConfig) -> PostgresConfig {
    config.with_connections(2, 4).unwrap().with_burst(3)
}

fn two(config: PostgresConfig) -> PostgresConfig {
    config.with_connections(2, 2).unwrap()
}

/// As many calls at once.
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
async fn it_opens_the_minimum_and_grows_to_the_maximum_and_the_burst() {
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
async fn what_it_can_do_without_is_given_back_and_the_minimum_stays() {
    let mut locked =
        Locked::new(|config| burst(config).with_idle_timeout(Duration::from_secs(1))).await;
    let saves = locked.saves(7, 7);
    locked.unlock();
    for save in join_all(saves).await {
        save.unwrap().unwrap();
    }

    wait_until("the minimum is left", || {
        locked.postgres.pool_statistics().size == 2
    });

    let statistics = locked.postgres.pool_statistics();
    assert_eq!(statistics.closed.idle, 5);
    assert_eq!((statistics.opened, statistics.idle), (7, 2));
    let sessions = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'tasktrail'
                    AND datname = current_database()";
    wait_until("the server has two sessions", || {
        locked.database.execute(sessions).unwrap().len() == 2
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_the_server_ends_are_replaced_without_a_failed_call() {
    let database = TestDatabase::new();
    let postgres = open(&database, two).await;
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE application_name = 'tasktrail' AND datname = current_database()";
    assert!(database.execute(end).unwrap().len() >= 2);

    wait_until("both have been replaced", || {
        let statistics = postgres.pool_statistics();
        statistics.closed.broken == 2 && statistics.idle == 2
    });
    calls(&postgres, 2).await;
    assert_eq!(postgres.pool_statistics().in_use, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_end_with_their_lifetime_when_they_come_back() {
    let database = TestDatabase::new();
    let postgres = open(&database, |config| {
        two(config).with_max_lifetime(Duration::from_secs(1))
    })
    .await;

    let runtime = tokio::runtime::Handle::current();
    wait_until("both have been replaced", || {
        tokio::task::block_in_place(|| runtime.block_on(calls(&postgres, 2)));
        postgres.pool_statistics().closed.lifetime >= 2
    });

    assert_eq!(postgres.pool_statistics().closed.broken, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_has_its_connection_for_too_long_is_counted_as_a_leak_by_name() {
    let database = TestDatabase::new();
    let postgres = open(&database, |config| {
        two(config).with_leak_threshold(Duration::from_secs(1))
    })
    .await;
    let histories = postgres.task_history();
    let task = TaskKey::new("user", "task").unwrap();
    // The lock keeps the call from finishing in its first poll.
    let _lock = TableLock::on(&database, "task_summary");
    let mut forgotten = Box::pin(histories.status(&task));
    assert!(forgotten.as_mut().now_or_never().is_none());

    wait_until("the leak is reported", || {
        postgres.pool_statistics().leaks == 1
    });

    let held = postgres.pool_statistics().longest_held.unwrap();
    assert_eq!(held.operation, "task_history.status");
    assert!(held.held_for >= Duration::from_secs(1), "{held:?}");
    drop(forgotten);
    wait_until("the connection is back", || {
        postgres.pool_statistics().in_use == 0
    });
}

/// Whether a call succeeds before it gives up.
async fn answers_within(limit: Duration, postgres: &PostgresDatabase) -> bool {
    let histories = postgres.task_history();
    let task = TaskKey::new("user", "task").unwrap();
    let call = tokio::time::timeout(limit, histories.status(&task)).await;
    call.is_ok_and(|answer| answer.is_ok())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_in_doubt_is_given_back_as_well() {
    let mut locked =
        Locked::new(|config| burst(config).with_idle_timeout(Duration::from_secs(1))).await;
    let saves = locked.saves(7, 7);
    saves[0].abort();
    locked.unlock();
    drop(join_all(saves).await);

    wait_until("the minimum is left", || {
        locked.postgres.pool_statistics().size == 2
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_call_was_given_up_idle_connections_have_to_prove_themselves() {
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
    assert!(!answers_within(short, &postgres).await, "it hangs");
    server.thaw();
    // Once it has answered others it is as quick as ever.
    database.execute("SELECT 1").unwrap();
    let long = Duration::from_secs(60);
    assert!(
        answers_within(long, &postgres).await,
        "another one proves itself"
    );
    assert_eq!(postgres.pool_statistics().closed.broken, 0);

    server.freeze();
    assert!(!answers_within(short, &postgres).await);
    let histories = postgres.task_history();
    let task = TaskKey::new("user", "task").unwrap();
    let waiting = tokio::spawn(async move { histories.status(&task).await });
    wait_until("all that are left have ended but one", || {
        postgres.pool_statistics().closed.broken >= 2
    });
    server.thaw();
    waiting.await.unwrap().unwrap();
}
