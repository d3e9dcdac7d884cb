//! What goes wrong between the repository and the server, and what that means to a caller.

mod classify;

use std::error::Error;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use tasktrail_domain::InvalidValue;
use tasktrail_domain::repository::{Effect, ErrorKind, Operation, RepositoryError};
use tasktrail_domain::task_history::EntryConflict;

use crate::pool::OpenError;

/// The database could not be reached when it was opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot connect to {address}")]
pub struct ConnectError {
    address: String,
    source: Box<dyn Error + Send + Sync>,
}

impl ConnectError {
    pub(crate) fn new(address: String, source: Box<dyn Error + Send + Sync>) -> Self {
        Self { address, source }
    }
}

/// Settings that are out of their ranges, all of them.
#[derive(Debug, thiserror::Error)]
#[error("{}", each(.0))]
pub(crate) struct InvalidSettings(pub(crate) Vec<InvalidValue>);

fn each(faults: &[InvalidValue]) -> String {
    let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
    faults.join("; ")
}

/// The schema could not be read or brought up to date.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrateError {
    /// The database could not be reached.
    #[error("cannot connect to the database")]
    Connect(#[source] Box<dyn Error + Send + Sync>),
    /// Another process held the migration lock for too long.
    #[error("another process has been migrating for {0:?}")]
    Locked(Duration),
    /// A newer program has applied these migrations.
    #[error("the schema is newer than this program, which does not know {}", .0.join(", "))]
    Newer(Vec<String>),
    /// No migration of this program has that version or name.
    #[error("no migration is called {wanted}; there are: {}", .known.join(", "))]
    UnknownVersion {
        /// What was asked for.
        wanted: String,
        /// Those that there are, with their names.
        known: Vec<String>,
    },
    /// Several migrations have versions or names that begin so.
    #[error("{wanted} may be any of: {}", .matching.join(", "))]
    AmbiguousVersion {
        /// What was asked for.
        wanted: String,
        /// Those that it fits, with their names.
        matching: Vec<String>,
    },
    /// The migration that was to stay is not there.
    #[error("the migration {0} has not been applied, so it cannot be the one that stays")]
    NotApplied(String),
    /// Another process has applied further migrations since the plan was made.
    #[error("the schema was changed since the plan was made: {} came on top", .0.join(", "))]
    Overtaken(Vec<String>),
    /// The role that is connected may not create tables there. Nothing was changed.
    #[error(
        "the role {role} may not change the schema {schema}, where {} is to be applied or taken back: \
         the owner of its tables has to run `tasktrail migrate`", .versions.join(", ")
    )]
    NotPermitted {
        /// The role.
        role: String,
        /// The schema of the tables.
        schema: String,
        /// The versions that it would have applied or taken back.
        versions: Vec<String>,
    },
    /// The schema of the store is missing, and the role that is connected may not create it.
    #[error(
        "the schema {schema} does not exist, and the role {role} may not create it: run `tasktrail migrate` \
         as the owner of the database {database}, or create the schema for this role"
    )]
    NoSchema {
        /// The role.
        role: String,
        /// The schema of the store.
        schema: String,
        /// The database.
        database: String,
    },
    /// The schema has a table, or another relation, of the name of one of Tasktrail's, which no migration of
    /// this program made. Nothing was changed.
    #[error(
        "{table} in the schema {schema} is not Tasktrail's: {difference}; keep the store in another schema: \
         set `schema` (TASKTRAIL_SCHEMA)"
    )]
    Foreign {
        /// The schema of the store.
        schema: String,
        /// The name of the relation.
        table: String,
        /// How it differs, as a clause.
        difference: String,
    },
    /// No schema is configured, and the store is in another one than the default. Nothing was changed.
    #[error(
        "no schema is configured, and a store exists in another schema than {schema}: {}; set `schema` \
         (TASKTRAIL_SCHEMA) to the schema of the store, or to {schema} for one there", .found.join(", ")
    )]
    OtherStore {
        /// The schema that an unset configuration means.
        schema: String,
        /// The schemas that have stores: the one that the search path finds, else all.
        found: Vec<String>,
    },
    /// The database has another encoding than UTF8. Nothing was changed.
    #[error(
        "the database {database} has the encoding {encoding}, which cannot hold every text: create a database \
         with ENCODING 'UTF8' TEMPLATE template0"
    )]
    Encoding {
        /// The database.
        database: String,
        /// Its encoding, as the server calls it.
        encoding: String,
    },
    /// The sequence that entries are ordered by is behind them, so new ones would come before old ones: rows
    /// were copied without it.
    #[error(
        "the next entry would get the id {next}, and there is one with {greatest}: rows were copied without \
         their sequence; the owner of the tables has to run `tasktrail migrate order`"
    )]
    OutOfOrder {
        /// The id that the next entry would get.
        next: i64,
        /// The greatest id that was found.
        greatest: i64,
    },
    /// The role that is connected does not own the tables. Nothing was changed.
    #[error("only {owner}, who owns the tables, may do that")]
    NotOwner {
        /// The role that owns them.
        owner: String,
    },
    /// Saves could not be kept out for a moment. Nothing was changed.
    #[error("task_history was in use for {0:?}: a transaction that writes to it has to end first")]
    Busy(Duration),
    /// The server failed or refused a statement.
    #[error("the schema could not be read")]
    Query(#[source] Box<dyn Error + Send + Sync>),
    /// The database was closed meanwhile. A migration that was under way was rolled back; those before it stay.
    #[error("the database was closed before its schema was up to date")]
    Closed,
    /// A migration failed; it was rolled back.
    #[error("a migration failed")]
    Migration(#[source] Box<dyn Error + Send + Sync>),
}

/// No connection could be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AcquireError {
    #[error("it was closed")]
    Closed,
    #[error("the runtime that `connect` ran on has shut down")]
    RuntimeEnded,
    #[error("no connection could be opened")]
    Connect(#[source] OpenError),
    #[error("no connection became free within {waited:?}, with {} ahead", callers(*.ahead))]
    Queue { waited: Duration, ahead: u32 },
    #[error("no connection could be opened within {waited:?}")]
    TimedOut {
        waited: Duration,
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

/// A statement of a repository did not do what it should.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error(transparent)]
    Acquire(AcquireError),
    #[error(transparent)]
    Query(diesel::result::Error),
    #[error(
        "the schema is not there or not up to date, `DatabaseManager::connect` or \
         `tasktrail migrate` makes it so"
    )]
    Schema(#[source] diesel::result::Error),
    /// The sequence of the ids is behind the entries.
    #[error(
        "an entry of this task has a greater id than the server gives now: rows were copied without their \
         sequence; the owner of the tables has to run `tasktrail migrate order`"
    )]
    OutOfOrder(#[source] diesel::result::Error),
    #[error(transparent)]
    Conflict(EntryConflict),
    /// A value that the schema cannot have let in.
    #[error("{table}.{column} of {key}")]
    Corrupt {
        table: &'static str,
        column: &'static str,
        key: String,
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    #[error("the pool was closed before the server answered")]
    Interrupted,
    #[error("the transaction was given up: a call in it was dropped half-way")]
    GivenUp,
    #[error("the task was removed again and again meanwhile")]
    Overtaken,
    #[error(
        "another transaction keeps the task locked, waited {waited:.1?} for it; \
         end that transaction, `tasktrail doctor` lists those that stay open"
    )]
    Locked { waited: Duration },
}

