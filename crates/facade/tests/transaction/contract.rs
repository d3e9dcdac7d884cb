//! What holds on both stores.

use std::future::{pending, poll_fn};
use std::task::Poll;

use tasktrail::repository::{ErrorKind, PageSize};
use tasktrail::task_history::{FinalStatus, FinishOutcome, HistoryEntry, TaskStatus};
use tasktrail::timestamp::Timestamp;
use tasktrail::{DatabaseError, DatabaseManager};
use tokio::sync::Notify;

use super::{Result, first, running, save, status, task};

on_both_stores!(
    commit_publishes_everything_at_once,
    error_undoes_everything,
    dropped_transaction_undoes_everything,
    panic_undoes_everything,
    sees_what_others_commit_in_the_meantime,
    save_of_a_locked_task_waits_for_the_commit,
    save_of_a_locked_task_waits_for_the_rollback,
    saves_of_other_tasks_do_not_wait,
    used_entry_id_waits_for_the_transaction,
    cleanup_skips_locked_tasks,
    conflict_does_not_end_the_transaction,
    every_method_works,
    runs_in_a_spawned_task,
    fails_after_the_close,
);

async fn commit_publishes_everything_at_once(manager: DatabaseManager) {
    let inside = manager
        .transaction(async |transaction| {
            save(transaction, "one").await?;
            save(transaction, "two").await?;
            assert_eq!(status(&manager, "one").await, None);
            transaction.check_task_status(&task("one")).await
        })
        .await;

    assert_eq!(inside.unwrap(), Some(TaskStatus::Running));
    assert_eq!(status(&manager, "one").await, Some(TaskStatus::Running));
    assert_eq!(status(&manager, "two").await, Some(TaskStatus::Running));
}

async fn error_undoes_everything(manager: DatabaseManager) {
    let existing = task("existing");
    let saved = manager.save_task_history(&existing, first(), running());
    saved.await.unwrap();

    let failed: Result = manager
        .transaction(async |transaction| {
            save(transaction, "new").await?;
            transaction
                .finish_task(&existing, FinalStatus::Failed)
                .await?;
            Err(DatabaseError::Closed)
        })
        .await;

    assert!(matches!(failed, Err(DatabaseError::Closed)));
    assert_eq!(status(&manager, "new").await, None);
    assert_eq!(
        status(&manager, "existing").await,
        Some(TaskStatus::Running)
    );
    let user = &existing.user;
    let listed = manager.get_user_tasks(user, PageSize::DEFAULT).await;
    assert_eq!(listed.unwrap().len(), 1);
}

async fn dropped_transaction_undoes_everything(manager: DatabaseManager) {
    let saved = Notify::new();
    let transaction = manager.transaction(async |transaction| -> Result {
        save(transaction, "dropped").await?;
        saved.notify_one();
        pending().await
    });
    tokio::select! {
        ended = transaction => panic!("ended with {ended:?}"),
        () = saved.notified() => {}
    }

    assert_eq!(status(&manager, "dropped").await, None);
}

async fn panic_undoes_everything(manager: DatabaseManager) {
    let of_task = manager.clone();
    let panicked = tokio::spawn(async move {
        let panics = of_task.transaction(async |transaction| -> Result {
            save(transaction, "panic").await?;
            panic!("expected by the test");
        });
        panics.await
    });

    assert!(panicked.await.unwrap_err().is_panic());
    assert_eq!(status(&manager, "panic").await, None);
    let task = task("panic");
    let again = manager.save_task_history(&task, first(), running());
    again.await.unwrap();
}

async fn sees_what_others_commit_in_the_meantime(manager: DatabaseManager) {
    let seen = manager
        .transaction(async |transaction| -> Result<_> {
            let before = transaction.check_task_status(&task("other")).await?;
            let other = task("other");
            manager
                .save_task_history(&other, first(), running())
                .await?;
            Ok((before, transaction.check_task_status(&other).await?))
        })
        .await;

    assert_eq!(seen.unwrap(), (None, Some(TaskStatus::Running)));
}

/// Polls a save of `locked` inside a transaction that has finished the task as cancelled, then ends
/// the transaction, and returns the status that the save returns.
async fn status_of_a_save_during_a_transaction(
    manager: &DatabaseManager,
    end: Result,
) -> TaskStatus {
    let locked = task("locked");
    let mut saving = Box::pin(manager.save_task_history(&locked, first(), running()));
    let ended = manager
        .transaction(async |transaction| -> Result {
            transaction.mark_task_as_cancelled(&locked).await?;
            let polled = poll_fn(|context| Poll::Ready(saving.as_mut().poll(context)));
            assert!(polled.await.is_pending());
            end
        })
        .await;
    let _expected = ended;
    saving.await.unwrap()
}

