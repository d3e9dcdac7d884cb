use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::lifecycle::Lifecycle;
use super::statistics::WaitCounter;
use crate::error::AcquireError;

/// Admits as many callers as the pool may have connections. The others wait in the order in which
/// they arrived.
///
/// bb8 alone is not fair: a caller that it wakes races with new callers, and returns to the end of
/// the queue if it loses.
#[derive(Debug)]
pub(super) struct AcquireQueue {
    permits: Arc<Semaphore>,
    number: u32,
    waiting: AtomicU32,
    waits: WaitCounter,
    /// Callers that a close removed from the queue.
    rejected: AtomicU32,
}

/// Whether a call is new, or has already started and needs a connection to finish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallState {
    New,
    Started,
}

impl CallState {
    /// Waits until the call must not continue because of a close.
    async fn refusal(self, lifecycle: &Lifecycle) {
        match self {
            Self::New => lifecycle.draining().await,
            Self::Started => lifecycle.ended().await,
        }
    }
}

/// Admission to the pool. Dropping it admits the next caller.
pub(super) type AcquirePermit = OwnedSemaphorePermit;

impl AcquireQueue {
    pub(super) fn new(permits: NonZeroU32) -> Self {
        let number = permits.get();
        Self {
            permits: Arc::new(Semaphore::new(
                usize::try_from(number).unwrap_or(usize::MAX),
            )),
            number,
            waiting: AtomicU32::new(0),
            waits: WaitCounter::default(),
            rejected: AtomicU32::new(0),
        }
    }

    /// Waits for a permit, up to `acquire_timeout`, unless `lifecycle` ends the wait first.
    pub(super) async fn acquire(
        &self,
        acquire_timeout: Duration,
        lifecycle: &Lifecycle,
        call: CallState,
    ) -> Result<AcquirePermit, AcquireError> {
        // This does not overtake waiting callers: a permit is available only if no caller waits.
        let permit = match Arc::clone(&self.permits).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_none_free) => tokio::select! {
                permit = self.queue(acquire_timeout) => permit?,
                () = call.refusal(lifecycle) => {
                    self.rejected.fetch_add(1, Ordering::Relaxed);
                    return Err(AcquireError::Closed);
                }
            },
        };
        // The pool may have been closed while the permit was acquired.
        let may_continue = match call {
            CallState::New => lifecycle.is_open(),
            CallState::Started => !lifecycle.has_ended(),
        };
        may_continue.then_some(permit).ok_or(AcquireError::Closed)
    }

    async fn queue(&self, acquire_timeout: Duration) -> Result<AcquirePermit, AcquireError> {
        let mut queued = Queued::enter(self);
        let permit = Arc::clone(&self.permits).acquire_owned();
        match tokio::time::timeout(acquire_timeout, permit).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_closed)) => Err(AcquireError::Closed),
            Err(_elapsed) => {
                queued.timed_out = true;
                Err(AcquireError::Queue {
                    waited: acquire_timeout,
                    ahead: queued.ahead,
                })
            }
        }
    }

    /// Waits until every permit has been returned. No caller is admitted during this wait.
    pub(super) async fn wait_until_idle(&self) {
        // The semaphore is never closed, so this cannot fail.
        let _all = self.permits.acquire_many(self.number).await;
    }

    /// How many callers a close has removed from the queue since the last call of this method.
    pub(super) fn take_rejected(&self) -> u32 {
        self.rejected.swap(0, Ordering::Relaxed)
    }

    /// How many callers are in the queue.
    pub(super) fn waiting(&self) -> u32 {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Statistics of the time that callers spent in the queue.
    pub(super) fn waits(&self) -> &WaitCounter {
        &self.waits
    }
}

/// A caller in the queue. Its wait is counted even if its future is dropped there.
struct Queued<'g> {
    acquire_queue: &'g AcquireQueue,
    began: Instant,
    ahead: u32,
    timed_out: bool,
}

impl<'g> Queued<'g> {
    fn enter(acquire_queue: &'g AcquireQueue) -> Self {
        Self {
            acquire_queue,
            began: Instant::now(),
            ahead: acquire_queue.waiting.fetch_add(1, Ordering::Relaxed),
            timed_out: false,
        }
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.acquire_queue.waiting.fetch_sub(1, Ordering::Relaxed);
        self.acquire_queue
            .waits
            .add(self.began.elapsed(), self.timed_out);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn acquire_queue(permits: u32) -> (AcquireQueue, Lifecycle) {
        (
            AcquireQueue::new(NonZeroU32::new(permits).unwrap()),
            Lifecycle::default(),
        )
    }

    #[tokio::test(start_paused = true)]
    async fn acquire_timeout_reports_wait_time_and_queue_position() {
        let (acquire_queue, open) = acquire_queue(1);
        let acquire_timeout = Duration::from_secs(5);
        let _permit = acquire_queue
            .acquire(acquire_timeout, &open, CallState::New)
            .await
            .unwrap();

        let (first, second) = tokio::join!(
            acquire_queue.acquire(acquire_timeout, &open, CallState::New),
            acquire_queue.acquire(acquire_timeout, &open, CallState::New)
        );

        let messages = [first, second].map(|rejected| rejected.unwrap_err().to_string());
        assert_eq!(
            messages,
            [
                "no connection became free within 5s, with 0 callers ahead in the queue",
                "no connection became free within 5s, with 1 caller ahead in the queue"
            ]
        );
        assert_eq!(acquire_queue.waiting(), 0);
        let waits = acquire_queue.waits().read();
        assert_eq!((waits.number, waits.timed_out), (2, 2));
        assert_eq!(
            (waits.total, waits.longest),
            (acquire_timeout * 2, acquire_timeout)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn callers_are_served_in_order() {
        let (acquire_queue, open) = acquire_queue(2);
        let served = std::sync::Mutex::new(Vec::new());
        let calls = (0..100).map(|caller| {
            let (acquire_queue, open, served) = (&acquire_queue, &open, &served);
            async move {
                let _permit = acquire_queue
                    .acquire(Duration::from_secs(60), open, CallState::New)
                    .await
                    .unwrap();
                served.lock().unwrap().push(caller);
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });

        futures_util::future::join_all(calls).await;

        assert!(served.lock().unwrap().is_sorted());
    }

    #[tokio::test]
    async fn dropped_call_leaves_the_queue() {
        let (acquire_queue, open) = acquire_queue(1);
        let permit = acquire_queue
            .acquire(Duration::MAX, &open, CallState::New)
            .await
            .unwrap();
        assert!(
            acquire_queue
                .acquire(Duration::MAX, &open, CallState::New)
                .now_or_never()
                .is_none()
        );

        drop(permit);

        assert_eq!(acquire_queue.waiting(), 0);
        assert!(
            acquire_queue
                .acquire(Duration::ZERO, &open, CallState::New)
                .await
                .is_ok()
        );
    }

    #[tokio::test]
    async fn queued_call_fails_immediately_when_the_pool_closes() {
        let (acquire_queue, lifecycle) = acquire_queue(1);
        let permit = acquire_queue
            .acquire(Duration::MAX, &lifecycle, CallState::New)
            .await
            .unwrap();
        let mut waiting =
            Box::pin(acquire_queue.acquire(Duration::MAX, &lifecycle, CallState::New));
        assert!(waiting.as_mut().now_or_never().is_none());

        lifecycle.drain();

        assert!(matches!(waiting.await, Err(AcquireError::Closed)));
        assert!(acquire_queue.wait_until_idle().now_or_never().is_none());
        drop(permit);
        assert!(acquire_queue.wait_until_idle().now_or_never().is_some());
    }
}
