//! Statements of the caller on the connection of a transaction.

use tasktrail::diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use tasktrail::orchestration::dispatch::ReportOutcome;
use tasktrail::repository::{Effect, ErrorChain, ErrorKind, RepositoryError};
use tasktrail::task_history::TaskStatus;
use tasktrail::{DatabaseError, DatabaseManager, Transaction};
use tasktrail_test_support::TestDatabase;

use super::work::{claim, given_work};
use super::{count, on_postgres, save, status};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A manager of a database that contains a table of the host. It has one connection, so that a test
/// fails if a transaction leaves it unusable.
async fn with_invoices() -> (DatabaseManager, TestDatabase) {
    let (manager, database) = on_postgres(|config| config.with_connections(1, 1).unwrap()).await;
    database
        .execute(
            "CREATE TABLE invoice (id int PRIMARY KEY);
             CREATE TABLE line (invoice int REFERENCES invoice DEFERRABLE INITIALLY DEFERRED)",
        )
        .unwrap();
    (manager, database)
}

async fn run(connection: &mut AsyncPgConnection, sql: &str) -> Result<(), Failure> {
    Ok(connection.batch_execute(sql).await?)
}

fn repository_error(result: Result<(), Failure>) -> RepositoryError {
    let error = result.unwrap_err().downcast::<DatabaseError>().unwrap();
    match *error {
        DatabaseError::Repository(error) => error,
        other => panic!("{other:?}"),
    }
}

async fn insert(transaction: &mut Transaction) -> Result<(), Failure> {
    run(transaction.connection()?, "INSERT INTO invoice VALUES (7)").await
}

#[tokio::test]
async fn are_committed_together_with_the_history() {
    let (manager, database) = with_invoices().await;

    manager
        .transaction(async |transaction| -> Result<_, Failure> {
            insert(transaction).await?;
            save(transaction, "task").await?;
            Ok(())
        })
        .await
        .unwrap();

    assert_eq!(count(&database, "invoice"), 1);
    assert_eq!(status(&manager, "task").await, Some(TaskStatus::Running));
}

/// An agent that has lost its task cannot change the rows of the host either.
#[tokio::test]
async fn are_committed_together_with_the_report_of_an_attempt() {
    let (manager, database) = with_invoices().await;
    let agent = given_work(&manager, "build").await;
    let report = claim(&agent).await.unwrap();
    let pay = async |transaction: &mut Transaction| -> Result<(), Failure> {
        insert(transaction).await?;
        match transaction.agent(&agent)?.report(&report).await? {
            ReportOutcome::Recorded { .. } => Ok(()),
            other => Err(format!("{other:?}").into()),
        }
    };

    manager.transaction(&pay).await.unwrap();
    database.execute("DELETE FROM invoice").unwrap();
    let late = manager.transaction(&pay).await;

    assert!(late.unwrap_err().to_string().contains("Superseded"));
    assert_eq!(count(&database, "invoice"), 0);
    assert_eq!(status(&manager, "build").await, Some(TaskStatus::Completed));
}

#[tokio::test]
async fn are_undone_together_with_the_history() {
    let (manager, database) = with_invoices().await;

    let failed: Result<(), Failure> = manager
        .transaction(async |transaction| {
            save(transaction, "task").await?;
            insert(transaction).await?;
            insert(transaction).await
        })
        .await;

    assert!(failed.unwrap_err().to_string().contains("invoice_pkey"));
    assert_eq!(count(&database, "invoice"), 0);
    assert_eq!(status(&manager, "task").await, None);
}

