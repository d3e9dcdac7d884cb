//! What goes wrong with the schema and with its rows.

use std::error::Error;
use std::fmt::Display;
use std::time::Duration;

use diesel::result::{DatabaseErrorKind, Error as QueryError};
use tasktrail_domain::repository::{Effect, ErrorKind};
use tasktrail_domain::task_history::EntryConflict;
use tasktrail_postgres_client::error::{Refusal, StoreError};

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
    SchemaChanged(Vec<String>),
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

/// The rows do not let a call do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RowError {
    /// The sequence of the ids is behind the entries.
    #[error(
        "an entry of this task has a greater id than the server gives now: rows were copied without their \
         sequence; the owner of the tables has to run `tasktrail migrate order`"
    )]
    OutOfOrder(#[source] QueryError),
    /// A value that the schema cannot have let in.
    #[error("{table}.{column} of {key}")]
    Corrupt {
        table: &'static str,
        column: &'static str,
        key: String,
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

impl From<RowError> for StoreError {
    fn from(error: RowError) -> Self {
        let effect = match error {
            RowError::OutOfOrder(_) => Effect::NotApplied,
            // What cannot be read may be the answer to what was written.
            RowError::Corrupt { .. } => Effect::Unknown,
        };
        Self::Refused(Refusal::new(ErrorKind::Corrupt, effect, error))
    }
}

/// An entry with this id was saved with other contents.
pub(crate) fn conflict(conflict: EntryConflict) -> StoreError {
    StoreError::Refused(Refusal::new(
        ErrorKind::Conflict,
        Effect::NotApplied,
        conflict,
    ))
}

/// The error of a save, which names the cause if its ids are not the greatest: nothing else offers a summary
/// without a last entry.
pub(crate) fn of_save(error: QueryError) -> StoreError {
    match error {
        QueryError::DatabaseError(DatabaseErrorKind::CheckViolation, ref information)
            if information.constraint_name() == Some("task_summary_last_check") =>
        {
            RowError::OutOfOrder(error).into()
        }
        error => error.into(),
    }
}

/// Names the place of a value that does not fit the domain.
pub(crate) fn corrupt(
    table: &'static str,
    column: &'static str,
    key: impl Display,
    source: impl Into<Box<dyn Error + Send + Sync>>,
) -> StoreError {
    let (key, source) = (format!("{key}"), source.into());
    RowError::Corrupt {
        table,
        column,
        key,
        source,
    }
    .into()
}
