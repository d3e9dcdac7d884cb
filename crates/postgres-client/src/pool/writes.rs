//! Writes that may find a row locked.

use std::time::Duration;

use tokio::sync::SemaphorePermit;
use tokio::time::{Instant, timeout_at};

use super::Pool;
use crate::error::StoreError;
use crate::lock_wait::LockWait;
use crate::pg_operation::PgOperation;

/// How long a batch waits for a lock before it gives its own locks up: from so long, by up to as much
/// again. Less than the second after which the server looks for a deadlock.
const BATCH_WAIT: Duration = Duration::from_millis(400);

impl Pool {
    /// Writes to one task, as `work` does it that waits so long if the task is locked: briefly at first,
    /// then as one of the few who may wait.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; [`Locked`](StoreError::Locked) if a row stays locked until the timeout.
    pub async fn write<W: PgOperation>(
        &self,
        work: impl Fn(LockWait) -> W,
    ) -> Result<W::Output, StoreError> {
        let wait = self.lock_wait();
        match self.run(&work(LockWait::BRIEF)).await {
            Err(error) if error.is_lock_timeout() => {}
            done => return done,
        }
        let _leave = self.leave_to_wait(wait).await?;
        self.run(&work(wait)).await
    }

    /// Writes to several tasks. Two batches with the same entries in contrary order wait for each other: so
    /// one that waits gives its locks up after a while, which lets the other finish, and begins again. That
    /// also lets saves of its other tasks through while one of them stays locked.
    /// `spread`, from 0 to 255, makes them wait for different times.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; [`Locked`](StoreError::Locked) if a row stays locked until the timeout.
    pub async fn write_batch<W: PgOperation>(
        &self,
        spread: u8,
        work: impl Fn(LockWait) -> W,
    ) -> Result<W::Output, StoreError> {
        let wait = self.lock_wait();
        let brief = LockWait::Brief(BATCH_WAIT + BATCH_WAIT * u32::from(spread) / 256);
        let mut leave = None;
        loop {
            match self.run(&work(brief)).await {
                Err(error) if error.is_lock_timeout() => {}
                done => return done,
            }
            if wait
                .deadline()
                .is_some_and(|deadline| deadline <= Instant::now())
            {
                let waited = wait.waited();
                return Err(StoreError::Locked { waited });
            }
            if leave.is_none() {
                leave = Some(self.leave_to_wait(wait).await?);
            }
        }
    }

    /// Leave to wait for a lock with a connection, in the order of the calls.
    ///
    /// # Errors
    ///
    /// [`StoreError::Locked`] if no permit becomes free before the timeout.
    pub async fn leave_to_wait(&self, wait: LockWait) -> Result<SemaphorePermit<'_>, StoreError> {
        let leave = self.0.lock_waiters.acquire();
        let leave = match wait.deadline() {
            Some(deadline) => timeout_at(deadline, leave).await.ok(),
            None => Some(leave.await),
        };
        let waited = wait.waited();
        leave
            .and_then(Result::ok)
            .ok_or(StoreError::Locked { waited })
    }
}
