//! Opens the database of a command.

use std::time::Duration;

use tasktrail::resilience::{ResilienceConfig, RetryConfig, TimeoutConfig};
use tasktrail::{
    ConfigError, ConfigSources, DatabaseConfig, DatabaseError, DatabaseManager, MigrateError,
    SchemaState,
};

use crate::args::Global;
use crate::failure::Failure;
use crate::output::note;

/// Commands are mostly sequential: one connection is usually enough, with a few more on demand.
const MIN_CONNECTIONS: u32 = 1;
const MAX_CONNECTIONS: u32 = 4;

/// Opens the configured database without changing its schema. Fails if the database may contain a
/// different store than the intended one, with the same checks as `migrate` and `import`.
pub(crate) async fn open(global: &Global) -> Result<DatabaseManager, Failure> {
    Ok(open_and_inspect(global).await?.0)
}

/// Opens the configured database as [`open`] does. Fails if the schema has no store.
pub(crate) async fn open_store(global: &Global) -> Result<DatabaseManager, Failure> {
    match open_and_inspect(global).await? {
        (_, Some(state)) if state.applied.is_empty() => {
            Err(Failure::error(no_store(&schema(global)?, &state)))
        }
        (manager, _) => Ok(manager),
    }
}

/// Runs `work` on the configured store. If the store fails and migrations are pending, the failure
/// reports the pending migrations instead.
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

/// Opens the database and reads the state of its schema. The state is `None` if the role may not
/// read the table of migrations.
async fn open_and_inspect(
    global: &Global,
) -> Result<(DatabaseManager, Option<SchemaState>), Failure> {
    let manager = manager(global, |config| {
        config.with_resilience(resilience(QUERY_RETRIES))
    })?;
    manager.init_connection_pool().await?;
    match manager.schema_state().await {
        Ok(state) => Ok((manager, Some(state))),
        // The migrations are read last, after all other checks have passed.
        Err(DatabaseError::Migrate(MigrateError::Query(_))) => Ok((manager, None)),
        Err(refused) => Err(refused.into()),
    }
}

fn no_store(schema: &str, state: &SchemaState) -> String {
    let others = state.other_stores.join(", ");
    if others.is_empty() {
        return format!("schema {schema} has no store: run tasktrail migrate");
    }
    format!(
        "schema {schema} has no store, but other schemas have one: {others}; set `schema` (--schema, \
         TASKTRAIL_SCHEMA) to one of these, or run tasktrail migrate"
    )
}

/// Opens the configured database and migrates its schema. Prints a note on standard error if that
/// changed something, so that a mistyped schema name does not create a store unnoticed.
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
            "{verb} the store in schema {schema} of {address} ({count})"
        ));
    }
    Ok(manager)
}

/// Creates the manager of the configured database, after applying `change` to its settings. Does
/// not connect yet.
pub(crate) fn manager(
    global: &Global,
    change: impl FnOnce(DatabaseConfig) -> DatabaseConfig,
) -> Result<DatabaseManager, Failure> {
    let config = config(global)?.with_connections(MIN_CONNECTIONS, MAX_CONNECTIONS)?;
    tracing::info!(address = config.address(), "connecting");
    let config = config
        .with_resilience(resilience(WORK_RETRIES))
        .with_postgres(|postgres| postgres.with_statement_timeout(LONG_TIMEOUT));
    let manager = DatabaseManager::new(change(config));
    global.interrupt.close_on_signal(&manager);
    Ok(manager)
}

/// A query gives up after about 10 s if the store fails immediately. An import survives a failover.
const QUERY_RETRIES: u32 = 14;
const WORK_RETRIES: u32 = 100;

/// Time limit of counts and cleanups.
const LONG_TIMEOUT: Duration = Duration::from_secs(3600);

/// Longer time limits than those of a service: a line of an import can be 64 MiB long, a count or a
/// cleanup can process a history of any size, and the user can interrupt the tool.
fn resilience(max_retries: u32) -> ResilienceConfig {
    ResilienceConfig::default()
        .with_retry(
            RetryConfig::default()
                .with_max_retries(max_retries)
                .with_max_elapsed_time(Duration::from_secs(300)),
        )
        .with_timeout(
            TimeoutConfig::default()
                .with_attempt(Duration::from_secs(120))
                .with_long_attempt(LONG_TIMEOUT),
        )
}

/// Loads the configuration of the database.
pub(crate) fn config(global: &Global) -> Result<DatabaseConfig, Failure> {
    sources(global)
        .load()
        .map_err(|error| Failure::Usage(describe(&error)))
}

/// The schema of the store. The location of the database may be missing from the configuration.
pub(crate) fn schema(global: &Global) -> Result<String, Failure> {
    if let Some(schema) = &global.schema {
        return Ok(schema.clone());
    }
    let loaded = match sources(global).load() {
        // Complete the configuration with an arbitrary location.
        Err(error) if error.names_no_database() => {
            sources(global).set("url", "postgres://localhost").load()
        }
        loaded => loaded,
    };
    let config = loaded.map_err(|error| Failure::Usage(describe(&error)))?;
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

/// All problems of a configuration, on one line.
fn describe(error: &ConfigError) -> String {
    if error.names_no_database() {
        return "no database is configured: pass --database-url URL or --config FILE, or set \
                DATABASE_URL, or set DB_HOST, DB_NAME and DB_USER (`tasktrail demo` and `tasktrail \
                import --in-memory` need no database)"
            .to_owned();
    }
    let problems: Vec<_> = error.problems().iter().map(ToString::to_string).collect();
    problems.join("; ")
}

/// Returns the failure of a command, or a failure that reports pending migrations as the cause.
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
        // The original failure is more useful than the second one.
        Err(_) => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resilience_settings_are_valid() {
        assert_eq!(resilience(QUERY_RETRIES).problems(), []);
        assert_eq!(resilience(WORK_RETRIES).problems(), []);
    }
}
