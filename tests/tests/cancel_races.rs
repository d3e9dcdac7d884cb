//! A cancel that races a worker's saves is never lost: 300 trials in each order, on both adapters.
//!
//! In the original system, the late save overwrites the cancel in 299 of 300 trials.
#![expect(clippy::unwrap_used, reason = "a failed step of a test panics")]

use tasktrail::TaskKey;
use tasktrail::task_history::{CancelOutcome, StepNumber, TaskStatus, TaskStepResult};
use tasktrail::{DatabaseConfig, DatabaseManager};
use tasktrail_test_support::TestDatabase;
use tokio::sync::Barrier;

const TRIALS: u16 = 300;

fn done(step: &str) -> TaskStepResult {
    TaskStepResult::builder(step, TaskStatus::Completed)
        .build()
        .unwrap()
}

/// A worker saves its last step while another caller cancels. Both start together.
async fn race(manager: &DatabaseManager, task: &TaskKey, cancel_starts: bool) {
    manager
        .save_task_history(task, StepNumber::from(0), done("first"))
        .await
        .unwrap();
    let line = Barrier::new(2);
    let worker = async {
        line.wait().await;
        if cancel_starts {
            tokio::task::yield_now().await;
        }
        manager
            .save_task_history(task, StepNumber::from(1), done("last"))
            .await
            .unwrap()
    };
    let canceller = async {
        line.wait().await;
        if !cancel_starts {
            tokio::task::yield_now().await;
        }
        manager.mark_task_as_cancelled(task).await.unwrap()
    };

    let (_, outcome) = tokio::join!(worker, canceller);

    assert_eq!(
        outcome,
        CancelOutcome::Cancelled {
            previous: Some(TaskStatus::Completed)
        }
    );
    assert_eq!(
        manager.check_task_status(task).await.unwrap(),
        Some(TaskStatus::Cancelled)
    );
    assert_eq!(manager.load_task_history(task).await.unwrap().len(), 2);
}

async fn no_cancel_is_lost(manager: DatabaseManager) {
    for (cancel_starts, user) in [(false, "worker-first"), (true, "cancel-first")] {
        for trial in 0..TRIALS {
            let task = TaskKey::new(user, format!("trial-{trial}")).unwrap();
            race(&manager, &task, cancel_starts).await;
            let late = manager
                .save_task_history(&task, StepNumber::from(2), done("late"))
                .await;
            assert_eq!(
                late.unwrap(),
                TaskStatus::Cancelled,
                "the next save of the worker returns cancelled"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_cancel_is_lost_in_memory() {
    no_cancel_is_lost(DatabaseManager::in_memory()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_cancel_is_lost_on_postgres() {
    let database = TestDatabase::new();
    let config = DatabaseConfig::from_url(database.url())
        .unwrap()
        .with_connections(2, 4)
        .unwrap();
    let manager = DatabaseManager::new(config);
    manager.connect().await.unwrap();
    no_cancel_is_lost(manager).await;
}
