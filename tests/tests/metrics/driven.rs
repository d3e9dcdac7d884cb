//! A store that is used in such a way that it emits every metric.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tasktrail::clock::{Clock, ManualClock, SystemClock};
use tasktrail::id::RandomIdGenerator;
use tasktrail::orchestration::task::TaskRetentionRule;
use tasktrail::repository::{ErrorKind, PageRequest};
use tasktrail::task_history::{TaskFilter, TaskHistoryRepository, TaskStatus, TaskStepResult};
use tasktrail::{DatabaseConfig, DatabaseError, DatabaseManager, MaintenancePolicy, Schedule};
use tasktrail::{TaskKey, UserId};
use tasktrail_test_support::{Direction, Proxy, Server, TestDatabase};
use tasktrail_tests::saves::entry;

use crate::scraped::Scraped;

/// The number of concurrent callers: too many for one statement and one connection.
const CALLERS: usize = 32;

pub(crate) struct Driven {
    pub(crate) manager: DatabaseManager,
    clock: Arc<ManualClock>,
    proxy: Proxy,
    _database: TestDatabase,
}

impl Driven {
    pub(crate) async fn new() -> Self {
        let database = TestDatabase::new();
        let proxy = Proxy::to(Server::shared().addr());
        let config = DatabaseConfig::from_url(proxy.url(&database.url()))
            .and_then(|config| config.with_connections(1, 1))
            .unwrap();
        let clock = Arc::new(ManualClock::at(SystemClock.now()));
        let ids = Arc::new(RandomIdGenerator::default());
        let manager = DatabaseManager::new_with(config, Arc::<ManualClock>::clone(&clock), ids);
        manager.connect().await.unwrap();
        manager.partition(0).await.unwrap();
        Self {
            manager,
            clock,
            proxy,
            _database: database,
        }
    }

    /// Makes batched and single saves, reads that wait for the connection, a failure, a retry, a
    /// cleanup and a measurement of the store.
    pub(crate) async fn drive(&self) {
        let history = self.manager.task_history().unwrap();
        self.batch(&history).await;
        self.fail(&history).await;
        self.retry(&history).await;
        self.transactions().await;
        let user = UserId::new("user").unwrap();
        history
            .list(&user, &TaskFilter::default(), &PageRequest::default())
            .await
            .unwrap();
        self.manager.publish_health().await;
        self.manager.publish_store_metrics().await.unwrap();
        self.clean_up().await;
    }

    async fn batch(&self, history: &Arc<dyn TaskHistoryRepository>) {
        let tasks: Vec<_> = (0..CALLERS).map(task).collect();
        let saved = join_all(tasks.iter().map(async |task| {
            history.save(&entry(task, 0)).await.unwrap();
        }));
        saved.await;
        join_all(tasks.iter().map(async |task| {
            history.status(task).await.unwrap();
        }))
        .await;
        join_all(tasks.iter().map(async |task| {
            self.manager.load_task_history(task).await.unwrap();
        }))
        .await;
    }

