//! Drops of expired partitions.

use std::time::Duration;

use tasktrail_conformance::fixture::task_of;
use tasktrail_domain::task_history::TaskStatus::{Completed, Running};
use tasktrail_domain::task_history::{
    FinalStatus, RetentionPolicy, Scope, TaskHistoryRepository, TaskHistoryRepositoryExt,
};
use tasktrail_domain::{TaskKey, UserId};
use tasktrail_postgres::PostgresDatabase;
use tasktrail_postgres_admin::Administrable as _;
use tasktrail_postgres_admin::PartitionDrop;
use tasktrail_test_support::TestDatabase;

use super::fixture::{EntryFactory, assert_consistent, names, on, open};

/// Saves expired tasks in January, one that continues in February, and one that is still running.
pub(crate) async fn aged(postgres: &PostgresDatabase) -> (EntryFactory, Vec<TaskKey>) {
    let (histories, factory) = (postgres.task_history(), EntryFactory::default());
    postgres
        .admin()
        .partition(on("2025-12-10"), 4)
        .await
        .unwrap();
    let mut tasks = Vec::new();
    for n in 0..30 {
        let days = ["2026-01-05", "2026-01-06"];
        tasks.push(
            factory
                .save(&histories, &format!("gone-{n}"), &days, Completed)
                .await,
        );
    }
    let days = ["2026-01-30", "2026-02-02"];
    tasks.push(factory.save(&histories, "across", &days, Completed).await);
    tasks.push(
        factory
            .save(&histories, "alive", &["2026-01-07", "2026-04-01"], Running)
            .await,
    );
    (factory, tasks)
}

#[tokio::test]
async fn dropped_partition_keeps_the_steps_of_retained_tasks() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    let (factory, tasks) = aged(&postgres).await;
    let histories = postgres.task_history();
    let [.., across, alive] = tasks.as_slice() else {
        panic!("two tasks come last");
    };
    let alive_before = histories.trail_all(alive).await.unwrap();
    let policy = RetentionPolicy::terminal_before(on("2026-02-15"));

    let results = postgres
        .admin()
        .drop_expired_partitions(&policy, None)
        .await
        .unwrap();

    let [january] = results.as_slice() else {
        panic!("one partition is old enough: {results:?}");
    };
    assert_eq!(january.partition, "task_history_2026_01");
    assert_eq!(
        (january.dropped, january.tasks, january.entries),
        (true, 31, 62)
    );
    assert_eq!(january.kept, 1);
    // It was merged with the empty partition before it.
    assert_eq!(names(&postgres).await[0], "before_2026_02");
    assert_eq!(histories.trail_all(alive).await.unwrap(), alive_before);
    for gone in tasks[..30].iter().chain([across]) {
        assert_eq!(histories.status(gone).await.unwrap(), None);
        assert_eq!(histories.trail_all(gone).await.unwrap(), []);
    }
    assert_consistent(&histories).await;
    assert_eq!(postgres.check_schema().await.unwrap(), []);
    // Entries of that time can still be saved.
    let late = factory
        .save(&histories, "late", &["2026-01-08"], Completed)
        .await;
    assert_eq!(histories.status(&late).await.unwrap(), Some(Completed));
    assert_eq!(
        postgres
            .admin()
            .drop_expired_partitions(&policy, None)
            .await
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn partition_with_many_retained_entries_is_not_dropped() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    let (_, tasks) = aged(&postgres).await;
    let histories = postgres.task_history();
    histories
        .finish(&tasks[0], FinalStatus::Failed, on("2026-01-09"))
        .await
        .unwrap();
    let policy = RetentionPolicy::terminal_before(on("2026-02-15")).with_keep_unfinished(true);
    let of_one_user = RetentionPolicy::every_task_before(on("2026-02-15"))
        .with_scope(Scope::User(UserId::new("nobody").unwrap()));
    let newest_kept = RetentionPolicy::every_task_before(on("2026-02-15")).with_keep_newest(1);

    let results = postgres
        .admin()
        .drop_expired_partitions(&policy, None)
        .await
        .unwrap();
    let others = postgres
        .admin()
        .drop_expired_partitions(&of_one_user, None)
        .await
        .unwrap();

    assert_eq!((results[0].dropped, results[0].kept), (false, 60));
    assert_eq!(others, []);
    assert_eq!(
        postgres
            .admin()
            .drop_expired_partitions(&newest_kept, None)
            .await
            .unwrap(),
        []
    );
    for task in &tasks {
        assert_eq!(histories.trail_all(task).await.unwrap().len(), 2);
    }
}

/// Why a partition was not dropped.
pub(crate) fn failure(results: &[PartitionDrop]) -> &str {
    let [partition] = results else {
        panic!("one partition is old enough: {results:?}");
    };
    assert!(!partition.dropped, "{partition:?}");
    partition.failure.as_deref().unwrap()
}

pub(crate) async fn drop_expired(
    postgres: &PostgresDatabase,
    policy: &RetentionPolicy,
) -> Vec<PartitionDrop> {
    postgres
        .admin()
        .drop_expired_partitions(policy, None)
        .await
        .unwrap()
}

#[tokio::test]
async fn no_partition_is_started_after_the_time_limit() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    let (_, tasks) = aged(&postgres).await;
    let policy = RetentionPolicy::terminal_before(on("2026-02-15"));

    let within = Some(Duration::ZERO);
    let results = postgres
        .admin()
        .drop_expired_partitions(&policy, within)
        .await
        .unwrap();

    assert_eq!(results, []);
    let trail = postgres.task_history().trail_all(&tasks[0]).await.unwrap();
    assert_eq!(trail.len(), 2);
}

#[tokio::test]
async fn large_partition_is_judged_by_a_sample() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    postgres
        .admin()
        .partition(on("2025-12-10"), 4)
        .await
        .unwrap();
    let filled = r#"
        INSERT INTO task_history (user_id, task_id, step, entry_id, recorded_at, status, result)
        SELECT 'alice', 'task-' || n / 10, n % 10,
               ('019b8000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
               '2026-01-03', 'running', '{"step": "fetch", "result": null, "completed": false, "message": "", "status": "running", "error_code": null, "error_message": null}' FROM generate_series(0, 119999) AS n;
        INSERT INTO task_summary (user_id, task_id, step_status, last_step, last_entry, entries,
                                  created_at, last_updated)
        SELECT user_id, task_id, 'running', 9, max(id), 10, '2026-01-03', '2026-01-03'
        FROM task_history GROUP BY user_id, task_id;
        ANALYZE task_history"#;
    database.execute(filled).unwrap();
    let policy = RetentionPolicy::terminal_before(on("2026-02-15"));

    let running = drop_expired(&postgres, &policy).await;
    database
        .execute("UPDATE task_summary SET step_status = 'completed' WHERE task_id <> 'task-7'")
        .unwrap();
    let completed = drop_expired(&postgres, &policy).await;

    assert_eq!(running[0].failure, None);
    assert!(
        !running[0].dropped && running[0].kept >= 100_000,
        "{running:?}"
    );
    assert!(completed[0].dropped, "{completed:?}");
    assert_eq!((completed[0].entries, completed[0].kept), (119_990, 10));
    let retained = task_of("alice", "task-7");
    let trail = postgres.task_history().trail_all(&retained).await.unwrap();
    assert_eq!(trail.len(), 10);
}
