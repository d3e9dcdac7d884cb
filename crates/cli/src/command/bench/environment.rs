//! Where a benchmark works: a schema of its own in a database that holds nothing else.

use std::time::{Duration, Instant};

use tasktrail::repository::ErrorChain;
use tasktrail::resilience::{ResilienceConfig, RetryConfig, TimeoutConfig};
use tasktrail::{
    BenchSchema, DatabaseConfig, DatabaseContents, DatabaseError, DatabaseManager,
    StorageStatistics,
};

use crate::failure::Failure;
use crate::output::{note, quoted};

/// With group commit switched off in the configuration, what it is by default.
const WRITERS: u32 = 2;

/// A thousand callers on a slow disk wait long for one of a few connections.
const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// How long the server may take to report what ended connections have written.
const REPORT: Duration = Duration::from_secs(5);

/// The schema while the benchmark lasts.
#[derive(Debug)]
pub(super) struct BenchEnvironment {
    config: DatabaseConfig,
    connections: u32,
    schema: BenchSchema,
    /// Looks at the schema, empties it and loads it.
    pub(super) manager: DatabaseManager,
}

impl BenchEnvironment {
    /// Takes the database, unless it holds something.
    pub(super) async fn take(config: DatabaseConfig, connections: u32) -> Result<Self, Failure> {
        let config = config.with_postgres(|postgres| {
            postgres
                .with_application_name("tasktrail bench")
                .with_statement_timeout(Duration::from_secs(3600))
                .with_acquire_timeout(LONGEST_WAIT)
        });
        let config = config.with_resilience(patience());
        let visitor = DatabaseManager::new(config.clone().with_connections(1, 1)?);
        let opened = visitor.init_connection_pool().await;
        opened.map_err(explained)?;
        check_is_free(&visitor, config.address()).await?;
        let schema = visitor.bench_schema().await?;
        let schema = schema.ok_or_else(|| Failure::error("there is no database to measure"))?;
        visitor.close().await;
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
                environment.leave().await?;
                Err(error.into())
            }
        }
    }

    /// Tables without a row, as on the first day.
    pub(super) async fn clear(&self) -> Result<(), Failure> {
        self.manager.revert_database_schema().await?;
        self.manager.init_database_schema().await?;
        Ok(())
    }

    /// A manager as a service has it, with all its connections open.
    pub(super) async fn open(&self, group_commit: bool) -> Result<DatabaseManager, Failure> {
        let config = self.config.clone().with_postgres(|postgres| {
            let writers = match (group_commit, postgres.group_commit_writers()) {
                (false, _) => 0,
                (true, 0) => WRITERS,
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

    /// The statistics when they are complete: a connection that has ended reports soon.
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
            if began.elapsed() > REPORT {
                note("the server has not reported all rows in time: dead rows may be told too few");
                return Ok(statistics);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The server's version, such as `15.14`.
    pub(super) async fn server(&self) -> Result<String, Failure> {
        let found = self.manager.health().await.database;
        let server = found.and_then(|database| database.server);
        let silent = || Failure::error("the server does not tell its version");
        Ok(server.ok_or_else(silent)?.version)
    }

    /// Removes all that was made.
    pub(super) async fn leave(self) -> Result<(), Failure> {
        self.manager.close().await;
        let removed = self.schema.remove().await;
        removed.map_err(|error| DatabaseError::BenchSchema(error).into())
    }
}

/// Everything is on as services have it; only the times are long enough for any number of callers.
fn patience() -> ResilienceConfig {
    ResilienceConfig {
        retry: Some(RetryConfig {
            max_elapsed_time: LONGEST_WAIT * 2,
            ..RetryConfig::default()
        }),
        timeout: Some(TimeoutConfig {
            attempt: LONGEST_WAIT,
            long_attempt: Duration::from_secs(3600),
        }),
        ..ResilienceConfig::default()
    }
}

async fn check_is_free(visitor: &DatabaseManager, address: &str) -> Result<(), Failure> {
    let holds = match visitor
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
    };
    Err(Failure::error(format!(
        "{address} holds {holds}: a benchmark works only in a database that holds nothing, which \
         createdb makes"
    )))
}

/// A database that is not there is made with `createdb`.
fn explained(error: DatabaseError) -> Failure {
    let words = ErrorChain(&error).to_string();
    match missing_database(&words) {
        Some(name) => {
            let name = quoted(name);
            Failure::error(format!("{words}: make it with createdb {name}"))
        }
        None => error.into(),
    }
}

/// The name in the server's own words.
fn missing_database(words: &str) -> Option<&str> {
    let (_, named) = words.split_once("database \"")?;
    let (name, _) = named.split_once("\" does not exist")?;
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patience_is_within_its_bounds() {
        assert_eq!(patience().problems(), []);
    }

    #[test]
    fn a_missing_database_is_known_by_the_words_of_the_server() {
        let words = "cannot connect to h:5432/b: FATAL: database \"b\" does not exist";

        assert_eq!(missing_database(words), Some("b"));
        assert_eq!(missing_database("role \"b\" does not exist"), None);
    }
}
