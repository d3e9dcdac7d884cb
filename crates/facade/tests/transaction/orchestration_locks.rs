//! What orchestration in a transaction locks, and calls in it that do not succeed.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use tasktrail::DatabaseManager;
use tasktrail::orchestration::TaskState;
use tasktrail::orchestration::dispatch::ClaimLimit;
use tasktrail::orchestration::task::{CancelOutcome, CancelScope};
use tasktrail::repository::{Effect, ErrorKind};

use super::work::{actor, claim, create, given_work, open_executions, repository_error, state};
use super::{Result, on_postgres, save, status, task, with_brief_attempts};

on_both_stores!(write_of_a_locked_task_waits_for_the_commit);

async fn write_of_a_locked_task_waits_for_the_commit(manager: DatabaseManager) {
    given_work(&manager, "build").await;
    let outside = manager.orchestration(actor()).unwrap();
    let build = task("build");
    let mut cancel = pin!(outside.cancel(&build, CancelScope::Task));

    manager
        .transaction(async |transaction| -> Result {
            let orchestrator = transaction.orchestration(actor())?;
            orchestrator.cancel(&build, CancelScope::Task).await?;
            let polled = poll_fn(|context| Poll::Ready(cancel.as_mut().poll(context)));
            assert!(polled.await.is_pending());
            Ok(())
        })
        .await
        .unwrap();

    let late = cancel.await.unwrap();
    let ended = matches!(
        late,
        CancelOutcome::AlreadyEnded {
            state: TaskState::Cancelled,
            ..
        }
    );
    assert!(ended, "{late:?}");
}

#[tokio::test]
async fn locked_agent_ends_the_transaction_after_the_lock_timeout() {
    let (manager, _database) = on_postgres(with_brief_attempts).await;

    locked_agent_ends_the_transaction(manager).await;
}

#[tokio::test(start_paused = true)]
async fn locked_agent_ends_the_transaction_in_memory() {
    locked_agent_ends_the_transaction(DatabaseManager::in_memory()).await;
}

/// A claim in one transaction locks the agent for a claim in another one. That is not retried: a
/// second attempt would find a transaction that has failed.
async fn locked_agent_ends_the_transaction(manager: DatabaseManager) {
    let agent = given_work(&manager, "build").await;
    let (committed, refused) = manager
        .transaction(async |transaction| -> Result<_> {
            claim(&transaction.agent(&agent)?).await?;
            let mut refused = None;
            let committed: Result = manager
                .transaction(async |other| {
                    save(other, "free").await?;
                    let claim = other.agent(&agent)?.claim(ClaimLimit::DEFAULT).await;
                    refused = claim.err();
                    Ok(())
                })
                .await;
            Ok((committed, refused))
        })
        .await
        .unwrap();

    let refused = repository_error::<()>(Err(refused.unwrap()));
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
    assert_eq!(state(&manager, "build").await, Some(TaskState::Assigned));
    assert_eq!(open_executions(&manager, &agent).await, 1);
}

#[tokio::test]
async fn dropped_call_breaks_the_transaction() {
    let (manager, _database) = on_postgres(|config| config).await;

    let committed = manager
        .transaction(async |transaction| -> Result {
            {
                let orchestrator = transaction.orchestration(actor())?;
                let mut dropped = pin!(create(&orchestrator, "build"));
                let polled = poll_fn(|context| Poll::Ready(dropped.as_mut().poll(context)));
                assert!(polled.await.is_pending());
            }
            let refused = transaction.orchestration(actor());
            assert_eq!(repository_error(refused).kind(), ErrorKind::Unexpected);
            Ok(())
        })
        .await;

    assert_eq!(repository_error(committed).effect(), Effect::NotApplied);
    assert_eq!(state(&manager, "build").await, None);
}
