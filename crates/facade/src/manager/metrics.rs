//! Publishing the metrics that calls do not record themselves.

use std::collections::BTreeMap;
use std::time::Instant;

use tasktrail_domain::task_history::TaskStatus;
use tasktrail_postgres::PostgresDatabase;
use tasktrail_postgres_admin::{Administrable, StatusCounts, StorageError, StorageStatistics};

use super::{DatabaseManager, Result};
use crate::DatabaseError;
use crate::telemetry::{self, StoreMetrics};

impl DatabaseManager {
    /// Publishes the metrics of the connection pool, the batches and the circuit breaker to the
    /// installed recorder: gauges, and counter increments since the last call.
    ///
    /// Call it before each scrape, or every few seconds. [`close`](Self::close) calls it a last
    /// time. It sends no query and takes microseconds. Metrics that calls record themselves, such
    /// as durations, do not need it. With several managers in a process, counters add up, and a
    /// gauge shows the manager that published last. Does nothing in memory.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](DatabaseError::NotConnected) or [`Closed`](DatabaseError::Closed).
    pub fn publish_metrics(&self) -> Result<()> {
        let connection = self.0.state.connection()?;
        if let Some(database) = connection.database() {
            database.publish();
        }
        Ok(())
    }

    /// Checks the [health](Self::health) of the store and publishes it to the installed recorder.
    ///
    /// Returns within the timeout of the health check, 2 seconds by default, even if the server is
    /// unresponsive. Call it every few seconds, in a different task than
    /// [`publish_store_metrics`](Self::publish_store_metrics), which can take minutes. A manager
    /// that is not connected is unhealthy; a manager in memory is healthy.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, nothing is published.
    pub async fn publish_health(&self) {
        telemetry::publish_health(self.health().await.state.level());
    }

    /// Measures the store and publishes the result to the installed recorder: tasks and entries by
    /// status, sizes of tables and indexes, and dead tuples.
    ///
    /// To count the tasks, it reads one row for each of them and no entries. The other values come
    /// from the server's statistics. Run it in one process only, at intervals of a minute or more;
    /// `tasktrail serve-metrics` does that. It uses connections outside of the pool. Does nothing
    /// in memory.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](DatabaseError::NotConnected), [`Closed`](DatabaseError::Closed), or
    /// [`Storage`](DatabaseError::Storage) if the query fails. The gauges then keep their values;
    /// [`STORE_MEASURED_TIMESTAMP_SECONDS`](telemetry::STORE_MEASURED_TIMESTAMP_SECONDS) shows when
    /// they were measured.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, nothing is published. The server may finish the current query.
    pub async fn publish_store_metrics(&self) -> Result<()> {
        let began = Instant::now();
        let measured = self.query(measure).await?;
        let Some((counts, storage)) = measured.transpose().map_err(DatabaseError::Storage)? else {
            return Ok(());
        };
        telemetry::publish_store(&StoreMetrics {
            counts,
            storage,
            at: self.0.clock.now(),
            took: began.elapsed(),
        });
        Ok(())
    }
}

async fn measure(
    database: &PostgresDatabase,
) -> std::result::Result<(BTreeMap<TaskStatus, StatusCounts>, StorageStatistics), StorageError> {
    Ok((
        database.admin().counts_by_status().await?,
        database.admin().storage_statistics().await?,
    ))
}
