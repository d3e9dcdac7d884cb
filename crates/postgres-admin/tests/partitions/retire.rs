//! How old partitions go.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tasktrail_conformance::fixture::task_of;
use tasktrail_domain::task_history::TaskStatus::{Completed, Running};
use tasktrail_domain::task_history::{
    FinalStatus, RetentionPolicy, Scope, TaskHistoryRepository, TaskHistoryRepositoryExt, TaskKey,
    UserId,
};
use tasktrail_postgres::PostgresDatabase;
use tasktrail_postgres_admin::Administrable as _;
use tasktrail_postgres_admin::PartitionDrop;
use tasktrail_test_support::{TableLock, TestDatabase};

use super::scene::{Clerk, assert_consistent, names, on, open};

/// Tasks of January that go, one that reaches into February, and one that is still running.
pub(crate) async fn aged(postgres: &PostgresDatabase) -> (Clerk, Vec<TaskKey>) {
    let (histories, clerk) = (postgres.task_history(), Clerk::default());
    postgres
        .admin()
        .partition(on("2025-12-10"), 4)
        .await
        .unwrap();
    let mut tasks = Vec::new();
    for n in 0..30 {
        let days = ["2026-01-05", "2026-01-06"];
        tasks.push(
            clerk
                .save(&histories, &format!("gone-{n}"), &days, Completed)
                .await,
        );
    }
    let days = ["2026-01-30", "2026-02-02"];
    tasks.push(clerk.save(&histories, "across", &days, Completed).await);
    tasks.push(
        clerk
            .save(&histories, "alive", &["2026-01-07", "2026-04-01"], Running)
            .await,
    );
    (clerk, tasks)
}

#[tokio::test]
async fn a_partition_goes_and_what_stays_keeps_its_early_steps() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    let (clerk, tasks) = aged(&postgres).await;
    let histories = postgres.task_history();
    let [.., across, alive] = tasks.as_slice() else {
        panic!("two tasks come last");
    };
    let alive_before = histories.trail_all(alive).await.unwrap();
    let policy = RetentionPolicy::terminal_before(on("2026-02-15"));

    let retired = postgres
        .admin()
        .drop_expired_partitions(&policy, None)
        .await
        .unwrap();

    let [january] = retired.as_slice() else {
        panic!("one partition is old enough: {retired:?}");
    };
    assert_eq!(january.partition, "task_history_2026_01");
    assert_eq!(
        (january.dropped, january.tasks, january.entries),
        (true, 31, 62)
    );
    assert_eq!(january.kept, 1);
    // What was empty before it is one with it now.
    assert_eq!(names(&postgres).await[0], "before_2026_02");
    assert_eq!(histories.trail_all(alive).await.unwrap(), alive_before);
    for gone in tasks[..30].iter().chain([across]) {
        assert_eq!(histories.status(gone).await.unwrap(), None);
        assert_eq!(histories.trail_all(gone).await.unwrap(), []);
    }
    assert_consistent(&histories).await;
    assert_eq!(postgres.check_schema().await.unwrap(), []);
    // What is as old as that can still be saved.
    let late = clerk
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
async fn a_partition_of_which_much_stays_is_left_alone() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    let (_, tasks) = aged(&postgres).await;
    let histories = postgres.task_history();
    histories
        .finish(&tasks[0], FinalStatus::Failed, on("2026-01-09"))
        .await
        .unwrap();
    let policy = RetentionPolicy {
        finished_only: true,
        ..RetentionPolicy::terminal_before(on("2026-02-15"))
    };
    let of_nobody = RetentionPolicy {
        scope: Scope::User(UserId::new("nobody").unwrap()),
        ..RetentionPolicy::older_than(on("2026-02-15"))
    };
    let newest_stay = RetentionPolicy {
        keep_newest: 1,
        ..RetentionPolicy::older_than(on("2026-02-15"))
    };

    let retired = postgres
        .admin()
        .drop_expired_partitions(&policy, None)
        .await
        .unwrap();
    let others = postgres
        .admin()
        .drop_expired_partitions(&of_nobody, None)
        .await
        .unwrap();

    assert_eq!((retired[0].dropped, retired[0].kept), (false, 60));
    assert_eq!(others, []);
    assert_eq!(
        postgres
            .admin()
            .drop_expired_partitions(&newest_stay, None)
            .await
            .unwrap(),
        []
    );
    for task in &tasks {
        assert_eq!(histories.trail_all(task).await.unwrap().len(), 2);
    }
}

/// Why a partition had to be left alone.
pub(crate) fn failure(retired: &[PartitionDrop]) -> &str {
    let [partition] = retired else {
        panic!("one partition is old enough: {retired:?}");
    };
    assert!(!partition.dropped, "{partition:?}");
    partition.failure.as_deref().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_reads_holds_a_drop_up_and_no_other_reader() {
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
    let retired = drop_expired(&postgres, &policy).await;

    assert!(
        failure(&refused).contains("could not be locked"),
        "{refused:?}"
    );
    // The drop was tried for two seconds, a tenth of a second at a time.
    assert!(longest < tried / 2, "{longest:?} of {tried:?}");
    assert!(retired[0].dropped, "{retired:?}");
    assert_eq!(
        postgres.task_history().status(&tasks[0]).await.unwrap(),
        None
    );
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_saved_while_a_partition_goes_is_kept_and_no_save_fails() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    let (clerk, tasks) = aged(&postgres).await;
    let clerk = Arc::new(clerk);
    let policy = RetentionPolicy::terminal_before(on("2026-02-15"));
    let revived = tasks[..30].to_vec();
    let saving = tokio::spawn({
        let (histories, clerk, revived) =
            (postgres.task_history(), Arc::clone(&clerk), revived.clone());
        async move {
            for task in &revived {
                let entry = clerk.step(task, 7, Running, on("2026-04-02"));
                histories.save(&entry).await.unwrap();
            }
        }
    });
    let importing = tokio::spawn({
        let (histories, clerk) = (postgres.task_history(), Arc::clone(&clerk));
        async move {
            let task = task_of("alice", "imported");
            for step in 0..40 {
                let entry = clerk.step(&task, step, Running, on("2026-01-08"));
                histories.save(&entry).await.unwrap();
            }
            task
        }
    });

    let retired = drop_expired(&postgres, &policy).await;

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
        "{retired:?}"
    );
    assert_consistent(&histories).await;
}

#[tokio::test]
async fn no_partition_is_begun_when_the_time_is_up() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    let (_, tasks) = aged(&postgres).await;
    let policy = RetentionPolicy::terminal_before(on("2026-02-15"));

    let within = Some(Duration::ZERO);
    let retired = postgres
        .admin()
        .drop_expired_partitions(&policy, within)
        .await
        .unwrap();

    assert_eq!(retired, []);
    let trail = postgres.task_history().trail_all(&tasks[0]).await.unwrap();
    assert_eq!(trail.len(), 2);
}

#[tokio::test]
async fn of_a_large_partition_a_sample_tells_whether_it_may_go() {
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
    let stays = task_of("alice", "task-7");
    let trail = postgres.task_history().trail_all(&stays).await.unwrap();
    assert_eq!(trail.len(), 10);
}
