//! A task locked by another transaction is not an outage of the store.
#![expect(clippy::unwrap_used, reason = "a failed step of a test panics")]

use std::time::Duration;

use tasktrail::TaskKey;
use tasktrail::repository::{ErrorChain, ErrorKind};
use tasktrail::resilience::{
    BreakerConfig, BreakerState, ResilienceConfig, RetryConfig, TimeoutConfig,
};
use tasktrail::task_history::TaskHistoryRepository;
use tasktrail::{DatabaseConfig, DatabaseManager, HealthState};
use tasktrail_test_support::{TestDatabase, simple_query, wait_until};
use tasktrail_tests::saves;

/// Locks all summaries of a database until dropped.
struct RowLock<'d> {
    database: &'d TestDatabase,
    holder: Option<std::thread::JoinHandle<()>>,
}

impl<'d> RowLock<'d> {
    fn of_all_tasks(database: &'d TestDatabase, server: std::net::SocketAddr) -> Self {
        let name = database.name().to_owned();
        let hold = "BEGIN; SELECT 1 FROM task_summary FOR UPDATE; SELECT pg_sleep(600) AS holding";
        let holder = std::thread::spawn(move || drop(simple_query::execute(server, &name, hold)));
        wait_until("the tasks are locked", || {
            let holding = "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%AS holding'
                           AND datname = current_database() AND wait_event = 'PgSleep'";
            !database.execute(holding).unwrap().is_empty()
        });
        Self {
            database,
            holder: Some(holder),
        }
    }
}

impl Drop for RowLock<'_> {
    fn drop(&mut self) {
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE query LIKE '%AS holding' AND datname = current_database()";
        let _ended = self.database.execute(end);
        if let Some(holder) = self.holder.take() {
            let _ended = holder.join();
        }
    }
}

/// Attempts time out after two seconds, and one failure opens the breaker.
fn sensitive(url: String) -> DatabaseManager {
    let resilience = ResilienceConfig::default()
        .with_retry(RetryConfig::default().with_max_elapsed_time(Duration::from_millis(2_500)))
        .with_breaker(BreakerConfig::default().with_failure_threshold(1))
        .with_timeout(TimeoutConfig::default().with_attempt(Duration::from_secs(2)));
    let config = DatabaseConfig::from_url(url).unwrap();
    DatabaseManager::new(config.with_resilience(resilience))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_task_degrades_health_but_does_not_open_the_breaker() {
    let database = TestDatabase::new();
    let manager = sensitive(database.url());
    manager.connect().await.unwrap();
    let history = manager.task_history().unwrap();
    let task = TaskKey::new("user", "locked").unwrap();
    history.save(&saves::entry(&task, 0)).await.unwrap();
    let lock = RowLock::of_all_tasks(&database, tasktrail_test_support::Server::shared().addr());

    let calls: Vec<_> = (1..5)
        .map(|step| {
            let (history, entry) = (std::sync::Arc::clone(&history), saves::entry(&task, step));
            tokio::spawn(async move { history.save(&entry).await })
        })
        .collect();
    let mut degraded = false;
    while !degraded {
        let health = manager.health().await;
        let reason = "other transactions keep 1 tasks locked";
        degraded = health.state == HealthState::Degraded
            && health.reasons.iter().any(|found| found.starts_with(reason));
        assert!(
            degraded || calls.iter().any(|call| !call.is_finished()),
            "{health:?}"
        );
    }

    for call in calls {
        let error = call.await.unwrap().unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::Contention,
            "{}",
            ErrorChain(&error)
        );
    }
    let health = manager.health().await;
    let closed = Some(BreakerState::Closed { outages: 0 });
    assert_eq!(health.database.unwrap().breaker, closed);
    drop(lock);
    history.save(&saves::entry(&task, 9)).await.unwrap();
}
