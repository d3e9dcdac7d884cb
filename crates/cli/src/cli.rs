//! The command line: the global options, and the list of the commands.

use std::num::NonZeroUsize;
use std::thread;

use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::args::Global;
use crate::command::{
    agents, analyze, audit, bench, cancel, cleanup, completions, demo, doctor, explain, export,
    health, history, import, migrate, plan, reap, reindex, serve_metrics, stats, status, tasks,
    users, work,
};
use crate::failure::Failure;
use crate::output::Output;

/// Query and manage the recorded history of tasks, and the agents that execute them.
///
/// Tasktrail stores in PostgreSQL every saved step of a task, every revision of a step, and the status
/// of each task; and for orchestration, agents, tasks with dependencies, and an audit log. Use this
/// tool to query, import, export, cancel and clean up tasks, to plan and dispatch work, and to migrate,
/// check and measure the database.
#[derive(Debug, Parser)]
#[command(
    name = "tasktrail",
    version,
    max_term_width = 100,
    arg_required_else_help = true
)]
#[command(after_help = "Try it without a database:  tasktrail demo")]
#[command(after_long_help = MANUAL)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    command: Command,
    /// The name of the subcommand.
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
    Users(users::UsersArgs),
    History(history::HistoryArgs),
    Status(status::StatusArgs),
    Cancel(cancel::CancelArgs),
    Stats(stats::StatsArgs),
    Agents(agents::AgentsArgs),
    Plan(plan::PlanArgs),
    Work(work::WorkArgs),
    Reap(reap::ReapArgs),
    Audit(audit::AuditArgs),
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
    /// Parses the arguments of this process. `database_url` and `schema` keep only values from the
    /// command line. The module `connection` reads the environment, which has several
    /// variables for the same setting.
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

    /// Number of worker threads. A benchmark uses all cores, so that the client is not the
    /// bottleneck.
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
            Command::Users(args) => users::run(args, global, output).await,
            Command::History(args) => history::run(args, global, output).await,
            Command::Status(args) => status::run(args, global, output).await,
            Command::Cancel(args) => cancel::run(args, global, output).await,
            Command::Stats(args) => stats::run(args, global, output).await,
            Command::Agents(args) => agents::run(args, global, output).await,
            Command::Plan(args) => plan::run(&args, global, output).await,
            Command::Work(args) => work::run(args, global, output).await,
            Command::Reap(args) => reap::run(&args, global, output).await,
            Command::Audit(args) => audit::run(&args, global, output).await,
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
  tasktrail demo                                  run a demo, without a database
  tasktrail import runs.jsonl.gz --in-memory      check a file, without a database
  export DATABASE_URL=postgres://app@localhost/tasks
  tasktrail migrate                               create the schema, or update it
  tasktrail import runs.jsonl.gz                  save the lines of a file, each line once
  tasktrail export all.jsonl.gz                   write all histories to a file
  tasktrail tasks alice --status failed           list the failed tasks of a user
  tasktrail tasks --all --stuck 10m               list the open tasks of all users
  tasktrail history alice report-7                show the steps of one task
  tasktrail plan release.json                     create the tasks of a plan
  tasktrail work claim builder-1                  give an agent its next task
  tasktrail doctor                                check the database for problems

Environment:
  DATABASE_URL  the database, postgres://user:password@host:port/database
  DB_HOST, DB_PORT (5432), DB_NAME, DB_USER, DB_PASSWORD or DB_PASSWORD_FILE
                the parts of the location, used if DATABASE_URL is not set
  DB_SSL_MODE   disable, prefer (the default), require, verify-ca or verify-full
  TASKTRAIL_CONFIG
                a configuration file, see --config; variables override it
  TASKTRAIL_…   any other setting; see docs/CONFIGURATION.md
  RUST_LOG      log filter, such as tasktrail_postgres=debug; overrides --verbose
  OTEL_EXPORTER_OTLP_ENDPOINT
                endpoint of a trace collector, such as http://localhost:4318; requires a build with
                the feature opentelemetry
  NO_COLOR      turn off colours on a terminal

Exit status:
  0  success
  1  an error, reported on one line on stderr; or a negative result: `status` of an unknown task,
     `migrate --check` with pending migrations, `migrate check` with differences, `health` of an
     unhealthy database, `doctor` with a critical finding
  2  invalid usage, or an invalid or incomplete configuration
  130, 143
     stopped by SIGINT (Ctrl-C) or SIGTERM; the operation in progress was completed or rolled
     back. `serve-metrics` exits with 0";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn argument_definitions_are_valid() {
        Cli::command().debug_assert();
    }
}