impl From<diesel::result::Error> for StoreError {
    fn from(error: diesel::result::Error) -> Self {
        if classify::misses_the_schema(&error) {
            Self::Schema(error)
        } else if classify::is_out_of_order(&error) {
            Self::OutOfOrder(error)
        } else {
            Self::Query(error)
        }
    }
}

impl StoreError {
    /// What callers can do about it, and whether the operation may have been applied.
    pub(crate) fn verdict(&self) -> (ErrorKind, Effect) {
        match self {
            Self::Acquire(AcquireError::Closed | AcquireError::RuntimeEnded) => {
                (ErrorKind::Closed, Effect::None)
            }
            Self::Interrupted => (ErrorKind::Closed, Effect::Unknown),
            Self::GivenUp => (ErrorKind::Unexpected, Effect::None),
            // Callers in the queue are no outage: a breaker must not open over them.
            Self::Acquire(AcquireError::Queue { .. }) | Self::Overtaken | Self::Locked { .. } => {
                (ErrorKind::Contention, Effect::None)
            }
            Self::Acquire(_) => (ErrorKind::Unavailable, Effect::None),
            Self::Schema(_) => (ErrorKind::Rejected, Effect::None),
            Self::Query(error) => classify::classify(error),
            Self::Conflict(_) => (ErrorKind::Conflict, Effect::None),
            // What cannot be read may be the answer to what was written.
            Self::Corrupt { .. } => (ErrorKind::Corrupt, Effect::Unknown),
            Self::OutOfOrder(_) => (ErrorKind::Corrupt, Effect::None),
        }
    }

