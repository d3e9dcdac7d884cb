//! 256 callers share 4 connections, whose statements wait for a lock. The callers are served in
//! order, or time out with an error that has the wait time and the queue position. After that, no
//! caller waits.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a failed step of a test panics, and figures are printed"
)]

use std::pin::Pin;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::try_join_all;
use tasktrail::TaskKey;
use tasktrail::repository::{Effect, ErrorChain, ErrorKind, RepositoryError, Result};
use tasktrail::resilience::{ResilienceConfig, TimeoutConfig};
use tasktrail::task_history::{TaskHistoryRepository, TaskStatus};
use tasktrail::{DatabaseConfig, DatabaseManager};
use tasktrail_test_support::{TestDatabase, wait_until};
use tasktrail_tests::saves::{entries, entry, number};

const CALLERS: usize = 256;
const CONNECTIONS: usize = 4;

/// The acquire timeout in the test in which calls time out.
const ACQUIRE_TIMEOUT: Duration = Duration::from_millis(500);

/// The acquire timeout in the other test, and the timeout of attempts: longer than any step on a
/// busy machine.
const LONG: Duration = Duration::from_secs(120);

type Call = Pin<Box<dyn Future<Output = Result<TaskStatus>> + Send>>;

/// A store with four connections.
async fn store(
    database: &TestDatabase,
    configure: impl FnOnce(DatabaseConfig) -> DatabaseConfig,
) -> Arc<dyn TaskHistoryRepository> {
    let config = DatabaseConfig::from_url(database.url())
        .and_then(|config| config.with_connections(4, 4))
        .unwrap();
    // Without group commit, because this tests the pool.
    let config = config.with_postgres(|postgres| postgres.with_group_commit(0));
    let manager = DatabaseManager::new(configure(config));
    manager.connect().await.unwrap();
    manager.task_history().unwrap()
}

/// Creates `count` calls, each for its own task.
fn calls(history: &Arc<dyn TaskHistoryRepository>, count: usize) -> Vec<Call> {
    let call = |caller| -> Call {
        let history = Arc::clone(history);
        let task = TaskKey::new("user", format!("{caller:03}")).unwrap();
        Box::pin(async move { history.save(&entry(&task, 0)).await })
    };
    (0..count).map(call).collect()
}

/// Polls each call once, in order, so that it waits for a connection.
fn queued(mut calls: Vec<Call>) -> Vec<Call> {
    for call in &mut calls {
        let answer = call.as_mut().now_or_never();
        assert!(answer.is_none(), "{answer:?}");
    }
    calls
}

/// Another session that holds a lock on the table.
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
                            SELECT pg_sleep(600)";
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

/// Returns the number of statements that wait for a lock.
fn waiting(database: &TestDatabase) -> usize {
    let blocked = "SELECT count(*) FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    number(database, blocked)
}

/// Makes the server record the session that saved an entry.
fn note_sessions(database: &TestDatabase) {
    let noted = "ALTER TABLE task_history ADD COLUMN session int DEFAULT pg_backend_pid()";
    database.execute(noted).unwrap();
}

/// Returns the callers of each session, in the order in which the server accepted their entries.
fn accepted(database: &TestDatabase) -> Vec<Vec<String>> {
    let tasks = "SELECT session, task_id FROM task_history ORDER BY session, id";
    let rows = database.execute(tasks).unwrap();
    let sessions = rows.chunk_by(|one, next| one[0] == next[0]);
    sessions
        .map(|rows| rows.iter().filter_map(|row| row[1].clone()).collect())
        .collect()
}

/// Waits until all calls succeed, and returns how long that took.
async fn all_served(calls: Vec<Call>) -> Duration {
    let started = Instant::now();
    try_join_all(calls).await.unwrap();
    started.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_are_served_in_order_of_arrival() {
    let database = Arc::new(TestDatabase::new());
    let history = store(&database, |config| with_timeouts(config, LONG)).await;
    note_sessions(&database);
    let lock = Lock::take(&database);
    let calls = tokio::spawn(all_served(queued(calls(&history, CALLERS))));
    wait_until("every connection waits", || {
        waiting(&database) == CONNECTIONS
    });

    lock.release();

    let took = calls.await.unwrap();
    let served = accepted(&database);
    assert_eq!(served.len(), CONNECTIONS);
    assert_eq!(served.concat().len(), CALLERS);
    println!("{CALLERS} callers, {CONNECTIONS} connections: all served in {took:?}");
    // Sessions may differ in speed, but each connection goes to the caller that has waited longest.
    assert!(
        served.iter().all(|callers| callers.is_sorted()),
        "{served:?}"
    );
    assert_idle(&database);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acquire_timeout_reports_wait_time_and_queue_position() {
    let database = Arc::new(TestDatabase::new());
    let history = store(&database, |config| with_timeouts(config, ACQUIRE_TIMEOUT)).await;
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
            (ErrorKind::Contention, Effect::NotApplied)
        );
        assert_eq!(callers_ahead(&error), Some(ahead), "{}", ErrorChain(&error));
    }
    let took = started.elapsed();
    // The lock is still held, so the calls ended because of the timeout.
    assert!(took >= ACQUIRE_TIMEOUT);
    wait_until("the others still wait for the table", || {
        waiting(&database) == CONNECTIONS
    });

    lock.release();

    for call in asked {
        assert_eq!(call.await.unwrap().unwrap(), TaskStatus::Running);
    }
    assert_eq!(entries(&database), CONNECTIONS);
    assert_idle(&database);
    // As many concurrent calls as connections, so that none waits.
    let mut all = Duration::ZERO;
    for _ in 0..CALLERS / CONNECTIONS {
        all += all_served(calls(&history, CONNECTIONS)).await;
    }
    println!(
        "{CALLERS} callers, {CONNECTIONS} blocked connections: {} calls timed out after {took:?}; after that \
         {CALLERS} calls took {all:?}",
        CALLERS - CONNECTIONS
    );
}

/// Returns the queue position from the error of a call that timed out.
fn callers_ahead(error: &RepositoryError) -> Option<usize> {
    let waited = format!("no connection became free within {ACQUIRE_TIMEOUT:?}, with ");
    let message = ErrorChain(error).to_string();
    let (_, ahead) = message.split_once(&waited)?;
    ahead.split(' ').next()?.parse().ok()
}

/// Sets a timeout for connections, and a long one for attempts. Disables retries, which would only
/// queue again.
fn with_timeouts(config: DatabaseConfig, acquire_timeout: Duration) -> DatabaseConfig {
    let resilience = ResilienceConfig::default().with_retry(None).with_timeout(
        TimeoutConfig::default()
            .with_attempt(LONG)
            .with_long_attempt(LONG),
    );
    config
        .with_resilience(resilience)
        .with_postgres(|postgres| postgres.with_acquire_timeout(acquire_timeout))
}

/// Panics unless all sessions become idle, with one session for each connection.
fn assert_idle(database: &TestDatabase) {
    let sessions = "FROM pg_stat_activity WHERE datname = current_database()
                    AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
    let at_work = format!("SELECT count(*) {sessions} AND state <> 'idle'");
    wait_until("no session is at work", || number(database, &at_work) == 0);
    // Sessions of earlier queries may still be closing.
    let all = format!("SELECT count(*) {sessions}");
    wait_until("there are as many sessions as connections", || {
        number(database, &all) == CONNECTIONS
    });
}
