//! The command-line tool of Tasktrail.
//!
//! This is the composition root: it reads arguments and environment, opens the database or an
//! in-memory store, and runs one command. `cli` lists the commands. Each command is a module in
//! `command`. Commands use the other modules, and no other module uses a command.

mod args;
mod cli;
mod command;
mod connection;
mod failure;
mod interrupt;
mod logging;
mod output;

use std::process::ExitCode;

use tracing::{Instrument, info_span};

use crate::cli::Cli;
use crate::failure::Failure;
use crate::output::Output;

fn main() -> ExitCode {
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(error) => return output::usage(&error),
    };
    let mut output = Output::new(cli.global.format);
    let done = logging::init(cli.global.verbose).and_then(|_traces| {
        run(cli, &mut output)?;
        output.flush()
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => output.end(failure),
    }
}

fn run(cli: Cli, output: &mut Output) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cli.threads())
        .enable_all()
        .build()?;
    let interrupt = cli.global.interrupt.clone();
    let span = info_span!("tasktrail.command", command = cli.name);
    let working = async {
        interrupt.watch();
        let done = cli.run(output).await;
        interrupt.resolve(done).await
    };
    let done = runtime.block_on(working.instrument(span));
    // Do not wait for blocking tasks, such as a DNS lookup.
    runtime.shutdown_background();
    done
}
