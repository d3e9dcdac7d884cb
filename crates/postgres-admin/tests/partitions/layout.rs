//! Conversion to partitions, and later months.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tasktrail_conformance::fixture::{Edit, task_of};
use tasktrail_domain::task_history::TaskStatus::{Completed, Running};
use tasktrail_domain::task_history::{TaskHistoryRepository, TaskHistoryRepositoryExt};
use tasktrail_postgres_admin::Administrable as _;
use tasktrail_test_support::TestDatabase;

use super::fixture::{EntryFactory, assert_consistent, names, on, open};

#[tokio::test]
async fn filled_table_becomes_the_first_partition_unchanged() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    let (histories, factory) = (postgres.task_history(), EntryFactory::default());
    let old = factory
        .save(&histories, "old", &["2026-01-05", "2026-02-05"], Completed)
        .await;
    let before = histories.trail_all(&old).await.unwrap();
    let role = format!("service_of_{}", database.name());
    database
        .execute(&format!(
            "CREATE ROLE {role}; GRANT SELECT, INSERT ON task_history TO {role}"
        ))
        .unwrap();
    assert_eq!(postgres.admin().partitions().await.unwrap(), None);

    let made = postgres
        .admin()
        .partition(on("2026-02-10"), 2)
        .await
        .unwrap();

    let expected = ["before_2026_03", "2026_03", "2026_04", "from_2026_05"];
    assert_eq!(made.len(), 4);
    assert_eq!(names(&postgres).await, expected);
    assert_eq!(histories.trail_all(&old).await.unwrap(), before);
    assert_eq!(postgres.check_schema().await.unwrap(), []);
    let rights = format!(
        "SELECT has_table_privilege('{role}', 'task_history', 'SELECT, INSERT')
            AND NOT has_table_privilege('{role}', 'task_history', 'DELETE')"
    );
    assert_eq!(
        database.execute(&rights).unwrap()[0][0].as_deref(),
        Some("t")
    );
    // Repeating an entry is idempotent, a conflicting one is refused, and a new revision is the
    // newest.
    histories.save(&before[0]).await.unwrap();
    histories
        .save(&before[0].clone().giving("other"))
        .await
        .unwrap_err();
    factory
        .save(&histories, "old", &["2026-03-02", "2026-03-03"], Running)
        .await;
    let trail = histories.trail_all(&old).await.unwrap();
    assert_eq!((trail.len(), &trail[..2]), (4, before.as_slice()));
    assert_eq!(
        postgres
            .admin()
            .partition(on("2026-02-10"), 2)
            .await
            .unwrap(),
        []
    );
    database
        .execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"))
        .unwrap();
}

