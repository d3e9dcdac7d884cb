//! A removal checks a bounded number of tasks per call, even if few of them have expired.

use tasktrail_domain::task_history::{
    RemovalLimits, RetentionPolicy, TaskHistoryRepository, TaskHistoryRepositoryExt,
};
use tasktrail_postgres::{PostgresConfig, PostgresDatabase};
use tasktrail_test_support::TestDatabase;

/// 12 000 live tasks, followed by one that has expired.
const FILL: &str = "
    INSERT INTO task_summary (user_id, task_id, finished_status, finished_at, entries, created_at,
                              last_updated)
    SELECT 'user', to_char(n, 'FM00000'), 'completed', now(), 0, now(),
           CASE WHEN n = 12001 THEN timestamptz '2000-01-01' ELSE now() END
    FROM generate_series(1, 12001) AS n";

#[tokio::test]
async fn removal_continues_after_retained_tasks() {
    let database = TestDatabase::new();
    let config = PostgresConfig::from_url(database.url())
        .unwrap()
        .with_connections(1, 1)
        .unwrap();
    let postgres = PostgresDatabase::connect(config).await.unwrap();
    postgres.migrate().await.unwrap();
    database.execute(FILL).unwrap();
    let history = postgres.task_history();
    let policy = RetentionPolicy::every_task_before("2001-01-01T00:00:00Z".parse().unwrap());

    let first = history
        .remove_expired(&policy, &RemovalLimits::default())
        .await
        .unwrap();
    let mut calls = 0;
    let total = history
        .remove_all_expired(&policy, RemovalLimits::default(), |_| calls += 1)
        .await
        .unwrap();

    assert_eq!((first.tasks, first.next.is_some()), (0, true), "{first:?}");
    assert_eq!((total.tasks, calls), (1, 3), "{total:?}");
}
