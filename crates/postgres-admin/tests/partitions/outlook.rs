//! Why partitions are kept, and when they can be dropped.

use tasktrail_domain::UserId;
use tasktrail_domain::task_history::TaskStatus::Completed;
use tasktrail_domain::task_history::{RetentionPolicy, Scope};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_postgres::PostgresDatabase;
use tasktrail_postgres_admin::Administrable as _;
use tasktrail_postgres_admin::PartitionHold;
use tasktrail_test_support::TestDatabase;

use super::drop_expired::{aged, drop_expired};
use super::fixture::{EntryFactory, on, open};

type Found = (String, Option<PartitionHold>, Option<Timestamp>);

/// The outlook on 1 March.
async fn outlook(postgres: &PostgresDatabase, policy: &RetentionPolicy) -> Vec<Found> {
    let found = postgres
        .admin()
        .partition_outlook(policy, on("2026-03-01"))
        .await;
    let found = found.unwrap().unwrap().into_iter();
    found
        .map(|found| {
            let name = found.partition.replace("task_history_", "");
            (name, found.hold, found.droppable_from)
        })
        .collect()
}

fn february() -> Found {
    let hold = PartitionHold::EndsAfterCutoff;
    ("2026_02".to_owned(), Some(hold), Some(on("2026-03-15")))
}

fn retained(partition: &str, retained: u64, counted: u64) -> Found {
    let hold = PartitionHold::RetainedTasks { retained, counted };
    (partition.to_owned(), Some(hold), None)
}

#[tokio::test]
async fn partition_that_ends_before_the_cutoff_can_be_dropped() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    aged(&postgres).await;
    let policy = RetentionPolicy::terminal_before(on("2026-02-15"));

    let before = outlook(&postgres, &policy).await;
    let dropped = drop_expired(&postgres, &policy).await;
    let after = outlook(&postgres, &policy).await;

    let january = ("2026_01".to_owned(), None, Some(on("2026-02-15")));
    assert_eq!(before, [january, february()]);
    assert!(dropped[0].dropped, "{dropped:?}");
    // The remaining entries are those of the running task, in January and in April.
    let hold = PartitionHold::EndsAfterCutoff;
    let april = ("2026_04".to_owned(), Some(hold), Some(on("2026-05-15")));
    assert_eq!(after, [retained("before_2026_02", 1, 1), april]);
}

#[tokio::test]
async fn outlook_names_a_policy_that_prevents_drops() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    aged(&postgres).await;
    let policy = RetentionPolicy::terminal_before(on("2026-02-15"));
    let keep_unfinished = policy.clone().with_keep_unfinished(true);
    let newest_kept = policy.clone().with_keep_newest(1);
    let of_one_user = policy.with_scope(Scope::User(UserId::new("alice").unwrap()));

    let found = outlook(&postgres, &keep_unfinished).await;
    assert_eq!(found, [retained("2026_01", 62, 62), february()]);
    for narrow in [newest_kept, of_one_user] {
        let hold = PartitionHold::NarrowPolicy;
        let expected = ("2026_01".to_owned(), Some(hold), None);
        assert_eq!(outlook(&postgres, &narrow).await, [expected]);
    }
}

#[tokio::test]
async fn partition_without_end_cannot_be_dropped() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    let policy = RetentionPolicy::terminal_before(on("2026-02-15"));
    let plain = postgres
        .admin()
        .partition_outlook(&policy, on("2026-03-01"))
        .await;
    postgres
        .admin()
        .partition(on("2025-12-10"), 0)
        .await
        .unwrap();
    let histories = postgres.task_history();
    let factory = EntryFactory::default();
    factory
        .save(&histories, "task", &["2026-01-05"], Completed)
        .await;

    let found = outlook(&postgres, &policy).await;

    assert_eq!(plain.unwrap(), None);
    let expected = ("from_2026_01".to_owned(), Some(PartitionHold::NoEnd), None);
    assert_eq!(found, [expected]);
}
