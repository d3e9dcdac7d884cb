//! The statements of this application, where the server counts them.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Double, Text};
use serde::Serialize;
use tasktrail_postgres::operation_of;
use tasktrail_postgres_client::unsigned;

use super::DiagnosisError;
use super::finding::{Finding, FindingCode, Severity};
use super::probe::{Probe, missing_privilege};

/// What a statement of this application has cost since the server began to count.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct StatementFacts {
    /// The operation of the port that it belongs to, as in `task_history.load`.
    pub operation: &'static str,
    /// How often it ran.
    pub calls: u64,
    /// How many rows it gave or changed.
    pub rows: u64,
    /// How long it took on the average, in milliseconds.
    pub mean_ms: f64,
    /// How long the slowest call took, in milliseconds.
    pub longest_ms: f64,
    /// How long all calls together took, in milliseconds.
    pub total_ms: f64,
}

#[derive(QueryableByName)]
struct Extension {
    #[diesel(sql_type = Text)]
    view: String,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    query: String,
    #[diesel(sql_type = BigInt)]
    calls: i64,
    #[diesel(sql_type = BigInt)]
    rows: i64,
    #[diesel(sql_type = Double)]
    mean_ms: f64,
    #[diesel(sql_type = Double)]
    longest_ms: f64,
    #[diesel(sql_type = Double)]
    total_ms: f64,
}

const EXTENSION: &str = "SELECT format('%I.pg_stat_statements', nspname) AS view
    FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace
    WHERE extname = 'pg_stat_statements'";

/// What a role may not read stands there in place of the text.
const HIDDEN: &str = "<insufficient privilege>";

const ABOUT: &str = "what statements cost";

pub(super) async fn look(probe: &mut Probe) -> Result<Option<Vec<StatementFacts>>, DiagnosisError> {
    let extension: Option<Vec<Extension>> =
        probe.query(ABOUT, diesel::sql_query(EXTENSION)).await?;
    let Some(extension) = extension else {
        return Ok(None);
    };
    let Some(Extension { view }) = extension.into_iter().next() else {
        probe.found([uncounted(
            "the extension pg_stat_statements is not in this database",
        )]);
        return Ok(None);
    };
    // The name comes quoted from the server.
    let question = format!(
        "SELECT query, calls, rows, mean_exec_time AS mean_ms, max_exec_time AS longest_ms,
                total_exec_time AS total_ms
         FROM {view}
         WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
           AND (query LIKE '%task_history%' OR query LIKE '%task_summary%' OR query = '{HIDDEN}')
         ORDER BY total_exec_time DESC
         LIMIT 1000"
    );
    let rows: Option<Vec<Row>> = probe.query(ABOUT, diesel::sql_query(question)).await?;
    let Some(rows) = rows else {
        return Ok(None);
    };
    let hidden = rows.iter().filter(|row| row.query == HIDDEN).count();
    if hidden > 0 {
        probe.found([missing_privilege(
            "the statements of other roles",
            &format!("{hidden} statements of this database are hidden"),
            "GRANT pg_read_all_stats to the role that diagnoses, if others use the histories too",
        )]);
    }
    let statements: Vec<_> = rows.iter().filter_map(facts).collect();
    probe.found(statements.iter().filter_map(judge));
    Ok(Some(statements))
}

/// A statement that is none of the port's is none of ours.
fn facts(row: &Row) -> Option<StatementFacts> {
    Some(StatementFacts {
        operation: operation_of(&row.query)?.name(),
        calls: unsigned(row.calls),
        rows: unsigned(row.rows),
        mean_ms: row.mean_ms,
        longest_ms: row.longest_ms,
        total_ms: row.total_ms,
    })
}

fn uncounted(evidence: &str) -> Finding {
    FindingCode::PgStatStatementsMissing.finding(
        Severity::Notice,
        "which statements are slow is not known: the server does not count them",
        evidence,
        "add pg_stat_statements to shared_preload_libraries, restart the server, and run CREATE EXTENSION \
         pg_stat_statements in this database as a superuser",
    )
}

/// A call of a hot operation takes a few milliseconds at most, whatever the size of the store.
const SLOW_MS: f64 = 100.0;

/// An average of fewer calls says little.
const ENOUGH: u64 = 20;

/// These read as much as there is.
const LONG: [&str; 3] = [
    "task_history.count",
    "task_history.expired",
    "task_history.remove_expired",
];

fn judge(statement: &StatementFacts) -> Option<Finding> {
    let operation = statement.operation;
    let slow = statement.mean_ms >= SLOW_MS && statement.calls >= ENOUGH;
    (slow && !LONG.contains(&operation)).then(|| {
        let (_context, short) = operation.rsplit_once('.').unwrap_or(("", operation));
        FindingCode::SlowStatement.finding(
            Severity::Warning,
            format!("{operation} is slow"),
            format!(
                "{:.1} ms on the average of {} calls, {:.1} ms at the most",
                statement.mean_ms, statement.calls, statement.longest_ms
            ),
            format!(
                "look at its plan with tasktrail explain {short}, at missing and bloated indexes, and at \
                 the load of the server"
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(operation: &'static str, mean_ms: f64, calls: u64) -> StatementFacts {
        StatementFacts {
            operation,
            calls,
            rows: 0,
            mean_ms,
            longest_ms: 2.0 * mean_ms,
            total_ms: 0.0,
        }
    }

    #[test]
    fn a_hot_statement_is_slow_by_its_average() {
        let slow = judge(&statement("task_history.load", 100.0, 20)).unwrap();

        assert_eq!(slow.code, FindingCode::SlowStatement);
        assert!(slow.advice.contains("tasktrail explain load"), "{slow:?}");
        assert_eq!(judge(&statement("task_history.load", 99.0, 20)), None);
        assert_eq!(judge(&statement("task_history.load", 100.0, 19)), None);
        assert_eq!(judge(&statement("task_history.count", 9999.0, 99)), None);
    }
}
