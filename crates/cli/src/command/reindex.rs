use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget};
use serde::Serialize;
use tasktrail::diagnosis::IndexFacts;
use tasktrail::{DatabaseManager, ReindexPlan, Reindexing};

use crate::args::Global;
use crate::connection;
use crate::failure::Failure;
use crate::output::{Output, bytes, grouped, number_cell, printable};

/// Build the indexes anew, one after the other, while the service goes on.
///
/// Indexes grow gaps where much was removed. Each is built beside the old one and takes its place
/// (REINDEX INDEX CONCURRENTLY): saves and reads go on, and the disk holds both for a while. It waits for
/// transactions that are open. Those of partitions are built one by one. For the owner of the tables, or
/// since PostgreSQL 17 a role with the privilege MAINTAIN on them.
///
/// What an interrupted run has left behind is removed first, if the role owns it: MAINTAIN is not enough for
/// that, so the rest is told and left alone. Ctrl-C ends it between two indexes or in the middle of one; what
/// was done stays done, and the next run removes the rest.
///
/// In JSON `{"dry_run", "indexes": [{"index", "bytes_before", "bytes_after", "took_ms"}], "removed",
/// "not_removed", "stopped"}`; with --dry-run `bytes_after` is the estimate, and `took_ms` is null.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasktrail reindex --dry-run
  tasktrail reindex
  tasktrail reindex task_summary_list_idx")]
pub(crate) struct ReindexArgs {
    /// Only these, by their names. Default: all indexes of the histories.
    #[arg(value_name = "INDEX")]
    indexes: Vec<String>,

    /// Change nothing: tell how large the indexes are, and about how large they would be.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct Answer {
    dry_run: bool,
    indexes: Vec<Line>,
    removed: Vec<String>,
    not_removed: Vec<String>,
    stopped: bool,
}

#[derive(Serialize)]
struct Line {
    index: String,
    bytes_before: u64,
    bytes_after: Option<u64>,
    took_ms: Option<u64>,
}

pub(crate) async fn run(
    args: &ReindexArgs,
    global: &Global,
    output: &mut Output,
) -> Result<(), Failure> {
    let manager = connection::open_store(global).await?;
    if args.dry_run {
        let answer = Answer::planned(manager.plan_reindex(&args.indexes).await?);
        return answer.print(output);
    }
    let _until_it_has_ended = global.interrupt.waits().await;
    let done = reindex(args, &manager, global).await?;
    if done.stopped {
        global
            .interrupt
            .left("the indexes that were done stay done; the next run removes what is left behind");
    }
    let stopped = done.stopped;
    Answer::of(done).print(output)?;
    if stopped { Err(Failure::No) } else { Ok(()) }
}

/// With a line on a terminal that tells what is under way.
async fn reindex(
    args: &ReindexArgs,
    manager: &DatabaseManager,
    global: &Global,
) -> Result<Reindexing, Failure> {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let show = |index: &IndexFacts| {
        bar.set_message(format!(
            "building {} anew, {}",
            printable(&index.qualified),
            bytes(index.bytes)
        ));
        bar.tick();
    };
    bar.set_style(indicatif::ProgressStyle::default_spinner());
    let stop = global.interrupt.came();
    let done = manager.reindex(&args.indexes, show, stop).await;
    bar.finish_and_clear();
    Ok(done?)
}

impl Answer {
    fn of(done: Reindexing) -> Self {
        let line = |index: tasktrail::ReindexedIndex| Line {
            index: index.index,
            bytes_before: index.bytes_before,
            bytes_after: Some(index.bytes_after),
            took_ms: Some(index.took_ms),
        };
        Self {
            dry_run: false,
            indexes: done.done.into_iter().map(line).collect(),
            removed: done.removed,
            not_removed: done.not_removed,
            stopped: done.stopped,
        }
    }

    fn planned(plan: ReindexPlan) -> Self {
        let names = |indexes: Vec<IndexFacts>| {
            let names = indexes.into_iter().map(|index| index.qualified);
            names.collect()
        };
        let line = |index: IndexFacts| Line {
            bytes_before: index.bytes,
            // No index gets larger by it.
            bytes_after: index.estimated_bytes.map(|bytes| bytes.min(index.bytes)),
            index: index.qualified,
            took_ms: None,
        };
        Self {
            dry_run: true,
            indexes: plan.indexes.into_iter().map(line).collect(),
            removed: names(plan.removed),
            not_removed: names(plan.not_removed),
            stopped: false,
        }
    }

    fn print(&self, output: &mut Output) -> Result<(), Failure> {
        if output.is_json() {
            return output.json(self);
        }
        let verb = if self.dry_run {
            "would remove"
        } else {
            "removed"
        };
        for index in &self.removed {
            let index = printable(index);
            output.line(format_args!(
                "{verb} {index}, which an interrupted run has left behind"
            ))?;
        }
        for index in &self.not_removed {
            let index = printable(index);
            output.line(format_args!(
                "not removed: {index}, which an interrupted run has left behind; only its owner may"
            ))?;
        }
        if self.indexes.is_empty() {
            return output.line("no index was built anew");
        }
        let after = if self.dry_run {
            "about, after"
        } else {
            "after"
        };
        let header = ["index", "before", after, "took ms"];
        let mut shown = output.table_style().table(&header, &[0]);
        for line in &self.indexes {
            let unknown = || "not known".to_owned();
            shown.add_row([
                comfy_table::Cell::new_owned(printable(&line.index)),
                number_cell(bytes(line.bytes_before)),
                number_cell(line.bytes_after.map_or_else(unknown, bytes)),
                number_cell(line.took_ms.map(grouped).unwrap_or_default()),
            ]);
        }
        output.table(&shown)
    }
}
