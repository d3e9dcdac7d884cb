//! The database that a command works on.

use std::time::Duration;

use tasktrail::resilience::{ResilienceConfig, RetryConfig, TimeoutConfig};
use tasktrail::{
    ConfigError, ConfigSources, DatabaseConfig, DatabaseError, DatabaseManager, MigrateError,
    SchemaState,
};

use crate::args::Global;
use crate::failure::Failure;
use crate::output::note;

/// A tool does one thing after another: one connection, and a few more if need be.
const MIN_CONNECTIONS: u32 = 1;
const MAX_CONNECTIONS: u32 = 4;

/// Opens the database that was named, and leaves its schema alone. Refuses the database if its store may not be
/// the one that is meant: each command refuses what `migrate` and `import` refuse.
pub(crate) async fn open(global: &Global) -> Result<DatabaseManager, Failure> {
    Ok(looked_at(global).await?.0)
}

/// Opens the database that was named, as [`open`] does, and refuses one that has no store in the schema.
pub(crate) async fn open_store(global: &Global) -> Result<DatabaseManager, Failure> {
    match looked_at(global).await? {
        (_, Some(state)) if state.applied.is_empty() => {
            Err(Failure::error(no_store(&schema(global)?, &state)))
        }
        (manager, _) => Ok(manager),
    }
}

/// Does something on the store that was named. Where the store fails, migrations that are pending explain it.
pub(crate) async fn with_store(
    global: &Global,
    work: impl AsyncFnOnce(&DatabaseManager) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let manager = open_store(global).await?;
    match work(&manager).await {
        Ok(()) => Ok(()),
        Err(failure) => Err(explain(&manager, failure).await),
    }
}

/// The database, and its schema where the role may read the list of migrations.
async fn looked_at(global: &Global) -> Result<(DatabaseManager, Option<SchemaState>), Failure> {
    let manager = manager(global, |config| {
        config.with_resilience(patience(QUERY_RETRIES))
    })?;
    manager.init_connection_pool().await?;
    match manager.schema_state().await {
        Ok(state) => Ok((manager, Some(state))),
        // The list is read after everything that may be refused.
        Err(DatabaseError::Migrate(MigrateError::Query(_))) => Ok((manager, None)),
        Err(refused) => Err(refused.into()),
    }
}

fn no_store(schema: &str, state: &SchemaState) -> String {
    let others = state.other_stores.join(", ");
    if others.is_empty() {
        return format!("the schema {schema} has no store: run tasktrail migrate");
    }
    format!(
        "the schema {schema} has no store, and stores exist in other schemas: {others}; set `schema` (--schema, \
         TASKTRAIL_SCHEMA) to one of these, or run tasktrail migrate"
    )
}

/// Opens the database that was named, and brings its schema up to date. Says so on standard error where that
/// changed something: a mistyped schema must not become a store without notice.
pub(crate) async fn open_migrated(global: &Global) -> Result<DatabaseManager, Failure> {
    let manager = manager(global, |config| config)?;
    manager.init_connection_pool().await?;
    let applied = manager.init_database_schema().await?;
    tracing::info!(?applied, "the schema is up to date");
    if !applied.is_empty() {
        let is_new = manager.schema_state().await?.applied.len() == applied.len();
        let verb = if is_new { "created" } else { "migrated" };
        let config = config(global)?;
        let (schema, address) = (config.schema(), config.address());
        let count = match applied.len() {
            1 => "1 migration".to_owned(),
            several => format!("{several} migrations"),
        };
        note(format_args!(
            "{verb} the store in the schema {schema} of {address} ({count})"
        ));
    }
    Ok(manager)
}

/// The manager of the database that was named, with a change of its settings; connects to nothing yet.
pub(crate) fn manager(
    global: &Global,
    change: impl FnOnce(DatabaseConfig) -> DatabaseConfig,
) -> Result<DatabaseManager, Failure> {
    let config = config(global)?.with_connections(MIN_CONNECTIONS, MAX_CONNECTIONS)?;
    tracing::info!(address = config.address(), "connecting");
    let config = config
        .with_resilience(patience(WORK_RETRIES))
        .with_postgres(|postgres| postgres.with_statement_timeout(LONGEST));
    let manager = DatabaseManager::new(change(config));
    global.interrupt.closes(&manager);
    Ok(manager)
}

/// A person waits about ten seconds for a store that refuses at once; an import outlasts a failover.
const QUERY_RETRIES: u32 = 14;
const WORK_RETRIES: u32 = 100;

/// How long a history may take to be counted or cleaned up.
const LONGEST: Duration = Duration::from_secs(3600);

/// More patience than a service has: a line of an import may be 64 MiB long, a history that is
/// counted or cleaned up of any size, and a person who has waited long enough ends the tool.
fn patience(max_retries: u32) -> ResilienceConfig {
    ResilienceConfig {
        retry: Some(RetryConfig {
            max_retries,
            max_elapsed_time: Duration::from_secs(300),
            ..RetryConfig::default()
        }),
        timeout: Some(TimeoutConfig {
            attempt: Duration::from_secs(120),
            long_attempt: LONGEST,
        }),
        ..ResilienceConfig::default()
    }
}

/// What was said about the database.
pub(crate) fn config(global: &Global) -> Result<DatabaseConfig, Failure> {
    sources(global)
        .load()
        .map_err(|error| Failure::Usage(words(&error)))
}

/// The schema of the store. No database has to be named.
pub(crate) fn schema(global: &Global) -> Result<String, Failure> {
    if let Some(schema) = &global.schema {
        return Ok(schema.clone());
    }
    let loaded = match sources(global).load() {
        // Any location makes the configuration complete.
        Err(error) if error.names_no_database() => {
            sources(global).set("url", "postgres://localhost").load()
        }
        loaded => loaded,
    };
    let config = loaded.map_err(|error| Failure::Usage(words(&error)))?;
    Ok(config.schema().to_owned())
}

fn sources(global: &Global) -> ConfigSources {
    let mut sources = DatabaseConfig::sources().environment();
    if let Some(file) = global.config.as_ref().filter(|file| !file.is_empty()) {
        sources = sources.file(file);
    }
    if let Some(url) = &global.database_url {
        sources = sources.set_by("--database-url", "url", url.clone());
    }
    if let Some(schema) = &global.schema {
        sources = sources.set_by("--schema", "schema", schema.clone());
    }
    sources
}

/// All that is wrong with a configuration, on one line.
fn words(error: &ConfigError) -> String {
    if error.names_no_database() {
        return "no database is named: give --database-url URL or --config FILE, or set DATABASE_URL, \
                or set DB_HOST, DB_NAME and DB_USER (`tasktrail demo` and `tasktrail import \
                --in-memory` need none)"
            .to_owned();
    }
    let problems: Vec<_> = error.problems().iter().map(ToString::to_string).collect();
    problems.join("; ")
}

/// The failure of a command, or the pending migrations that explain it.
async fn explain(manager: &DatabaseManager, failure: Failure) -> Failure {
    if !failure.is_of_store() {
        return failure;
    }
    match manager.schema_state().await {
        Ok(state) if state.is_current() => failure,
        Ok(state) => Failure::error(format!(
            "the schema is not up to date ({} pending): run tasktrail migrate",
            state.pending.join(", ")
        )),
        // The first failure says more than that its explanation failed as well.
        Err(_) => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patience_is_within_its_bounds() {
        assert_eq!(patience(QUERY_RETRIES).problems(), []);
        assert_eq!(patience(WORK_RETRIES).problems(), []);
    }
}
