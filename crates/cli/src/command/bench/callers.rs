//! Concurrent callers, and the measurement of their calls.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::measured::{Latencies, Measured, Resident};
use crate::failure::Failure;

/// Duration of the unmeasured warm-up, in which connections are opened and statements prepared.
pub(super) const WARM_UP: Duration = Duration::from_millis(300);

/// Interval between samples of the resident memory.
const SAMPLE_INTERVAL: Duration = Duration::from_millis(50);

/// One of several concurrent callers. Each sends its next call when its last one has returned.
pub(super) trait Caller: Send + 'static {
    /// Prepares the next call. Not measured. The call may never be made.
    fn prepare(&mut self, now: Instant) -> Result<(), Failure>;

    /// Makes the call.
    fn call(&mut self) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// Runs the callers for `time`, and returns the measurement and the callers. Stops at the first
/// error.
///
/// Waits for calls that have started. These calls and their duration are included.
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
    let mut sampling = tokio::time::interval(SAMPLE_INTERVAL);
    loop {
        tokio::select! {
            ended = calling.join_next() => match ended {
                Some(caller) => back.push(caller??),
                None => break,
            },
            _ = sampling.tick() => resident.sample(),
        }
    }
    let took = began.elapsed();
    let latencies = latencies.lock().unwrap_or_else(PoisonError::into_inner);
    Ok((Measured::of_calls(took, &latencies, resident), back))
}

/// Reads the clock twice per call: the end of a call is also the start of the next preparation.
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
    async fn every_call_is_counted_and_every_caller_is_returned() {
        let callers = (0..10).map(|_| Counting(0)).collect();
        let time = Duration::from_millis(20);

        let (measured, callers) = call_for(time, callers).await.unwrap();

        let calls: u64 = callers.iter().map(|caller| caller.0).sum();
        assert_eq!((measured.count, callers.len()), (calls, 10));
        assert!(measured.took >= time && calls >= 10, "{measured:?}");
    }

    #[tokio::test]
    async fn first_error_stops_the_callers() {
        let callers = vec![Counting(0), Counting(999_999_999)];

        let error = call_for(Duration::from_secs(3600), callers).await;

        assert!(matches!(error, Err(Failure::Error(_))));
    }
}
