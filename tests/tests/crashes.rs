//! The server dies, again and again, under many writers: what was acknowledged is there afterwards.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failed step of a test is a panic, and figures are printed"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tasktrail::clock::{Clock, SystemClock};
use tasktrail::repository::RepositoryError;
use tasktrail::task_history::{
    EntryIds, HistoryEntry, RandomEntryIds, StepNumber, TaskHistoryRepository,
    TaskHistoryRepositoryExt, TaskKey, TaskStatus, TaskStepResult,
};
use tasktrail::{DatabaseConfig, DatabaseManager};
use tasktrail_test_support::{Server, ServerOptions, TestDatabase, wait_until};

const WRITERS: u16 = 32;
const KILLS: usize = 5;

/// The longest that a call may take: the retries' total time of 15 s, and the last attempt's.
const LIMIT: Duration = Duration::from_secs(21);

#[derive(Debug, Default)]
struct Written {
    acknowledged: Vec<HistoryEntry>,
    failed: Vec<RepositoryError>,
    longest: Duration,
}

/// Saves one entry after the other until it is told to stop.
async fn write(
    history: Arc<dyn TaskHistoryRepository>,
    task: TaskKey,
    stop: Arc<AtomicBool>,
) -> Written {
    let (clock, ids) = (SystemClock, RandomEntryIds::default());
    let mut written = Written::default();
    for step in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let recorded_at = clock.now();
        let entry = HistoryEntry {
            id: ids.next(recorded_at),
            task: task.clone(),
            step: StepNumber::new(step).unwrap(),
            step_result: TaskStepResult::builder("step", TaskStatus::Running)
                .build()
                .unwrap(),
            recorded_at,
        };
        let started = Instant::now();
        match history.save(&entry).await {
            Ok(_) => written.acknowledged.push(entry),
            Err(error) => written.failed.push(error),
        }
        written.longest = written.longest.max(started.elapsed());
    }
    written
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_five_times_loses_no_acknowledged_save() {
    let server = Arc::new(ServerOptions::default().durable().start().unwrap());
    let database = TestDatabase::create(&server);
    let config = DatabaseConfig::from_url(database.url())
        .unwrap()
        .with_connections(4, 16)
        .unwrap();
    let manager = DatabaseManager::new(config);
    manager.connect().await.unwrap();
    let history = manager.task_history().unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let task = TaskKey::new("user", format!("writer-{writer}")).unwrap();
            tokio::spawn(write(Arc::clone(&history), task, Arc::clone(&stop)))
        })
        .collect();

    for _ in 0..KILLS {
        kill_after_more_saves(&server, &database).await;
    }
    let alive = entries(&database);
    wait_until("saves succeed again", || entries(&database) > alive);
    stop.store(true, Ordering::Relaxed);

    let mut acknowledged = 0;
    let (mut failed, mut longest) = (0, Duration::ZERO);
    for writer in writers {
        let written = writer.await.unwrap();
        acknowledged += written.acknowledged.len();
        failed += written.failed.len();
        longest = longest.max(written.longest);
        assert_all_there(&*history, &written).await;
    }
    println!(
        "{KILLS} kills, {WRITERS} writers: {acknowledged} saves acknowledged, 0 lost, \
         {failed} calls failed, the longest took {longest:?}"
    );
    assert!(longest <= LIMIT, "a caller waited {longest:?}");
}

async fn kill_after_more_saves(server: &Arc<Server>, database: &TestDatabase) {
    let before = entries(database);
    wait_until("saves are under way", || entries(database) > before + 100);
    let server = Arc::clone(server);
    let restart = move || {
        server.kill();
        server.restart();
    };
    tokio::task::spawn_blocking(restart).await.unwrap();
}

fn entries(database: &TestDatabase) -> u64 {
    let count = database
        .execute("SELECT count(*) FROM task_history")
        .unwrap();
    count
        .into_iter()
        .flatten()
        .flatten()
        .next()
        .unwrap()
        .parse()
        .unwrap()
}

/// Every acknowledged entry is there once, and the summary counts what is there.
async fn assert_all_there(history: &dyn TaskHistoryRepository, written: &Written) {
    let Some(first) = written.acknowledged.first() else {
        return;
    };
    let trail = history.trail_all(&first.task).await.unwrap();
    for entry in &written.acknowledged {
        let found = trail.iter().filter(|there| there.id == entry.id).count();
        assert_eq!(found, 1, "{} of {}", entry.id, entry.task);
    }
}
