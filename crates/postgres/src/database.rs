use crate::config::PostgresConfig;
use crate::connection::Connector;
use crate::error::{ConnectError, MigrateError};
use crate::migrate::{self, SchemaState};
use crate::pool::Pool;
use crate::task_history::PostgresTaskHistory;

/// A PostgreSQL database: its connections, its schema, its repositories. Clones share the pool.
#[derive(Debug, Clone)]
pub struct PostgresDatabase {
    connector: Connector,
    pool: Pool,
}

impl PostgresDatabase {
    /// Opens the pool with its minimum of connections, one at least. The schema is left alone.
    ///
    /// # Errors
    ///
    /// [`ConnectError`], with the server's own words as its source, if no connection can be opened.
    pub async fn connect(config: PostgresConfig) -> Result<Self, ConnectError> {
        let address = config.address().to_owned();
        let connector =
            Connector::new(config).map_err(|error| ConnectError::new(address, error.into()))?;
        let pool = Pool::open(connector.clone()).await?;
        Ok(Self { connector, pool })
    }

    /// Brings the schema up to date, and tells which migrations that took.
    ///
    /// Any number of processes may do so at once. A current schema is only looked at.
    ///
    /// # Errors
    ///
    /// [`MigrateError`]; a migration that failed was rolled back, those before it stay.
    pub async fn migrate(&self) -> Result<Vec<String>, MigrateError> {
        migrate::up(&self.connector).await
    }

    /// Removes the whole schema, and with it every history, and tells which migrations were undone.
    ///
    /// # Errors
    ///
    /// [`MigrateError`]; a migration that could not be undone stays, and those before it.
    pub async fn revert(&self) -> Result<Vec<String>, MigrateError> {
        migrate::down(&self.connector).await
    }

    /// Which migrations have been applied and which are pending. Changes and locks nothing.
    ///
    /// # Errors
    ///
    /// [`MigrateError`] if the database cannot be reached or read.
    pub async fn schema(&self) -> Result<SchemaState, MigrateError> {
        migrate::state(&self.connector).await
    }

    /// Lends no more connections: calls of the repositories fail with `Closed` from now on, those
    /// that wait for a connection included. Calls that have one are finished, and the connections end
    /// with the last of them.
    pub fn close(&self) {
        self.pool.close();
    }

    /// The task history that is stored here.
    #[must_use]
    pub fn task_history(&self) -> PostgresTaskHistory {
        PostgresTaskHistory::new(self.pool.clone())
    }
}
