//! Queued requests and their answers.

use tasktrail_domain::repository::Result;
use tokio::sync::oneshot;

use super::counter::QueuedGuard;
use super::{Batchable, Sending};
use crate::lock_wait::LockWait;
use crate::pool::Pool;

/// A queued request, and where its answer goes.
pub(super) struct Queued<S: Batchable> {
    pub(super) request: S::Request,
    pub(super) size_bytes: usize,
    pub(super) answer: oneshot::Sender<Result<S::Answer>>,
    pub(super) _guard: QueuedGuard,
    /// How long the caller waits if the task is locked.
    pub(super) wait: LockWait,
}

/// Sends a batch, answers its callers, and returns the requests that remain blocked. Stops and
/// returns `None` if all callers have gone.
pub(super) async fn answer<S: Batchable>(
    pool: &Pool,
    mut group: Vec<Queued<S>>,
    wait: LockWait,
) -> Option<Vec<Queued<S>>> {
    let requests: Vec<_> = group.iter().map(|queued| queued.request.clone()).collect();
    let result = tokio::select! {
        biased;
        result = S::batched(pool, &requests, wait) => result,
        () = all_callers_gone(group.iter_mut().map(|queued| &mut queued.answer)) => return None,
    };
    let mut blocked = Vec::new();
    for (queued, result) in group.into_iter().zip(result) {
        match result {
            // The caller may have gone.
            Sending::Answered(answer) => drop(queued.answer.send(answer)),
            Sending::Blocked => blocked.push(queued),
        }
    }
    Some(blocked)
}

/// Waits until all callers have gone. Waiting for them in turn takes as long as for all at once.
pub(super) async fn all_callers_gone<'a, T: 'a>(
    answers: impl Iterator<Item = &'a mut oneshot::Sender<T>>,
) {
    for answer in answers {
        answer.closed().await;
    }
}
