//! 256 callers want 4 connections whose statements wait for a lock: they are served in their order, or
//! told how long they waited and behind how many, and afterwards nobody waits.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a failed step of a test is a panic, and figures are printed"
)]

use std::pin::Pin;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::try_join_all;
use tasktrail::repository::{Chain, Effect, ErrorKind, RepositoryError, Result};
use tasktrail::resilience::ResilienceConfig;
use tasktrail::task_history::{TaskHistoryRepository, TaskKey, TaskStatus};
use tasktrail::{DatabaseConfig, DatabaseManager};
use tasktrail_test_support::{TestDatabase, wait_until};
use tasktrail_tests::saves::{entry, number};

const CALLERS: usize = 256;
const CONNECTIONS: usize = 4;

/// How long a call waits for a connection in the test in which that is too long.
const PATIENCE: Duration = Duration::from_millis(500);

/// What a busy machine adds.
const SLACK: Duration = Duration::from_secs(1);

type Call = Pin<Box<dyn Future<Output = Result<TaskStatus>> + Send>>;

/// A store with four connections.
async fn store(
    database: &TestDatabase,
    configure: impl FnOnce(DatabaseConfig) -> DatabaseConfig,
) -> Arc<dyn TaskHistoryRepository> {
    let config = DatabaseConfig::from_url(database.url())
        .and_then(|config| config.with_connections(4, 4))
        .unwrap();
    // Each save by itself: it is the pool that is tested, and not what saves share.
    let config = config.with_postgres(|postgres| postgres.with_group_commit(0));
    let manager = DatabaseManager::new(configure(config));
    manager.connect().await.unwrap();
    manager.task_history().unwrap()
}

/// So many calls, each of a caller with a task of its own.
fn calls(history: &Arc<dyn TaskHistoryRepository>, count: usize) -> Vec<Call> {
    let call = |caller| -> Call {
        let history = Arc::clone(history);
        let task = TaskKey::new("user", format!("{caller:03}")).unwrap();
        Box::pin(async move { history.save(&entry(&task, 0)).await })
    };
    (0..count).map(call).collect()
}

/// The same calls when they have asked for a connection, one after the other, and none has an answer.
fn queued(mut calls: Vec<Call>) -> Vec<Call> {
    for call in &mut calls {
        let answer = call.as_mut().now_or_never();
        assert!(answer.is_none(), "{answer:?}");
    }
    calls
}

/// Another session that has locked the table.
struct Lock<'a> {
    database: &'a Arc<TestDatabase>,
    session: JoinHandle<()>,
}

impl<'a> Lock<'a> {
    fn take(database: &'a Arc<TestDatabase>) -> Self {
        let locked = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted
                      AND relation = 'task_history'::regclass";
        let session = thread::spawn({
            let database = Arc::clone(database);
            move || {
                let lock = "BEGIN; LOCK TABLE task_history IN ACCESS EXCLUSIVE MODE; \
                            SELECT pg_sleep(60)";
                database.execute(lock).unwrap_err();
            }
        });
        wait_until("the table is locked", || number(database, locked) == 1);
        Self { database, session }
    }

    fn release(self) {
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event = 'PgSleep'";
        self.database.execute(end).unwrap();
        self.session.join().unwrap();
    }
}

/// How many statements wait for a lock.
fn waiting(database: &TestDatabase) -> usize {
    let blocked = "SELECT count(*) FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    number(database, blocked)
}

/// The callers in the order in which the server accepted their entries.
fn accepted(database: &TestDatabase) -> Vec<String> {
    let tasks = "SELECT task_id FROM task_history ORDER BY id";
    database
        .execute(tasks)
        .unwrap()
        .into_iter()
        .flatten()
        .flatten()
        .collect()
}

/// How many callers, at most, were served before one who had asked before them.
fn most_overtaken(served: &[String]) -> usize {
    let overtook = |(place, caller): (usize, &String)| {
        served[place..]
            .iter()
            .filter(|later| *later < caller)
            .count()
    };
    served
        .iter()
        .enumerate()
        .map(overtook)
        .max()
        .unwrap_or_default()
}

