//! Tools for operators of a Tasktrail database: [diagnosis], partitions, roles, table maintenance,
//! and an isolated schema for benchmarks.
//!
//! Import [`Administrable`] and call [`PostgresDatabase::admin`](Administrable::admin).

mod admin;
mod bench_schema;
pub mod diagnosis;
mod maintenance_lock;
mod partitions;
mod roles;
mod storage;
mod table_maintenance;

pub use admin::{Administrable, PostgresAdmin};
pub use bench_schema::{BenchSchema, BenchSchemaError};
pub use maintenance_lock::MaintenanceLock;
pub use partitions::{Partition, PartitionDrop, PartitionError, PartitionHold, PartitionOutlook};
pub use roles::DatabaseRoles;
pub use storage::{
    DatabaseContents, StatusCounts, StorageError, StorageStatistics, TableStatistics,
};
pub use table_maintenance::{
    AnalyzedTable, ReindexPlan, ReindexedIndex, Reindexing, TableMaintenanceError,
};
