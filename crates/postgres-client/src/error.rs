//! Errors of repository operations, and their mapping to the kinds that callers act on.

mod classify;
mod connect;

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tasktrail_domain::InvalidValue;
use tasktrail_domain::repository::{Effect, ErrorKind, Operation, RepositoryError};

pub use self::connect::{ConnectError, ConnectFailure, is_transient};

/// All settings that are outside their valid range.
#[derive(Debug, thiserror::Error)]
#[error("{}", each(.0))]
pub struct InvalidSettings(pub Vec<InvalidValue>);

fn each(problems: &[InvalidValue]) -> String {
    let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
    problems.join("; ")
}

/// Why no connection was opened or checked out.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The connection is closed or too old. bb8 tries another one.
    #[error("the connection is closed or too old")]
    Stale,
    /// The server refused the connection, or could not be reached.
    #[error(transparent)]
    Refused(ConnectFailure),
}

/// Why a call got no connection.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AcquireError {
    /// The pool was closed.
    #[error("the pool was closed")]
    Closed,
    /// The runtime on which the pool was opened has shut down.
    #[error("the runtime that `connect` ran on has shut down")]
    RuntimeEnded,
    /// The server refused a connection, or could not be reached.
    #[error("no connection could be opened")]
    Connect(#[source] OpenError),
    /// All connections were in use until the timeout.
    #[error(
        "no connection became free within {waited:?}, with {} ahead in the queue",
        callers(*.ahead)
    )]
    Queue {
        /// How long the call waited.
        waited: Duration,
        /// How many callers were ahead of it when it entered the queue.
        ahead: u32,
    },
    /// No connection could be opened before the timeout.
    #[error("no connection could be opened within {waited:?}")]
    TimedOut {
        /// How long the call waited.
        waited: Duration,
        /// Why the last attempt to open one failed, if one did.
        #[source]
        cause: Option<OpenError>,
    },
}

fn callers(number: u32) -> String {
    match number {
        1 => "1 caller".to_owned(),
        number => format!("{number} callers"),
    }
}

/// Why a repository operation failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The call got no connection.
    #[error(transparent)]
    Acquire(AcquireError),
    /// The server or the driver reported an error.
    #[error(transparent)]
    Query(diesel::result::Error),
    /// A table or a column does not exist.
    #[error(
        "the schema is missing or out of date; run `tasktrail migrate`, or let \
         `DatabaseManager::connect` migrate it"
    )]
    Schema(#[source] diesel::result::Error),
    /// The repository itself refused the operation.
    #[error(transparent)]
    Refused(Refusal),
    /// The pool was closed while a statement was running.
    #[error("the pool was closed before the server answered")]
    Interrupted,
    /// An earlier call in the caller's transaction was dropped before it finished.
    #[error(
        "the transaction is aborted because a call in it was dropped before it finished; \
         roll it back"
    )]
    TransactionAborted,
    /// A statement in the transaction has failed, so the server rolls it back.
    #[error(
        "the transaction cannot be committed because a statement in it failed; return the error \
         of that statement, or run it in a savepoint"
    )]
    TransactionFailed(#[source] diesel::result::Error),
    /// The transaction was ended by a statement in it.
    #[error(
        "the transaction was committed or rolled back by a statement in it; \
         leave that to `transaction`"
    )]
    TransactionEnded(#[source] diesel::result::Error),
    /// A commit failed for a reason that is not recognized: something between the server and the
    /// client may have lost the answer of the server.
    #[error("the commit failed, and the transaction may have been committed")]
    CommitFailed(#[source] diesel::result::Error),
    /// The task was removed concurrently during every attempt.
    #[error("the task was removed concurrently during every attempt; retry the call")]
    ConcurrentlyRemoved,
    /// Other calls changed the same rows during every attempt.
    #[error("other calls changed the same rows during every attempt; retry the call")]
    Overtaken,
    /// Another transaction kept a row locked until the timeout.
    #[error(
        "another transaction has locked the task, waited {waited:.1?} for it; \
         end that transaction (`tasktrail doctor` lists long-running ones)"
    )]
    Locked {
        /// How long the call waited.
        waited: Duration,
    },
}

/// Why a repository refused an operation, and how callers can react.
#[derive(Debug)]
pub struct Refusal {
    kind: ErrorKind,
    effect: Effect,
    source: Box<dyn Error + Send + Sync>,
}

