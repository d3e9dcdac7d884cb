use clap::Args;
use serde::Serialize;
use tasktrail::SchemaDifference;

use crate::args::Global;
use crate::connection;
use crate::failure::Failure;
use crate::output::{Output, printable};

/// Compare the tables with what this version expects, and list the differences.
///
/// Looks at the columns of Tasktrail's tables (their types, collations, defaults, and whether they may be
/// null), their keys and other constraints, their indexes, and the comments. Tables of others do not count.
/// Also whether the sequence of the ids is behind the entries, as after a copy of the rows, which
/// `tasktrail migrate order` repairs; all rows are read for that, unless the role may not read the sequence.
/// The exit status is 0 if nothing differs, else 1.
///
/// Each difference takes a line: `missing`, `unexpected`, or `different`, with what is expected and what was
/// found. In JSON {"differences": [{"object", "expected", "found"}]}: what is missing has null for `found`,
/// what is unexpected for `expected`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasktrail migrate check
  tasktrail migrate check --format json | jq -r '.differences[].object'")]
pub(super) struct CheckArgs {}

#[derive(Serialize)]
struct Answer<'a> {
    differences: Vec<View<'a>>,
}

#[derive(Serialize)]
struct View<'a> {
    object: &'a str,
    expected: Option<&'a str>,
    found: Option<&'a str>,
}

impl<'a> View<'a> {
    fn of(difference: &'a SchemaDifference) -> Self {
        Self {
            object: &difference.object,
            expected: difference.expected.as_deref(),
            found: difference.found.as_deref(),
        }
    }
}

pub(super) async fn run(global: &Global, output: &mut Output) -> Result<(), Failure> {
    let manager = connection::open(global).await?;
    let differences = manager.check_schema().await?;
    if output.is_json() {
        let differences = differences.iter().map(View::of).collect();
        output.json(&Answer { differences })?;
    } else if differences.is_empty() {
        output.line("the schema is as this version expects it")?;
    } else {
        for difference in &differences {
            output.line(printable(&difference.to_string()))?;
        }
    }
    if differences.is_empty() {
        Ok(())
    } else {
        Err(Failure::No)
    }
}