/// The server answers the commit of a failed transaction with a rollback. Diesel reports success.
#[tokio::test]
async fn ignored_error_prevents_the_commit() {
    let (manager, database) = with_invoices().await;
    database.execute("INSERT INTO invoice VALUES (7)").unwrap();

    let committed: Result<(), Failure> = manager
        .transaction(async |transaction| {
            save(transaction, "task").await?;
            let _ignored = insert(transaction).await;
            Ok(())
        })
        .await;

    let error = repository_error(committed);
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Unexpected, Effect::NotApplied)
    );
    assert_eq!(
        ErrorChain(&error).to_string(),
        "transaction: the store failed: the transaction cannot be committed because a statement in \
         it failed; return the error of that statement, or run it in a savepoint: current \
         transaction is aborted, commands ignored until end of transaction block"
    );
    assert_eq!(status(&manager, "task").await, None);
}

#[tokio::test]
async fn savepoint_survives_an_error() {
    let (manager, database) = with_invoices().await;
    database.execute("INSERT INTO invoice VALUES (7)").unwrap();

    manager
        .transaction(async |transaction| -> Result<(), Failure> {
            let inserted = transaction.connection()?.transaction(async |connection| {
                connection
                    .batch_execute("INSERT INTO invoice VALUES (7)")
                    .await
            });
            assert!(inserted.await.is_err());
            save(transaction, "task").await?;
            Ok(())
        })
        .await
        .unwrap();

    assert_eq!(status(&manager, "task").await, Some(TaskStatus::Running));
}

#[tokio::test]
async fn commit_that_the_server_refuses_is_not_applied() {
    let (manager, _database) = with_invoices().await;

    let committed: Result<(), Failure> = manager
        .transaction(async |transaction| {
            save(transaction, "task").await?;
            run(transaction.connection()?, "INSERT INTO line VALUES (8)").await
        })
        .await;

    let error = repository_error(committed);
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Refused, Effect::NotApplied)
    );
    assert_eq!(status(&manager, "task").await, None);
}

#[tokio::test]
async fn statement_that_ends_the_transaction_is_reported() {
    let (manager, _database) = with_invoices().await;

    for end in [
        "COMMIT",
        "ROLLBACK",
        "ROLLBACK; BEGIN",
        "ROLLBACK AND CHAIN",
    ] {
        let committed: Result<(), Failure> = manager
            .transaction(async |transaction| {
                save(transaction, end).await?;
                run(transaction.connection()?, end).await
            })
            .await;

        let error = committed.unwrap_err();
        assert!(
            format!("{error:?}").contains("rolled back by a statement in it"),
            "{end}: {error:?}"
        );
    }
}

#[tokio::test]
async fn lost_connection_prevents_the_commit() {
    let (manager, database) = with_invoices().await;

    let committed: Result<(), Failure> = manager
        .transaction(async |transaction| {
            save(transaction, "task").await?;
            database.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE pid <> pg_backend_pid() AND datname = current_database()",
            )?;
            Ok(())
        })
        .await;

    let error = repository_error(committed);
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(status(&manager, "task").await, None);
}

#[tokio::test]
async fn have_no_connection_in_memory() {
    let manager = DatabaseManager::in_memory();

    let refused: Result<(), DatabaseError> = manager
        .transaction(async |transaction| transaction.connection().map(drop))
        .await;

    assert!(matches!(refused, Err(DatabaseError::InMemory)));
    let opened = manager.open_connection().await.err();
    assert!(matches!(opened, Some(DatabaseError::InMemory)));
}

#[tokio::test]
async fn run_on_a_connection_beside_the_pool() {
    let (manager, database) = with_invoices().await;
    let mut own = manager.open_connection().await.unwrap();

    // The pool has one connection, which the transaction uses.
    manager
        .transaction(async |transaction| -> Result<(), Failure> {
            save(transaction, "task").await?;
            run(&mut own, "INSERT INTO invoice VALUES (7)").await
        })
        .await
        .unwrap();

    assert_eq!(count(&database, "invoice"), 1);
    manager.close().await;
    run(&mut own, "INSERT INTO invoice VALUES (8)")
        .await
        .unwrap();
    let closed = manager.open_connection().await.err();
    assert!(matches!(closed, Some(DatabaseError::Closed)));
}
