//! The server on which everything but the original is measured, and its databases.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tasktrail_test_support::{Server, ServerOptions, TestDatabase};
use tokio::process::Command;
use tokio_postgres::{Client, NoTls};

use crate::arguments::Arguments;

/// What the names of variables begin with that the tool reads.
const SETTINGS: [&str; 4] = ["TASKTRAIL_", "DB_", "DATABASE_", "PG"];

/// A private server that writes to its disk, with the settings that PostgreSQL has by default.
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

    /// An empty database.
    pub(crate) fn empty_database(&self) -> TestDatabase {
        TestDatabase::create(&self.server)
    }

    /// A database with our schema and nothing in it.
    pub(crate) async fn database(&self) -> Result<TestDatabase> {
        let database = self.empty_database();
        self.tasktrail(&database, &["migrate"]).await?;
        Ok(database)
    }

    /// What the tool answers, with `--format json`.
    pub(crate) async fn tasktrail(&self, database: &TestDatabase, args: &[&str]) -> Result<Value> {
        let answer = run(self.tool(database).args(args)).await?;
        serde_json::from_str(&answer).context("the answer of tasktrail is not JSON")
    }

    /// A call of the tool.
    pub(crate) fn tool(&self, database: &TestDatabase) -> Command {
        let mut command = Command::new(&self.tool);
        command.args(["--format", "json", "--database-url", &database.url()]);
        // What else the environment says is not what is measured.
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

    /// Takes all rows out of the tables, so that each measurement finds the same.
    pub(crate) async fn truncate(&self, database: &TestDatabase, tables: &str) -> Result<()> {
        let client = client(database).await?;
        client
            .batch_execute(&format!("TRUNCATE {tables}"))
            .await
            .with_context(|| format!("cannot empty {tables}"))
    }

    /// Writes what earlier measurements have left to be written.
    pub(crate) async fn checkpoint(&self) -> Result<()> {
        let database = self.empty_database();
        Ok(client(&database).await?.batch_execute("CHECKPOINT").await?)
    }

    /// The version of the server.
    pub(crate) async fn version(&self) -> Result<String> {
        let database = self.empty_database();
        let row = client(&database)
            .await?
            .query_one("SHOW server_version", &[])
            .await?;
        Ok(row.try_get(0)?)
    }
}

/// A connection to a database.
pub(crate) async fn client(database: &TestDatabase) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(&database.url(), NoTls).await?;
    // It ends with the client; what goes wrong there, the client is told, too.
    tokio::spawn(connection);
    Ok(client)
}

/// Runs a program to its end, and gives what it wrote to its standard output.
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
        let told = String::from_utf8_lossy(&output.stderr);
        bail!("{name}: {}\n{}", output.status, told.trim_end());
    }
    Ok(String::from_utf8(output.stdout)?)
}
