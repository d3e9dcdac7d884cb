//! Whether new entries come behind those that are there.

use std::time::Duration;

use super::PostgresDatabase;
use crate::entry_order::{self, EntryOrder, Finding, OrderRepair};
use crate::error::MigrateError;

impl PostgresDatabase {
    /// Where the ids of entries stand, by all rows; `None` if the role may not read their sequence, or there is
    /// none. Changes and locks nothing.
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

    /// Sets the sequence of the ids beyond all entries, if rows were copied without it, and looks for tasks
    /// whose revisions may be in the wrong order. May be called again, which changes nothing.
    ///
    /// Reads all rows twice while saves go on, then keeps them out for milliseconds.
    ///
    /// # Errors
    ///
    /// [`MigrateError`]; [`NotOwner`](MigrateError::NotOwner) if the role may not,
    /// [`Busy`](MigrateError::Busy) if saves could not be kept out for a minute.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the sequence set or as it was.
    pub async fn repair_entry_order(&self) -> Result<OrderRepair, MigrateError> {
        entry_order::repair(&self.connector).await
    }
}
