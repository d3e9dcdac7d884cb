//! Tasktrail's repositories on PostgreSQL: diesel-async over a bb8 pool.
//!
//! The only crate of the workspace that names the database libraries. [`PostgresDatabase`] owns the
//! connections and the schema; its repositories share the pool. How the history is stored stands
//! in `migrations/`, each statement of the write path in `src/task_history/sql/`.

mod advisory_lock;
mod bench_schema;
mod care;
mod config;
mod connection;
mod database;
pub mod diagnosis;
mod document;
mod entry_order;
mod error;
mod health;
mod lock_wait;
mod maintenance_turn;
mod migrate;
mod ownership;
mod partitions;
mod pool;
mod roles;
mod schema;
mod schema_check;
mod sharing;
mod source;
mod standbys;
mod statement;
mod storage;
mod task_history;
pub mod telemetry;
mod tls;
mod work;

pub use bench_schema::{BenchSchema, BenchSchemaError};
pub use care::{AnalyzedTable, CareError, ReindexPlan, ReindexedIndex, Reindexing};
pub use config::PostgresConfig;
pub use database::PostgresDatabase;
pub use entry_order::{EntryOrder, OrderRepair, TaskInDoubt};
pub use error::{ConnectError, MigrateError};
pub use health::{HealthError, ServerHealth, ServerRole};
pub use maintenance_turn::MaintenanceTurn;
pub use migrate::{
    MigrationPlan, MigrationState, MigrationStatus, MigrationTarget, PlannedMigration, SchemaState,
};
pub use partitions::{Partition, PartitionError, Retired};
pub use partitions::{PartitionHold, PartitionOutlook};
pub use pool::{ClosedConnections, HeldConnection, PoolStatistics, QueueWaits};
pub use roles::DatabaseRoles;
pub use schema_check::SchemaDifference;
pub use sharing::SharingStatistics;
pub use source::NoTransaction;
pub use standbys::StandbyState;
pub use storage::{Holdings, StatusCounts, StorageError, StorageStatistics, TableStatistics};
pub use task_history::{
    ChosenTask, ExplainRequest, ExplainedOperation, ExplainedStatement, Explanation, Export,
    ExportAmount, ExportError, ExportSelection, ExportedItem, ExportedTask, GroupCommitStatistics,
    PostgresTaskHistory,
};
pub use tls::{TlsError, TlsMode};
