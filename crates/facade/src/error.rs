use std::fmt;

use tasktrail_domain::repository::{ErrorChain, RepositoryError};

/// An error of a [`DatabaseManager`](crate::DatabaseManager).
///
/// `Display` prints the error without its causes. `Debug` prints the causes as well, in the form of
/// [`ErrorChain`], so that `main` may return this error. Several problems of a configuration take a
/// line each.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// The manager has not been connected yet.
    #[error("not connected: call connect first")]
    NotConnected,
    /// The manager was closed.
    #[error("the database manager was closed")]
    Closed,
    /// There is no tokio runtime in the context of the caller.
    #[error("no tokio runtime is running here: call it from a task, or within `Runtime::enter`")]
    NoRuntime,
    /// The store is in memory: it has no connections.
    #[cfg(feature = "postgres")]
    #[error("the store is in memory and has no connections")]
    InMemory,
    /// Settings are out of range.
    #[cfg(feature = "postgres")]
    #[error(transparent)]
    Config(crate::ConfigError),
    /// The database could not be reached.
    #[cfg(feature = "postgres")]
    #[error(transparent)]
    Connect(tasktrail_postgres::ConnectError),
    /// The schema could not be read, used or migrated.
    #[cfg(feature = "postgres")]
    #[error(transparent)]
    Migrate(tasktrail_postgres::MigrateError),
    /// The database could not be queried for its size, its contents or the maintenance lock.
    #[cfg(feature = "postgres")]
    #[error(transparent)]
    Storage(tasktrail_postgres_admin::StorageError),
    /// The database could not be diagnosed.
    #[cfg(feature = "postgres")]
    #[error(transparent)]
    Diagnosis(tasktrail_postgres_admin::diagnosis::DiagnosisError),
    /// The tables could not be analyzed or reindexed.
    #[cfg(feature = "postgres")]
    #[error(transparent)]
    TableMaintenance(tasktrail_postgres_admin::TableMaintenanceError),
    /// The export could not be started.
    #[cfg(feature = "postgres")]
    #[error(transparent)]
    Export(tasktrail_postgres::ExportError),
    /// The benchmark schema could not be locked or prepared.
    #[cfg(feature = "postgres")]
    #[error(transparent)]
    BenchSchema(tasktrail_postgres_admin::BenchSchemaError),
    /// The partitions of the entries could not be read or changed.
    #[cfg(feature = "postgres")]
    #[error(transparent)]
    Partition(tasktrail_postgres_admin::PartitionError),
    /// An export of agents and tasks read another number of records than the store counts. What it
    /// returned is incomplete.
    #[error("the export is not complete: the store counts {counted} {what}, but {read} were read")]
    IncompleteExport {
        /// `tasks` or `executions`.
        what: &'static str,
        /// How many there are.
        counted: u64,
        /// How many were read.
        read: u64,
    },
    /// An operation of the port failed.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

impl DatabaseError {
    /// Returns the status code of an HTTP response for this error: that of its
    /// [kind](tasktrail_domain::repository::ErrorKind::http_status) if an operation of the port
    /// failed, 503 if the manager is not connected or was closed, otherwise 500.
    #[must_use]
    pub fn http_status(&self) -> u16 {
        match self {
            Self::Repository(error) => error.kind().http_status(),
            Self::NotConnected | Self::Closed => 503,
            _ => 500,
        }
    }
}

impl fmt::Debug for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&ErrorChain(self), f)
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use tasktrail_domain::repository::{Effect, ErrorKind, Operation};

    use super::*;

    #[test]
    fn http_status_is_that_of_the_kind() {
        let save = Operation::idempotent("test.save");
        let status = |kind| {
            let error = RepositoryError::new(save, kind, Effect::NotApplied);
            DatabaseError::from(error).http_status()
        };

        assert_eq!(status(ErrorKind::Conflict), 409);
        assert_eq!(status(ErrorKind::Contention), 503);
        assert_eq!(status(ErrorKind::TimedOut), 504);
        assert_eq!(status(ErrorKind::Corrupt), 500);
        assert_eq!(DatabaseError::Closed.http_status(), 503);
    }

    #[test]
    fn debug_prints_the_causes() {
        let operation = Operation::read("test.status");
        let cause = io::Error::other("connection reset");
        let error = RepositoryError::new(operation, ErrorKind::Unavailable, Effect::Unknown);
        let error = DatabaseError::from(error.with_source(cause));

        assert_eq!(
            format!("{error:?}"),
            "test.status: the store cannot be reached: connection reset"
        );
    }
}
