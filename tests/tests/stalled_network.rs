//! The network holds what is sent, either way: every call ends in its time, and after that everything
//! goes on by itself.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failed step of a test is a panic, and figures are printed"
)]

use std::time::{Duration, Instant};

use tasktrail::repository::ErrorChain;
use tasktrail::{DatabaseConfig, DatabaseManager};
use tasktrail_test_support::{Direction, Proxy, Server, TestDatabase, wait_until};
use tasktrail_tests::saves::number;
use tasktrail_tests::writers::Writers;

const WRITERS: usize = 32;
const CONNECTIONS: u32 = 8;

/// The total time of a call with its retries, by default.
const LIMIT: Duration = Duration::from_secs(15);

/// How long calls may be refused after the network is back: the breaker's cool-down, which no more
/// than a second probe can have doubled by then, and the backoff of a retry, on an idle machine.
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
    writers.wait_until_all_fail("every writer is told");
    let told = stalled.elapsed();
    proxy.release();
    let released = Instant::now();
    writers.wait_until_all_save("every writer saves again");
    let recovered = released.elapsed();

    let written = writers.finish(&*history).await;
    let (first, all) = written.first_and_all_since(released);
    println!(
        "{direction:?} stalled for {told:?}: {} calls failed in {:?} at most, the first of {WRITERS} \
         writers saved {first:?} after the release, all {all:?}; {} saves acknowledged, 0 lost",
        written.failed.len(),
        written.longest,
        written.acknowledged.len(),
    );
    let (_, error) = written.failed.first().unwrap();
    println!("one of the failed calls: {}", ErrorChain(error));
    println!("on this machine a step may take {slack:?} longer");
    assert!(
        written.longest <= LIMIT + slack,
        "a call took {:?}, and {slack:?} of slack",
        written.longest
    );
    assert!(
        recovered <= RECOVERY + slack,
        "it took {recovered:?}, and {slack:?} of slack"
    );
    wait_until("no connection is left over", || {
        connections(&database) <= CONNECTIONS
    });
}

fn connections(database: &TestDatabase) -> u32 {
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                    AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
    number(database, sessions).try_into().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_whose_requests_are_held_end_in_time_and_the_pool_recovers() {
    survives_a_stall(Direction::ClientToServer).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_whose_answers_are_held_end_in_time_and_the_pool_recovers() {
    survives_a_stall(Direction::ServerToClient).await;
}
