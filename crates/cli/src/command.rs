//! The commands, one file each: its arguments with their help, and what it does.

pub(crate) mod analyze;
pub(crate) mod bench;
pub(crate) mod cancel;
pub(crate) mod cleanup;
pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod health;
pub(crate) mod history;
pub(crate) mod import;
pub(crate) mod migrate;
pub(crate) mod reindex;
pub(crate) mod serve_metrics;
pub(crate) mod stats;
pub(crate) mod status;
pub(crate) mod tasks;

use std::num::NonZeroUsize;
use std::thread;

use tasktrail::DatabaseManager;

use crate::args::{Cli, Command, Query};
use crate::connection;
use crate::failure::Failure;
use crate::output::Output;

/// How many threads a command works with. A benchmark must not be what limits the database.
pub(crate) fn threads(command: &Command) -> usize {
    match command {
        Command::Bench(_) => thread::available_parallelism().map_or(2, NonZeroUsize::get),
        _ => 2,
    }
}

pub(crate) async fn run(cli: Cli, output: &mut Output) -> Result<(), Failure> {
    let global = &cli.global;
    match cli.command {
        Command::Demo(args) => demo::run(&args, global, output).await,
        Command::Import(args) => import::run(args, global, output).await,
        Command::Export(args) => export::run(args, global, output).await,
        Command::Health(args) => health::run(&args, global, output).await,
        Command::Doctor(args) => doctor::run(&args, global, output).await,
        Command::Reindex(args) => reindex::run(&args, global, output).await,
        Command::Migrate(args) => migrate::run(&args, global, output).await,
        Command::ServeMetrics(args) => serve_metrics::run(&args, global, output).await,
        Command::Bench(args) => bench::run(&args, global, output).await,
        Command::Completions(args) => completions::run(&args, output),
        Command::Query(query) => {
            let manager = connection::open_store(global).await?;
            match ask(query, &manager, output).await {
                Ok(()) => Ok(()),
                Err(failure) => Err(connection::explain(&manager, failure).await),
            }
        }
    }
}

async fn ask(query: Query, manager: &DatabaseManager, output: &mut Output) -> Result<(), Failure> {
    match query {
        Query::Tasks(args) => tasks::run(&args, manager, output).await,
        Query::History(args) => history::run(args, manager, output).await,
        Query::Status(args) => status::run(args, manager, output).await,
        Query::Cancel(args) => cancel::run(args, manager, output).await,
        Query::Stats(args) => stats::run(args, manager, output).await,
        Query::Cleanup(args) => cleanup::run(args, manager, output).await,
        Query::Explain(args) => explain::run(args, manager, output).await,
        Query::Analyze(args) => analyze::run(&args, manager, output).await,
    }
}
