//! The deadline of a partition drop that blocks saves.

use std::time::{Duration, Instant};

use tasktrail_conformance::fixture::task_of;
use tasktrail_domain::task_history::TaskStatus::Running;
use tasktrail_domain::task_history::{
    RetentionPolicy, TaskHistoryRepository, TaskHistoryRepositoryExt,
};
use tasktrail_postgres_admin::PartitionDrop;
use tasktrail_test_support::{TableLock, TestDatabase, wait_until};

use super::drop_expired::{aged, drop_expired, failure};
use super::fixture::{assert_consistent, on, open};

/// The deadline of a drop, and the same with an allowance for a busy machine.
const LIMIT: Duration = Duration::from_secs(5);
const GENEROUS: Duration = Duration::from_secs(9);

fn assert_given_up(results: &[PartitionDrop]) {
    let failure = failure(results);
    assert!(failure.starts_with("given up after 5s: "), "{failure}");
    assert!(results[0].given_up, "{results:?}");
    let held = results[0].saves_held;
    assert!(held > LIMIT / 2 && held < GENEROUS, "{held:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_deadline_covers_several_slow_statements() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    let (factory, tasks) = aged(&postgres).await;
    // Each statement takes less than the deadline; together they take longer.
    let slow = "
        CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql
            AS 'BEGIN PERFORM pg_sleep(4); RETURN NULL; END';
        CREATE TRIGGER slow BEFORE DELETE ON task_history
            FOR EACH STATEMENT EXECUTE FUNCTION dawdle();
        CREATE TRIGGER slow BEFORE DELETE ON task_summary
            FOR EACH STATEMENT EXECUTE FUNCTION dawdle()";
    database.execute(slow).unwrap();
    let policy = RetentionPolicy::terminal_before(on("2026-02-15"));
    let dropping = tokio::spawn({
        let (postgres, policy) = (postgres.clone(), policy.clone());
        async move { drop_expired(&postgres, &policy).await }
    });
    let dawdling = "SELECT 1 FROM pg_stat_activity
                    WHERE datname = current_database() AND wait_event = 'PgSleep'";
    tokio::task::block_in_place(|| {
        wait_until("a statement is slow", || {
            !database.execute(dawdling).unwrap().is_empty()
        });
    });

    let histories = postgres.task_history();
    let entry = factory.step(&task_of("alice", "meanwhile"), 0, Running, on("2026-03-03"));
    let began = Instant::now();
    histories.save(&entry).await.unwrap();
    let waited = began.elapsed();
    let refused = dropping.await.unwrap();

    assert!(waited < GENEROUS, "{waited:?}");
    assert_given_up(&refused);
    for task in &tasks {
        assert_eq!(histories.trail_all(task).await.unwrap().len(), 2);
    }
    let left =
        "SELECT relname FROM pg_class WHERE relname LIKE '%retained%' OR relname = 'removed'";
    assert!(database.execute(left).unwrap().is_empty());
    database.execute("DROP FUNCTION dawdle CASCADE").unwrap();
    let results = drop_expired(&postgres, &policy).await;
    assert!(results[0].dropped && !results[0].given_up, "{results:?}");
    assert!(results[0].saves_held < GENEROUS, "{results:?}");
    assert_consistent(&histories).await;
}

#[tokio::test]
async fn deadline_covers_waiting_for_a_lock() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    let (_, tasks) = aged(&postgres).await;
    let policy = RetentionPolicy::terminal_before(on("2026-02-15"));
    let lock = TableLock::on(&database, "task_summary");

    let refused = drop_expired(&postgres, &policy).await;
    drop(lock);

    assert_given_up(&refused);
    let histories = postgres.task_history();
    for task in &tasks {
        assert_eq!(histories.trail_all(task).await.unwrap().len(), 2);
    }
    let results = drop_expired(&postgres, &policy).await;
    assert!(results[0].dropped, "{results:?}");
    assert_consistent(&histories).await;
}