/// Ends all calls, which all succeed; tells how long that took.
async fn all_served(calls: Vec<Call>) -> Duration {
    let started = Instant::now();
    try_join_all(calls).await.unwrap();
    started.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_are_served_in_the_order_in_which_they_asked() {
    let database = Arc::new(TestDatabase::new());
    let history = store(&database, |config| config).await;
    let lock = Lock::take(&database);
    let calls = tokio::spawn(all_served(queued(calls(&history, CALLERS))));
    wait_until("every connection waits", || {
        waiting(&database) == CONNECTIONS
    });

    lock.release();

    let took = calls.await.unwrap();
    let served = accepted(&database);
    assert_eq!(served.len(), CALLERS);
    let overtaken = most_overtaken(&served);
    println!(
        "{CALLERS} callers, {CONNECTIONS} connections: all served in {took:?}, in order but for \
         {overtaken} that were under way together at most"
    );
    assert!(overtaken < CONNECTIONS, "{served:?}");
    assert_idle(&database);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_who_wait_in_vain_are_told_how_long_and_behind_how_many() {
    let database = Arc::new(TestDatabase::new());
    let history = store(&database, impatient).await;
    let lock = Lock::take(&database);
    let started = Instant::now();
    let mut asked: Vec<_> = queued(calls(&history, CALLERS))
        .into_iter()
        .map(tokio::spawn)
        .collect();
    let queue = asked.split_off(CONNECTIONS);
    for (ahead, call) in queue.into_iter().enumerate() {
        let error = call.await.unwrap().unwrap_err();
        assert_eq!(
            (error.kind(), error.effect()),
            (ErrorKind::Contention, Effect::None)
        );
        assert_eq!(callers_ahead(&error), Some(ahead), "{}", Chain(&error));
    }
    let told = started.elapsed();
    assert!(told >= PATIENCE);
    assert!(told < PATIENCE + SLACK, "the last was told after {told:?}");
    assert_eq!(waiting(&database), CONNECTIONS);

    lock.release();

    for call in asked {
        assert_eq!(call.await.unwrap().unwrap(), TaskStatus::Running);
    }
    assert_eq!(accepted(&database).len(), CONNECTIONS);
    assert_idle(&database);
    let four = all_served(calls(&history, CONNECTIONS)).await;
    let all = all_served(calls(&history, CALLERS)).await;
    println!(
        "{CALLERS} callers, {CONNECTIONS} connections that wait: {} told after {told:?}; after that \
         {CONNECTIONS} calls took {four:?}, {CALLERS} calls {all:?}",
        CALLERS - CONNECTIONS
    );
    assert!(four < SLACK, "the pool was not free: {four:?}");
}

/// What a caller who waited in vain is told, in the middle of a line.
fn callers_ahead(error: &RepositoryError) -> Option<usize> {
    let waited = format!("no connection became free within {PATIENCE:?}, with ");
    let said = Chain(error).to_string();
    let (_, ahead) = said.split_once(&waited)?;
    match ahead.split(' ').next()? {
        "nobody" => Some(0),
        number => number.parse().ok(),
    }
}

/// Without retries: they would only ask again.
fn impatient(config: DatabaseConfig) -> DatabaseConfig {
    let resilience = ResilienceConfig {
        retry: None,
        ..ResilienceConfig::default()
    };
    config
        .with_resilience(resilience)
        .with_postgres(|postgres| postgres.with_acquire_timeout(PATIENCE))
}

/// No session works or waits, and there are no more of them than connections.
fn assert_idle(database: &TestDatabase) {
    let sessions = "FROM pg_stat_activity WHERE datname = current_database()
                    AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
    let at_work = format!("SELECT count(*) {sessions} AND state <> 'idle'");
    wait_until("no session is at work", || number(database, &at_work) == 0);
    // Those of earlier questions may still be ending.
    let all = format!("SELECT count(*) {sessions}");
    wait_until("there are as many sessions as connections", || {
        number(database, &all) == CONNECTIONS
    });
}
