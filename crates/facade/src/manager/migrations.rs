//! The schema, step by step. Histories in memory have none, so nothing is ever to be done there.

use tasktrail_postgres::{
    EntryOrder, MigrateError, MigrationPlan, MigrationStatus, MigrationTarget, OrderRepair,
    PostgresDatabase, SchemaDifference, SchemaState,
};

use super::{DatabaseManager, Result};
use crate::DatabaseError;

impl DatabaseManager {
    /// Which migrations the database has and which are pending. Changes and locks nothing.
    ///
    /// Histories in memory have no schema, and nothing is ever pending there.
    ///
    /// # Errors
    ///
    /// [`Migrate`](DatabaseError::Migrate) if the database cannot be reached or read.
    pub async fn schema_state(&self) -> Result<SchemaState> {
        self.of_schema(async |database| database.schema().await)
            .await
    }

    /// What it takes to bring the schema there, as things stand: to look at, to ask about, to print as SQL,
    /// and to [carry out](Self::run_migration). Changes and locks nothing.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](DatabaseError::NotConnected), [`Closed`](DatabaseError::Closed), or
    /// [`Migrate`](DatabaseError::Migrate), also if the target names no migration, or a newer program's
    /// would have to be taken back.
    pub async fn plan_migration(&self, target: &MigrationTarget) -> Result<MigrationPlan> {
        self.of_schema(async |database| database.plan_migration(target).await)
            .await
    }

    /// Carries a plan out, and tells the versions that were applied or taken back. What others have done
    /// since it was made is left out.
    ///
    /// Taking migrations back loses what they hold; each [says](tasktrail_postgres::PlannedMigration::loss)
    /// what. Nobody is asked here.
    ///
    /// # Errors
    ///
    /// As for [`plan_migration`](Self::plan_migration). A migration that failed was rolled back, those
    /// before it stay. A plan that takes migrations back fails with
    /// [`SchemaChanged`](MigrateError::SchemaChanged), and changes nothing, if others have applied further ones
    /// since.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future while it waits for another process changes nothing. Later, the server finishes
    /// the migration that it is working on, or rolls it back; those after it are not applied.
    pub async fn run_migration(&self, plan: &MigrationPlan) -> Result<Vec<String>> {
        self.of_schema(async |database| database.run_migration(plan).await)
            .await
    }

    /// Takes all migrations back, and all histories with them, and tells which migrations that were.
    /// Histories in memory have no schema, and stay.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](DatabaseError::NotConnected), [`Closed`](DatabaseError::Closed), or
    /// [`Migrate`](DatabaseError::Migrate); a migration that could not be undone stays, and those
    /// before it.
    pub async fn revert_database_schema(&self) -> Result<Vec<String>> {
        self.of_schema(async |database| database.revert().await)
            .await
    }

    /// Every migration that this program or the database has, the oldest first. Changes and locks nothing.
    ///
    /// # Errors
    ///
    /// As for [`schema_state`](Self::schema_state).
    pub async fn migrations(&self) -> Result<Vec<MigrationStatus>> {
        self.of_schema(async |database| database.migrations().await)
            .await
    }

    /// How the tables of the histories differ from what this program expects: columns, constraints,
    /// indexes, comments; nothing if they are as its migrations make them. Other tables do not count.
    /// Changes and locks nothing.
    ///
    /// # Errors
    ///
    /// As for [`schema_state`](Self::schema_state).
    pub async fn check_schema(&self) -> Result<Vec<SchemaDifference>> {
        self.of_schema(async |database| database.check_schema().await)
            .await
    }

    /// Where the ids of entries stand, by all rows; `None` in memory, and if the role may not read their
    /// sequence. Changes and locks nothing.
    ///
    /// # Errors
    ///
    /// As for [`schema_state`](Self::schema_state).
    pub async fn entry_order(&self) -> Result<Option<EntryOrder>> {
        self.of_schema(async |database| database.entry_order().await)
            .await
    }

    /// Sees to it that new entries come behind those that are there, after rows were copied without the
    /// sequence of their ids, and looks for tasks whose revisions may be in the wrong order. May be called
    /// again, which changes nothing; nothing is to be done in memory.
    ///
    /// [`connect`](Self::connect) refuses such a store, so open it by
    /// [`init_connection_pool`](Self::init_connection_pool). Reads all rows twice while saves go on, then
    /// keeps them out for milliseconds. The role must own the tables.
    ///
    /// # Errors
    ///
    /// As for [`schema_state`](Self::schema_state); [`NotOwner`](MigrateError::NotOwner) if the role may not,
    /// [`Busy`](MigrateError::Busy) if saves could not be kept out for a minute.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the sequence set or as it was.
    pub async fn repair_entry_order(&self) -> Result<OrderRepair> {
        self.of_schema(async |database| database.repair_entry_order().await)
            .await
    }

    /// The answer of the database; nothing if there is only memory.
    pub(super) async fn of_schema<T: Default>(
        &self,
        ask: impl AsyncFnOnce(&PostgresDatabase) -> std::result::Result<T, MigrateError>,
    ) -> Result<T> {
        let answer = self.asked(ask).await?.transpose();
        Ok(answer.map_err(DatabaseError::Migrate)?.unwrap_or_default())
    }
}
