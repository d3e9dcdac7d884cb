//! The partitioned layout: how a store gets it, keeps months ahead, and loses old ones.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tasktrail_conformance::fixture::{Edit, Writer, task_of};
use tasktrail_domain::repository::PageRequest;
use tasktrail_domain::task_history::TaskStatus::{Completed, Running};
use tasktrail_domain::task_history::{
    EntryIds, FinalStatus, HistoryEntry, RetentionPolicy, Scope, SequentialEntryIds, TaskFilter,
    TaskHistoryRepository, TaskHistoryRepositoryExt, TaskKey, TaskStatus, UserId,
};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_postgres::{PartitionError, PostgresConfig, PostgresDatabase, PostgresTaskHistory};
use tasktrail_test_support::{TableLock, TestDatabase};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn open(database: &TestDatabase) -> PostgresDatabase {
    let config = PostgresConfig::from_url(database.url())
        .and_then(|config| config.with_connections(1, 4))
        .unwrap();
    let postgres = PostgresDatabase::connect(config).await.unwrap();
    postgres.migrate().await.unwrap();
    postgres
}

fn on(day: &str) -> Timestamp {
    format!("{day}T00:00:00Z").parse().unwrap()
}

/// Makes entries with the time of their recording in their ids, as services do.
#[derive(Default)]
struct Clerk(Writer, SequentialEntryIds);

impl Clerk {
    fn step(&self, task: &TaskKey, step: u16, status: TaskStatus, at: Timestamp) -> HistoryEntry {
        let entry = self.0.step(task, step, status);
        entry.recorded(at).under(self.1.next(at))
    }

    async fn save(
        &self,
        histories: &PostgresTaskHistory<'_>,
        task: &str,
        days: &[&str],
        last: TaskStatus,
    ) -> TaskKey {
        let task = task_of("alice", task);
        for (step, day) in (0_u16..).zip(days) {
            let is_last = usize::from(step) + 1 == days.len();
            let status = if is_last { last } else { Running };
            let entry = self.step(&task, step, status, on(day));
            histories.save(&entry).await.unwrap();
        }
        task
    }
}

async fn names(postgres: &PostgresDatabase) -> Vec<String> {
    let partitions = postgres.partitions().await.unwrap().unwrap();
    let names = partitions.into_iter().map(|partition| partition.name);
    names
        .map(|name| name.replace("task_history_", ""))
        .collect()
}

/// The summary of each of alice's tasks tells what its trail has.
async fn assert_consistent(histories: &PostgresTaskHistory<'_>) {
    let user = UserId::new("alice").unwrap();
    let tasks = histories
        .list(&user, &TaskFilter::default(), &PageRequest::default())
        .await
        .unwrap();
    for summary in tasks.items {
        let trail = histories.trail_all(&summary.task).await.unwrap();
        assert_eq!(
            summary.entries,
            u64::try_from(trail.len()).unwrap(),
            "{summary:?}"
        );
    }
}

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
    assert_eq!(postgres.partitions().await.unwrap(), None);

    let made = postgres.partition(on("2026-02-10"), 2).await.unwrap();

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
        .save(&before[0].clone().giving("other".into()))
        .await
        .unwrap_err();
    clerk
        .save(&histories, "old", &["2026-03-02", "2026-03-03"], Running)
        .await;
    let trail = histories.trail_all(&old).await.unwrap();
    assert_eq!((trail.len(), &trail[..2]), (4, before.as_slice()));
    assert_eq!(postgres.partition(on("2026-02-10"), 2).await.unwrap(), []);
    database
        .execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"))
        .unwrap();
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
        postgres.partition(on(day), ahead).await.unwrap();
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
    postgres.partition(on("2026-02-10"), 0).await.unwrap();
    assert_eq!(names(&postgres).await, ["before_2026_03", "from_2026_03"]);
    let late = clerk
        .save(&histories, "late", &["2026-06-03"], Running)
        .await;

    // Nobody made months since; those that are over are closed together.
    postgres.partition(on("2026-06-10"), 1).await.unwrap();
    let closed = names(&postgres).await;
    clerk
        .save(&histories, "late", &["2026-06-04", "2026-07-04"], Running)
        .await;
    postgres.partition(on("2026-06-10"), 3).await.unwrap();

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
async fn ids_of_the_far_future_are_told() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    let histories = postgres.task_history();
    Clerk::default()
        .save(&histories, "lost", &["2400-01-01"], Running)
        .await;

    let refused = postgres.partition(on("2026-06-10"), 1).await.unwrap_err();

    assert!(
        matches!(refused, PartitionError::FarFuture { .. }),
        "{refused}"
    );
    assert!(refused.to_string().contains("2400-01-01"), "{refused}");
    assert_eq!(postgres.partitions().await.unwrap(), None);
}

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

#[tokio::test]
async fn a_role_that_may_not_create_tables_saves_and_is_told_that_it_cannot_partition() {
    let database = TestDatabase::new();
    let owner = open(&database).await;
    owner.partition(on("2026-02-10"), 2).await.unwrap();
    let role = format!("runtime_of_{}", database.name());
    database
        .execute(&format!(
            "CREATE ROLE {role} LOGIN;
             GRANT SELECT, INSERT, DELETE ON task_history TO {role};
             GRANT SELECT, INSERT, UPDATE, DELETE ON task_summary TO {role};
             GRANT SELECT ON __diesel_schema_migrations TO {role}"
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
    let refused = runtime.partition(on("2026-09-10"), 2).await.unwrap_err();
    let removed = histories
        .remove_all_expired(&policy, <_>::default(), |_| ())
        .await
        .unwrap();

    let dropped = runtime.drop_expired_partitions(&policy).await.unwrap_err();
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

    let turn = one.maintenance_turn().await.unwrap().unwrap();
    let refused = two.maintenance_turn().await.unwrap();
    drop(turn);

    assert!(refused.is_none());
    // The server ends the session of the first in its own time.
    let runtime = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || {
        tasktrail_test_support::wait_until("the turn is free", || {
            runtime.block_on(two.maintenance_turn()).unwrap().is_some()
        });
    })
    .await
    .unwrap();
}
