use std::ffi::OsString;

use clap::builder::OsStringValueParser;
use clap::parser::ValueSource;
use clap::{ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use secrecy::SecretString;
use tasktrail::task_history::{TaskId, TaskKey, UserId};

use crate::command::{
    analyze, bench, cancel, cleanup, completions, demo, doctor, explain, export, health, history,
    import, migrate, reindex, serve_metrics, stats, status, tasks,
};
use crate::interrupt::Interrupt;

/// The record of what every task of every user did, step by step.
///
/// Tasktrail keeps the history of tasks in PostgreSQL: each step that was saved, each revision of
/// it, and how each task stands. This tool shows, imports, exports, cancels and cleans up.
#[derive(Debug, Parser)]
#[command(
    name = "tasktrail",
    version,
    max_term_width = 100,
    arg_required_else_help = true
)]
#[command(after_help = "See it at work, without a database:  tasktrail demo")]
#[command(after_long_help = MANUAL)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
    /// The name of the command.
    #[arg(skip)]
    pub(crate) name: String,
}

const MANUAL: &str = "\
Examples:
  tasktrail demo                                  see it at work, without a database
  tasktrail import runs.jsonl.gz --in-memory      check a file, without a database
  export DATABASE_URL=postgres://app@localhost/tasks
  tasktrail migrate                               create the schema, or bring it up to date
  tasktrail import runs.jsonl.gz                  save what the file holds, each line once
  tasktrail export all.jsonl.gz                   write all histories to a file
  tasktrail tasks alice --status failed           the failed tasks of a user
  tasktrail history alice report-7                what one of them did
  tasktrail doctor                                what is wrong with the database

Environment:
  DATABASE_URL  the database, postgres://user:password@host:port/database
  DB_HOST, DB_PORT (5432), DB_NAME, DB_USER, DB_PASSWORD or DB_PASSWORD_FILE
                the same in parts, where DATABASE_URL is not set
  DB_SSL_MODE   disable, prefer (the default), require, verify-ca or verify-full
  TASKTRAIL_CONFIG
                a file that says the same, see --config; variables come before it
  TASKTRAIL_…   any setting; docs/CONFIGURATION.md lists them all
  RUST_LOG      what to log, such as tasktrail_postgres=debug; comes before --verbose
  OTEL_EXPORTER_OTLP_ENDPOINT
                a collector of traces, http://localhost:4318 say, if the tool was built with the feature
                opentelemetry
  NO_COLOR      no colours, also on a terminal

Exit status:
  0  done
  1  an error, told in one line on stderr; or the answer is no: `status` of an unknown task,
     `migrate --check` with migrations pending, `migrate check` of a schema that differs, `health` of an
     unhealthy database, `doctor` with a critical finding
  2  wrong usage, or the configuration is wrong or names no database
  130, 143
     ended by SIGINT (Ctrl-C) or SIGTERM: what was under way was finished or undone, nothing is half done;
     `serve-metrics` ends with 0 then";

/// What every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// The database: postgres://user:password@host:port/database.
    ///
    /// Several hosts may be named, separated by commas. Other users of the machine can see
    /// arguments, so a password is better kept in the environment. Without it, and without
    /// `DATABASE_URL`, the variables `DB_HOST`, `DB_PORT`, `DB_NAME`, `DB_USER` and `DB_PASSWORD` count.
    #[arg(
        long,
        value_name = "URL",
        global = true,
        env = "DATABASE_URL",
        hide_env_values = true
    )]
    #[arg(value_parser = secret)]
    pub(crate) database_url: Option<SecretString>,

    /// A file in TOML or YAML that says where the database is and how to connect to it.
    ///
    /// `--database-url` and the environment come before it. How many connections are kept and how long
    /// calls may take is the tool's own. `docs/CONFIGURATION.md` lists what the file may say.
    // An empty variable counts as not set, so emptiness is no error here.
    #[arg(
        long,
        value_name = "FILE",
        global = true,
        env = "TASKTRAIL_CONFIG",
        hide_env_values = true
    )]
    #[arg(value_parser = OsStringValueParser::new())]
    pub(crate) config: Option<OsString>,

    /// The schema of the store.
    ///
    /// It is `public` unless --schema, the environment, the URL (?schema=NAME) or the file names one. Migrating
    /// creates it if it is missing. A search path that the role, the database or the URL sets has no effect.
    #[arg(
        long,
        value_name = "NAME",
        global = true,
        env = "TASKTRAIL_SCHEMA",
        hide_env_values = true
    )]
    pub(crate) schema: Option<String>,

    /// How to print the answer: tables for people, or one JSON document for programs.
    #[arg(long, value_enum, default_value_t, global = true)]
    pub(crate) format: Format,

    /// Log to stderr what happens; twice (-vv) in detail. `RUST_LOG`, if set, decides instead.
    #[arg(short, long, action = ArgAction::Count, global = true)]
    pub(crate) verbose: u8,

    #[arg(skip)]
    pub(crate) interrupt: Interrupt,
}

/// The task that a command is about.
#[derive(Debug, Args)]
pub(crate) struct TaskArgs {
    /// Whose task.
    user: UserId,

    /// Which task of the user.
    task: TaskId,
}

impl TaskArgs {
    pub(crate) fn key(self) -> TaskKey {
        TaskKey {
            user: self.user,
            task: self.task,
        }
    }
}

/// How answers are printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Tables and sentences for people.
    #[default]
    Table,
    /// One JSON document for programs.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(demo::DemoArgs),
    Import(import::ImportArgs),
    Export(export::ExportArgs),
    #[command(flatten)]
    Query(Query),
    Migrate(migrate::MigrateArgs),
    Health(health::HealthArgs),
    ServeMetrics(serve_metrics::ServeMetricsArgs),
    Doctor(doctor::DoctorArgs),
    Reindex(reindex::ReindexArgs),
    Bench(bench::BenchArgs),
    Completions(completions::CompletionsArgs),
}

/// Commands on a database whose schema is there already.
#[derive(Debug, Subcommand)]
pub(crate) enum Query {
    Tasks(tasks::TasksArgs),
    History(history::HistoryArgs),
    Status(status::StatusArgs),
    Cancel(cancel::CancelArgs),
    Stats(stats::StatsArgs),
    Cleanup(cleanup::CleanupArgs),
    Explain(explain::ExplainArgs),
    Analyze(analyze::AnalyzeArgs),
}

impl Cli {
    /// Reads the arguments of this process. Afterwards `database_url` and `schema` are those on the command
    /// line; the environment, which has more than one variable for it, is read where it is needed.
    pub(crate) fn read() -> Result<Self, clap::Error> {
        let matches = Self::command().try_get_matches()?;
        let mut cli = Self::from_arg_matches(&matches)?;
        let is_given = |id| matches.value_source(id) == Some(ValueSource::CommandLine);
        if !is_given("database_url") {
            cli.global.database_url = None;
        }
        if !is_given("schema") {
            cli.global.schema = None;
        }
        let name = matches.subcommand_name().unwrap_or_default();
        name.clone_into(&mut cli.name);
        Ok(cli)
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "the form of a value parser, and no text is refused"
)]
fn secret(text: &str) -> Result<SecretString, String> {
    Ok(SecretString::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_fit_together() {
        Cli::command().debug_assert();
    }
}
