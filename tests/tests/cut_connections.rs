//! The connection is cut at every byte of a save and of its answer: it is stored once or not at all,
//! and the repeated save succeeds.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failed step of a test is a panic, and figures are printed"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use tasktrail::repository::{Effect, ErrorChain, Result};
use tasktrail::resilience::{ResilienceConfig, RetryConfig};
use tasktrail::task_history::{HistoryEntry, TaskHistoryRepository, TaskKey, TaskStatus};
use tasktrail::{DatabaseConfig, DatabaseManager};
use tasktrail_test_support::{Direction, Proxy, Server, TestDatabase};
use tasktrail_tests::saves::{copies, entry};

/// A store behind a proxy, with one connection, on which the statement is prepared.
struct Scene {
    database: TestDatabase,
    proxy: Proxy,
    history: Arc<dyn TaskHistoryRepository>,
    task: TaskKey,
}

impl Scene {
    async fn set(resilience: ResilienceConfig) -> Self {
        let database = TestDatabase::new();
        let proxy = Proxy::to(Server::shared().addr());
        let config = DatabaseConfig::from_url(proxy.url(&database.url()))
            .unwrap()
            .with_connections(1, 1)
            .unwrap();
        let manager = DatabaseManager::new(config.with_resilience(resilience));
        manager.connect().await.unwrap();
        let scene = Self {
            database,
            proxy,
            history: manager.task_history().unwrap(),
            task: TaskKey::new("user", "task").unwrap(),
        };
        scene.save_one().await;
        scene
    }

    async fn save_one(&self) {
        self.history.save(&entry(&self.task, 0)).await.unwrap();
    }

    /// How many bytes pass in a direction when an entry is saved. The last ones of an answer may pass after
    /// the save was told, and are counted with the next one then: two that agree have no others in them.
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

    /// Saves an entry, cut after so many bytes in a direction; tells what was said and how often the
    /// entry is there.
    async fn cut(
        &self,
        direction: Direction,
        bytes: u64,
    ) -> (HistoryEntry, Result<TaskStatus>, usize) {
        // What a new connection still exchanges after its first save must not take the cut.
        self.length(direction).await;
        let entry = entry(&self.task, 0);
        let cuts = self.proxy.cuts();
        self.proxy.cut_once_after(direction, bytes);
        let said = self.history.save(&entry).await;
        assert_eq!(self.proxy.cuts(), cuts + 1, "{direction:?} {bytes}");
        let copies = self.copies(&entry);
        (entry, said, copies)
    }

    /// Counted on a connection that is not cut.
    fn copies(&self, entry: &HistoryEntry) -> usize {
        copies(&self.database, entry.id)
    }
}

/// Without retries, so that what a cut does to one attempt is seen.
fn single_attempts() -> ResilienceConfig {
    ResilienceConfig {
        retry: None,
        breaker: None,
        ..ResilienceConfig::default()
    }
}

/// All as it is by default but for the first wait, of which there are many here.
fn quick_retries() -> ResilienceConfig {
    let retry = RetryConfig {
        initial_backoff: Duration::from_millis(1),
        ..RetryConfig::default()
    };
    ResilienceConfig {
        retry: Some(retry),
        ..ResilienceConfig::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_save_that_is_cut_at_any_byte_is_stored_once_or_not_at_all_and_can_be_repeated() {
    let started = Instant::now();
    let scene = Scene::set(single_attempts()).await;
    for direction in Direction::BOTH {
        let length = scene.length(direction).await;
        let mut stored = 0;
        for bytes in 0..length {
            let (entry, said, copies) = scene.cut(direction, bytes).await;

            let error = said.unwrap_err();
            let most = usize::from(error.effect() == Effect::Unknown);
            assert!(
                copies <= most,
                "{direction:?} {bytes}: {copies}, {}",
                ErrorChain(&error)
            );
            stored += copies;
            let again = scene.history.save(&entry).await.unwrap();
            assert_eq!(again, TaskStatus::Running);
            assert_eq!(scene.copies(&entry), 1, "{direction:?} {bytes}");
        }
        println!(
            "{direction:?} cut at each of {length} bytes: the save failed each time, {stored} times after \
             it was stored; repeated, each was stored once"
        );
    }
    println!("all of it took {:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_save_that_is_cut_at_any_byte_succeeds_by_the_retries_of_the_facade() {
    let scene = Scene::set(quick_retries()).await;
    let mut longest = Duration::ZERO;
    for direction in Direction::BOTH {
        for bytes in 0..scene.length(direction).await {
            let started = Instant::now();

            let (_, said, copies) = scene.cut(direction, bytes).await;

            longest = longest.max(started.elapsed());
            assert_eq!(said.unwrap(), TaskStatus::Running);
            assert_eq!(copies, 1, "{direction:?} {bytes}");
        }
    }
    let cuts = scene.proxy.cuts();
    println!("{cuts} cuts, {cuts} saves succeeded in one call, the longest took {longest:?}");
}
