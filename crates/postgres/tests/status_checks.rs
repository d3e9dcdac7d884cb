//! Batched status checks: each caller gets its own result.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tasktrail_conformance::fixture::Writer;
use tasktrail_domain::TaskKey;
use tasktrail_domain::repository::{ErrorKind, Result};
use tasktrail_domain::task_history::{TaskHistoryRepository, TaskStatus};
use tasktrail_postgres::{PostgresConfig, PostgresDatabase, PostgresTaskHistory};
use tasktrail_test_support::{TableLock, TestDatabase, wait_until};

const STATUSES: [TaskStatus; 3] = [
    TaskStatus::Running,
    TaskStatus::Completed,
    TaskStatus::Failed,
];

fn task(number: usize) -> TaskKey {
    TaskKey::new(format!("user-{}", number % 2), format!("task-{number}")).unwrap()
}

type Check = Pin<Box<dyn Future<Output = Result<Option<TaskStatus>>>>>;

/// A database and a history.
struct Fixture {
    postgres: PostgresDatabase,
    histories: Arc<PostgresTaskHistory<'static>>,
    database: TestDatabase,
}

impl Fixture {
    async fn new() -> Self {
        let database = TestDatabase::new();
        let config = PostgresConfig::from_url(database.url()).unwrap();
        let config = config
            .with_connections(2, 10)
            .unwrap()
            // At least as long as the lock is held, even if the test is slow.
            .with_statement_timeout(Duration::from_secs(600));
        let postgres = PostgresDatabase::connect(config).await.unwrap();
        postgres.migrate().await.unwrap();
        Self {
            histories: Arc::new(postgres.task_history()),
            postgres,
            database,
        }
    }

    /// Saves a step of each task.
    async fn with_tasks(statuses: &[TaskStatus]) -> Self {
        let fixture = Self::new().await;
        let writer = Writer::default();
        for (number, status) in statuses.iter().enumerate() {
            let entry = writer.step(&task(number), 0, *status);
            fixture.histories.save(&entry).await.unwrap();
        }
        fixture
    }

    /// Blocks all reads until it is dropped.
    fn lock(&self) -> TableLock {
        TableLock::on(&self.database, "task_summary")
    }

    /// Starts checks that wait for the table: the first one alone, two in separate statements, and
    /// the others in the queue. Verified with the number of sessions that wait for the lock.
    fn queued(&self, lock: &TableLock, tasks: impl IntoIterator<Item = TaskKey>) -> Vec<Check> {
        let mut checks = Vec::new();
        for (number, task) in tasks.into_iter().enumerate() {
            let histories = Arc::clone(&self.histories);
            let call = async move { histories.status(&task).await };
            let mut check: Check = if number == 0 {
                let alone = tokio::spawn(call);
                Box::pin(async { alone.await.unwrap() })
            } else {
                Box::pin(call)
            };
            assert!(check.as_mut().now_or_never().is_none());
            checks.push(check);
            wait_until("the check waits", || lock.waiting() == checks.len().min(3));
        }
        checks
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queued_checks_are_batched_and_get_their_own_results() {
    let fixture = Fixture::with_tasks(&STATUSES).await;
    let lock = fixture.lock();

    // Every fourth check is of an unknown task.
    let checks = fixture.queued(&lock, (0..100).map(|number| task(number % 4)));
    assert_eq!(lock.waiting(), 3);
    drop(lock);

    for (number, check) in checks.into_iter().enumerate() {
        let expected = STATUSES.get(number % 4).copied();
        assert_eq!(check.await.unwrap(), expected, "check {number}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn corrupt_row_fails_the_checks_of_its_task_only() {
    let fixture = Fixture::with_tasks(&[TaskStatus::Running; 2]).await;
    let database = &fixture.database;
    database
        .execute("ALTER TABLE task_summary DROP CONSTRAINT task_summary_step_status_check")
        .unwrap();
    database
        .execute("UPDATE task_summary SET step_status = 'lost' WHERE task_id = 'task-0'")
        .unwrap();
    let lock = fixture.lock();
    let checks = fixture.queued(&lock, (0..20).map(|number| task(number % 2)));
    drop(lock);

    for (number, check) in checks.into_iter().enumerate() {
        let answer = check.await;
        if number % 2 == 0 {
            assert_eq!(answer.unwrap_err().kind(), ErrorKind::Corrupt);
        } else {
            assert_eq!(answer.unwrap(), Some(TaskStatus::Running));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batched_check_sees_earlier_saves() {
    let fixture = Fixture::new().await;
    let writer = Arc::new(Writer::default());
    let callers = (0..32).map(|number| {
        let (histories, writer) = (Arc::clone(&fixture.histories), Arc::clone(&writer));
        tokio::spawn(async move {
            for (step, status) in (0..30).zip(STATUSES.into_iter().cycle()) {
                let entry = writer.step(&task(number), step, status);
                histories.save(&entry).await.unwrap();
                assert_eq!(
                    histories.status(&task(number)).await.unwrap(),
                    Some(status),
                    "caller {number}, step {step}"
                );
            }
        })
    });

    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_checks_use_no_connection() {
    let fixture = Fixture::new().await;
    let lock = fixture.lock();
    let mut checks = fixture.queued(&lock, (0..20).map(task));
    let with_statements = checks.drain(..3).collect::<Vec<_>>();

    drop(checks);
    drop(lock);
    for check in with_statements {
        assert_eq!(check.await.unwrap(), None);
    }
    // Runs after the cancelled ones.
    assert_eq!(fixture.histories.status(&task(0)).await.unwrap(), None);

    assert_eq!(fixture.postgres.pool_statistics().closed.abandoned, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statement_of_dropped_calls_ends_on_the_server() {
    let fixture = Fixture::new().await;
    let lock = fixture.lock();
    let mut checks = fixture.queued(&lock, (0..3).map(task));

    drop(checks.drain(1..).collect::<Vec<_>>());

    wait_until("only the check that went alone waits", || {
        lock.waiting() == 1
    });
    drop(lock);
    assert_eq!(checks.remove(0).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn close_lets_queued_checks_finish() {
    let fixture = Fixture::new().await;
    let lock = fixture.lock();
    let checks = fixture.queued(&lock, (0..20).map(task));

    let postgres = fixture.postgres.clone();
    let closing = tokio::spawn(async move { postgres.close(Duration::from_secs(30)).await });
    wait_until("the pool takes no more", || {
        let refused = fixture.histories.status(&task(0)).now_or_never();
        refused.is_some_and(|answer| answer.unwrap_err().kind() == ErrorKind::Closed)
    });
    drop(lock);

    for check in checks {
        assert_eq!(check.await.unwrap(), None);
    }
    let closing = closing.await.unwrap();
    assert_eq!(closing.cancelled, 0);
    assert!(closing.finished >= 20, "{closing:?}");
}
