//! Concurrent callers, each with one call at a time.

use std::time::{Duration, Instant};

use anyhow::Result;
use hdrhistogram::Histogram;
use tokio::task::JoinSet;

use crate::figures::Figures;

/// The number of connections of each program.
pub(crate) const CONNECTIONS: u32 = 20;

/// A caller that saves or reads.
pub(crate) trait Caller: Send + 'static {
    /// Makes the next call. A save returns when it is durable.
    fn call(&mut self) -> impl Future<Output = Result<()>> + Send;
}

/// Runs all callers for `time`, and returns their figures.
pub(crate) async fn drive<C: Caller>(callers: Vec<C>, time: Duration) -> Result<Figures> {
    let began = Instant::now();
    let end = began + time;
    let mut running: JoinSet<_> = callers
        .into_iter()
        .map(|caller| call_until(caller, end))
        .collect();
    let mut latencies = histogram()?;
    while let Some(done) = running.join_next().await {
        latencies.add(done??)?;
    }
    let calls = f64::from(u32::try_from(latencies.len())?);
    Ok(Figures {
        per_second: calls / began.elapsed().as_secs_f64(),
        p50_ms: Some(milliseconds(latencies.value_at_quantile(0.5))),
        p99_ms: Some(milliseconds(latencies.value_at_quantile(0.99))),
        longest_ms: Some(milliseconds(latencies.max())),
        ..Figures::default()
    })
}

async fn call_until(mut caller: impl Caller, end: Instant) -> Result<Histogram<u32>> {
    let mut latencies = histogram()?;
    let mut before = Instant::now();
    while before < end {
        caller.call().await?;
        let after = Instant::now();
        let micros = u64::try_from((after - before).as_micros())?;
        latencies.record(micros.max(1))?;
        before = after;
    }
    Ok(latencies)
}

/// A histogram of microseconds, with three significant digits.
fn histogram() -> Result<Histogram<u32>> {
    Ok(Histogram::new(3)?)
}

fn milliseconds(micros: u64) -> f64 {
    Duration::from_micros(micros).as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    struct Counter(Arc<AtomicU32>);

    impl Caller for Counter {
        async fn call(&mut self) -> Result<()> {
            self.0.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            Ok(())
        }
    }

    struct Broken;

    impl Caller for Broken {
        async fn call(&mut self) -> Result<()> {
            anyhow::bail!("no")
        }
    }

    #[tokio::test]
    async fn the_saves_of_all_callers_are_counted() {
        let saves = Arc::new(AtomicU32::new(0));
        let callers = (0..3).map(|_| Counter(Arc::clone(&saves))).collect();
        let (time, began) = (Duration::from_millis(20), Instant::now());

        let figures = drive(callers, time).await.unwrap();

        let saves = f64::from(saves.load(Ordering::Relaxed));
        let (most, least) = (time.as_secs_f64(), began.elapsed().as_secs_f64());
        assert!(figures.per_second <= saves / most, "{figures:?}");
        assert!(figures.per_second >= saves / least, "{figures:?}");
        assert!(figures.p99_ms >= figures.p50_ms && figures.p50_ms > Some(0.0));
    }

    #[tokio::test]
    async fn a_failed_save_is_an_error() {
        assert!(drive(vec![Broken], Duration::from_mins(1)).await.is_err());
    }
}
