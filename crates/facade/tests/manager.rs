//! The lifecycle of the manager, and its methods, on both stores.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a failed step of a test is a panic"
)]

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tasktrail::clock::{Clock, ManualClock};
use tasktrail::id::SequentialIdGenerator;
use tasktrail::repository::{PageRequest, PageSize};
use tasktrail::task_history::{
    CancelOutcome, FinalStatus, FinishOutcome, StepNumber, TaskStatus, TaskStepResult,
};
use tasktrail::timestamp::Timestamp;
use tasktrail::{
    DatabaseConfig, DatabaseContents, DatabaseError, DatabaseManager, ExportSelection, JsonText,
    MigrationTarget,
};
use tasktrail::{NewEntry, TaskKey, UserId};
use tasktrail_test_support::TestDatabase;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn config(database: &TestDatabase) -> DatabaseConfig {
    DatabaseConfig::from_url(database.url())
        .and_then(|config| config.with_connections(1, 4))
        .unwrap()
}

fn step(name: &str, status: TaskStatus) -> TaskStepResult {
    TaskStepResult::builder(name, status)
        .result(json!({ "name": name }))
        .build()
        .unwrap()
}

/// Calls every method that works on histories, with a manual clock.
async fn every_method_works(manager: DatabaseManager, clock: Arc<ManualClock>) {
    let old = TaskKey::new("alice", "old").unwrap();
    let new = TaskKey::new("alice", "new").unwrap();
    let first = StepNumber::from(0);
    manager
        .save_task_history(&old, first, step("fetch", TaskStatus::Completed))
        .await
        .unwrap();
    manager
        .finish_task(&old, FinalStatus::Completed)
        .await
        .unwrap();
    let saved_at = clock.now();
    clock.advance(DAY * 31);
    let batch = [
        NewEntry::new(new.clone(), first, step("fetch", TaskStatus::Completed)),
        NewEntry::new(
            new.clone(),
            StepNumber::from(1),
            step("store", TaskStatus::Running),
        ),
    ];
    let saved = manager.save_batch_task_history(batch).await.unwrap();
    assert_eq!(
        (saved.added, saved.statuses.get(&new)),
        (2, Some(&TaskStatus::Running))
    );

    let steps = manager.load_task_history(&old).await.unwrap();
    assert_eq!(steps.len(), 1);
    assert_eq!(
        (steps[0].recorded_at, steps[0].step_result.result()),
        (saved_at, &JsonText::of(&json!({"name": "fetch"})).unwrap())
    );
    let cancelled = manager.mark_task_as_cancelled(&new).await.unwrap();
    assert_eq!(
        cancelled,
        CancelOutcome::Cancelled {
            previous: Some(TaskStatus::Running)
        }
    );
    let finished = manager.finish_task(&new, FinalStatus::Completed);
    assert_eq!(
        finished.await.unwrap(),
        FinishOutcome::AlreadyFinished {
            status: FinalStatus::Cancelled,
            at: clock.now()
        }
    );
    assert_eq!(
        manager.check_task_status(&new).await.unwrap(),
        Some(TaskStatus::Cancelled)
    );
    let alice = UserId::new("alice").unwrap();
    let tasks = manager
        .get_user_tasks(&alice, PageSize::DEFAULT)
        .await
        .unwrap();
    let listed: Vec<_> = tasks
        .iter()
        .map(|task| (task.task.task.as_str(), task.status))
        .collect();
    assert_eq!(
        listed,
        [
            ("new", TaskStatus::Cancelled),
            ("old", TaskStatus::Completed)
        ]
    );

    let removed = manager.cleanup_old_tasks(30).await.unwrap();

    assert_eq!((removed.tasks, removed.entries), (1, 1));
    assert_eq!(manager.check_task_status(&old).await.unwrap(), None);
    assert_eq!(manager.load_task_history(&new).await.unwrap().len(), 2);
}

#[tokio::test]
async fn every_method_works_in_memory() {
    let clock = Arc::new(ManualClock::at(Timestamp::default()));
    let ids = Arc::new(SequentialIdGenerator::default());
    let manager = DatabaseManager::in_memory_with(Arc::clone(&clock) as Arc<dyn Clock>, ids);

    every_method_works(manager, clock).await;
}

#[tokio::test]
async fn every_method_works_on_postgres() {
    let database = TestDatabase::new();
    let clock = Arc::new(ManualClock::at(Timestamp::default()));
    let ids = Arc::new(SequentialIdGenerator::default());
    let manager =
        DatabaseManager::new_with(config(&database), Arc::clone(&clock) as Arc<dyn Clock>, ids);
    manager.connect().await.unwrap();

    every_method_works(manager, clock).await;
}

