//! What the reads have in common.

use std::sync::Arc;
use std::time::Duration;

use tasktrail::task_history::TaskHistoryRepository;

use crate::command::bench::callers::{Caller, WARM_UP, call_for};
use crate::command::bench::ground::Ground;
use crate::command::bench::measured::Measured;
use crate::failure::Failure;

/// Has so many callers read, after a warm-up.
pub(super) async fn measure<C: Caller>(
    ground: &Ground,
    callers: u32,
    time: Duration,
    caller: impl Fn(Arc<dyn TaskHistoryRepository>) -> C,
) -> Result<Measured, Failure> {
    let manager = ground.open(true).await?;
    let histories = manager.task_history()?;
    let reading = (0..callers)
        .map(|_| caller(Arc::clone(&histories)))
        .collect();
    let (_warm_up, reading) = call_for(WARM_UP, reading).await?;
    let (measured, _reading) = call_for(time, reading).await?;
    manager.close().await;
    Ok(measured)
}

/// A read did not give what was loaded before: figures would mean nothing.
pub(super) fn check(right: bool, what: &str) -> Result<(), Failure> {
    if right {
        Ok(())
    } else {
        Err(Failure::error(format!("{what} is not what was saved")))
    }
}
