//! Checks and repairs the order of new entries.

use std::time::Duration;

use super::PostgresDatabase;
use crate::entry_order::{self, EntryOrder, Finding, OrderRepair};
use crate::error::MigrateError;

impl PostgresDatabase {
    /// Returns the next entry id and the greatest existing one; `None` if the role may not read the
    /// sequence, or the sequence does not exist. Reads all rows. Changes nothing.
    ///
    /// # Errors
    ///
    /// [`MigrateError`] if the database cannot be reached or read.
    pub async fn entry_order(&self) -> Result<Option<EntryOrder>, MigrateError> {
        match entry_order::look(&self.connector, Duration::ZERO).await? {
            Finding::Order { order, .. } => Ok(Some(order)),
            Finding::Hidden | Finding::Missing => Ok(None),
        }
    }

    /// Repairs the order of entries after rows were copied without the sequence of their ids: sets
    /// the sequence above all ids, and looks for tasks whose revisions may be in the wrong order.
    ///
    /// Idempotent: further calls change nothing. Reads all rows twice while saves continue, then
    /// blocks saves for milliseconds.
    ///
    /// # Errors
    ///
    /// [`MigrateError`]; [`NotOwner`](MigrateError::NotOwner) if the role does not own the tables,
    /// [`Busy`](MigrateError::Busy) if saves could not be blocked within a minute.
    ///
    /// # Cancel safety
    ///
    /// If you drop the future, the sequence is either set or unchanged.
    pub async fn repair_entry_order(&self) -> Result<OrderRepair, MigrateError> {
        entry_order::repair(&self.connector).await
    }
}
