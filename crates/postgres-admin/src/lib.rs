//! An operator's work on a Tasktrail database: [diagnosis], partitions, roles, table maintenance,
//! and the schema in which benchmarks work. [`PostgresDatabase::admin`](Administrable::admin)
//! gives all of it.

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
