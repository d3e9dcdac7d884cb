//! Migrations of the schema. They are embedded, and one process at a time applies them.

mod bootstrap;
mod environment;
mod migrating;
mod migrations_table;
mod permission;
mod plan;
mod scripts;
mod site;
mod sql;
mod status;

use std::time::Duration;

use diesel_async::AsyncPgConnection;
use tasktrail_postgres_client::advisory_lock;
use tasktrail_postgres_client::config::StoreSchema;
use tasktrail_postgres_client::connection::Connector;

pub(crate) use self::migrating::Migrating;
use self::migrations_table::Applied;
pub use self::plan::{MigrationPlan, MigrationTarget, PlannedMigration};
use self::scripts::MIGRATIONS;
use self::site::{Site, survey};
use self::status::statuses;
pub use self::status::{MigrationState, MigrationStatus};
use crate::entry_order;
use crate::error::MigrateError;
use crate::schema_check::{self, SchemaDifference};

/// Key of the advisory lock: the bytes of "tasktrai".
const LOCK: i64 = 0x7461_736b_7472_6169;

/// Which migrations a database has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SchemaState {
    /// Versions that are applied, oldest first.
    pub applied: Vec<String>,
    /// Versions of this program that are not applied, oldest first.
    pub pending: Vec<String>,
    /// Versions that are applied but unknown to this program, oldest first. A newer version of the
    /// program has migrated the database.
    pub unknown: Vec<String>,
    /// Other schemas of the database that contain stores, ordered by name. Always empty in a
    /// [`ServerHealth`](crate::ServerHealth), which checks only one schema.
    pub other_stores: Vec<String>,
}

impl SchemaState {
    fn of(applied: &[Applied]) -> Self {
        let applied: Vec<String> = applied.iter().map(|row| row.version.clone()).collect();
        let known: Vec<String> = MIGRATIONS.iter().map(scripts::Script::version).collect();
        let beyond = |list: &[String], other: &[String]| -> Vec<String> {
            let missing = list.iter().filter(|version| !other.contains(version));
            missing.cloned().collect()
        };
        Self {
            pending: beyond(&known, &applied),
            unknown: beyond(&applied, &known),
            applied,
            other_stores: Vec::new(),
        }
    }

    /// Returns whether no migration is pending.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.pending.is_empty()
    }

    /// Returns the newest version that is applied.
    #[must_use]
    pub fn found(&self) -> Option<&str> {
        self.applied.last().map(String::as_str)
    }

    /// Returns the newest version that this program knows.
    #[must_use]
    pub fn expected(&self) -> Option<&str> {
        let known = |version: &&String| !self.unknown.contains(version);
        let applied = self.applied.iter().filter(known);
        applied.chain(&self.pending).max().map(String::as_str)
    }
}

/// Reads the state of the schema. Takes no locks and changes nothing.
pub(crate) async fn state(connector: &Connector) -> Result<SchemaState, MigrateError> {
    Ok(Site::look(connector).await?.state())
}

/// Lists every migration with its state. Takes no locks and changes nothing.
pub(crate) async fn list(connector: &Connector) -> Result<Vec<MigrationStatus>, MigrateError> {
    Ok(statuses(&MIGRATIONS, Site::look(connector).await?.applied))
}

/// Plans how to reach the target. Takes no locks and changes nothing.
pub(crate) async fn plan(
    connector: &Connector,
    target: &MigrationTarget,
) -> Result<MigrationPlan, MigrateError> {
    let site = Site::look(connector).await?;
    let plan = MigrationPlan::choose(&MIGRATIONS, &site.state(), target)?;
    Ok(plan.on(site.bootstrap()))
}

/// Carries out what remains of a plan, and returns the versions that were applied or reverted.
pub(crate) async fn carry_out(
    connector: &Connector,
    plan: &MigrationPlan,
    migrating: &Migrating,
) -> Result<Vec<String>, MigrateError> {
    run(Site::look(connector).await?, plan, connector, migrating).await
}

/// Migrates to the target, and returns the versions that were applied or reverted.
///
/// If nothing is to be done, this only reads: it runs no DDL and takes no lock. Otherwise one
/// process at a time migrates, and the others wait for it and then find nothing to do.
pub(crate) async fn reach(
    connector: &Connector,
    target: &MigrationTarget,
    migrating: &Migrating,
) -> Result<Vec<String>, MigrateError> {
    let site = Site::look(connector).await?;
    let plan = MigrationPlan::choose(&MIGRATIONS, &site.state(), target)?;
    run(site, &plan, connector, migrating).await
}

/// The lock is released with the site, at the end of this function.
async fn run(
    mut site: Site,
    plan: &MigrationPlan,
    connector: &Connector,
    migrating: &Migrating,
) -> Result<Vec<String>, MigrateError> {
    let mut versions = Vec::new();
    let plan = plan.clone().on(site.bootstrap());
    if plan.is_empty() {
        if !plan.is_down() && site.around.may_take_over() {
            site.lock(connector, migrating).await?;
            site.look_again().await?;
            site.take_over().await?;
        }
    } else {
        permission::demand(&site.around, &plan)?;
        site.lock(connector, migrating).await?;
        site.look_again().await?;
        let left = plan.left(&site.state())?.on(site.bootstrap());
        let _running = migrating.begin(&site.connection, connector)?;
        let applied = site.apply(&left).await;
        versions = applied.map_err(|failed| migrating.judge(failed))?;
    }
    if !plan.is_down() {
        entry_order::demand(&mut site.connection).await?;
    }
    Ok(versions)
}

/// Returns the differences between the tables and the expected ones. `limit` is the statement
/// timeout on the server, which also applies to waiting for locks; zero means no timeout.
///
/// # Errors
///
/// [`MigrateError`] if the database cannot be reached or read, or must not be used for the store.
pub async fn schema_differences(
    connector: &Connector,
    limit: Duration,
) -> Result<Vec<SchemaDifference>, MigrateError> {
    let mut connection = open_admitted(connector, limit).await?;
    schema_check::differences(&mut connection).await
}

/// Opens a connection to read the store, if the store may be here.
async fn open_admitted(
    connector: &Connector,
    limit: Duration,
) -> Result<AsyncPgConnection, MigrateError> {
    Ok(Site::look_within(connector, limit).await?.connection)
}

/// The key of the lock for migrating this schema.
fn lock_number(schema: &StoreSchema) -> i64 {
    advisory_lock::of_schema(LOCK, schema.name())
}

/// Reads the state, and the reason why the store must not be here, if there is one.
pub(crate) async fn read_state(
    connection: &mut AsyncPgConnection,
    schema: &StoreSchema,
) -> Result<(SchemaState, Option<MigrateError>), MigrateError> {
    let (_around, applied, admitted) = survey(connection, schema).await?;
    match admitted {
        Err(error @ MigrateError::Query(_)) => Err(error),
        admitted => Ok((SchemaState::of(&applied), admitted.err())),
    }
}
