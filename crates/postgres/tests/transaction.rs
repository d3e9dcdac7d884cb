//! The history in a transaction of the caller.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed step of a test is a panic"
)]

use std::sync::Arc;
use std::time::Duration;

use diesel_async::{
    AnsiTransactionManager, AsyncConnection, AsyncPgConnection, SimpleAsyncConnection,
    TransactionManager,
};
use futures_util::FutureExt;
use tasktrail_conformance::Repository;
use tasktrail_conformance::fixture::Writer;
use tasktrail_domain::TaskKey;
use tasktrail_domain::repository::{ErrorChain, ErrorKind, PageRequest};
use tasktrail_domain::task_history::{
    FinalStatus, FinishOutcome, HistoryEntry, TaskHistoryRepository, TaskStatus,
};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_postgres::{NoTransaction, PostgresConfig, PostgresDatabase, PostgresTaskHistory};
use tasktrail_test_support::{TableLock, TestDatabase};

async fn migrated(database: &TestDatabase) -> PostgresDatabase {
    let config = PostgresConfig::from_url(database.url())
        .and_then(|config| config.with_connections(1, 4))
        .unwrap();
    let postgres = PostgresDatabase::connect(config).await.unwrap();
    postgres.migrate().await.unwrap();
    postgres
}

async fn begin(connection: &mut AsyncPgConnection) {
    AnsiTransactionManager::begin_transaction(connection)
        .await
        .unwrap();
}

async fn commit(connection: &mut AsyncPgConnection) {
    AnsiTransactionManager::commit_transaction(connection)
        .await
        .unwrap();
}

/// The conformance suite, each case in a transaction that is never committed.
mod contract {
    use super::*;

    async fn fresh() -> (Repository, TestDatabase) {
        let database = TestDatabase::new();
        migrated(&database).await.close(Duration::ZERO).await;
        let connection = AsyncPgConnection::establish(&database.url()).await.unwrap();
        // Leaked, because the repository of a case must live until the process ends.
        let connection: &'static mut AsyncPgConnection = Box::leak(Box::new(connection));
        begin(connection).await;
        let inside = PostgresTaskHistory::in_transaction(connection).unwrap();
        (Arc::new(inside), database)
    }

    tasktrail_conformance::task_history_suite!(fresh, without dropped_calls);
}

/// A service with its own table and connection.
struct Service {
    database: TestDatabase,
    connection: AsyncPgConnection,
    /// What other connections see.
    outside: PostgresTaskHistory<'static>,
    entries: Vec<HistoryEntry>,
    task: TaskKey,
}

impl Service {
    async fn new() -> Self {
        let database = TestDatabase::new();
        let outside = migrated(&database).await.task_history();
        database
            .execute("CREATE TABLE invoice (id int PRIMARY KEY)")
            .unwrap();
        let task = TaskKey::new("user", "task").unwrap();
        Self {
            connection: AsyncPgConnection::establish(&database.url()).await.unwrap(),
            outside,
            entries: Writer::default().steps(&task, 3),
            task,
            database,
        }
    }

    async fn seen_outside(&self) -> (Option<TaskStatus>, usize) {
        let page = PageRequest::default();
        let steps = self.outside.load(&self.task, &page).await.unwrap();
        let status = self.outside.status(&self.task).await.unwrap();
        (status, steps.items.len())
    }

    async fn invoices(&mut self) -> usize {
        let invoices = diesel::sql_query("SELECT id FROM invoice");
        diesel_async::RunQueryDsl::execute(invoices, &mut self.connection)
            .await
            .unwrap()
    }
}

const INVOICE: &str = "INSERT INTO invoice VALUES (7)";

