use std::sync::Arc;

use tasktrail_domain::repository::Result;
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::aside::Aside;
use super::counter::{Counter, InFlightGuard, QueuedGuard};
use super::{Batchable, Sending};
use crate::lock_wait::LockWait;
use crate::pool::Pool;
use crate::telemetry;

/// A request on its way, and who waits for its answer.
pub(super) struct Queued<S: Batchable> {
    pub(super) request: S::Request,
    pub(super) size_bytes: usize,
    pub(super) answer: oneshot::Sender<Result<S::Answer>>,
    pub(super) _guard: QueuedGuard,
    /// How long the caller waits if the task is locked.
    pub(super) wait: LockWait,
}

/// Sends what is in the queue in statements, until nobody can ask any more.
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
        // Those who were answered just now get to their next call before the statement is made.
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

/// As much of the queue as one statement carries, and the request that did not fit any more. Those for
/// which nobody waits any more are left out, and so are those whose tasks are set aside.
fn take<S: Batchable>(
    first: Queued<S>,
    queue: &mut mpsc::UnboundedReceiver<Queued<S>>,
    aside: &Arc<Aside<S>>,
) -> (Vec<Queued<S>>, Option<Queued<S>>) {
    let (mut group, mut bytes) = (Vec::new(), 0_usize);
    let mut next = Some(first);
    while let Some(queued) = next {
        let with_it = bytes.saturating_add(queued.size_bytes);
        if group.len() == S::MAX_REQUESTS || (with_it > S::MAX_BYTES && !group.is_empty()) {
            return (group, Some(queued));
        }
        if !queued.answer.is_closed()
            && let Some(queued) = aside.take(queued)
        {
            bytes = with_it;
            group.push(queued);
        }
        next = queue.try_recv().ok();
    }
    (group, None)
}

/// Answers a group, and gives those back that have no answer because their tasks are locked; or stops when
/// nobody waits for an answer any more, with `None`.
pub(super) async fn answer<S: Batchable>(
    pool: &Pool,
    mut group: Vec<Queued<S>>,
    wait: LockWait,
) -> Option<Vec<Queued<S>>> {
    let requests: Vec<_> = group.iter().map(|queued| queued.request.clone()).collect();
    let given = tokio::select! {
        biased;
        given = S::batched(pool, &requests, wait) => given,
        () = everybody_gone(group.iter_mut().map(|queued| &mut queued.answer)) => return None,
    };
    let mut blocked = Vec::new();
    for (queued, given) in group.into_iter().zip(given) {
        match given {
            // Who has gone meanwhile may ask again.
            Sending::Answered(answer) => drop(queued.answer.send(answer)),
            Sending::Blocked => blocked.push(queued),
        }
    }
    Some(blocked)
}

/// Waits for one after the other, which takes as long as waiting for all at once.
pub(super) async fn everybody_gone<'a, T: 'a>(
    answers: impl Iterator<Item = &'a mut oneshot::Sender<T>>,
) {
    for answer in answers {
        answer.closed().await;
    }
}
