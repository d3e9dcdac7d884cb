mod answer;
mod args;
mod change;
mod dispatch;
mod graph;
mod list;
mod report;
mod show;

use clap::{Args, Subcommand};

use crate::args::Global;
use crate::connection;
use crate::failure::Failure;
use crate::output::Output;

/// List planned tasks, give them to agents, and record what became of them.
///
/// The commands `tasks` and `history` show the steps that a task recorded.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasktrail work list --state ready
  tasktrail work claim builder-1
  tasktrail work report build 1 --completed
  tasktrail work graph deploy --dot | dot -Tsvg > deploy.svg")]
pub(crate) struct WorkArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    List(list::ListArgs),
    Counts(list::CountsArgs),
    Load(list::LoadArgs),
    Show(show::ShowArgs),
    Graph(graph::GraphArgs),
    Claim(dispatch::ClaimArgs),
    Assign(dispatch::AssignArgs),
    Start(dispatch::StartArgs),
    Report(report::ReportArgs),
    Resume(change::ResumeArgs),
    Cancel(change::CancelArgs),
}

pub(crate) async fn run(
    args: WorkArgs,
    global: &Global,
    output: &mut Output,
) -> Result<(), Failure> {
    connection::with_store(global, async |store| match &args.action {
        Action::List(args) => list::list(args, store, output).await,
        Action::Counts(args) => list::counts(args, store, output).await,
        Action::Load(args) => list::load(args, store, output).await,
        Action::Show(args) => show::run(args, store, output).await,
        Action::Graph(args) => graph::run(args, store, output).await,
        Action::Claim(args) => dispatch::claim(args, store, output).await,
        Action::Assign(args) => dispatch::assign(args, store, output).await,
        Action::Start(args) => dispatch::start(args, store, output).await,
        Action::Report(args) => report::run(args, store, output).await,
        Action::Resume(args) => change::resume(args, store, output).await,
        Action::Cancel(args) => change::cancel(args, store, output).await,
    })
    .await
}
