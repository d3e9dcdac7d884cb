//! Errors of migrations, and of rows that do not fit the domain.

use std::error::Error;
use std::fmt::Display;
use std::time::Duration;

use diesel::result::{DatabaseErrorKind, Error as QueryError};
use tasktrail_domain::repository::{Effect, ErrorKind};
use tasktrail_domain::task_history::EntryConflict;
use tasktrail_postgres_client::error::{Refusal, StoreError, is_transient};

/// Why the schema could not be read or migrated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrateError {
    /// The database could not be reached.
    #[error("cannot connect to the database")]
    Connect(#[source] Box<dyn Error + Send + Sync>),
    /// Another process held the migration lock for too long.
    #[error("another process has held the migration lock for {0:?}; wait for it, then try again")]
    Locked(Duration),
    /// A newer version of the program has applied these migrations.
    #[error("the schema is newer than this program, which does not know {}", .0.join(", "))]
    Newer(Vec<String>),
    /// No migration of this program has this version or name.
    #[error("no migration has the version or name {wanted}; known: {}", .known.join(", "))]
    UnknownVersion {
        /// The version or name that was requested.
        wanted: String,
        /// The known migrations, with version and name.
        known: Vec<String>,
    },
    /// The versions or names of several migrations start with this.
    #[error("{wanted} matches several migrations: {}", .matching.join(", "))]
    AmbiguousVersion {
        /// The version or name that was requested.
        wanted: String,
        /// The migrations that match, with version and name.
        matching: Vec<String>,
    },
    /// The migration to revert to is not applied.
    #[error("migration {0} is not applied, so the schema cannot be reverted to it")]
    NotApplied(String),
    /// Another process has applied further migrations since the plan was made.
    #[error("the schema has changed since the plan was made: {} applied; make a new plan", .0.join(", "))]
    SchemaChanged(Vec<String>),
    /// The role may not create tables in the schema of the store. Nothing was changed.
    #[error(
        "role {role} may not change schema {schema}, and {} must be applied or reverted: run \
         `tasktrail migrate` as the owner of the tables", .versions.join(", ")
    )]
    NotPermitted {
        /// The role.
        role: String,
        /// The schema of the tables.
        schema: String,
        /// The versions that would have been applied or reverted.
        versions: Vec<String>,
    },
    /// The schema of the store does not exist, and the role may not create it.
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
    /// The schema contains a table, or another relation, with the name of a Tasktrail table, but no
    /// migration of this program created it. Nothing was changed.
    #[error(
        "{table} in the schema {schema} is not Tasktrail's: {difference}; keep the store in another schema: \
         set `schema` (TASKTRAIL_SCHEMA)"
    )]
    Foreign {
        /// The schema of the store.
        schema: String,
        /// The name of the relation.
        table: String,
        /// The difference to the Tasktrail table, as a clause.
        difference: String,
    },
    /// No schema is configured, and a store exists in a schema other than the default. Nothing was
    /// changed.
    #[error(
        "no schema is configured, and a store exists in a schema other than {schema}: {}; set `schema` \
         (TASKTRAIL_SCHEMA) to the schema of the store, or to {schema} to use that schema", .found.join(", ")
    )]
    OtherStore {
        /// The default schema.
        schema: String,
        /// The schemas that contain stores: the one that the search path finds first, or else all.
        found: Vec<String>,
    },
    /// The encoding of the database is not UTF8. Nothing was changed.
    #[error(
        "the database {database} has the encoding {encoding}, which cannot store every character: create a \
         database with ENCODING 'UTF8' TEMPLATE template0"
    )]
    Encoding {
        /// The database.
        database: String,
        /// Its encoding, as PostgreSQL names it.
        encoding: String,
    },
    /// The sequence of the entry ids is behind existing entries, because rows were copied without
    /// it. New entries would sort before existing ones.
    #[error(
        "the next entry id would be {next}, but id {greatest} exists: rows were copied without their \
         sequence; run `tasktrail migrate order` as the owner of the tables"
    )]
    OutOfOrder {
        /// The id that the next entry would get.
        next: i64,
        /// The greatest id found.
        greatest: i64,
    },
    /// The role does not own the tables. Nothing was changed.
    #[error("only {owner}, the owner of the tables, may do this")]
    NotOwner {
        /// The role that owns them.
        owner: String,
    },
    /// Saves could not be blocked within this time. Nothing was changed.
    #[error("cannot lock task_history within {0:?}: wait for transactions that write to it to end")]
    Busy(Duration),
    /// The server failed or refused a statement.
    #[error("the schema could not be read")]
    Query(#[source] Box<dyn Error + Send + Sync>),
    /// The database was closed. A migration in progress was rolled back; earlier ones remain
    /// applied.
    #[error("the database was closed before its schema was up to date")]
    Closed,
    /// A migration failed; it was rolled back.
    #[error("a migration failed")]
    Migration(#[source] Box<dyn Error + Send + Sync>),
}

impl MigrateError {
    /// Returns whether the same call may succeed later: the database was out of reach (see
    /// [`ConnectError::is_transient`](crate::ConnectError::is_transient)), or the connection was
    /// lost while the schema was read. False for a migration that failed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Connect(source) | Self::Query(source) => is_transient(&**source),
            _ => false,
        }
    }
}

pub(crate) fn unread(error: diesel::result::Error) -> MigrateError {
    MigrateError::Query(error.into())
}

/// The stored rows do not allow the call.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RowError {
    /// The sequence of the entry ids is behind existing entries.
    #[error(
        "an entry of this task has a greater id than the next one in the sequence: rows were copied without \
         their sequence; run `tasktrail migrate order` as the owner of the tables"
    )]
    OutOfOrder(#[source] QueryError),
    /// A stored value that the constraints of the schema should have prevented.
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
            // The unreadable value may be the result of a write.
            RowError::Corrupt { .. } => Effect::Unknown,
        };
        Self::Refused(Refusal::new(ErrorKind::Corrupt, effect, error))
    }
}

/// The error for an entry id that was saved before with different contents.
pub(crate) fn conflict(conflict: EntryConflict) -> StoreError {
    StoreError::Refused(Refusal::new(
        ErrorKind::Conflict,
        Effect::NotApplied,
        conflict,
    ))
}

/// Converts the error of a save. The check constraint fails only if the new id is not the greatest
/// of its task: in no other case does a save write a summary without a last entry.
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

/// The error for a stored value that does not fit the domain: names its table, column and key.
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
