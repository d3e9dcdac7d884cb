mod plan;

use std::convert::Infallible;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use serde::Serialize;
use tasktrail_postgres_client::advisory_lock::hold;
use tasktrail_postgres_client::connection::Connector;
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::CancelToken;

pub use self::plan::ReindexPlan;
use super::{TableMaintenanceError, connect, permitted, tables};
use crate::diagnosis::{IndexFacts, index_facts};
use crate::maintenance_lock::of_store;

/// The result of a reindex.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Reindexing {
    /// The indexes that were rebuilt, in this order.
    pub done: Vec<ReindexedIndex>,
    /// Indexes that an interrupted run left behind, and that were removed.
    pub removed: Vec<String>,
    /// Indexes that an interrupted run left behind, and that only their owner may remove.
    pub not_removed: Vec<String>,
    /// Whether it was stopped before all indexes were done.
    pub stopped: bool,
}

/// An index that was rebuilt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ReindexedIndex {
    /// Its schema and name, quoted for use in SQL.
    pub index: String,
    /// Its size before, in bytes.
    pub bytes_before: u64,
    /// Its size after, in bytes.
    pub bytes_after: u64,
    /// Duration in milliseconds.
    pub took_ms: u64,
}

/// Key of the advisory lock: the bytes of "tasktrar".
const LOCK: i64 = 0x7461_736b_7472_6172;

/// Interval between cancel requests for a statement that is still running.
const CANCEL_AGAIN: Duration = Duration::from_secs(1);

/// Reindexes on a new connection, while it holds the advisory lock.
pub(crate) async fn reindex(
    connector: &Connector,
    only: &[String],
    on_index: impl FnMut(&IndexFacts) + Send,
    stop: impl Future<Output = ()> + Send,
) -> Result<Reindexing, TableMaintenanceError> {
    let mut connection = connect(connector).await?;
    permitted(&tables(&mut connection).await?)?;
    let number = of_store(&mut connection, LOCK).await?;
    let lock = hold(connector, &mut connection, number, Duration::ZERO).await;
    let Some(_lock) = lock.map_err(TableMaintenanceError::Query)? else {
        return Err(TableMaintenanceError::Taken);
    };
    let plan = ReindexPlan::of(index_facts(&mut connection).await?, only)?;
    let statement = connection.cancel_token();
    let stopping = AtomicBool::new(false);
    let mut work = Reindexer {
        connection,
        stopping: &stopping,
        on_index,
        did: Reindexing::default(),
    };
    let ended = {
        let mut all = pin!(work.all(plan));
        tokio::select! {
            biased;
            ended = &mut all => ended,
            () = stop => {
                stopping.store(true, Ordering::Relaxed);
                tokio::select! {
                    biased;
                    ended = all => ended,
                    never = cancel(&statement, connector) => match never {},
                }
            }
        }
    };
    work.did.stopped = !is_whole(ended, stopping.load(Ordering::Relaxed))?;
    Ok(work.did)
}

/// An error during a stop is a failure, unless it is the cancellation itself.
fn is_whole(ended: diesel::QueryResult<bool>, stopping: bool) -> diesel::QueryResult<bool> {
    match ended {
        Err(error) if stopping && is_cancelled(&error) => Ok(false),
        ended => ended,
    }
}

/// Plans a reindex. Any role may call this.
pub(crate) async fn plan(
    connector: &Connector,
    only: &[String],
) -> Result<ReindexPlan, TableMaintenanceError> {
    let mut connection = connect(connector).await?;
    tables(&mut connection).await?;
    ReindexPlan::of(index_facts(&mut connection).await?, only)
}

/// Repeats the cancel request: one that arrives between two statements has no effect, and one may
/// be lost.
async fn cancel(statement: &CancelToken, connector: &Connector) -> Infallible {
    loop {
        match timeout(CANCEL_AGAIN, statement.cancel_query(connector.tls())).await {
            Ok(Ok(())) => sleep(CANCEL_AGAIN).await,
            Ok(Err(error)) => {
                tracing::warn!(%error, "cannot cancel the current reindex");
                sleep(CANCEL_AGAIN).await;
            }
            Err(_elapsed) => {
                tracing::warn!("the request to cancel the current reindex timed out");
            }
        }
    }
}

fn is_cancelled(error: &diesel::result::Error) -> bool {
    matches!(
        error,
        diesel::result::Error::DatabaseError(_, information)
            if information.message() == "canceling statement due to user request"
    )
}

struct Reindexer<'s, T> {
    connection: AsyncPgConnection,
    stopping: &'s AtomicBool,
    on_index: T,
    did: Reindexing,
}

impl<T: FnMut(&IndexFacts) + Send> Reindexer<'_, T> {
    /// Carries out the plan. Returns `false` if it was stopped before all of it was done.
    async fn all(&mut self, plan: ReindexPlan) -> diesel::QueryResult<bool> {
        let not_removed = plan.not_removed.into_iter();
        self.did.not_removed = not_removed.map(|index| index.qualified).collect();
        for index in plan.removed {
            if self.is_stopping() {
                return Ok(false);
            }
            let statement = format!("DROP INDEX CONCURRENTLY IF EXISTS {}", index.qualified);
            self.connection.batch_execute(&statement).await?;
            self.did.removed.push(index.qualified);
        }
        for index in plan.indexes {
            if self.is_stopping() {
                return Ok(false);
            }
            self.build(index).await?;
        }
        Ok(true)
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    async fn build(&mut self, index: IndexFacts) -> diesel::QueryResult<()> {
        (self.on_index)(&index);
        let began = Instant::now();
        // The name comes quoted from the server.
        let statement = format!("REINDEX INDEX CONCURRENTLY {}", index.qualified);
        self.connection.batch_execute(&statement).await?;
        let took = began.elapsed();
        let mut after = index_facts(&mut self.connection).await;
        // A late cancel request may have hit this query instead of the rebuild, which is complete.
        if self.is_stopping() && after.as_ref().is_err_and(is_cancelled) {
            after = index_facts(&mut self.connection).await;
        }
        let after = after?;
        let after = after.iter().find(|now| now.qualified == index.qualified);
        self.did.done.push(ReindexedIndex {
            bytes_before: index.bytes,
            bytes_after: after.map_or(0, |after| after.bytes),
            index: index.qualified,
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use diesel::result::{DatabaseErrorKind, Error};

    use super::*;

    #[test]
    fn only_a_cancelled_statement_counts_as_stopped() {
        let failed = |words: &str| {
            let words = Box::new(words.to_owned());
            Err(Error::DatabaseError(DatabaseErrorKind::Unknown, words))
        };
        let cancelled = || failed("canceling statement due to user request");

        assert_eq!(is_whole(Ok(true), true), Ok(true));
        assert_eq!(is_whole(Ok(false), true), Ok(false));
        assert_eq!(is_whole(cancelled(), true), Ok(false));
        is_whole(cancelled(), false).unwrap_err();
        is_whole(
            failed("could not extend file: No space left on device"),
            true,
        )
        .unwrap_err();
    }
}
