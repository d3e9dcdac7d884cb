//! An operator's work on a Tasktrail database: [diagnosis], partitions, roles, table maintenance,
//! and the schema in which benchmarks work. [`PostgresDatabase::admin`](Administrable::admin)
//! gives all of it.

mod admin;
mod bench_schema;
mod care;
pub mod diagnosis;
mod maintenance_turn;
mod partitions;
mod roles;
mod storage;

pub use admin::{Administrable, PostgresAdmin};
pub use bench_schema::{BenchSchema, BenchSchemaError};
pub use care::{AnalyzedTable, CareError, ReindexPlan, ReindexedIndex, Reindexing};
pub use maintenance_turn::MaintenanceTurn;
pub use partitions::{Partition, PartitionError, PartitionHold, PartitionOutlook, Retired};
pub use roles::DatabaseRoles;
pub use storage::{Holdings, StatusCounts, StorageError, StorageStatistics, TableStatistics};
