use clap::Args;
use serde::Serialize;
use tasktrail::{AnalyzedTable, DatabaseManager};

use crate::args::Global;
use crate::connection;
use crate::failure::Failure;
use crate::output::{Output, grouped, number_cell};

/// Update the planner statistics of the tables; with --vacuum, also remove dead rows.
///
/// The server does both on its own once enough rows have changed. Run this after a large import or
/// cleanup instead of waiting. Services keep running. Requires the owner of the tables or, since
/// PostgreSQL 17, a role with the privilege MAINTAIN on them.
///
/// JSON: `{"vacuum", "tables": [{"table", "rows_before", "rows_after", "dead_before", "dead_after",
/// "took_ms"}]}`. Row counts are the estimates that the planner uses.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasktrail analyze
  tasktrail cleanup --days 90 && tasktrail analyze --vacuum")]
pub(crate) struct AnalyzeArgs {
    /// Also remove dead rows, so that their space is reused. Takes longer on larger tables.
    #[arg(long)]
    vacuum: bool,
}

#[derive(Serialize)]
struct Answer<'a> {
    vacuum: bool,
    tables: &'a [AnalyzedTable],
}

pub(crate) async fn run(
    args: &AnalyzeArgs,
    global: &Global,
    output: &mut Output,
) -> Result<(), Failure> {
    connection::with_store(global, async |store| analyze(args, store, output).await).await
}

async fn analyze(
    args: &AnalyzeArgs,
    manager: &DatabaseManager,
    output: &mut Output,
) -> Result<(), Failure> {
    let tables = manager.analyze(args.vacuum).await?;
    if output.is_json() {
        let vacuum = args.vacuum;
        return output.json(&Answer {
            vacuum,
            tables: &tables,
        });
    }
    let header = [
        "table",
        "rows before",
        "rows now",
        "dead before",
        "dead now",
        "took ms",
    ];
    let mut shown = output.table_style().table(&header, &[0]);
    for table in &tables {
        shown.add_row([
            comfy_table::Cell::new(&table.table),
            number_cell(grouped(table.rows_before)),
            number_cell(grouped(table.rows_after)),
            number_cell(grouped(table.dead_before)),
            number_cell(grouped(table.dead_after)),
            number_cell(grouped(table.took_ms)),
        ]);
    }
    output.table(&shown)
}
