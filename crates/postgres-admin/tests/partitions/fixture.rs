//! A database, and a factory of entries with any date.

use std::time::Duration;

use tasktrail_conformance::fixture::{Edit, Writer, task_of};
use tasktrail_domain::id::{IdGenerator, SequentialIdGenerator};
use tasktrail_domain::repository::PageRequest;
use tasktrail_domain::task_history::TaskStatus::Running;
use tasktrail_domain::task_history::{
    HistoryEntry, TaskFilter, TaskHistoryRepository, TaskHistoryRepositoryExt, TaskStatus,
};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::{TaskKey, UserId};
use tasktrail_postgres::{PostgresConfig, PostgresDatabase, PostgresTaskHistory};
use tasktrail_postgres_admin::Administrable as _;
use tasktrail_test_support::TestDatabase;

pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) async fn open(database: &TestDatabase) -> PostgresDatabase {
    let config = PostgresConfig::from_url(database.url())
        .and_then(|config| config.with_connections(1, 4))
        .unwrap();
    let postgres = PostgresDatabase::connect(config).await.unwrap();
    postgres.migrate().await.unwrap();
    postgres
}

pub(crate) fn on(day: &str) -> Timestamp {
    format!("{day}T00:00:00Z").parse().unwrap()
}

/// Creates entries with their recording time in their ids, as services do.
#[derive(Default)]
pub(crate) struct EntryFactory(Writer, SequentialIdGenerator);

impl EntryFactory {
    pub(crate) fn step(
        &self,
        task: &TaskKey,
        step: u16,
        status: TaskStatus,
        at: Timestamp,
    ) -> HistoryEntry {
        let entry = self.0.step(task, step, status);
        entry.recorded(at).under(self.1.next(at).into())
    }

    pub(crate) async fn save(
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

pub(crate) async fn names(postgres: &PostgresDatabase) -> Vec<String> {
    let partitions = postgres.admin().partitions().await.unwrap().unwrap();
    let names = partitions.into_iter().map(|partition| partition.name);
    names
        .map(|name| name.replace("task_history_", ""))
        .collect()
}

/// Each summary of alice's tasks agrees with the task's trail.
pub(crate) async fn assert_consistent(histories: &PostgresTaskHistory<'_>) {
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
