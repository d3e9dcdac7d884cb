//! The schema: embedded migrations, run by one process at a time.

mod migrating;
mod permission;
mod plan;
mod scripts;
mod sql;
mod status;

use std::time::Duration;

use diesel::migration::Migration;
use diesel::pg::Pg;
use diesel_async::{AsyncMigrationHarness, AsyncPgConnection};
use diesel_migrations::MigrationHarness;

pub(crate) use self::migrating::Migrating;
pub use self::plan::{MigrationPlan, MigrationTarget, PlannedMigration};
use self::scripts::MIGRATIONS;
pub use self::status::{MigrationState, MigrationStatus};
use self::status::{applied, statuses};
use crate::advisory_lock::lock_within;
use crate::connection::Connector;
use crate::entry_order;
use crate::error::MigrateError;

/// Names the advisory lock: the bytes of "tasktrai".
const LOCK: i64 = 0x7461_736b_7472_6169;

/// How long to wait for another process that migrates.
const PATIENCE: Duration = Duration::from_secs(300);

/// The state of a database's schema.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SchemaState {
    /// The versions that have been applied, the oldest first.
    pub applied: Vec<String>,
    /// The versions that this program has and the database has not, the oldest first.
    pub pending: Vec<String>,
    /// The versions that have been applied and that this program does not know, the oldest first: a
    /// newer program has migrated the database.
    pub unknown: Vec<String>,
}

impl SchemaState {
    /// Whether nothing is pending.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.pending.is_empty()
    }

    /// The newest version that the database has.
    #[must_use]
    pub fn found(&self) -> Option<&str> {
        self.applied.last().map(String::as_str)
    }

    /// The newest version that this program has.
    #[must_use]
    pub fn expected(&self) -> Option<&str> {
        let known = |version: &&String| !self.unknown.contains(version);
        let applied = self.applied.iter().filter(known);
        applied.chain(&self.pending).max().map(String::as_str)
    }
}

/// What the schema is, without changing or locking anything.
pub(crate) async fn state(connector: &Connector) -> Result<SchemaState, MigrateError> {
    read_state(&mut connect(connector).await?).await
}

/// Every migration, and how it stands in the database. Changes and locks nothing.
pub(crate) async fn list(connector: &Connector) -> Result<Vec<MigrationStatus>, MigrateError> {
    let mut connection = connect(connector).await?;
    let applied = applied(&mut connection).await.map_err(unread)?;
    Ok(statuses(&MIGRATIONS, applied))
}

/// What it takes to get there, as things stand. Changes and locks nothing.
pub(crate) async fn plan(
    connector: &Connector,
    target: &MigrationTarget,
) -> Result<MigrationPlan, MigrateError> {
    let state = state(connector).await?;
    MigrationPlan::choose(&MIGRATIONS, &state, target)
}

/// Does what is planned and still to be done, and tells the versions that were.
pub(crate) async fn carry_out(
    connector: &Connector,
    plan: &MigrationPlan,
    migrating: &Migrating,
) -> Result<Vec<String>, MigrateError> {
    if plan.is_empty() {
        return Ok(Vec::new());
    }
    run(connect(connector).await?, plan, connector, migrating).await
}

/// Gets there, and tells the versions that it took.
///
/// Where nothing is to be done the schema is only looked at: no DDL runs and no lock is taken. Else
/// one process at a time migrates, and the others wait for it and find nothing left to do.
pub(crate) async fn reach(
    connector: &Connector,
    target: &MigrationTarget,
    migrating: &Migrating,
) -> Result<Vec<String>, MigrateError> {
    let mut connection = connect(connector).await?;
    let state = read_state(&mut connection).await?;
    let plan = MigrationPlan::choose(&MIGRATIONS, &state, target)?;
    if plan.is_empty() {
        entry_order::demand(&mut connection).await?;
        return Ok(Vec::new());
    }
    run(connection, &plan, connector, migrating).await
}

/// The lock ends with the connection, which ends here.
async fn run(
    mut connection: AsyncPgConnection,
    plan: &MigrationPlan,
    connector: &Connector,
    migrating: &Migrating,
) -> Result<Vec<String>, MigrateError> {
    permission::demand(&mut connection, plan).await?;
    tokio::select! {
        locked = lock(&mut connection) => locked?,
        () = migrating.closing() => return Err(MigrateError::Closed),
    }
    let plan = plan.left(&read_state(&mut connection).await?)?;
    let running = migrating.begin(&connection, connector)?;
    // A thread of its own: the harness blocks. It goes on when this future is dropped.
    let running = tokio::task::spawn_blocking(move || {
        let _running = running;
        run_blocking(connection, &plan)
    });
    let migrated = match running.await {
        Ok(migrated) => migrated.map_err(MigrateError::Migration),
        Err(panicked) => Err(MigrateError::Migration(panicked.into())),
    };
    migrated.map_err(|failed| migrating.judge(failed))
}

fn run_blocking(
    connection: AsyncPgConnection,
    plan: &MigrationPlan,
) -> diesel::migration::Result<Vec<String>> {
    let mut harness = AsyncMigrationHarness::new(connection);
    // Makes the table of migrations if it is not there.
    harness.applied_migrations()?;
    let mut versions = Vec::new();
    for script in plan.scripts() {
        let script: &dyn Migration<Pg> = script;
        let version = if plan.is_down() {
            harness.revert_migration(script)?
        } else {
            harness.run_migration(script)?
        };
        versions.push(version.to_string());
    }
    Ok(versions)
}

async fn connect(connector: &Connector) -> Result<AsyncPgConnection, MigrateError> {
    let opened = connector.open_alone(Duration::ZERO).await;
    opened.map_err(MigrateError::Connect)
}

async fn lock(connection: &mut AsyncPgConnection) -> Result<(), MigrateError> {
    if lock_within(connection, LOCK, PATIENCE)
        .await
        .map_err(unread)?
    {
        Ok(())
    } else {
        Err(MigrateError::Locked(PATIENCE))
    }
}

pub(crate) fn unread(error: diesel::result::Error) -> MigrateError {
    MigrateError::Query(error.into())
}

pub(crate) async fn read_state(
    connection: &mut AsyncPgConnection,
) -> Result<SchemaState, MigrateError> {
    let applied = applied(connection).await.map_err(unread)?;
    let applied: Vec<String> = applied.into_iter().map(|row| row.version).collect();
    let known: Vec<String> = MIGRATIONS.iter().map(scripts::Script::version).collect();
    let beyond = |list: &[String], other: &[String]| -> Vec<String> {
        let missing = list.iter().filter(|version| !other.contains(version));
        missing.cloned().collect()
    };
    Ok(SchemaState {
        pending: beyond(&known, &applied),
        unknown: beyond(&applied, &known),
        applied,
    })
}
