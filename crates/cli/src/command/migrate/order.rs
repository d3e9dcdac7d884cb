use clap::Args;
use serde::Serialize;
use tasktrail::{DatabaseManager, EntryOrder, OrderRepair, TaskInDoubt};

use crate::args::Global;
use crate::connection;
use crate::failure::Failure;
use crate::output::{Output, grouped, printable};

/// See to it that new entries come behind those that are there, after rows were copied into the database.
///
/// Entries are ordered by ids that the server takes from a sequence. Logical replication, blue/green upgrades,
/// COPY and migration services carry the rows and leave the sequence where it was: the next entries would
/// come before the copied ones. Then services do not connect, and saves that would be stored in the wrong
/// order are refused. This sets the sequence behind the greatest id; where it is there already, nothing
/// is changed.
///
/// Reads all rows, twice, while saves go on, then keeps saves out for milliseconds. Run it after the last row was
/// copied and before services save; it must be done by the owner of the tables.
///
/// It also names tasks in doubt: their newest revision of a step was recorded more than 5 minutes before
/// another one of the step. They may have been saved while the sequence was behind, by a program that did not
/// look, or came late, as imported ones do. They are left as they are.
///
/// A schema without a store is an error.
///
/// In JSON `{"from", "to", "greatest", "tasks_in_doubt", "first_in_doubt", "dry_run"}`: the id that the next
/// entry would have got and the one that it gets, the greatest that there is, how many tasks are in doubt,
/// and the first 20 of them.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasktrail migrate order
  tasktrail migrate order --dry-run --format json")]
pub(super) struct OrderArgs {
    /// Change nothing: tell how the ids stand. Tasks in doubt are not looked for.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct Answer<'a> {
    from: i64,
    to: i64,
    greatest: Option<i64>,
    tasks_in_doubt: Option<u64>,
    first_in_doubt: Vec<View<'a>>,
    dry_run: bool,
}

#[derive(Serialize)]
struct View<'a> {
    user_id: &'a str,
    task_id: &'a str,
}

impl<'a> View<'a> {
    fn of(task: &'a TaskInDoubt) -> Self {
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
        return look(&manager, output).await;
    }
    let repair = manager.repair_entry_order().await?;
    if output.is_json() {
        return output.json(&Answer {
            from: repair.before.next,
            to: repair.next,
            greatest: repair.before.greatest,
            tasks_in_doubt: Some(repair.tasks_in_doubt),
            first_in_doubt: repair.first_in_doubt.iter().map(View::of).collect(),
            dry_run: false,
        });
    }
    output.line(describe(repair.before, repair.next, args.dry_run))?;
    in_doubt(&repair, output)
}

async fn look(manager: &DatabaseManager, output: &mut Output) -> Result<(), Failure> {
    let Some(order) = manager.entry_order().await? else {
        return output
            .line("the ids of entries cannot be read: the role has no SELECT on their sequence");
    };
    let next = order.greatest.map_or(order.next, |greatest| {
        order.next.max(greatest.saturating_add(1))
    });
    if output.is_json() {
        return output.json(&Answer {
            from: order.next,
            to: next,
            greatest: order.greatest,
            tasks_in_doubt: None,
            first_in_doubt: Vec::new(),
            dry_run: true,
        });
    }
    output.line(describe(order, next, true))
}

fn describe(before: EntryOrder, next: i64, dry_run: bool) -> String {
    let id = |id: i64| grouped(u64::try_from(id).unwrap_or_default());
    let greatest = before.greatest.map_or_else(
        || "there are no entries".to_owned(),
        |greatest| format!("the greatest id is {}", id(greatest)),
    );
    let (from, to) = (id(before.next), id(next));
    match (before.is_behind(), dry_run) {
        (false, _) => format!("in order: {greatest}; the next entry gets {to}"),
        (true, true) => {
            format!("behind: {greatest}; the next entry would get {to} instead of {from}")
        }
        (true, false) => {
            format!("was behind: {greatest}; the next entry gets {to} now, not {from}")
        }
    }
}

fn in_doubt(repair: &OrderRepair, output: &mut Output) -> Result<(), Failure> {
    if repair.tasks_in_doubt == 0 {
        return Ok(());
    }
    output.line(format!(
        "{} tasks in doubt: another revision of a step was recorded more than 5 minutes after the newest",
        grouped(repair.tasks_in_doubt)
    ))?;
    for task in &repair.first_in_doubt {
        let name = format!("  {}/{}", task.user_id, task.task_id);
        output.line(printable(&name))?;
    }
    Ok(())
}