impl Refusal {
    /// Creates a refusal with its kind, effect and reason.
    pub fn new(
        kind: ErrorKind,
        effect: Effect,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self {
            kind,
            effect,
            source: source.into(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

impl Error for Refusal {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.source()
    }
}

impl From<diesel::result::Error> for StoreError {
    fn from(error: diesel::result::Error) -> Self {
        if classify::is_missing_schema(&error) {
            Self::Schema(error)
        } else {
            Self::Query(error)
        }
    }
}

impl StoreError {
    /// The kind of error, and whether the operation may have been applied.
    #[must_use]
    pub fn verdict(&self) -> (ErrorKind, Effect) {
        match self {
            Self::Acquire(AcquireError::Closed | AcquireError::RuntimeEnded) => {
                (ErrorKind::Closed, Effect::NotApplied)
            }
            Self::Interrupted => (ErrorKind::Closed, Effect::Unknown),
            Self::TransactionAborted | Self::TransactionFailed(_) => {
                (ErrorKind::Unexpected, Effect::NotApplied)
            }
            Self::TransactionEnded(_) | Self::CommitFailed(_) => {
                (ErrorKind::Unexpected, Effect::Unknown)
            }
            // A full queue is not an outage, so it must not open the circuit breaker.
            Self::Acquire(AcquireError::Queue { .. })
            | Self::ConcurrentlyRemoved
            | Self::Overtaken
            | Self::Locked { .. } => (ErrorKind::Contention, Effect::NotApplied),
            Self::Acquire(_) => (ErrorKind::Unavailable, Effect::NotApplied),
            Self::Schema(_) => (ErrorKind::Refused, Effect::NotApplied),
            Self::Query(error) => classify::classify(error),
            Self::Refused(refusal) => (refusal.kind, refusal.effect),
        }
    }

    /// The error of a commit that failed.
    pub(crate) fn of_commit(error: diesel::result::Error) -> Self {
        if classify::is_failed_transaction(&error) {
            Self::TransactionFailed(error)
        } else if classify::is_ended_transaction(&error) {
            Self::TransactionEnded(error)
        } else if classify::is_unrecognized(&error) {
            Self::CommitFailed(error)
        } else {
            error.into()
        }
    }

    /// Whether the server's `lock_timeout` expired.
    #[must_use]
    pub fn is_lock_timeout(&self) -> bool {
        matches!(self, Self::Query(error) if classify::is_lock_timeout(error))
    }

    /// Whether the server may have refused one of several values, and would accept the others.
    #[must_use]
    pub fn blames_a_value(&self) -> bool {
        let (kind, _effect) = self.verdict();
        let refused = matches!(
            kind,
            ErrorKind::Refused | ErrorKind::Corrupt | ErrorKind::Unexpected
        );
        refused && !matches!(self, Self::Schema(_))
    }

    /// Converts the error for the callers of a repository.
    #[must_use]
    pub fn during(self, operation: Operation) -> RepositoryError {
        let (kind, effect) = self.verdict();
        let error = RepositoryError::new(operation, kind, effect);
        match self {
            Self::Acquire(AcquireError::Closed) => error,
            Self::Acquire(source) => error.with_source(source),
            Self::Query(source) => error.with_source(source),
            Self::Refused(refusal) => error.with_source(refusal.source),
            other => error.with_source(other),
        }
    }
}

/// Whether the error is a conflict with other transactions, so that a retry may succeed.
#[must_use]
pub fn is_contention(error: &diesel::result::Error) -> bool {
    classify::classify(error).0 == ErrorKind::Contention
}

/// Whether the statement timed out or was cancelled.
#[must_use]
pub fn timed_out(error: &diesel::result::Error) -> bool {
    classify::classify(error).0 == ErrorKind::TimedOut
}

/// An error that several callers share.
#[derive(Debug, Clone, thiserror::Error)]
#[error(transparent)]
pub struct SharedError(Arc<StoreError>);

impl SharedError {
    /// Makes an error shareable.
    #[must_use]
    pub fn of(error: StoreError) -> Self {
        Self(Arc::new(error))
    }

    /// Converts the error for one of the callers. With `may_have`, an earlier attempt may have been
    /// applied, so the effect is unknown.
    #[must_use]
    pub fn during(&self, operation: Operation, may_have: bool) -> RepositoryError {
        let (kind, effect) = self.0.verdict();
        let effect = if may_have { Effect::Unknown } else { effect };
        let error = RepositoryError::new(operation, kind, effect);
        match *self.0 {
            StoreError::Acquire(AcquireError::Closed) => error,
            _ => error.with_source(self.clone()),
        }
    }
}
