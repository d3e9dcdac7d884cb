//! What the reads have in common.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use tasktrail::task_history::TaskHistoryRepository;

use crate::command::bench::callers::{Caller, WARM_UP, call_for};
use crate::command::bench::environment::BenchEnvironment;
use crate::command::bench::measured::Measured;
use crate::failure::Failure;

/// Each kind of reading has half of its time in each of its turns. An even number: the kinds are in their
/// order again at the end.
const TURNS: u32 = 2;

/// Has so many callers of each kind read, after a warm-up, one kind at a time, in turn and in turn
/// backwards: so that a noisy moment hits all, and their figures can be compared.
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

/// A read did not give what was loaded before: figures would mean nothing.
pub(super) fn check(right: bool, what: &str) -> Result<(), Failure> {
    if right {
        Ok(())
    } else {
        Err(Failure::error(format!("{what} is not what was saved")))
    }
}
