use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::lifecycle::Lifecycle;
use super::statistics::WaitCounter;
use crate::error::AcquireError;

/// Lets as many callers through as there may be connections, and the others in the order in which
/// they came.
///
/// bb8 alone is not fair: a caller that it wakes races newcomers and goes to the end of the queue again
/// when it loses.
#[derive(Debug)]
pub(super) struct AcquireQueue {
    places: Arc<Semaphore>,
    number: u32,
    waiting: AtomicU32,
    waits: WaitCounter,
    /// How many were turned away by a close.
    rejected: AtomicU32,
}

/// Whether a call begins now, or has begun before and needs a connection to finish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallState {
    New,
    Started,
}

impl CallState {
    /// Waits until a close refuses it.
    async fn refusal(self, lifecycle: &Lifecycle) {
        match self {
            Self::New => lifecycle.draining().await,
            Self::Started => lifecycle.ended().await,
        }
    }
}

/// A place behind the gate; dropping it lets the next caller through.
pub(super) type AcquirePermit = OwnedSemaphorePermit;

impl AcquireQueue {
    pub(super) fn new(places: NonZeroU32) -> Self {
        let number = places.get();
        Self {
            places: Arc::new(Semaphore::new(
                usize::try_from(number).unwrap_or(usize::MAX),
            )),
            number,
            waiting: AtomicU32::new(0),
            waits: WaitCounter::default(),
            rejected: AtomicU32::new(0),
        }
    }

    /// Waits for a place, no longer than `acquire_timeout`, and no longer than `lifecycle` lets the call go on.
    pub(super) async fn acquire(
        &self,
        acquire_timeout: Duration,
        lifecycle: &Lifecycle,
        call: CallState,
    ) -> Result<AcquirePermit, AcquireError> {
        // Nobody overtakes by this: places are free only while nobody waits.
        let permit = match Arc::clone(&self.places).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_none_free) => tokio::select! {
                permit = self.queue(acquire_timeout) => permit?,
                () = call.refusal(lifecycle) => {
                    self.rejected.fetch_add(1, Ordering::Relaxed);
                    return Err(AcquireError::Closed);
                }
            },
        };
        // It may have ended between the question and the answer.
        let goes_on = match call {
            CallState::New => lifecycle.is_open(),
            CallState::Started => !lifecycle.has_ended(),
        };
        goes_on.then_some(permit).ok_or(AcquireError::Closed)
    }

    async fn queue(&self, acquire_timeout: Duration) -> Result<AcquirePermit, AcquireError> {
        let mut queued = Queued::in_front_of(self);
        let place = Arc::clone(&self.places).acquire_owned();
        match tokio::time::timeout(acquire_timeout, place).await {
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

    /// Waits until everybody who was let through has come back. Nobody is let through meanwhile.
    pub(super) async fn wait_until_idle(&self) {
        // An error would mean that the gate is closed for good, which nobody does.
        let _all = self.places.acquire_many(self.number).await;
    }

    /// How many callers a close has turned away since the last such question.
    pub(super) fn take_rejected(&self) -> u32 {
        self.rejected.swap(0, Ordering::Relaxed)
    }

    /// How many callers wait.
    pub(super) fn waiting(&self) -> u32 {
        self.waiting.load(Ordering::Relaxed)
    }

    /// How often and how long callers have waited.
    pub(super) fn waits(&self) -> &WaitCounter {
        &self.waits
    }
}

/// A caller in the queue, counted also when its future is dropped there.
struct Queued<'g> {
    acquire_queue: &'g AcquireQueue,
    began: Instant,
    ahead: u32,
    timed_out: bool,
}

impl<'g> Queued<'g> {
    fn in_front_of(acquire_queue: &'g AcquireQueue) -> Self {
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

    fn acquire_queue(places: u32) -> (AcquireQueue, Lifecycle) {
        (
            AcquireQueue::new(NonZeroU32::new(places).unwrap()),
            Lifecycle::default(),
        )
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_too_long_is_told_how_long_and_how_many_were_ahead() {
        let (acquire_queue, open) = acquire_queue(1);
        let acquire_timeout = Duration::from_secs(5);
        let _inside = acquire_queue
            .acquire(acquire_timeout, &open, CallState::New)
            .await
            .unwrap();

        let (first, second) = tokio::join!(
            acquire_queue.acquire(acquire_timeout, &open, CallState::New),
            acquire_queue.acquire(acquire_timeout, &open, CallState::New)
        );

        let said = [first, second].map(|rejected| rejected.unwrap_err().to_string());
        assert_eq!(
            said,
            [
                "no connection became free within 5s, with nobody ahead",
                "no connection became free within 5s, with 1 ahead"
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
    async fn who_goes_away_leaves_the_queue() {
        let (acquire_queue, open) = acquire_queue(1);
        let inside = acquire_queue
            .acquire(Duration::MAX, &open, CallState::New)
            .await
            .unwrap();
        assert!(
            acquire_queue
                .acquire(Duration::MAX, &open, CallState::New)
                .now_or_never()
                .is_none()
        );

        drop(inside);

        assert_eq!(acquire_queue.waiting(), 0);
        assert!(
            acquire_queue
                .acquire(Duration::ZERO, &open, CallState::New)
                .await
                .is_ok()
        );
    }

    #[tokio::test]
    async fn who_waits_while_it_closes_is_told_at_once() {
        let (acquire_queue, lifecycle) = acquire_queue(1);
        let inside = acquire_queue
            .acquire(Duration::MAX, &lifecycle, CallState::New)
            .await
            .unwrap();
        let mut waiting =
            Box::pin(acquire_queue.acquire(Duration::MAX, &lifecycle, CallState::New));
        assert!(waiting.as_mut().now_or_never().is_none());

        lifecycle.drain();

        assert!(matches!(waiting.await, Err(AcquireError::Closed)));
        assert!(acquire_queue.wait_until_idle().now_or_never().is_none());
        drop(inside);
        assert!(acquire_queue.wait_until_idle().now_or_never().is_some());
    }
}
