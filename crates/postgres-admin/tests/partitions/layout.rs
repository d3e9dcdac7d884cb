//! How a store gets partitions, and months ahead.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tasktrail_conformance::fixture::{Edit, task_of};
use tasktrail_domain::task_history::TaskStatus::{Completed, Running};
use tasktrail_domain::task_history::{
    RetentionPolicy, TaskHistoryRepository, TaskHistoryRepositoryExt,
};
use tasktrail_postgres::{PostgresConfig, PostgresDatabase};
use tasktrail_postgres_admin::Administrable as _;
use tasktrail_postgres_admin::PartitionError;
use tasktrail_test_support::TestDatabase;

use super::scene::{Clerk, DAY, assert_consistent, names, on, open};

#[tokio::test]
async fn a_filled_table_becomes_the_first_partition_as_it_is() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    let (histories, clerk) = (postgres.task_history(), Clerk::default());
    let old = clerk
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
    // A repeated entry is found, a contradicting one is refused, and a new revision is the newest.
    histories.save(&before[0]).await.unwrap();
    histories
        .save(&before[0].clone().giving("other"))
        .await
        .unwrap_err();
    clerk
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

/// The table becomes the partition up to the end of the month that lies a week ahead, for entries are
/// saved while it is converted: in the last week of a month one month less is made behind it.
#[tokio::test]
async fn the_month_ahead_has_a_partition_on_every_day_of_a_month() {
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
async fn no_save_fails_and_none_is_lost_while_a_table_is_converted() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    let clerk = Arc::new(Clerk::default());
    let stop = Arc::new(AtomicBool::new(false));
    let writers = (0..4).map(|writer| {
        let (histories, clerk, stop) = (
            postgres.task_history(),
            Arc::clone(&clerk),
            Arc::clone(&stop),
        );
        tokio::spawn(async move {
            let task = task_of("alice", &format!("task-{writer}"));
            let mut saved = 0;
            while !stop.load(Ordering::Relaxed) || saved < 20 {
                let entry = clerk.step(&task, saved, Running, on("2026-02-10"));
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
async fn months_are_added_also_when_the_open_end_has_entries() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    let (histories, clerk) = (postgres.task_history(), Clerk::default());
    postgres
        .admin()
        .partition(on("2026-02-10"), 0)
        .await
        .unwrap();
    assert_eq!(names(&postgres).await, ["before_2026_03", "from_2026_03"]);
    let late = clerk
        .save(&histories, "late", &["2026-06-03"], Running)
        .await;

    // Nobody made months since; those that are over are closed together.
    postgres
        .admin()
        .partition(on("2026-06-10"), 1)
        .await
        .unwrap();
    let closed = names(&postgres).await;
    clerk
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
async fn a_role_that_may_not_create_tables_saves_and_is_told_that_it_cannot_partition() {
    let database = TestDatabase::new();
    let owner = open(&database).await;
    owner.admin().partition(on("2026-02-10"), 2).await.unwrap();
    let role = format!("runtime_of_{}", database.name());
    database
        .execute(&format!(
            "CREATE ROLE {role} LOGIN;
             GRANT SELECT, INSERT, DELETE ON task_history TO {role};
             GRANT SELECT, INSERT, UPDATE, DELETE ON task_summary TO {role};
             GRANT SELECT ON tasktrail_migrations TO {role}"
        ))
        .unwrap();
    let url = database.url().replace("postgres@", &format!("{role}@"));
    let runtime = PostgresDatabase::connect(PostgresConfig::from_url(url).unwrap())
        .await
        .unwrap();
    let (histories, clerk) = (runtime.task_history(), Clerk::default());

    let days = ["2026-02-11", "2026-03-11", "2030-01-01"];
    let task = clerk.save(&histories, "report", &days, Completed).await;
    let policy = RetentionPolicy::older_than(on("2030-01-01").saturating_add(DAY));
    let refused = runtime
        .admin()
        .partition(on("2026-09-10"), 2)
        .await
        .unwrap_err();
    let removed = histories
        .remove_all_expired(&policy, <_>::default(), |_| ())
        .await
        .unwrap();

    let dropped = runtime
        .admin()
        .drop_expired_partitions(&policy, None)
        .await
        .unwrap_err();
    for refused in [refused, dropped] {
        assert!(matches!(&refused, PartitionError::NotOwner { owner } if owner == "postgres"));
    }
    assert_eq!((removed.tasks, removed.entries), (1, 3));
    assert_eq!(histories.status(&task).await.unwrap(), None);
    drop((histories, runtime));
    database
        .execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"))
        .unwrap();
}

#[tokio::test]
async fn one_process_at_a_time_has_its_turn_to_maintain() {
    let database = TestDatabase::new();
    let (one, two) = (open(&database).await, open(&database).await);

    let turn = one.admin().maintenance_lock().await.unwrap().unwrap();
    let refused = two.admin().maintenance_lock().await.unwrap();
    drop(turn);

    assert!(refused.is_none());
    // The server ends the session of the first in its own time.
    let runtime = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || {
        tasktrail_test_support::wait_until("the turn is free", || {
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
async fn what_an_interrupted_conversion_has_left_refuses_no_save_for_ever() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    let (histories, clerk) = (postgres.task_history(), Clerk::default());
    let left = "ALTER TABLE task_history ADD CONSTRAINT task_history_range_check
                CHECK (entry_id < '019c0000-0000-0000-0000-000000000000') NOT VALID";
    database.execute(left).unwrap();

    let refused = clerk.step(&task_of("alice", "late"), 0, Running, on("2026-06-01"));
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
async fn a_table_that_others_look_at_is_not_converted() {
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

#[tokio::test]
async fn partitions_belong_to_the_owner_whoever_makes_them() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    let role = format!("owner_of_{}", database.name());
    database
        .execute(&format!(
            "CREATE ROLE {role}; GRANT CREATE, USAGE ON SCHEMA public TO {role};
             ALTER TABLE task_history OWNER TO {role}; ALTER TABLE task_summary OWNER TO {role}"
        ))
        .unwrap();

    postgres
        .admin()
        .partition(on("2026-02-10"), 1)
        .await
        .unwrap();
    postgres
        .admin()
        .partition(on("2026-02-10"), 3)
        .await
        .unwrap();
    let task = Clerk::default()
        .save(&postgres.task_history(), "old", &["2026-01-05"], Completed)
        .await;
    let policy = RetentionPolicy::older_than(on("2026-04-15"));
    let retired = postgres
        .admin()
        .drop_expired_partitions(&policy, None)
        .await
        .unwrap();

    assert!(retired[0].dropped, "{retired:?}");
    assert_eq!(postgres.task_history().status(&task).await.unwrap(), None);
    let owners = "SELECT DISTINCT relowner::regrole::text FROM pg_class
                  WHERE relname LIKE 'task_history%' AND relkind IN ('r', 'p')";
    assert_eq!(database.execute(owners).unwrap(), [[Some(role.clone())]]);
    database
        .execute(&format!(
            "REASSIGN OWNED BY {role} TO postgres; DROP OWNED BY {role}; DROP ROLE {role}"
        ))
        .unwrap();
}
