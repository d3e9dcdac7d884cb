//! Reads that all see the same instant.

use std::fmt;

use diesel_async::{AnsiTransactionManager, AsyncPgConnection};
use tasktrail_domain::repository::{Operation, Result};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::source::NoTransaction;

use super::PostgresOrchestration;

/// Begins a snapshot.
const BEGIN: Operation = Operation::read("orchestration.snapshot");

/// As for an export of histories: tables that are locked before the first query cannot be rewritten or
/// truncated, after which an older snapshot would see them empty. There are no timeouts, because the
/// caller may be slow. They are changed only for this transaction, because a pooler may give the
/// connection to other clients afterwards.
const BEGIN_SQL: &str = "
    BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
    LOCK TABLE agent, agent_presence, task, task_state, task_dependency, task_execution, audit_log
        IN ACCESS SHARE MODE;
    SELECT set_config(name, '0', true) FROM pg_settings
    WHERE name IN ('statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')";

/// Agents, tasks, executions and the audit log at one instant: a transaction that only reads, on a
/// connection of its own. Later writes are not visible in it, and are not blocked. Dropping it closes
/// the connection.
///
/// While it exists, the server cannot remove dead rows, and migrations of these tables wait.
pub struct OrchestrationSnapshot {
    connection: AsyncPgConnection,
}

impl OrchestrationSnapshot {
    /// Takes a snapshot on a connection of
    /// [`open_connection`](crate::PostgresDatabase::open_connection).
    ///
    /// # Errors
    ///
    /// As for any operation that reads.
    pub async fn take(mut connection: AsyncPgConnection) -> Result<Self> {
        AnsiTransactionManager::begin_transaction_sql(&mut connection, BEGIN_SQL)
            .await
            .map_err(|error| StoreError::from(error).during(BEGIN))?;
        Ok(Self { connection })
    }

    /// Returns the repositories at the instant of the snapshot. Their writes fail.
    ///
    /// # Errors
    ///
    /// If a call of these repositories was dropped before it finished.
    pub fn orchestration(&mut self) -> Result<PostgresOrchestration<'_>> {
        PostgresOrchestration::in_transaction(&mut self.connection)
            .map_err(|NoTransaction| StoreError::TransactionAborted.during(BEGIN))
    }
}

impl fmt::Debug for OrchestrationSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OrchestrationSnapshot")
            .finish_non_exhaustive()
    }
}
