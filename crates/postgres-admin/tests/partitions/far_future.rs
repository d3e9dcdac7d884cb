//! Entries that are dated years ahead.

use tasktrail_conformance::fixture::{Edit, task_of};
use tasktrail_domain::task_history::TaskStatus::{Completed, Running};
use tasktrail_domain::task_history::{
    RetentionPolicy, TaskHistoryRepository, TaskHistoryRepositoryExt,
};
use tasktrail_postgres_admin::Administrable as _;
use tasktrail_postgres_admin::PartitionError;
use tasktrail_test_support::TestDatabase;

use super::drop_expired::drop_expired;
use super::fixture::{EntryFactory, assert_consistent, names, on, open};

/// The tables that contain entries, with the numbers of entries.
fn filled(database: &TestDatabase) -> Vec<(String, String)> {
    let rows = database
        .execute(
            "SELECT replace(tableoid::regclass::text, 'task_history_', ''), count(*)
             FROM task_history GROUP BY tableoid ORDER BY 1",
        )
        .unwrap();
    let text = |value: &Option<String>| value.clone().unwrap();
    rows.iter()
        .map(|row| (text(&row[0]), text(&row[1])))
        .collect()
}

fn counts(of: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = of
        .iter()
        .map(|(table, count)| ((*table).to_owned(), (*count).to_owned()));
    owned.collect()
}

#[tokio::test]
async fn table_with_far_future_entries_is_converted_and_extended() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    let (histories, factory) = (postgres.task_history(), EntryFactory::default());
    let days = ["2026-02-05", "2400-01-01", "2026-02-06"];
    let task = factory.save(&histories, "report", &days, Running).await;
    factory
        .save(&histories, "old", &["2026-01-05"], Completed)
        .await;
    let trail = histories.trail_all(&task).await.unwrap();

    postgres
        .admin()
        .partition(on("2026-02-10"), 1)
        .await
        .unwrap();

    let expected = ["before_2026_03", "2026_03", "from_2026_04"];
    assert_eq!(names(&postgres).await, expected);
    assert_eq!(
        filled(&database),
        counts(&[("before_2026_03", "3"), ("from_2026_04", "1")])
    );
    assert_eq!(histories.trail_all(&task).await.unwrap(), trail);
    assert_eq!(postgres.check_schema().await.unwrap(), []);
    // Repeating an entry is idempotent; a conflicting one is refused.
    histories.save(&trail[1]).await.unwrap();
    let other = trail[1].clone().giving("other");
    histories.save(&other).await.unwrap_err();
    // It prevents no later month, created in time or not, and no drop of a partition.
    postgres
        .admin()
        .partition(on("2026-03-10"), 1)
        .await
        .unwrap();
    let late = ["2026-05-20", "2028-05-20"];
    factory.save(&histories, "late", &late, Running).await;
    postgres
        .admin()
        .partition(on("2026-05-10"), 1)
        .await
        .unwrap();
    postgres
        .admin()
        .partition(on("2027-06-10"), 1)
        .await
        .unwrap();
    let policy = RetentionPolicy::terminal_before(on("2026-03-01"));
    drop_expired(&postgres, &policy).await;

    assert_eq!(histories.trail_all(&task).await.unwrap(), trail);
    assert_consistent(&histories).await;
    let names = names(&postgres).await;
    assert!(names.len() < 20, "{names:?}");
    assert_eq!(names.last().unwrap(), "from_2027_08");
    assert_eq!(
        filled(&database).last().unwrap(),
        &("from_2027_08".to_owned(), "2".to_owned())
    );
    assert_eq!(postgres.check_schema().await.unwrap(), []);
}

#[tokio::test]
async fn far_future_entries_go_to_the_months_that_exist() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    let (histories, factory) = (postgres.task_history(), EntryFactory::default());
    let days = ["2026-02-05", "2028-01-05", "2400-01-01"];
    let task = factory.save(&histories, "report", &days, Running).await;

    postgres
        .admin()
        .partition(on("2026-02-10"), 36)
        .await
        .unwrap();

    assert_eq!(
        filled(&database),
        counts(&[
            ("2028_01", "1"),
            ("before_2026_03", "1"),
            ("from_2029_03", "1")
        ])
    );
    assert_eq!(histories.trail_all(&task).await.unwrap().len(), 3);
    assert_eq!(postgres.check_schema().await.unwrap(), []);
}

#[tokio::test]
async fn too_many_far_future_entries_are_refused_without_changes() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    let filled = "
        INSERT INTO task_history (user_id, task_id, step, entry_id, recorded_at, status, result)
        SELECT 'alice', 'lost', n, ('0c000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
               '2400-01-01', 'running', '{}' FROM generate_series(0, 10000) AS n";
    database.execute(filled).unwrap();

    let refused = postgres
        .admin()
        .partition(on("2026-02-10"), 1)
        .await
        .unwrap_err();

    assert!(
        matches!(
            refused,
            PartitionError::FarFuture {
                at_most: 10_000,
                ..
            }
        ),
        "{refused}"
    );
    assert_eq!(postgres.admin().partitions().await.unwrap(), None);
    assert_eq!(postgres.check_schema().await.unwrap(), []);
}

#[tokio::test]
async fn interrupted_conversion_neither_loses_nor_duplicates_entries() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    let (histories, factory) = (postgres.task_history(), EntryFactory::default());
    let days = ["2026-02-05", "2400-01-01"];
    let task = factory.save(&histories, "report", &days, Running).await;
    let trail = histories.trail_all(&task).await.unwrap();
    // The state after a process is killed during the validation of the table.
    let left = "
        ALTER TABLE task_history ADD CONSTRAINT task_history_range_check
            CHECK (entry_id < '019c0000-0000-0000-0000-000000000000') NO INHERIT NOT VALID;
        CREATE TABLE task_history_far_future (PRIMARY KEY (user_id, entry_id)) INHERITS (task_history);
        INSERT INTO task_history_far_future
            SELECT * FROM ONLY task_history WHERE recorded_at > '2300-01-01';
        DELETE FROM ONLY task_history WHERE recorded_at > '2300-01-01'";
    database.execute(left).unwrap();

    let during = histories.trail_all(&task).await.unwrap();
    histories.save(&trail[1]).await.unwrap_err();
    postgres
        .admin()
        .partition(on("2026-02-10"), 0)
        .await
        .unwrap();

    assert_eq!(during, trail);
    assert_eq!(histories.trail_all(&task).await.unwrap(), trail);
    histories.save(&trail[1]).await.unwrap();
    assert_eq!(
        filled(&database),
        counts(&[("before_2026_03", "1"), ("from_2026_03", "1")])
    );
    assert_eq!(postgres.check_schema().await.unwrap(), []);
    let more = factory.step(&task_of("alice", "report"), 2, Running, on("2026-03-02"));
    histories.save(&more).await.unwrap();
    assert_consistent(&histories).await;
}
