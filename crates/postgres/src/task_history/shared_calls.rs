use std::time::Duration;

use tasktrail_postgres_client::batching::{BatchStatistics, Batcher, InFlight};
use tasktrail_postgres_client::pool::Pool;

use super::GroupCommitStatistics;
use super::group_commit::Saves;
use super::status_checks::StatusChecks;

/// How many statements of status checks are under way at once. They are short: more of them would only
/// carry fewer checks each.
const STATUS_STATEMENTS: u32 = 2;

/// The calls of the task history that share statements.
#[derive(Debug)]
pub(crate) struct SharedCalls {
    pub(super) saves: Batcher<Saves>,
    pub(super) status_checks: Batcher<StatusChecks>,
}

impl SharedCalls {
    /// Begins to take calls, with as many statements of saves at once.
    pub(crate) fn start(pool: &Pool, writers: u32) -> Self {
        Self {
            saves: Batcher::start(pool.clone(), writers),
            status_checks: Batcher::start(pool.clone(), STATUS_STATEMENTS),
        }
    }

    /// The calls that are in a queue or on their way.
    pub(crate) fn under_way(&self) -> InFlight {
        let (saves, checks) = (self.saves.under_way(), self.status_checks.under_way());
        InFlight {
            calls: saves.calls + checks.calls,
            statements: saves.statements + checks.statements,
        }
    }

    /// Waits until the calls under way are done, until `deadline` at most, once the pool is drained.
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
