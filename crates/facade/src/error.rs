use tasktrail_domain::repository::RepositoryError;

/// Why a [`DatabaseManager`](crate::DatabaseManager) did not do what it was asked to.
///
/// `Display` prints this level only; [`ErrorChain`](tasktrail_domain::repository::ErrorChain) prints the
/// causes as well.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// The manager has not been connected yet.
    #[error("not connected: call connect first")]
    NotConnected,
    /// The manager was closed.
    #[error("the database manager was closed")]
    Closed,
    /// No tokio runtime is running here.
    #[error("no tokio runtime is running here: call it from a task, or within `Runtime::enter`")]
    NoRuntime,
    /// Settings are out of their ranges.
    #[cfg(feature = "postgres")]
    #[error(transparent)]
    Config(crate::ConfigError),
    /// The database could not be reached.
    #[cfg(feature = "postgres")]
    #[error(transparent)]
    Connect(tasktrail_postgres::ConnectError),
    /// The schema could not be brought up to date.
    #[cfg(feature = "postgres")]
    #[error(transparent)]
    Migrate(tasktrail_postgres::MigrateError),
    /// The database could not be looked at.
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
    Care(tasktrail_postgres_admin::TableMaintenanceError),
    /// Histories could not be exported.
    #[cfg(feature = "postgres")]
    #[error(transparent)]
    Export(tasktrail_postgres::ExportError),
    /// The schema of a benchmark could not be had.
    #[cfg(feature = "postgres")]
    #[error(transparent)]
    BenchSchema(tasktrail_postgres_admin::BenchSchemaError),
    /// The partitions of the entries could not be looked at or changed.
    #[cfg(feature = "postgres")]
    #[error(transparent)]
    Partition(tasktrail_postgres_admin::PartitionError),
    /// The repository failed.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}
