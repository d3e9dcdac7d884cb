use std::time::Duration;

use tasktrail_postgres_client::batching::{BatchStatistics, Batcher, InFlight};
use tasktrail_postgres_client::pool::Pool;

use super::GroupCommitStatistics;
use super::group_commit::Saves;
use super::status_checks::StatusChecks;

/// How many statements of status checks run at once. They are short, so more of them would only
/// contain fewer checks each.
const STATUS_STATEMENTS: u32 = 2;

/// The batched calls of the task history.
#[derive(Debug)]
pub(crate) struct BatchedCalls {
    pub(super) saves: Batcher<Saves>,
    pub(super) status_checks: Batcher<StatusChecks>,
}

impl BatchedCalls {
    /// Starts the batchers. `writers` is the number of concurrent statements with saves.
    pub(crate) fn start(pool: &Pool, writers: u32) -> Self {
        Self {
            saves: Batcher::start(pool.clone(), writers),
            status_checks: Batcher::start(pool.clone(), STATUS_STATEMENTS),
        }
    }

    /// Counts queued and running calls.
    pub(crate) fn under_way(&self) -> InFlight {
        let (saves, checks) = (self.saves.under_way(), self.status_checks.under_way());
        InFlight {
            calls: saves.calls + checks.calls,
            statements: saves.statements + checks.statements,
        }
    }

    /// Waits until all calls are done, at most until `deadline`. Call it after the pool is drained.
    pub(crate) async fn flush(&self, deadline: Duration) {
        tokio::join!(
            self.saves.flush(deadline),
            self.status_checks.flush(deadline)
        );
    }

    pub(crate) fn statistics(&self) -> [BatchStatistics; 2] {
        [self.saves.statistics(), self.status_checks.statistics()]
    }

    pub(crate) fn group_commit(&self) -> GroupCommitStatistics {
        self.saves.statistics().into()
    }
}
