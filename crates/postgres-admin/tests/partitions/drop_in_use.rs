//! Drops of expired partitions while other sessions read and save.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tasktrail_conformance::fixture::task_of;
use tasktrail_domain::task_history::TaskStatus::Running;
use tasktrail_domain::task_history::{
    RetentionPolicy, TaskHistoryRepository, TaskHistoryRepositoryExt,
};
use tasktrail_test_support::{TableLock, TestDatabase};

use super::drop_expired::{aged, drop_expired, failure};
use super::fixture::{assert_consistent, on, open};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_transaction_prevents_a_drop_but_no_read() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    let (_, tasks) = aged(&postgres).await;
    let policy = RetentionPolicy::terminal_before(on("2026-02-15"));
    let lock = TableLock::of_a_reader(&database, "task_history");
    let (ended, task) = (Arc::new(AtomicBool::new(false)), tasks[0].clone());
    let reading = tokio::spawn({
        let (histories, ended) = (postgres.task_history(), Arc::clone(&ended));
        async move {
            let mut longest = Duration::ZERO;
            while !ended.load(Ordering::Relaxed) {
                let began = Instant::now();
                assert_eq!(histories.trail_all(&task).await.unwrap().len(), 2);
                longest = longest.max(began.elapsed());
            }
            longest
        }
    });

    let began = Instant::now();
    let refused = drop_expired(&postgres, &policy).await;
    let tried = began.elapsed();
    ended.store(true, Ordering::Relaxed);
    let longest = reading.await.unwrap();
    drop(lock);
    let results = drop_expired(&postgres, &policy).await;

    assert!(
        failure(&refused).contains("could not be locked"),
        "{refused:?}"
    );
    // The drop was tried for two seconds, with a lock timeout of a tenth of a second.
    assert!(longest < tried / 2, "{longest:?} of {tried:?}");
    assert!(results[0].dropped, "{results:?}");
    assert_eq!(
        postgres.task_history().status(&tasks[0]).await.unwrap(),
        None
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn saves_during_a_drop_succeed_and_are_kept() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    let (factory, tasks) = aged(&postgres).await;
    let factory = Arc::new(factory);
    let policy = RetentionPolicy::terminal_before(on("2026-02-15"));
    let revived = tasks[..30].to_vec();
    let saving = tokio::spawn({
        let (histories, factory, revived) = (
            postgres.task_history(),
            Arc::clone(&factory),
            revived.clone(),
        );
        async move {
            for task in &revived {
                let entry = factory.step(task, 7, Running, on("2026-04-02"));
                histories.save(&entry).await.unwrap();
            }
        }
    });
    let importing = tokio::spawn({
        let (histories, factory) = (postgres.task_history(), Arc::clone(&factory));
        async move {
            let task = task_of("alice", "imported");
            for step in 0..40 {
                let entry = factory.step(&task, step, Running, on("2026-01-08"));
                histories.save(&entry).await.unwrap();
            }
            task
        }
    });

    let results = drop_expired(&postgres, &policy).await;

    saving.await.unwrap();
    let imported = importing.await.unwrap();
    let histories = postgres.task_history();
    for task in &revived {
        assert_eq!(histories.status(task).await.unwrap(), Some(Running));
        let steps = histories.trail_all(task).await.unwrap().len();
        assert!(steps == 3 || steps == 1, "{task} has {steps} entries");
    }
    assert_eq!(
        histories.trail_all(&imported).await.unwrap().len(),
        40,
        "{results:?}"
    );
    assert_consistent(&histories).await;
}
