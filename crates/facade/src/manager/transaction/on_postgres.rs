//! A transaction on PostgreSQL: observed, and limited in time.

use std::future::ready;
use std::pin::Pin;
use std::time::Duration;

use tasktrail_domain::repository::{Effect, ErrorKind, RepositoryError};
use tasktrail_postgres::transaction::{BEGIN, TRANSACTION};
use tasktrail_resilience::{ObservedCall, Policy};
use tokio::time::Instant;
use tracing::{Instrument, Span};

use crate::DatabaseError;
use crate::store::Database;
use crate::transaction::{Begun, Transaction};

/// The source of the error of a transaction that takes too long.
#[derive(Debug, thiserror::Error)]
#[error("the transaction did not end within {0:?} (setting timeout.transaction)")]
struct TransactionTimedOut(Duration);

/// Why the closure's value is not returned.
enum Failure<E> {
    /// The closure returned an error.
    RolledBack(E),
    NotCommitted(RepositoryError),
}

/// Runs `work` in a transaction. `new` creates its argument.
pub(super) async fn run<T, E>(
    database: &Database,
    limit: Option<Duration>,
    new: impl FnOnce(Begun) -> Transaction,
    work: impl AsyncFnOnce(&mut Transaction) -> Result<T, E>,
) -> Result<T, E>
where
    E: From<DatabaseError>,
{
    let observe = database.policy.observe();
    let observed = observe.map(|observe| observe.begin(TRANSACTION));
    let span = observed
        .as_ref()
        .map_or_else(Span::none, ObservedCall::span);
    // Boxed, because the future of a caller contains it.
    let result = Box::pin(begin_and_end(database, limit, new, work));
    let result = result.instrument(span).await;
    if let Some(observed) = observed {
        match &result {
            Ok(_) => observed.end(None),
            Err(Failure::RolledBack(_)) => observed.end_rolled_back(),
            Err(Failure::NotCommitted(error)) => observed.end(Some(error)),
        }
    }
    result.map_err(|failure| match failure {
        Failure::RolledBack(error) => error,
        Failure::NotCommitted(error) => DatabaseError::from(error).into(),
    })
}

async fn begin_and_end<T, E>(
    database: &Database,
    limit: Option<Duration>,
    new: impl FnOnce(Begun) -> Transaction,
    work: impl AsyncFnOnce(&mut Transaction) -> Result<T, E>,
) -> Result<T, Failure<E>> {
    let policy = database.policy.unobserved();
    let begun = policy.run(BEGIN, || database.postgres.begin()).await;
    let begun = begun.map_err(Failure::NotCommitted)?;
    let mut limits = Limits::new(limit, begun.interrupted());
    let begun = Begun::Postgres(Box::new(begun), database.policy.observe());
    let mut transaction = new(begun);

    let worked = limits.apply(Box::pin(work(&mut transaction))).await;
    match worked.map_err(|exceeded| exceeded.failure(Effect::NotApplied))? {
        Ok(value) => {
            // Work that has not yielded may have exceeded a limit without notice.
            let checked = limits.check().await;
            checked.map_err(|exceeded| exceeded.failure(Effect::NotApplied))?;
            let committed = limits.apply(transaction.commit()).await;
            let committed = committed.map_err(|exceeded| exceeded.failure(Effect::Unknown))?;
            committed.map_err(Failure::NotCommitted)?;
            Ok(value)
        }
        Err(error) => {
            // If it does not finish, the connection is closed, which also rolls back.
            let _finished = limits.apply(transaction.rollback()).await;
            Err(Failure::RolledBack(error))
        }
    }
}

/// What ends a transaction from outside.
struct Limits {
    interrupted: Pin<Box<dyn Future<Output = ()> + Send>>,
    limit: Option<Duration>,
    begun: Instant,
}

/// The limit that was reached.
enum Exceeded {
    Closed,
    TimedOut(Duration),
}

impl Limits {
    fn new(
        limit: Option<Duration>,
        interrupted: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        Self {
            interrupted: Box::pin(interrupted),
            limit,
            begun: Instant::now(),
        }
    }

    /// Does not wait.
    async fn check(&mut self) -> Result<(), Exceeded> {
        match self.limit {
            Some(limit) if self.begun.elapsed() >= limit => Err(Exceeded::TimedOut(limit)),
            _ => tokio::select! {
                biased;
                () = &mut self.interrupted => Err(Exceeded::Closed),
                () = ready(()) => Ok(()),
            },
        }
    }

    /// Runs a part of the transaction until a limit is reached.
    async fn apply<T>(&mut self, part: impl Future<Output = T>) -> Result<T, Exceeded> {
        let (begun, limit) = (self.begun, self.limit.unwrap_or_default());
        tokio::select! {
            biased;
            output = part => Ok(output),
            () = &mut self.interrupted => Err(Exceeded::Closed),
            () = tokio::time::sleep_until(begun + limit), if self.limit.is_some() => {
                Err(Exceeded::TimedOut(limit))
            }
        }
    }
}

impl Exceeded {
    fn failure<E>(self, effect: Effect) -> Failure<E> {
        let error = |kind| RepositoryError::new(TRANSACTION, kind, effect);
        Failure::NotCommitted(match self {
            Self::Closed => error(ErrorKind::Closed),
            Self::TimedOut(limit) => {
                error(ErrorKind::TimedOut).with_source(TransactionTimedOut(limit))
            }
        })
    }
}