#[tokio::test]
async fn commit_publishes_writes_together_with_the_callers_rows() {
    let mut service = Service::new().await;
    begin(&mut service.connection).await;
    service.connection.batch_execute(INVOICE).await.unwrap();
    let inside = PostgresTaskHistory::in_transaction(&mut service.connection).unwrap();
    inside.save(&service.entries[0]).await.unwrap();
    inside.save_batch(&service.entries[1..]).await.unwrap();
    let finished = inside
        .finish(&service.task, FinalStatus::Completed, Timestamp::default())
        .await
        .unwrap();
    assert!(matches!(finished, FinishOutcome::Finished { .. }));
    let own = inside.status(&service.task).await.unwrap();
    assert_eq!(own, Some(TaskStatus::Completed));
    assert_eq!(service.seen_outside().await, (None, 0));

    commit(&mut service.connection).await;

    let seen = service.seen_outside().await;
    assert_eq!(seen, (Some(TaskStatus::Completed), 3));
    assert_eq!(service.invoices().await, 1);
}

#[tokio::test]
async fn rollback_undoes_all_writes() {
    let mut service = Service::new().await;
    let rolled_back: Result<(), diesel::result::Error> = service
        .connection
        .transaction(async |connection| {
            connection.batch_execute(INVOICE).await?;
            let inside = PostgresTaskHistory::in_transaction(connection).unwrap();
            inside.save_batch(&service.entries).await.unwrap();
            Err(diesel::result::Error::RollbackTransaction)
        })
        .await;
    rolled_back.unwrap_err();

    assert_eq!(service.seen_outside().await, (None, 0));
    assert_eq!(service.invoices().await, 0);
}

#[tokio::test]
async fn conflict_undoes_the_batch_but_keeps_the_transaction_usable() {
    let mut service = Service::new().await;
    service.outside.save(&service.entries[2]).await.unwrap();
    let mut other = service.entries.clone();
    other[2].step = other[1].step;
    begin(&mut service.connection).await;
    let inside = PostgresTaskHistory::in_transaction(&mut service.connection).unwrap();

    let error = inside.save_batch(&other).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Conflict);
    inside.save(&service.entries[0]).await.unwrap();
    commit(&mut service.connection).await;
    assert_eq!(service.seen_outside().await.1, 2);
}

#[tokio::test]
async fn joining_without_a_transaction_is_refused() {
    let mut service = Service::new().await;
    let refused = PostgresTaskHistory::in_transaction(&mut service.connection);
    assert_eq!(refused.unwrap_err(), NoTransaction);

    service.connection.batch_execute("BEGIN").await.unwrap();

    let refused = PostgresTaskHistory::in_transaction(&mut service.connection);
    assert_eq!(refused.unwrap_err(), NoTransaction);
}

/// Drops `call` after some polls, and checks that nothing of its transaction is ever committed.
async fn nothing_is_committed_after_a_dropped(
    mut service: Service,
    call: impl AsyncFnOnce(&PostgresTaskHistory<'_>, &[HistoryEntry]),
) {
    begin(&mut service.connection).await;
    service.connection.batch_execute(INVOICE).await.unwrap();
    let inside = PostgresTaskHistory::in_transaction(&mut service.connection).unwrap();
    // The lock keeps the call from finishing in its first poll.
    let lock = TableLock::on(&service.database, "task_history");
    let dropped = call(&inside, &service.entries).now_or_never();
    assert!(dropped.is_none());
    drop(lock);
    let later = inside.save(&service.entries[0]).await.unwrap_err();
    assert_eq!(
        ErrorChain(&later).to_string(),
        "task_history.save: the store failed: the transaction is aborted because a call in it \
         was dropped before it finished; roll it back"
    );

    let again = PostgresTaskHistory::in_transaction(&mut service.connection);
    assert_eq!(again.unwrap_err(), NoTransaction);
    let committed = AnsiTransactionManager::commit_transaction(&mut service.connection).await;

    committed.unwrap_err();
    let Service {
        connection,
        outside,
        task,
        database: _database,
        ..
    } = service;
    drop(connection);
    let page = PageRequest::default();
    assert_eq!(outside.load(&task, &page).await.unwrap().items.len(), 0);
}

#[tokio::test]
async fn dropped_save_prevents_the_commit() {
    let service = Service::new().await;
    nothing_is_committed_after_a_dropped(service, async |inside, entries| {
        inside.save(&entries[0]).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn dropped_batch_prevents_the_commit() {
    let service = Service::new().await;
    nothing_is_committed_after_a_dropped(service, async |inside, entries| {
        inside.save_batch(entries).await.unwrap();
    })
    .await;
}
