//! How long a transaction may take, and what ends it.

use std::future::pending;
use std::time::Duration;

use tasktrail::repository::{Effect, ErrorChain, ErrorKind, RepositoryError};
use tasktrail::resilience::{ResilienceConfig, TimeoutConfig};
use tasktrail::task_history::TaskStatus;
use tasktrail::{DatabaseError, DatabaseManager};

use super::{Result, count, first, on_postgres, running, save, status, task, with_brief_attempts};

fn repository_error(result: Result) -> RepositoryError {
    match result {
        Err(DatabaseError::Repository(error)) => error,
        other => panic!("{other:?}"),
    }
}

fn limited_to(limit: Duration) -> ResilienceConfig {
    let timeout = TimeoutConfig::default().with_transaction(limit);
    ResilienceConfig::default().with_timeout(timeout)
}

#[tokio::test]
async fn transaction_that_takes_too_long_is_rolled_back() {
    let limit = Duration::from_secs(1);
    let (manager, _database) =
        on_postgres(|config| config.with_resilience(limited_to(limit))).await;

    let ended: Result = manager
        .transaction(async |transaction| {
            save(transaction, "slow").await?;
            pending().await
        })
        .await;

    let error = repository_error(ended);
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::TimedOut, Effect::NotApplied)
    );
    assert_eq!(
        ErrorChain(&error).to_string(),
        "transaction: the store did not answer in time: the transaction did not end within 1s \
         (setting timeout.transaction)"
    );
    assert_eq!(status(&manager, "slow").await, None);
    let slow = task("slow");
    let unlocked = manager.save_task_history(&slow, first(), running());
    assert_eq!(unlocked.await.unwrap(), TaskStatus::Running);
}

#[tokio::test]
async fn locked_task_ends_the_transaction_after_the_lock_timeout() {
    let (manager, _database) = on_postgres(with_brief_attempts).await;

    locked_task_ends_the_transaction(manager).await;
}

#[tokio::test(start_paused = true)]
async fn locked_task_ends_the_transaction_in_memory() {
    locked_task_ends_the_transaction(DatabaseManager::in_memory()).await;
}

/// One transaction writes a task that another has written.
async fn locked_task_ends_the_transaction(manager: DatabaseManager) {
    let (committed, refused) = manager
        .transaction(async |transaction| -> Result<_> {
            save(transaction, "locked").await?;
            let mut refused = None;
            let committed: Result = manager
                .transaction(async |other| {
                    save(other, "free").await?;
                    refused = save(other, "locked").await.err();
                    Ok(())
                })
                .await;
            Ok((committed, refused))
        })
        .await
        .unwrap();

    let refused = repository_error(Err(refused.unwrap()));
    assert_eq!(
        (refused.kind(), refused.effect()),
        (ErrorKind::Contention, Effect::NotApplied)
    );
    let committed = repository_error(committed);
    assert_eq!(
        (committed.kind(), committed.effect()),
        (ErrorKind::Unexpected, Effect::NotApplied)
    );
    assert_eq!(status(&manager, "free").await, None);
    assert_eq!(status(&manager, "locked").await, Some(TaskStatus::Running));
}

#[tokio::test]
async fn close_waits_for_a_transaction() {
    let (manager, database) = on_postgres(|config| config).await;

    let closing = manager.clone();
    let (closed, committed) = manager
        .transaction(async |transaction| -> Result<_> {
            let closed = tokio::spawn(async move { closing.close().await });
            while manager.task_history().is_ok() {
                tokio::task::yield_now().await;
            }
            Ok((closed, save(transaction, "last").await?))
        })
        .await
        .unwrap();

    assert_eq!(committed, TaskStatus::Running);
    assert_eq!(closed.await.unwrap().cancelled, 0);
    assert_eq!(count(&database, "task_history"), 1);
}

#[tokio::test]
async fn close_ends_a_transaction_at_its_deadline() {
    let (manager, database) = on_postgres(|config| config).await;

    let closing = manager.clone();
    let ended: Result = manager
        .transaction(async |transaction| {
            save(transaction, "last").await?;
            tokio::spawn(async move { closing.close_within(Duration::ZERO).await });
            pending().await
        })
        .await;

    let error = repository_error(ended);
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Closed, Effect::NotApplied)
    );
    assert_eq!(count(&database, "task_history"), 0);
}
