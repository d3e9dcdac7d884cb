//! Tasks with results of the maximum size are read completely, in pages that one attempt can answer.
//!
//! The sizes of the pages are what is proved. A busy machine needs more time for the same page, so the
//! timeouts of this test are long.

#![expect(clippy::unwrap_used, reason = "a failed step of a test panics")]

use std::time::Duration;

use tasktrail::TaskKey;
use tasktrail::clock::{Clock, SystemClock};
use tasktrail::id::{IdGenerator, RandomIdGenerator};
use tasktrail::repository::{Page, PageRequest};
use tasktrail::resilience::{ResilienceConfig, RetryConfig, TimeoutConfig};
use tasktrail::task_history::{
    HistoryEntry, StepNumber, TaskHistoryRepository, TaskHistoryRepositoryExt, TaskStatus,
    TaskStepResult,
};
use tasktrail::{DatabaseConfig, DatabaseManager};
use tasktrail_test_support::TestDatabase;

const ENTRIES: u16 = 300;

/// A page ends with the entry that brings its results to 512 KiB as stored. A result of the limit takes
/// 12 KB at best: PGLZ stores 90 bytes in one at most.
const MAX_ENTRIES_OF_A_PAGE: usize = 46;

const LONG: Duration = Duration::from_secs(600);

/// The length of a string that reaches the default limit of a result, with its quotes.
const CHARACTERS: usize = (1 << 20) - 2;

#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_incompressible_results_are_read_completely() {
    // A linear congruential generator is random enough for PGLZ and LZ4.
    let mut state = 7_u64;
    let mut random = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let index = usize::try_from(state >> 58).unwrap();
        char::from(*ALPHABET.get(index).unwrap())
    };
    let text: String = std::iter::repeat_with(&mut random)
        .take(CHARACTERS)
        .collect();

    reads_whole(&text).await;
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_highly_compressible_results_are_read_completely() {
    reads_whole(&"x".repeat(CHARACTERS)).await;
}

/// Saves a task whose steps have this result, and reads all its steps and its trail.
async fn reads_whole(text: &str) {
    let database = TestDatabase::new();
    let config = DatabaseConfig::from_url(database.url()).unwrap();
    let manager = DatabaseManager::new(config.with_resilience(with_long_timeouts()));
    manager.connect().await.unwrap();
    let histories = manager.task_history().unwrap();
    let task = TaskKey::new("alice", "report-7").unwrap();
    let ids = RandomIdGenerator::default();
    let fetched = TaskStepResult::builder("fetch", TaskStatus::Completed).result(text);
    let fetched = fetched.build().unwrap();
    let entry = |step: u16| {
        let recorded_at = SystemClock.now();
        HistoryEntry::new(
            ids.next(recorded_at).into(),
            task.clone(),
            StepNumber::from(step),
            fetched.clone(),
            recorded_at,
        )
    };
    for first in (0..ENTRIES).step_by(15) {
        let batch: Vec<_> = (first..first + 15).map(entry).collect();
        histories.save_batch(&batch).await.unwrap();
    }

    assert_pages_are_short(async |page| histories.load(&task, &page).await.unwrap()).await;
    assert_pages_are_short(async |page| histories.trail(&task, &page).await.unwrap()).await;
    for entries in [histories.load_all(&task), histories.trail_all(&task)] {
        let entries = entries.await.unwrap();
        let steps = entries.iter().map(|entry| entry.step);
        assert!(steps.eq((0..ENTRIES).map(StepNumber::from)));
        assert!(entries.iter().all(|entry| entry.step_result == fetched));
    }
    manager.close().await;
}

async fn assert_pages_are_short<C>(read: impl AsyncFn(PageRequest<C>) -> Page<HistoryEntry, C>) {
    let mut cursor = None;
    loop {
        let request = PageRequest::default();
        let page = read(request.next(cursor).unwrap_or(request)).await;
        assert!(page.items.len() <= MAX_ENTRIES_OF_A_PAGE);
        cursor = page.next;
        if cursor.is_none() {
            return;
        }
    }
}

fn with_long_timeouts() -> ResilienceConfig {
    ResilienceConfig::default()
        .with_timeout(
            TimeoutConfig::default()
                .with_attempt(LONG)
                .with_long_attempt(LONG),
        )
        .with_retry(RetryConfig::default().with_max_elapsed_time(LONG * 2))
}
