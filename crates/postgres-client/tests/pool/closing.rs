//! How closing the pool affects running, waiting and later calls.

use std::time::Duration;

use tasktrail_domain::TaskKey;
use tasktrail_domain::repository::{Effect, ErrorChain, ErrorKind};
use tasktrail_domain::task_history::TaskHistoryRepository;
use tasktrail_test_support::{TestDatabase, wait_until};

use crate::locked::{Call, Locked, open};

/// A database with two connections and three saves. One save waits for a connection.
async fn three_saves_on_two_connections() -> (Locked, Vec<Call>) {
    let locked = Locked::new(|config| config.with_connections(2, 2).unwrap()).await;
    let calls = locked.saves(3, 2);
    (locked, calls)
}

/// The number of calls that succeeded, were refused without effect, and were interrupted.
async fn outcomes(calls: Vec<Call>) -> (u32, u32, u32) {
    let mut outcomes = (0, 0, 0);
    for call in calls {
        let Err(error) = call.await.unwrap() else {
            outcomes.0 += 1;
            continue;
        };
        match (error.kind(), error.effect()) {
            (ErrorKind::Closed, Effect::NotApplied) => outcomes.1 += 1,
            (ErrorKind::Closed, Effect::Unknown) => outcomes.2 += 1,
            _ => panic!("{}", ErrorChain(&error)),
        }
    }
    outcomes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_finish_before_the_deadline_succeed() {
    let (mut locked, calls) = three_saves_on_two_connections().await;
    let postgres = locked.postgres.clone();
    let closing = tokio::spawn(async move { postgres.close(Duration::from_secs(30)).await });
    wait_until("the waiting call to be refused", || {
        calls.iter().filter(|call| call.is_finished()).count() == 1
    });

    locked.unlock();

    let report = closing.await.unwrap();
    assert_eq!(
        (report.finished, report.cancelled, report.rejected),
        (2, 0, 1)
    );
    assert_eq!(outcomes(calls).await, (2, 1, 0));
    let statistics = locked.postgres.pool_statistics();
    assert_eq!((statistics.size, statistics.in_use), (0, 0));
    assert_eq!(statistics.closed.pool_closed, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_still_running_at_the_deadline_are_cancelled_on_the_server() {
    let (mut locked, calls) = three_saves_on_two_connections().await;

    let report = locked.postgres.close(Duration::from_millis(100)).await;

    assert_eq!(
        (report.finished, report.cancelled, report.rejected),
        (0, 2, 1)
    );
    // The lock is still held: close did not wait for the statements, which time out after ten
    // minutes.
    assert!(report.took < Duration::from_secs(60), "{report:?}");
    assert_eq!(outcomes(calls).await, (0, 1, 2));
    wait_until("the saves to stop waiting for the table", || {
        locked.waiting_for_table() == 0
    });
    locked.unlock();
    assert_eq!(locked.postgres.pool_statistics().closed.abandoned, 2);
}

#[tokio::test]
async fn later_calls_fail_and_second_close_does_nothing() {
    let database = TestDatabase::new();
    let postgres = open(&database, |config| config.with_connections(1, 1).unwrap()).await;
    let histories = postgres.task_history();

    postgres.close(Duration::from_secs(5)).await;

    let task = TaskKey::new("u", "t").unwrap();
    let error = histories.status(&task).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Closed, Effect::NotApplied)
    );
    assert_eq!(
        ErrorChain(&error).to_string(),
        "task_history.status: the store was closed"
    );
    let again = postgres.close(Duration::from_secs(5)).await;
    assert_eq!((again.finished, again.cancelled, again.rejected), (0, 0, 0));
}
