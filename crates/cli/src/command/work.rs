mod change;
mod dispatch;
mod graph;
mod list;
mod report;
mod show;

use clap::{Args, Subcommand};
use tasktrail::orchestration::{Attempt, AttemptKey};
use tasktrail::{TaskId, TaskKey};

use crate::args::{ActorArgs, Global, OwnerArgs};
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

/// The arguments that identify a task.
#[derive(Debug, Args)]
struct TaskArgs {
    /// ID of the task.
    task: TaskId,

    #[command(flatten)]
    owner: OwnerArgs,
}

impl TaskArgs {
    fn key(&self) -> TaskKey {
        TaskKey {
            user: self.owner.owner.clone(),
            task: self.task.clone(),
        }
    }
}

/// The arguments that identify an attempt at a task.
#[derive(Debug, Args)]
struct AttemptArgs {
    /// ID of the task.
    task: TaskId,

    /// Number of the attempt, which the claim printed.
    attempt: Attempt,

    #[command(flatten)]
    owner: OwnerArgs,

    #[command(flatten)]
    actor: ActorArgs,
}

impl AttemptArgs {
    fn key(&self) -> AttemptKey {
        let user = self.owner.owner.clone();
        let task = self.task.clone();
        AttemptKey::new(TaskKey { user, task }, self.attempt)
    }
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

/// Prints the outcome of a write as JSON, or as a sentence. Fails with [`Failure::No`] if the write
/// was refused.
fn answer(
    outcome: &impl serde::Serialize,
    sentence: impl FnOnce() -> String,
    is_done: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    if output.is_json() {
        output.json(outcome)?;
    } else {
        output.line(sentence())?;
    }
    if is_done { Ok(()) } else { Err(Failure::No) }
}

/// The IDs of tasks, separated by commas.
fn listed(tasks: &[TaskId]) -> String {
    let tasks: Vec<_> = tasks
        .iter()
        .map(|task| crate::output::printable(task.as_str()))
        .collect();
    tasks.join(", ")
}
