//! Opening and closing the connections, and bringing the schema up to date.

use std::time::Duration;

use tasktrail_domain::repository::CloseReport;

use super::{DatabaseManager, Result};

impl DatabaseManager {
    /// Opens the connections and brings the schema up to date.
    ///
    /// If the database is out of reach, `connect` fails at once by default. With the setting
    /// `connect_wait`, it tries again for that long, with pauses of 100 milliseconds to 2 seconds,
    /// and logs each failed attempt as a warning. It waits only for what may pass by itself: a
    /// server that cannot be reached, starts up, shuts down, is read-only or has no connection to
    /// spare. The last attempt starts at the end of the wait, and its error is returned.
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
    /// - [`Config`](crate::DatabaseError::Config), with every setting that is out of range.
    /// - [`Connect`](crate::DatabaseError::Connect), with the server's error message.
    /// - [`Migrate`](crate::DatabaseError::Migrate) if the schema cannot be used or brought up to
    ///   date.
    /// - [`Closed`](crate::DatabaseError::Closed) if the manager is closed during the call.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the manager in the state that it had before. The server finishes
    /// the current migration or rolls it back; later migrations are not applied.
    pub async fn connect(&self) -> Result<()> {
        // Begin before the wait for other callers, so that a close ends this call as well.
        let mut wait = self.begin_connect();
        let _only_one = self.0.connecting.lock().await;
        if let Ok(connection) = self.0.state.connection() {
            return connection.migrate().await.map(drop);
        }
        loop {
            match self.open_and_migrate(&wait).await {
                Err(error) => wait.after(error).await?,
                connected => return connected,
            }
        }
    }

    /// Opens the connections without checking or migrating the schema: the first half of
    /// [`connect`](Self::connect). Waits for the database in the same way.
    ///
    /// # Errors
    ///
    /// As for [`connect`](Self::connect), except `Migrate`.
    pub async fn init_connection_pool(&self) -> Result<()> {
        let mut wait = self.begin_connect();
        let _only_one = self.0.connecting.lock().await;
        while self.0.state.connection().is_err() {
            match self.open(&wait).await {
                Ok(connection) => self.0.state.set(connection),
                Err(error) => wait.after(error).await?,
            }
        }
        Ok(())
    }

    /// Brings the schema up to date, and returns the migrations that were applied: the second half
    /// of [`connect`](Self::connect).
    ///
    /// Any number of processes can call it concurrently. If the schema is up to date, it runs no
    /// DDL and takes no lock.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](crate::DatabaseError::NotConnected),
    /// [`Closed`](crate::DatabaseError::Closed), or [`Migrate`](crate::DatabaseError::Migrate). A
    /// failed migration is rolled back.
    pub async fn init_database_schema(&self) -> Result<Vec<String>> {
        self.0.state.connection()?.migrate().await
    }

    /// Closes the connections once the calls in flight have finished, and reports what it did.
    ///
    /// Calls that wait for a connection, and all later calls, fail with
    /// [`Closed`](crate::DatabaseError::Closed). Calls that hold a connection have until the
    /// configured timeout to finish (setting `close_timeout`, 10 seconds by default). After that
    /// they are cancelled, and fail with `Closed` and an unknown effect.
    ///
    /// [`connect`](Self::connect) opens the manager again. On PostgreSQL a port that was obtained
    /// before the close stays closed. In memory the histories are kept, and such a port keeps
    /// working.
    ///
    /// A connect in progress is aborted, also while it waits for the database. A migration in
    /// progress counts as a call in flight: at the timeout it is cancelled on the server, which
    /// rolls the current migration back.
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
