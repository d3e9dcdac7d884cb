use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc};

use super::Batchable;
use super::aside::Aside;
use super::counter::{Counter, InFlightGuard};
use super::queued::{Queued, answer};
use crate::lock_wait::LockWait;
use crate::pool::Pool;
use crate::telemetry;

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
