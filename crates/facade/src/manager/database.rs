//! Methods that need a database; in memory they return `None`.

use tasktrail_postgres::diesel_async::AsyncPgConnection;
use tasktrail_postgres::{Export, ExportSelection, PoolStatistics, PostgresDatabase};
use tasktrail_postgres_admin::{Administrable, BenchSchema, DatabaseContents, StorageStatistics};

use super::{DatabaseManager, Result};
use crate::DatabaseError;

impl DatabaseManager {
    /// Returns the current state of the connection pool and its counters since
    /// [`connect`](Self::connect); `None` in memory.
    ///
    /// # Errors
    ///
    /// As for [`task_history`](Self::task_history).
    pub fn pool_statistics(&self) -> Result<Option<PoolStatistics>> {
        let connection = self.0.state.connection()?;
        let database = connection.database();
        Ok(database.map(|database| database.postgres.pool_statistics()))
    }

    /// Returns the disk space that the histories use on the server, and how much has been written;
    /// `None` in memory.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](DatabaseError::NotConnected), [`Closed`](DatabaseError::Closed), or
    /// [`Storage`](DatabaseError::Storage) if the query fails.
    pub async fn storage_statistics(&self) -> Result<Option<StorageStatistics>> {
        let statistics = self
            .query(async |database| database.admin().storage_statistics().await)
            .await?;
        statistics.transpose().map_err(DatabaseError::Storage)
    }

    /// Reports whether the database is empty, and otherwise what it contains, including objects
    /// that do not belong to Tasktrail; `None` in memory. Reads at most one row of each table.
    ///
    /// # Errors
    ///
    /// As for [`storage_statistics`](Self::storage_statistics).
    pub async fn database_contents(&self) -> Result<Option<DatabaseContents>> {
        let contents = self
            .query(async |database| database.admin().database_contents().await)
            .await?;
        contents.transpose().map_err(DatabaseError::Storage)
    }

    /// Starts an export of whole tasks, each with its complete trail, in the order of their keys;
    /// `None` in memory.
    ///
    /// The export is a snapshot: it does not contain later writes. It uses its own connection in
    /// addition to those of the manager, and continues after the manager is closed.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](DatabaseError::NotConnected), [`Closed`](DatabaseError::Closed), or
    /// [`Export`](DatabaseError::Export).
    pub async fn export(&self, selection: &ExportSelection) -> Result<Option<Export>> {
        let export = self
            .query(async |database| database.export(selection).await)
            .await?;
        export.transpose().map_err(DatabaseError::Export)
    }

    /// Locks the schema for benchmarks, emptied, until the returned value is dropped; `None` in
    /// memory. Leftovers of an earlier benchmark are removed.
    ///
    /// To use the schema, connect another manager whose configuration sets
    /// [`in_bench_schema`](tasktrail_postgres::PostgresConfig::in_bench_schema). It migrates the
    /// schema like any other database.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](DatabaseError::NotConnected), [`Closed`](DatabaseError::Closed), or
    /// [`BenchSchema`](DatabaseError::BenchSchema), for example if another benchmark is running.
    pub async fn bench_schema(&self) -> Result<Option<BenchSchema>> {
        let schema = self
            .query(async |database| database.admin().bench_schema().await)
            .await?;
        schema.transpose().map_err(DatabaseError::BenchSchema)
    }

    /// Opens a connection of your own with the manager's configuration: hosts, TLS, login and schema.
    /// It is for what has to own its connection, such as Diesel's migrations. To save in one
    /// transaction with your own rows, use [`transaction`](Self::transaction).
    ///
    /// The connection does not belong to the pool: [`close`](Self::close) neither waits for it nor
    /// ends it. Drop it to close it. It has no statement timeout, except that of the role behind a
    /// pooler in transaction mode. It has the planner settings and the limit for idle transactions in
    /// `docs/CONFIGURATION.md`: a migration that reads whole tables should `SET enable_seqscan = on`.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](DatabaseError::NotConnected), [`Closed`](DatabaseError::Closed),
    /// [`InMemory`](DatabaseError::InMemory), or [`Connect`](DatabaseError::Connect).
    pub async fn open_connection(&self) -> Result<AsyncPgConnection> {
        let opened = self.query(PostgresDatabase::open_connection).await?;
        let opened = opened.ok_or(DatabaseError::InMemory)?;
        opened.map_err(DatabaseError::Connect)
    }

    /// Runs `query` on the database; `None` in memory.
    pub(super) async fn query<T>(
        &self,
        query: impl AsyncFnOnce(&PostgresDatabase) -> T,
    ) -> Result<Option<T>> {
        let connection = self.0.state.connection()?;
        match connection.database() {
            Some(database) => Ok(Some(query(&database.postgres).await)),
            None => Ok(None),
        }
    }
}
