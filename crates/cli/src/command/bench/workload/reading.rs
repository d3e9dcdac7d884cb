//! The measurement shared by the reading workloads.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use tasktrail::task_history::TaskHistoryRepository;

use crate::command::bench::callers::{Caller, WARM_UP, call_for};
use crate::command::bench::environment::BenchEnvironment;
use crate::command::bench::measured::Measured;
use crate::failure::Failure;

/// Turns of each kind of read, which share its time. An even number, so that the kinds are in their
/// original order at the end.
const TURNS: u32 = 2;

/// Measures each kind of read with `callers` callers, after a warm-up. The kinds take turns,
/// forwards and then backwards, so that disturbances affect all of them and the results are
/// comparable.
pub(super) async fn measure<C: Caller>(
    environment: &BenchEnvironment,
    callers: u32,
    time: Duration,
    kinds: &[impl Fn(Arc<dyn TaskHistoryRepository>) -> C + Sync],
) -> Result<Vec<Measured>, Failure> {
    let manager = environment.open(true).await?;
    let histories = manager.task_history()?;
    let mut reading = Vec::with_capacity(kinds.len());
    for caller in kinds {
        let callers = (0..callers)
            .map(|_| caller(Arc::clone(&histories)))
            .collect();
        let (_warm_up, callers) = call_for(WARM_UP, callers).await?;
        reading.push((Measured::default(), callers));
    }
    for _ in 0..TURNS {
        for (sum, callers) in &mut reading {
            let (measured, back) = call_for(time / TURNS, mem::take(callers)).await?;
            sum.add(&measured);
            *callers = back;
        }
        reading.reverse();
    }
    manager.close().await;
    Ok(reading.into_iter().map(|(sum, _)| sum).collect())
}

/// Fails if a read did not return the loaded data, because its latency would be meaningless.
pub(super) fn check(is_correct: bool, what: &str) -> Result<(), Failure> {
    if is_correct {
        Ok(())
    } else {
        Err(Failure::error(format!(
            "{what} differs from the saved data"
        )))
    }
}
