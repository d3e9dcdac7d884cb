//! Tasktrail's statement, for the plain drivers and as a script of pgbench.
//!
//! It is made from the adapter's SQL file, so that all programs run the same statement.

use anyhow::{Context, Result};
use tasktrail::task_history::TaskStepResult;

/// The statement that saves entries, with eight arrays as parameters.
const SAVE: &str = include_str!("../../../crates/postgres/src/task_history/sql/save.sql");

const SCRIPT: &str = include_str!("../pgbench/save.pgb");
const ENTRIES: &str = include_str!("../pgbench/entry.sql");
/// The query of `status`, which reads one summary.
pub(crate) const STATUS_SCRIPT: &str = include_str!("../pgbench/status.pgb");

/// Ready tasks of one queue, for [`DISPATCH_SCRIPT`].
pub(crate) const READY_TASKS: &str = include_str!("../pgbench/ready_tasks.sql");
/// A claim of the first ready task, and the update that completes it.
pub(crate) const DISPATCH_SCRIPT: &str = include_str!("../pgbench/dispatch.pgb");

/// Returns the statement without comments, and without a lock timeout of its own.
pub(crate) fn save() -> String {
    let lines: Vec<_> = SAVE
        .lines()
        .filter(|line| !line.trim_start().starts_with("--"))
        .collect();
    lines.join("\n").trim().replace("$9", "NULL::text")
}

/// Returns a script that saves `size` entries per statement, each of another user, like a batch of
/// callers.
///
/// The server creates the entries, because pgbench cannot bind arrays.
pub(crate) fn pgbench(size: u32, step_result: &TaskStepResult) -> Result<String> {
    let entries = ENTRIES
        .trim()
        .replace("{size}", &size.to_string())
        .replace("{status}", &quoted(step_result.status().as_str()))
        .replace("{document}", &document(step_result)?);
    Ok(script(&with_entries(&save(), &entries)?))
}

/// Returns a script that saves one entry per statement, with values in place of the parameters.
pub(crate) fn pgbench_one(step_result: &TaskStepResult) -> Result<String> {
    let status = quoted(step_result.status().as_str());
    let document = document(step_result)?;
    let values = [
        "'user-' || :client_id::text".to_owned(),
        "'task-' || (:n / 10)::text".to_owned(),
        "(:n % 10)::int".to_owned(),
        "(lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') \
         || substr(md5(:r::text), 1, 20))::uuid"
            .to_owned(),
        "now()".to_owned(),
        status,
        "NULL::text".to_owned(),
        format!("{document}::jsonb"),
    ];
    let mut statement = save();
    // In descending order, so that $1 does not match $10.
    for (number, value) in (1..).zip(&values).collect::<Vec<_>>().into_iter().rev() {
        statement = statement.replace(&format!("${number}"), &format!("ARRAY[{value}]"));
    }
    anyhow::ensure!(
        !statement.contains('$'),
        "save.sql has an unknown parameter"
    );
    Ok(script(&statement))
}

fn script(statement: &str) -> String {
    SCRIPT.replace("{statement}", statement)
}

/// Replaces the arrays of the statement with `entries`.
fn with_entries(statement: &str, entries: &str) -> Result<String> {
    let changed = "save.sql no longer takes its entries from `unnest(…) … AS entry (…)`";
    let (before, arrays) = statement.split_once("unnest($1").context(changed)?;
    let (_, alias) = arrays.split_once("AS entry (").context(changed)?;
    let (_, after) = alias.split_once(')').context(changed)?;
    Ok([before, entries, after].concat())
}

/// Returns the document as the adapter stores it, with a space after each colon. Without it,
/// pgbench would treat the following text as a variable.
fn document(step_result: &TaskStepResult) -> Result<String> {
    Ok(quoted(&serde_json::to_string_pretty(step_result)?))
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use tasktrail::task_history::TaskStatus;

    use super::*;

    fn step_result(message: &str) -> TaskStepResult {
        let result = TaskStepResult::builder("fetch", TaskStatus::Completed);
        result.message(message).build().unwrap()
    }

    #[test]
    fn values_replace_the_parameters() {
        let script = pgbench_one(&step_result("it's")).unwrap();

        assert!(script.starts_with("\\set n :n + 1\n"), "{script}");
        assert!(script.contains("ARRAY['user-' || :client_id::text]"));
        assert!(script.contains("\"message\": \"it''s\""));
        assert!(script.contains("INSERT INTO task_summary"));
        assert!(!script.contains('$'));
        assert!(script.ends_with(";\n"));
    }

    #[test]
    fn generated_entries_replace_the_arrays() {
        let script = pgbench(32, &step_result("done")).unwrap();

        assert!(script.contains("generate_series((:client_id * 32 + 1)::int"));
        for absent in [
            "unnest(",
            "$",
            "{size}",
            "{status}",
            "{document}",
            "{statement}",
        ] {
            assert!(!script.contains(absent), "{absent} in {script}");
        }
        assert!(script.contains(") AS entry\n"));
    }

    #[test]
    fn an_unknown_statement_is_an_error() {
        let error = with_entries("SELECT $1", "").unwrap_err().to_string();
        assert!(error.contains("save.sql"), "{error}");
    }

    #[test]
    fn comments_are_not_sent() {
        assert!(!save().contains("--"));
        assert!(save().starts_with("WITH entry"));
    }
}