    /// Whether the server gave up waiting for a lock.
    pub(crate) fn is_lock_timeout(&self) -> bool {
        matches!(self, Self::Query(error) if classify::is_lock_timeout(error))
    }

    /// Whether the server may have refused one of several values, and would take the others.
    pub(crate) fn blames_a_value(&self) -> bool {
        let (kind, _effect) = self.verdict();
        let refused = matches!(
            kind,
            ErrorKind::Rejected | ErrorKind::Corrupt | ErrorKind::Unexpected
        );
        refused && !matches!(self, Self::Schema(_))
    }

    /// The error as the callers of a port see it.
    pub(crate) fn during(self, operation: Operation) -> RepositoryError {
        let (kind, effect) = self.verdict();
        let error = RepositoryError::new(operation, kind, effect);
        match self {
            Self::Acquire(AcquireError::Closed) => error,
            Self::Acquire(source) => error.with_source(source),
            Self::Query(source) => error.with_source(source),
            Self::Conflict(source) => error.with_source(source),
            other => error.with_source(other),
        }
    }
}

/// Whether somebody else was in the way, and the same may succeed later.
pub(crate) fn is_contention(error: &diesel::result::Error) -> bool {
    classify::classify(error).0 == ErrorKind::Contention
}

/// Whether the server gave a statement up because it took too long.
pub(crate) fn timed_out(error: &diesel::result::Error) -> bool {
    classify::classify(error).0 == ErrorKind::TimedOut
}

/// One error of several callers.
#[derive(Debug, Clone, thiserror::Error)]
#[error(transparent)]
pub(crate) struct SharedError(Arc<StoreError>);

impl SharedError {
    pub(crate) fn of(error: StoreError) -> Self {
        Self(Arc::new(error))
    }

    /// The error as each of the callers sees it; one of whom an earlier attempt `may_have` had an effect.
    pub(crate) fn during(&self, operation: Operation, may_have: bool) -> RepositoryError {
        let (kind, effect) = self.0.verdict();
        let effect = if may_have { Effect::Unknown } else { effect };
        let error = RepositoryError::new(operation, kind, effect);
        match *self.0 {
            StoreError::Acquire(AcquireError::Closed) => error,
            _ => error.with_source(self.clone()),
        }
    }
}

/// Names the place of a value that does not fit the domain.
pub(crate) fn corrupt(
    table: &'static str,
    column: &'static str,
    key: impl Display,
    source: InvalidValue,
) -> StoreError {
    StoreError::Corrupt {
        table,
        column,
        key: format!("{key}"),
        source: Box::new(source),
    }
}
