//! Transactions of several calls, in both modes.

use tasktrail_conformance::fixture::{Writer, task_of};
use tasktrail_domain::TaskKey;
use tasktrail_domain::repository::ErrorKind;
use tasktrail_domain::task_history::{HistoryEntry, TaskHistoryRepository, TaskStatus};
use tasktrail_postgres::diesel_async::SimpleAsyncConnection;
use tasktrail_postgres::{PostgresDatabase, PostgresTransaction};
use tasktrail_test_support::PoolMode::{self, Session, Transaction};

use super::fixture::Fixture;

struct Saved {
    runtime: PostgresDatabase,
    task: TaskKey,
    entry: HistoryEntry,
}

impl Saved {
    async fn in_transaction(fixture: &Fixture) -> (Self, PostgresTransaction) {
        let runtime = fixture.runtime().await;
        let task = task_of("alice", "task");
        let entry = Writer::default().step(&task, 0, TaskStatus::Running);
        let mut transaction = runtime.begin().await.unwrap();
        let saved = transaction.task_history().unwrap().save(&entry).await;
        assert_eq!(saved.unwrap(), TaskStatus::Running);
        let saved = Self {
            runtime,
            task,
            entry,
        };
        assert_eq!(saved.status().await, None);
        (saved, transaction)
    }

    async fn status(&self) -> Option<TaskStatus> {
        self.runtime
            .task_history()
            .status(&self.task)
            .await
            .unwrap()
    }
}

async fn commit_and_rollback(mode: PoolMode) {
    let fixture = Fixture::migrated(mode).await;

    let (saved, transaction) = Saved::in_transaction(&fixture).await;
    transaction.rollback().await;
    assert_eq!(saved.status().await, None);

    let (saved, transaction) = Saved::in_transaction(&fixture).await;
    drop(transaction);
    assert_eq!(saved.status().await, None);

    let (saved, transaction) = Saved::in_transaction(&fixture).await;
    transaction.commit().await.unwrap();
    assert_eq!(saved.status().await, Some(TaskStatus::Running));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commit_and_rollback_in_session_mode() {
    commit_and_rollback(Session).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commit_and_rollback_in_transaction_mode() {
    commit_and_rollback(Transaction).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ignored_error_and_early_end_prevent_the_commit() {
    let fixture = Fixture::migrated(Transaction).await;
    for statement in ["SELECT 1 / 0", "ROLLBACK", "ROLLBACK; BEGIN"] {
        let (saved, mut transaction) = Saved::in_transaction(&fixture).await;
        let _ignored = transaction.connection().batch_execute(statement).await;

        let error = transaction.commit().await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Unexpected, "{statement}");
        assert_eq!(saved.status().await, None, "{statement}");
    }
}

/// The pooler passes the last message of the server on, or closes the connection: the effect depends
/// on which of them the client sees.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_server_connection_is_an_outage() {
    let fixture = Fixture::migrated(Transaction).await;
    let (saved, transaction) = Saved::in_transaction(&fixture).await;
    let killed = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                  WHERE datname = current_database() AND pid <> pg_backend_pid()";
    fixture.database.execute(killed).unwrap();

    let error = transaction.commit().await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    assert_eq!(saved.status().await, None);
    let again = saved.runtime.task_history().save(&saved.entry).await;
    assert_eq!(again.unwrap(), TaskStatus::Running);
}
