//! An isolated schema for a benchmark.
//!
//! A marker on a database or on rows can be wrong: after a benchmark is killed, a service may start
//! to use what the benchmark had marked. A schema with a reserved name is safe, because services
//! never read it. So the leftovers of a benchmark are identified by their schema, and are removed
//! with it.

use std::error::Error;
use std::time::Duration;

use diesel::QueryableByName;
use diesel::sql_types::{Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use tasktrail_postgres_client::advisory_lock::try_lock;
use tasktrail_postgres_client::config::Pooler;
use tasktrail_postgres_client::connection::Connector;
use tasktrail_postgres_client::error::is_contention;

/// The name of the schema.
pub(crate) use tasktrail_postgres_client::config::BENCH_SCHEMA as NAME;

/// Attempts to drop the schema. Each deadlock ends one of the conflicting sessions.
const DROP_ATTEMPTS: u32 = 10;

/// The comment on the schema. A schema of this name without it does not belong to a benchmark.
const MARK: &str = "made by tasktrail bench, and removed by it";

/// Key of the advisory lock: the bytes of "tasktrab".
const LOCK: i64 = 0x7461_736b_7472_6162;

/// The schema of a benchmark, initially empty.
///
/// To use it, open connections with
/// [`PostgresConfig::in_bench_schema`](tasktrail_postgres::PostgresConfig::in_bench_schema). It is
/// exclusive until it is dropped or the process ends. [`remove`](Self::remove) removes the schema
/// with its contents; otherwise the next benchmark does.
pub struct BenchSchema {
    /// Holds the advisory lock.
    connection: AsyncPgConnection,
}

/// Why the schema of a benchmark could not be created or removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BenchSchemaError {
    /// The database could not be reached.
    #[error("cannot connect to the database")]
    Connect(#[source] Box<dyn Error + Send + Sync>),
    /// Another benchmark is running in the database.
    #[error("another benchmark is running in the database")]
    Taken,
    /// The connections pass a pooler in transaction mode.
    #[error(
        "a benchmark sets the search path of its sessions, which a pooler in transaction mode does not keep: \
         use the URL of the server itself, without `pooler`"
    )]
    Pooler,
    /// A schema of this name exists that no benchmark created.
    #[error("schema {NAME} exists, but was not created by a benchmark; rename or drop it")]
    Foreign,
    /// The server failed or refused a statement.
    #[error("cannot create or remove schema {NAME}")]
    Query(#[source] Box<dyn Error + Send + Sync>),
}

impl From<diesel::result::Error> for BenchSchemaError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Query(error.into())
    }
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Nullable<Text>)]
    mark: Option<String>,
}

impl BenchSchema {
    /// Creates the schema on a new connection, after removing one that is left over.
    pub(crate) async fn take(connector: &Connector) -> Result<Self, BenchSchemaError> {
        if connector.config().pooler() == Pooler::Transaction {
            return Err(BenchSchemaError::Pooler);
        }
        let opened = connector.open_alone(Duration::ZERO).await;
        let connection = opened.map_err(BenchSchemaError::Connect)?;
        let mut schema = Self { connection };
        schema.lock().await?;
        if schema.is_left_over().await? {
            tracing::info!(schema = NAME, "removing the schema of an earlier benchmark");
            schema.drop_all().await?;
        }
        let made =
            format!("BEGIN; CREATE SCHEMA {NAME}; COMMENT ON SCHEMA {NAME} IS '{MARK}'; COMMIT");
        schema.connection.batch_execute(&made).await?;
        Ok(schema)
    }

    /// Removes the schema with its contents, and releases the lock.
    ///
    /// Waits for statements in progress.
    ///
    /// # Errors
    ///
    /// [`BenchSchemaError`]; the schema remains, and the next benchmark removes it.
    pub async fn remove(mut self) -> Result<(), BenchSchemaError> {
        self.drop_all().await
    }

    async fn lock(&mut self) -> Result<(), BenchSchemaError> {
        if try_lock(&mut self.connection, LOCK).await? {
            Ok(())
        } else {
            Err(BenchSchemaError::Taken)
        }
    }

    async fn is_left_over(&mut self) -> Result<bool, BenchSchemaError> {
        let query = "SELECT obj_description(oid, 'pg_namespace') AS mark
                        FROM pg_namespace WHERE nspname = $1";
        let found: Vec<Found> = diesel::sql_query(query)
            .bind::<Text, _>(NAME)
            .load(&mut self.connection)
            .await?;
        match found.as_slice() {
            [] => Ok(false),
            [schema, ..] if schema.mark.as_deref() == Some(MARK) => Ok(true),
            [_, ..] => Err(BenchSchemaError::Foreign),
        }
    }

    async fn drop_all(&mut self) -> Result<(), BenchSchemaError> {
        // Suppresses the server's notice that lists the dropped objects.
        let dropped = format!("SET client_min_messages = warning; DROP SCHEMA {NAME} CASCADE");
        for _ in 1..DROP_ATTEMPTS {
            match self.connection.batch_execute(&dropped).await {
                // Statements in progress lock the same tables in a different order.
                Err(error) if is_contention(&error) => {}
                done => return Ok(done?),
            }
        }
        Ok(self.connection.batch_execute(&dropped).await?)
    }
}

impl std::fmt::Debug for BenchSchema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BenchSchema").finish_non_exhaustive()
    }
}
