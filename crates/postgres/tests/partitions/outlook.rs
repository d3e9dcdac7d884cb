//! Why partitions are kept.

use std::time::Duration;

use tasktrail_conformance::fixture::user;
use tasktrail_domain::task_history::TaskStatus::{Completed, Running};
use tasktrail_domain::task_history::{RetentionPolicy, Scope};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_postgres::{PartitionHold, PostgresDatabase};
use tasktrail_test_support::TestDatabase;

use super::scene::{Clerk, on, open};

const DAYS: Duration = Duration::from_secs(24 * 60 * 60);

/// The reasons, each with the instant from which the partition can be dropped.
async fn holds(
    postgres: &PostgresDatabase,
    policy: &RetentionPolicy,
) -> Vec<(Option<PartitionHold>, Option<Timestamp>)> {
    let now = policy.cutoff.saturating_add(30 * DAYS);
    let outlook = postgres.partition_outlook(policy, now).await.unwrap();
    let outlook = outlook.unwrap().into_iter();
    outlook
        .map(|partition| (partition.hold, partition.droppable_from))
        .collect()
}

#[tokio::test]
async fn each_reason_that_a_partition_is_kept_for_is_named() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    let policy = RetentionPolicy::settled_before(on("2026-01-20"));
    let plain = postgres.partition_outlook(&policy, on("2026-03-01")).await;
    assert_eq!(plain.unwrap(), None);
    postgres.partition(on("2025-12-10"), 2).await.unwrap();
    let (histories, clerk) = (postgres.task_history(), Clerk::default());
    for n in 0..9 {
        let id = format!("done-{n}");
        clerk
            .save(&histories, &id, &["2026-01-05"], Completed)
            .await;
    }

    // January ends on February the 1st, and the policy is of 30 days.
    let young = holds(&postgres, &policy).await;
    let ends = (Some(PartitionHold::EndsAfterCutoff), Some(on("2026-03-03")));
    assert_eq!(young, [ends]);

    let later = RetentionPolicy::settled_before(on("2026-02-10"));
    let droppable = holds(&postgres, &later).await;
    assert_eq!(droppable, [(None, Some(on("2026-03-03")))]);

    clerk
        .save(&histories, "open", &["2026-01-06"], Running)
        .await;
    clerk
        .save(&histories, "new", &["2026-01-06", "2026-02-12"], Completed)
        .await;
    clerk
        .save(&histories, "future", &["2027-01-06"], Completed)
        .await;
    let retained = PartitionHold::RetainedTasks {
        retained: 2,
        counted: 11,
    };
    let live = holds(&postgres, &later).await;
    assert_eq!(live[0], (Some(retained), None));
    assert_eq!(live.last().unwrap().0, Some(PartitionHold::EndsAfterCutoff));

    let far = RetentionPolicy::older_than(on("2026-12-10"));
    let last = holds(&postgres, &far).await;
    assert_eq!(last.last().unwrap(), &(Some(PartitionHold::NoEnd), None));

    for narrow in [
        RetentionPolicy {
            keep_newest: 1,
            ..later.clone()
        },
        RetentionPolicy {
            scope: Scope::User(user("alice")),
            ..later
        },
    ] {
        let held = holds(&postgres, &narrow).await;
        assert_eq!(held, [(Some(PartitionHold::NarrowPolicy), None)]);
    }
}
