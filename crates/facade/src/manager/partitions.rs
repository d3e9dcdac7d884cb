//! The partitions of the entries. Histories in memory have none.

use std::time::Duration;

use tasktrail_domain::task_history::RetentionPolicy;
use tasktrail_postgres::PostgresDatabase;
use tasktrail_postgres_admin::{
    Administrable, Partition, PartitionDrop, PartitionError, PartitionOutlook,
};

use super::{DatabaseManager, Result};
use crate::DatabaseError;

impl DatabaseManager {
    /// The partitions of the entries, the oldest first; `None` if all entries are in one table, or in
    /// memory. Changes and locks nothing.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](DatabaseError::NotConnected), [`Closed`](DatabaseError::Closed), or
    /// [`Partition`](DatabaseError::Partition).
    pub async fn partitions(&self) -> Result<Option<Vec<Partition>>> {
        self.of_partitions(async |database| database.admin().partitions().await)
            .await
    }

    /// Partitions the entries by month unless they are, makes partitions for this month and so many after
    /// it, and gives those that were not there before; nothing in memory.
    ///
    /// Saves and reads go on, and no row is copied. `docs/OPERATIONS.md` says what the layout gains and
    /// costs. There is no way back but an export and an import.
    ///
    /// # Errors
    ///
    /// As for [`partitions`](Self::partitions); what was done so far stays, and another call goes on.
    pub async fn partition(&self, months_ahead: u32) -> Result<Vec<Partition>> {
        let now = self.0.clock.now();
        self.of_partitions(async |database| database.admin().partition(now, months_ahead).await)
            .await
    }

    /// Drops the partitions whose tasks a policy covers, as [`clean_up`](Self::clean_up) does at its beginning,
    /// and tells of each that was old enough; nothing in memory and where the entries are in one table. None is begun
    /// after `within`.
    ///
    /// # Errors
    ///
    /// As for [`partitions`](Self::partitions). What was in the way of a partition is told with it.
    ///
    /// # Cancel safety
    ///
    /// A partition is dropped as a whole or not at all.
    pub async fn drop_expired_partitions(
        &self,
        policy: &RetentionPolicy,
        within: Option<Duration>,
    ) -> Result<Vec<PartitionDrop>> {
        self.of_partitions(async |database| {
            database
                .admin()
                .drop_expired_partitions(policy, within)
                .await
        })
        .await
    }

    /// Why a [`clean_up`](Self::clean_up) by this policy keeps partitions, and when it can drop the next one:
    /// the partitions with entries, the oldest first, up to the first that ends after the cutoff. `None` if
    /// all entries are in one table, or in memory. Changes and locks nothing.
    ///
    /// # Errors
    ///
    /// As for [`partitions`](Self::partitions).
    pub async fn partition_outlook(
        &self,
        policy: &RetentionPolicy,
    ) -> Result<Option<Vec<PartitionOutlook>>> {
        let now = self.0.clock.now();
        self.of_partitions(async |database| database.admin().partition_outlook(policy, now).await)
            .await
    }

    /// The answer of the database; nothing if there is only memory.
    async fn of_partitions<T: Default>(
        &self,
        ask: impl AsyncFnOnce(&PostgresDatabase) -> std::result::Result<T, PartitionError>,
    ) -> Result<T> {
        let answer = self.asked(ask).await?.transpose();
        Ok(answer
            .map_err(DatabaseError::Partition)?
            .unwrap_or_default())
    }
}
