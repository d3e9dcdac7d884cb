//! Saves of many callers, with and without group commit, in turn, on a server that writes to its disk.
//!
//! `cargo bench -p tasktrail-tests --bench saves` (needs the programs of a PostgreSQL server, as
//! `scripts/postgres` finds or installs them).
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failed step ends the benchmark, and figures are printed"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tasktrail::clock::{Clock, SystemClock};
use tasktrail::task_history::{
    EntryIds, HistoryEntry, RandomEntryIds, StepNumber, TaskHistoryRepository, TaskKey, TaskStatus,
    TaskStepResult,
};
use tasktrail::{DatabaseConfig, DatabaseManager};
use tasktrail_test_support::{Server, ServerOptions, TestDatabase};

const ROUNDS: usize = 5;
const CALLERS: [u32; 5] = [1, 16, 64, 256, 1024];
const TIME: Duration = Duration::from_secs(2);

/// How many steps a task has before its caller begins the next one.
const STEPS: i32 = 10;

#[derive(Debug, Clone, Copy)]
struct Figures {
    per_second: f64,
    median: Duration,
    p99: Duration,
}

async fn manager(database: &TestDatabase, writers: u32) -> DatabaseManager {
    let config = DatabaseConfig::from_url(database.url())
        .and_then(|config| config.with_connections(20, 20))
        .unwrap()
        .with_postgres(|postgres| {
            postgres
                .with_group_commit(writers)
                .with_acquire_timeout(Duration::from_secs(30))
        })
        .with_resilience(tasktrail::resilience::ResilienceConfig {
            timeout: None,
            ..Default::default()
        });
    let manager = DatabaseManager::new(config);
    manager.connect().await.unwrap();
    manager
}

/// One caller after the other saves the steps of tasks of its own; gives the time of each save.
async fn call(
    history: Arc<dyn TaskHistoryRepository>,
    caller: String,
    stop: Arc<AtomicBool>,
) -> Vec<Duration> {
    let ids = RandomEntryIds::default();
    let mut times = Vec::new();
    for number in 0.. {
        let task = TaskKey::new(caller.as_str(), format!("task-{number}")).unwrap();
        for step in 0..STEPS {
            if stop.load(Ordering::Relaxed) {
                return times;
            }
            let now = SystemClock.now();
            let entry = HistoryEntry {
                id: ids.next(now),
                task: task.clone(),
                step: StepNumber::new(i64::from(step)).unwrap(),
                step_result: TaskStepResult::builder("fetch", TaskStatus::Completed)
                    .message("fetched 12 pages")
                    .build()
                    .unwrap(),
                recorded_at: now,
            };
            let began = Instant::now();
            history.save(&entry).await.unwrap();
            times.push(began.elapsed());
        }
    }
    times
}

async fn measure(manager: &DatabaseManager, callers: u32, round: usize) -> Figures {
    let stop = Arc::new(AtomicBool::new(false));
    let began = Instant::now();
    let calls: Vec<_> = (0..callers)
        .map(|caller| {
            let history = manager.task_history().unwrap();
            let name = format!("user-{round}-{callers}-{caller}-{:p}", Arc::as_ptr(&stop));
            tokio::spawn(call(history, name, Arc::clone(&stop)))
        })
        .collect();
    tokio::time::sleep(TIME).await;
    stop.store(true, Ordering::Relaxed);
    let mut times = Vec::new();
    for call in calls {
        times.extend(call.await.unwrap());
    }
    let took = began.elapsed();
    times.sort_unstable();
    let at = |percent: usize| times.get(times.len() * percent / 100).copied();
    Figures {
        per_second: f64::from(u32::try_from(times.len()).unwrap()) / took.as_secs_f64(),
        median: at(50).unwrap_or_default(),
        p99: at(99).unwrap_or_default(),
    }
}

/// The round with the median throughput.
fn median(mut rounds: Vec<Figures>) -> Figures {
    rounds.sort_by(|one, other| one.per_second.total_cmp(&other.per_second));
    rounds.swap_remove(rounds.len() / 2)
}

fn writers() -> Vec<u32> {
    let given = std::env::var("WRITERS").unwrap_or_else(|_| "0 2".to_owned());
    given
        .split(' ')
        .map(|number| number.parse().unwrap())
        .collect()
}

#[tokio::main]
async fn main() {
    let server: Server = ServerOptions::default().durable().start().unwrap();
    let mut managers = Vec::new();
    let databases: Vec<_> = writers()
        .into_iter()
        .map(|writers| (writers, TestDatabase::create(&server)))
        .collect();
    for (writers, database) in &databases {
        managers.push((*writers, manager(database, *writers).await));
    }
    println!("callers  writers  saves/s  median      p99");
    for callers in CALLERS {
        let mut rounds: Vec<_> = managers.iter().map(|_| Vec::new()).collect();
        for round in 0..ROUNDS {
            for ((_, manager), figures) in managers.iter().zip(&mut rounds) {
                figures.push(measure(manager, callers, round).await);
            }
        }
        for ((writers, _), figures) in managers.iter().zip(rounds) {
            let Figures {
                per_second,
                median,
                p99,
            } = median(figures);
            println!("{callers:>7}  {writers:>7}  {per_second:>7.0}  {median:<10.1?}  {p99:.1?}");
        }
    }
}
