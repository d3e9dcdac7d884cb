//! The environment of a benchmark: its own schema in an otherwise empty database.

use std::time::{Duration, Instant};

use tasktrail::repository::ErrorChain;
use tasktrail::resilience::{ResilienceConfig, RetryConfig, TimeoutConfig};
use tasktrail::{
    BenchSchema, DatabaseConfig, DatabaseContents, DatabaseError, DatabaseManager,
    StorageStatistics,
};

use crate::failure::Failure;
use crate::output::{note, quoted};

/// Writers of group commit if the configuration turns it off: the default of the setting.
const DEFAULT_WRITERS: u32 = 2;

/// Timeout of acquiring a connection. With a thousand callers and a slow disk, waits are long.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(120);

/// Timeout for the server to include closed connections in its statistics.
const STATISTICS_TIMEOUT: Duration = Duration::from_secs(5);

/// The schema of a running benchmark.
#[derive(Debug)]
pub(super) struct BenchEnvironment {
    config: DatabaseConfig,
    connections: u32,
    schema: BenchSchema,
    /// Manages the schema and loads the data. Not measured.
    pub(super) manager: DatabaseManager,
}

impl BenchEnvironment {
    /// Creates the schema. Fails if the database is not empty.
    pub(super) async fn create(config: DatabaseConfig, connections: u32) -> Result<Self, Failure> {
        let config = config.with_postgres(|postgres| {
            postgres
                .with_application_name("tasktrail bench")
                .with_statement_timeout(Duration::from_secs(3600))
                .with_acquire_timeout(ACQUIRE_TIMEOUT)
        });
        let config = config.with_resilience(resilience());
        let probe = DatabaseManager::new(config.clone().with_connections(1, 1)?);
        let opened = probe.init_connection_pool().await;
        opened.map_err(explain)?;
        check_is_free(&probe, config.address()).await?;
        let schema = probe.bench_schema().await?;
        let schema = schema.ok_or_else(|| Failure::error("there is no database to measure"))?;
        probe.close().await;
        let config = config.with_postgres(tasktrail::PostgresConfig::in_bench_schema);
        let manager = DatabaseManager::new(config.clone().with_connections(1, 4)?);
        let environment = Self {
            config,
            connections,
            schema,
            manager,
        };
        match environment.manager.init_connection_pool().await {
            Ok(()) => Ok(environment),
            Err(error) => {
                environment.remove().await?;
                Err(error.into())
            }
        }
    }

    /// Recreates the tables, so that they are empty.
    pub(super) async fn clear(&self) -> Result<(), Failure> {
        self.manager.revert_database_schema().await?;
        self.manager.init_database_schema().await?;
        Ok(())
    }

    /// Returns a manager as in a service, with all connections open.
    pub(super) async fn open(&self, group_commit: bool) -> Result<DatabaseManager, Failure> {
        let config = self.config.clone().with_postgres(|postgres| {
            let writers = match (group_commit, postgres.group_commit_writers()) {
                (false, _) => 0,
                (true, 0) => DEFAULT_WRITERS,
                (true, configured) => configured,
            };
            postgres.with_group_commit(writers)
        });
        let config = config.with_connections(self.connections, self.connections)?;
        let manager = DatabaseManager::new(config);
        manager.init_connection_pool().await?;
        Ok(manager)
    }

    pub(super) async fn statistics(&self) -> Result<StorageStatistics, Failure> {
        let statistics = self.manager.storage_statistics().await?;
        statistics.ok_or_else(|| Failure::error("there is no database to measure"))
    }

    /// Waits until the statistics are complete. A closed connection is included after a short
    /// delay.
    pub(super) async fn statistics_when(
        &self,
        complete: impl Fn(&StorageStatistics) -> bool,
    ) -> Result<StorageStatistics, Failure> {
        let began = Instant::now();
        loop {
            let statistics = self.statistics().await?;
            if complete(&statistics) {
                return Ok(statistics);
            }
            if began.elapsed() > STATISTICS_TIMEOUT {
                note("the statistics of the server are incomplete: dead rows may be too low");
                return Ok(statistics);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The version of the server, such as `15.14`.
    pub(super) async fn server(&self) -> Result<String, Failure> {
        let found = self.manager.health().await.database;
        let server = found.and_then(|database| database.server);
        let unknown = || Failure::error("cannot read the version of the server");
        Ok(server.ok_or_else(unknown)?.version)
    }

    /// Removes the schema.
    pub(super) async fn remove(self) -> Result<(), Failure> {
        self.manager.close().await;
        let removed = self.schema.remove().await;
        removed.map_err(|error| DatabaseError::BenchSchema(error).into())
    }
}

/// The policies of a service, with time limits that are long enough for any number of callers.
fn resilience() -> ResilienceConfig {
    ResilienceConfig::default()
        .with_retry(RetryConfig::default().with_max_elapsed_time(ACQUIRE_TIMEOUT * 2))
        .with_timeout(
            TimeoutConfig::default()
                .with_attempt(ACQUIRE_TIMEOUT)
                .with_long_attempt(Duration::from_secs(3600)),
        )
}

async fn check_is_free(probe: &DatabaseManager, address: &str) -> Result<(), Failure> {
    let contents = match probe
        .database_contents()
        .await?
        .unwrap_or(DatabaseContents::Nothing)
    {
        DatabaseContents::Nothing | DatabaseContents::EmptySchema => return Ok(()),
        DatabaseContents::Histories => "histories".to_owned(),
        DatabaseContents::OtherTables { first, count } => {
            let listed = u64::try_from(first.len()).unwrap_or_default();
            let names = first.join(", ");
            match count.saturating_sub(listed) {
                0 => format!("other tables ({names})"),
                more => format!("other tables ({names} and {more} more)"),
            }
        }
        // A newer store: anything may be of value.
        _ => "other data".to_owned(),
    };
    Err(Failure::error(format!(
        "{address} contains {contents}: a benchmark needs an empty database; create one with \
         createdb"
    )))
}

/// Adds the remedy to the error for a database that does not exist.
fn explain(error: DatabaseError) -> Failure {
    let message = ErrorChain(&error).to_string();
    match missing_database(&message) {
        Some(name) => {
            let name = quoted(name);
            Failure::error(format!("{message}: create it with createdb {name}"))
        }
        None => error.into(),
    }
}

/// Extracts the name of the database from the server's error message.
fn missing_database(message: &str) -> Option<&str> {
    let (_, named) = message.split_once("database \"")?;
    let (name, _) = named.split_once("\" does not exist")?;
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resilience_settings_are_valid() {
        assert_eq!(resilience().problems(), []);
    }

    #[test]
    fn missing_database_is_detected_by_the_message_of_the_server() {
        let message = "cannot connect to h:5432/b: FATAL: database \"b\" does not exist";

        assert_eq!(missing_database(message), Some("b"));
        assert_eq!(missing_database("role \"b\" does not exist"), None);
    }
}