    async fn fail(&self, history: &Arc<dyn TaskHistoryRepository>) {
        let one = entry(&task(0), 1);
        history.save(&one).await.unwrap();
        let mut other = one;
        other.step_result = TaskStepResult::builder("another", TaskStatus::Failed)
            .build()
            .unwrap();
        let refused = history.save(&other).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Conflict);
    }

    /// One transaction is committed, and one is rolled back.
    async fn transactions(&self) {
        for end in [Ok(()), Err(DatabaseError::Closed)] {
            let expected = end.is_ok();
            let ended = self.manager.transaction(async |transaction| {
                transaction.check_task_status(&task(0)).await?;
                let orchestration = transaction.orchestration_ports()?;
                orchestration.tasks.get(&task(0)).await?;
                end
            });
            assert_eq!(ended.await.is_ok(), expected);
        }
    }

    /// Two months later, removes everything, which drops a partition. Then runs scheduled
    /// maintenance, which finds nothing to remove.
    async fn clean_up(&self) {
        for number in 0..CALLERS {
            let cancelled = self.manager.mark_task_as_cancelled(&task(number)).await;
            cancelled.unwrap();
        }
        self.clock.advance(Duration::from_secs(62 * 24 * 60 * 60));
        self.manager.cleanup_old_tasks(0).await.unwrap();
        let policy = MaintenancePolicy::new(Schedule::Every(Duration::from_secs(3600)))
            .with_orchestration_rule(TaskRetentionRule::older_than(Duration::ZERO));
        let mut maintenance = self.manager.maintenance(policy).unwrap();
        assert!(maintenance.next_run().await);
        maintenance.stop().await;
    }

    async fn retry(&self, history: &Arc<dyn TaskHistoryRepository>) {
        let cuts = self.proxy.cuts();
        self.proxy.cut_once_after(Direction::ClientToServer, 0);
        history.save(&entry(&task(0), 2)).await.unwrap();
        assert_eq!(self.proxy.cuts(), cuts + 1);
    }
}

/// Checks the values of some metrics.
#[track_caller]
pub(crate) fn assert_values(scraped: &Scraped) {
    let save = ("operation", "task_history.save");
    let saves = |outcome| {
        let labels = [save, ("outcome", outcome)];
        let counted = scraped.number("tasktrail_operations_total", &labels);
        let timed = scraped.number("tasktrail_operation_duration_seconds_count", &labels);
        assert_eq!(counted, timed);
        counted
    };
    assert_eq!((saves("ok"), saves("conflict")), (CALLERS + 2, 1));
    let transactions = |outcome| {
        let labels = [("operation", "transaction"), ("outcome", outcome)];
        scraped.number("tasktrail_operations_total", &labels)
    };
    assert_eq!((transactions("ok"), transactions("rolled_back")), (1, 1));
    let inside = [("operation", "tasks.get"), ("outcome", "ok")];
    assert_eq!(scraped.number("tasktrail_operations_total", &inside), 2);
    let retries = [save, ("kind", "unavailable")];
    assert!(scraped.number("tasktrail_retries_total", &retries) >= 1);
    let single = scraped.number("tasktrail_batch_calls_total", &[save, ("way", "single")]);
    let batched = scraped.number("tasktrail_batch_calls_total", &[save, ("way", "batched")]);
    assert!(batched > 0);
    let attempts = single + batched;
    assert!(
        attempts >= CALLERS + 4,
        "{attempts} attempts, including the retry"
    );
    let carried = scraped.number("tasktrail_batch_size_sum", &[save]);
    let statements = scraped.number("tasktrail_batch_size_count", &[save]);
    let counted = scraped.number("tasktrail_batches_total", &[save]);
    assert_eq!((carried, statements), (batched, counted));
    assert!(scraped.number("tasktrail_pool_wait_seconds_count", &[]) > 0);
    assert_eq!(scraped.number("tasktrail_pool_connections_max", &[]), 1);
    let running = [("status", "running")];
    assert_eq!(scraped.number("tasktrail_tasks", &running), CALLERS);
    assert_eq!(scraped.number("tasktrail_entries", &running), CALLERS + 2);
    assert_eq!(
        scraped.number("tasktrail_removed_tasks_total", &[]),
        CALLERS
    );
    assert_eq!(
        scraped.number("tasktrail_removed_entries_total", &[]),
        CALLERS + 2
    );
    assert_eq!(scraped.number("tasktrail_partitions_dropped_total", &[]), 1);
    let done = [("result", "done")];
    assert_eq!(scraped.number("tasktrail_maintenance_runs_total", &done), 1);
    assert_eq!(scraped.number("tasktrail_health_state", &[]), 0);
    let bounds = scraped.bounds("tasktrail_operation_duration_seconds");
    assert!(
        bounds.contains("0.0001") && bounds.contains("60"),
        "{bounds:?}"
    );
}

fn task(number: usize) -> TaskKey {
    TaskKey::new("user", format!("{number:03}")).unwrap()
}
