use std::path::PathBuf;

use clap::Args;
use tasktrail::DatabaseManager;
use tasktrail::orchestration::task::{PlanOutcome, PlannedTask, TaskPlan};

use crate::args::{ActorArgs, Global, OwnerArgs, read_document};
use crate::connection;
use crate::failure::Failure;
use crate::output::{Output, counted_items, printable, tables};

/// Create the tasks of a plan, all or none.
///
/// The plan is a JSON document, see below. A dependency is the ID of a task and waits for its
/// success; a dependency with `when` can wait for its end, whatever its state. Tasks can depend on
/// tasks of the plan and on existing tasks. Creating the same plan again changes nothing and prints
/// the current states.
///
/// JSON: {"outcome": "created" or "known", "tasks": [{"task", "state"}]}, or the outcome that names
/// the unknown prerequisite or parent.
#[derive(Debug, Args)]
#[command(after_help = r#"A plan (of a task, only id and title are required):
  {"tasks": [{"id": "build", "title": "Build"},
             {"id": "deploy", "title": "Deploy", "description": "…",
              "dependencies": ["build", {"task_id": "lint", "when": "end"}],
              "requirements": {}, "required_capabilities": {"agent_type": "ops"},
              "context": {}, "priority": 10, "max_attempts": 3, "time_limit": 600,
              "parent": "release", "tags": ["v2"]}]}

Examples:
  tasktrail plan release.json
  tasktrail plan - --owner acme < release.json"#)]
pub(crate) struct PlanArgs {
    /// File with the plan; - for standard input.
    file: PathBuf,

    #[command(flatten)]
    owner: OwnerArgs,

    #[command(flatten)]
    actor: ActorArgs,
}

pub(crate) async fn run(
    args: &PlanArgs,
    global: &Global,
    output: &mut Output,
) -> Result<(), Failure> {
    let plan: TaskPlan = read_document(&args.file)?;
    connection::with_store(global, async |store| {
        create(args, &plan, store, output).await
    })
    .await
}

async fn create(
    args: &PlanArgs,
    plan: &TaskPlan,
    manager: &DatabaseManager,
    output: &mut Output,
) -> Result<(), Failure> {
    let orchestrator = args.actor.orchestrator(manager)?;
    let outcome = orchestrator.create(&args.owner.owner, plan).await?;
    if output.is_json() {
        output.json(&outcome)?;
    } else {
        print(&outcome, output)?;
    }
    match outcome {
        PlanOutcome::Created { .. } | PlanOutcome::Known { .. } => Ok(()),
        PlanOutcome::UnknownPrerequisite { .. } | PlanOutcome::UnknownParent { .. } => {
            Err(Failure::No)
        }
    }
}

fn print(outcome: &PlanOutcome, output: &mut Output) -> Result<(), Failure> {
    let shown = |task: &tasktrail::TaskId| printable(task.as_str());
    let count = |tasks: &[PlannedTask]| counted_items(tasks, "task", "tasks");
    let (line, tasks) = match outcome {
        PlanOutcome::Created { tasks } => (format!("created {}", count(tasks)), tasks),
        PlanOutcome::Known { tasks } => {
            let line = format!("{}, created before; their current states:", count(tasks));
            (line, tasks)
        }
        PlanOutcome::UnknownPrerequisite { task, prerequisite } => {
            return output.line(format_args!(
                "nothing created: {} depends on {}, which does not exist",
                shown(task),
                shown(prerequisite)
            ));
        }
        PlanOutcome::UnknownParent { task, parent } => {
            return output.line(format_args!(
                "nothing created: {} is a part of {}, which does not exist",
                shown(task),
                shown(parent)
            ));
        }
    };
    output.line(line)?;
    let table = tables::planned_tasks(output.table_style(), tasks);
    output.table(&table)
}