/// The first partition ends at the first month boundary after the next week, because saves continue
/// during the conversion. So in the last week of a month one month less is created after it.
#[tokio::test]
async fn next_month_has_a_partition_on_every_day() {
    for (day, expected) in [
        (
            "2026-11-23",
            &["before_2026_12", "2026_12", "from_2027_01"][..],
        ),
        ("2026-11-24", &["before_2027_01", "from_2027_01"]),
        ("2026-12-31", &["before_2027_02", "from_2027_02"]),
        ("2027-01-31", &["before_2027_03", "from_2027_03"]),
        ("2027-02-21", &["before_2027_03", "2027_03", "from_2027_04"]),
        ("2027-02-28", &["before_2027_04", "from_2027_04"]),
        ("2028-02-22", &["before_2028_03", "2028_03", "from_2028_04"]),
        ("2028-02-29", &["before_2028_04", "from_2028_04"]),
        ("2031-03-01", &["before_2031_04", "2031_04", "from_2031_05"]),
    ] {
        let database = TestDatabase::new();
        let postgres = open(&database).await;

        postgres.admin().partition(on(day), 1).await.unwrap();

        assert_eq!(names(&postgres).await, expected, "{day}");
        assert_eq!(
            postgres.admin().partition(on(day), 1).await.unwrap(),
            [],
            "{day}"
        );
        assert_eq!(postgres.check_schema().await.unwrap(), [], "{day}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn saves_succeed_during_conversion() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    let factory = Arc::new(EntryFactory::default());
    let stop = Arc::new(AtomicBool::new(false));
    let writers = (0..4).map(|writer| {
        let (histories, factory, stop) = (
            postgres.task_history(),
            Arc::clone(&factory),
            Arc::clone(&stop),
        );
        tokio::spawn(async move {
            let task = task_of("alice", &format!("task-{writer}"));
            let mut saved = 0;
            while !stop.load(Ordering::Relaxed) || saved < 20 {
                let entry = factory.step(&task, saved, Running, on("2026-02-10"));
                histories.save(&entry).await.unwrap();
                saved += 1;
            }
            (task, saved)
        })
    });
    let writers: Vec<_> = writers.collect();

    for (day, ahead) in [("2026-02-10", 0), ("2026-02-10", 3), ("2026-09-01", 1)] {
        postgres.admin().partition(on(day), ahead).await.unwrap();
    }

    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        let (task, saved) = writer.await.unwrap();
        let trail = postgres.task_history().trail_all(&task).await.unwrap();
        assert_eq!(trail.len(), usize::from(saved));
    }
    assert_consistent(&postgres.task_history()).await;
}

#[tokio::test]
async fn months_are_added_if_the_last_partition_has_entries() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    let (histories, factory) = (postgres.task_history(), EntryFactory::default());
    postgres
        .admin()
        .partition(on("2026-02-10"), 0)
        .await
        .unwrap();
    assert_eq!(names(&postgres).await, ["before_2026_03", "from_2026_03"]);
    let late = factory
        .save(&histories, "late", &["2026-06-03"], Running)
        .await;

    // No months were created in between; those that have passed become one partition.
    postgres
        .admin()
        .partition(on("2026-06-10"), 1)
        .await
        .unwrap();
    let closed = names(&postgres).await;
    factory
        .save(&histories, "late", &["2026-06-04", "2026-07-04"], Running)
        .await;
    postgres
        .admin()
        .partition(on("2026-06-10"), 3)
        .await
        .unwrap();

    assert_eq!(
        closed,
        [
            "before_2026_03",
            "2026_03_until_2026_07",
            "2026_07",
            "from_2026_08"
        ]
    );
    assert_eq!(names(&postgres).await.last().unwrap(), "from_2026_10");
    assert_eq!(histories.trail_all(&late).await.unwrap().len(), 3);
    assert_eq!(postgres.check_schema().await.unwrap(), []);
}

#[tokio::test]
async fn only_one_process_holds_the_maintenance_lock() {
    let database = TestDatabase::new();
    let (one, two) = (open(&database).await, open(&database).await);

    let turn = one.admin().maintenance_lock().await.unwrap().unwrap();
    let refused = two.admin().maintenance_lock().await.unwrap();
    drop(turn);

    assert!(refused.is_none());
    // The server takes some time to end the first session.
    let runtime = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || {
        tasktrail_test_support::wait_until("the lock is free", || {
            runtime
                .block_on(two.admin().maintenance_lock())
                .unwrap()
                .is_some()
        });
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn next_run_removes_the_check_of_an_interrupted_conversion() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    let (histories, factory) = (postgres.task_history(), EntryFactory::default());
    let left = "ALTER TABLE task_history ADD CONSTRAINT task_history_range_check
                CHECK (entry_id < '019c0000-0000-0000-0000-000000000000') NOT VALID";
    database.execute(left).unwrap();

    let refused = factory.step(&task_of("alice", "late"), 0, Running, on("2026-06-01"));
    histories.save(&refused).await.unwrap_err();
    let differences = postgres.check_schema().await.unwrap();
    postgres
        .admin()
        .partition(on("2026-02-10"), 1)
        .await
        .unwrap();

    assert_eq!(differences.len(), 1, "{differences:?}");
    histories.save(&refused).await.unwrap();
    assert_eq!(postgres.check_schema().await.unwrap(), []);
}

#[tokio::test]
async fn table_with_dependent_objects_is_not_converted() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    database
        .execute(
            "CREATE VIEW reports AS SELECT * FROM task_history;
             CREATE PUBLICATION copies FOR TABLE task_history",
        )
        .unwrap();

    let refused = postgres
        .admin()
        .partition(on("2026-02-10"), 1)
        .await
        .unwrap_err();

    let words = refused.to_string();
    assert!(
        words.contains("publication copies, view reports"),
        "{words}"
    );
    assert_eq!(postgres.admin().partitions().await.unwrap(), None);
    assert_eq!(postgres.check_schema().await.unwrap(), []);
}
