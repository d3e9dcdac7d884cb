//! What goes wrong between a repository and the server, and what that means to a caller.

mod classify;

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tasktrail_domain::InvalidValue;
use tasktrail_domain::repository::{Effect, ErrorKind, Operation, RepositoryError};

use crate::pool::OpenError;

/// The database could not be reached when it was opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot connect to {address}")]
pub struct ConnectError {
    address: String,
    source: Box<dyn Error + Send + Sync>,
}

impl ConnectError {
    /// The error of a database at `address`, which holds no password.
    #[must_use]
    pub fn new(address: String, source: Box<dyn Error + Send + Sync>) -> Self {
        Self { address, source }
    }
}

/// Settings that are out of their ranges, all of them.
#[derive(Debug, thiserror::Error)]
#[error("{}", each(.0))]
pub struct InvalidSettings(pub Vec<InvalidValue>);

fn each(faults: &[InvalidValue]) -> String {
    let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
    faults.join("; ")
}

/// A call got no connection.
#[derive(Debug, thiserror::Error)]
pub enum AcquireError {
    /// The pool was closed.
    #[error("it was closed")]
    Closed,
    /// The runtime that the pool was opened on has ended.
    #[error("the runtime that `connect` ran on has shut down")]
    RuntimeEnded,
    /// The server refused a connection, or could not be reached.
    #[error("no connection could be opened")]
    Connect(#[source] OpenError),
    /// All connections were in use until the timeout.
    #[error("no connection became free within {waited:?}, with {} ahead", callers(*.ahead))]
    Queue {
        /// How long the call waited.
        waited: Duration,
        /// How many callers were ahead of it in the queue.
        ahead: u32,
    },
    /// No connection was opened until the timeout.
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
        0 => "nobody".to_owned(),
        number => number.to_string(),
    }
}

/// An operation of a repository failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It got no connection.
    #[error(transparent)]
    Acquire(AcquireError),
    /// The server, or the driver, failed a statement.
    #[error(transparent)]
    Query(diesel::result::Error),
    /// A table or a column does not exist.
    #[error(
        "the schema is not there or not up to date, `DatabaseManager::connect` or \
         `tasktrail migrate` makes it so"
    )]
    Schema(#[source] diesel::result::Error),
    /// The repository found that it cannot do what it was asked.
    #[error(transparent)]
    Refused(Refusal),
    /// The pool was closed while a statement was under way.
    #[error("the pool was closed before the server answered")]
    Interrupted,
    /// A call in the caller's transaction was dropped before it had an answer.
    #[error("the transaction is aborted: a call in it was dropped before it was answered")]
    TransactionAborted,
    /// What the call is about was removed concurrently, again and again.
    #[error("the task was removed concurrently during every attempt; retry the call")]
    ConcurrentlyRemoved,
    /// Another transaction kept a row locked until the timeout.
    #[error(
        "another transaction keeps the task locked, waited {waited:.1?} for it; \
         end that transaction, `tasktrail doctor` lists those that stay open"
    )]
    Locked {
        /// How long the call waited.
        waited: Duration,
    },
}

/// Why a repository cannot do what it was asked, and what callers can do about it.
#[derive(Debug)]
pub struct Refusal {
    kind: ErrorKind,
    effect: Effect,
    source: Box<dyn Error + Send + Sync>,
}

impl Refusal {
    /// A refusal with its reason.
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

    /// The reason.
    #[must_use]
    pub fn reason(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.source
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
        if classify::misses_the_schema(&error) {
            Self::Schema(error)
        } else {
            Self::Query(error)
        }
    }
}

impl StoreError {
    /// What callers can do about it, and whether the operation may have been applied.
    #[must_use]
    pub fn verdict(&self) -> (ErrorKind, Effect) {
        match self {
            Self::Acquire(AcquireError::Closed | AcquireError::RuntimeEnded) => {
                (ErrorKind::Closed, Effect::NotApplied)
            }
            Self::Interrupted => (ErrorKind::Closed, Effect::Unknown),
            Self::TransactionAborted => (ErrorKind::Unexpected, Effect::NotApplied),
            // Callers in the queue are no outage: a breaker must not open over them.
            Self::Acquire(AcquireError::Queue { .. })
            | Self::ConcurrentlyRemoved
            | Self::Locked { .. } => (ErrorKind::Contention, Effect::NotApplied),
            Self::Acquire(_) => (ErrorKind::Unavailable, Effect::NotApplied),
            Self::Schema(_) => (ErrorKind::Refused, Effect::NotApplied),
            Self::Query(error) => classify::classify(error),
            Self::Refused(refusal) => (refusal.kind, refusal.effect),
        }
    }

    /// Whether the server gave up waiting for a lock.
    #[must_use]
    pub fn is_lock_timeout(&self) -> bool {
        matches!(self, Self::Query(error) if classify::is_lock_timeout(error))
    }

    /// Whether the server may have refused one of several values, and would take the others.
    #[must_use]
    pub fn blames_a_value(&self) -> bool {
        let (kind, _effect) = self.verdict();
        let refused = matches!(
            kind,
            ErrorKind::Refused | ErrorKind::Corrupt | ErrorKind::Unexpected
        );
        refused && !matches!(self, Self::Schema(_))
    }

    /// The error as the callers of a port see it.
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

/// Whether somebody else was in the way, and the same may succeed later.
#[must_use]
pub fn is_contention(error: &diesel::result::Error) -> bool {
    classify::classify(error).0 == ErrorKind::Contention
}

/// Whether the server gave a statement up because it took too long.
#[must_use]
pub fn timed_out(error: &diesel::result::Error) -> bool {
    classify::classify(error).0 == ErrorKind::TimedOut
}

/// One error of several callers.
#[derive(Debug, Clone, thiserror::Error)]
#[error(transparent)]
pub struct SharedError(Arc<StoreError>);

impl SharedError {
    /// Shares an error.
    #[must_use]
    pub fn of(error: StoreError) -> Self {
        Self(Arc::new(error))
    }

    /// The error as each of the callers sees it; one of whom an earlier attempt `may_have` had an effect.
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
