//! A schema of its own in a database, for a benchmark, which leaves nothing behind.
//!
//! A mark on a database or on rows can be wrong: a service may have begun to use, after a benchmark
//! was killed, what the benchmark had marked as its own. What stands in a schema of a reserved name
//! cannot be a service's: no service looks there. So the leavings of a benchmark are known by where
//! they are, and are removed together, whatever state they are in.

use std::error::Error;
use std::time::Duration;

use diesel::QueryableByName;
use diesel::sql_types::{Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use tasktrail_postgres_client::advisory_lock::try_lock;
use tasktrail_postgres_client::connection::Connector;
use tasktrail_postgres_client::error::is_contention;

/// The name of the schema.
pub(crate) use tasktrail_postgres_client::config::BENCH_SCHEMA as NAME;

/// How often it is tried to remove the schema: each deadlock ends one of those that are in the way.
const DROP_ATTEMPTS: u32 = 10;

/// What the schema says of itself. One of the same name that does not is somebody else's.
const MARK: &str = "made by tasktrail bench, and removed by it";

/// Names the advisory lock: the bytes of "tasktrab".
const LOCK: i64 = 0x7461_736b_7472_6162;

/// The schema of a benchmark, empty at first, while the benchmark lasts.
///
/// [`PostgresConfig::in_bench_schema`](crate::PostgresConfig::in_bench_schema) has connections work in
/// it. Nobody else gets it until it is dropped or the process ends. It is removed with all that is in it
/// by [`remove`](Self::remove), else by the next one who takes it.
pub struct BenchSchema {
    /// Holds the lock.
    connection: AsyncPgConnection,
}

/// The schema of a benchmark could not be had, or not be removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BenchSchemaError {
    /// The database could not be reached.
    #[error("cannot connect to the database")]
    Connect(#[source] Box<dyn Error + Send + Sync>),
    /// Another benchmark is at work in the database.
    #[error("another benchmark is at work in the database")]
    Taken,
    /// There is a schema of this name that no benchmark made.
    #[error("the schema {NAME} is there, and no benchmark made it")]
    Foreign,
    /// The server failed or refused a statement.
    #[error("the schema {NAME} could not be made or removed")]
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
    /// Takes the schema, on a connection of its own, after removing what an earlier benchmark left.
    pub(crate) async fn take(connector: &Connector) -> Result<Self, BenchSchemaError> {
        let opened = connector.open_alone(Duration::ZERO).await;
        let connection = opened.map_err(BenchSchemaError::Connect)?;
        let mut schema = Self { connection };
        schema.lock().await?;
        if schema.is_left_behind().await? {
            tracing::info!(schema = NAME, "removing what an earlier benchmark left");
            schema.drop_all().await?;
        }
        let made =
            format!("BEGIN; CREATE SCHEMA {NAME}; COMMENT ON SCHEMA {NAME} IS '{MARK}'; COMMIT");
        schema.connection.batch_execute(&made).await?;
        Ok(schema)
    }

    /// Removes the schema with all that is in it, and lets others have it.
    ///
    /// Waits for statements that are under way in it.
    ///
    /// # Errors
    ///
    /// [`BenchSchemaError`]; the schema stays for the next benchmark to remove.
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

    async fn is_left_behind(&mut self) -> Result<bool, BenchSchemaError> {
        let question = "SELECT obj_description(oid, 'pg_namespace') AS mark
                        FROM pg_namespace WHERE nspname = $1";
        let found: Vec<Found> = diesel::sql_query(question)
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
        // Told to nobody: without it the server sends a notice of what goes with the schema.
        let dropped = format!("SET client_min_messages = warning; DROP SCHEMA {NAME} CASCADE");
        for _ in 1..DROP_ATTEMPTS {
            match self.connection.batch_execute(&dropped).await {
                // Statements that are under way lock the same tables in another order.
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
