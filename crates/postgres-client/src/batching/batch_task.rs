use std::sync::Arc;

use tasktrail_domain::repository::Result;
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::aside::Aside;
use super::counter::{Counter, InFlightGuard, QueuedGuard};
use super::{Batchable, Sending};
use crate::lock_wait::LockWait;
use crate::pool::Pool;
use crate::telemetry;

/// A queued request, and where its answer goes.
pub(super) struct Queued<S: Batchable> {
    pub(super) request: S::Request,
    pub(super) size_bytes: usize,
    pub(super) answer: oneshot::Sender<Result<S::Answer>>,
    pub(super) _guard: QueuedGuard,
    /// How long the caller waits if the task is locked.
    pub(super) wait: LockWait,
}

/// Sends queued requests in batches until every sender has been dropped.
pub(super) async fn batch_task<S: Batchable>(
    mut queue: mpsc::UnboundedReceiver<Queued<S>>,
    statements: Arc<Semaphore>,
    pool: Pool,
    counter: Arc<Counter>,
    aside: Arc<Aside<S>>,
) {
    let mut next = None;
    loop {
        let first = match next.take() {
            Some(queued) => queued,
            None => match queue.recv().await {
                Some(queued) => queued,
                None => return,
            },
        };
        let Ok(permit) = Arc::clone(&statements).acquire_owned().await else {
            return;
        };
        // Lets callers that were just answered queue their next call before the batch is taken.
        tokio::task::yield_now().await;
        let (group, beyond) = take(first, &mut queue, &aside);
        next = beyond;
        if group.is_empty() {
            continue;
        }
        telemetry::sent_together(S::OPERATION, group.len());
        let sent = InFlightGuard::with(group.len(), Arc::clone(&counter));
        let (pool, aside) = (pool.clone(), Arc::clone(&aside));
        tokio::spawn(async move {
            let blocked = answer(&pool, group, LockWait::BRIEF).await;
            aside.set_aside(blocked.unwrap_or_default());
            drop((sent, permit));
        });
    }
}

/// Takes as many queued requests as fit into a statement, and returns them with the first one that
/// did not fit. Skips requests whose callers have gone or whose tasks are set aside.
fn take<S: Batchable>(
    first: Queued<S>,
    queue: &mut mpsc::UnboundedReceiver<Queued<S>>,
    aside: &Arc<Aside<S>>,
) -> (Vec<Queued<S>>, Option<Queued<S>>) {
    let (mut group, mut bytes) = (Vec::new(), 0_usize);
    let mut next = Some(first);
    while let Some(queued) = next {
        let new_bytes = bytes.saturating_add(queued.size_bytes);
        if group.len() == S::MAX_REQUESTS || (new_bytes > S::MAX_BYTES && !group.is_empty()) {
            return (group, Some(queued));
        }
        if !queued.answer.is_closed()
            && let Some(queued) = aside.take(queued)
        {
            bytes = new_bytes;
            group.push(queued);
        }
        next = queue.try_recv().ok();
    }
    (group, None)
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