#[tokio::test]
async fn manager_can_reconnect_after_close() {
    let database = TestDatabase::new();
    let manager = DatabaseManager::new(config(&database));
    let task = TaskKey::new("alice", "report").unwrap();
    let saved = |manager: DatabaseManager, task: TaskKey| async move {
        let done = step("fetch", TaskStatus::Completed);
        manager
            .save_task_history(&task, StepNumber::from(0), done)
            .await
    };

    let early = saved(manager.clone(), task.clone()).await.unwrap_err();
    manager.connect().await.unwrap();
    saved(manager.clone(), task.clone()).await.unwrap();
    manager.close().await;
    let late = saved(manager.clone(), task.clone()).await.unwrap_err();
    manager.connect().await.unwrap();

    assert!(matches!(early, DatabaseError::NotConnected), "{early:?}");
    assert!(matches!(late, DatabaseError::Closed), "{late:?}");
    let status = manager.check_task_status(&task).await.unwrap();
    assert_eq!(status, Some(TaskStatus::Completed));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_connects_open_one_pool() {
    let database = TestDatabase::new();
    let manager = DatabaseManager::new(config(&database));

    let connects = (0..16).map(|_| {
        let manager = manager.clone();
        tokio::spawn(async move { manager.connect().await })
    });
    for connect in connects.collect::<Vec<_>>() {
        connect.await.unwrap().unwrap();
    }

    let connections = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()
                       AND pid <> pg_backend_pid() AND application_name = 'tasktrail'
                       AND query NOT LIKE '%\\_\\_diesel%'";
    assert!(
        database.execute(connections).unwrap().len() <= 4,
        "more than one pool"
    );
    assert!(manager.schema_state().await.unwrap().is_current());
}

#[tokio::test]
async fn calls_without_a_schema_fail_until_init_database_schema() {
    let database = TestDatabase::new();
    let manager = DatabaseManager::new(config(&database));
    let task = TaskKey::new("alice", "report").unwrap();
    manager.init_connection_pool().await.unwrap();

    let missing = manager.check_task_status(&task).await.unwrap_err();
    let migrations = manager.init_database_schema().await.unwrap();

    assert!(
        matches!(missing, DatabaseError::Repository(_)),
        "{missing:?}"
    );
    assert!(!migrations.is_empty());
    assert_eq!(manager.check_task_status(&task).await.unwrap(), None);
}

#[tokio::test]
async fn reverting_the_schema_deletes_the_histories() {
    let database = TestDatabase::new();
    let manager = DatabaseManager::new(config(&database));
    manager.connect().await.unwrap();
    let task = TaskKey::new("alice", "report").unwrap();
    manager.mark_task_as_cancelled(&task).await.unwrap();
    let before = manager.database_contents().await.unwrap();
    let room = manager.storage_statistics().await.unwrap().unwrap();
    let export = manager.export(&ExportSelection::default()).await.unwrap();
    assert_eq!(export.unwrap().tasks(), 1);

    let reverted = manager.revert_database_schema().await.unwrap();

    assert_eq!(before, Some(DatabaseContents::Histories));
    assert!(room.tasks.table_bytes > 0 && room.log_bytes > 0);
    assert!(!reverted.is_empty());
    assert!(manager.check_task_status(&task).await.is_err());
    let mut applied = manager.init_database_schema().await.unwrap();
    // The latest migration is reverted first.
    applied.reverse();
    assert_eq!(applied, reverted);
    assert_eq!(manager.check_task_status(&task).await.unwrap(), None);
}

#[tokio::test]
async fn in_memory_manager_has_no_storage_and_no_schema() {
    let manager = DatabaseManager::in_memory();

    assert_eq!(manager.storage_statistics().await.unwrap(), None);
    assert_eq!(manager.database_contents().await.unwrap(), None);
    let everything = ExportSelection::default();
    assert!(manager.export(&everything).await.unwrap().is_none());
    assert!(manager.bench_schema().await.unwrap().is_none());
    assert!(manager.revert_database_schema().await.unwrap().is_empty());
    let down = manager.plan_migration(&MigrationTarget::DownAll).await;
    assert!(down.unwrap().is_empty());
    assert!(manager.migrations().await.unwrap().is_empty());
    assert!(manager.check_schema().await.unwrap().is_empty());
}

#[tokio::test]
async fn open_tasks_are_those_that_were_not_finished_and_are_idle() {
    let clock = Arc::new(ManualClock::at(Timestamp::default()));
    let ids = Arc::new(SequentialIdGenerator::default());
    let manager = DatabaseManager::in_memory_with(Arc::clone(&clock) as Arc<dyn Clock>, ids);
    let tasks = ["alice", "bob", "carol", "dave"].map(|user| TaskKey::new(user, "report").unwrap());
    for (task, status) in tasks.iter().zip([
        TaskStatus::Running,
        TaskStatus::Completed,
        TaskStatus::Completed,
        TaskStatus::Running,
    ]) {
        if task.user.as_str() == "dave" {
            clock.advance(DAY);
        }
        let saved = manager.save_task_history(task, StepNumber::from(0), step("fetch", status));
        saved.await.unwrap();
    }
    let finished = manager.finish_task(&tasks[2], FinalStatus::Completed);
    finished.await.unwrap();

    let open = manager
        .get_open_tasks(DAY / 2, &PageRequest::default())
        .await
        .unwrap();

    let users: Vec<_> = open.items.iter().map(|task| &task.task).collect();
    assert_eq!((users, open.next), (vec![&tasks[0], &tasks[1]], None));
}