async fn save_of_a_locked_task_waits_for_the_commit(manager: DatabaseManager) {
    let status = status_of_a_save_during_a_transaction(&manager, Ok(())).await;

    assert_eq!(status, TaskStatus::Cancelled);
}

async fn save_of_a_locked_task_waits_for_the_rollback(manager: DatabaseManager) {
    let end = Err(DatabaseError::Closed);
    let status = status_of_a_save_during_a_transaction(&manager, end).await;

    assert_eq!(status, TaskStatus::Running);
}

async fn saves_of_other_tasks_do_not_wait(manager: DatabaseManager) {
    let saved = manager
        .transaction(async |transaction| {
            save(transaction, "locked").await?;
            let free = task("free");
            manager.save_task_history(&free, first(), running()).await
        })
        .await;

    assert_eq!(saved.unwrap(), TaskStatus::Running);
}

/// An entry id belongs to the user: another task that uses it conflicts, but only after the commit.
async fn used_entry_id_waits_for_the_transaction(manager: DatabaseManager) {
    let (ids, clock) = (
        tasktrail::id::SequentialIdGenerator::default(),
        tasktrail::clock::ManualClock::at(Timestamp::default()),
    );
    let one = HistoryEntry::record(&clock, &ids, task("one"), first(), running());
    let mut other = one.clone();
    other.task = task("other");
    let outside = manager.task_history().unwrap();
    let mut saving = Box::pin(outside.save(&other));

    manager
        .transaction(async |transaction| -> Result {
            transaction.task_history()?.save(&one).await?;
            let polled = poll_fn(|context| Poll::Ready(saving.as_mut().poll(context)));
            assert!(polled.await.is_pending());
            Ok(())
        })
        .await
        .unwrap();

    assert_eq!(saving.await.unwrap_err().kind(), ErrorKind::Conflict);
}

async fn cleanup_skips_locked_tasks(manager: DatabaseManager) {
    for name in ["locked", "free"] {
        let (task, long_ago) = (task(name), Timestamp::default());
        let history = manager.task_history().unwrap();
        let finished = history.finish(&task, FinalStatus::Completed, long_ago);
        finished.await.unwrap();
    }

    let removed = manager
        .transaction(async |transaction| -> Result<_> {
            save(transaction, "locked").await?;
            manager.cleanup_old_tasks(0).await
        })
        .await;

    assert_eq!(removed.unwrap().tasks, 1);
    assert_eq!(
        status(&manager, "locked").await,
        Some(TaskStatus::Completed)
    );
}

async fn conflict_does_not_end_the_transaction(manager: DatabaseManager) {
    let ids = tasktrail::id::SequentialIdGenerator::default();
    let clock = tasktrail::clock::ManualClock::at(Timestamp::default());
    let one = HistoryEntry::record(&clock, &ids, task("one"), first(), running());
    let mut other = one.clone();
    other.task = task("other");

    manager
        .transaction(async |transaction| -> Result {
            let history = transaction.task_history()?;
            history.save(&one).await?;
            let refused = history.save(&other).await.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Conflict);
            Ok(())
        })
        .await
        .unwrap();

    assert_eq!(status(&manager, "one").await, Some(TaskStatus::Running));
    assert_eq!(status(&manager, "other").await, None);
}

async fn every_method_works(manager: DatabaseManager) {
    let one = task("one");
    let outcome = manager
        .transaction(async |transaction| -> Result<_> {
            let new = tasktrail::NewEntry::new(one.clone(), first(), running());
            let saved = transaction.save_batch_task_history([new]).await?;
            assert_eq!(saved.added, 1);
            assert_eq!(transaction.load_task_history(&one).await?.len(), 1);
            let finished = transaction
                .finish_task(&one, FinalStatus::Completed)
                .await?;
            assert!(matches!(finished, FinishOutcome::Finished { .. }));
            transaction.mark_task_as_cancelled(&one).await
        })
        .await;

    let completed = FinalStatus::Completed;
    assert!(matches!(
        outcome.unwrap(),
        tasktrail::task_history::CancelOutcome::AlreadyFinished { status, .. } if status == completed
    ));
}

async fn runs_in_a_spawned_task(manager: DatabaseManager) {
    let of_task = manager.clone();
    let spawned = tokio::spawn(async move {
        let name = String::from("spawned");
        let saved = of_task.transaction(async |transaction| save(transaction, &name).await);
        saved.await
    });

    assert_eq!(spawned.await.unwrap().unwrap(), TaskStatus::Running);
    assert_eq!(status(&manager, "spawned").await, Some(TaskStatus::Running));
}

async fn fails_after_the_close(manager: DatabaseManager) {
    manager.close().await;

    let refused = manager.transaction(async |transaction| save(transaction, "late").await);

    assert!(matches!(refused.await, Err(DatabaseError::Closed)));
}
