//! Concurrent calls, and calls that are dropped before they return.

use std::sync::Arc;

use tasktrail_domain::TaskKey;
use tasktrail_domain::task_history::{
    FinalStatus, Finish, FinishOutcome, HistoryEntry, RemovalLimits, RemovalResult,
    RetentionPolicy, SavedBatch, TaskStatus,
};
use tasktrail_domain::timestamp::Timestamp;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::History;

/// Runs calls concurrently, each on its own tokio task, and returns their results in order.
///
/// All calls start together. If one panics, the others are aborted.
pub async fn at_once<T, F>(calls: impl IntoIterator<Item = F>) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let calls: Vec<_> = calls.into_iter().collect();
    let start = Arc::new(Barrier::new(calls.len()));
    let mut running = JoinSet::new();
    for (place, call) in calls.into_iter().enumerate() {
        let start = Arc::clone(&start);
        running.spawn(async move {
            start.wait().await;
            (place, call.await)
        });
    }
    let mut answers = running.join_all().await;
    answers.sort_unstable_by_key(|(place, _)| *place);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// Starts a call and drops it after `turns` yields to the runtime. Returns its result if it came
/// first.
pub async fn dropped_after<T>(turns: u32, call: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        answer = call => Some(answer),
        () = idle(turns) => None,
    }
}

async fn idle(turns: u32) {
    for _ in 0..turns {
        tokio::task::yield_now().await;
    }
}

/// Returns a save to run concurrently.
pub fn saving(
    history: &History,
    entry: &HistoryEntry,
) -> impl Future<Output = TaskStatus> + Send + use<> {
    let (history, entry) = (history.clone(), entry.clone());
    async move { history.save(&entry).await }
}

/// Returns a save of a batch to run concurrently.
pub fn saving_batch(
    history: &History,
    entries: &[HistoryEntry],
) -> impl Future<Output = SavedBatch> + Send + use<> {
    let (history, entries) = (history.clone(), entries.to_vec());
    async move { history.save_batch(&entries).await }
}

/// Returns a finish to run concurrently.
pub fn finishing(
    history: &History,
    task: &TaskKey,
    status: FinalStatus,
    at: Timestamp,
) -> impl Future<Output = FinishOutcome> + Send + use<> {
    let (history, task) = (history.clone(), task.clone());
    async move { history.finish(&task, status, at).await }
}

/// Returns a finish of several tasks to run concurrently.
pub fn finishing_batch(
    history: &History,
    finishes: &[(TaskKey, Finish)],
) -> impl Future<Output = Vec<FinishOutcome>> + Send + use<> {
    let (history, finishes) = (history.clone(), finishes.to_vec());
    async move { history.finish_batch(&finishes).await }
}

/// Returns a removal of everything that a policy covers, to run concurrently.
pub fn removing(
    history: &History,
    policy: &RetentionPolicy,
    batch: RemovalLimits,
) -> impl Future<Output = RemovalResult> + Send + use<> {
    let (history, policy) = (history.clone(), policy.clone());
    async move { history.remove_all(&policy, batch).await }
}
