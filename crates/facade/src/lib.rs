#![doc = include_str!("../../../README.md")]

#[cfg(feature = "postgres")]
mod config;
mod error;
mod health;
mod maintenance;
mod manager;
#[cfg(feature = "prometheus")]
mod prometheus;
mod store;
pub mod telemetry;

#[cfg(feature = "postgres")]
pub use config::{ConfigError, ConfigSources, DatabaseConfig, Fault};
pub use error::DatabaseError;
#[cfg(feature = "postgres")]
pub use health::DatabaseHealth;
pub use health::{Health, HealthState};
pub use maintenance::{
    CleanUpOptions, CleanedUp, DailyAt, Forecast, Maintenance, MaintenanceFailure,
    MaintenancePolicy, MaintenanceRun, MaintenanceStep, Schedule,
};
pub use manager::DatabaseManager;
#[cfg(feature = "prometheus")]
pub use prometheus::{PrometheusEndpoint, PrometheusError};
#[doc(inline)]
pub use tasktrail_domain::{InvalidValue, JsonText, clock, repository, task_history, timestamp};
/// What is done about failures of the store.
#[cfg(feature = "postgres")]
pub mod resilience {
    #[doc(inline)]
    pub use tasktrail_resilience::{
        BreakerConfig, BreakerState, ResilienceConfig, RetryConfig, TimeoutConfig, telemetry,
    };
}
/// What a database is like, and what somebody should do about it.
#[cfg(feature = "postgres")]
#[doc(inline)]
pub use tasktrail_postgres::diagnosis;
#[cfg(feature = "postgres")]
#[doc(inline)]
pub use tasktrail_postgres::{
    AnalyzedTable, BenchSchema, BenchSchemaError, CareError, ChosenTask, ClosedConnections,
    ConnectError, DatabaseRoles, EntryOrder, ExplainRequest, ExplainedOperation,
    ExplainedStatement, Explanation, Export, ExportAmount, ExportError, ExportSelection,
    ExportedItem, ExportedTask, HeldConnection, Holdings, MigrateError, MigrationPlan,
    MigrationState, MigrationStatus, MigrationTarget, OrderRepair, Partition, PartitionError,
    PartitionHold, PartitionOutlook, PlannedMigration, PoolStatistics, PostgresConfig,
    PostgresTaskHistory, QueueWaits, ReindexPlan, ReindexedIndex, Reindexing, Retired,
    SchemaDifference, SchemaState, ServerHealth, ServerRole, SharingStatistics, StandbyState,
    StorageError, StorageStatistics, TableStatistics, TaskInDoubt, TlsMode,
};
