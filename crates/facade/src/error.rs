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
    /// An operation of the port failed.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
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
