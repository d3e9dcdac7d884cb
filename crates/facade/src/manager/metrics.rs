//! The manager's part in metrics: when things are told that nobody calls for.

use std::collections::BTreeMap;
use std::time::Instant;

use tasktrail_domain::task_history::TaskStatus;
use tasktrail_postgres::PostgresDatabase;
use tasktrail_postgres_admin::{Administrable, StatusCounts, StorageError, StorageStatistics};

use super::{DatabaseManager, Result};
use crate::DatabaseError;
use crate::telemetry::{self, StoreMetrics};

impl DatabaseManager {
    /// Tells the installed recorder how the connections, the calls that share statements and the circuit
    /// breaker stand now, and what was counted since the last time.
    ///
    /// To be called before the metrics are read, or every few seconds; a
    /// [`close`](Self::close) does it a last time. It asks nobody and takes microseconds. What a call
    /// records by itself, such as durations, needs none of it. Of several managers in a process the
    /// counters add up, while a gauge shows the one that came last.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](DatabaseError::NotConnected) or [`Closed`](DatabaseError::Closed).
    pub fn publish_metrics(&self) -> Result<()> {
        let connection = self.0.state.connection()?;
        if let Some(database) = connection.database() {
            telemetry::publish(database);
        }
        Ok(())
    }

    /// Asks the database how it [is](Self::health), and tells the installed recorder.
    ///
    /// It takes no longer than a look at the health, 2 seconds by default, also when the server is frozen. So
    /// call it every few seconds, apart from the [measurement](Self::publish_store_metrics), which may take
    /// minutes. A manager that is not connected is unhealthy, histories in memory are healthy.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing.
    pub async fn publish_health(&self) {
        telemetry::publish_health(self.health().await.state);
    }

    /// Asks the database how much it holds, and tells the installed recorder: tasks and entries by status,
    /// sizes of tables and indexes, dead rows.
    ///
    /// Tasks are counted, which reads a row of each of them and none of the entries; the rest is taken from
    /// what the server knows. So it belongs into one process of many, at intervals of a minute or more, which
    /// is what `tasktrail serve-metrics` is for. It works on connections of its own. In memory there is
    /// nothing to ask.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](DatabaseError::NotConnected), [`Closed`](DatabaseError::Closed), or
    /// [`Storage`](DatabaseError::Storage) if the server cannot be asked. The gauges stay as they were then,
    /// and [one of them](telemetry::STORE_MEASURED_TIMESTAMP_SECONDS) says since when.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing; what the server is at may run on there.
    pub async fn publish_store_metrics(&self) -> Result<()> {
        let began = Instant::now();
        let answer = self.asked(take_stock).await?;
        let Some((counts, storage)) = answer.transpose().map_err(DatabaseError::Storage)? else {
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

async fn take_stock(
    database: &PostgresDatabase,
) -> std::result::Result<(BTreeMap<TaskStatus, StatusCounts>, StorageStatistics), StorageError> {
    Ok((
        database.admin().counts_by_status().await?,
        database.admin().storage_statistics().await?,
    ))
}
