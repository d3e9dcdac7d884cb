//! Writes that wait for locked rows.

use std::time::Duration;

use tokio::sync::SemaphorePermit;
use tokio::time::{Instant, timeout_at};

use super::Pool;
use crate::error::StoreError;
use crate::lock_wait::LockWait;
use crate::pg_operation::PgOperation;

/// The shortest time that a batch waits for a lock before it releases its own locks; the longest is
/// twice that. Shorter than the server's default `deadlock_timeout` of 1 second.
const BATCH_WAIT: Duration = Duration::from_millis(400);

impl Pool {
    /// Writes to one task. If the task is locked, waits briefly first. After that it waits up to
    /// the lock timeout, but only a few calls may do so at once.
    ///
    /// `work` creates the operation for a given wait.
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
        let _permit = self.leave_to_wait(wait).await?;
        self.run(&work(wait)).await
    }

    /// Writes to several tasks without deadlocks between batches.
    ///
    /// Two batches that lock the same tasks in opposite order wait for each other. So a batch that
    /// waits too long for a lock rolls back, which lets the other one finish, and starts again.
    /// This also lets saves of its other tasks proceed while one task stays locked. `spread` varies
    /// the wait between batches.
    ///
    /// `work` creates the operation for a given wait.
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
        let mut permit = None;
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
            if permit.is_none() {
                permit = Some(self.leave_to_wait(wait).await?);
            }
        }
    }

    /// Acquires a permit to hold a connection while waiting for a lock. Permits are granted in
    /// order.
    ///
    /// # Errors
    ///
    /// [`StoreError::Locked`] if no permit becomes free before the timeout.
    pub(crate) async fn leave_to_wait(
        &self,
        wait: LockWait,
    ) -> Result<SemaphorePermit<'_>, StoreError> {
        let permit = self.0.lock_waiters.acquire();
        let permit = match wait.deadline() {
            Some(deadline) => timeout_at(deadline, permit).await.ok(),
            None => Some(permit.await),
        };
        let waited = wait.waited();
        permit
            .and_then(Result::ok)
            .ok_or(StoreError::Locked { waited })
    }
}
