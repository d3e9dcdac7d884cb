//! The partitions of the table of entries; no-ops in memory.

use std::time::Duration;

use tasktrail_domain::task_history::RetentionPolicy;
use tasktrail_postgres::PostgresDatabase;
use tasktrail_postgres_admin::{
    Administrable, Partition, PartitionDrop, PartitionError, PartitionOutlook,
};

use super::{DatabaseManager, Result};
use crate::DatabaseError;

impl DatabaseManager {
    /// Lists the partitions of the entries, oldest first; `None` if the table of entries is not
    /// partitioned, or in memory. Changes and locks nothing.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](DatabaseError::NotConnected), [`Closed`](DatabaseError::Closed), or
    /// [`Partition`](DatabaseError::Partition).
    pub async fn partitions(&self) -> Result<Option<Vec<Partition>>> {
        self.of_partitions(async |database| database.admin().partitions().await)
            .await
    }

    /// Partitions the entries by month if they are not partitioned yet, creates partitions for the
    /// current month and the next `months_ahead` months, and returns the new partitions. Does
    /// nothing in memory.
    ///
    /// Saves and reads continue, and no row is copied. `docs/OPERATIONS.md` describes the benefits
    /// and costs of the layout. You cannot undo the conversion, except by an export and an import.
    ///
    /// # Errors
    ///
    /// As for [`partitions`](Self::partitions). Completed steps are kept; call it again to
    /// continue.
    pub async fn partition(&self, months_ahead: u32) -> Result<Vec<Partition>> {
        let now = self.0.clock.now();
        self.of_partitions(async |database| database.admin().partition(now, months_ahead).await)
            .await
    }

    /// Drops the partitions that have expired under a policy: the first step of
    /// [`clean_up`](Self::clean_up). Returns a result for every partition that is old enough; empty
    /// if the table of entries is not partitioned, and in memory.
    ///
    /// `within` is the time budget: no drop is started after it. `None` is no limit.
    ///
    /// # Errors
    ///
    /// As for [`partitions`](Self::partitions). If a single partition cannot be dropped, its
    /// [`PartitionDrop`] has the reason.
    ///
    /// # Cancel safety
    ///
    /// A partition is dropped completely or not at all.
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

    /// Explains why a [`clean_up`](Self::clean_up) with this policy keeps partitions, and when it
    /// can drop the next one.
    ///
    /// Lists the partitions with entries, oldest first, up to the first one that ends after the
    /// cutoff; `None` if the table of entries is not partitioned, or in memory. Changes and locks
    /// nothing.
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

    /// Runs `query` on the database; the default value in memory.
    async fn of_partitions<T: Default>(
        &self,
        query: impl AsyncFnOnce(&PostgresDatabase) -> std::result::Result<T, PartitionError>,
    ) -> Result<T> {
        let answer = self.query(query).await?.transpose();
        Ok(answer
            .map_err(DatabaseError::Partition)?
            .unwrap_or_default())
    }
}
