//! The network stalls in either direction: every call ends within its time limit, and saves resume
//! when the stall ends.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failed step of a test panics, and figures are printed"
)]

use std::time::{Duration, Instant};

use tasktrail::repository::ErrorChain;
use tasktrail::{DatabaseConfig, DatabaseManager};
use tasktrail_test_support::{Direction, Proxy, Server, TestDatabase, wait_until};
use tasktrail_tests::saves::number;
use tasktrail_tests::writers::Writers;

const WRITERS: usize = 32;
const CONNECTIONS: u32 = 8;

/// The default time limit of a call with its retries.
const LIMIT: Duration = Duration::from_secs(15);

/// The time within which saves must succeed after the stall, on an idle machine: the breaker's
/// cool-down, doubled at most once by a second probe, and the backoff of a retry.
const RECOVERY: Duration = Duration::from_secs(5);

async fn survives_a_stall(direction: Direction) {
    let database = TestDatabase::new();
    let proxy = Proxy::to(Server::shared().addr());
    let config = DatabaseConfig::from_url(proxy.url(&database.url()))
        .and_then(|config| config.with_connections(CONNECTIONS, CONNECTIONS))
        .unwrap();
    let manager = DatabaseManager::new(config);
    manager.connect().await.unwrap();
    let history = manager.task_history().unwrap();
    let writers = Writers::start(&history, WRITERS);
    writers.wait_until_all_save("every writer saves");
    let slack = writers.slack();

    proxy.stall(direction);
    let stalled = Instant::now();
    writers.wait_until_all_fail("every writer fails");
    let stall = stalled.elapsed();
    proxy.release();
    let released = Instant::now();
    writers.wait_until_all_save("every writer saves again");
    let recovered = released.elapsed();

    let written = writers.finish(&*history).await;
    let (first, all) = written.first_and_all_since(released);
    println!(
        "{direction:?} stalled for {stall:?}: {} calls failed in {:?} at most, the first of {WRITERS} \
         writers saved {first:?} after the release, all {all:?}; {} saves acknowledged, 0 lost",
        written.failed.len(),
        written.longest,
        written.acknowledged.len(),
    );
    let (_, error) = written.failed.first().unwrap();
    println!("one of the failed calls: {}", ErrorChain(error));
    println!("slack on this machine: {slack:?}");
    assert!(
        written.longest <= LIMIT + slack,
        "a call took {:?}; limit {LIMIT:?} plus {slack:?} of slack",
        written.longest
    );
    assert!(
        recovered <= RECOVERY + slack,
        "saves took {recovered:?}; limit {RECOVERY:?} plus {slack:?} of slack"
    );
    wait_until("surplus connections to close", || {
        connections(&database) <= CONNECTIONS
    });
}

fn connections(database: &TestDatabase) -> u32 {
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                    AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
    number(database, sessions).try_into().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_with_stalled_requests_end_in_time_and_the_pool_recovers() {
    survives_a_stall(Direction::ClientToServer).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_with_stalled_responses_end_in_time_and_the_pool_recovers() {
    survives_a_stall(Direction::ServerToClient).await;
}
