use clap::Args;
use serde::Serialize;
use tasktrail::SchemaDifference;

use crate::args::Global;
use crate::connection;
use crate::failure::Failure;
use crate::output::{Output, printable};

/// Compare the tables with the ones that this version expects, and list the differences.
///
/// Compares columns (types, collations, defaults, nullability), keys and other constraints, indexes
/// and comments of Tasktrail's tables. Other tables are ignored. Also checks whether the sequence
/// of entry IDs is behind the entries, for example after the rows were copied; `tasktrail migrate
/// order` repairs this. That check reads all rows, and is skipped if the role may not read the
/// sequence. The exit status is 0 if nothing differs, otherwise 1.
///
/// Prints a line per difference: `missing`, `unexpected` or `different`, with the expected and the
/// found definition. JSON: {"differences": [{"object", "expected", "found"}]}; `found` is null for
/// a missing object, `expected` for an unexpected one.
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
        output.line("the schema matches this version")?;
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
