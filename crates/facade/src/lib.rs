#![doc = include_str!("../../../README.md")]

#[cfg(feature = "postgres")]
mod config;
mod error;
mod health;
mod maintenance;
mod maintenance_policy;
mod manager;
mod new_entry;
mod orchestration_export;
mod orchestrator;
#[cfg(feature = "prometheus")]
mod prometheus;
mod recorder;
mod store;
pub mod telemetry;
mod transaction;

#[cfg(feature = "postgres")]
pub use config::{ConfigError, ConfigProblem, ConfigSources, DatabaseConfig};
pub use error::DatabaseError;
#[cfg(feature = "postgres")]
pub use health::DatabaseHealth;
pub use health::{Health, HealthState};
pub use maintenance::{
    CleanupEstimate, CleanupOptions, CleanupReport, MaintenanceFailure, MaintenanceHandle,
    MaintenanceRun, MaintenanceStep, OrchestrationCleanup,
};
pub use maintenance_policy::{DailyAt, MaintenancePolicy, Schedule};
pub use manager::DatabaseManager;
pub use new_entry::NewEntry;
pub use orchestration_export::{OrchestrationAmount, OrchestrationExport, OrchestrationRecord};
pub use orchestrator::{OrchestrationPorts, Orchestrator, RegisteredAgent};
#[cfg(feature = "prometheus")]
pub use prometheus::{PrometheusEndpoint, PrometheusError, PrometheusExporter};
#[doc(inline)]
pub use tasktrail_domain::{
    Document, InvalidValue, JsonText, TaskId, TaskKey, UserId, UserPrefix, clock, id,
    orchestration, repository, task_history, timestamp, write,
};
/// The connection of a [transaction](DatabaseManager::transaction) belongs to this version of
/// diesel-async.
#[cfg(feature = "postgres")]
pub use tasktrail_postgres::diesel_async;
/// Time limits, retries and the circuit breaker that guard every call to PostgreSQL.
#[cfg(feature = "postgres")]
pub mod resilience {
    #[doc(inline)]
    pub use tasktrail_resilience::{
        BreakerConfig, BreakerState, ResilienceConfig, RetryConfig, TimeoutConfig, telemetry,
    };
}
#[cfg(feature = "postgres")]
#[doc(inline)]
pub use tasktrail_postgres::{
    BatchStatistics, ChosenTask, ClosedConnections, ConnectError, EntryOrder, ExplainRequest,
    ExplainedOperation, ExplainedStatement, Explanation, Export, ExportAmount, ExportError,
    ExportSelection, ExportedItem, ExportedTask, HeldConnection, MigrateError, MigrationPlan,
    MigrationState, MigrationStatus, MigrationTarget, NoTransaction, OrderRepair, PlanAccess,
    PlanVerdict, PlannedMigration, PoolStatistics, Pooler, PostgresConfig, PostgresTaskHistory,
    QueueWaits, SchemaDifference, SchemaState, ServerHealth, ServerRole, StandbyState, SuspectTask,
    TlsMode,
};
/// Findings about a database, with evidence and advice; see [`DatabaseManager::diagnose`].
#[cfg(feature = "postgres")]
#[doc(inline)]
pub use tasktrail_postgres_admin::diagnosis;
#[cfg(feature = "postgres")]
#[doc(inline)]
pub use tasktrail_postgres_admin::{
    AnalyzedTable, BenchSchema, BenchSchemaError, DatabaseContents, DatabaseRoles, Partition,
    PartitionDrop, PartitionError, PartitionHold, PartitionOutlook, ReindexPlan, ReindexedIndex,
    Reindexing, StorageError, StorageStatistics, TableMaintenanceError, TableStatistics,
};
pub use transaction::Transaction;
