use clap::Args;
use serde::Serialize;
use tasktrail::{DatabaseManager, EntryOrder, OrderRepair, SuspectTask};

use crate::args::Global;
use crate::connection;
use crate::failure::Failure;
use crate::output::{Output, grouped, printable};

/// Repair the sequence of entry IDs after rows were copied into the database.
///
/// Entries are ordered by IDs from a sequence of the server. Logical replication, blue/green
/// upgrades, COPY and migration services copy the rows, but do not advance the sequence. New
/// entries would then be ordered before the copied ones. In this state, services refuse to connect,
/// and saves that would be stored in the wrong order are refused. This command advances the
/// sequence past the greatest ID. If the sequence is already past it, nothing is changed.
///
/// Reads all rows twice while saves continue, then blocks saves for milliseconds. Run it as the
/// owner of the tables, after the last row was copied and before services save.
///
/// Also lists suspect tasks: the newest revision of a step was recorded more than 5 minutes before
/// another revision of that step. They may have been saved while the sequence was behind, by a
/// program that does not check it, or the entries arrived late, as imported ones do. They are not
/// changed.
///
/// Fails if the schema has no store.
///
/// JSON: `{"from", "to", "greatest", "suspect_tasks", "first_suspect_tasks", "dry_run"}`: the ID of
/// the next entry before and after the repair, the greatest existing ID, the number of suspect
/// tasks, and the first 20 of them.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasktrail migrate order
  tasktrail migrate order --dry-run --format json")]
pub(super) struct OrderArgs {
    /// Change nothing: show the state of the sequence. Suspect tasks are not searched.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct Answer<'a> {
    from: i64,
    to: i64,
    greatest: Option<i64>,
    suspect_tasks: Option<u64>,
    first_suspect_tasks: Vec<View<'a>>,
    dry_run: bool,
}

#[derive(Serialize)]
struct View<'a> {
    user_id: &'a str,
    task_id: &'a str,
}

impl<'a> View<'a> {
    fn of(task: &'a SuspectTask) -> Self {
        Self {
            user_id: &task.user_id,
            task_id: &task.task_id,
        }
    }
}

pub(super) async fn run(
    args: &OrderArgs,
    global: &Global,
    output: &mut Output,
) -> Result<(), Failure> {
    let manager = connection::open_store(global).await?;
    if args.dry_run {
        return dry_run(&manager, output).await;
    }
    let repair = manager.repair_entry_order().await?;
    if output.is_json() {
        return output.json(&Answer {
            from: repair.before.next,
            to: repair.next,
            greatest: repair.before.greatest,
            suspect_tasks: Some(repair.suspect_tasks),
            first_suspect_tasks: repair.first_suspect_tasks.iter().map(View::of).collect(),
            dry_run: false,
        });
    }
    output.line(describe(repair.before, repair.next, args.dry_run))?;
    print_suspects(&repair, output)
}

async fn dry_run(manager: &DatabaseManager, output: &mut Output) -> Result<(), Failure> {
    let Some(order) = manager.entry_order().await? else {
        return output.line("cannot read the sequence of entry IDs: the role lacks SELECT on it");
    };
    let next = order.greatest.map_or(order.next, |greatest| {
        order.next.max(greatest.saturating_add(1))
    });
    if output.is_json() {
        return output.json(&Answer {
            from: order.next,
            to: next,
            greatest: order.greatest,
            suspect_tasks: None,
            first_suspect_tasks: Vec::new(),
            dry_run: true,
        });
    }
    output.line(describe(order, next, true))
}

fn describe(before: EntryOrder, next: i64, dry_run: bool) -> String {
    let id = |id: i64| grouped(u64::try_from(id).unwrap_or_default());
    let greatest = before.greatest.map_or_else(
        || "there are no entries".to_owned(),
        |greatest| format!("the greatest ID is {}", id(greatest)),
    );
    let (from, to) = (id(before.next), id(next));
    match (before.is_behind(), dry_run) {
        (false, _) => format!("in order: {greatest}; the next entry gets {to}"),
        (true, true) => {
            format!("behind: {greatest}; the next entry would get {to} instead of {from}")
        }
        (true, false) => {
            format!("repaired: {greatest}; the next entry now gets {to} instead of {from}")
        }
    }
}

fn print_suspects(repair: &OrderRepair, output: &mut Output) -> Result<(), Failure> {
    if repair.suspect_tasks == 0 {
        return Ok(());
    }
    output.line(format!(
        "{} suspect tasks: another revision of a step was recorded more than 5 minutes after the newest",
        grouped(repair.suspect_tasks)
    ))?;
    for task in &repair.first_suspect_tasks {
        let name = format!("  {}/{}", task.user_id, task.task_id);
        output.line(printable(&name))?;
    }
    Ok(())
}
