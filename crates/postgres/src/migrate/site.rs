//! Connects to a store to migrate it, and reads its state first.

use std::time::Duration;

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use tasktrail_postgres_client::advisory_lock::{HeldLock, hold};
use tasktrail_postgres_client::config::StoreSchema;
use tasktrail_postgres_client::connection::Connector;

use super::bootstrap::{Bootstrap, LockedBy};
use super::environment::Environment;
use super::migrating::Migrating;
use super::migrations_table::{Applied, applied};
use super::plan::MigrationPlan;
use super::{SchemaState, lock_number};
use crate::error::{MigrateError, unread};

/// How long to wait for another process that is migrating.
const LOCK_TIMEOUT: Duration = Duration::from_secs(300);

/// A connection in the schema of the store, with the state of the schema and its surroundings.
pub(super) struct Site {
    pub(super) connection: AsyncPgConnection,
    schema: StoreSchema,
    pub(super) around: Environment,
    pub(super) applied: Vec<Applied>,
    /// `None` until the store is locked.
    lock: Option<HeldLock>,
}

impl Site {
    pub(super) async fn look(connector: &Connector) -> Result<Self, MigrateError> {
        Self::look_within(connector, Duration::ZERO).await
    }

    /// `limit` is the statement timeout on the server; zero means none.
    pub(super) async fn look_within(
        connector: &Connector,
        limit: Duration,
    ) -> Result<Self, MigrateError> {
        let opened = connector.open_alone(limit).await;
        let mut connection = opened.map_err(MigrateError::Connect)?;
        let schema = connector.config().store_schema().clone();
        let (around, applied) = look(&mut connection, &schema).await?;
        Ok(Self {
            connection,
            schema,
            around,
            applied,
            lock: None,
        })
    }

    /// Reads the state again, because another process may have migrated in between.
    pub(super) async fn look_again(&mut self) -> Result<(), MigrateError> {
        (self.around, self.applied) = look(&mut self.connection, &self.schema).await?;
        Ok(())
    }

    pub(super) fn state(&self) -> SchemaState {
        SchemaState {
            other_stores: self.around.other_stores.clone(),
            ..SchemaState::of(&self.applied)
        }
    }

    pub(super) fn bootstrap(&self) -> Bootstrap {
        Bootstrap {
            schema: self.schema.clone(),
            lacks_schema: !self.around.has_schema,
            lacks_migrations_table: !self.around.has_migrations_table,
            is_legacy: self.around.is_legacy(),
            may_delete_legacy: self.around.may_delete_legacy(),
        }
    }

    /// Waits for other processes that migrate, or until the database is closed.
    pub(super) async fn lock(
        &mut self,
        connector: &Connector,
        migrating: &Migrating,
    ) -> Result<(), MigrateError> {
        let number = lock_number(&self.schema);
        let locked = tokio::select! {
            locked = hold(connector, &mut self.connection, number, LOCK_TIMEOUT) => locked,
            () = migrating.closing() => return Err(MigrateError::Closed),
        };
        self.lock = locked.map_err(MigrateError::Query)?;
        match self.lock {
            Some(_) => Ok(()),
            None => Err(MigrateError::Locked(LOCK_TIMEOUT)),
        }
    }

    fn locked(&self) -> LockedBy {
        match &self.lock {
            Some(lock) if lock.is_elsewhere() => LockedBy::OtherConnection,
            _ => LockedBy::Statement,
        }
    }

    pub(super) async fn apply(
        &mut self,
        plan: &MigrationPlan,
    ) -> Result<Vec<String>, MigrateError> {
        let mut versions = Vec::new();
        for (script, batches) in plan.batches(self.locked()) {
            if let Some(lock) = &mut self.lock {
                lock.check().await.map_err(unread)?;
            }
            for batch in batches {
                let done = self.connection.batch_execute(&batch).await;
                done.map_err(|error| MigrateError::Migration(script.failed(error).into()))?;
            }
            versions.push(script.version());
        }
        Ok(versions)
    }

    /// Copies the applied versions to our table, unless another process has done so.
    pub(super) async fn take_over(&mut self) -> Result<(), MigrateError> {
        if !self.around.may_take_over() {
            return Ok(());
        }
        let takeover = self.bootstrap().takeover(self.locked());
        let done = self.connection.batch_execute(&takeover).await;
        done.map_err(|error| MigrateError::Migration(error.into()))
    }
}

/// Reads the state, and refuses a database or schema that must not be used. It reads a single
/// snapshot, because tables that another process is creating or dropping must not look foreign.
async fn look(
    connection: &mut AsyncPgConnection,
    schema: &StoreSchema,
) -> Result<(Environment, Vec<Applied>), MigrateError> {
    let (around, applied, admitted) = survey(connection, schema).await?;
    admitted?;
    Ok((around, applied))
}

/// Reads the state, and whether the store may be here. Leaves the connection outside of a
/// transaction.
pub(super) async fn survey(
    connection: &mut AsyncPgConnection,
    schema: &StoreSchema,
) -> Result<(Environment, Vec<Applied>, Result<(), MigrateError>), MigrateError> {
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ";
    connection.batch_execute(begin).await.map_err(unread)?;
    let around = Environment::of(connection, schema).await;
    let around = around.map_err(unread)?;
    let mut admitted = around.admit_database(schema);
    let read = applied(connection).await.map_err(unread);
    let applied = if admitted.is_ok() {
        let applied = read?;
        admitted = around.admit_tables(connection, schema, &applied).await;
        applied
    } else {
        // Return the refusal, even if the role may not read the applied versions.
        read.unwrap_or_default()
    };
    connection.batch_execute("COMMIT").await.map_err(unread)?;
    Ok((around, applied, admitted))
}
