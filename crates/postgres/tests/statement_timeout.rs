//! The statement timeout on the server depends on the operation.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]

use std::sync::Arc;
use std::time::Duration;

use tasktrail_conformance::fixture::Writer;
use tasktrail_domain::TaskKey;
use tasktrail_domain::repository::{Effect, ErrorKind, RepositoryError};
use tasktrail_domain::task_history::{
    RemovalLimits, RetentionPolicy, Scope, TaskHistoryRepository, TaskStatus,
};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_postgres::{PostgresConfig, PostgresDatabase, PostgresTaskHistory};
use tasktrail_test_support::{TableLock, TestDatabase, wait_until};

const SHORT: Duration = Duration::from_millis(100);
const LONG: Duration = Duration::from_secs(600);

async fn history(
    database: &TestDatabase,
    statement: Duration,
    long: Duration,
) -> Arc<PostgresTaskHistory<'static>> {
    let config = PostgresConfig::from_url(database.url())
        .unwrap()
        .with_statement_timeout(statement)
        .with_long_statement_timeout(long);
    let postgres = PostgresDatabase::connect(config).await.unwrap();
    postgres.migrate().await.unwrap();
    Arc::new(postgres.task_history())
}

fn task() -> TaskKey {
    TaskKey::new("user", "task").unwrap()
}

fn assert_timed_out<T: std::fmt::Debug>(answer: Result<T, RepositoryError>) {
    let error = answer.unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::TimedOut, Effect::NotApplied)
    );
    assert!(!error.is_outage(), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operations_that_grow_with_the_history_have_the_long_timeout() {
    let database = TestDatabase::new();
    let history = history(&database, SHORT, LONG).await;
    let entry = Writer::default().step(&task(), 0, TaskStatus::Running);
    history.save(&entry).await.unwrap();
    let policy = RetentionPolicy::every_task_before(Timestamp::MAX);
    let lock = TableLock::on(&database, "task_summary");
    let long = tokio::spawn({
        let history = Arc::clone(&history);
        let policy = policy.clone();
        async move {
            let batch = RemovalLimits::default();
            let counted = tokio::join!(
                history.count(&Scope::Everyone),
                history.expired(&policy),
                history.remove_expired(&policy, &batch),
            );
            (counted.0.unwrap(), counted.1.unwrap(), counted.2.unwrap())
        }
    });
    wait_until("the three wait for the table", || lock.waiting() == 3);

    // It started later and has timed out, so the others have waited for longer than the short
    // limit.
    assert_timed_out(history.status(&task()).await);

    assert_eq!(lock.waiting(), 3);
    drop(lock);
    let (counts, _expired, removal) = long.await.unwrap();
    assert!(counts.tasks <= 1);
    assert_eq!(removal.tasks, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_operation_times_out_at_its_own_limit() {
    let database = TestDatabase::new();
    let history = history(&database, SHORT, SHORT * 2).await;
    let _lock = TableLock::on(&database, "task_summary");

    assert_timed_out(history.count(&Scope::Everyone).await);
}
