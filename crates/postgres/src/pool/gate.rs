use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::AcquireError;

/// Lets as many callers through as there may be connections, and the others in the order in which
/// they came.
///
/// bb8 alone is not fair: a caller that it wakes races newcomers and goes to the end of the queue again
/// when it loses.
#[derive(Debug, Clone)]
pub(super) struct Gate {
    places: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

/// A place behind the gate; dropping it lets the next caller through.
pub(super) type Pass = OwnedSemaphorePermit;

impl Gate {
    pub(super) fn new(places: NonZeroU32) -> Self {
        let places = usize::try_from(places.get()).unwrap_or(Semaphore::MAX_PERMITS);
        Self {
            places: Arc::new(Semaphore::new(places)),
            waiting: Arc::default(),
        }
    }

    /// Waits for a place, no longer than `patience`.
    pub(super) async fn enter(&self, patience: Duration) -> Result<Pass, AcquireError> {
        let queued = Queued::behind(&self.waiting);
        let place = Arc::clone(&self.places).acquire_owned();
        match tokio::time::timeout(patience, place).await {
            Ok(Ok(pass)) => Ok(pass),
            Ok(Err(_closed)) => Err(AcquireError::Closed),
            Err(_elapsed) => Err(AcquireError::Queue {
                waited: patience,
                ahead: queued.ahead,
            }),
        }
    }

    /// Lets nobody through any more, those who wait included.
    pub(super) fn close(&self) {
        self.places.close();
    }

    /// How many callers wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

/// A caller in the queue, also when its future is dropped there.
struct Queued<'a> {
    waiting: &'a AtomicUsize,
    ahead: usize,
}

impl<'a> Queued<'a> {
    fn behind(waiting: &'a AtomicUsize) -> Self {
        Self {
            waiting,
            ahead: waiting.fetch_add(1, Ordering::Relaxed),
        }
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(places: u32) -> Gate {
        Gate::new(NonZeroU32::new(places).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_too_long_is_told_how_long_and_how_many_were_ahead() {
        let gate = gate(1);
        let patience = Duration::from_secs(5);
        let _inside = gate.enter(patience).await.unwrap();

        let (first, second) = tokio::join!(gate.enter(patience), gate.enter(patience));

        let said = [first, second].map(|refused| refused.unwrap_err().to_string());
        assert_eq!(
            said,
            [
                "no connection became free within 5s, with 0 callers ahead",
                "no connection became free within 5s, with 1 callers ahead"
            ]
        );
        assert_eq!(gate.waiting(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn callers_are_served_in_order() {
        let gate = gate(2);
        let served = std::sync::Mutex::new(Vec::new());
        let calls = (0..100).map(|caller| {
            let (gate, served) = (&gate, &served);
            async move {
                let _pass = gate.enter(Duration::from_secs(60)).await.unwrap();
                served.lock().unwrap().push(caller);
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });

        futures_util::future::join_all(calls).await;

        assert!(served.lock().unwrap().is_sorted());
    }

    #[tokio::test]
    async fn who_goes_away_leaves_the_queue() {
        let gate = gate(1);
        let inside = gate.enter(Duration::MAX).await.unwrap();
        let waiting = gate.enter(Duration::MAX);
        assert!(futures_util::FutureExt::now_or_never(waiting).is_none());

        drop(inside);

        assert_eq!(gate.waiting(), 0);
        assert!(gate.enter(Duration::ZERO).await.is_ok());
    }
}
