mod args;
mod list;
mod register;
mod show;
mod state;

use clap::{Args, Subcommand};

use crate::args::Global;
use crate::connection;
use crate::failure::Failure;
use crate::output::Output;

/// Register, list and retire the agents that execute tasks.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  echo '{\"agent_id\": \"builder-1\", \"agent_type\": \"code\", \"name\": \"Builder\"}' |
    tasktrail agents register -
  tasktrail agents list --online
  tasktrail agents drain builder-1")]
pub(crate) struct AgentsArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Register(register::RegisterArgs),
    List(list::ListArgs),
    Show(show::ShowArgs),
    Drain(state::DrainArgs),
    Resume(state::ResumeArgs),
    Retire(state::RetireArgs),
    Heartbeat(state::HeartbeatArgs),
}

pub(crate) async fn run(
    args: AgentsArgs,
    global: &Global,
    output: &mut Output,
) -> Result<(), Failure> {
    connection::with_store(global, async |store| match &args.action {
        Action::Register(args) => register::run(args, store, output).await,
        Action::List(args) => list::run(args, store, output).await,
        Action::Show(args) => show::run(args, store, output).await,
        Action::Drain(args) => state::drain(args, store, output).await,
        Action::Resume(args) => state::resume(args, store, output).await,
        Action::Retire(args) => state::retire(args, store, output).await,
        Action::Heartbeat(args) => state::heartbeat(args, store, output).await,
    })
    .await
}
