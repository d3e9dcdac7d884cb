//! What only a manager of a database can tell and do.

use tasktrail_postgres::{Export, ExportSelection, PostgresDatabase};
use tasktrail_postgres_admin::{Administrable, BenchSchema, DatabaseContents, StorageStatistics};

use super::{DatabaseManager, Result};
use crate::DatabaseError;

impl DatabaseManager {
    /// How much room the histories take on the server, and how much was written so far; `None` for
    /// histories in memory.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](DatabaseError::NotConnected), [`Closed`](DatabaseError::Closed), or
    /// [`Storage`](DatabaseError::Storage) if the server cannot be asked.
    pub async fn storage_statistics(&self) -> Result<Option<StorageStatistics>> {
        let asked = self
            .asked(async |database| database.admin().storage_statistics().await)
            .await?;
        asked.transpose().map_err(DatabaseError::Storage)
    }

    /// What the database holds, ours or not; `None` for histories in memory. Looks at the first row of a
    /// table at most.
    ///
    /// # Errors
    ///
    /// As for [`storage_statistics`](Self::storage_statistics).
    pub async fn database_contents(&self) -> Result<Option<DatabaseContents>> {
        let asked = self
            .asked(async |database| database.admin().database_contents().await)
            .await?;
        asked.transpose().map_err(DatabaseError::Storage)
    }

    /// Begins to export histories as they stand now: whole tasks in the order of their keys, each with its
    /// whole trail; `None` for histories in memory.
    ///
    /// What is written meanwhile is not in it. It has a connection of its own, beside those of the manager,
    /// and goes on when the manager is closed.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](DatabaseError::NotConnected), [`Closed`](DatabaseError::Closed), or
    /// [`Export`](DatabaseError::Export).
    pub async fn export(&self, selection: &ExportSelection) -> Result<Option<Export>> {
        let asked = self
            .asked(async |database| database.export(selection).await)
            .await?;
        asked.transpose().map_err(DatabaseError::Export)
    }

    /// Takes the schema in which benchmarks work, empty, for as long as it is held; `None` for histories
    /// in memory. What an earlier benchmark left there is removed.
    ///
    /// A manager with [`in_bench_schema`](tasktrail_postgres::PostgresConfig::in_bench_schema) works in it,
    /// and brings it up to date like a database of its own.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](DatabaseError::NotConnected), [`Closed`](DatabaseError::Closed), or
    /// [`BenchSchema`](DatabaseError::BenchSchema), also if another benchmark has it.
    pub async fn bench_schema(&self) -> Result<Option<BenchSchema>> {
        let asked = self
            .asked(async |database| database.admin().bench_schema().await)
            .await?;
        asked.transpose().map_err(DatabaseError::BenchSchema)
    }

    /// The answer of the database; `None` if there is only memory.
    pub(super) async fn asked<T>(
        &self,
        ask: impl AsyncFnOnce(&PostgresDatabase) -> T,
    ) -> Result<Option<T>> {
        let connection = self.0.state.connection()?;
        match connection.database() {
            Some(database) => Ok(Some(ask(&database.postgres).await)),
            None => Ok(None),
        }
    }
}
