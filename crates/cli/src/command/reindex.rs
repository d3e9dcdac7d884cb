use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget};
use serde::Serialize;
use tasktrail::diagnosis::IndexFacts;
use tasktrail::{DatabaseManager, ReindexPlan, Reindexing};

use crate::args::Global;
use crate::connection;
use crate::failure::Failure;
use crate::output::{Output, bytes, grouped, number_cell, printable};

/// Rebuild the indexes concurrently, one after the other.
///
/// Indexes accumulate free space when many rows are removed. Each index is rebuilt next to the old
/// one and then replaces it (REINDEX INDEX CONCURRENTLY). Saves and reads continue; both copies
/// take disk space until then. The rebuild waits for open transactions. Indexes of partitions are
/// rebuilt one by one. Requires the owner of the tables or, since PostgreSQL 17, a role with the
/// privilege MAINTAIN on them.
///
/// First removes invalid indexes that an interrupted run left behind. Only their owner may remove
/// them; another role reports and keeps them. Ctrl-C stops the command, even during a rebuild.
/// Rebuilt indexes are kept, and the next run removes what the interruption left behind.
///
/// JSON: `{"dry_run", "indexes": [{"index", "bytes_before", "bytes_after", "took_ms"}], "removed",
/// "not_removed", "stopped"}`. With --dry-run, `bytes_after` is an estimate and `took_ms` is null.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasktrail reindex --dry-run
  tasktrail reindex
  tasktrail reindex task_summary_list_idx")]
pub(crate) struct ReindexArgs {
    /// Names of the indexes to rebuild. Default: all indexes of the store.
    #[arg(value_name = "INDEX")]
    indexes: Vec<String>,

    /// Change nothing: show the current and the estimated sizes of the indexes.
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
    let _shutdown_delay = global.interrupt.delay_exit().await;
    let done = reindex(args, &manager, global).await?;
    if done.stopped {
        global
            .interrupt
            .set_outcome("rebuilt indexes are kept; the next run removes what is left behind");
    }
    let stopped = done.stopped;
    Answer::of(done).print(output)?;
    if stopped { Err(Failure::No) } else { Ok(()) }
}

/// Rebuilds the indexes. On a terminal, a progress line shows the current index.
async fn reindex(
    args: &ReindexArgs,
    manager: &DatabaseManager,
    global: &Global,
) -> Result<Reindexing, Failure> {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let show = |index: &IndexFacts| {
        bar.set_message(format!(
            "rebuilding {}, {}",
            printable(&index.qualified),
            bytes(index.bytes)
        ));
        bar.tick();
    };
    bar.set_style(indicatif::ProgressStyle::default_spinner());
    let stop = global.interrupt.signalled();
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
            // A rebuild does not make an index larger, but the estimate may be.
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
                "{verb} {index}, left behind by an interrupted run"
            ))?;
        }
        for index in &self.not_removed {
            let index = printable(index);
            output.line(format_args!(
                "not removed: {index}, left behind by an interrupted run; only its owner can remove it"
            ))?;
        }
        if self.indexes.is_empty() {
            return output.line("no index was rebuilt");
        }
        let after = if self.dry_run {
            "after, about"
        } else {
            "after"
        };
        let header = ["index", "before", after, "took ms"];
        let mut shown = output.table_style().table(&header, &[0]);
        for line in &self.indexes {
            let unknown = || "unknown".to_owned();
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
