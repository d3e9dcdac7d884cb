//! How old partitions go.

use tasktrail_domain::task_history::TaskStatus::{Completed, Running};
use tasktrail_domain::task_history::{
    FinalStatus, RetentionPolicy, Scope, TaskHistoryRepository, TaskHistoryRepositoryExt, TaskKey,
    UserId,
};
use tasktrail_postgres::{PartitionError, PostgresDatabase};
use tasktrail_test_support::{TableLock, TestDatabase};

use super::scene::{Clerk, assert_consistent, names, on, open};

/// Tasks of January that go, one that reaches into February, and one that is still running.
async fn aged(postgres: &PostgresDatabase) -> (Clerk, Vec<TaskKey>) {
    let (histories, clerk) = (postgres.task_history(), Clerk::default());
    postgres.partition(on("2025-12-10"), 4).await.unwrap();
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
    let policy = RetentionPolicy::settled_before(on("2026-02-15"));

    let retired = postgres.drop_expired_partitions(&policy).await.unwrap();

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
            .drop_expired_partitions(&policy)
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
        ..RetentionPolicy::settled_before(on("2026-02-15"))
    };
    let of_nobody = RetentionPolicy {
        scope: Scope::User(UserId::new("nobody").unwrap()),
        ..RetentionPolicy::older_than(on("2026-02-15"))
    };
    let newest_stay = RetentionPolicy {
        keep_newest: 1,
        ..RetentionPolicy::older_than(on("2026-02-15"))
    };

    let retired = postgres.drop_expired_partitions(&policy).await.unwrap();
    let others = postgres.drop_expired_partitions(&of_nobody).await.unwrap();

    assert_eq!((retired[0].dropped, retired[0].kept), (false, 60));
    assert_eq!((others[0].dropped, others[0].kept), (false, 62));
    assert_eq!(
        postgres
            .drop_expired_partitions(&newest_stay)
            .await
            .unwrap(),
        []
    );
    for task in &tasks {
        assert_eq!(histories.trail_all(task).await.unwrap().len(), 2);
    }
}

#[tokio::test]
async fn a_transaction_that_reads_holds_a_drop_up_and_nobody_else() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    let (_, tasks) = aged(&postgres).await;
    let histories = postgres.task_history();
    let reader = open(&database).await;
    let policy = RetentionPolicy::settled_before(on("2026-02-15"));
    let lock = TableLock::of_a_reader(&database, "task_history");

    let (refused, read) = tokio::join!(postgres.drop_expired_partitions(&policy), async {
        let mut reads = 0;
        for _ in 0..200 {
            reads += reader
                .task_history()
                .trail_all(&tasks[0])
                .await
                .unwrap()
                .len();
        }
        reads
    });
    drop(lock);
    let retired = postgres.drop_expired_partitions(&policy).await.unwrap();

    assert!(
        matches!(refused, Err(PartitionError::Locked(_))),
        "{refused:?}"
    );
    assert_eq!(read, 400);
    assert!(retired[0].dropped);
    assert_eq!(histories.status(&tasks[0]).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_is_saved_while_its_partition_goes_is_whole_or_new() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    let (clerk, tasks) = aged(&postgres).await;
    let histories = postgres.task_history();
    let policy = RetentionPolicy::settled_before(on("2026-02-15"));
    let saves = async {
        for task in &tasks[..30] {
            let entry = clerk.step(task, 7, Running, on("2026-04-02"));
            histories.save(&entry).await.unwrap();
        }
    };

    let (retired, ()) = tokio::join!(postgres.drop_expired_partitions(&policy), saves);

    let retired = retired.unwrap();
    let mut whole = 0;
    for task in &tasks[..30] {
        assert_eq!(histories.status(task).await.unwrap(), Some(Running));
        let steps = histories.trail_all(task).await.unwrap().len();
        assert!(steps == 3 || steps == 1, "{task} has {steps} entries");
        whole += usize::from(steps == 3);
    }
    assert!(!retired[0].dropped || retired[0].kept >= 2 * u64::try_from(whole).unwrap());
    assert_consistent(&histories).await;
}
