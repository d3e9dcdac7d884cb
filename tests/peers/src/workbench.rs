//! The server for all programs except the original, and its databases.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tasktrail_test_support::{Server, ServerOptions, TestDatabase};
use tokio::process::Command;
use tokio_postgres::{Client, NoTls};

use crate::arguments::Arguments;

/// The prefix of the environment variables that the tool reads.
const SETTINGS: [&str; 4] = ["TASKTRAIL_", "DB_", "DATABASE_", "PG"];

/// A private durable server with PostgreSQL's default settings.
#[derive(Debug)]
pub(crate) struct Workbench {
    server: Server,
    tool: PathBuf,
    pub(crate) pgbench: PathBuf,
}

impl Workbench {
    pub(crate) fn start(arguments: &Arguments) -> Result<Self> {
        Ok(Self {
            server: ServerOptions::default().durable().start()?,
            tool: arguments.tool.clone(),
            pgbench: arguments.pgbench.clone(),
        })
    }

    /// Creates an empty database.
    pub(crate) fn empty_database(&self) -> TestDatabase {
        TestDatabase::create(&self.server)
    }

    /// Creates a database with Tasktrail's schema and no data.
    pub(crate) async fn database(&self) -> Result<TestDatabase> {
        let database = self.empty_database();
        self.tasktrail(&database, &["migrate"]).await?;
        Ok(database)
    }

    /// Runs the tool with `--format json`, and returns its output.
    pub(crate) async fn tasktrail(&self, database: &TestDatabase, args: &[&str]) -> Result<Value> {
        let answer = run(self.tool(database).args(args)).await?;
        serde_json::from_str(&answer).context("the output of tasktrail is not JSON")
    }

    /// Returns a command that runs the tool.
    pub(crate) fn tool(&self, database: &TestDatabase) -> Command {
        let mut command = Command::new(&self.tool);
        command.args(["--format", "json", "--database-url", &database.url()]);
        // Other settings in the environment must not affect the measurement.
        for (name, _) in std::env::vars_os() {
            if SETTINGS
                .iter()
                .any(|prefix| name.as_encoded_bytes().starts_with(prefix.as_bytes()))
            {
                command.env_remove(name);
            }
        }
        command
    }

    /// Empties tables, so that each measurement starts with the same state.
    pub(crate) async fn truncate(&self, database: &TestDatabase, tables: &str) -> Result<()> {
        let client = client(database).await?;
        client
            .batch_execute(&format!("TRUNCATE {tables}"))
            .await
            .with_context(|| format!("cannot empty {tables}"))
    }

    /// Makes a checkpoint, so that writes of earlier measurements do not affect the next one.
    pub(crate) async fn checkpoint(&self) -> Result<()> {
        let database = self.empty_database();
        Ok(client(&database).await?.batch_execute("CHECKPOINT").await?)
    }

    /// Returns the version of the server.
    pub(crate) async fn version(&self) -> Result<String> {
        let database = self.empty_database();
        let row = client(&database)
            .await?
            .query_one("SHOW server_version", &[])
            .await?;
        Ok(row.try_get(0)?)
    }
}

/// Connects to a database.
pub(crate) async fn client(database: &TestDatabase) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(&database.url(), NoTls).await?;
    // The task ends with the client, which also gets its errors.
    tokio::spawn(connection);
    Ok(client)
}

/// Runs a program, and returns its standard output.
pub(crate) async fn run(command: &mut Command) -> Result<String> {
    let name = command
        .as_std()
        .get_program()
        .to_string_lossy()
        .into_owned();
    let output = command
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .with_context(|| format!("cannot run {name}"))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!("{name}: {}\n{}", output.status, errors.trim_end());
    }
    Ok(String::from_utf8(output.stdout)?)
}
