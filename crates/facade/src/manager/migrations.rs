//! Inspecting, migrating and repairing the schema; no-ops in memory.

use tasktrail_postgres::{
    EntryOrder, MigrateError, MigrationPlan, MigrationStatus, MigrationTarget, OrderRepair,
    PostgresDatabase, SchemaDifference, SchemaState,
};

use super::{DatabaseManager, Result};
use crate::DatabaseError;

impl DatabaseManager {
    /// Returns which migrations have been applied and which are pending. Changes and locks nothing.
    ///
    /// In memory there is no schema, and nothing is pending.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](DatabaseError::NotConnected), [`Closed`](DatabaseError::Closed), or
    /// [`Migrate`](DatabaseError::Migrate) if the database cannot be reached or read.
    pub async fn schema_state(&self) -> Result<SchemaState> {
        self.of_schema(async |database| database.schema().await)
            .await
    }

    /// Plans a migration of the schema to `target`. You can review the plan, print it as SQL, or
    /// [run it](Self::run_migration). Changes and locks nothing.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](DatabaseError::NotConnected), [`Closed`](DatabaseError::Closed), or
    /// [`Migrate`](DatabaseError::Migrate), for example if the target is not a migration, or if the
    /// plan would have to revert migrations of a newer program.
    pub async fn plan_migration(&self, target: &MigrationTarget) -> Result<MigrationPlan> {
        self.of_schema(async |database| database.plan_migration(target).await)
            .await
    }

    /// Runs a plan, and returns the versions that were applied or reverted. Steps that other
    /// processes have completed since you made the plan are skipped.
    ///
    /// Reverting a migration deletes data without confirmation;
    /// [`PlannedMigration::loss`](tasktrail_postgres::PlannedMigration::loss) describes which.
    ///
    /// # Errors
    ///
    /// As for [`plan_migration`](Self::plan_migration). A failed migration is rolled back; the
    /// migrations before it are kept. A plan that reverts migrations changes nothing and fails with
    /// [`SchemaChanged`](MigrateError::SchemaChanged) if another process has applied further
    /// migrations since.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future while it waits for another process changes nothing. After that, the
    /// server finishes the current migration or rolls it back; later migrations are not applied.
    pub async fn run_migration(&self, plan: &MigrationPlan) -> Result<Vec<String>> {
        self.of_schema(async |database| database.run_migration(plan).await)
            .await
    }

    /// Reverts all migrations, which **deletes all histories**, and returns the reverted
    /// migrations. Does nothing in memory.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](DatabaseError::NotConnected), [`Closed`](DatabaseError::Closed), or
    /// [`Migrate`](DatabaseError::Migrate). A migration that cannot be reverted is kept, as are all
    /// older ones.
    pub async fn revert_database_schema(&self) -> Result<Vec<String>> {
        self.of_schema(async |database| database.revert().await)
            .await
    }

    /// Lists every migration that this program knows or the database has, oldest first. Changes and
    /// locks nothing. Empty in memory.
    ///
    /// # Errors
    ///
    /// As for [`schema_state`](Self::schema_state).
    pub async fn migrations(&self) -> Result<Vec<MigrationStatus>> {
        self.of_schema(async |database| database.migrations().await)
            .await
    }

    /// Compares the columns, constraints, indexes and comments of Tasktrail's tables with what the
    /// migrations create, and returns the differences. Other tables are ignored. Changes and locks
    /// nothing. Empty in memory.
    ///
    /// # Errors
    ///
    /// As for [`schema_state`](Self::schema_state).
    pub async fn check_schema(&self) -> Result<Vec<SchemaDifference>> {
        self.of_schema(async |database| database.check_schema().await)
            .await
    }

    /// Returns the next entry id of the sequence and the greatest existing one; `None` in memory,
    /// and if the role may not read the sequence. Reads all rows. Changes and locks nothing.
    ///
    /// # Errors
    ///
    /// As for [`schema_state`](Self::schema_state).
    pub async fn entry_order(&self) -> Result<Option<EntryOrder>> {
        self.of_schema(async |database| database.entry_order().await)
            .await
    }

    /// Repairs a store into which rows were copied without the sequence of their ids: moves the
    /// sequence past the existing entries, and reports the tasks whose revisions may be in the
    /// wrong order. A second call changes nothing. Does nothing in memory.
    ///
    /// [`connect`](Self::connect) refuses such a store, so open it with
    /// [`init_connection_pool`](Self::init_connection_pool). The repair reads all rows twice while
    /// saves continue, then blocks saves for milliseconds. The role must own the tables.
    ///
    /// # Errors
    ///
    /// As for [`schema_state`](Self::schema_state), including:
    ///
    /// - [`NotOwner`](MigrateError::NotOwner) if the role does not own the tables.
    /// - [`Busy`](MigrateError::Busy) if saves could not be blocked within a minute.
    ///
    /// # Cancel safety
    ///
    /// After the future is dropped, the sequence is either moved or unchanged.
    pub async fn repair_entry_order(&self) -> Result<OrderRepair> {
        self.of_schema(async |database| database.repair_entry_order().await)
            .await
    }

    /// Runs `query` on the database; the default value in memory.
    pub(super) async fn of_schema<T: Default>(
        &self,
        query: impl AsyncFnOnce(&PostgresDatabase) -> std::result::Result<T, MigrateError>,
    ) -> Result<T> {
        let answer = self.query(query).await?.transpose();
        Ok(answer.map_err(DatabaseError::Migrate)?.unwrap_or_default())
    }
}
