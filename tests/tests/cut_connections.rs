//! The connection is cut at every byte of a save and of its response: the entry is stored once or
//! not at all, and a retry succeeds.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failed step of a test panics, and figures are printed"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use tasktrail::TaskKey;
use tasktrail::repository::{Effect, ErrorChain, Result};
use tasktrail::resilience::{ResilienceConfig, RetryConfig};
use tasktrail::task_history::{HistoryEntry, TaskHistoryRepository, TaskStatus};
use tasktrail::{DatabaseConfig, DatabaseManager};
use tasktrail_test_support::{Direction, Proxy, Server, TestDatabase};
use tasktrail_tests::saves::{copies, entry};

/// A store behind a proxy, with one connection on which the statement is prepared.
struct Fixture {
    database: TestDatabase,
    proxy: Proxy,
    history: Arc<dyn TaskHistoryRepository>,
    task: TaskKey,
}

impl Fixture {
    async fn set(resilience: ResilienceConfig) -> Self {
        let database = TestDatabase::new();
        let proxy = Proxy::to(Server::shared().addr());
        let config = DatabaseConfig::from_url(proxy.url(&database.url()))
            .unwrap()
            .with_connections(1, 1)
            .unwrap();
        let manager = DatabaseManager::new(config.with_resilience(resilience));
        manager.connect().await.unwrap();
        let fixture = Self {
            database,
            proxy,
            history: manager.task_history().unwrap(),
            task: TaskKey::new("user", "task").unwrap(),
        };
        fixture.save_one().await;
        fixture
    }

    async fn save_one(&self) {
        self.history.save(&entry(&self.task, 0)).await.unwrap();
    }

    /// Returns the number of bytes that a save sends in a direction. The last bytes of a response
    /// may arrive after the save returned, and count for the next save, so this repeats until two
    /// saves have the same number.
    async fn length(&self, direction: Direction) -> u64 {
        let mut last = self.passed_by_a_save(direction).await;
        loop {
            let length = self.passed_by_a_save(direction).await;
            if length == last {
                return length;
            }
            last = length;
        }
    }

    async fn passed_by_a_save(&self, direction: Direction) -> u64 {
        let before = self.proxy.passed(direction);
        self.save_one().await;
        self.proxy.passed(direction) - before
    }

    /// Saves an entry, and cuts the connection after `bytes` in a direction. Returns the result and
    /// the number of stored copies.
    async fn cut(
        &self,
        direction: Direction,
        bytes: u64,
    ) -> (HistoryEntry, Result<TaskStatus>, usize) {
        // The cut must not hit what a new connection still exchanges after its first save.
        self.length(direction).await;
        let entry = entry(&self.task, 0);
        let cuts = self.proxy.cuts();
        self.proxy.cut_once_after(direction, bytes);
        let result = self.history.save(&entry).await;
        assert_eq!(self.proxy.cuts(), cuts + 1, "{direction:?} {bytes}");
        let copies = self.copies(&entry);
        (entry, result, copies)
    }

    /// Counts the copies on a connection that is not cut.
    fn copies(&self, entry: &HistoryEntry) -> usize {
        copies(&self.database, entry.id)
    }
}

/// Disables retries, to see the effect of a cut on one attempt.
fn single_attempts() -> ResilienceConfig {
    ResilienceConfig::default()
        .with_retry(None)
        .with_breaker(None)
}

/// The default settings, with a shorter initial backoff, because there are many retries.
fn quick_retries() -> ResilienceConfig {
    let retry = RetryConfig::default().with_initial_backoff(Duration::from_millis(1));
    ResilienceConfig::default().with_retry(retry)
}

/// The length of the message `ReadyForQuery`, in bytes.
const READY: u64 = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_save_cut_at_any_byte_is_stored_at_most_once_and_can_be_retried() {
    let started = Instant::now();
    let fixture = Fixture::set(single_attempts()).await;
    for direction in Direction::BOTH {
        let length = fixture.length(direction).await;
        let mut stored = 0;
        for bytes in 0..length {
            let (entry, result, copies) = fixture.cut(direction, bytes).await;

            if let Err(error) = result {
                let most = usize::from(error.effect() == Effect::Unknown);
                let chain = ErrorChain(&error);
                assert!(copies <= most, "{direction:?} {bytes}: {copies}, {chain}");
                stored += copies;
            } else {
                // The server commits before it sends the end of the answer. If the client reads
                // that before it notices the cut, only the final message, `ReadyForQuery`, is lost.
                let lost = length - bytes;
                assert!(
                    copies == 1 && direction == Direction::ServerToClient && lost <= READY,
                    "{direction:?} {bytes}: {copies} stored, {lost} bytes lost"
                );
            }
            let again = fixture.history.save(&entry).await.unwrap();
            assert_eq!(again, TaskStatus::Running);
            assert_eq!(fixture.copies(&entry), 1, "{direction:?} {bytes}");
        }
        println!(
            "{direction:?} cut at each of {length} bytes: the save failed, {stored} times after it was \
             stored; after a retry, each was stored once"
        );
    }
    println!("total time {:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_save_cut_at_any_byte_succeeds_with_the_retries_of_the_facade() {
    let fixture = Fixture::set(quick_retries()).await;
    let mut longest = Duration::ZERO;
    for direction in Direction::BOTH {
        for bytes in 0..fixture.length(direction).await {
            let started = Instant::now();

            let (_, result, copies) = fixture.cut(direction, bytes).await;

            longest = longest.max(started.elapsed());
            assert_eq!(result.unwrap(), TaskStatus::Running);
            assert_eq!(copies, 1, "{direction:?} {bytes}");
        }
    }
    let cuts = fixture.proxy.cuts();
    println!("{cuts} cuts, {cuts} saves succeeded in one call, the longest took {longest:?}");
}
