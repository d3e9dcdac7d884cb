//! The disk of the data or of the write-ahead log is full: calls fail with an error, and no
//! acknowledged save is lost once there is space again.
//!
//! `scripts/test-as-root` runs these tests: only root may mount a small disk.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failed step of a test panics, and figures are printed"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use tasktrail::repository::{ErrorChain, ErrorKind};
use tasktrail::task_history::TaskHistoryRepository;
use tasktrail::{DatabaseConfig, DatabaseManager};
use tasktrail_test_support::{Disk, Server, ServerOptions, TestDatabase, wait_until};
use tasktrail_tests::writers::{Writers, Written};

const WRITERS: usize = 32;

/// Size of the data disk in MiB: empty databases, and space for some thousand saves.
const DATA: u32 = 96;

/// Size of the WAL disk in MiB: four segments, of which an empty server has one.
const LOG: u32 = 64;

const CAUSE: &str = "No space left on device";

/// The default time limit of a call with its retries.
const LIMIT: Duration = Duration::from_secs(15);

async fn store(database: &TestDatabase) -> Arc<dyn TaskHistoryRepository> {
    let config = DatabaseConfig::from_url(database.url())
        .and_then(|config| config.with_connections(4, 16))
        .unwrap();
    let manager = DatabaseManager::new(config);
    manager.connect().await.unwrap();
    manager.task_history().unwrap()
}

fn report(disk: &str, full: Duration, freed: Instant, written: &Written) {
    let (first, all) = written.first_and_all_since(freed);
    let named = written
        .failed
        .iter()
        .filter(|(_, error)| ErrorChain(error).to_string().contains(CAUSE));
    println!(
        "{disk} full for {full:?}: {} calls failed, {} of them named the cause, the longest took {:?}; \
         {WRITERS} writers saved again {first:?} to {all:?} after there was space; {} saves \
         acknowledged, 0 lost",
        written.failed.len(),
        named.count(),
        written.longest,
        written.acknowledged.len(),
    );
    let (_, error) = written.failed.first().unwrap();
    println!("one of the failed calls: {}", ErrorChain(error));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs root: mounts a tmpfs"]
async fn a_full_data_disk_is_reported_and_saves_resume_when_it_is_freed() {
    let disk = Disk::mount(DATA).unwrap();
    let options = ServerOptions::default().durable().data_in(disk.path());
    let server = options.start().unwrap();
    let database = TestDatabase::create(&server);
    let history = store(&database).await;
    let writers = Writers::start(&history, WRITERS);
    writers.wait_until_all_save("every writer saves");
    let slack = writers.slack();

    disk.fill();
    let filled = Instant::now();
    writers.wait_until_all_fail("every writer fails");
    let full = filled.elapsed();
    disk.free();
    let freed = Instant::now();
    writers.wait_until_all_save("every writer saves again");

    let written = writers.finish(&*history).await;
    report("data disk", full, freed, &written);
    for (_, error) in &written.failed {
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(
            ErrorChain(error).to_string().contains(CAUSE),
            "{}",
            ErrorChain(error)
        );
    }
    assert!(
        written.longest <= LIMIT + slack,
        "a call took {:?}",
        written.longest
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs root: mounts a tmpfs"]
async fn a_full_wal_disk_loses_no_acknowledged_save() {
    let disk = Disk::mount(LOG).unwrap();
    let options = ServerOptions::default()
        .durable()
        .setting("min_wal_size", "32MB")
        .setting("max_wal_size", "48MB")
        .wal_in(disk.path());
    let server = Arc::new(options.start().unwrap());
    let database = TestDatabase::create(&server);
    let history = store(&database).await;
    let writers = Writers::start(&history, WRITERS);
    writers.wait_until_all_save("every writer saves");
    let slack = writers.slack();

    disk.fill();
    let filled = Instant::now();
    wait_until("the server to panic", || {
        // Switching segments uses up the space that the WAL already has.
        let _ = database.execute("SELECT pg_switch_wal()");
        server.log().contains("PANIC")
    });
    writers.wait_until_all_fail("every writer fails");
    let full = filled.elapsed();
    disk.free();
    let freed = Instant::now();
    restart(&server).await;
    writers.wait_until_all_save("every writer saves again");

    let written = writers.finish(&*history).await;
    report("WAL disk", full, freed, &written);
    let log = server.log();
    let panic = log.lines().find(|line| line.contains("PANIC")).unwrap();
    assert!(panic.contains(CAUSE), "{panic}");
    for (_, error) in &written.failed {
        assert_eq!(error.kind(), ErrorKind::Unavailable);
    }
    assert!(
        written.longest <= LIMIT + slack,
        "a call took {:?}",
        written.longest
    );
}

/// Stops the server first: depending on how far it came without space, it may still run.
async fn restart(server: &Arc<Server>) {
    let server = Arc::clone(server);
    let restart = move || {
        server.stop_immediately();
        server.restart();
    };
    tokio::task::spawn_blocking(restart).await.unwrap();
}
