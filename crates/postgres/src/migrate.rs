//! The schema: embedded migrations, run by one process at a time.

mod account;
mod migrating;
mod neighbourhood;
mod permission;
mod plan;
mod scripts;
mod sql;
mod status;

use std::time::Duration;

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use tasktrail_postgres_client::advisory_lock::{self, lock_within};
use tasktrail_postgres_client::config::StoreSchema;
use tasktrail_postgres_client::connection::Connector;

use self::account::{Applied, applied};
pub(crate) use self::migrating::Migrating;
use self::neighbourhood::Neighbourhood;
pub use self::plan::{MigrationPlan, MigrationTarget, PlannedMigration};
use self::scripts::MIGRATIONS;
use self::sql::Ground;
use self::status::statuses;
pub use self::status::{MigrationState, MigrationStatus};
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
    /// The schemas of the database that hold other stores, in the order of their names. Empty in a
    /// [`ServerHealth`](crate::ServerHealth), which looks at one schema.
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
    Ok(Site::look(connector).await?.state())
}

/// Every migration, and how it stands in the database. Changes and locks nothing.
pub(crate) async fn list(connector: &Connector) -> Result<Vec<MigrationStatus>, MigrateError> {
    Ok(statuses(&MIGRATIONS, Site::look(connector).await?.applied))
}

/// What it takes to get there, as things stand. Changes and locks nothing.
pub(crate) async fn plan(
    connector: &Connector,
    target: &MigrationTarget,
) -> Result<MigrationPlan, MigrateError> {
    let site = Site::look(connector).await?;
    let plan = MigrationPlan::choose(&MIGRATIONS, &site.state(), target)?;
    Ok(plan.on(site.ground()))
}

/// Does what is planned and still to be done, and tells the versions that were.
pub(crate) async fn carry_out(
    connector: &Connector,
    plan: &MigrationPlan,
    migrating: &Migrating,
) -> Result<Vec<String>, MigrateError> {
    run(Site::look(connector).await?, plan, connector, migrating).await
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
    let site = Site::look(connector).await?;
    let plan = MigrationPlan::choose(&MIGRATIONS, &site.state(), target)?;
    run(site, &plan, connector, migrating).await
}

/// The lock ends with the connection, which ends here.
async fn run(
    mut site: Site,
    plan: &MigrationPlan,
    connector: &Connector,
    migrating: &Migrating,
) -> Result<Vec<String>, MigrateError> {
    let mut versions = Vec::new();
    let plan = plan.clone().on(site.ground());
    if plan.is_empty() {
        if !plan.is_down() && site.around.may_take_over() {
            site.lock(migrating).await?;
            site.look_again().await?;
            site.take_over().await?;
        }
    } else {
        permission::demand(&site.around, &plan)?;
        site.lock(migrating).await?;
        site.look_again().await?;
        let left = plan.left(&site.state())?.on(site.ground());
        let _running = migrating.begin(&site.connection, connector)?;
        let applied = site.apply(&left).await;
        versions = applied.map_err(|failed| migrating.judge(failed))?;
    }
    if !plan.is_down() {
        entry_order::demand(&mut site.connection).await?;
    }
    Ok(versions)
}
/// A connection in the schema of the store, and what it found there and around it.
struct Site {
    connection: AsyncPgConnection,
    schema: StoreSchema,
    around: Neighbourhood,
    applied: Vec<Applied>,
}

impl Site {
    async fn look(connector: &Connector) -> Result<Self, MigrateError> {
        Self::look_within(connector, Duration::ZERO).await
    }

    /// The server works no longer than `limit` on a statement; zero for no limit.
    async fn look_within(connector: &Connector, limit: Duration) -> Result<Self, MigrateError> {
        let opened = connector.open_alone(limit).await;
        let mut connection = opened.map_err(MigrateError::Connect)?;
        let schema = connector.config().store_schema().clone();
        let (around, applied) = look(&mut connection, &schema).await?;
        Ok(Self {
            connection,
            schema,
            around,
            applied,
        })
    }

