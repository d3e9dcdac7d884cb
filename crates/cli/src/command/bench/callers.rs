//! Callers that call one after the other, and what came of it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::measured::{Latencies, Measured, Resident};
use crate::failure::Failure;

/// How long connections are opened and statements prepared before it counts.
pub(super) const WARM_UP: Duration = Duration::from_millis(300);

/// How often the memory is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// One of many who do the same, each its next call when its last one was answered.
pub(super) trait Caller: Send + 'static {
    /// Readies the next call, which does not count; also if it is never made.
    fn prepare(&mut self, now: Instant) -> Result<(), Failure>;

    /// Makes the call.
    fn call(&mut self) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// Has the callers call for so long, and gives them back. The first error ends it.
///
/// A call that has begun is waited for and counts, and so does the time that it takes.
pub(super) async fn call_for<C: Caller>(
    time: Duration,
    callers: Vec<C>,
) -> Result<(Measured, Vec<C>), Failure> {
    let latencies = Arc::new(Mutex::new(Latencies::default()));
    let mut resident = Resident::default();
    let mut back = Vec::with_capacity(callers.len());
    let began = Instant::now();
    let mut calling = JoinSet::new();
    for caller in callers {
        calling.spawn(call_until(began + time, caller, Arc::clone(&latencies)));
    }
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            ended = calling.join_next() => match ended {
                Some(caller) => back.push(caller??),
                None => break,
            },
            _ = look.tick() => resident.look(),
        }
    }
    let took = began.elapsed();
    let latencies = latencies.lock().unwrap_or_else(PoisonError::into_inner);
    Ok((Measured::of_calls(took, &latencies, resident), back))
}

/// Two looks at the clock a call: the end of one call is when the next one is made ready.
async fn call_until<C: Caller>(
    deadline: Instant,
    mut caller: C,
    latencies: Arc<Mutex<Latencies>>,
) -> Result<C, Failure> {
    let mut now = Instant::now();
    while now < deadline {
        caller.prepare(now)?;
        let began = Instant::now();
        caller.call().await?;
        now = Instant::now();
        let mut latencies = latencies.lock().unwrap_or_else(PoisonError::into_inner);
        latencies.record(now - began);
    }
    Ok(caller)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting(u64);

    impl Caller for Counting {
        fn prepare(&mut self, _now: Instant) -> Result<(), Failure> {
            Ok(())
        }

        async fn call(&mut self) -> Result<(), Failure> {
            tokio::task::yield_now().await;
            self.0 += 1;
            if self.0 == 1_000_000_000 {
                return Err(Failure::error("enough"));
            }
            Ok(())
        }
    }

    #[tokio::test]
    async fn every_call_is_counted_and_every_caller_comes_back() {
        let callers = (0..10).map(|_| Counting(0)).collect();
        let time = Duration::from_millis(20);

        let (measured, callers) = call_for(time, callers).await.unwrap();

        let calls: u64 = callers.iter().map(|caller| caller.0).sum();
        assert_eq!((measured.count, callers.len()), (calls, 10));
        assert!(measured.took >= time && calls >= 10, "{measured:?}");
    }

    #[tokio::test]
    async fn the_first_error_ends_it() {
        let callers = vec![Counting(0), Counting(999_999_999)];

        let error = call_for(Duration::from_secs(3600), callers).await;

        assert!(matches!(error, Err(Failure::Error(_))));
    }
}
