//! The server is killed repeatedly while many writers save: no acknowledged save is lost.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failed step of a test panics, and figures are printed"
)]

use std::sync::Arc;
use std::time::Duration;

use tasktrail::{DatabaseConfig, DatabaseManager};
use tasktrail_test_support::{Server, ServerOptions, TestDatabase, wait_until};
use tasktrail_tests::saves::entries;
use tasktrail_tests::writers::Writers;

const WRITERS: usize = 32;
const KILLS: usize = 5;

/// The maximum duration of a call on an idle machine: 15 s for all retries, and the last attempt.
const LIMIT: Duration = Duration::from_secs(21);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killing_the_server_five_times_loses_no_acknowledged_save() {
    let server = Arc::new(ServerOptions::default().durable().start().unwrap());
    let database = TestDatabase::create(&server);
    let config = DatabaseConfig::from_url(database.url())
        .unwrap()
        .with_connections(4, 16)
        .unwrap();
    let manager = DatabaseManager::new(config);
    manager.connect().await.unwrap();
    let history = manager.task_history().unwrap();
    let writers = Writers::start(&history, WRITERS);
    writers.wait_until_all_save("every writer saves");
    let slack = writers.slack();

    for _ in 0..KILLS {
        kill_after_more_saves(&server, &database).await;
    }
    let alive = entries(&database);
    wait_until("saves succeed again", || entries(&database) > alive);

    let written = writers.finish(&*history).await;
    let longest = written.longest;
    println!(
        "{KILLS} kills, {WRITERS} writers: {} saves acknowledged, 0 lost, \
         {} calls failed, the longest took {longest:?}",
        written.acknowledged.len(),
        written.failed.len(),
    );
    assert!(
        longest <= LIMIT + slack,
        "a call took {longest:?}; limit {LIMIT:?} plus {slack:?} of slack"
    );
}

async fn kill_after_more_saves(server: &Arc<Server>, database: &TestDatabase) {
    let before = entries(database);
    wait_until("more saves", || entries(database) > before + 100);
    let server = Arc::clone(server);
    let restart = move || {
        server.kill();
        server.restart();
    };
    tokio::task::spawn_blocking(restart).await.unwrap();
}
