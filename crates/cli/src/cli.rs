//! The command line: the global options, and the list of the commands.

use std::num::NonZeroUsize;
use std::thread;

use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::args::Global;
use crate::command::{
    analyze, bench, cancel, cleanup, completions, demo, doctor, explain, export, health, history,
    import, migrate, reindex, serve_metrics, stats, status, tasks,
};
use crate::failure::Failure;
use crate::output::Output;

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
    command: Command,
    /// The name of the command.
    #[arg(skip)]
    pub(crate) name: String,
}

/// All commands, in the order of the help.
#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::DemoArgs),
    Import(import::ImportArgs),
    Export(export::ExportArgs),
    Tasks(tasks::TasksArgs),
    History(history::HistoryArgs),
    Status(status::StatusArgs),
    Cancel(cancel::CancelArgs),
    Stats(stats::StatsArgs),
    Cleanup(cleanup::CleanupArgs),
    Explain(explain::ExplainArgs),
    Analyze(analyze::AnalyzeArgs),
    Migrate(migrate::MigrateArgs),
    Health(health::HealthArgs),
    ServeMetrics(serve_metrics::ServeMetricsArgs),
    Doctor(doctor::DoctorArgs),
    Reindex(reindex::ReindexArgs),
    Bench(bench::BenchArgs),
    Completions(completions::CompletionsArgs),
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

    /// How many threads the command works with. A benchmark must not be what limits the database.
    pub(crate) fn threads(&self) -> usize {
        match self.command {
            Command::Bench(_) => thread::available_parallelism().map_or(2, NonZeroUsize::get),
            _ => 2,
        }
    }

    pub(crate) async fn run(self, output: &mut Output) -> Result<(), Failure> {
        let global = &self.global;
        match self.command {
            Command::Demo(args) => demo::run(&args, global, output).await,
            Command::Import(args) => import::run(args, global, output).await,
            Command::Export(args) => export::run(args, global, output).await,
            Command::Tasks(args) => tasks::run(&args, global, output).await,
            Command::History(args) => history::run(args, global, output).await,
            Command::Status(args) => status::run(args, global, output).await,
            Command::Cancel(args) => cancel::run(args, global, output).await,
            Command::Stats(args) => stats::run(args, global, output).await,
            Command::Cleanup(args) => cleanup::run(args, global, output).await,
            Command::Explain(args) => explain::run(args, global, output).await,
            Command::Analyze(args) => analyze::run(&args, global, output).await,
            Command::Migrate(args) => migrate::run(&args, global, output).await,
            Command::Health(args) => health::run(&args, global, output).await,
            Command::ServeMetrics(args) => serve_metrics::run(&args, global, output).await,
            Command::Doctor(args) => doctor::run(&args, global, output).await,
            Command::Reindex(args) => reindex::run(&args, global, output).await,
            Command::Bench(args) => bench::run(&args, global, output).await,
            Command::Completions(args) => completions::run(&args, &mut Self::command(), output),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_fit_together() {
        Cli::command().debug_assert();
    }
}
