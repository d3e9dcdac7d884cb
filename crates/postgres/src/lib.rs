//! Stores task histories, agents and tasks in PostgreSQL.
//!
//! Connect with [`PostgresDatabase`]: it owns the connection pool, runs the migrations, and returns
//! the [task history](PostgresDatabase::task_history) and the
//! [orchestration](PostgresDatabase::orchestration). The migrations in `migrations/` document the
//! tables, and the folders `sql/` contain the statements.
//!
//! `tasktrail-postgres-client` opens the connections. `tasktrail-postgres-admin` has the tools for
//! operators, such as the diagnosis.

mod database;
pub mod entry_order;
mod error;
mod fingerprint;
#[cfg(test)]
mod generic_plan;
pub mod health;
mod jsonb_result;
mod leaves;
mod migrate;
mod orchestration;
pub mod ownership;
mod page_limit;
#[cfg(test)]
mod prepared_plans;
mod schema;
pub mod schema_check;
mod task_history;
pub mod transaction;

pub use database::PostgresDatabase;
pub use diesel_async;
pub use entry_order::{EntryOrder, OrderRepair, SuspectTask};
pub use error::MigrateError;
pub use fingerprint::operation_of;
pub use health::{HealthError, ServerHealth, ServerRole};
pub use leaves::with_leaves;
pub use migrate::{
    MigrationPlan, MigrationState, MigrationStatus, MigrationTarget, PlannedMigration, SchemaState,
    schema_differences,
};
pub use orchestration::{OrchestrationSnapshot, PostgresOrchestration};
pub use schema_check::SchemaDifference;
pub use task_history::{
    ChosenTask, ExplainRequest, ExplainedOperation, ExplainedStatement, Explanation, Export,
    ExportAmount, ExportError, ExportSelection, ExportedItem, ExportedTask, GroupCommitStatistics,
    PlanAccess, PlanVerdict, PostgresTaskHistory,
};
pub use tasktrail_postgres_client::batching::BatchStatistics;
pub use tasktrail_postgres_client::config::{Pooler, PostgresConfig};
pub use tasktrail_postgres_client::error::ConnectError;
pub use tasktrail_postgres_client::pool::{
    ClosedConnections, HeldConnection, PoolStatistics, QueueWaits,
};
pub use tasktrail_postgres_client::source::NoTransaction;
pub use tasktrail_postgres_client::standbys::StandbyState;
pub use tasktrail_postgres_client::telemetry;
pub use tasktrail_postgres_client::tls::{TlsError, TlsMode};
pub use transaction::PostgresTransaction;
