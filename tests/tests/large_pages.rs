//! Tasks with results of the maximum size can be read completely with the default timeouts.

#![expect(clippy::unwrap_used, reason = "a failed step of a test panics")]

use tasktrail::clock::{Clock, SystemClock};
use tasktrail::task_history::{
    EntryIdGenerator, HistoryEntry, RandomEntryIdGenerator, StepNumber, TaskHistoryRepositoryExt,
    TaskKey, TaskStatus, TaskStepResult,
};
use tasktrail::{DatabaseConfig, DatabaseManager};
use tasktrail_test_support::TestDatabase;

const ENTRIES: u16 = 300;

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
    let manager = DatabaseManager::new(config);
    manager.connect().await.unwrap();
    let histories = manager.task_history().unwrap();
    let task = TaskKey::new("alice", "report-7").unwrap();
    let ids = RandomEntryIdGenerator::default();
    let fetched = TaskStepResult::builder("fetch", TaskStatus::Completed).result(text);
    let fetched = fetched.build().unwrap();
    let entry = |step: u16| {
        let recorded_at = SystemClock.now();
        HistoryEntry {
            id: ids.next(recorded_at),
            task: task.clone(),
            step: StepNumber::from(step),
            step_result: fetched.clone(),
            recorded_at,
        }
    };
    for first in (0..ENTRIES).step_by(15) {
        let batch: Vec<_> = (first..first + 15).map(entry).collect();
        histories.save_batch(&batch).await.unwrap();
    }

    for entries in [histories.load_all(&task), histories.trail_all(&task)] {
        let entries = entries.await.unwrap();
        let steps = entries.iter().map(|entry| entry.step);
        assert!(steps.eq((0..ENTRIES).map(StepNumber::from)));
        assert!(entries.iter().all(|entry| entry.step_result == fetched));
    }
    manager.close().await;
}
