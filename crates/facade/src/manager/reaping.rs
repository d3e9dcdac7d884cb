//! Closing the executions of lost agents in the background.

use std::time::Duration;

use tasktrail_domain::orchestration::dispatch::ReapLimit;
use tasktrail_domain::repository::ErrorChain;
use tasktrail_domain::write::{Actor, ActorKind};

use super::{DatabaseManager, Result};
use crate::DatabaseError;

/// The minimum interval, so that an interval of zero does not loop without a pause.
const MIN_INTERVAL: Duration = Duration::from_secs(1);

impl DatabaseManager {
    /// Reaps at an interval until the manager is closed. A failed attempt is logged.
    pub(super) async fn reap_every(&self, interval: Duration) {
        loop {
            tokio::time::sleep(interval.max(MIN_INTERVAL)).await;
            match self.reap().await {
                Ok(0) => {}
                Ok(executions) => tracing::info!(executions, "executions reaped"),
                Err(DatabaseError::Closed) => return,
                Err(error) => {
                    tracing::warn!(error = %ErrorChain(&error), "executions could not be reaped");
                }
            }
        }
    }

    /// Closes all executions that can be reaped now, and returns their number.
    async fn reap(&self) -> Result<usize> {
        // Never an error: the name is valid.
        let Ok(actor) = Actor::new(ActorKind::System, "maintenance") else {
            return Ok(0);
        };
        let orchestrator = self.orchestration(actor)?;
        let limit = ReapLimit::DEFAULT;
        let mut total = 0;
        loop {
            let reaped = orchestrator.reap(limit).await?.len();
            total += reaped;
            if i64::try_from(reaped).is_ok_and(|reaped| reaped < i64::from(limit)) {
                return Ok(total);
            }
        }
    }
}
