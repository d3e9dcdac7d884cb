//! Opening and closing the connections, and bringing the schema up to date.

use std::time::Duration;

use tasktrail_domain::repository::CloseReport;

use super::{DatabaseManager, Result};
use crate::DatabaseError;
use crate::store::Connection;

impl DatabaseManager {
    /// Opens the connections and brings the schema up to date.
    ///
    /// Does nothing if the manager is connected and the schema is up to date. You can call it
    /// concurrently, and again after [`close`](Self::close). After an error the manager is in the
    /// state that it had before, and the next call tries again: connections to a schema that
    /// `connect` refuses are never used for saves.
    ///
    /// The connections belong to the tokio runtime that runs this call. Other runtimes can use the
    /// manager while that runtime runs. After it has shut down, calls fail with the kind
    /// [`Closed`](tasktrail_domain::repository::ErrorKind::Closed) and the reason; to recover, call
    /// [`close`](Self::close), then `connect`.
    ///
    /// # Errors
    ///
    /// - [`Config`](DatabaseError::Config), with every setting that is out of range.
    /// - [`Connect`](DatabaseError::Connect), with the server's error message.
    /// - [`Migrate`](DatabaseError::Migrate) if the schema cannot be used or brought up to date.
    /// - [`Closed`](DatabaseError::Closed) if the manager is closed during the call.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the manager in the state that it had before. The server finishes
    /// the current migration or rolls it back; later migrations are not applied.
    pub async fn connect(&self) -> Result<()> {
        let _only_one = self.0.connecting.lock().await;
        if let Ok(connection) = self.0.state.connection() {
            return connection.migrate().await.map(drop);
        }
        let connection = self.open().await?;
        let opening = self.0.state.opening(connection.clone());
        let migrated = connection.migrate().await;
        if migrated.is_ok() && opening.admit() {
            return Ok(());
        }
        // If `admit` failed, a concurrent close closes the connection as well. That is harmless.
        connection.close(Duration::ZERO).await;
        migrated.and(Err(DatabaseError::Closed))
    }

    /// Opens the connections without checking or migrating the schema: the first half of
    /// [`connect`](Self::connect).
    ///
    /// # Errors
    ///
    /// As for [`connect`](Self::connect), except `Migrate`.
    pub async fn init_connection_pool(&self) -> Result<()> {
        let _only_one = self.0.connecting.lock().await;
        if self.0.state.connection().is_err() {
            let connection = self.open().await?;
            self.0.state.set(connection);
        }
        Ok(())
    }

    /// Opens a connection, unless the manager is closed during the call.
    async fn open(&self) -> Result<Connection> {
        tokio::select! {
            opened = Connection::open(&self.0.store) => opened,
            () = self.0.closing.notified() => Err(DatabaseError::Closed),
        }
    }

    /// Brings the schema up to date, and returns the migrations that were applied: the second half
    /// of [`connect`](Self::connect).
    ///
    /// Any number of processes can call it concurrently. If the schema is up to date, it runs no
    /// DDL and takes no lock.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](DatabaseError::NotConnected), [`Closed`](DatabaseError::Closed), or
    /// [`Migrate`](DatabaseError::Migrate). A failed migration is rolled back.
    pub async fn init_database_schema(&self) -> Result<Vec<String>> {
        self.0.state.connection()?.migrate().await
    }

    /// Closes the connections once the calls in flight have finished, and reports what it did.
    ///
    /// Calls that wait for a connection, and all later calls, fail with
    /// [`Closed`](DatabaseError::Closed). Calls that hold a connection have until the configured
    /// timeout to finish (setting `close_timeout`, 10 seconds by default). After that they are
    /// cancelled, and fail with `Closed` and an unknown effect.
    ///
    /// [`connect`](Self::connect) opens the manager again. On PostgreSQL a port that was obtained
    /// before the close stays closed. In memory the histories are kept, and such a port keeps
    /// working.
    ///
    /// A connect in progress is aborted. A migration in progress counts as a call in flight: at the
    /// timeout it is cancelled on the server, which rolls the current migration back.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the waiting only: the manager is closed to new calls, and calls in
    /// flight continue.
    pub async fn close(&self) -> CloseReport {
        self.close_within(self.0.store.close_timeout()).await
    }

    /// Like [`close`](Self::close), with your own timeout for the calls in flight.
    pub async fn close_within(&self, deadline: Duration) -> CloseReport {
        self.0.closing.notify_waiters();
        self.0.closed.send_modify(|times| *times += 1);
        let connection = self.0.state.close();
        let mut closing = match connection {
            Some(connection) => connection.close(deadline).await,
            None => CloseReport::default(),
        };
        let _only_one = self.0.connecting.lock().await;
        // A concurrent connect may have opened another one during the wait.
        if let Some(connection) = self.0.state.close() {
            closing = connection.close(deadline).await;
        }
        tracing::info!(?closing, "database manager closed");
        closing
    }
}
