use std::sync::Arc;

use tasktrail_domain::repository::Result;
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::Shareable;
use super::counter::{Counter, Place, Sent};
use crate::pool::Pool;
use crate::telemetry;

/// A request on its way, and who waits for its answer.
pub(super) struct Queued<S: Shareable> {
    pub(super) request: S::Request,
    pub(super) size_bytes: usize,
    pub(super) answer: oneshot::Sender<Result<S::Answer>>,
    pub(super) place: Place,
}

/// Sends what is in the queue in statements, until nobody can ask any more.
pub(super) async fn dispatch<S: Shareable>(
    mut queue: mpsc::UnboundedReceiver<Queued<S>>,
    statements: Arc<Semaphore>,
    pool: Pool,
    counter: Arc<Counter>,
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
        let (group, beyond) = take(first, &mut queue);
        next = beyond;
        if group.is_empty() {
            continue;
        }
        telemetry::sent_together(S::OPERATION, group.len());
        let sent = Sent::with(group.len(), Arc::clone(&counter));
        let pool = pool.clone();
        tokio::spawn(async move {
            answer(&pool, group).await;
            drop((sent, permit));
        });
    }
}

/// As much of the queue as one statement carries, and the request that did not fit any more. Those for
/// which nobody waits any more are left out.
fn take<S: Shareable>(
    first: Queued<S>,
    queue: &mut mpsc::UnboundedReceiver<Queued<S>>,
) -> (Vec<Queued<S>>, Option<Queued<S>>) {
    let (mut group, mut bytes) = (Vec::new(), 0_usize);
    let mut next = Some(first);
    while let Some(queued) = next {
        let with_it = bytes.saturating_add(queued.size_bytes);
        if group.len() == S::MOST || (with_it > S::MOST_BYTES && !group.is_empty()) {
            return (group, Some(queued));
        }
        if !queued.answer.is_closed() {
            bytes = with_it;
            group.push(queued);
        }
        next = queue.try_recv().ok();
    }
    (group, None)
}

/// Answers a group; or stops when nobody waits for an answer any more.
async fn answer<S: Shareable>(pool: &Pool, group: Vec<Queued<S>>) {
    let (mut requests, mut answers, mut places) = (Vec::new(), Vec::new(), Vec::new());
    for queued in group {
        requests.push(queued.request);
        answers.push(queued.answer);
        places.push(queued.place);
    }
    let given = tokio::select! {
        biased;
        given = S::together(pool, &requests) => given,
        () = everybody_gone(&mut answers) => return,
    };
    for (answer, given) in answers.into_iter().zip(given) {
        // Who has gone meanwhile may ask again.
        let _gone = answer.send(given);
    }
    drop(places);
}

/// Waits for one after the other, which takes as long as waiting for all at once.
async fn everybody_gone<T>(answers: &mut [oneshot::Sender<T>]) {
    for answer in answers {
        answer.closed().await;
    }
}
