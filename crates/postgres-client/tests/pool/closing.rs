//! What a close does to calls that are under way, that wait, and that come later.

use std::time::Duration;

use tasktrail_domain::repository::{Effect, ErrorChain, ErrorKind};
use tasktrail_domain::task_history::{TaskHistoryRepository, TaskKey};
use tasktrail_test_support::{TestDatabase, wait_until};

use crate::locked::{Call, Locked, open};

/// A database of two connections, and three saves: one of them waits for a connection.
async fn three_saves_on_two_connections() -> (Locked, Vec<Call>) {
    let locked = Locked::new(|config| config.with_connections(2, 2).unwrap()).await;
    let calls = locked.saves(3, 2);
    (locked, calls)
}

/// How many calls succeeded, were refused with nothing done, and were cancelled.
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
async fn calls_that_finish_in_time_finish() {
    let (mut locked, calls) = three_saves_on_two_connections().await;
    let postgres = locked.postgres.clone();
    let closing = tokio::spawn(async move { postgres.close(Duration::from_secs(30)).await });
    wait_until("the waiting call is refused", || {
        calls.iter().filter(|call| call.is_finished()).count() == 1
    });

    locked.unlock();

    let closing = closing.await.unwrap();
    assert_eq!(
        (closing.finished, closing.cancelled, closing.rejected),
        (2, 0, 1)
    );
    assert_eq!(outcomes(calls).await, (2, 1, 0));
    let statistics = locked.postgres.pool_statistics();
    assert_eq!((statistics.size, statistics.in_use), (0, 0));
    assert_eq!(statistics.closed.pool_closed, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_take_longer_are_cancelled_on_the_server() {
    let (mut locked, calls) = three_saves_on_two_connections().await;

    let closing = locked.postgres.close(Duration::from_millis(100)).await;

    assert_eq!(
        (closing.finished, closing.cancelled, closing.rejected),
        (0, 2, 1)
    );
    // The lock is still held: the close has not waited for the statements, which end after ten minutes.
    assert!(closing.took < Duration::from_secs(60), "{closing:?}");
    assert_eq!(outcomes(calls).await, (0, 1, 2));
    wait_until("nothing waits for the table", || locked.at_work() == 0);
    locked.unlock();
    assert_eq!(locked.postgres.pool_statistics().closed.abandoned, 2);
}

#[tokio::test]
async fn later_calls_and_a_second_close_find_it_closed() {
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