    /// After another process may have migrated.
    async fn look_again(&mut self) -> Result<(), MigrateError> {
        (self.around, self.applied) = look(&mut self.connection, &self.schema).await?;
        Ok(())
    }

    fn state(&self) -> SchemaState {
        SchemaState {
            other_stores: self.around.other_stores.clone(),
            ..SchemaState::of(&self.applied)
        }
    }

    fn ground(&self) -> Ground {
        Ground {
            schema: self.schema.clone(),
            lacks_schema: !self.around.has_schema,
            lacks_account: !self.around.has_account,
            is_legacy: self.around.is_legacy(),
            may_strike_legacy: self.around.may_strike_legacy(),
        }
    }

    /// Waits for other processes that migrate, until the database is closed.
    async fn lock(&mut self, migrating: &Migrating) -> Result<(), MigrateError> {
        let number = lock_number(&self.schema);
        let locked = tokio::select! {
            locked = lock_within(&mut self.connection, number, PATIENCE) => locked,
            () = migrating.closing() => return Err(MigrateError::Closed),
        };
        if locked.map_err(unread)? {
            Ok(())
        } else {
            Err(MigrateError::Locked(PATIENCE))
        }
    }

    async fn apply(&mut self, plan: &MigrationPlan) -> Result<Vec<String>, MigrateError> {
        let mut versions = Vec::new();
        for (script, batches) in plan.batches() {
            for batch in batches {
                let done = self.connection.batch_execute(&batch).await;
                done.map_err(|error| MigrateError::Migration(script.failed(error).into()))?;
            }
            versions.push(script.version());
        }
        Ok(versions)
    }

    /// Moves the account of the migrations into our table, unless another process did.
    async fn take_over(&mut self) -> Result<(), MigrateError> {
        if !self.around.may_take_over() {
            return Ok(());
        }
        let takeover = self.ground().takeover();
        let done = self.connection.batch_execute(&takeover).await;
        done.map_err(|error| MigrateError::Migration(error.into()))
    }
}

/// Looks, and refuses a place where the store cannot or must not be. All of it at one instant: tables that another
/// process is making or removing must not look foreign.
async fn look(
    connection: &mut AsyncPgConnection,
    schema: &StoreSchema,
) -> Result<(Neighbourhood, Vec<Applied>), MigrateError> {
    let (around, applied, admitted) = survey(connection, schema).await?;
    admitted?;
    Ok((around, applied))
}

/// What there is, and whether the store may be there. The connection is in no transaction afterwards.
async fn survey(
    connection: &mut AsyncPgConnection,
    schema: &StoreSchema,
) -> Result<(Neighbourhood, Vec<Applied>, Result<(), MigrateError>), MigrateError> {
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ";
    connection.batch_execute(begin).await.map_err(unread)?;
    let around = Neighbourhood::of(connection, schema).await;
    let around = around.map_err(unread)?;
    let mut admitted = around.admit_database(schema);
    let read = applied(connection).await.map_err(unread);
    let applied = if admitted.is_ok() {
        let applied = read?;
        let is_migrated = !applied.is_empty();
        admitted = around.admit_tables(connection, schema, is_migrated).await;
        applied
    } else {
        // The refusal is the answer, also for a role that may not read the account.
        read.unwrap_or_default()
    };
    connection.batch_execute("COMMIT").await.map_err(unread)?;
    Ok((around, applied, admitted))
}

/// A connection to look at the store, unless the store cannot or must not be there.
pub(crate) async fn open_admitted(
    connector: &Connector,
    limit: Duration,
) -> Result<AsyncPgConnection, MigrateError> {
    Ok(Site::look_within(connector, limit).await?.connection)
}

/// The number of the lock that whoever migrates this schema holds.
fn lock_number(schema: &StoreSchema) -> i64 {
    advisory_lock::of_schema(LOCK, schema.name())
}

pub(crate) fn unread(error: diesel::result::Error) -> MigrateError {
    MigrateError::Query(error.into())
}

/// What the schema is, and what every migration refuses the place of the store for.
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
