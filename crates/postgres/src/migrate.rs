//! The schema: embedded migrations, run by one process at a time.

use std::time::Duration;

use diesel::migration::{Migration, MigrationSource, MigrationVersion};
use diesel::pg::Pg;
use diesel::sql_types::{BigInt, Text};
use diesel::{QueryableByName, define_sql_function};
use diesel_async::{AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::connection::{Connector, Session};
use crate::error::MigrateError;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");

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

/// Applies what is pending, and tells which versions that were.
///
/// A current schema is only looked at: no DDL runs and no lock is taken. Else one process at a
/// time migrates, and the others wait for it and find nothing left to do.
pub(crate) async fn up(connector: &Connector) -> Result<Vec<String>, MigrateError> {
    let mut connection = connect(connector).await?;
    let state = read_state(&mut connection).await?;
    if !state.unknown.is_empty() {
        return Err(MigrateError::Newer(state.unknown));
    }
    if state.is_current() {
        return Ok(Vec::new());
    }
    lock(&mut connection).await?;
    // Ends with the connection, which ends here, and so does the lock.
    run(connection, |harness| {
        harness.run_pending_migrations(MIGRATIONS).map(versions)
    })
    .await
}

/// Undoes every migration, the newest first, and tells which versions that were.
pub(crate) async fn down(connector: &Connector) -> Result<Vec<String>, MigrateError> {
    let mut connection = connect(connector).await?;
    lock(&mut connection).await?;
    run(connection, |harness| {
        harness.revert_all_migrations(MIGRATIONS).map(versions)
    })
    .await
}

async fn connect(connector: &Connector) -> Result<AsyncPgConnection, MigrateError> {
    let session = Session {
        statement_timeout: Duration::ZERO,
    };
    connector
        .open(session)
        .await
        .map_err(|error| MigrateError::Connect(error.into()))
}

/// Asks for the lock again and again instead of waiting inside a statement: a waiting statement
/// holds a snapshot, and a `CREATE INDEX CONCURRENTLY` of the holder would wait for that.
async fn lock(connection: &mut AsyncPgConnection) -> Result<(), MigrateError> {
    let started = tokio::time::Instant::now();
    while started.elapsed() < PATIENCE {
        let locked = diesel::select(pg_try_advisory_lock(LOCK))
            .get_result::<bool>(connection)
            .await
            .map_err(|error| MigrateError::Query(error.into()))?;
        if locked {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err(MigrateError::Locked(PATIENCE))
}

define_sql_function! {
    /// Takes the lock of that number for this session, unless somebody has it.
    fn pg_try_advisory_lock(number: BigInt) -> Bool;
}

type MigrationResult<T> = diesel::migration::Result<T>;

/// Runs migrations on a thread of their own: the harness blocks.
async fn run<F>(connection: AsyncPgConnection, migrate: F) -> Result<Vec<String>, MigrateError>
where
    F: FnOnce(&mut AsyncMigrationHarness<AsyncPgConnection>) -> MigrationResult<Vec<String>>
        + Send
        + 'static,
{
    tokio::task::spawn_blocking(move || migrate(&mut AsyncMigrationHarness::new(connection)))
        .await
        .map_err(|panicked| MigrateError::Migration(panicked.into()))?
        .map_err(MigrateError::Migration)
}

fn versions(migrations: Vec<MigrationVersion<'_>>) -> Vec<String> {
    migrations
        .into_iter()
        .map(|version| version.to_string())
        .collect()
}

#[derive(QueryableByName)]
struct Applied {
    #[diesel(sql_type = Text)]
    version: String,
}

pub(crate) async fn read_state(
    connection: &mut AsyncPgConnection,
) -> Result<SchemaState, MigrateError> {
    let applied = applied(connection)
        .await
        .map_err(|error| MigrateError::Query(error.into()))?;
    let migrations: Vec<Box<dyn Migration<Pg>>> =
        MIGRATIONS.migrations().map_err(MigrateError::Migration)?;
    let mut known: Vec<_> = migrations
        .iter()
        .map(|migration| migration.name().version().to_string())
        .collect();
    known.sort_unstable();
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

async fn applied(connection: &mut AsyncPgConnection) -> diesel::QueryResult<Vec<String>> {
    let exists = "SELECT '__diesel_schema_migrations' AS version \
                  WHERE to_regclass('__diesel_schema_migrations') IS NOT NULL";
    if diesel::sql_query(exists)
        .load::<Applied>(connection)
        .await?
        .is_empty()
    {
        return Ok(Vec::new());
    }
    let versions = "SELECT version FROM __diesel_schema_migrations ORDER BY version";
    let rows: Vec<Applied> = diesel::sql_query(versions).load(connection).await?;
    Ok(rows.into_iter().map(|row| row.version).collect())
}
