//! How long saves wait for a partition that goes.

use std::time::{Duration, Instant};

use tasktrail_conformance::fixture::task_of;
use tasktrail_domain::task_history::TaskStatus::Running;
use tasktrail_domain::task_history::{
    RetentionPolicy, TaskHistoryRepository, TaskHistoryRepositoryExt,
};
use tasktrail_postgres_admin::PartitionDrop;
use tasktrail_test_support::{TableLock, TestDatabase, wait_until};

use super::retire::{aged, drop_expired, failure};
use super::scene::{assert_consistent, on, open};

/// All that a retirement may take, and a large allowance for a busy machine.
const LIMIT: Duration = Duration::from_secs(5);
const GENEROUS: Duration = Duration::from_secs(9);

fn assert_given_up(retired: &[PartitionDrop]) {
    let failure = failure(retired);
    assert!(failure.starts_with("given up after 5s: "), "{failure}");
    assert!(retired[0].given_up, "{retired:?}");
    let held = retired[0].saves_held;
    assert!(held > LIMIT / 2 && held < GENEROUS, "{held:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_slow_statements_keep_saves_waiting_no_longer_than_one_deadline() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    let (clerk, tasks) = aged(&postgres).await;
    // Each of the statements stays below the deadline; all together do not.
    let slow = "
        CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql
            AS 'BEGIN PERFORM pg_sleep(4); RETURN NULL; END';
        CREATE TRIGGER slow BEFORE DELETE ON task_history
            FOR EACH STATEMENT EXECUTE FUNCTION dawdle();
        CREATE TRIGGER slow BEFORE DELETE ON task_summary
            FOR EACH STATEMENT EXECUTE FUNCTION dawdle()";
    database.execute(slow).unwrap();
    let policy = RetentionPolicy::terminal_before(on("2026-02-15"));
    let retiring = tokio::spawn({
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
    let entry = clerk.step(&task_of("alice", "meanwhile"), 0, Running, on("2026-03-03"));
    let began = Instant::now();
    histories.save(&entry).await.unwrap();
    let waited = began.elapsed();
    let refused = retiring.await.unwrap();

    assert!(waited < GENEROUS, "{waited:?}");
    assert_given_up(&refused);
    for task in &tasks {
        assert_eq!(histories.trail_all(task).await.unwrap().len(), 2);
    }
    let left = "SELECT relname FROM pg_class WHERE relname LIKE '%staying%' OR relname = 'leaving'";
    assert!(database.execute(left).unwrap().is_empty());
    database.execute("DROP FUNCTION dawdle CASCADE").unwrap();
    let retired = drop_expired(&postgres, &policy).await;
    assert!(retired[0].dropped && !retired[0].given_up, "{retired:?}");
    assert!(retired[0].saves_held < GENEROUS, "{retired:?}");
    assert_consistent(&histories).await;
}

#[tokio::test]
async fn a_lock_of_another_session_keeps_saves_waiting_no_longer_than_the_deadline() {
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
    let retired = drop_expired(&postgres, &policy).await;
    assert!(retired[0].dropped, "{retired:?}");
    assert_consistent(&histories).await;
}
