use clap::Args;
use tasktrail::DatabaseManager;
use tasktrail::UserId;
use tasktrail::task_history::{Scope, TaskHistoryRepository};

use crate::args::Global;
use crate::connection;
use crate::failure::Failure;
use crate::output::{Output, grouped, task_status};

/// Count entries, steps, tasks and users.
///
/// All counts are from the same snapshot. A step that was saved several times has several entries
/// and counts as one step. Statuses without tasks are omitted. Tasks whose last step is `completed`
/// or `failed`, for example, but that were never finished, are also counted as open. The cost grows
/// with the number of entries.
///
/// JSON: `{"entries", "steps", "tasks", "users", "tasks_by_status", "open_tasks_by_status"}`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasktrail stats
  tasktrail stats --user alice --format json")]
pub(crate) struct StatsArgs {
    /// Count only the tasks of this user. Default: tasks of all users.
    #[arg(long)]
    user: Option<UserId>,
}

pub(crate) async fn run(
    args: StatsArgs,
    global: &Global,
    output: &mut Output,
) -> Result<(), Failure> {
    connection::with_store(global, async |store| count(args, store, output).await).await
}

async fn count(
    args: StatsArgs,
    manager: &DatabaseManager,
    output: &mut Output,
) -> Result<(), Failure> {
    let scope = args.user.map_or(Scope::Everyone, Scope::User);
    let counts = manager.task_history()?.count(&scope).await?;
    if output.is_json() {
        return output.json(&counts);
    }
    let mut facts = vec![
        ("entries".to_owned(), counts.entries),
        ("steps".to_owned(), counts.steps),
        ("tasks".to_owned(), counts.tasks),
    ];
    for (status, tasks) in counts.tasks_by_status {
        facts.push((format!("  {status}"), tasks));
        // Pending and running tasks are always open.
        let open = counts.open_tasks_by_status.get(&status);
        if let Some(open) = open.filter(|_| status.is_terminal()) {
            facts.push((format!("    {}", task_status(status, false)), *open));
        }
    }
    facts.push(("users".to_owned(), counts.users));
    let facts = facts.iter().map(|(name, count)| (&**name, grouped(*count)));
    output.table(&output.table_style().facts(facts))
}
